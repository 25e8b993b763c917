"""Receptive fields laid over the input: rectangles in a plane, intervals on a line."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# matplotlib does not say the types of all its arguments.

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from archlang.analysis.receptive.field import joined_text
from archlang.analysis.receptive.shown import Shown, unit_text
from archlang.diagnostics.catalog.fields import CannotShow
from archlang.graph import Graph
from archlang.ops.base import Shape, spatial
from archlang.plots.canvas import LOOKS, SIZE, Look, picture
from archlang.problems import about_network

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

MOST = 10
"""More fields than these cannot be told from each other."""
_MARGIN = 0.6
"""How much of the padding around the input is shown at most, as a part of its size."""
_GAP = 0.056
"""The least distance of two labels, as a part of the height."""
_LETTERS = 30
"""Letters of a label beyond which it is written smaller."""
_PLANE = 5.4, 4.25
"""Inches that the plane has at most, across and down."""
_LEFT, _BOTTOM, _TITLE = 0.95, 0.68, 5.27
"""Inches: where the plane lies, and how high the title stands."""
_LINE = 0.9
"""Inches between the plane and the labels."""
_LETTER = 0.62 / 72
"""Inches that a letter takes, for each point of its size."""
_LABEL, _HEAD = 13, 17
"""The sizes of labels and of the title, in points."""


class Mark(NamedTuple):
    """A field to be drawn: the edges of the first and the last pixel, on each axis."""

    name: str
    text: str
    begin: tuple[float, ...]
    end: tuple[float, ...]
    look: Look


def hold_drawable(graph: Graph, *, with_image: bool = False) -> None:
    """Hold that the input is a plane or a line; with an image, that it is a plane.

    Raises:
        SpecError: it is not.
    """
    shape = graph.nodes[graph.inputs[0]].shape
    if len(spatial(shape)) > 2 or (with_image and len(spatial(shape)) == 1):
        raise about_network(graph, CannotShow(network=graph.name, shape=shape))


def picture_of_fields(
    suffix: str, graph: Graph, shown: Sequence[Shown], image: Image | None = None
) -> tuple[bytes, str]:
    """A file of the fields over the first input that they are of, and a remark on what it leaves
    out; empty if nothing.

    Fields of tensors without places are left out: they are all of the input.
    """
    source = shown[0].field
    of_one = [s for s in shown if s.field.input == source.input]
    found = _marks(of_one)
    marks = _spread(found, MOST)
    remark = ""
    if len(marks) < len(found):
        remark = f"the picture shows {len(marks)} of {len(found)} fields; --at chooses others"
    elif not marks:
        remark = "the picture is empty: no unit that was asked for has a place on the input"
    title = _title(graph, shown)
    size = source.pixels

    def paint(figure: Figure) -> None:
        if len(size) == 2:
            figure.set_layout_engine("none")  # labels have a column of their own
            across, down = figure.get_size_inches()
            width, height = _plane(size, marks)
            axes = figure.add_axes(
                (_LEFT / across, _BOTTOM / down, width / across, height / down), anchor="NW"
            )
            figure.text(_LEFT / across, _TITLE / down, title, fontsize=_HEAD)
            _paint_plane(axes, size, marks, image)
        else:
            axes = figure.add_subplot()
            axes.set_title(title)
            _paint_line(axes, size, marks)

    return picture(suffix, paint, _page(size, marks, title) if len(size) == 2 else SIZE), remark


def _title(graph: Graph, shown: Sequence[Shown]) -> str:
    units = {unit_text(s.unit) for s in shown}
    middle = all(s.unit == tuple(n // 2 for n in s.field.units) for s in shown if s.unit)
    if middle or len(units) != 1:
        return f"{graph.name}: what the middle unit sees"
    return f"{graph.name}: what unit {units.pop()} sees"


def _marks(shown: Sequence[Shown]) -> list[Mark]:
    """The fields that differ, each once under all its names, the smallest first."""
    placed = [s for s in shown if s.field.placed and s.unit and all(s.spans)]
    ordered = sorted(placed, key=lambda s: (s.field.size, s.spans))
    marks: list[Mark] = []
    for spans, group in groupby(ordered, key=lambda s: s.spans):
        same = list(group)
        look = LOOKS[len(marks) % len(LOOKS)]
        names = [s.name for s in same]
        name = names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"
        edges = [span for span in spans if span is not None]
        begin = tuple(low - 0.5 for low, _ in edges)
        end = tuple(high + 0.5 for _, high in edges)
        size = joined_text(tuple(high - low + 1 for low, high in edges))
        text = size if same[0].field.exact else f"≤ {size}"
        marks.append(Mark(name, text, begin, end, look))
    return marks


def _spread(marks: Sequence[Mark], most: int) -> list[Mark]:
    """At most so many, evenly from the first to the last, with the strongest colours."""
    if len(marks) <= most:
        return list(marks)
    chosen = [marks[round(i * (len(marks) - 1) / (most - 1))] for i in range(most)]
    return [m._replace(look=LOOKS[i % len(LOOKS)]) for i, m in enumerate(chosen)]


def _view(size: Shape, marks: Sequence[Mark]) -> list[tuple[float, float]]:
    """What is shown of each axis: the input, and of the padding a margin, if fields lie there."""
    found: list[tuple[float, float]] = []
    for axis, n in enumerate(size):
        before = max([0.0, *(-0.5 - m.begin[axis] for m in marks)])
        behind = max([0.0, *(m.end[axis] - (n - 0.5) for m in marks)])
        margin, least = _MARGIN * n, 0.03 * n
        found.append((-0.5 - min(before + least, margin), n - 0.5 + min(behind + least, margin)))
    return found


# ── a plane ──────────────────────────────────────────────────────────────────────────────────


def _plane(size: Shape, marks: Sequence[Mark]) -> tuple[float, float]:
    """Inches across and down that hold what is shown."""
    (top, bottom), (left, right) = _view(size, marks)
    scale = min(_PLANE[0] / (right - left), _PLANE[1] / (bottom - top))
    return scale * (right - left), _PLANE[1]


def _page(size: Shape, marks: Sequence[Mark], title: str) -> tuple[float, float]:
    """Inches of a figure as wide as what is in it: the plane and the labels, or the title."""
    (top, bottom), (left, right) = _view(size, marks)
    within = _cut(marks, ((top, left), (bottom, right)))
    longest = max((len(_label(mark)) for mark in within), default=0)
    labels = _LINE + min(longest, _LETTERS) * _LABEL * _LETTER
    content = max(_plane(size, marks)[0] + labels, len(title) * _HEAD * _LETTER)
    return _LEFT + content + 0.2, SIZE[1]


def _label(mark: Mark) -> str:
    return f"{mark.name}: {mark.text}"


def _paint_plane(axes: Axes, size: Shape, marks: Sequence[Mark], image: Image | None) -> None:
    height, width = size
    (top, bottom), (left, right) = _view(size, marks)
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)  # rows count from above
    axes.set_aspect("equal")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(labelsize=11, length=3)
    axes.set_xlabel("pixel")
    _ground(axes, (-0.5, width - 0.5), (-0.5, height - 0.5))
    if image is not None:
        extent = (-0.5, width - 0.5, height - 0.5, -0.5)
        axes.imshow(image, extent=extent, aspect="equal", interpolation="bilinear", zorder=1)
    within = _cut(marks, ((top, left), (bottom, right)))
    for mark in reversed(within):
        _rectangle(axes, mark, size, over_image=image is not None)
    _label_rectangles(axes, within)


def _cut(
    marks: Sequence[Mark], view: tuple[tuple[float, float], tuple[float, float]]
) -> list[Mark]:
    """The fields; those wider than the picture a little within its edge, each more than the next,
    and said to be cut off."""
    found = list(marks)
    (top, left), (bottom, right) = view
    inset = 0.0
    for number, mark in reversed(list(enumerate(marks))):
        a, b = mark.begin, mark.end
        if a[0] < top or a[1] < left or b[0] > bottom or b[1] > right:
            inset += 0.012 * (bottom - top)
            begin = max(a[0], top + inset), max(a[1], left + inset)
            end = min(b[0], bottom - inset), min(b[1], right - inset)
            text = f"{mark.text}, cut off"
            found[number] = mark._replace(begin=begin, end=end, text=text)
    return found


def _ground(axes: Axes, across: tuple[float, float], down: tuple[float, float]) -> None:
    from matplotlib.patches import Rectangle

    corner, width, height = (across[0], down[0]), across[1] - across[0], down[1] - down[0]
    axes.add_patch(Rectangle(corner, width, height, fc="#f2f2f2", ec="#777777", lw=1.2, zorder=0))
    axes.annotate(
        f"input {height:g}x{width:g}", xy=(across[0], down[1]), xytext=(5, 5),
        textcoords="offset points", fontsize=10, color="#666666", zorder=0.5,
    )  # fmt: skip


def _rectangle(axes: Axes, mark: Mark, size: Shape, *, over_image: bool) -> None:
    """Solid over the input, dashed over the padding."""
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import Normal, Stroke

    (top, left), (bottom, right) = mark.begin, mark.end
    box = (left, top), right - left, bottom - top
    colour = mark.look.colour
    axes.add_patch(Rectangle(*box, fc="none", ec=colour, lw=1.2, ls=(0, (4, 3)), zorder=2))
    inside = Rectangle(*box, fc="none", ec=colour, lw=2.6, zorder=3)
    if over_image:
        inside.set_path_effects([Stroke(linewidth=4.6, foreground="white"), Normal()])
    else:
        inside.set_facecolor((*_rgb(colour), 0.06))
    axes.add_patch(inside)
    shown = Rectangle((-0.5, -0.5), size[1], size[0], transform=axes.transData)
    inside.set_clip_path(shown)


def _rgb(colour: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(colour)


def _label_rectangles(axes: Axes, marks: Sequence[Mark]) -> None:
    """The names in a column to the right, the largest field's at the top, each with a line to the
    upper right corner of its field."""
    ordered = sorted(marks, key=lambda m: (m.begin[0], -m.end[1]))
    texts = [_label(mark) for mark in ordered]
    size = _LABEL * min(1, _LETTERS / max(map(len, texts), default=1))
    axes.apply_aspect()
    column = axes.get_position().x1 + _LINE * axes.figure.dpi / axes.figure.bbox.width
    (_, low), (_, high) = axes.get_position().get_points()
    bottom, top = axes.get_ylim()
    heights = _apart(
        [1 - high + (m.begin[0] - top) / (bottom - top) * (high - low) for m in ordered]
    )
    for mark, text, height in zip(ordered, texts, heights, strict=True):
        line = {"arrowstyle": "-", "color": mark.look.colour, "lw": 0.9, "relpos": (0, 0.5)}
        axes.annotate(
            text, xy=(mark.end[1], mark.begin[0]), xycoords="data",
            xytext=(column, 1 - height), textcoords="figure fraction", annotation_clip=False,
            fontsize=size, color=mark.look.colour, va="center", ha="left", arrowprops=line,
        )  # fmt: skip


def _apart(heights: Sequence[float]) -> list[float]:
    """Heights in their order, moved as little as makes them lie apart, within the figure.

    Those that are too near are a group, which is spread around its middle.
    """
    groups: list[tuple[float, int]] = []  # where a group begins if it is spread, how many it has
    for height in heights:
        start, count = height, 1
        while groups and groups[-1][0] + groups[-1][1] * _GAP > start:
            before, number = groups.pop()
            start = (before * number + (start - number * _GAP) * count) / (number + count)
            count += number
            start = min(max(start, _GAP), 1 - count * _GAP)
        groups.append((start, count))
    return [start + i * _GAP for start, count in groups for i in range(count)]


# ── a line ───────────────────────────────────────────────────────────────────────────────────


def _paint_line(axes: Axes, size: Shape, marks: Sequence[Mark]) -> None:
    """Intervals below each other, the smallest on top."""
    ((left, right),) = _view(size, marks)
    axes.set_xlim(left, right)
    axes.set_ylim(len(marks) - 0.4, -0.6)
    axes.set_xlabel("position")
    axes.axvspan(-0.5, size[0] - 0.5, color="#ececec", lw=0, zorder=0)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_yticks(range(len(marks)), [m.name for m in marks])
    for row, (mark, label) in enumerate(zip(marks, axes.get_yticklabels(), strict=True)):
        label.set_color(mark.look.colour)
        _interval(axes, mark, row, size[0])


def _interval(axes: Axes, mark: Mark, row: int, size: int) -> None:
    (begin,), (end,) = mark.begin, mark.end
    colour = mark.look.colour
    inside = max(begin, -0.5), min(end, size - 0.5)
    if inside != (begin, end):
        axes.plot([begin, end], [row, row], color=colour, lw=1.5, ls=(0, (3, 2)), zorder=2)
    if inside[0] < inside[1]:
        axes.plot(inside, [row, row], color=colour, lw=9, solid_capstyle="butt", zorder=3)
    axes.annotate(
        mark.text, xy=(sum(inside) / 2, row), xytext=(0, 8), textcoords="offset points",
        ha="center", va="bottom", fontsize=12, color=colour,
    )  # fmt: skip
