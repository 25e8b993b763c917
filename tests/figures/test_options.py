"""What is asked of a figure, and asked wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from archlang.figures import DrawingError, draw


@pytest.mark.parametrize(
    ("wishes", "says"),
    [
        ({"view": "layrs"}, "did you mean layers"),
        ({"view": None}, "there are overview, blocks, layers"),
        ({"fit": 3}, "16:9, 4:3, a4, column"),
        ({"theme": "drak"}, "did you mean dark"),
        ({"style": "cubes"}, "flat, volume"),
        ({"depth": -1}, "no number of levels"),
        ({"depth": "2"}, "no number of levels"),
        ({"depth": True}, "no number of levels"),
        ({"focus": 3}, "the name of a block"),
        ({"highlight": 5}, "a path such as"),
        ({"highlight": [5]}, "a path such as"),
        ({"colour": "red"}, "no option 'colour'"),
    ],
)
def test_a_wrong_wish_is_one_clear_line(wishes: dict[str, Any], says: str) -> None:
    with pytest.raises(DrawingError) as caught:
        draw("LeNet5", **wishes)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_highlights_may_be_one_path_or_some() -> None:
    one, some = draw("LeNet5", highlight="fc1"), draw("LeNet5", highlight=["fc1"])
    assert one.svg == some.svg != draw("LeNet5").svg


@pytest.mark.parametrize(("style", "layers"), [("flat", 450), ("volume", 120)])
def test_what_is_too_large_is_refused_with_a_way_out(
    style: str, layers: int, tmp_path: Path
) -> None:
    lines = [f"    conv({8 + k}, 3x3)" for k in range(layers)]
    path = tmp_path / "deep.arch"
    path.write_text("\n".join(["network Deep:", "    input 3x8x8", *lines]), encoding="utf-8")
    with pytest.raises(DrawingError, match=r"boxes.*put into blocks fold"):
        draw(path, style=style)
