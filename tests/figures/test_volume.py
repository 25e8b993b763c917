"""Figures in the volume style: true to the shapes, nothing over anything else, readable."""

from __future__ import annotations

from functools import cache
from itertools import combinations, pairwise

import pytest

from archlang import compiler
from archlang.diagnostics.model import SpecError
from archlang.figures import draw_scene
from archlang.figures.geometry import Rect, around
from archlang.figures.layout.volume import rows, slabs, solids
from archlang.figures.options import FITS, FitName, Options, ThemeName
from archlang.figures.scene.compose import compose
from archlang.figures.scene.model import Group, Polygon, Route, Scene, Shape
from archlang.figures.scene.volume import solid_theme
from archlang.figures.theme import THEMES
from archlang.figures.view.build import views
from archlang.figures.view.model import Box, View
from archlang.graph import Graph
from archlang.zoo import zoo
from figures.checks import aspect, extent, sampled, smallest_text

VOLUME = Options(style="volume")
SHOWN = [
    "LeNet5", "AlexNet", "VGG16", "ResNet50", "UNet", "DenseNet121", "GoogLeNet", "FractalNet",
    "Highway", "NIN", "SkipChain",
]  # fmt: skip
OPENED = {"ResNet18": 1, "GoogLeNet": 1, "FractalNet": 1, "Highway": 1}
"""Networks with branches and skips in the picture, and the levels of units that are open."""


@cache
def graph(name: str) -> Graph:
    return compiler.graph(name)


@cache
def drawn(name: str, depth: int | None = None) -> tuple[View, Scene]:
    """The fullest view of a network with its scene."""
    options = Options(style="volume", depth=depth)
    view = next(iter(views(graph(name), options)))
    return view, compose(view, options)


def fresh(name: str) -> tuple[View, Scene]:
    """The same, drawn anew."""
    view = next(iter(views(graph(name), VOLUME)))
    return view, compose(view, VOLUME)


def faces(group: Group) -> list[Rect]:
    """The fronts of the solids of a box, from left to right: upright rectangles, not bands."""
    upright: list[Rect] = []
    for mark in group.marks:
        if isinstance(mark, Polygon):
            xs, ys = {x for x, _ in mark.points}, {y for _, y in mark.points}
            if len(xs) == len(ys) == 2:
                upright.append(Rect(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)))
    return [r for r in upright if not any(s is not r and s.holds(r) for s in upright)]


def silhouettes(scene: Scene) -> dict[str, Rect]:
    """The room that the faces of each box take."""
    found: dict[str, Rect] = {}
    for group in scene.groups:
        if group.role == "box":
            points = [p for m in group.marks if isinstance(m, Polygon) for p in m.points]
            rects = [Rect(x, y, 0, 0) for x, y in points]
            rects += [m.rect for m in group.marks if isinstance(m, Shape)]
            found[group.name] = around(rects)
    return found


def tensors(name: str, box: Box) -> list[tuple[int, ...]]:
    """The shapes that a box has to show, from the graph: its map, and the vector made of it."""
    shapes = [graph(name).nodes[n].shape for n in box.nodes]
    if box.family == "merge" or not shapes:
        return []
    maps = [s for s in shapes if len(s) > 1]
    if len(shapes[-1]) > 1 or not maps or box.folded or max(maps[-1][1:]) == 1:
        return [shapes[-1]]
    return [maps[-1], shapes[-1]]


def measured(name: str, view: View, scene: Scene) -> list[tuple[tuple[int, ...], Rect]]:
    """Each tensor that is shown, with its front face."""
    groups = {g.name: g for g in scene.groups if g.role == "box"}
    found: list[tuple[tuple[int, ...], Rect]] = []
    for box in view.main.boxes:
        fronts, shapes = faces(groups[f"p0b{box.id}"]), tensors(name, box)
        assert len(fronts) == len(shapes), box.caption
        found += zip(shapes, fronts, strict=True)
    return found


def untrue(pairs: list[tuple[tuple[int, ...], Rect]]) -> list[str]:
    """Slabs whose widths or heights are not in the order of their channels or rows."""
    found: list[str] = []
    for (a, r), (b, s) in combinations(pairs, 2):
        if len(a) == len(b) == 1:
            found += [] if _agree(a[0], b[0], r.h, s.h) else [f"length of {a} and {b}"]
        if len(a) > 1 and len(b) > 1:
            found += [] if _agree(a[0], b[0], r.w, s.w) else [f"width of {a} and {b}"]
            found += [] if _agree(a[-2], b[-2], r.h, s.h) else [f"height of {a} and {b}"]
    return found


def _agree(a: int, b: int, x: float, y: float) -> bool:
    if a == b:
        return abs(x - y) < 1e-6
    return (a < b) == (x < y) and abs(x - y) > 1e-6


def over_each_other(scene: Scene) -> list[str]:
    """Slabs over slabs, texts over slabs, texts over texts, lines through slabs that are not
    theirs."""
    bodies = silhouettes(scene)
    found = [f"{a} over {b}" for (a, r), (b, s) in combinations(bodies.items(), 2) if r.overlaps(s)]
    solid = [
        (g.name, around([Rect(x, y, 0, 0) for x, y in m.points]))
        for g in scene.groups
        for m in g.marks
        if isinstance(m, Polygon)
    ]
    written = [
        (mark, extent(mark))
        for g in scene.groups
        for mark in g.texts
        if not any(isinstance(m, Shape) and mark in m.texts for m in g.marks)
    ]
    for text, room in written:
        found += [f"{text.text!r} over {b}" for b, r in solid if room.overlaps(r, 0.5)]
    found += [
        f"{a.text!r} over {b.text!r}"
        for (a, r), (b, s) in combinations(written, 2)
        if r.overlaps(s, 0.5)
    ]
    for group in scene.groups:
        for route in group.marks if group.ends else ():
            if isinstance(route, Route):
                path = [Rect(x, y, 0, 0) for x, y in sampled(route)]
                others = {b: r.grown(-0.5) for b, r in bodies.items() if b not in group.ends}
                crossed = [b for b, r in others.items() if any(r.holds(p) for p in path)]
                found += [f"{group.ends} through {b}" for b in crossed]
    return found


@pytest.mark.parametrize("name", SHOWN)
def test_sizes_follow_the_shapes(name: str) -> None:
    pairs = measured(name, *drawn(name))
    assert len(pairs) > 3
    assert not untrue(pairs)


def test_sizes_that_do_not_follow_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not untrue(measured("VGG16", *fresh("VGG16")))
    monkeypatch.setattr(solids, "breadth", lambda channels: 20.0 - channels**0.2)
    assert any("width" in problem for problem in untrue(measured("VGG16", *fresh("VGG16"))))
    monkeypatch.setattr(solids.Scale, "extent", lambda self, size: 40.0)
    assert any("height" in problem for problem in untrue(measured("VGG16", *fresh("VGG16"))))


def mislabelled(name: str, view: View, scene: Scene) -> list[str]:
    """Tensors whose channels are not below their front, or whose size in space was last said
    otherwise."""
    groups = {g.name: g for g in scene.groups if g.role == "box"}
    feeding = {line.head: line.tail for line in view.main.lines if line.kind == "flow"}
    said: dict[int, str] = {}
    found: list[str] = []
    for box in view.main.boxes:
        texts = [(t.text, extent(t)) for t in groups[f"p0b{box.id}"].texts]
        space = said.get(feeding.get(box.id, -1), "")
        shapes, fronts = tensors(name, box), faces(groups[f"p0b{box.id}"])
        for shape, front in zip(shapes, fronts, strict=True):
            below = [t for t, r in texts if 0 < r.y - front.bottom < 6 and _beside(r, front)]
            found += [] if str(shape[0]) in below else [f"channels of {shape}: {below}"]
            above = [t for t, r in texts if r.bottom < front.y and "×" in t and t[0].isdigit()]
            space = above[0] if above else space
            if len(shape) > 1 and space != "×".join(map(str, shape[1:])):
                found.append(f"size of {shape}: {space}")
        said[box.id] = space
    return found


def _beside(text: Rect, front: Rect) -> bool:
    return text.x < front.right + 8 and front.x - 8 < text.right


@pytest.mark.parametrize("name", [n for n in SHOWN if n != "SkipChain"])
def test_labels_say_the_shapes(name: str) -> None:
    assert not mislabelled(name, *drawn(name))


def test_wrong_labels_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solids.Solid, "channels", property(lambda self: "7"))
    assert mislabelled("AlexNet", *fresh("AlexNet"))
    monkeypatch.undo()
    monkeypatch.setattr(solids.Solid, "space", property(lambda self: "9×9"))
    assert mislabelled("AlexNet", *fresh("AlexNet"))


@pytest.mark.parametrize("name", SHOWN)
def test_nothing_lies_over_anything_else(name: str) -> None:
    assert not over_each_other(drawn(name)[1])
    assert not over_each_other(draw_scene(graph(name), VOLUME))


def test_overlaps_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_clear", lambda left, right, look: 12.0)
    problems = over_each_other(fresh("AlexNet")[1])
    assert any(p.startswith("p0b") and " over " in p for p in problems)
    assert any(p.startswith("'") for p in problems)


def test_lines_through_slabs_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slabs.Slab, "leaving", property(lambda self: self.front.centre))
    monkeypatch.setattr(rows, "_LEVEL", -60.0)
    assert any(" through " in problem for problem in over_each_other(fresh("UNet")[1]))


@pytest.mark.parametrize("name", SHOWN)
def test_it_can_be_read_on_a_slide(name: str) -> None:
    scene = draw_scene(graph(name), VOLUME)
    assert smallest_text(scene, FITS["16:9"]) >= 10
    assert 0.999 <= aspect(scene) <= 2.401
    page = Rect(0, 0, scene.width, scene.height)
    assert all(page.holds(extent(text), 0.5) for text in scene.texts)
    assert all(page.holds(rect) for rect in silhouettes(scene).values())


@pytest.mark.parametrize("name", OPENED)
def test_branches_and_skips_of_open_units(name: str) -> None:
    view, scene = drawn(name, OPENED[name])
    names = [g.name for g in scene.groups if g.role == "box"]
    assert sorted(names) == sorted(f"p0b{box.id}" for box in view.main.boxes)
    bodies = silhouettes(scene)
    assert not [1 for r, s in combinations(bodies.values(), 2) if r.overlaps(s)]
    ends = [g.ends for g in scene.groups if g.role == "line"]
    expected = [(f"p0b{line.tail}", f"p0b{line.head}") for line in view.main.lines]
    assert sorted(e for e in ends if e) == sorted(expected)
    assert not untrue(measured(name, view, scene))


@pytest.mark.parametrize("name", SHOWN)
def test_lines_join_the_faces_of_their_ends(name: str) -> None:
    view, scene = drawn(name)
    bodies = silhouettes(scene)
    lines = [g for g in scene.groups if g.role == "line"]
    assert len(lines) == len(view.main.lines)
    for group in lines:
        route = next(m for m in group.marks if isinstance(m, Route))
        assert group.ends is not None
        for (x, y), end in zip((route.points[0], route.points[-1]), group.ends, strict=True):
            assert bodies[end].grown(1.0).holds(Rect(x, y, 0, 0)), group.ends


def test_unet_is_one_row_with_nested_skips_above() -> None:
    view, scene = drawn("UNet")
    fronts = {g.name: g.bounds for g in scene.groups if g.role == "box" and g.bounds}
    row = [fronts[f"p0b{box.id}"] for box in view.main.boxes]
    assert all(a.right < b.x for a, b in pairwise(row))
    assert max(r.centre[1] for r in row) - min(r.centre[1] for r in row) < 0.01
    long = [g for g in scene.groups if g.role == "line" and g.name == "long"]
    arcs = [m for g in long for m in g.marks if isinstance(m, Route)]
    spans = sorted((min(y for _, y in m.points), m.points[0][0], m.points[-1][0]) for m in arcs)
    assert len(spans) == 4
    assert all(a < c and d < b for (_, a, b), (_, c, d) in pairwise(spans))


def test_heads_for_training_stand_beside_the_row() -> None:
    view, scene = drawn("GoogLeNet")
    fronts = {g.name: g.bounds for g in scene.groups if g.role == "box" and g.bounds}
    heads = [box.id for box in view.main.boxes if box.training and box.nodes]
    assert len(heads) == 2
    dashed = {g.name for g in scene.groups for m in g.marks if isinstance(m, Polygon) and m.dashed}
    assert dashed == {f"p0b{k}" for k in heads}
    tails = {line.head: line.tail for line in view.main.lines}
    for head in heads:
        assert fronts[f"p0b{head}"].bottom < fronts[f"p0b{tails[head]}"].y


def test_activations_are_bands_on_the_slab_of_their_layer() -> None:
    view, scene = drawn("LeNet5")
    group = next(g for g in scene.groups if g.name == "p0b1" and g.role == "box")
    polygons = [m for m in group.marks if isinstance(m, Polygon)]
    theme = THEMES["light"].families
    assert view.main.boxes[1].caption.under == "tanh"
    strokes = [p.stroke for p in polygons]
    assert strokes == [theme["conv"].stroke] * 3 + [theme["activation"].stroke] * 3
    pool = next(g for g in scene.groups if g.name == "p0b2" and g.role == "box")
    assert {m.stroke for m in pool.marks if isinstance(m, Polygon)} == {theme["pool"].stroke}


def test_legend_explains_the_colours_that_are_seen() -> None:
    for name in ("LeNet5", "ResNet50"):
        scene = drawn(name)[1]
        families = THEMES["light"].families
        seen = {m.stroke for g in scene.groups for m in g.marks if isinstance(m, Polygon)}
        told = {g.name for g in scene.groups if g.role == "legend"} & families.keys()
        assert {families[f].stroke for f in told} | {families["input"].stroke} == seen


def test_a_highlighted_part_is_accented() -> None:
    scene = draw_scene(graph("ResNet50"), Options(style="volume", highlight=("layer3",)))
    accent = THEMES["light"].accent
    marked = [
        g.name
        for g in scene.groups
        for m in g.marks
        if g.role == "box" and isinstance(m, Polygon) and m.stroke == accent
    ]
    assert len(set(marked)) == 2
    plain = drawn("ResNet50")[1]
    assert not [
        m for g in plain.groups for m in g.marks if isinstance(m, Polygon) and m.stroke == accent
        and g.name in marked
    ]  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_the_faces_of_a_slab_are_told_apart(theme: ThemeName) -> None:
    scene = draw_scene(graph("ResNet50"), Options(style="volume", theme=theme))
    for group in scene.groups:
        polygons = [m for m in group.marks if isinstance(m, Polygon)]
        for k in range(0, len(polygons) - 2, 3):
            if group.role == "box" and len({m.stroke for m in polygons[k : k + 3]}) == 1:
                assert len({m.fill for m in polygons[k : k + 3]}) >= 2
    assert solid_theme(THEMES[theme]).families.keys() == THEMES[theme].families.keys()


@pytest.mark.parametrize("fit", ["4:3", "a4", "column"])
def test_rows_follow_the_place(fit: FitName) -> None:
    scene = draw_scene(graph("AlexNet"), Options(style="volume", fit=fit))
    assert not over_each_other(scene)
    assert FITS[fit].narrowest - 0.001 <= aspect(scene) <= FITS[fit].widest + 0.001


def test_steps_reveal_one_slab_after_the_other() -> None:
    scene = drawn("AlexNet")[1]
    found = {g.name: g.step for g in scene.groups if g.role == "box"}
    assert [found[f"p0b{k}"] for k in range(len(found))] == list(range(1, len(found) + 1))


@pytest.mark.parametrize("name", ["ResNet50", "UNet", "GoogLeNet"])
def test_scenes_are_the_same_on_every_run(name: str) -> None:
    assert draw_scene(compiler.graph(name), VOLUME).groups == draw_scene(graph(name), VOLUME).groups


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(zoo()))
def test_the_whole_zoo(name: str) -> None:
    try:
        graph(name)
    except SpecError as problem:
        assert "E0302" in str(problem)  # a family: it needs arguments
        return
    view, full = drawn(name)
    assert not untrue(measured(name, view, full))
    scene = draw_scene(graph(name), VOLUME)
    assert not over_each_other(scene)
    assert smallest_text(scene, FITS["16:9"]) >= 10
    assert 0.999 <= aspect(scene) <= 2.401
