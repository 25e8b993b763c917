"""The views of one network: what is folded, what is open, which blocks are unfolded in insets."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence, Set
from dataclasses import dataclass, field
from enum import IntEnum

from archlang.analysis.skips import skips
from archlang.figures.errors import DrawingError
from archlang.figures.view.captions import count_text, short, unit_caption
from archlang.figures.view.dense import dense_panel
from archlang.figures.view.model import Box, Frame, Panel, View
from archlang.figures.view.panels import PanelBuilder, Wiring, name_entries, stage
from archlang.figures.view.units import UNITS, Part, Units
from archlang.graph import Graph, Scope, shapes

SMALL_NETWORK = 40
"""Networks of up to so many layers are drawn whole."""
MOST_BOXES_OPEN = 26
"""Units within an inset are drawn open as long as it has no more boxes than that."""
FEWER_BOXES_OPEN = 14
"""The same where room is short."""
MOST_INSETS = 8
MOST_LAYERS, MOST_LINES = 400, 600
"""With more boxes or lines than that in one drawing Graphviz takes too long."""


class Fold(IntEnum):
    """What is drawn once for several: each step folds more than the one before."""

    COPIES = 0
    LAYERS = 1
    ALIKE = 2
    BLOCKS = 3


@dataclass(eq=False, slots=True)
class Insets:
    """The insets of a view, the names of their blocks, and the blocks there was no room for."""

    panels: list[Panel] = field(default_factory=list[Panel])
    names: list[str] = field(default_factory=list[str])
    left_out: list[str] = field(default_factory=list[str])

    def fullest(self) -> list[Panel]:
        """Of each name the first panel with the most boxes."""
        best: dict[str, Panel] = {}
        for panel, name in zip(self.panels, self.names, strict=True):
            if name not in best or len(panel.boxes) > len(best[name].boxes):
                best[name] = panel
        return list(best.values())

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out."""
        several = [n for n in dict.fromkeys(self.names) if self.names.count(n) > 1]
        lines: list[str] = []
        if self.left_out:
            lines.append(
                f"no room for an inset of {', '.join(dict.fromkeys(self.left_out))}; "
                f"--focus {self.left_out[0]} draws it alone"
            )
        if len(self.panels) < len(self.names):
            lines.append(
                f"variants of {', '.join(several)} share an inset; "
                f"--focus {several[0]} draws them side by side"
            )
        return tuple(lines)


class Builder:
    """Makes the views of one network."""

    def __init__(
        self,
        graph: Graph,
        wanted: Set[int] = frozenset(),
        opened: Sequence[str] = (),
        closed: Sequence[str] = (),
    ) -> None:
        """`wanted`: the nodes that will be accented; insets unfold units that hold some.

        `opened`, `closed`: paths of units that are open, or folded, in every view.
        """
        self.graph = graph
        self.wanted = wanted
        self.asked = dict.fromkeys(opened, True) | dict.fromkeys(closed, False)
        self.units = Units(graph)
        self.wiring = Wiring(graph, skips(graph))

    def view(
        self, depth: int | None, fold: Fold, insets: bool = True, stages: bool = False
    ) -> View:
        """The network and its insets. `stages`: units of one block in one stage are one box."""
        if depth is None:
            depth = 99 if len(self.graph.nodes) <= SMALL_NETWORK else 0
        main, parts = self._main(depth, fold, stages)
        shown = self._insets(parts, fold) if insets else Insets()
        root = self.graph.root
        return View(root.name, self.facts(), root.doc, main, shown.panels, shown.notes)

    def layers(self, depth: int | None = None) -> View:
        """The network with everything open, or that many levels of it, and nothing folded.

        Raises:
            DrawingError: there is more than can be laid out.
        """

        def unfold(scope: Scope) -> bool:
            return self.asked.get(scope.path, depth is None or _level(scope) < depth)

        root = self.graph.root
        parts = self.units.parts(root, unfold)
        panel = self._panel(parts, unfold) if len(parts) <= MOST_LAYERS else None
        if panel is None or len(panel.lines) > MOST_LINES:
            what = f"{len(panel.lines)} lines" if panel else f"{len(parts)} boxes"
            most = MOST_LINES if panel else MOST_LAYERS
            raise DrawingError(
                f"{root.name} has {what} when every layer is drawn, and {most} can be laid out; "
                f"--view blocks draws each distinct block once"
            )
        return View(root.name, self.facts(), root.doc, panel, [])

    def facts(self) -> str:
        """What the network costs, in one line."""
        graph = self.graph
        facts = [f"{count_text(graph.params)} parameters", f"{count_text(graph.macs)} MACs"]
        return " · ".join([*facts, f"depth {graph.depth}"])

    def _main(self, depth: int, fold: Fold, stages: bool) -> tuple[Panel, list[Part]]:
        def unfold(scope: Scope) -> bool:
            return self.asked.get(scope.path, scope.kind != "dense" and _level(scope) < depth)

        parts = self.units.parts(self.graph.root, unfold)
        if len(self.graph.nodes) > SMALL_NETWORK or fold:
            parts = self.units.fold(parts, layers=fold >= Fold.LAYERS)
        if fold >= Fold.ALIKE:
            parts = self.units.fold(parts, self._alike)
        if stages:
            parts = self.units.fold(parts, _stage)
        return self._panel(parts, unfold), parts

    def _panel(self, parts: list[Part], unfold: Callable[[Scope], bool]) -> Panel:
        """The drawing of the network itself."""
        panel = PanelBuilder(self.wiring, parts, self.graph.root.name).build(
            inset=False, outputs=self.graph.outputs
        )
        panel.frames = self._frames(panel, unfold)
        return panel

    def _alike(self, part: Part) -> Hashable:
        """Equal for single units of one structure and size; each run of copies stays by itself."""
        if part.scope is None or part.count > 1:
            return id(part)
        ends = part.nodes[0].inputs[:1], part.nodes[-1].outputs[:1]
        return self.structure(part.scope), tuple(t.shape[1:] for end in ends for t in end)

    def _frames(self, panel: Panel, unfold: Callable[[Scope], bool]) -> list[Frame]:
        """Frames around the outermost blocks that are drawn open."""
        members: dict[int, tuple[Scope, set[int]]] = {}
        for box in panel.boxes:
            scope = self._outermost(box, unfold)
            if scope is not None:
                members.setdefault(id(scope), (scope, set()))[1].add(box.id)
        return [
            Frame(unit_caption(scope).title, frozenset(ids), scope)
            for scope, ids in members.values()
            if len(ids) > 1
        ]

    def _outermost(self, box: Box, unfold: Callable[[Scope], bool]) -> Scope | None:
        """The outermost open block that all of a box lies in; the box may be a folded unit."""
        if not box.nodes:
            return None
        scopes = self.graph.nodes[box.nodes[0]].scope.ancestors()
        opened = [s for s in scopes if s.kind == "block" and unfold(s)]
        if not opened or self.units.plain(opened[-1]):
            return None
        inside = {n.id for n in self.units.nodes(opened[-1])}
        return opened[-1] if inside.issuperset(box.nodes) else None

    def _insets(self, parts: list[Part], fold: Fold) -> Insets:
        """Each distinct unit once, in the order of first sight, and those within them."""
        waiting = [p.scope for p in parts if p.scope is not None]
        seen: set[Hashable] = set()
        found = Insets()
        while waiting:
            scope = waiting.pop(0)
            key = self.structure(scope)
            if key in seen:
                continue
            seen.add(key)
            scope = self._in_highlight(scope)
            if len(found.panels) == MOST_INSETS:
                found.left_out.append(scope.name if scope.kind == "block" else scope.path)
                waiting[:0] = self.inner(scope)
                continue
            panel, inner = self._inset(scope, fold)
            found.panels.append(panel)
            panel.unit = scope
            found.names.append(scope.name)
            waiting[:0] = [p.scope for p in inner if p.scope is not None]
        found.panels = _told_apart(found.panels if fold < Fold.BLOCKS else found.fullest())
        return found

    def _in_highlight(self, scope: Scope) -> Scope:
        """Of the units that one drawing stands for the first that lies in what is accented, else
        that holds some of it; the given one where none does."""
        if not self.wanted:
            return scope
        ids = {id(s): {n.id for n in self.units.nodes(s)} for s in self.equal_units(scope)}
        alike = sorted(self.equal_units(scope), key=lambda s: min(ids[id(s)]))
        whole = (s for s in alike if ids[id(s)] <= self.wanted)
        return next(whole, next((s for s in alike if ids[id(s)] & self.wanted), scope))

    def inner(self, scope: Scope) -> list[Scope]:
        """The units directly within one."""
        parts = self.units.parts(scope, lambda _: False)
        return [p.scope for p in parts if p.scope is not None]

    def equal_units(self, scope: Scope) -> list[Scope]:
        """All units that the drawing of one stands for, itself included."""
        units = {id(s): s for n in self.graph.nodes for s in n.scope.ancestors()}
        alike = (s for s in units.values() if s.kind == scope.kind and s.name == scope.name)
        key = self.structure(scope)
        return [s for s in alike if self.structure(s) == key]

    def _inset(self, scope: Scope, fold: Fold) -> tuple[Panel, list[Part]]:
        dense = self.only_dense(scope)
        title = unit_caption(scope)
        if dense is not None:
            return dense_panel(self.wiring, self.units, dense, title)
        parts = self._opened(scope, fold)
        head = f"{title.title} ({title.under})" if title.under else title.title
        builder = PanelBuilder(self.wiring, parts, head, self.note(scope))
        panel = builder.build(inset=True)
        name_entries(panel)
        return panel, parts

    def unfolded(self, scope: Scope, fold: Fold) -> Panel:
        """A unit as an inset shows it."""
        panel, _ = self._inset(scope, fold)
        panel.unit = scope
        return panel

    def only_dense(self, scope: Scope) -> Scope | None:
        """The dense statement that a unit consists of, if it does."""
        while scope.kind != "dense":
            own = [n for n in self.units.nodes(scope) if n.scope is scope]
            inner = [c for c in scope.children if self.units.nodes(c)]
            if own or len(inner) != 1:
                return None
            scope = inner[0]
        return scope if self._sees_all(scope) else None

    def _sees_all(self, dense: Scope) -> bool:
        """Whether every round of a dense statement sees all before it: a derived network may have
        taken skips away."""
        nodes = self.units.nodes(dense)
        joins = [n for n in nodes if n.scope is dense and n.role == "merge"]
        rounds = [c for c in dense.children if c.kind in UNITS and self.units.nodes(c)]
        return len(joins) == len(rounds) and all(
            len(n.inputs) == k for k, n in enumerate(joins, start=2)
        )

    def _opened(self, scope: Scope, fold: Fold) -> list[Part]:
        """The parts of an inset, units in it open if that is not too much to see."""

        def open_all(inner: Scope) -> bool:
            wide = inner.kind == "dense" or self.only_dense(inner) is not None
            return self.asked.get(inner.path, not wide)

        limit = MOST_BOXES_OPEN if fold < Fold.BLOCKS else FEWER_BOXES_OPEN
        if len(self.units.nodes(scope)) < 12 * limit:
            parts = self.units.parts(scope, open_all)
            if len(parts) <= limit:
                return parts
        return self.units.fold(self.units.parts(scope, lambda s: self.asked.get(s.path, False)))

    def note(self, scope: Scope) -> str:
        """Which W its skips go through, to tell variants of a block apart."""
        own = {n.id for n in self.units.nodes(scope)}
        found = [s for s in self.wiring.skips.values() if s.merge in own and s.kind == "short"]
        learned = any(
            n.role == "match" and n.op.params(*shapes(n)) for n in self.units.nodes(scope)
        )
        texts = {self.wiring.matching(s) or "identity" for s in found}
        if not found:
            return ""
        return short("learned W" if learned else "W = " + ", ".join(sorted(texts)))

    def structure(self, scope: Scope) -> Hashable:
        """Equal for units whose drawings differ in numbers alone."""
        dense = self.only_dense(scope)
        if dense is not None:
            rounds = [c for c in dense.children if c.kind in UNITS]
            return (scope.name, "dense", self.structure(rounds[0]) if rounds else None)
        parts = self.units.fold(self.units.parts(scope, lambda _: False))
        owner = {i: k for k, part in enumerate(parts) for i in part.ids}
        return (scope.name if scope.kind == "block" else "", tuple(
            (
                part.scope.name if part.scope else tuple(type(n.op).__name__ for n in part.copy),
                tuple(sorted({owner.get(t.node, -1) for n in part.nodes for t in n.inputs})),
            )
            for part in parts
        ))  # fmt: skip


def _stage(part: Part) -> Hashable:
    """Equal for units of one block in a stage that has a name."""
    name = stage(part)
    if part.scope is None or not name or name.startswith("\0"):
        return id(part)
    return part.scope.name, name


def _level(scope: Scope) -> int:
    """How many units lie around a scope, the network aside."""
    return sum(s.kind in UNITS for s in scope.ancestors()) - 2


def _told_apart(panels: list[Panel]) -> list[Panel]:
    """W stands below a title only where two insets would be called alike."""
    titles = [p.title for p in panels]
    for panel in panels:
        if titles.count(panel.title) == 1 and not panel.arcs and panel.note == "W = identity":
            panel.note = ""
    return panels
