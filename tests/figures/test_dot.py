"""Graphviz files: neato shows the figure as it was drawn, dot can lay it out anew."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any
from xml.etree import ElementTree

import pytest

from archlang.figures import draw
from archlang.figures.geometry import Rect
from archlang.figures.layout.graphviz import binary
from archlang.figures.scene.model import Group, Polygon, Route, Scene, Shape, Text
from archlang.figures.writers.dot import write_dot
from archlang.figures.writers.names import readable_names

HOSTILE = [
    r'\N \G \E \T \l \r \n "quoted" \\ \"',
    "]; evil [label=x]; } digraph { //",
    "<b>bold</b> & &amp; &#65; <!-- --> ]]>",
    "ends with a backslash \\",
    "new\nline\r\x00\x1b\u2028 中文 🙂 عربى é",
    "/* comment */ # x",
]


def rendered(text: str, *how: str) -> str:
    """What Graphviz makes of a file."""
    command = [binary()[0], *how]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    assert b"rror" not in done.stderr, done.stderr
    return done.stdout.decode()


def read(text: str, *how: str) -> dict[str, Any]:
    return json.loads(rendered(text, *how, "-Tjson0"))


def misplaced(scene: Scene, graph: dict[str, Any]) -> list[str]:
    """The boxes that are not where the scene has them, in points, or not of that size."""
    names = readable_names(scene)
    found = {o["name"]: o for o in graph["objects"]}
    wrong: list[str] = []
    for group in scene.groups:
        if group.role != "box" or group.bounds is None:
            continue
        node, rect = found[names[group.name]], group.bounds
        x, y = map(float, node["pos"].rstrip("!").split(","))
        off = abs(x - rect.centre[0]) + abs(scene.height - y - rect.centre[1])
        size = abs(float(node["width"]) * 72 - rect.w) + abs(float(node["height"]) * 72 - rect.h)
        wrong += [group.name] if off > 1 or size > 1 else []
    return wrong


def rerouted(scene: Scene, graph: dict[str, Any]) -> list[tuple[str, str]]:
    """The lines that do not begin or end where the scene has them, or are missing."""
    names = readable_names(scene)
    by_number = {o["_gvid"]: o["name"] for o in graph["objects"]}
    drawn: dict[tuple[str, str], list[str]] = {}
    for edge in graph["edges"]:
        ends = by_number[edge["tail"]], by_number[edge["head"]]
        drawn.setdefault(ends, []).append(edge["pos"])
    wrong: list[tuple[str, str]] = []
    for group in (g for g in scene.groups if g.ends):
        assert group.ends
        ends = names[group.ends[0]], names[group.ends[1]]
        route = next(m for m in group.marks if isinstance(m, Route))
        pos = drawn[ends].pop(0)
        points = [tuple(map(float, p.split(","))) for p in re.findall(r"[-\d.]+,[-\d.]+", pos)]
        got = (points[1], points[0]) if route.arrow else (points[0], points[-1])
        wanted = ((x, scene.height - y) for x, y in (route.points[0], route.points[-1]))
        pairs = zip(got, wanted, strict=True)
        if any(abs(gx - wx) + abs(gy - wy) > 1 for (gx, gy), (wx, wy) in pairs):
            wrong.append(group.ends)
    return wrong


def texts_of(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return ["".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")]


def boxes(texts: list[str]) -> Scene:
    """A scene with a box for each text, joined in a row, with everything hostile in it."""
    scene = Scene(500, 40.0 * len(texts) + 20, texts[0], "d", "#FFFFFF")
    for i, text in enumerate(texts):
        rect = Rect(10, 10 + 40 * i, 480, 30)
        row = Text(250, rect.y + 19.3, text, 12, colour="#1A1A1A")
        shape = Shape(rect, "#D9EEFB", "#56B4E9", 4, 1.1, texts=(row,))
        scene.groups.append(Group("box", f"b{i}", (shape,), text, bounds=rect, within=(text,)))
    heading = Text(0, 10, texts[2], 18, "start", bold=True, colour="#1A1A1A")
    scene.groups.append(Group("heading", "h", (heading,)))
    return scene


@pytest.mark.parametrize("network", ["LeNet5", "ResNet50", "GoogLeNet", "UNet", "DenseNet121"])
def test_neato_leaves_everything_in_its_place(network: str) -> None:
    scene = draw(network).scene
    graph = read(write_dot(scene), "-Kneato", "-n2")
    assert misplaced(scene, graph) == []
    assert rerouted(scene, graph) == []
    grounds = [g for g in scene.groups if g.role in ("ground", "frame")]
    clusters = [o for o in graph["objects"] if re.fullmatch(r"cluster_\d+", o["name"])]
    assert len(clusters) == len(grounds)


def test_dot_lays_it_out_anew() -> None:
    scene = draw("ResNet50").scene
    graph = read(write_dot(scene), "-Kdot")
    assert len(misplaced(scene, graph)) > 10
    assert len(rerouted(scene, graph)) > 10
    inset = next(o for o in graph["objects"] if "Bottleneck" in o.get("label", "") and "nodes" in o)
    assert len(inset["nodes"]) == 8


@pytest.mark.parametrize("network", ["LeNet5", "UNet"])
def test_all_labels_are_shown(network: str) -> None:
    scene = draw(network).scene
    shown = "\n".join(texts_of(rendered(write_dot(scene), "-Kneato", "-n2", "-Tsvg")))
    shown = shown.replace("\xa0", " ")
    assert [t.text for t in scene.texts if t.text not in shown] == []


def test_text_of_a_spec_is_only_text() -> None:
    scene = boxes(HOSTILE)
    text = write_dot(scene)
    graph = read(text, "-Kneato", "-n2")
    assert {o["name"] for o in graph["objects"]} == set(readable_names(scene).values())
    assert "edges" not in graph
    svg = rendered(text, "-Kneato", "-n2", "-Tsvg")
    shown = [t.replace("\xa0", " ") for t in texts_of(svg)]
    for said in (*HOSTILE[:4], HOSTILE[5]):
        assert said in shown
    assert any("new line" in t and t.endswith("中文 🙂 عربى é") for t in shown)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u2028]", text)


def test_names_are_readable_and_all_different() -> None:
    scene = draw("ResNet50").scene
    names = readable_names(scene)
    assert len(set(names.values())) == len(names)
    assert {"conv1", "layer1-0", "layer1-0-conv1", "output"} <= set(names.values())
    same = readable_names(boxes(["x"] * 3 + ["中", "x 2", ""]))
    assert len(set(same.values())) == 6
    assert all(re.fullmatch(r"[A-Za-z0-9-]+", name) for name in same.values())


def test_boxes_in_space_and_subscripts() -> None:
    face = Polygon(((20, 20), (80, 10), (80, 60), (20, 70)), "#D6E4F0", "#0072B2")
    label = Text(50, 90, "W_{s}", 10.5, colour="#555555", math=True)
    rect = Rect(20, 10, 60, 60)
    volume = Group("box", "v", (face, label), bounds=rect, within=("net",))
    scene = Scene(200, 100, "t", "d", "#FFFFFF", groups=[volume])
    assert misplaced(scene, read(write_dot(scene), "-Kneato", "-n2")) == []
    shown = texts_of(rendered(write_dot(scene), "-Kneato", "-n2", "-Tsvg"))
    assert shown == ["Wₛ"]


def test_the_same_text_on_every_run() -> None:
    assert write_dot(draw("ResNet50").scene) == write_dot(draw("ResNet50").scene)
