"""One block drawn alone, layer by layer, with the letters of the lecture: Z, Y, W∘Y, the sum, f."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from enum import IntEnum

from archlang.diagnostics.suggest import closest
from archlang.figures.errors import DrawingError
from archlang.figures.view.builder import MOST_INSETS, Builder
from archlang.figures.view.captions import count_text, shape_text, short, unit_caption
from archlang.figures.view.dense import dense_panel
from archlang.figures.view.letters import Letters
from archlang.figures.view.model import Box, Caption, Line, Panel, View
from archlang.figures.view.panels import PanelBuilder, Wiring, name_entries
from archlang.figures.view.units import Part
from archlang.graph import Graph, Node, Scope, Tensor, shapes

MOST_LAYERS = 48
"""A unit of more layers is drawn with the units in it folded."""
_TOGETHER = (["conv", "norm"], ["linear", "norm"], ["norm", "activation"])
"""Families that share a box where there is no room for one each."""
_MOST_FORMULAS = 3
_DENSE_INPUT = "[x_{0}, …, x_{l−1}]"
"""What a layer of a dense block reads, in the letters of Huang et al. (2016, arXiv:1608.06993)."""


class Detail(IntEnum):
    """What has a box of its own: every layer; each but the normalisations; runs of layers, equal
    ones folded."""

    EVERY_LAYER = 0
    WITH_NORM = 1
    RUNS = 2


def focus(builder: Builder, name: str) -> Iterator[View]:
    """The drawings of a block, by its name or by the path of a unit, the fullest first.

    A block that occurs in variants (with a learned W, with the identity) is drawn in each of them;
    units within that are too large to be drawn open follow as panels of their own.

    Raises:
        DrawingError: nothing is called so.
    """
    scopes = _called(builder.graph, name)
    before = 0
    for detail in Detail:
        view = _Focus(builder, detail).view(scopes, name)
        boxes = sum(len(panel.boxes) for panel in view.panels)
        if boxes != before:
            yield view
        before = boxes


def _called(graph: Graph, name: str) -> list[Scope]:
    """The units of a name, or the one at a path.

    Raises:
        DrawingError: there is none.
    """
    scopes = [s for s in _below(graph.root) if s.kind != "match"]
    blocks = [s for s in scopes if s.kind in ("block", "network")]
    found = [s for s in blocks if s.name == name] or [s for s in scopes if s.path == name]
    if found:
        return found[:1] if found[0].path == name else found
    names = list(dict.fromkeys(s.name for s in blocks if s is not graph.root))
    near = closest(name, [*names, *(s.path for s in scopes if s.path)])
    hint = f"did you mean {near}? " if near else ""
    known = f"blocks of this network: {', '.join(names)}" if names else "this network has no blocks"
    raise DrawingError(f"there is no block or unit {name!r} in {graph.root.name}; {hint}{known}")


def _below(scope: Scope) -> Iterable[Scope]:
    waiting = [scope]
    while waiting:
        now = waiting.pop()
        yield now
        waiting += reversed(now.children)


class _Focus:
    def __init__(self, builder: Builder, detail: Detail) -> None:
        self.builder = builder
        self.detail = detail
        self.graph = builder.graph
        self.units = builder.units
        self.wiring = Wiring(builder.graph, list(builder.wiring.skips.values()), boxed=True)

    def view(self, scopes: list[Scope], name: str) -> View:
        """The variants of a block, then what is folded in them."""
        waiting = self._variants([s for s in scopes if self.units.nodes(s)])
        several = len(waiting) > 1
        panels: list[Panel] = []
        left_out: list[str] = []
        seen: set[Hashable] = {self.builder.structure(s) for s in waiting}
        while waiting:
            scope = waiting.pop(0)
            if len(panels) > MOST_INSETS:
                left_out.append(scope.path)
                continue
            panel, inner = self._panel(scope)
            if several and scope in scopes and (kind := self.builder.note(scope)):
                panel.title = f"{panel.title}, {kind}"
            panels.append(panel)
            panel.unit = scope
            for unit in inner:
                key = self.builder.structure(unit)
                if key not in seen:
                    seen.add(key)
                    waiting.append(unit)
        notes = (f"no room for {', '.join(left_out)}; --focus PATH draws one",) if left_out else ()
        facts = self._facts(scopes, name)
        return View(name, facts, scopes[0].doc, panels[0], panels[1:], notes, focus=True)

    def _facts(self, scopes: list[Scope], name: str) -> str:
        if scopes[0] is self.graph.root:
            return self.builder.facts()
        first = scopes[0]
        times = f"{len(scopes)} times in" if len(scopes) > 1 else "in"
        owned = {n.path: n.op.params(*shapes(n)) for s in scopes for n in self.units.nodes(s)}
        kind = f"{first.name} · " if first.path == name and first.kind == "block" else ""
        params = count_text(sum(owned.values()))
        return f"{kind}{times} {self.graph.root.name} · {params} parameters"

    def _variants(self, scopes: list[Scope]) -> list[Scope]:
        """The first unit of each way in which a block occurs."""
        found: dict[Hashable, Scope] = {}
        for scope in scopes:
            found.setdefault((self.builder.structure(scope), self.builder.note(scope)), scope)
        return list(found.values())

    def _panel(self, scope: Scope) -> tuple[Panel, list[Scope]]:
        """The drawing of a unit, and the units it leaves folded."""
        dense = self.builder.only_dense(scope)
        if dense is not None:
            panel, parts = dense_panel(self.wiring, self.units, dense, unit_caption(scope))
            return panel, [p.scope for p in parts if p.scope is not None]
        nodes = self.units.nodes(scope)
        inner = self.builder.inner(scope)
        if len(nodes) <= MOST_LAYERS and (scope.kind != "chain" or not inner):
            return self._layers(scope, nodes), []
        parts = self.units.fold(self.units.parts(scope, lambda _: False))
        return self._build(scope, parts)[1], inner

    def _build(self, scope: Scope, parts: list[Part]) -> tuple[PanelBuilder, Panel]:
        title = unit_caption(scope)
        given = title.under or ("" if scope.kind in ("block", "network") else scope.path)
        head = f"{title.title} ({given})" if given and given != title.title else title.title
        builder = PanelBuilder(self.wiring, parts, head)
        whole = scope is self.graph.root
        panel = builder.build(inset=not whole, outputs=self.graph.outputs if whole else ())
        name_entries(panel)
        for box in panel.boxes:
            box.stage = ""
        return builder, panel

    def _layers(self, scope: Scope, nodes: list[Node]) -> Panel:
        """A box for every layer, one for each W."""
        parts = self._parts(nodes)
        builder, panel = self._build(scope, parts)
        for box, part in zip(panel.boxes, builder.parts, strict=False):
            if part.nodes[0].role == "match":
                self._show_matching(box, part)
        letters = Letters(self.graph, self.wiring.skips.values(), nodes)
        if letters.names:
            _write(panel, builder, letters.names)
            panel.note = ",  ".join(letters.formulas[:_MOST_FORMULAS])
            panel.math = True
        elif scope.kind == "round" and scope.parent and scope.parent.kind == "dense":
            _write_dense(panel)
        else:
            _write_shapes(panel, builder)
        return panel

    def _parts(self, nodes: list[Node]) -> list[Part]:
        if self.detail is Detail.RUNS:
            return self.units.fold(self.units.layers(nodes), layers=True)
        parts = _one_by_one(nodes)
        return _with_norm(parts, self.graph) if self.detail is Detail.WITH_NORM else parts

    def _show_matching(self, box: Box, part: Part) -> None:
        """A W says that it is one, what the spec makes of it, and what it does."""
        does = " · ".join(n.op.label() for n in part.nodes)
        last = part.nodes[-1].outputs[0]
        made = {
            m.operator
            for (merge, operand), m in self.graph.matching.items()
            if last in self.graph.nodes[merge].inputs[operand : operand + 1]
        }
        over = short(next(iter(made), ""))
        box.caption = Caption("W", over="" if over == does else over, under=short(does))


def _with_norm(parts: list[Part], graph: Graph) -> list[Part]:
    """A normalisation with the weighted layer before it, or else with the activation after it."""
    found = parts[:1]
    for part in parts[1:]:
        last = found[-1].nodes
        alone = len(graph.consumers[last[-1].id]) == 1
        follows = alone and [t.node for t in part.nodes[0].inputs] == [last[-1].id]
        plain = all(n.role == "layer" for n in (*last, *part.nodes))
        families = [n.op.style.family for n in (*last, *part.nodes)]
        if plain and follows and families in _TOGETHER:
            found[-1] = Part((*last, *part.nodes))
        else:
            found.append(part)
    return found


def _one_by_one(nodes: list[Node]) -> list[Part]:
    """Each node a part; what one W expanded to is one together."""
    parts: dict[int, list[Node]] = {}
    for node in nodes:
        outer = [s for s in node.scope.ancestors() if s.kind == "match"]
        parts.setdefault(id(outer[-1]) if outer else id(node), []).append(node)
    found = [Part(tuple(group)) for group in parts.values()]
    return sorted(found, key=lambda part: part.nodes[0].id)


def _write(panel: Panel, builder: PanelBuilder, names: dict[Tensor, str]) -> None:
    """The names of tensors on what enters and leaves, and on the lines between."""
    from_box = {box: tensor for tensor, box in builder.entries.items()}
    for number, part in enumerate(builder.parts):
        from_box[number] = part.nodes[-1].outputs[0]
    by_id = {box.id: box for box in panel.boxes}
    for tensor, box in builder.entries.items():
        if tensor in names:
            by_id[box].caption = Caption(names[tensor], under=shape_text(tensor.shape), math=True)
    lines: list[Line] = []
    for line in panel.lines:
        name = names.get(from_box[line.tail], "")
        head, tail = by_id[line.head], by_id[line.tail]
        if not head.nodes and name:
            shape = shape_text(from_box[line.tail].shape)
            head.caption = Caption(name, under=shape, math=True)
        said = not head.nodes or head.family == "skip" or (not tail.nodes and line.kind == "flow")
        lines.append(replace(line, label="" if said else name, math=True))
    panel.lines = lines


def _write_dense(panel: Panel) -> None:
    """The letters of the paper on what enters and leaves a layer of a dense block."""
    entry = next(b for b in panel.boxes if not b.nodes and b.caption.title.startswith("x"))
    leaving = [b for b in panel.boxes if not b.nodes and b is not entry]
    entry.caption = replace(entry.caption, title=_DENSE_INPUT, math=True)
    for box in leaving:
        box.caption = Caption("x_{l}", under=box.caption.title, math=True)
    panel.note, panel.math = f"x_{{l}} = H({_DENSE_INPUT})", True


def _write_shapes(panel: Panel, builder: PanelBuilder) -> None:
    """The shape on each line out of a box that changes it; results have it in their box."""
    lines: list[Line] = []
    for line in panel.lines:
        shape = ""
        if line.tail < len(builder.parts) and panel.boxes[line.head].nodes:
            node = builder.parts[line.tail].nodes[-1]
            shape = "" if node.shape in shapes(node) else shape_text(node.shape)
        lines.append(replace(line, shape=shape))
    panel.lines = lines
