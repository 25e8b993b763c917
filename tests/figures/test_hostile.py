"""Figures of specs that mean harm, and of machines without Graphviz."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from archlang import compiler
from archlang.figures import DrawingError, draw_svg
from archlang.figures.layout.graphviz import DotEdge, DotGraph, layouts
from archlang.figures.scene.model import Group, Scene, Text
from archlang.figures.writers.svg import write_svg

SPEC = '''
block Unit(C, mode):
    """]]> & <b>"quoted"</b> \\\\N -->"""
    conv(C, 3x3) -> bn + x -> relu

network Net:
    """A & B < C > "D" </desc><script/>"""
    input left: 8x16x16
    input right: 8x16x16
    12 * Unit(8, mode="</svg><script>alert(1)</script>")
    output one = identity ++ left -> conv(4, 1x1)
    output two = right -> conv(4, 1x1) when training
'''


@pytest.fixture
def spec(tmp_path: Path) -> str:
    file = tmp_path / "net.arch"
    file.write_text(SPEC.replace("    12 * Unit", "    left -> 12 * Unit"), "utf-8")
    return str(file)


def test_text_of_a_spec_is_only_text(spec: str) -> None:
    svg = draw_svg(compiler.graph(spec))
    root = ElementTree.fromstring(svg)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "rect", "g", "path", "text"}
    titles = [e.text or "" for e in root.iter("{http://www.w3.org/2000/svg}title")]
    assert any("<script>alert(1)</script>" in t for t in titles)
    assert 'A & B < C > "D"' in (root.findtext("{http://www.w3.org/2000/svg}desc") or "")


def test_control_characters_are_left_out() -> None:
    text = Text(0, 0, "a\x00b\x1b\ud800c<&>\"'", 10)
    scene = Scene(10, 10, "t\x07", "d", "#FFFFFF", groups=[Group("box", "b", (text,))])
    root = ElementTree.fromstring(write_svg(scene))
    assert root.findtext(".//{http://www.w3.org/2000/svg}text") == "abc<&>\"'"


def test_no_graphviz_says_what_to_do(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = compiler.graph(spec)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(DrawingError, match="pip install graphviz-pure"):
        draw_svg(graph)


def test_a_failing_graphviz_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "graphviz-pure"
    fake.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    fake.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: str(fake))
    with pytest.raises(DrawingError, match="broken"):
        layouts([DotGraph([(10, 10)], [])])


def test_layout_gives_sizes_back_in_points() -> None:
    (answer,) = layouts([DotGraph([(100, 20), (40, 20)], [DotEdge(0, 1)], ranksep=30)])
    (ax, ay), (bx, by) = answer.centres
    assert abs(ax - bx) < 1 and abs(by - ay - 50) < 1
    assert abs(answer.routes[0][0][1] - (ay + 10)) < 1
