"""What can be measured of a scene: overlaps, crossings, labels out of place, aspect, text size.

Nothing here uses the sizes that the layout itself computes: text is measured with the font.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

from PIL import ImageFont

from archlang.figures.geometry import Point, Rect
from archlang.figures.options import Fit
from archlang.figures.scene.model import SUB_SIZE, Group, Route, Scene, Shape, Text, runs

_FONTS = Path("/usr/share/fonts/truetype/dejavu")
_PIECES = 24
"""Into how many pieces each part of a line is cut to see where it goes."""


def boxes(scene: Scene) -> dict[str, Rect]:
    """The shapes that lines end at, by name."""
    return {g.name: g.bounds for g in scene.groups if g.role == "box" and g.bounds is not None}


def overlaps(scene: Scene) -> list[str]:
    """Pairs of boxes, and pairs of insets, that share more than their borders."""
    insets = {
        f"inset {g.name}": g.marks[0].rect
        for g in scene.groups
        if g.role == "frame" and isinstance(g.marks[0], Shape) and g.within == (g.name,)
    }
    return [
        f"{a} and {b}"
        for shapes in (boxes(scene), insets)
        for (a, r), (b, s) in combinations(shapes.items(), 2)
        if r.overlaps(s)
    ]


def crossings(scene: Scene) -> list[str]:
    """Lines that run through a box which is not one of their ends."""
    shapes = boxes(scene)
    found: list[str] = []
    for group, route in _routes(scene):
        path = sampled(route)
        for name, rect in shapes.items():
            inner = rect.grown(-0.5)
            if name not in (group.ends or ()) and any(_within(p, inner) for p in path):
                found.append(f"{group.ends} runs through {name}")
    return found


def loose_ends(scene: Scene, slack: float = 6.0) -> list[str]:
    """Lines that do not begin and end at the borders of their boxes."""
    shapes = boxes(scene)
    found: list[str] = []
    for group, route in _routes(scene):
        for point, name in zip((route.points[0], route.points[-1]), group.ends or (), strict=True):
            rect = shapes[name]
            if not _within(point, rect.grown(slack)) or _within(point, rect.grown(-slack)):
                found.append(f"{group.ends} at {name}")
    return found


def texts_outside(scene: Scene) -> list[str]:
    """Texts that leave the shape they are written in, and all that leaves the figure."""
    page = Rect(0, 0, scene.width, scene.height)
    found: list[str] = []
    for group in scene.groups:
        for mark in group.marks:
            if isinstance(mark, Shape):
                inside = (text for text in mark.texts if not mark.rect.holds(extent(text), 0.5))
                found += [f"{text.text!r} leaves {group.name}" for text in inside]
                found += [] if page.holds(mark.rect) else [f"{group.name} leaves the figure"]
            elif isinstance(mark, Route):
                points = [Rect(*p, 0, 0) for p in sampled(mark)]
                if not all(page.holds(point) for point in points):
                    found.append(f"a line {group.ends} leaves the figure")
        found += [f"{t.text!r} leaves the figure" for t in group.texts if not page.holds(extent(t))]
    return found


def labels_in_the_way(scene: Scene) -> list[str]:
    """Labels of lines, arcs, grounds and frames that lie over a box, its sheets, or each other."""
    labels = list(_labels(scene))
    shapes = [
        (group.name, mark.rect)
        for group in scene.groups
        if group.role == "box"
        for mark in group.marks
        if isinstance(mark, Shape)
    ]
    found = [
        f"{text.text!r} lies over {name}"
        for _, text in labels
        for name, rect in shapes
        if extent(text).overlaps(rect, 0.5)
    ]
    rects = [(text.text, extent(text)) for _, text in labels]
    found += [
        f"{a!r} lies over {b!r}" for (a, r), (b, s) in combinations(rects, 2) if r.overlaps(s, 0.5)
    ]
    return found


def labels_on_lines(scene: Scene) -> list[str]:
    """Labels that a line runs through."""
    paths = [(group, sampled(route)) for group, route in _routes(scene)]
    return [
        f"{text.text!r} lies on {group.ends}"
        for _, text in _labels(scene)
        for group, path in paths
        if any(_within(p, extent(text).grown(-1.0)) for p in path)
    ]


def aspect(scene: Scene) -> float:
    """Width over height."""
    return scene.width / scene.height


def smallest_text(scene: Scene, fit: Fit) -> float:
    """Size of the smallest text, in points, where the figure fills its place."""
    scale = min(fit.room[0] / scene.width, fit.room[1] / scene.height)
    sizes = [text.size * (SUB_SIZE if low else 1) for text in scene.texts for _, low in runs(text)]
    return scale * min(sizes)


def extent(text: Text) -> Rect:
    """The room a text takes in DejaVu Sans, from the font file."""
    w = sum(
        _font(text.bold).getlength(run) * text.size * (SUB_SIZE if low else 1) / 1000
        for run, low in runs(text)
    )
    up, down = 0.76 * text.size, 0.24 * text.size
    off = {"start": 0.0, "middle": w / 2, "end": w}[text.anchor]
    if text.turned:
        return Rect(text.x - up, text.y + off - w, up + down, w)
    return Rect(text.x - off, text.y - up, w, up + down)


def sampled(route: Route) -> list[Point]:
    """Points along a line, close to each other."""
    points = route.points
    if not route.curved:
        return [
            _mixed((a, b), k / _PIECES) for a, b in pairwise(points) for k in range(_PIECES + 1)
        ]
    return [
        _mixed(points[i : i + 4], k / _PIECES)
        for i in range(0, len(points) - 3, 3)
        for k in range(_PIECES + 1)
    ]


def _mixed(points: tuple[Point, ...], t: float) -> Point:
    """De Casteljau: a Bézier curve at `t`, of any degree."""
    while len(points) > 1:
        points = tuple(
            (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for a, b in pairwise(points)
        )
    return points[0]


def _within(point: Point, rect: Rect) -> bool:
    return rect.x < point[0] < rect.right and rect.y < point[1] < rect.bottom


def _routes(scene: Scene) -> Iterator[tuple[Group, Route]]:
    for group in scene.groups:
        if group.ends is not None:
            yield from ((group, mark) for mark in group.marks if isinstance(mark, Route))


def _labels(scene: Scene) -> Iterator[tuple[Group, Text]]:
    """All texts that are not written in a shape, but for the legend's."""
    for group in scene.groups:
        if group.role != "legend":
            yield from ((group, mark) for mark in group.marks if isinstance(mark, Text))


@cache
def _font(bold: bool) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    folder = _FONTS if _FONTS.is_dir() else Path()
    return ImageFont.truetype(str(folder / name), 1000)
