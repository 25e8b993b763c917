"""The named styles and text commands that a TikZ picture is written with, and their definitions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from archlang.figures.scene.model import PATTERNS, Dash, Group, Polygon, Route, Scene, Shape, Text
from archlang.figures.theme import HEADING, SMALL, TITLE
from archlang.figures.writers.drawings import unique_groups
from archlang.figures.writers.strokes import CORNER, HEAD_LENGTH, HEAD_WIDTH
from archlang.figures.writers.tikz.colours import Colours

Area = Shape | Polygon
_Look = tuple[float, float, bool]
"""Of an area: radius of the corners, width of the outline, whether it is dashed."""
_Stroke = tuple[float, Dash, bool]
"""Of a line: width, pattern, whether there is an arrow head."""
_BOX: _Look = (4.0, 1.1, False)
_SIZES = {TITLE: "title", SMALL: "note", HEADING: "heading"}
_BACKDROPS = {"ground": "stage", "frame": "frame"}


class Styles:
    """The styles of some scenes: one for each paint of boxes, kind of line and kind of text."""

    def __init__(self, scenes: Sequence[Scene]) -> None:
        groups = list(unique_groups(scenes))
        self.colours = Colours(scenes[-1].paper)
        self._taken = set[str]()
        self._areas: dict[tuple[str, str], tuple[str, _Look]] = {}
        self._lines: dict[tuple[str, str], tuple[str, _Stroke]] = {}
        self._texts: dict[tuple[float, bool, str], tuple[str, str]] = {}
        # boxes first: as the legend shows them is the exception
        self._find_areas([g for g in groups if g.role == "box"])
        self._find_areas(groups)
        self._find_lines(groups)

    def area(self, area: Area) -> list[str]:
        """The options that fill and outline a shape: its style, and in what it differs from it."""
        name, (radius, width, dashed) = self._areas[area.fill, area.stroke]
        own_radius, own_width, own_dashed = _look(area)
        options = [f"arch {name}"]
        if own_radius != radius:
            options.append(f"rounded corners={number(own_radius)}pt")
        if area.stroke and own_width != width:
            options.append(f"line width={number(own_width)}pt")
        if own_dashed != dashed:
            options.append("arch dashed" if own_dashed else "solid")
        return options

    def line(self, route: Route, kind: str) -> list[str]:
        """The options that draw a line of a kind, in the same way; a kind may be unknown, ''."""
        name, (width, dash, arrow) = self._lines[self._line_key(route, kind)]
        options = [f"arch {name}"]
        if route.width != width:
            options.append(f"line width={number(route.width)}pt")
        if route.dash != dash:
            options.append("solid" if route.dash == "solid" else f"arch {route.dash}")
        if route.arrow != arrow:
            options.append("arch arrow" if route.arrow else "-")
        return options

    def text(self, text: Text, *, beside: bool) -> str:
        """The command that writes a line of text in its size, weight and colour; `beside` a line
        it may have the line's colour."""
        name = self.colours.plain(text.colour)
        if beside:
            same = (
                style for (_, colour), (style, _) in self._lines.items() if colour == text.colour
            )
            name = next(same, name)
        key = (text.size, text.bold, text.colour)
        if key not in self._texts:
            usual = "faint" if text.size == SMALL else "ink"
            command = _SIZES.get(text.size, "text") + ("bold" if text.bold else "")
            command += "" if name == usual else re.sub("[^a-z]|line$", "", name)
            self._texts[key] = self._free(f"arch{command}", letters=True), name
        return "\\" + self._texts[key][0]

    def definitions(self, picture: str) -> Iterator[str]:
        """The lines that define what a picture uses: colours, kinds of text, styles.

        They stand in the picture and hold for it alone. No `#` is in them, which a frame of
        beamer could not hold.
        """
        texts = [line for name, line in self._text_commands() if _uses(picture, f"\\\\{name}")]
        styles = [line for name, line in self._styles() if _uses(picture, f"arch {name}")]
        used = "\n".join((picture, *texts, *styles))
        yield from (line for name, line in self.colours.definitions() if _uses(used, name))
        yield from texts
        if styles:
            yield r"\tikzset{"
            yield from (f"  {line}," for line in styles)
            yield "}"

    def _find_areas(self, groups: Iterable[Group]) -> None:
        seen: dict[tuple[str, str], list[tuple[Area, Group]]] = {}
        for group in groups:
            for mark in group.marks:
                if isinstance(mark, Area) and (mark.fill, mark.stroke) not in self._areas:
                    seen.setdefault((mark.fill, mark.stroke), []).append((mark, group))
        for (fill, stroke), found in seen.items():
            look = Counter(_look(area) for area, _ in found).most_common(1)[0][0]
            name = _BACKDROPS.get(found[0][1].role) or self.colours.family(fill, stroke)
            self._areas[fill, stroke] = self._free(name), look

    def _find_lines(self, groups: Iterable[Group]) -> None:
        """By kind and colour; arcs of boxes and the legend's lines are of no kind, and look like
        others of their colour."""
        seen: dict[tuple[str, str], list[Route]] = {}
        for group in sorted(groups, key=lambda group: group.role != "line"):
            kind = _kind(group)
            for mark in group.marks:
                if isinstance(mark, Route) and (kind or not self._has_line(seen, mark)):
                    seen.setdefault((kind, mark.colour), []).append(mark)
        for (kind, colour), routes in seen.items():
            strokes: Counter[_Stroke] = Counter((r.width, r.dash, r.arrow) for r in routes)
            plain = self.colours.plain(colour)
            name = kind + " dim" * plain.endswith("dim") if kind else plain
            self._lines[kind, colour] = self._free(name), strokes.most_common(1)[0][0]

    @staticmethod
    def _has_line(seen: dict[tuple[str, str], list[Route]], route: Route) -> bool:
        return any(kind and colour == route.colour for kind, colour in seen)

    def _line_key(self, route: Route, kind: str) -> tuple[str, str]:
        if (kind, route.colour) in self._lines:
            return kind, route.colour
        same = [key for key in self._lines if key[1] == route.colour]
        return next((key for key in same if self._lines[key][1][1] == route.dash), same[0])

    def _styles(self) -> Iterator[tuple[str, str]]:
        for (fill, stroke), (name, look) in self._areas.items():
            style = ", ".join(self._area_style(fill, stroke, look))
            yield name, f"arch {name}/.style={{{style}}}"
        for (_, colour), (name, stroke) in self._lines.items():
            style = ", ".join(self._line_style(name, colour, stroke))
            yield name, f"arch {name}/.style={{{style}}}"

    def _area_style(self, fill: str, stroke: str, look: _Look) -> Iterator[str]:
        radius, width, dashed = look
        yield "arch box"
        if fill:
            yield f"fill={self.colours[fill]}"
        if stroke:
            yield f"draw={self.colours[stroke]}"
        if radius != _BOX[0]:
            yield f"rounded corners={number(radius)}pt"
        if stroke and width != _BOX[1]:
            yield f"line width={number(width)}pt"
        if dashed:
            yield "arch dashed"

    def _line_style(self, name: str, colour: str, stroke: _Stroke) -> Iterator[str]:
        width, dash, arrow = stroke
        yield f"draw={self.colours.called(name, colour)}, line width={number(width)}pt"
        if dash != "solid":
            yield f"arch {dash}"
        if arrow:
            yield "arch arrow"

    def _text_commands(self) -> Iterator[tuple[str, str]]:
        for (size, bold, colour), (command, name) in self._texts.items():
            face = r"\bfseries" if bold else ""
            named = self.colours.called(name, colour)
            line = rf"\def\{command}{{\archtext{{{number(size)}pt}}{{{named}}}{{{face}}}}}"
            yield command, line

    def _free(self, name: str, letters: bool = False) -> str:
        """The name, or with a number (a letter) where another has it."""
        free, count = name, 1
        while free in self._taken | _FIXED:
            count += 1
            free = f"{name}{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[count % 26] * (1 + count // 26)}"
            free = free if letters else f"{name} {count}"
        self._taken.add(free)
        return free


_FIXED = {"box", "stack", "badge", "label", "arrow", "bent", "dashed", "dotted"} | {
    f"arch{command}" for command in ("text", "room", "sign", "fit", "from", "step", "picture")
}
"""Names of what is the same in every picture."""


def shared_styles() -> Iterator[str]:
    """The styles that are the same in every picture: how boxes, labels and lines are made."""
    yield (
        "arch box/.style={inner sep=0pt, outer sep=0pt, align=center, font=\\offinterlineskip,"
        f"\n    rounded corners={number(_BOX[0])}pt, line width={_BOX[1]}pt, line join=round}}"
    )
    yield "arch stack/.style={double copy shadow={shadow xshift=#1, shadow yshift=-#1}}"
    yield (
        "arch badge/.style 2 args={font=\\offinterlineskip\\archroom#1\\relax,"
        "\n    label={[arch label, anchor=east, xshift=-8pt]east:#2}}"
    )
    yield "arch label/.style={inner sep=0pt, outer sep=0pt, anchor=base west}"
    tip = f"Triangle[length={number(HEAD_LENGTH)}pt, width={number(HEAD_WIDTH)}pt]"
    yield f"arch arrow/.style={{-{{{tip}}}}}"
    yield f"arch bent/.style={{rounded corners={number(CORNER)}pt}}"
    for dash in ("dashed", "dotted"):
        yield f"arch {dash}/.style={{dash pattern={_pattern(dash)}}}"


def number(value: float, digits: int = 1) -> str:
    """A length, as short as can be."""
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _uses(text: str, name: str) -> bool:
    """Whether a name stands in a text as a whole."""
    return bool(re.search(rf"{name}(?![a-z0-9]| [a-z0-9])", text))


def _look(area: Area) -> _Look:
    """Circles are round by their shape, polygons have corners."""
    if isinstance(area, Polygon):
        return 0.0, area.width, area.dashed
    return (_BOX[0] if is_circle(area) else area.radius), area.width, area.dashed


def is_circle(area: Area) -> bool:
    """Whether a rectangle is so round that it is one."""
    if isinstance(area, Polygon):
        return False
    return abs(area.rect.w - area.rect.h) < 0.01 and area.radius > area.rect.w / 2 - 0.01


def _kind(group: Group) -> str:
    return re.sub("[^a-z ]", "", group.name.lower()).strip() if group.role == "line" else ""


def _pattern(dash: Dash) -> str:
    lengths = PATTERNS[dash]
    return " ".join(f"{('on', 'off')[i % 2]} {number(n)}pt" for i, n in enumerate(lengths))
