"""Sizes that are tied, by a product or between inputs: the declared one is always among them."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from typer.testing import CliRunner

import archlang
from archlang.backends.calls import CallError
from archlang.cli.app import app
from archlang.graph import Graph

from .oracle import built, disagreements

FLAT = """network N:
    input 3x33x47
    conv(4, 3x3, stride=2) -> relu -> maxpool(2x2) -> flatten -> fc(10)
"""
MET = """network N:
    input left: 1x{0}x{0}
    input right: 3x32x32
    l = left -> conv(8, 3x3, stride=2)
    l ++ right
    gap -> flatten -> fc(10)
"""
VOLUME = """network N:
    input 1x16x32x32
    conv(4, 3x3x3, stride=2) -> flatten -> fc(10)
"""
SPREAD = """network N:
    input 3x32x48
    conv(4, 4x4, stride=4, pad=0) -> inorm
"""


@pytest.mark.parametrize("text", [FLAT, MET.format(64), MET.format(63), VOLUME, SPREAD])
def test_the_declared_size_is_shown(text: str) -> None:
    made = built(text)
    found = archlang.sizes(made)
    for axis in found.asked.axes:
        assert axis.size in found.rule(axis.input, axis.position - 1)
    wanted = [made.nodes[i].shape[1:] for i in made.inputs]
    assert found.legal(*wanted)
    assert found.nearest(*(tuple(n + 900 for n in shape) for shape in wanted))


def test_a_product_shows_ranges() -> None:
    text = str(archlang.sizes(built(FLAT)))
    assert "H       31…34" in text and "W       47…50" in text
    assert "it would also run on H 23…26 with W 63…66" in text
    made = built(FLAT)
    grid = [((h, w),) for h, w in product((30, 31, 34, 35), (46, 47, 50, 51))]
    assert disagreements(made, grid) == []
    assert [archlang.sizes(made).legal(*size[0]) for size in grid].count(True) == 4
    assert "H, W    31, 32" in str(archlang.sizes(built(VOLUME)))


def _near(made: Graph, *size: tuple[int, int]) -> tuple[object, ...]:
    return archlang.sizes(made).nearest(*size)


def test_nearest_of_tied_sizes() -> None:
    assert _near(built(FLAT), (60, 60))[0] == (34, 50)
    small, large = ((60, 60), (30, 30)), ((64, 64), (32, 32))
    assert _near(built(MET.format(64)), (64, 64), (30, 30)) == (small, large)
    made = built(MET.format(63))
    assert "left.H = 2n − 1, right.H = n" in str(archlang.sizes(made))
    pairs = [((n, n), (m, m)) for n, m in product((61, 62, 63, 64, 65), (31, 32, 33))]
    assert disagreements(made, pairs) == []


def test_unlike_batches_are_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("tied") / "n.arch"
    file.write_text(MET.format(64), encoding="utf-8")
    model = archlang.load(str(file))
    with pytest.raises(CallError, match="left has 2 samples, right 3"):
        model(torch.zeros(2, 1, 64, 64), torch.zeros(3, 3, 32, 32))


@pytest.mark.parametrize(
    ("near", "words"), [("5x5x5", "not 5x5x5"), ("0", "not 0"), ("60x60", "34x50")]
)
def test_words_of_near(tmp_path_factory: pytest.TempPathFactory, near: str, words: str) -> None:
    file = tmp_path_factory.mktemp("tied") / "n.arch"
    file.write_text(FLAT, encoding="utf-8")
    done = CliRunner().invoke(app, ["sizes", str(file), "--near", near])
    assert words in done.output + done.stderr
    listed = CliRunner().invoke(app, ["sizes", str(file), "--upto", "70"]).output
    assert "31…34" in listed and "47…50" in listed


def test_a_vector_has_no_size_to_choose(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("tied") / "n.arch"
    file.write_text("network N:\n    input 784\n    fc(10)\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["sizes", str(file), "--near", "99"])
    assert done.exit_code != 0
    assert "takes 784; it has no size to choose" in " ".join(done.stderr.split())


def test_a_missing_axis_is_named() -> None:
    found = archlang.sizes("UNet")
    with pytest.raises(ValueError, match="no axis 5"):
        found.rule(axis=5)
    assert repr(found.rule()) == "<Legal n ≡ 12 (mod 16), n ≥ 188>"
