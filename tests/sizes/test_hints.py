"""What a spec is told where the size of its input is the mistake."""

from __future__ import annotations

import pytest

import archlang
from archlang.compiler import check_text, graph
from archlang.diagnostics.model import Severity

FITS_NOT = """
network N:
    input 3x30x32
    a = conv(4)
    b = maxpool(4x4) -> upsample(4)
    a ++ b
"""


@pytest.mark.parametrize(
    ("given", "words"),
    [({"H": 570}, "H = 560 or 576 (n ≡ 0 (mod 16), n ≥ 16)"),
     ({"H": 570, "W": 570}, "H = W = 560 or 576"), ({"H": 8}, "H = 16 (")],
)  # fmt: skip
def test_a_parameter_names_the_nearest(given: dict[str, int], words: str) -> None:
    with pytest.raises(archlang.SpecError) as caught:
        graph("UNetPadded", **given)
    assert words in (caught.value.diagnostics[0].help or "")
    for number in (560, 576):
        graph("UNetPadded", H=number)


def test_a_size_in_the_line_of_the_input() -> None:
    (found,) = check_text(FITS_NOT)
    assert found.code == "E0403"
    assert "x's H = 28 or 32 (n ≡ 0 (mod 4), n ≥ 4)" in (found.help or "")


def test_a_layer_that_follows_the_size_is_no_obstacle() -> None:
    with pytest.raises(archlang.SpecError) as caught:
        graph("LeNet5", size=8)
    assert "size = 16 (n ≥ 16)" in (caught.value.diagnostics[0].help or "")


def test_no_hint_where_no_size_helps() -> None:
    (found,) = check_text("network N:\n    input 3x30x30\n    a = conv(4)\n    a + x\n")
    assert "nearest" not in (found.help or "")


def test_a_crop_off_the_centre_is_a_warning() -> None:
    text = (
        "network N:\n    input 1x{0}x{0}\n    e = conv(8, 3x3, pad=0)\n"
        "    maxpool(2x2) -> upconv(8) -> conv(8, 3x3, pad=0)\n    crop∘e ++ _\n"
    )
    text = text.replace("    maxpool", "    d = maxpool").replace("_", "d")
    assert check_text(text.format(20)) == []
    (found,) = check_text(text.format(21))
    assert (found.code, found.severity) == ("W0401", Severity.WARNING)
    assert "H = W = 20 or 22 (n ≡ 0 (mod 2)" in (found.help or "")
    assert found.primary.span.text.startswith("crop∘e")
