"""The worked examples run, and what their pages claim is what came out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from example_checks import check_figures, check_refused, threads_kept
from torch import nn

import archlang
from archlang.diagnostics.render import render_text

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "examples" / "transfer"
PAGE = ROOT / "docs" / "transfer.md"
PUBLISHED = ROOT / "docs" / "figures" / "transfer"
sys.path.append(str(FOLDER))  # its modules import each other by name

import digits  # noqa: E402  # only now can it be imported
import plots  # noqa: E402
import results  # noqa: E402
import training  # noqa: E402
import transfer  # noqa: E402

HEAD = {"fc1.weight", "fc1.bias"}
METHODS = {method.name: method for method in training.METHODS}
SPECS = sorted((ROOT / "examples").rglob("*.arch"))


@pytest.fixture(autouse=True)
def settings_of_torch() -> Iterator[None]:
    """What the program sets for itself does not outlive a test."""
    with threads_kept():
        yield


@pytest.mark.parametrize("spec", SPECS, ids=[s.name for s in SPECS])
def test_specs_compile(spec: Path) -> None:
    found = archlang.check(spec)
    assert not found, render_text(found)


# ── the data ─────────────────────────────────────────────────────────────────────────────────────


def test_parts_share_no_image() -> None:
    known, new = digits.load(digits.KNOWN), digits.load(digits.NEW)
    images = torch.cat([split.images for split in (*known, *new)]).flatten(1)
    assert images.shape == (5000, 784)
    assert len(images.unique(dim=0)) == 5000
    assert [torch.bincount(s.classes).tolist() for s in new] == [[300] * 5, [100] * 5, [100] * 5]


def test_pixels_are_standardised_by_what_is_pretrained_on() -> None:
    known = digits.load(digits.KNOWN).train.images
    assert known.mean().abs() < 1e-4
    assert (known.std() - 1).abs() < 1e-4


def test_few_labels_are_balanced_and_among_the_more() -> None:
    train = digits.load(digits.NEW).train
    few, more = digits.few(train, 3, seed=1), digits.few(train, 10, seed=1)
    assert torch.bincount(few.classes).tolist() == [3] * 5
    assert {image.numpy().tobytes() for image in few.images} <= {
        image.numpy().tobytes() for image in more.images
    }
    assert not torch.equal(few.images, digits.few(train, 3, seed=2).images)


# ── transfer ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network for 0 to 4, hardly trained."""
    known = digits.load(digits.KNOWN).train
    model = training.pretrain(digits.few(known, 10, 0), training.Recipe(epochs=2), seed=0)
    path = tmp_path_factory.mktemp("digits") / "digits.safetensors"
    archlang.save(model, path)
    return path


@pytest.mark.parametrize(
    ("method", "trained"),
    [
        ("fine-tuned", r"conv1|bn1|layer\d|fc1"),
        ("last stage", r"layer3|fc1"),
        ("head only", r"fc1"),
    ],
)
def test_training_changes_what_is_not_frozen(method: str, trained: str, checkpoint: Path) -> None:
    before = archlang.load(checkpoint).state_dict()
    new = digits.load(digits.NEW)
    model, _ = training.transfer(
        METHODS[method], new.train, new.validation,
        labels=2, seed=0, recipe=training.Recipe(updates=3), weights=checkpoint,
    )  # fmt: skip
    after = model.state_dict()
    changed = {key for key, value in after.items() if not torch.equal(value, before[key])}
    assert changed == {key for key in after if re.match(trained, key)}
    assert any("running_mean" in key for key in changed) == (method != "head only")


def test_the_report_names_the_new_head_and_nothing_else(checkpoint: Path) -> None:
    model = training.build(METHODS["head only"], 0, checkpoint)
    report = archlang.weights_report(model)
    assert {entry.name for entry in report.new} == HEAD
    assert {entry.name for entry in report.unused} == HEAD
    assert report.adapted == ()
    assert {entry.name for entry in report.frozen} == model.state_dict().keys() - HEAD


def test_from_scratch_loads_nothing(checkpoint: Path) -> None:
    with_path = training.build(METHODS["from scratch"], 0, checkpoint)
    without = training.build(METHODS["from scratch"], 0)
    pretrained = archlang.load(checkpoint)
    for key, value in with_path.state_dict().items():
        assert torch.equal(value, without.state_dict()[key])
    assert not torch.equal(with_path.get_parameter("conv1.weight"), pretrained.conv1.weight)


# ── the program ──────────────────────────────────────────────────────────────────────────────────


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / "transfer.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def content(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


def check_results(folder: Path, labels: Sequence[int], seeds: int) -> None:
    """Every run is there once, in order, and the pretrained networks are good."""
    found = content(folder)
    assert [(r["labels"], r["method"], r["seed"]) for r in found["runs"]] == [
        (n, method, seed) for n in labels for method in METHODS for seed in range(seeds)
    ]
    assert all(0 <= r["accuracy"] <= 1 for r in found["runs"])
    assert all(bool(r["history"]) == (r["labels"] == 10) for r in found["runs"])
    assert [p["seed"] for p in found["pretrained"]] == list(range(seeds))
    assert all(p["accuracy"] > 0.9 for p in found["pretrained"])


def test_a_short_run_goes_on_where_it_was_left(tmp_path: Path) -> None:
    small = ("--quick", "--seeds", "1", "--labels", "1", "--out", tmp_path)
    first = run(*small)
    assert first.returncode == 0, first.stderr
    check_results(tmp_path, [1], 1)
    path = tmp_path / "results.json"
    complete = path.read_bytes()

    found = content(tmp_path)
    found["runs"] = [r for r in found["runs"] if r["method"] != "last stage"]
    path.write_text(json.dumps(found), encoding="utf-8")
    second = run(*small)
    assert second.returncode == 0, second.stderr
    assert path.read_bytes() == complete
    assert re.findall(r"^(.*), seed 0:", second.stdout, re.MULTILINE) == [
        "last stage, 1 label a class"
    ]


@pytest.mark.slow
def test_the_short_form_is_complete_and_equal_seeds_give_equal_bytes(tmp_path: Path) -> None:
    for folder, jobs in ((tmp_path / "a", "1"), (tmp_path / "b", "2")):
        done = run("--quick", "--jobs", jobs, "--out", folder)
        assert done.returncode == 0, done.stderr
        check_results(folder, transfer.QUICK_LABELS, transfer.QUICK_SEEDS)
        check_figures(folder, "labels", "epochs")
        assert "| fine-tuned | " in done.stdout
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--labels", "0"], "'0' is no number from 1 to 300"),
        (["--labels", "301"], "'301' is no number from 1 to 300"),
        (["--seeds", "many"], "'many' is no number from 1 to 100"),
    ],
)
def test_a_wrong_option_is_explained(
    wrong: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    check_refused(transfer.main, wrong, said, capsys)


# ── results.json ─────────────────────────────────────────────────────────────────────────────────


def results_of(folder: Path, runs: int = 3) -> results.Results:
    found = results.resume(folder / "results.json", {"updates": 1})
    for seed in range(runs):
        found.add(results.Run("fine-tuned", 10, seed, 0.5, [training.Moment(1, 0.5, 0.1, 0.5)]))
    return found


def test_results_are_read_as_written(tmp_path: Path) -> None:
    written = results_of(tmp_path)
    assert results.resume(written.path, {"updates": 1}) == written
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]


def test_an_interruption_leaves_the_old_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = results_of(tmp_path)
    before = found.path.read_bytes()

    def full(self: Path, text: str, encoding: str) -> int:
        self.write_bytes(text[: len(text) // 2].encode())
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="no space"):
        found.add(results.Run("head only", 10, 0, 0.5))
    assert found.path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"recipe": {}, "pretrained": [], "runs": [1]}'])
def test_damaged_results_are_refused(
    damage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "results.json"
    path.write_text(damage)
    assert transfer.main(["--quick", "--out", str(tmp_path)]) == 2
    assert f"error: {path} cannot be read" in capsys.readouterr().err
    assert path.read_text() == damage


def test_results_of_another_recipe_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = results_of(tmp_path).path.read_bytes()
    assert transfer.main(["--quick", "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "was made by another recipe (" in error
    assert "updates" in error
    assert (tmp_path / "results.json").read_bytes() == before


# ── what is published ────────────────────────────────────────────────────────────────────────────


def published() -> results.Results:
    return results.read(PUBLISHED / "results.json")


def test_the_page_shows_the_published_results() -> None:
    recipe = json.loads(json.dumps(transfer.ingredients(training.Recipe())))
    found = published()
    assert {k: v for k, v in found.recipe.items() if k != "versions"} == {
        k: v for k, v in recipe.items() if k != "versions"
    }
    check_results(PUBLISHED, transfer.LABELS, transfer.SEEDS)
    table = results.table(found, transfer.LABELS, range(transfer.SEEDS))
    assert table in PAGE.read_text(encoding="utf-8")


def test_figures_are_drawn(tmp_path: Path) -> None:
    seeds = range(transfer.SEEDS)
    written = plots.draw(published(), transfer.LABELS, seeds, transfer.WATCHED, tmp_path)
    assert sorted(written) == sorted(tmp_path.iterdir())
    check_figures(tmp_path, "labels", "epochs")
    check_figures(PUBLISHED, "labels", "epochs")


def test_the_page_shows_the_spec() -> None:
    spec = (FOLDER / "digits.arch").read_text(encoding="utf-8")
    networks = spec[spec.index("use ") :].strip()
    assert networks in PAGE.read_text(encoding="utf-8")


# ── ResNet-50 ────────────────────────────────────────────────────────────────────────────────────

RESNET50 = f"{FOLDER / 'resnet50_mnist.arch'}:MnistResNet50"


def held_against_torchvision(model: nn.Module, theirs: nn.Module) -> None:
    """The same surgery, done by hand on torchvision's network, gives the same outputs."""
    first = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    first.weight = nn.Parameter(theirs.get_parameter("conv1.weight").sum(1, keepdim=True))
    theirs.conv1, theirs.fc = first, nn.Linear(2048, 10)
    theirs.fc.load_state_dict(model.get_submodule("fc1").state_dict())
    x = digits.load(digits.KNOWN).test.images[:2]
    with torch.inference_mode():
        got, want = model.eval()(x), theirs.eval()(x)
    assert got.shape == (2, 10)
    assert torch.equal(got, want)


def test_resnet50_takes_over_all_but_the_first_layer_and_the_head(tmp_path: Path) -> None:
    from torchvision_shim import torchvision

    theirs = torchvision.models.resnet50()
    torch.save(theirs.state_dict(), tmp_path / "resnet50.pth")
    model = archlang.load(RESNET50, weights=tmp_path / "resnet50.pth")
    report = archlang.weights_report(model)
    assert {entry.name for entry in report.new} == HEAD
    assert {entry.source for entry in report.unused} <= {"fc.weight", "fc.bias", ""}
    assert len(report.unused) == 2
    assert [(e.name, e.how, e.source_shape, e.shape) for e in report.adapted] == [
        ("conv1.weight", "sum", (64, 3, 7, 7), (64, 1, 7, 7))
    ]
    assert len(report.loaded) == len(theirs.state_dict()) - 3
    held_against_torchvision(model, theirs)


@pytest.mark.slow
def test_resnet50_runs_with_the_weights_of_torchvision() -> None:
    from torchvision_shim import torchvision

    weights = torchvision.models.ResNet50_Weights.IMAGENET1K_V2
    try:
        theirs = torchvision.models.resnet50(weights=weights, progress=False)
    except OSError as error:
        pytest.skip(f"torchvision's weights are neither cached nor to be downloaded: {error}")
    held_against_torchvision(archlang.load(RESNET50, weights="DEFAULT"), theirs)
