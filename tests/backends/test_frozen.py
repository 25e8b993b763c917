"""What `freeze` freezes: parameters and running statistics, against torch with `eval` by hand."""

from __future__ import annotations

import copy
import importlib.util
import pickle
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, fx, nn
from torchvision_shim import torchvision

from archlang.backends import python, runtime
from archlang.backends.fx import to_fx
from archlang.compiler import graph
from archlang.graph import Graph

SPEC = """\
default conv(bias=false)
let W = project(bn)

block Unit(C, stride=1):
    conv(C, 3x3, stride=stride) -> bn -> relu
    conv(C, 3x3) -> bn + W∘x -> relu

network Small:
    input 3x8x8
    conv(8, 3x3) -> bn -> relu
    layer1 = chain:
        Unit(8)
        Unit(12, stride=2)
    layer2 = chain:
        Unit(12)
    gap -> flatten -> fc(6) -> bn(affine=false) -> fc(5)

network Units from Small:
    freeze layer1

network Rest from Small:
    freeze conv1, bn1, layer2, bn2

network Pieces from Small:
    freeze layer1.*.bn1, layer1.1.project1

network Whole from Small:
    freeze conv1, bn1, layer1, layer2, fc1, bn2, fc2
"""
FROZEN = {
    "Units": ["layer1"],
    "Rest": ["conv1", "bn1", "layer2", "bn2"],
    "Pieces": ["layer1.0.bn1", "layer1.1.bn1", "layer1.1.project1"],
}
Make = Callable[[Graph, Path], nn.Module]


class Unit(nn.Module):
    """The block above, by hand."""

    def __init__(self, before: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        if before != channels:
            self.project1 = nn.Sequential()
            self.project1.conv1 = nn.Conv2d(before, channels, 1, stride=stride, bias=False)
            self.project1.bn1 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (y + (self.project1(x) if hasattr(self, "project1") else x)).relu()


class Small(nn.Module):
    """The network above, by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layer1 = nn.Sequential(Unit(8, 8), Unit(8, 12, stride=2))
        self.layer2 = nn.Sequential(Unit(12, 12))
        self.fc1 = nn.Linear(12, 6)
        self.bn2 = nn.BatchNorm1d(6, affine=False)
        self.fc2 = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer2(self.layer1(self.bn1(self.conv1(x)).relu()))
        return self.fc2(self.bn2(self.fc1(x.mean((2, 3), keepdim=True).flatten(1))))


def small(tmp_path: Path, name: str) -> Graph:
    file = tmp_path / "small.arch"
    file.write_text(SPEC, encoding="utf-8")
    return graph(f"{file}:{name}")


def in_memory(g: Graph, _: Path) -> nn.Module:
    return to_fx(g)


def from_source(g: Graph, folder: Path) -> nn.Module:
    file = folder / f"generated_{g.name}.py"
    file.write_text(python.write_python(g), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module  # where pickle looks for the classes
    spec.loader.exec_module(module)
    return getattr(module, g.name)()


both = pytest.mark.parametrize("make", [in_memory, from_source])


def trained(
    model: nn.Module, frozen: Iterable[str], size: Sequence[int], steps: int = 4
) -> list[Tensor]:
    """Outputs of a few steps with `frozen` in evaluation mode, then what `state_dict` holds."""
    generator = torch.Generator().manual_seed(2)
    learns = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.SGD(learns, lr=0.05, momentum=0.9)
    outputs: list[Tensor] = []
    for _ in range(steps):
        model.train()
        for path in frozen:
            model.get_submodule(path).eval()
        output = model(torch.randn(*size, generator=generator))
        optimiser.zero_grad()
        output.square().mean().backward()
        optimiser.step()
        outputs.append(output.detach().clone())
    model.eval()
    outputs.append(model(torch.randn(*size, generator=generator)).detach())
    return outputs + [t.clone() for t in model.state_dict().values()]


def hold_equal(got: list[Tensor], want: list[Tensor]) -> None:
    assert len(got) == len(want)
    for i, (a, b) in enumerate(zip(got, want, strict=True)):
        assert torch.equal(a, b), i


def by_hand(frozen: Iterable[str]) -> Small:
    torch.manual_seed(4)
    model = Small()
    for path in frozen:
        model.get_submodule(path).requires_grad_(False)
    return model


@both
@pytest.mark.parametrize("name", FROZEN)
def test_trains_as_frozen_by_hand(name: str, make: Make, tmp_path: Path) -> None:
    model, reference = make(small(tmp_path, name), tmp_path), by_hand(FROZEN[name])
    assert list(model.state_dict()) == list(reference.state_dict())
    model.load_state_dict(reference.state_dict())
    size = (6, 3, 8, 8)
    hold_equal(trained(model, [], size), trained(reference, FROZEN[name], size))


@both
def test_unfrozen_it_trains_again_in_full(make: Make, tmp_path: Path) -> None:
    model, reference = make(small(tmp_path, "Units"), tmp_path), by_hand([])
    model.load_state_dict(reference.state_dict())
    model.get_submodule("layer1").requires_grad_(True)
    size = (6, 3, 8, 8)
    hold_equal(trained(model, [], size), trained(reference, [], size))
    model.get_submodule("layer1").requires_grad_(False)
    again, want = trained(model, [], size, 2), trained(reference, ["layer1"], size, 2)
    assert torch.equal(again[0], want[0])


@both
def test_the_comparison_can_fail(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `train` of our own it trains as ordinary batch norms do."""
    g, write = small(tmp_path, "Units"), python.write_python
    wrong = re.sub(r"    def train\(.*\n.*\n", "", write(g))
    monkeypatch.setattr(python, "write_python", lambda _: wrong)
    monkeypatch.delattr(runtime.FrozenBatchNorm, "train")
    model, reference = make(g, tmp_path), by_hand(["layer1"])
    model.load_state_dict(reference.state_dict())
    size = (6, 3, 8, 8)
    with pytest.raises(AssertionError):
        hold_equal(trained(model, [], size), trained(reference, ["layer1"], size))


@both
def test_torchvisions_resnet18(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "f.arch"
    file.write_text(
        'use ResNet18 from "zoo/resnet.arch"\n'
        "network Tuned from ResNet18:\n    freeze layer1, layer2\n"
    )
    model, reference = make(graph(str(file)), tmp_path), torchvision.models.resnet18()
    for part in (reference.layer1, reference.layer2):
        part.requires_grad_(False)
    theirs = reference.state_dict()
    model.load_state_dict(dict(zip(model.state_dict(), theirs.values(), strict=True)))
    size = (2, 3, 64, 64)
    hold_equal(trained(model, [], size, 2), trained(reference, ["layer1", "layer2"], size, 2))


# ── which layers, and when ───────────────────────────────────────────────────────────────────────


def modes(model: nn.Module) -> dict[str, bool]:
    norm = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
    return {name: m.training for name, m in model.named_modules() if isinstance(m, norm)}


@both
def test_a_new_module_is_in_training_mode_but_for_what_is_frozen(
    make: Make, tmp_path: Path
) -> None:
    model = make(small(tmp_path, "Rest"), tmp_path)
    new = modes(model)
    frozen = {name for name in new if name.startswith(("bn1", "layer2.", "bn2"))}
    assert model.training and len(new) == 9
    assert {name for name, training in new.items() if not training} == frozen
    assert modes(model.eval().train()) == new
    assert model.get_submodule("layer2.0.conv1").training
    with pytest.raises(ValueError, match="boolean"):
        model.train("yes")  # pyright: ignore[reportArgumentType]


@both
def test_all_of_a_network(make: Make, tmp_path: Path) -> None:
    model = make(small(tmp_path, "Whole"), tmp_path)
    before = copy.deepcopy(model.state_dict())
    model.train()(torch.randn(4, 3, 8, 8))
    assert not any(modes(model).values())
    assert not any(p.requires_grad for p in model.parameters())
    hold_equal(list(model.state_dict().values()), list(before.values()))
    model.requires_grad_(True).train()
    waking = modes(model)
    assert waking.pop("bn2") is False, "it has no parameters to tell that it is unfrozen"
    assert all(waking.values())


RANKS = {1: "input 2x9", 2: "input 2x6x6", 3: "input 2x4x4x4"}


@both
@pytest.mark.parametrize("rank", RANKS)
def test_every_rank(rank: int, make: Make, tmp_path: Path) -> None:
    file = tmp_path / "ranks.arch"
    file.write_text(
        f"network Base:\n    {RANKS[rank]}\n    conv(3, 3) -> bn(eps=0.01, momentum=0.3) -> bn\n"
        "network Net from Base:\n    freeze bn1\n"
    )
    model = make(graph(f"{file}:Net"), tmp_path)
    norm = getattr(nn, f"BatchNorm{rank}d")
    reference = nn.Sequential(getattr(nn, f"Conv{rank}d")(2, 3, 3, padding=1))
    reference += nn.Sequential(norm(3, eps=0.01, momentum=0.3).requires_grad_(False), norm(3))
    reference.load_state_dict(
        dict(zip(reference.state_dict(), model.state_dict().values(), strict=True))
    )
    assert isinstance(model.get_submodule("bn1"), norm)
    size = (3, *graph(f"{file}:Net").nodes[0].shape)
    hold_equal(trained(model, [], size), trained(reference, ["1"], size))


@both
def test_the_batch_norms_of_a_fixed_shortcut_follow_the_data(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "fixed.arch"
    file.write_text(
        "network Net:\n    input 4x6x6\n    conv(8, 3x3) -> bn + fixed(project(bn))∘x\n"
    )
    model = make(graph(str(file)), tmp_path)
    norm = model.get_submodule("project1.bn1")
    assert type(norm) is nn.BatchNorm2d and norm.training and not norm.weight.requires_grad
    model(torch.randn(4, 4, 6, 6))
    assert norm.running_mean is not None and norm.running_mean.abs().max() > 0


@both
def test_a_frozen_head_for_training_alone(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "head.arch"
    file.write_text(
        "network Base:\n    input 3x6x6\n    conv(4, 3x3) -> bn\n"
        "    output aux = conv(4, 1x1) -> bn when training\n    relu\n"
        "network Net from Base:\n    freeze aux.bn1\n"
    )
    model = make(graph(f"{file}:Net"), tmp_path).train()
    model(torch.randn(4, 3, 6, 6))
    assert model.get_buffer("bn1.num_batches_tracked") == 1
    assert model.get_buffer("aux.bn1.num_batches_tracked") == 0


# ── as much a module as any other ────────────────────────────────────────────────────────────────


@both
def test_copies_and_files(make: Make, tmp_path: Path) -> None:
    model, x = make(small(tmp_path, "Units"), tmp_path).train(), torch.randn(4, 3, 8, 8)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert modes(twin) == modes(model)
        assert torch.equal(twin.train()(x), copy.deepcopy(model)(x))
        twin.get_submodule("layer1").requires_grad_(True)
        assert all(modes(twin.train()).values())


@both
def test_traced_it_is_called_like_every_layer(make: Make, tmp_path: Path) -> None:
    model, x = make(small(tmp_path, "Units"), tmp_path), torch.randn(4, 3, 8, 8)
    traced = fx.symbolic_trace(copy.deepcopy(model))
    called = {node.target for node in traced.graph.nodes if node.op == "call_module"}
    assert set(modes(model)) <= called
    assert torch.equal(traced(x), copy.deepcopy(model)(x))
    traced.requires_grad_(True)
    assert all(modes(traced.train()).values())


@both
def test_compiled_it_follows_unfreezing(make: Make, tmp_path: Path) -> None:
    model, x = make(small(tmp_path, "Units"), tmp_path).train(), torch.randn(4, 3, 8, 8)
    twin = copy.deepcopy(model)
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    for learns in (False, True, False):
        for net in (model, twin):
            net.get_submodule("layer1").requires_grad_(learns)
            net.train()
        assert torch.equal(compiled(x), twin(x))
    hold_equal(list(model.state_dict().values()), list(twin.state_dict().values()))
    assert model.get_buffer("layer1.0.bn1.num_batches_tracked") == 1


@both
def test_exports(make: Make, tmp_path: Path) -> None:
    model, x = make(small(tmp_path, "Units"), tmp_path).train(), torch.randn(4, 3, 8, 8)
    exported = torch.export.export(copy.deepcopy(model), (x,)).module()
    assert torch.equal(exported(x), copy.deepcopy(model)(x))
    assert exported.state_dict().keys() == model.state_dict().keys()
    assert exported.get_buffer("layer1.0.bn1.num_batches_tracked") == 0
    assert exported.get_buffer("bn1.num_batches_tracked") == 1


# ── the source ───────────────────────────────────────────────────────────────────────────────────


def test_the_source_says_what_is_frozen(tmp_path: Path) -> None:
    plain, frozen = (python.write_python(small(tmp_path, name)) for name in ("Small", "Units"))
    assert "Frozen" not in plain and "Self" not in plain
    assert "from typing import Self\n" in frozen
    assert "class FrozenUnit(nn.Module):" in frozen and "class Unit(nn.Module):" in frozen
    (line,) = re.findall(r"self\.layer1 = .*", frozen)
    assert line.endswith(".requires_grad_(False)") and "FrozenUnit()" in line
    assert "FrozenBatchNorm1d" not in frozen and "FrozenBatchNorm3d" not in frozen
