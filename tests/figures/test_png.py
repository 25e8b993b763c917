"""PNG figures, against the picture that librsvg makes of the same scene as SVG."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from functools import cache
from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageStat

from archlang import compiler
from archlang.figures import DrawingError, draw_scene
from archlang.figures.scene.model import Group, Scene, Text
from archlang.figures.writers.png import LONGER_SIDE, write_png
from archlang.figures.writers.svg import write_svg

from .programs import program

NETWORKS = ["LeNet5", "ResNet50"]
MORE = ["UNet", "DenseNet121", "GoogLeNet"]
CLOSE = 3.0
"""How much pictures of one scene differ at most, on average, of 255; of two networks, over 20."""
CELLS = (96, 60)
"""Into how many cells pictures are cut to find where they differ most."""
SAME = 22
"""How much a cell of pictures of one scene differs at most, of 255; a line too few is over 30."""


@cache
def scene(name: str) -> Scene:
    return draw_scene(compiler.graph(name))


@cache
def png(name: str) -> bytes:
    return write_png(scene(name))


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data)).convert("RGB")


def rsvg(name: str) -> Image.Image:
    command = [program("rsvg-convert"), "-w", "1440"]
    svg = write_svg(scene(name)).encode()
    return opened(subprocess.run(command, input=svg, capture_output=True, check=True).stdout)


def shrunk(picture: Image.Image) -> Image.Image:
    return picture.resize((480, 300), Image.Resampling.BOX)


def difference(a: Image.Image, b: Image.Image) -> float:
    """Mean difference of the pixels of two pictures, of 255."""
    return sum(ImageStat.Stat(ImageChops.difference(shrunk(a), shrunk(b))).mean) / 3


def worst(a: Image.Image, b: Image.Image) -> float:
    """The largest difference of the mean colours of two cells at the same place, of 255."""
    cells = [picture.resize(CELLS, Image.Resampling.BOX) for picture in (a, b)]
    return max(high for _, high in ImageChops.difference(*cells).getextrema())


@pytest.mark.parametrize(
    "name", [*NETWORKS, *(pytest.param(n, marks=pytest.mark.slow) for n in MORE)]
)
def test_it_shows_what_the_svg_shows(name: str) -> None:
    ours, theirs = opened(png(name)), rsvg(name)
    assert difference(ours, theirs) < CLOSE
    assert worst(ours, theirs) < SAME


def test_another_network_looks_different() -> None:
    assert difference(opened(png("LeNet5")), rsvg("ResNet50")) > 4 * CLOSE


def test_a_line_too_few_is_noticed() -> None:
    figure = scene("LeNet5")
    line = next(group for group in figure.groups if group.role == "line")
    less = replace(figure, groups=[group for group in figure.groups if group is not line])
    assert worst(opened(write_png(less)), rsvg("LeNet5")) > SAME


@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_sharp_and_has_the_size_of_the_scene(name: str) -> None:
    picture = Image.open(BytesIO(png(name)))
    figure = scene(name)
    assert abs(max(picture.size) - LONGER_SIDE) <= 1
    assert abs(picture.width / picture.height - figure.width / figure.height) < 0.002
    dots = picture.info["dpi"][0]
    assert abs(picture.width / dots * 72 - figure.width) < 0.5
    assert picture.info["Title"] == figure.title
    assert picture.info["Description"] == figure.description


@pytest.mark.parametrize("text", ["卷积层", "ひらがな", "합성곱", "🚀🔥", "ไทย", "שלום", "طبقة"])
def test_no_text_vanishes(text: str) -> None:
    label = Text(50, 30, text, 20, colour="#000000")
    figure = Scene(100, 50, text, text, "#FFFFFF", groups=[Group("box", "b", (label,))])
    picture = opened(write_png(figure)).convert("L")
    assert sum(picture.histogram()[:128]) > 1000
    bare = Scene(100, 50, text, text, "#FFFFFF")
    assert opened(write_png(bare)).convert("L").getextrema() == (255, 255)


def test_same_bytes_in_every_process() -> None:
    code = (
        "import sys; from archlang import compiler; from archlang.figures import draw_scene;"
        "from archlang.figures.writers.png import write_png;"
        "sys.stdout.buffer.write(write_png(draw_scene(compiler.graph('LeNet5'))))"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True, check=True).stdout == png("LeNet5")


def test_a_missing_library_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    with pytest.raises(DrawingError, match="pip install pypdfium2"):
        write_png(Scene(10, 10, "t", "d", "#FFFFFF"))
