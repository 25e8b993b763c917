"""Marks of a scene as TikZ commands: boxes as nodes with a name, lines from node to node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archlang.figures.geometry import Rect
from archlang.figures.scene.model import Group, Polygon, Route, Scene, Shape, Text, runs
from archlang.figures.writers.tikz.paths import Ends, curve, pieces, point
from archlang.figures.writers.tikz.styles import Styles, is_circle, number
from archlang.figures.writers.tikz.tex import tex

_LONG = 100
_ANCHORS = {"start": "base west", "middle": "base", "end": "base east"}
_OFF = 1.0
"""By how much a line of text may stand elsewhere than TikZ would put it in its box."""


class Marks:
    """Writes the groups of one scene; `steps`: what appears later is marked so."""

    def __init__(
        self, scene: Scene, styles: Styles, names: Mapping[str, str], *, steps: bool
    ) -> None:
        self.styles, self.names, self.steps = styles, names, steps
        self._ends = {g.name: self._end(g) for g in scene.groups if g.role == "box"}

    def group(self, group: Group, indent: str) -> list[str]:
        """The commands of a group, a line each."""
        written = [line for mark in self._marks(group) for line in mark.splitlines()]
        if not self.steps or group.step <= 1:
            return [f"{indent}{line}" for line in written]
        if len(written) == 1:
            return [f"{indent}\\archfrom{{{group.step}}}{{{written[0]}}}"]
        inside = (f"{indent}  {line}" for line in written)
        return [f"{indent}\\archfrom{{{group.step}}}{{", *inside, f"{indent}}}"]

    def _end(self, group: Group) -> Ends | None:
        main = _main(group)
        rect = main.rect if main else group.bounds
        return Ends(self.names[group.name], rect, bool(main and is_circle(main))) if rect else None

    def _marks(self, group: Group) -> Iterator[str]:
        main = _main(group)
        sheets = _sheets(group, main)
        if group.role == "box" and main is None and group.bounds:
            yield from self._hidden(group.bounds, self.names[group.name])
        for mark in group.marks:
            if mark is main and main:
                yield from self._box(main, group, len(sheets) and sheets[-1].rect.x - main.rect.x)
            elif isinstance(mark, Shape):
                if mark not in sheets:
                    yield from self._shape(mark)
            elif isinstance(mark, Polygon):
                yield self._polygon(mark)
            elif isinstance(mark, Route):
                yield self._route(mark, group)
            else:
                yield self._text(mark)

    def _hidden(self, rect: Rect, name: str) -> Iterator[str]:
        """A node that only gives its name to what is drawn otherwise."""
        yield _node(["inner sep=0pt", *_size(rect)], name, rect, "")

    def _box(self, shape: Shape, group: Group, stacked: float) -> Iterator[str]:
        """A box as one node, if its text stands in the middle, as far as there is no badge."""
        rows = [t for t in shape.texts if t.anchor == "middle" and not t.turned]
        others = [t for t in shape.texts if t not in rows]
        room = 2 * (shape.rect.centre[0] - rows[0].x) if rows else 0.0
        options = [*self.styles.area(shape), *(["circle"] if is_circle(shape) else [])]
        options += [f"arch stack={number(stacked)}pt"] if stacked else []
        if len(others) == 1 and others[0].anchor == "end" and not others[0].turned:
            options.append(f"arch badge={{{number(room)}pt}}{{{self._row(others[0])}}}")
            others = []
        elif abs(room) > _OFF:
            rows, others = [], [*shape.texts]
        if not _stacked(rows, shape.rect):
            rows, others = [], [*rows, *others]
        content = r"\\".join(map(self._row, rows))
        yield _node([*options, *_size(shape.rect)], self.names[group.name], shape.rect, content)
        yield from map(self._text, others)

    def _shape(self, shape: Shape) -> Iterator[str]:
        rect = shape.rect
        options = ", ".join(self.styles.area(shape))
        if is_circle(shape):
            yield f"\\path[{options}] {point(rect.centre)} circle[radius={number(rect.w / 2)}pt];"
        else:
            corners = f"{point((rect.x, rect.y))} rectangle {point((rect.right, rect.bottom))}"
            yield f"\\path[{options}] {corners};"
        yield from map(self._text, shape.texts)

    def _polygon(self, polygon: Polygon) -> str:
        corners = " -- ".join(map(point, polygon.points))
        return f"\\path[{', '.join(self.styles.area(polygon))}] {corners} -- cycle;"

    def _route(self, route: Route, group: Group) -> str:
        names = group.ends or (group.name, group.name)
        tail, head = (self._ends.get(name) for name in names)
        # an arc that shows what is within a box may keep some distance from it
        reach = 12.0 if group.ends is None else 1.0
        start = tail.anchor(route.points[0], reach) if tail else point(route.points[0])
        end = head.anchor(route.points[-1], reach) if head else point(route.points[-1])
        options = self.styles.line(route, group.name if group.role == "line" else "")
        drawn, bend = (curve if route.curved else pieces)(route.points, start, end)
        whole = f"\\draw[{', '.join([*options, *bend])}] {drawn};"
        return whole if len(whole) <= _LONG else whole.replace(" .. controls", "\n  .. controls")

    def _text(self, text: Text) -> str:
        options = ["arch label"]
        if text.anchor != "start":
            options.append(f"anchor={_ANCHORS[text.anchor]}")
        if text.turned:
            options.append("rotate=90")
        if text.halo:
            options.append(f"fill={self.styles.colours[text.halo]}")
        row = self._row(text, beside=True)
        return f"\\node[{', '.join(options)}] at {point((text.x, text.y))} {{{row}}};"

    def _row(self, text: Text, *, beside: bool = False) -> str:
        written = "".join(
            f"\\textsubscript{{{tex(run)}}}" if low else tex(run) for run, low in runs(text)
        )
        return f"{self.styles.text(text, beside=beside)}{{{written}}}"


def _main(group: Group) -> Shape | None:
    """The shape that is the box itself: the last, what lies behind it comes first."""
    shapes = [mark for mark in group.marks if isinstance(mark, Shape)]
    return shapes[-1] if group.role == "box" and shapes else None


def _sheets(group: Group, main: Shape | None) -> list[Shape]:
    """The two shapes behind a box that show that it stands for several."""
    behind = [m for m in group.marks if isinstance(m, Shape) and m is not main]
    if main is None or len(behind) != 2 or any(sheet.texts for sheet in behind):
        return []
    step = behind[1].rect.x - main.rect.x
    expected = (main.rect.moved(2 * step, 2 * step), main.rect.moved(step, step))
    fits = all(_same(s.rect, r) for s, r in zip(behind, expected, strict=True))
    return behind if fits else []


def _same(a: Rect, b: Rect) -> bool:
    return a.holds(b) and b.holds(a)


def _stacked(rows: list[Text], rect: Rect) -> bool:
    """Whether lines of text stand one under the other in the middle of a box."""
    if not rows:
        return True
    y = rect.centre[1] - sum(row.size for row in rows) * 1.25 / 2
    for row in rows:
        if abs(y + 0.985 * row.size - row.y) > _OFF or abs(row.x - rows[0].x) > _OFF:
            return False
        y += 1.25 * row.size
    return True


def _size(rect: Rect) -> list[str]:
    return [f"minimum width={number(rect.w)}pt", f"minimum height={number(rect.h)}pt"]


def _node(options: list[str], name: str, rect: Rect, content: str) -> str:
    before = f"\\node[{', '.join(options)}]"
    after = f"({name}) at {point(rect.centre)}"
    whole = f"{before} {after} {{{content}}};"
    if len(whole) <= _LONG:
        return whole
    if len(before) + len(after) <= _LONG:
        return f"{before} {after}\n  {{{content}}};"
    return f"{before}\n  {after} {{{content}}};"
