"""The legend and what it explains: signs of merges, kinds of skips, halos of labels."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest

from archlang import compiler
from archlang.figures import draw_scene
from archlang.figures.geometry import Rect
from archlang.figures.options import Options, ViewName
from archlang.figures.scene import legend
from archlang.figures.scene.legend import Entry
from archlang.figures.scene.model import Route, Scene, Shape, Text
from archlang.figures.theme import DARK, THEMES
from tests.figures.checks import sampled

ZOO = [
    "LeNet5",
    "ResNet50",
    "UNet",
    "GoogLeNet",
    "DenseNet121",
    "Highway",
    "FractalNet",
    "SkipChain",
]


@cache
def scene(name: str) -> Scene:
    return draw_scene(compiler.graph(name))


def told(figure: Scene) -> dict[str, str]:
    groups = [g for g in figure.groups if g.role == "legend"]
    return {g.name: next(g.texts).text for g in groups}


@pytest.mark.parametrize("name", ZOO)
def test_the_legend_tells_what_occurs_and_no_more(name: str) -> None:
    figure = scene(name)
    kinds = {g.name for g in figure.groups if g.role == "line" and g.name != "flow"}
    merges = {
        g.tip.partition("\n")[0]
        for g in figure.groups
        if g.role == "box"
        and any(isinstance(m, Route) and not m.arrow and not m.curved for m in g.marks)
    }
    entries = told(figure)
    assert kinds <= entries.keys()
    families = {f for f in THEMES["light"].families if f in entries}
    fills = {
        (m.fill, m.stroke)
        for g in figure.groups
        if g.role == "box"
        for m in g.marks
        if isinstance(m, Shape)
    }
    paints = THEMES["light"].families
    assert all((paints[f].fill, paints[f].stroke) in fills for f in families)
    drawn = {"sum", "difference", "product", "concatenation"} & entries.keys()
    assert drawn <= merges and merges - {"sum"} <= drawn
    assert ("training" in entries) == any(
        isinstance(m, Shape) and m.dashed for g in figure.groups if g.role == "box" for m in g.marks
    )


@pytest.mark.parametrize("name", ZOO)
def test_the_legend_has_at_most_two_rows(name: str) -> None:
    marks = [next(g.texts) for g in scene(name).groups if g.role == "legend"]
    assert 1 <= len({text.y for text in marks}) <= 2
    for a, b in pairwise(marks):
        assert a.y < b.y or a.rect.right < b.rect.x


def test_what_readers_guess_takes_no_third_row() -> None:
    entries = [Entry("conv", "convolution"), Entry("sum", "sum"), Entry("repeat", "×N: N in a row")]
    roomy = sum(e.width for e in entries) + 100
    assert legend.rows(entries, roomy) == [entries]
    narrow = entries[2].width + 5
    assert legend.rows(entries, narrow) == [entries[:1], entries[1:2]]
    assert legend.rows(entries, narrow, most=1) == [entries[:1]]


@pytest.mark.parametrize("name", ["DenseNet121", "ResNet18", "ResNet50", "GoogLeNet"])
def test_grounds_and_sheets_are_told(name: str) -> None:
    figure = draw_scene(compiler.graph(name), Options(view="overview"))
    grounds = {g.name for g in figure.groups if g.role == "ground"}
    badges = {t.text for g in figure.groups if g.role == "box" for t in g.texts}
    entries = told(figure)
    assert grounds and (("stage" if all(grounds) else "ground") in entries)
    assert ("repeat" in entries) == any(t.startswith("×") for t in badges)


def test_what_can_be_spared_goes_where_room_is_short() -> None:
    kinds = ["unit", "conv", "linear", "pool", "norm", "regular", "shape"]
    entries = [Entry(kind, "x" * 20) for kind in kinds]
    narrow = 2 * entries[0].width + 40
    assert [e.kind for row in legend.rows(entries, narrow) for e in row] == kinds[:4]


def test_signs_of_merges_stand_in_their_circles() -> None:
    figure = scene("Highway")
    found: set[str] = set()
    for group in figure.groups:
        strokes = [m for m in group.marks if isinstance(m, Route) and not m.curved]
        if group.role == "box" and strokes and group.bounds is not None:
            found.add(group.tip.partition("\n")[0])
            (x, y), r = group.bounds.centre, group.bounds.w / 2
            ends = [p for stroke in strokes for p in stroke.points]
            assert all(abs((px - x) ** 2 + (py - y) ** 2 - r * r) < 0.01 for px, py in ends)
    assert {"sum", "product"} <= found


@pytest.mark.parametrize(("name", "view"), [("GoogLeNet", "layers"), ("UNet", "blocks")])
def test_halos_have_the_colour_of_what_labels_stand_on(name: str, view: ViewName) -> None:
    """Labels that touch no line have none; the others that of their ground, in any theme."""
    figure = draw_scene(compiler.graph(name), Options(theme="dark", view=view))
    lines = [g for g in figure.groups if g.role == "line"]
    routes = [m for g in lines for m in g.marks if isinstance(m, Route)]
    points = [Rect(x, y, 0, 0) for route in routes for x, y in sampled(route)]
    shapes = [m for g in figure.groups for m in g.marks[:1] if isinstance(m, Shape)]
    grounds = [shape.rect for shape in shapes if shape.fill == DARK.stage]
    halos: set[str] = set()
    for text in (t for g in lines for t in g.marks if isinstance(t, Text)):
        x, y = text.rect.centre
        grounded = any(ground.holds(Rect(x, y, 0, 0)) for ground in grounds)
        touched = any(text.rect.grown(-1).holds(point) for point in points)
        assert text.halo in ("", DARK.stage if grounded else DARK.paper)
        assert text.halo or not touched
        halos.add(text.halo)
    assert halos == ({DARK.stage, ""} if name == "GoogLeNet" else {""})
