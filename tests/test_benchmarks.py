"""The benchmark of speed: rows, sections, and that a fast network that is wrong cannot win."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from benchmarks import fast, fast_pipeline
from benchmarks.common import Ratio
from benchmarks.contest import DisagreementError, Setting, hold_agreement, images, quicker, race
from benchmarks.fast_training import Entry
from benchmarks.sections import SectionError, machine, replaced, write_section

CPU = torch.device("cpu")
PAGE = """# Page

<!-- fast cpu -->
old
<!-- /fast cpu -->

<!-- fast cuda -->
kept
<!-- /fast cuda -->
"""


@pytest.fixture
def small() -> nn.Module:
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(4)
    nn.init.uniform_(norm.running_var, 0.5, 1.5)
    layers = nn.Conv2d(3, 4, 3), norm, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    return nn.Sequential(*layers, nn.Linear(4, 5)).eval()


def _batches() -> list[Tensor]:
    return [images(2, 16, CPU, seed) for seed in (1, 2)]


def test_equal_networks_agree(small: nn.Module) -> None:
    with torch.no_grad():
        folded = copy.deepcopy(small)
        conv, norm = torch.nn.utils.fuse_conv_bn_eval(folded[0], folded[1]), nn.Identity()
        folded[0], folded[1] = conv, norm
        difference = hold_agreement(folded, small, _batches(), 1e-4)
    assert 0 < difference < 1e-5  # it is another arithmetic, and the same function


def test_a_wrong_network_cannot_win(small: nn.Module) -> None:
    """The canary: one weight of many is another one."""
    wrong = copy.deepcopy(small)
    with torch.no_grad():
        wrong[0].weight[0, 0, 0, 0] += 0.01
        with pytest.raises(DisagreementError, match="results differ by"):
            hold_agreement(wrong, small, _batches(), 1e-4)


def test_neither_nan_nor_another_shape_agrees(small: nn.Module) -> None:
    with torch.no_grad():
        with pytest.raises(DisagreementError, match="nan"):
            hold_agreement(lambda x: small(x) * torch.nan, small, _batches(), 1e-4)
        with pytest.raises(DisagreementError, match="shapes"):
            hold_agreement(lambda x: small(x)[:1], small, _batches(), 1e-4)


def test_a_peer_that_always_gives_the_same_shows_nothing() -> None:
    with pytest.raises(ValueError, match="the same for all"):
        hold_agreement(lambda x: x[0, 0, 0] * 0, lambda x: x[0, 0, 0] * 0, _batches(), 1e-4)


def test_a_race_is_won_by_who_is_faster() -> None:
    ratio = race("sleep", lambda: None, lambda: time.sleep(0.01), 1.0, Setting(CPU, 4), rounds=3)
    assert ratio.ratio < 0.5 and ratio.what == "sleep, batch 4, 1 thread (s)"
    assert "| met |" in ratio.row()
    late = race("sleep", lambda: time.sleep(0.01), lambda: None, 1.0, Setting(CPU, 4), rounds=3)
    assert "**missed**" in late.row()


def test_the_quicker_of_several_is_found() -> None:
    runs = [lambda: time.sleep(0.02), lambda: time.sleep(0.001)]
    assert quicker(runs, Setting(CPU, 1), 3) == 1


def test_a_setting_gives_back_what_it_changed() -> None:
    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    with pytest.raises(KeyError), Setting(CPU, 1, threads=before[0] + 1).held():
        assert torch.get_num_threads() == before[0] + 1
        raise KeyError
    assert (torch.get_num_threads(), torch.get_float32_matmul_precision()) == before


def test_peak_memory_is_that_of_activations() -> None:
    """Ten sigmoids keep ten maps for the backward pass; their weights have a gradient already."""
    wide = [layer for _ in range(10) for layer in (nn.Conv2d(3, 3, 1), nn.Sigmoid())]
    model = nn.Sequential(*wide, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    one = 3 * 256 * 256 * 4 / 2**20
    peak = Entry(model, images(1, 256, CPU, 0), "NCHW").peak()
    assert 10 * one <= peak < 13 * one  # what runs at the moment has a result and a gradient


def test_a_section_is_replaced_and_no_other() -> None:
    page = replaced(PAGE, "fast cpu", "\nnew\n")
    assert page == PAGE.replace("old", "new")
    assert replaced(page, "fast cpu", "new") == page


@pytest.mark.parametrize("page", ["", PAGE + PAGE, PAGE.replace("<!-- /fast cpu -->", "")])
def test_a_page_without_its_marks_is_refused(page: str, tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(page)
    with pytest.raises(SectionError, match="fast cpu"):
        write_section(path, "fast cpu", "new")
    assert path.read_text() == page


def test_the_machine_and_the_versions_are_named() -> None:
    words = machine(CPU, (1, 2))
    assert f"torch {torch.__version__}" in words and "1 and 2 threads" in words


def test_the_pipeline_of_a_small_network_is_timed_by_stages() -> None:
    setting = Setting(CPU, 2)
    counted, timed = fast_pipeline.balance(setting, 2, network="ResNet20")
    assert 1 <= counted.ratio < 2 and timed.ours > timed.peer > 0


class _Row:
    """Stands in for the rows, which take minutes."""

    def __init__(self, wrong: bool) -> None:
        self.wrong = wrong

    def __call__(self, device: torch.device, rounds: int) -> Iterator[Ratio]:
        yield Ratio.of("tiny / tiny", [(1.0, 2.0)] * rounds, 0.75)
        if self.wrong:
            raise DisagreementError("results differ by 0.5, more than 0.001")


@pytest.mark.parametrize("wrong", [False, True])
def test_the_program_writes_its_table(
    wrong: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fast, "GROUPS", {"tiny": _Row(wrong)})
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    status = fast.main(["--rounds", "2", "--write", "--page", str(page)])
    text = page.read_text()
    assert status == int(wrong) and ("**wrong**" in text) == wrong
    assert "| tiny / tiny | 1 | 2 | 0.500 (0.500–0.500) | 0.75 | met |" in text
    assert "kept" in text and "old" not in text and "Machine: " in text
    assert "| tiny / tiny |" in capsys.readouterr().out


def test_without_a_gpu_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert fast.main(["--device", "cuda"]) == 1
    assert "no CUDA device" in capsys.readouterr().err


@pytest.mark.parametrize("rounds", ["0", "-1", "nan", "1.5"])
def test_rounds_are_a_number(rounds: str) -> None:
    with pytest.raises(SystemExit):
        fast.main(["--rounds", rounds])
