"""What the tests of all worked examples check alike: their figures, and the options they refuse."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from PIL import Image


@contextmanager
def threads_kept(number: int | None = None) -> Generator[None]:
    """Run with so many threads of torch, or with those of now; afterwards with those of before."""
    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def check_figures(folder: Path, *names: str) -> None:
    """Figures of these names are there and no others, each as a drawing and as a picture of it."""
    assert {p.stem for p in folder.glob("*.svg")} == set(names)
    for name in names:
        with Image.open(folder / f"{name}.png") as image:
            assert image.size == (1500, 840)
            assert len(image.convert("RGB").getcolors(2**24) or []) > 50


def check_refused(
    main: Callable[[Sequence[str]], int],
    wrong: Sequence[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A program ends as argparse does where an option is wrong, and says why."""
    with pytest.raises(SystemExit) as stopped:
        main(wrong)
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err
