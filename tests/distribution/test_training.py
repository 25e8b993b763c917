"""The example: equal losses in every mode, resuming, checkpoints, mistakes, dying processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from launching import LONGEST, TRAIN, command, environment, launch
from torch import nn
from torch.optim import SGD

import archlang
from archlang import distributed
from archlang.diagnostics.model import SpecError
from archlang.distributed.checkpoints import folders

sys.path.append(str(TRAIN.parent))  # its modules import each other by name

import train as example  # only now can it be imported

SMALL = ("--data", "random", "--batch", "16")


def train(tmp_path: Path, *options: str, processes: int = 2) -> list[float]:
    """The losses of a run that ends well, step by step."""
    done = launch(
        TRAIN, *SMALL, "--out", "net.safetensors", *options, processes=processes, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    return losses(done.stdout)


def losses(text: str) -> list[float]:
    return [float(loss) for loss in re.findall(r"^step \d+: loss (\S+)$", text, re.MULTILINE)]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def by_torch(steps: int, batch: int = 16) -> list[float]:
    """The losses of plain torch, with nothing of the example but its weights and its data."""
    spec = f"{TRAIN.with_name('digits.arch')}:Digits"
    torch.manual_seed(0)
    model = archlang.load(spec)
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(512, 1, 16, 16, generator=generator)
    classes = torch.randint(10, (512,), generator=generator)
    order = torch.randperm(512, generator=torch.Generator().manual_seed(0))
    optimizer = SGD(model.parameters(), 0.02, momentum=0.9)
    found: list[float] = []
    for step in range(steps):
        chosen = order[step * batch : (step + 1) * batch]
        loss = nn.functional.cross_entropy(model(images[chosen]), classes[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


# ── losses ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("mode", "processes"),
    [
        ("single", 1),
        ("fsdp", 2),
        pytest.param("ddp", 2, marks=pytest.mark.slow),
        pytest.param("pipeline", 2, marks=pytest.mark.slow),
        pytest.param("pipeline", 1, marks=pytest.mark.slow),
        pytest.param("fsdp", 1, marks=pytest.mark.slow),
    ],
)
def test_losses_are_those_of_plain_torch(tmp_path: Path, mode: str, processes: int) -> None:
    got = train(tmp_path, "--mode", mode, "--steps", "3", processes=processes)
    assert got == pytest.approx(by_torch(3), abs=2e-4)
    assert len(got) == 3
    # what is saved is a network that is loaded by itself
    model = archlang.load(tmp_path / "net.safetensors")
    assert model.eval()(torch.randn(2, 1, 16, 16)).shape == (2, 10)


def test_a_run_goes_on_in_another_mode_with_another_number_of_processes(tmp_path: Path) -> None:
    whole = by_torch(4)
    options = ("--checkpoint", "runs/run", "--every", "1")  # both folders are made
    begun = train(tmp_path, *options, "--mode", "pipeline", "--steps", "2")
    gone_on = train(tmp_path, *options, "--mode", "single", "--steps", "4", "--resume", processes=1)
    assert [*begun, *gone_on] == pytest.approx(whole, abs=2e-4)
    assert names(tmp_path / "runs" / "run") == ["step-00000003", "step-00000004"]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["ddp", "fsdp", "pipeline"])
def test_a_resumed_run_is_the_uninterrupted_one(tmp_path: Path, mode: str) -> None:
    whole = train(tmp_path, "--mode", mode, "--steps", "4")
    options = ("--checkpoint", "run", "--every", "2", "--mode", mode)
    begun = train(tmp_path, *options, "--steps", "2")
    assert [*begun, *train(tmp_path, *options, "--steps", "4", "--resume")] == whole  # to the digit


# ── checkpoints ──────────────────────────────────────────────────────────────────────────────────


def trained(spec: str = "LeNet5") -> tuple[nn.Module, SGD]:
    model = archlang.load(spec)
    optimizer = SGD(model.parameters(), 0.1, momentum=0.9)
    shape = archlang.network(spec).nodes[0].shape
    model(torch.randn(2, *shape)).sum().backward()
    optimizer.step()
    return model, optimizer


def test_what_was_saved_is_what_is_loaded(tmp_path: Path) -> None:
    model, optimizer = trained()
    for step in (5, 10, 15):
        distributed.save_checkpoint(tmp_path / "run", model, optimizer, step, extra={"seed": 3})
    other, fresh = archlang.load("LeNet5"), None
    fresh = SGD(other.parameters(), 0.7, momentum=0.9)
    found = distributed.load_checkpoint(tmp_path / "run", other, fresh)
    assert (found.step, dict(found.extra), found.path.name) == (15, {"seed": 3}, "step-00000015")
    assert all(map(torch.equal, model.state_dict().values(), other.state_dict().values()))
    assert fresh.param_groups[0]["lr"] == 0.1
    for mine, theirs in zip(optimizer.state.values(), fresh.state.values(), strict=True):
        assert torch.equal(mine["momentum_buffer"], theirs["momentum_buffer"])
    assert names(tmp_path / "run") == ["step-00000010", "step-00000015"]
    assert distributed.load_checkpoint(tmp_path / "run" / "step-00000010", other).step == 10
    assert distributed.gather(model).keys() == model.state_dict().keys()


def test_what_was_only_begun_is_none_and_is_cleared_away(tmp_path: Path) -> None:
    model, _ = trained()
    begun = tmp_path / "run" / ".step-00000009.partial"
    begun.mkdir(parents=True)
    (begun / "__0_0.distcp").write_bytes(b"half")
    with pytest.raises(SpecError, match="not written to the end"):
        distributed.load_checkpoint(tmp_path / "run", model)
    distributed.save_checkpoint(tmp_path / "run", model, step=10)
    assert names(tmp_path / "run") == ["step-00000010"]


def test_missing_folders_and_other_networks_are_said(tmp_path: Path) -> None:
    model, optimizer = trained()
    for place in (tmp_path / "none", tmp_path, Path(__file__)):
        with pytest.raises(SpecError, match="E0942"):
            distributed.load_checkpoint(place, model)
    distributed.save_checkpoint(tmp_path, model, optimizer)
    with pytest.raises(SpecError, match=r"E0943[\s\S]*it is of LeNet5, this is LeNet1998"):
        distributed.load_checkpoint(tmp_path, archlang.load("LeNet1998"))
    adam = torch.optim.Adam(model.parameters())
    with pytest.raises(SpecError, match=r"E0943[\s\S]*the optimiser's betas is not in it"):
        distributed.load_checkpoint(tmp_path, model, adam)
    with pytest.raises(SpecError, match="E0948"):
        distributed.save_checkpoint(tmp_path / "no" / "such", model)
    with pytest.raises(SpecError, match="E0948"):
        distributed.save_checkpoint(Path(__file__), model)
    with pytest.raises(ValueError, match="step -1"):
        distributed.save_checkpoint(tmp_path, model, step=-1)


@pytest.mark.parametrize("name", ["__0_0.distcp", ".metadata", folders.LIST])
@pytest.mark.parametrize("harm", ["cut", "flipped", "missing"])
def test_damage_is_found_before_anything_is_read(tmp_path: Path, name: str, harm: str) -> None:
    model, optimizer = trained()
    for step in (1, 2):
        distributed.save_checkpoint(tmp_path, model, optimizer, step)
    path = tmp_path / "step-00000002" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(data if harm == "flipped" else data[: len(data) // 2])
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with pytest.raises(SpecError, match=r"E0944[\s\S]*step-00000001"):
        distributed.load_checkpoint(tmp_path, model, optimizer)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_a_list_that_names_files_elsewhere_is_refused(tmp_path: Path) -> None:
    model, _ = trained()
    path = distributed.save_checkpoint(tmp_path, model) / folders.LIST
    data = json.loads(path.read_text())
    data["files"]["../../elsewhere"] = "0" * 64
    path.write_text(json.dumps(data))
    with pytest.raises(SpecError, match="E0944"):
        distributed.load_checkpoint(tmp_path, model)


def test_a_comment_in_the_spec_makes_no_other_network(tmp_path: Path) -> None:
    text = TRAIN.with_name("digits.arch").read_text(encoding="utf-8")
    spec = tmp_path / "digits.arch"
    spec.write_text(text, encoding="utf-8")
    distributed.save_checkpoint(tmp_path / "run", archlang.load(spec), step=1)
    spec.write_text(text.replace("# A small", "# A rather small"), encoding="utf-8")
    assert distributed.load_checkpoint(tmp_path / "run", archlang.load(spec)).step == 1
    spec.write_text(text.replace("-> gn(4) + project(gn(4))∘x", "-> gn(4)"), encoding="utf-8")
    with pytest.raises(SpecError, match="E0943"):
        distributed.load_checkpoint(tmp_path / "run", archlang.load(spec))


# ── mistakes of whoever runs it ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--spec", "ResNte18"), "ResNet18"),
        (("--resume",), "--checkpoint FOLDER"),
        (("--resume", "--checkpoint", "none"), "there is no such folder"),
        (("--mode", "pipeline", "--microbatches", "3"), "use --batch 18"),
        (("--batch", "1000"), "there are 512 images"),
        (("--out", "net.pth"), ".safetensors"),
        (("--out", "/no/such/net.safetensors"), "--out"),
        (("--checkpoint", "/no/such/run", "--steps", "1"), "E0948"),
        (("--spec", "Chain", "--data", "digits"), "--data random"),
        (("--rate", "nan"), "positive number"),
        (("--steps", "0"), "positive whole number"),
    ],
)
def test_mistakes_are_said_and_nothing_is_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        code = example.main([*SMALL, *options])
    except SystemExit as ended:
        code = ended.code
    assert code in (1, 2)
    assert says in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


@pytest.mark.slow
def test_mistakes_of_several_processes_are_said_once(tmp_path: Path) -> None:
    for options, says in (
        (("--mode", "ddp", "--batch", "15"), "use --batch 16"),
        (("--mode", "single"), "--mode ddp"),
    ):
        done = launch(TRAIN, *SMALL, *options, cwd=tmp_path)
        assert done.returncode == 1
        assert done.stderr.count("error: ") == 1
        assert says in done.stderr


# ── a process that dies ──────────────────────────────────────────────────────────────────────────


def hurt(tmp_path: Path, mode: str, number: signal.Signals, *options: str) -> tuple[str, float]:
    """What a run says when its second process gets a signal, and after how many seconds it ends."""
    arguments = [*SMALL, "--mode", mode, "--steps", "100000", "--checkpoint", "run", "--every", "2"]
    running = subprocess.Popen(
        command(TRAIN, [*arguments, *options], 2),
        cwd=tmp_path,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        assert running.stdout is not None
        said: list[str] = []
        for line in running.stdout:
            said.append(line)
            if line.startswith("step 5:"):
                break
        begun = time.monotonic()
        os.kill(second_of(running.pid), number)
        rest, _ = running.communicate(timeout=LONGEST)
        assert running.returncode not in (0, None)
        return "".join(said) + rest, time.monotonic() - begun
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


def second_of(launcher: int) -> int:
    """The process of rank 1 that torchrun started."""
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    for child in map(int, children):
        if b"\0RANK=1\0" in b"\0" + Path(f"/proc/{child}/environ").read_bytes():
            return child
    raise AssertionError("there is no second process")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to find a process")
@pytest.mark.parametrize(
    "mode",
    [
        "fsdp",
        pytest.param("ddp", marks=pytest.mark.slow),
        pytest.param("pipeline", marks=pytest.mark.slow),
    ],
)
def test_when_a_process_is_killed_the_others_end_and_the_checkpoint_is_whole(
    tmp_path: Path, mode: str
) -> None:
    said, seconds = hurt(tmp_path, mode, signal.SIGKILL)
    assert "E0947" in said
    assert "torchrun:1:1" not in said
    assert "process 0 ends" in said
    assert "[rank0]: Traceback" not in said
    assert seconds < 60
    last = folders.last_in(tmp_path / "run")
    assert last.name in said
    model = archlang.load(f"{TRAIN.with_name('digits.arch')}:Digits")
    found = distributed.load_checkpoint(tmp_path / "run", model)
    assert found.step >= 4
    assert found.step % 2 == 0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to find a process")
def test_a_process_that_hangs_is_given_up_after_the_timeout(tmp_path: Path) -> None:
    said, seconds = hurt(tmp_path, "ddp", signal.SIGSTOP, "--timeout", "5")
    assert "does not answer in time" in said
    assert seconds < 60
