"""SVG in a real browser: all text is there, within its box in the browser's own letters."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from archlang import compiler
from archlang.figures import draw, draw_scene
from archlang.figures.geometry import Rect
from archlang.figures.options import Options
from archlang.figures.scene.model import Group, Scene, Shape, Text
from archlang.figures.writers.svg import write_svg
from tests.figures.browser import dom, seen

NETWORKS = ["LeNet5", "ResNet50", "UNet", "GoogLeNet"]
MORE = ["AlexNet", "VGG16", "ResNet18", "ResNet152", "DenseNet121", "FractalNet", "Highway"]
SLACK = 0.7
"""Pixels of the browser that a box of letters may stand over: it is rounded to whole ones."""

HOSTILE = [
    "&<>\"'", "]]>", "<script>harm=1</script>", "</text></svg><img src=x onerror=harm=1>",
    "&amp;lt;", "<!-- -->", "a\x00b\x1bc", "{{7*7}}", "卷积神经网络", "тест",
    "שלום שכבה", "طبقة", "\u202egnp.exe",
    "🙂👩‍💻", "javascript:harm=1", "${harm=1}", "é ü ñ", "\\textbf{x}", "%s%n", "url(#x)",
]  # fmt: skip


@cache
def scene(name: str) -> Scene:
    return draw_scene(compiler.graph(name))


def leaving(figure: dict[str, Any]) -> list[str]:
    """Texts that leave their box or the figure."""
    rooms = [
        (text, room)
        for text in figure["texts"]
        for room in (figure["page"], text["box"] if text["role"] == "archlang-box" else None)
    ]
    return [text["text"] for text, room in rooms if room and not holds(room, text["at"])]


def holds(room: list[float], inner: list[float]) -> bool:
    """Whether a rectangle (left, top, right, bottom) holds another."""
    over = [room[0] - inner[0], room[1] - inner[1], inner[2] - room[2], inner[3] - room[3]]
    return max(over) <= SLACK


def check(names: list[str], folder: Path, **wishes: str) -> None:
    scenes = [
        draw_scene(compiler.graph(name), Options(**wishes)) if wishes else scene(name)
        for name in names
    ]
    found = seen([write_svg(s) for s in scenes], folder)
    assert len(found["figures"]) == len(names) and found["harm"] == 0
    for figure, made in zip(found["figures"], scenes, strict=True):
        assert [t["text"] for t in figure["texts"]] == [t.text for t in made.texts]
        assert leaving(figure) == []
        assert sum(t["box"] is not None for t in figure["texts"]) > 3
        assert figure["scripts"] == 0
        # the title and the description are found by name, and by no other figure's
        assert figure["name"] == [[made.title], [made.description]]


def test_labels_are_in_their_boxes(tmp_path: Path) -> None:
    check(NETWORKS, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("view", ["overview", "blocks"])
@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_labels_are_in_their_boxes_everywhere(tmp_path: Path, theme: str, view: str) -> None:
    check(NETWORKS + MORE, tmp_path, theme=theme, view=view)


def test_labels_out_of_their_boxes_are_found(tmp_path: Path) -> None:
    """Canary: larger letters in the same boxes."""
    larger = re.sub(r'font-size="12"', 'font-size="15"', write_svg(scene("ResNet50")))
    found = seen([larger], tmp_path)
    assert "Bottleneck 128, /2" in leaving(found["figures"][0])


def hostile() -> Scene:
    made = Scene(400, 30 * len(HOSTILE), HOSTILE[2], " ".join(HOSTILE), "#FFFFFF")
    for k, label in enumerate(HOSTILE):
        text = Text(200, 30 * k + 20, label, 12, colour="#000000")
        shape = Shape(Rect(1, 30 * k + 1, 398, 28), "#FFFFFF", "#000000", texts=(text,))
        made.groups.append(Group("box", f"b{k}", (shape,), label))
    return made


def test_hostile_labels_stay_text(tmp_path: Path) -> None:
    found = seen([write_svg(hostile())], tmp_path)
    (figure,) = found["figures"]
    assert found["harm"] == 0 and figure["scripts"] == 0
    assert figure["tags"] == ["desc", "g", "rect", "text", "title"]
    expected = [re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", label) for label in HOSTILE]
    assert [t["text"] for t in figure["texts"]] == expected
    assert figure["tips"] == expected


def test_unescaped_labels_would_do_harm(tmp_path: Path) -> None:
    """Canary: the same figure with its texts as they are."""
    raw = write_svg(hostile()).replace("&lt;", "<").replace("&gt;", ">").replace("&#x27;", "'")
    assert seen([raw], tmp_path)["harm"] == 1


def test_a_file_of_its_own_is_well_formed(tmp_path: Path) -> None:
    for name, made in (("hostile", hostile()), ("UNet", scene("UNet"))):
        file = tmp_path / f"{name}.svg"
        file.write_text(write_svg(made), "utf-8")
        shown = dom(file, tmp_path)
        assert "parsererror" not in shown and "This page contains" not in shown
        assert shown.count("<text") == len(list(made.texts))


def test_nothing_is_loaded_and_nothing_runs() -> None:
    for name in NETWORKS:
        svg = write_svg(scene(name))
        assert re.findall(r"https?://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]
        assert not re.search(r"<(script|style|image|use|a|foreignObject|metadata)\b", svg)
        assert not re.search(r'\s(on\w+|href|xlink:href|style)="|url\(', svg)


def test_readers_of_the_screen_are_told() -> None:
    root = ElementTree.fromstring(write_svg(scene("ResNet50")))
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img" and root.get("viewBox")
    ids = [root.find(f"{space}{tag}").get("id") for tag in ("title", "desc")]
    assert root.get("aria-labelledby") == " ".join(ids)
    for group in root.iter(f"{space}g"):
        if group.get("class") == "archlang-box":
            assert group.findtext(f"{space}title")
    tips = [e.text or "" for e in root.iter(f"{space}title")]
    assert any(tip.startswith("sum\n") for tip in tips), "⊕ is drawn, so it has to be said"


def test_names_are_the_figures_own() -> None:
    """Two figures in one page do not share names; the same figure has the same on every run."""
    found = [set(re.findall(r'id="([^"]+)"', write_svg(scene(n)))) for n in NETWORKS]
    assert all(len(ids) == 2 for ids in found)
    assert len(set().union(*found)) == 2 * len(NETWORKS)
    classes = set(re.findall(r'class="([^"]+)"', write_svg(scene("ResNet50"))))
    assert classes and all(name.startswith("archlang-") for name in classes)
    assert write_svg(scene("UNet")) == draw("UNet").svg


def test_files_are_small() -> None:
    for name in NETWORKS:
        assert len(write_svg(scene(name))) < 64_000
