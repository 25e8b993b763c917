"""Pictures of receptive fields: where rectangles lie, that labels lie apart, what is left out."""

from __future__ import annotations

import re
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from archlang import network
from archlang.analysis.receptive.shown import shown_at
from archlang.diagnostics.model import SpecError
from archlang.plots.fields import MOST, _apart, _marks, hold_drawable, picture_of_fields
from archlang.plots.images import read_image


def picture(name: str, suffix: str = ".svg", image: Image.Image | None = None) -> tuple[str, str]:
    graph = network(name)
    content, remark = picture_of_fields(suffix, graph, shown_at(graph, (), None), image)
    return content.decode("latin-1"), remark


def labels(svg: str) -> dict[str, tuple[float, float]]:
    """The labels of fields with where they begin and their height."""
    found = re.findall(r'<text[^>]* x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]+)</text>', svg)
    return {
        text: (float(x), float(y)) for x, y, text in found if ": " in text and "sees" not in text
    }


@pytest.mark.parametrize("name", ["ResNet50", "DenseNet121", "LeNet5"])
def test_every_stage_has_its_label_and_none_lies_on_another(name: str) -> None:
    graph = network(name)
    svg, remark = picture(name)
    found = labels(svg)
    placed = [s for s in shown_at(graph, (), None) if s.field.placed]
    assert not remark and len(found) == len(placed)
    for s in placed:
        assert any(text.startswith(f"{s.name}: {s.field.text()}") for text in found)
    heights = sorted(y for _, y in found.values())
    assert all(b - a >= 15 for a, b in pairwise(heights))  # of 13 points
    assert heights[0] > 10 and heights[-1] < 5.6 * 72 - 10


def test_fields_beyond_the_picture_are_said_to_be_cut_off() -> None:
    svg, _ = picture("DenseNet121")
    cut = [text for text in labels(svg) if text.endswith("cut off")]
    assert sorted(text.split(":")[0] for text in cut) == [
        "denseblock3",
        "denseblock4",
        "transition3",
    ]


def test_too_many_fields_are_thinned_out() -> None:
    svg, remark = picture("GoogLeNet")
    found = labels(svg)
    assert remark == f"the picture shows {MOST} of 15 fields; --at chooses others"
    assert len(found) == MOST
    assert {text.split(":")[0] for text in found} >= {"conv1", "inception5b"}


def test_equal_fields_are_one_and_a_label_says_what_is_drawn() -> None:
    graph = network("UNet")
    marks = _marks(shown_at(graph, (), None))
    assert len({(m.begin, m.end) for m in marks}) == len(marks) == 11
    # the greatest field of the output is 204, but that of the middle unit is 188
    assert (marks[-1].name, marks[-1].text) == ("double3 … conv1", "188")
    assert marks[-1].end[0] - marks[-1].begin[0] == 188


def test_labels_move_as_little_as_possible() -> None:
    assert _apart([0.2, 0.6]) == [0.2, 0.6]
    near = _apart([0.5, 0.5])
    assert sum(near) == pytest.approx(1.0) and near[1] - near[0] == pytest.approx(0.056)
    edge = _apart([0.99, 0.995, 0.999])
    assert edge[-1] < 0.96 and edge == sorted(edge)
    assert all(b - a > 0.0559 for a, b in pairwise(_apart([0.1, 0.3, 0.31, 0.32, 0.5, 0.51])))


def test_equal_fields_give_equal_files() -> None:
    assert picture("LeNet5", ".png") == picture("LeNet5", ".png")
    assert picture("LeNet5", ".pdf")[0].startswith("%PDF")


def test_an_image_lies_under_the_fields(tmp_path: Path) -> None:
    path = tmp_path / "red.png"
    Image.new("RGB", (640, 480), "red").save(path)
    image = read_image(path)
    content, _ = picture("VGG16", ".png", image)
    drawn = Image.open(BytesIO(content.encode("latin-1"))).convert("RGB")
    plain = Image.open(BytesIO(picture("VGG16", ".png")[0].encode("latin-1"))).convert("RGB")
    reds = [
        sum(count for count, colour in found.getcolors(2**24) or () if colour == (255, 0, 0))
        for found in (drawn, plain)
    ]
    assert reds[0] > 100_000 and reds[1] == 0


def test_large_and_turned_images_are_read(tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (3200, 1000)).save(path, exif=exif)
    assert read_image(path).size == (500, 1600)


def test_a_volume_cannot_be_drawn(tmp_path: Path) -> None:
    path = tmp_path / "volume.arch"
    path.write_text("network V:\n    input 1x8x8x8\n    conv(2, 3)\n", encoding="utf-8")
    with pytest.raises(SpecError, match="E0803"):
        hold_drawable(network(str(path)))
