"""One scene as the shapes of a slide: boxes, the connectors between them, grouped by block."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field

from archlang.figures.geometry import Rect, around
from archlang.figures.scene.model import Group, Mark, Polygon, Route, Scene, Shape, Text
from archlang.figures.writers.drawings import Drawing, drawings
from archlang.figures.writers.pptx import parts
from archlang.figures.writers.pptx.connectors import Target, connector
from archlang.figures.writers.pptx.geometry import is_circle, is_upright
from archlang.figures.writers.pptx.parts import Label, Numbers, Part
from archlang.figures.writers.pptx.xml import Pen

_SAME = 0.05


def shapes(scene: Scene, numbers: Numbers) -> list[Part]:
    """The shapes of a slide, what lies at the back first."""
    return list(_Slide(scene, numbers).parts())


@dataclass(slots=True)
class _Room:
    """A stage or a unit drawn open, which becomes a group of shapes."""

    key: Hashable
    name: str
    rect: Rect | None
    parts: list[Part] = field(default_factory=list[Part])


class _Slide:
    """Writes the groups of one scene."""

    def __init__(self, scene: Scene, numbers: Numbers) -> None:
        self.scene, self.numbers = scene, numbers
        self.pen = Pen.on(scene)
        boxes = [group for group in scene.groups if group.role == "box"]
        self.targets = {group.name: self._target(group) for group in boxes}
        self.heading = next((t for g in scene.groups if g.role == "heading" for t in g.texts), None)

    def parts(self) -> Iterator[Part]:
        """All of the slide."""
        seen: list[str] = []
        for drawing in drawings(self.scene):
            if drawing.name:
                seen.append(drawing.name)
                number = self.numbers.of("drawing", drawing.name, seen.count(drawing.name))
                yield parts.group(self._drawing(drawing, number), Label(number, drawing.name))
            else:
                for group in drawing.groups:
                    yield from self._written(group)

    def _drawing(self, drawing: Drawing, number: int) -> list[Part]:
        """The network or an inset: its stages as groups, and what is in none of them.

        Lines are in none: LibreOffice glues no connector that is in a group within a group.
        """
        order: list[Part | _Room] = []
        rooms: dict[tuple[str, ...], list[_Room]] = {}
        for group in drawing.groups:
            if not group.within[1:] or group.role == "line":
                order += self._written(group)
                continue
            known = rooms.setdefault(group.within, [])
            if group.role in ("ground", "frame") or not known:
                room = _Room((number, group.within, len(known)), group.within[-1], _extent(group))
                known.append(room)
                order.append(room)
            _home(group, known).parts.extend(self._written(group))
        return [item if isinstance(item, Part) else self._room(item) for item in order]

    def _room(self, room: _Room) -> Part:
        return parts.group(room.parts, Label(self.numbers.of("room", room.key), room.name))

    def _written(self, group: Group) -> list[Part]:
        if group.role == "box":
            return [self._box(group)]
        written = [self._mark(group, k, mark) for k, mark in enumerate(group.marks)]
        if group.role == "legend" and len(written) > 1:
            name = f"legend: {next((t.text for t in group.texts), group.name)}"
            return [parts.group(written, Label(self._number(group, "group"), name))]
        return written

    def _box(self, group: Group) -> Part:
        """A box with all that is moved with it."""
        found: list[Part] = []
        for index, mark in enumerate(group.marks):
            found.append(self._mark(group, index, mark))
            for row, text in enumerate(parts.aside(mark) if isinstance(mark, Shape) else ()):
                label = Label(self._number(group, (index, row)), text.text)
                found.append(parts.line_of_text(text, label, self.pen))
        main = _main(group)
        if main is None and group.bounds is not None:
            label = Label(self._number(group, "main"), _name(group), group.tip)
            found.append(parts.anchor(self.pen.box(group.bounds), label))
        if len(found) == 1:
            return found[0]
        return parts.group(found, Label(self._number(group, "group"), f"block {_name(group)}"))

    def _mark(self, group: Group, index: int, mark: Mark) -> Part:
        if mark is self.heading and isinstance(mark, Text):
            return parts.title(mark, Label(self._number(group, index), "Title"), self.pen)
        main = group.role == "box" and index == _main(group)
        number = self._number(group, "main" if main else index)
        name = _name(group) if main else f"{_name(group)} {_SORTS[type(mark)]} {index}"
        speaks = main or (index == 0 and group.role != "box")
        label = Label(number, name, group.tip if speaks else "")
        match mark:
            case Shape():
                return parts.shape(mark, label, self.pen)
            case Polygon():
                return parts.polygon(mark, label, self.pen)
            case Text():
                return parts.line_of_text(mark, Label(number, mark.text), self.pen)
            case Route():
                return self._line(group, mark, label) or parts.stroke(mark, label, self.pen)

    def _line(self, group: Group, route: Route, label: Label) -> Part | None:
        ends = [self.targets.get(name) for name in group.ends or ()]
        if group.role != "line" or len(ends) != 2 or ends[0] is None or ends[1] is None:
            return None
        joins = f"from {ends[0].name} to {ends[1].name}"
        about = f"{group.tip or group.name}, {joins}"
        label = Label(label.number, f"{group.name} {joins}", about)
        under = ends[0].within == group.within[:1]
        boxes = [target.rect for target in self.targets.values()]
        joined = (ends[0], ends[1])
        return connector(route, joined, label, self.pen, under=under, boxes=boxes)

    def _target(self, group: Group) -> Target:
        main = _main(group)
        mark = None if main is None else group.marks[main]
        rect = group.bounds or Rect(0, 0, 0, 0)
        circle = isinstance(mark, Shape) and is_circle(mark)
        number = self._number(group, "main")
        sheets = [m.rect for m in group.marks if isinstance(m, Shape)]
        return Target(number, rect, circle, _name(group), group.within, around([rect, *sheets]))

    def _number(self, group: Group, part: Hashable) -> int:
        return self.numbers.of(id(group), part)


_SORTS: dict[type[Mark], str] = {Shape: "sheet", Polygon: "face", Route: "arc", Text: "text"}


def _main(group: Group) -> int | None:
    """Which of the marks is the shape that lines end at."""
    if group.bounds is None:
        return None
    found = [
        index
        for index, mark in enumerate(group.marks)
        if (isinstance(mark, Shape) and _same(mark.rect, group.bounds))
        or (
            isinstance(mark, Polygon)
            and is_upright(mark.points)
            and _same(_around(mark), group.bounds)
        )
    ]
    return found[-1] if found else None


def _same(a: Rect, b: Rect) -> bool:
    return a.holds(b, _SAME) and b.holds(a, _SAME)


def _around(mark: Polygon) -> Rect:
    xs, ys = [x for x, _ in mark.points], [y for _, y in mark.points]
    return Rect(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def _name(group: Group) -> str:
    """What a box says in its largest letters, or what is said of it."""
    largest = max(group.texts, key=lambda text: text.size, default=None)
    said = largest.text if largest else group.tip.partition("\n")[0]
    return said or group.name or group.role


def _extent(group: Group) -> Rect | None:
    return next((mark.rect for mark in group.marks if isinstance(mark, Shape)), None)


def _home(group: Group, rooms: Iterable[_Room]) -> _Room:
    """Which of the rooms with one name holds a group."""
    known = list(rooms)
    rect = group.bounds
    fits = (r for r in known if rect and r.rect and r.rect.holds(rect))
    return next(fits, known[-1])
