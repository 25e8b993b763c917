"""timm's ResNets, VGGs and DenseNets through a proposed key map: the same outputs."""

from __future__ import annotations

import gc
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest
import safetensors.torch
import torch
import torchvision_shim  # noqa: F401  (timm imports torchvision)
from torch import Tensor, nn

import archlang
from archlang.weights.checkpoint import Checkpoint
from archlang.weights.keys.mapfile import KeyMap
from archlang.weights.keys.match import Theirs, propose
from archlang.weights.sources import read_weights

timm = pytest.importorskip("timm")

COUNTERPARTS = {
    **{f"ResNet{n}": f"resnet{n}" for n in (18, 34, 50, 101, 152)},
    **{f"VGG{n}": f"vgg{n}" for n in (11, 13, 16, 19)},
    **{f"VGG{n}BN": f"vgg{n}_bn" for n in (11, 13, 16, 19)},
    **{f"DenseNet{n}": f"densenet{n}" for n in (121, 161, 169, 201)},
}
QUICK = ("ResNet18", "ResNet50", "VGG11BN", "DenseNet121")
NETWORKS = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in COUNTERPARTS
]


@pytest.fixture(autouse=True)
def _tidy() -> Iterator[None]:
    yield
    gc.collect()


def reference(name: str) -> nn.Module:
    """timm's network; no weight has a value that another one has."""
    torch.manual_seed(0)
    model = timm.create_model(COUNTERPARTS[name], pretrained=False)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return model.eval()


def shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def proposed(name: str, state: Mapping[str, Tensor]) -> KeyMap:
    own = shapes(archlang.load(name, device="meta").state_dict())
    proposal = propose(own, shapes(state))
    assert proposal.complete and not proposal.missing and not proposal.unused
    return KeyMap.of(name, proposal)


def loaded(name: str, keys: KeyMap, state: Mapping[str, Tensor]) -> nn.Module:
    tensors = keys.rename(Checkpoint(state, "timm")).tensors
    return archlang.load(name, weights=tensors).eval()  # type: ignore[arg-type]  # they are tensors


def outputs(model: nn.Module, size: int = 64) -> Tensor:
    torch.manual_seed(1)
    with torch.no_grad():
        return model(torch.randn(2, 3, size, size))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_proposed_map_gives_the_same_outputs(name: str, tmp_path) -> None:
    theirs = reference(name)
    state = theirs.state_dict()
    path = tmp_path / "map.json"
    path.write_text(proposed(name, state).text(), encoding="utf-8")
    keys = KeyMap.read(path)
    ours = loaded(name, keys, state)
    reshaped = [ours for ours, source in keys.tensors.items() if source.reshape]
    if name.startswith("VGG"):
        # timm pools to 7x7 only if the map is larger, so it has to be 7x7; and its first two
        # linear layers are convolutions, which add up the same 25,088 products in another order
        # (and kernel): the outputs agree to rounding, about 25088 ** 0.5 units in the last place.
        assert reshaped == ["fc1.weight", "fc2.weight"]
        want, got = outputs(theirs, 224), outputs(ours, 224)
        torch.testing.assert_close(got, want, rtol=2e-5, atol=2e-5 * want.abs().max().item())
    else:
        assert reshaped == []
        assert torch.equal(outputs(ours), outputs(theirs))


@pytest.mark.parametrize("name", ["VGG11"])
def test_a_vgg_is_the_same_to_the_last_bit_up_to_its_first_linear_layer(name: str) -> None:
    theirs = reference(name)
    ours = loaded(name, proposed(name, theirs.state_dict()), theirs.state_dict())
    x = torch.randn(1, 3, 64, 64)
    seen: list[Tensor] = []
    ours.get_submodule("stage5.conv2").register_forward_hook(lambda *a: seen.append(a[-1].clone()))
    convolutions = [m for m in theirs.features if isinstance(m, nn.Conv2d)]
    convolutions[-1].register_forward_hook(lambda *a: seen.append(a[-1].clone()))
    outputs(ours), outputs(theirs)
    assert torch.equal(*seen) and x.numel()


@pytest.mark.parametrize("name", ["ResNet18", "DenseNet121"])
def test_canary_two_entries_swapped_are_noticed(name: str) -> None:
    theirs = reference(name)
    state = theirs.state_dict()
    keys = proposed(name, state)
    first, second = _alike(keys, state)
    swapped = dict(keys.tensors)
    swapped[first], swapped[second] = swapped[second], swapped[first]
    wrong = loaded(name, replace(keys, tensors=swapped), state)
    assert not torch.equal(outputs(wrong), outputs(theirs))


def _alike(keys: KeyMap, state: Mapping[str, Tensor]) -> tuple[str, str]:
    """Two convolutions of one shape."""
    seen: dict[tuple[int, ...], str] = {}
    for ours, source in keys.tensors.items():
        shape = tuple(state[source.name].shape)
        if len(shape) == 4 and seen.setdefault(shape, ours) != ours:
            return seen[shape], ours
    raise AssertionError("no two alike")


@pytest.mark.parametrize("name", COUNTERPARTS)
def test_a_sorted_state_dict_is_settled_by_its_numbers(name: str) -> None:
    own = shapes(archlang.load(name, device="meta").state_dict())
    with torch.device("meta"):
        theirs = shapes(timm.create_model(COUNTERPARTS[name], pretrained=False).state_dict())
    right = {pair.ours: pair.theirs for pair in propose(own, theirs).pairs}
    assert len(right) == len(own)
    proposal = propose(own, dict(sorted(theirs.items())))
    assert {p.ours: p.theirs for p in proposal.pairs} == right
    assert not proposal.ordered and any(pair.by == "numbers" for pair in proposal.pairs)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n == "ResNet18" else pytest.mark.slow) for n in QUICK]
)
def test_a_safetensors_file_gives_the_same_outputs(name: str, tmp_path) -> None:
    theirs = reference(name)
    path = tmp_path / "theirs.safetensors"
    safetensors.torch.save_file(theirs.state_dict(), path)
    state = read_weights(path).tensors
    assert list(state) == sorted(state) != list(theirs.state_dict())
    keys = proposed(name, state)
    assert keys == proposed(name, theirs.state_dict())
    size = 224 if name.startswith("VGG") else 64
    want, got = outputs(theirs, size), outputs(loaded(name, keys, state), size)
    torch.testing.assert_close(got, want, rtol=2e-5, atol=2e-5 * want.abs().max().item())


@pytest.mark.parametrize("name", QUICK)
def test_numbers_that_count_otherwise_claim_nothing_wrong(name: str) -> None:
    """Reversed on any level, and with the first two levels changed for each other."""
    own = shapes(archlang.load(name, device="meta").state_dict())
    with torch.device("meta"):
        theirs = shapes(timm.create_model(COUNTERPARTS[name], pretrained=False).state_dict())
    right = {pair.ours: pair.theirs for pair in propose(own, theirs).pairs}
    for renumber in (*map(reversed_at, range(3)), with_columns_first):
        names = {old: renumber(old) for old in theirs}
        state = {names[old]: theirs[old] for old in sorted(theirs, key=names.__getitem__)}
        claimed = propose(own, state).pairs
        assert len(state) == len(theirs)
        assert [p for p in claimed if names[right[p.ours]] != p.theirs] == []


def reversed_at(level: int) -> Callable[[str], str]:
    def renumber(name: str) -> str:
        counted = itertools.count()
        return re.sub(
            r"[0-9]+", lambda n: str(99 - int(n[0])) if next(counted) == level else n[0], name
        )

    return renumber


def with_columns_first(name: str) -> str:
    return re.sub(r"([0-9]+)(\D+)([0-9]+)", r"\3\2\1", name, count=1)


def test_a_kernel_that_is_not_reshaped_is_refused() -> None:
    state = reference("VGG11").state_dict()
    keys = proposed("VGG11", state)
    bare = {ours: Theirs(source.name) for ours, source in keys.tensors.items()}
    with pytest.raises(archlang.SpecError, match="E0702"):
        loaded("VGG11", replace(keys, tensors=bare), state)
