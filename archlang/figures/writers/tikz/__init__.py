"""Writes scenes as a LaTeX document: a TikZ picture with named styles, to be read and edited."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from archlang.figures.scene.model import Group, Scene
from archlang.figures.writers.drawings import Drawing, drawings
from archlang.figures.writers.names import readable_names
from archlang.figures.writers.tikz.marks import Marks
from archlang.figures.writers.tikz.preamble import preamble
from archlang.figures.writers.tikz.styles import Styles, number
from archlang.figures.writers.tikz.tex import comment, strangers

_RULE = "% " + 83 * "-"


def write_tikz(scenes: Sequence[Scene]) -> str:
    """A LaTeX document with a page for each scene, which needs nothing but TikZ.

    A figure step by step is one picture, its parts marked with the step they appear in.
    """
    last = scenes[-1]
    styles = Styles(scenes)
    steps = len(scenes) > 1 and _is_reveal(scenes)
    if steps:
        body = [*_revealed(last, len(scenes), styles)]
    else:
        body = [line for scene in scenes for line in (*_picture(scene, styles, steps=False), "")]
    before = preamble(last, steps=steps)
    return "\n".join([*before, "", r"\begin{document}", *body, r"\end{document}", ""])


def _is_reveal(scenes: Sequence[Scene]) -> bool:
    """Whether each scene is the last one without what comes at a later step."""
    last = scenes[-1]
    return all(
        scene.groups == [g for g in last.groups if g.step <= step]
        and (scene.width, scene.height, scene.title) == (last.width, last.height, last.title)
        for step, scene in enumerate(scenes, 1)
    )


def _revealed(scene: Scene, count: int, styles: Styles) -> Iterator[str]:
    yield r"\newcommand{\archpicture}{%"
    yield from _picture(scene, styles, steps=True)
    yield "}"
    yield r"\archstep=0"
    yield rf"\loop\ifnum\archstep<{count}\relax"
    yield r"  \advance\archstep by 1"
    yield r"  \archpicture\newpage"
    yield r"\repeat"


def _picture(scene: Scene, styles: Styles, *, steps: bool) -> Iterator[str]:
    """A picture that brings its colours and styles: others of a talk have other ones."""
    drawn = [*_drawn(scene, styles, steps=steps)]
    yield _RULE
    yield r"\archfit{%"
    yield r"\begin{tikzpicture}[x=1pt, y=-1pt]"
    yield from (f"  {line}" for line in styles.definitions("\n".join(drawn)))
    yield from (rf"  \archsign{{{sign}}}{{{ord(sign):04X}}}" for sign in strangers(drawn))
    yield ""
    yield from drawn
    yield r"\end{tikzpicture}}"
    yield _RULE


def _drawn(scene: Scene, styles: Styles, *, steps: bool) -> Iterator[str]:
    marks = Marks(scene, styles, readable_names(scene), steps=steps)
    corner = f"({number(scene.width)},{number(scene.height)})"
    paper = styles.colours[scene.paper]
    yield f"  \\path[use as bounding box] (0,0) rectangle {corner};"
    yield f"  \\scoped[on background layer] \\fill[{paper}] (0,0) rectangle {corner};"
    for drawing in drawings(scene):
        yield ""
        yield from (_drawing if drawing.name else _loose)(drawing, marks)


def _drawing(drawing: Drawing, marks: Marks) -> Iterator[str]:
    """What lies under the boxes, the boxes, and the lines between them, drawn behind."""
    yield f"  % ---- {comment(drawing.name)} ----"
    yield from _behind([*drawing.backdrops, *drawing.markers], marks)
    for home, inside in groupby(drawing.boxes, key=lambda group: group.within[1:]):
        if home:
            yield f"  % {comment(', '.join(home))}"
        for group in inside:
            yield from marks.group(group, "  ")
    if drawing.lines:
        yield "  % lines"
    yield from _behind(drawing.lines, marks)


def _loose(drawing: Drawing, marks: Marks) -> Iterator[str]:
    for role, groups in groupby(drawing.groups, key=lambda group: group.role):
        yield f"  % ---- {role} ----"
        for group in groups:
            yield from marks.group(group, "  ")


def _behind(groups: list[Group], marks: Marks) -> Iterator[str]:
    if groups:
        yield r"  \begin{scope}[on background layer]"
        for group in groups:
            yield from marks.group(group, "    ")
        yield r"  \end{scope}"
