"""The marks of the volume style: faces of slabs in shades of their family's colour, with sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from archlang.figures.geometry import Point, Rect
from archlang.figures.layout.lettering import Label
from archlang.figures.layout.place import Placement
from archlang.figures.layout.volume.slabs import ARCH, Letters, Slab, Volume
from archlang.figures.layout.volume.solids import Solid
from archlang.figures.metrics import width
from archlang.figures.scene.model import Group, Mark, Polygon, Route, Shape, Text
from archlang.figures.scene.paint import SIGN, STROKES, Painter, tip
from archlang.figures.scene.signs import SIGNS, strokes
from archlang.figures.theme import SMALL, Paint, Theme, mixed
from archlang.figures.view.model import Box, Emphasis

_COLOURED = {"front": 0.45, "top": 0.15, "side": 0.7}
"""How much of the outline's colour is in the fill of each face: light falls from above left."""
_GREY = {"front": 0.0, "top": -0.5, "side": 0.3}
"""The same where outlines do not tell families apart; below zero: how much of the paper's."""
_PALE = frozenset({"input", "merge"})
_OUTLINE, _ACCENTED = 0.7, 1.9
_BAND = 3.2
"""Width of the band of an activation, where the slab is wide enough."""


def solid_theme(theme: Theme) -> Theme:
    """A theme whose families are filled as the fronts of their slabs are."""
    families = {
        name: Paint(_shade(theme, name, "front"), paint.stroke)
        for name, paint in theme.families.items()
    }
    return replace(theme, families=families)


def _shade(theme: Theme, family: str, face: str) -> str:
    """The fill of a face of a family's slabs."""
    paint = theme.families[family]
    if family in _PALE:
        return mixed(paint.fill, paint.stroke, 0.0 if face == "front" else _COLOURED[face] / 4)
    grey = theme.families["conv"].stroke == theme.families["pool"].stroke
    share = (_GREY if grey else _COLOURED)[face]
    return mixed(paint.fill, paint.stroke if share > 0 else theme.paper, abs(share))


class VolumePainter(Painter):
    """Turns the placement of a panel's slabs into groups of marks."""

    def panel(self, placement: Placement) -> Iterator[Group]:
        """All of a panel, what lies at the back first: lines end behind the faces of slabs."""
        assert isinstance(placement, Volume)
        title = placement.panel.title
        self._homes = dict.fromkeys(placement.rects, (title,))
        self._survey(placement)
        for frame, rect in placement.frames:
            yield self._open(frame.title, rect, (title, frame.title), frame.boxes)
        order = {id(line): k for k, line in enumerate(placement.panel.lines)}
        for placed in placement.lines:
            rect = placement.letters.get(order[id(placed.line)])
            beside = [Label(placed, placed.line.label, rect)] if rect is not None else []
            yield self._line(placed, beside)
        for box in placement.panel.boxes:
            yield self._slab(placement.slabs[box.id])

    def _open(self, title: str, rect: Rect, home: tuple[str, ...], boxes: Iterable[int]) -> Group:
        """What lies under the slabs of a unit drawn open, its title in its upper left corner."""
        self._homes |= dict.fromkeys(boxes, home)
        marks: list[Mark] = [Shape(rect, self.theme.stage, self.theme.frame, radius=8)]
        if width(title, SMALL) < rect.w - 8:
            base = rect.y + SMALL * 1.1
            marks.append(Text(rect.x + 6, base, title, SMALL, "start", colour=self.theme.faint))
        step = min(self.steps.get(box, 0) for box in boxes)
        return Group("frame", title, tuple(marks), within=home, step=step)

    def _slab(self, slab: Slab) -> Group:
        box = slab.box
        marks: list[Mark] = []
        for solid, rect in slab.solids:
            marks += self._faces(box, solid, rect)
        if not slab.solids:
            marks.append(self._ball(slab))
            marks += strokes(box.caption.title, slab.front, self._paint(box).stroke, SIGN)
        for index, _ in enumerate(box.loops[:2]):
            marks += self._arch(slab, index)
        texts = [*slab.sizes, *slab.words]
        marks += [self._letters(text, box) for text in texts if text.look != "inside"]
        return Group(
            "box",
            f"{self.name}{box.id}",
            tuple(marks),
            tip(box),
            bounds=slab.front,
            within=self._homes[box.id],
            step=self.steps.get(box.id, 0),
        )

    def _letters(self, text: Letters, box: Box) -> Text:
        ink = self.theme.faint if text.look == "note" else self.theme.ink
        colour = self._toned(ink, box.emphasis)
        return Text(text.x, text.y, text.text, SMALL, bold=text.bold, colour=colour, math=text.math)

    def _ball(self, slab: Slab) -> Shape:
        """A merge, or a result."""
        paint = self._paint(slab.box)
        inside = [t for t in slab.sizes if t.look == "inside"]
        drawn = slab.box.form == "circle" and slab.box.caption.title in SIGNS
        written = () if drawn else tuple(self._letters(t, slab.box) for t in inside)
        radius = slab.front.h / 2
        thick = _ACCENTED if slab.box.emphasis == "accent" else 1.2
        training = slab.box.training
        return Shape(slab.front, paint.fill, paint.stroke, radius, thick, training, written)

    def _faces(self, box: Box, solid: Solid, rect: Rect) -> Iterator[Mark]:
        """Top, side and front face, then the bands around them."""
        outline = self._toned(self.theme.families[solid.family].stroke, box.emphasis, stroke=True)
        thick = _ACCENTED if box.emphasis == "accent" else _OUTLINE
        for face, points in faces(rect, solid.dx, solid.dy).items():
            fill = self._fill(solid.family, face, box.emphasis)
            yield Polygon(points, fill, outline, thick, box.training)
        yield from self._bands(box, solid, rect)

    def _bands(self, box: Box, solid: Solid, rect: Rect) -> Iterator[Mark]:
        """Layers that keep the shape: bands on the slab of the layer they go with."""
        count = len(solid.before) + len(solid.after)
        if not count:
            return
        w = min(_BAND, rect.w / (count + 1))
        first = [(rect.x + k * w, family) for k, family in enumerate(solid.before)]
        last = [(rect.right - k * w, f) for k, f in enumerate(reversed(solid.after), 1)]
        for x, family in [*first, *last[::-1]]:
            band = faces(Rect(x, rect.y, w, rect.h), solid.dx, solid.dy)
            outer = abs(x + w - rect.right) < 0.01
            for face, points in band.items():
                if face != "side" or outer:
                    stroke = self._toned(self.theme.families[family].stroke, box.emphasis)
                    fill = self._fill(family, face, box.emphasis)
                    yield Polygon(points, fill, stroke, _OUTLINE / 2, box.training)

    def _fill(self, family: str, face: str, emphasis: Emphasis) -> str:
        return self._toned(_shade(self.theme, family, face), emphasis)

    def _arch(self, slab: Slab, index: int) -> Iterator[Mark]:
        """The skips within a folded unit, as an arc over its slab."""
        loop = slab.box.loops[index]
        colour = self._toned(self.theme.skips[loop.kind], slab.box.emphasis)
        thick, dash = STROKES[loop.kind]
        solid, rect = slab.solids[0]
        y, x = rect.y - solid.dy / 2, rect.x + solid.dx / 2
        high = (solid.dy / 2 + ARCH - 3.0 - 4.0 * index) * 4 / 3
        for share in (1.0, 0.66, 0.33) if loop.kind == "dense" else (1.0,):
            half = max(rect.w / 2 - 2.0, 6.0) * share
            middle = x + rect.w / 2
            points = (
                (middle - half, y), (middle - half * 0.8, y - high * share),
                (middle + half * 0.8, y - high * share), (middle + half, y),
            )  # fmt: skip
            yield Route(points, colour, thick, dash=dash, arrow=share == 1.0)
        if loop.matching and index == 0:
            base = rect.y - solid.dy - ARCH
            yield Text(x + rect.w / 2, base, loop.matching, SMALL, colour=colour)


def faces(front: Rect, dx: float, dy: float) -> dict[str, tuple[Point, ...]]:
    """The three faces of a box in space that are seen, by the rectangle of its front face."""
    x, y, right, bottom = front.x, front.y, front.right, front.bottom
    return {
        "top": ((x, y), (x + dx, y - dy), (right + dx, y - dy), (right, y)),
        "side": ((right, y), (right + dx, y - dy), (right + dx, bottom - dy), (right, bottom)),
        "front": ((x, y), (right, y), (right, bottom), (x, bottom)),
    }
