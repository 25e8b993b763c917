"""The zoo against torchvision, to the last bit: outputs, gradients, running statistics."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import archlang
from archlang.weights import references
from archlang.weights.keys.torchvision import COUNTERPARTS, key_map
from archlang.zoo import zoo

from .reference import Pair, keys, reference

QUICK = ("AlexNet", "VGG11BN", "GoogLeNet", "ResNet18", "ResNet50", "DenseNet121")
NETWORKS = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in COUNTERPARTS
]
SMALL = (2, 3, 64, 64)
OBLONG = (1, 3, 97, 66)
FULL = (2, 3, 224, 224)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    # threads gain little on small maps, and wait for each other where cores are shared
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    gc.collect()  # a VGG with its gradients is more than a gigabyte, twice


def test_all_nineteen_builders_have_a_counterpart() -> None:
    assert len(set(COUNTERPARTS.values())) == 19
    assert set(COUNTERPARTS) <= set(zoo())


@pytest.mark.parametrize("name", COUNTERPARTS)
def test_the_key_map_is_one_to_one_and_keeps_every_shape(name: str) -> None:
    with torch.device("meta"):
        theirs = {key: value.shape for key, value in reference(name).state_dict().items()}
    ours = archlang.load(name, device="meta")
    mapped = keys(name, ours)
    assert set(mapped.values()) == set(theirs) and len(mapped) == len(theirs)
    assert {mapped[k]: v.shape for k, v in ours.state_dict().items()} == theirs


def test_only_the_networks_of_torchvision_have_a_key_map() -> None:
    assert key_map(archlang.network("ResNet34C")) is None
    assert key_map(archlang.network("LeNet5")) is None


@pytest.mark.parametrize("name", NETWORKS)
def test_equal_to_torchvision(name: str) -> None:
    pair = Pair.of(name)
    pair.hold_state()
    torch.manual_seed(2)
    pair.hold_in_eval(torch.randn(OBLONG))
    pair.hold_in_training(torch.randn(SMALL))


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_go_in_and_out_by_the_map(name: str) -> None:
    torch.manual_seed(0)
    first, second = reference(name), reference(name)
    state = first.state_dict()
    model = archlang.load(name, weights=state)
    second.load_state_dict(archlang.torchvision_state_dict(model), strict=True)
    for key, value in second.state_dict().items():
        assert torch.equal(value, state[key]), key


def test_there_are_names_of_torchvisions_only_for_its_networks() -> None:
    with pytest.raises(ValueError, match="torchvision has no network like LeNet5"):
        archlang.torchvision_state_dict(archlang.load("LeNet5"))
    with pytest.raises(ValueError, match="torchvision has no network like Linear"):
        archlang.torchvision_state_dict(torch.nn.Linear(2, 2))


@pytest.mark.slow
@pytest.mark.parametrize("name", COUNTERPARTS)
def test_equal_to_torchvision_at_full_size(name: str) -> None:
    pair = Pair.of(name)
    pair.hold_in_eval(torch.randn(FULL))
    pair.hold_in_training(torch.randn(FULL))


# ── canaries: the comparisons above can fail ─────────────────────────────────────────────────


def changed(tmp_path: Path, network: str, old: str, new: str) -> str:
    """The address of a network in a copy of its spec, changed in one place."""
    text = zoo()[network].read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / zoo()[network].name
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return f"{path}:{network}"


CHANGES = {
    "relu before the sum": ("bn + W∘x -> relu", "bn -> relu + W∘x"),
    "eps": ("default conv(", "default bn(eps=1e-6)\ndefault conv("),
    "stem without its relu": ("stride=2) -> bn -> relu -> maxpool", "stride=2) -> bn -> maxpool"),
    "kind of the pool": ("maxpool(3x3, stride=2, pad=1)", "avgpool(3x3, stride=2, pad=1)"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_spec_is_noticed_in_evaluation(tmp_path: Path, change: str) -> None:
    pair = Pair.of("ResNet18", changed(tmp_path, "ResNet18", *CHANGES[change]))
    with pytest.raises(AssertionError, match="output differs in evaluation"):
        pair.hold_in_eval(torch.randn(SMALL))


def test_a_changed_momentum_is_noticed_in_the_running_statistics(tmp_path: Path) -> None:
    spec = changed(tmp_path, "ResNet18", "default conv(", "default bn(momentum=0.2)\ndefault conv(")
    pair = Pair.of("ResNet18", spec)
    x = torch.randn(SMALL)
    pair.hold_in_eval(x)
    with pytest.raises(AssertionError, match="running_mean differs"):
        pair.hold_in_training(x)


def test_a_changed_gradient_is_noticed() -> None:
    pair = Pair.of("ResNet18")
    conv = pair.ours.get_submodule("layer1.0.conv1")
    conv.register_full_backward_hook(lambda module, grads, _: (grads[0] * 1.0001,))
    with pytest.raises(AssertionError, match=r"the gradient of .* differs"):
        pair.hold_in_training(torch.randn(SMALL))


def swap(mapping: dict[str, str], a: str, b: str) -> dict[str, str]:
    return mapping | {a: mapping[b], b: mapping[a]}


def test_swapped_keys_of_equal_shape_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = key_map(archlang.network("ResNet18"))
    assert right is not None
    wrong = swap(right, "layer1.0.conv1", "layer1.0.conv2")
    monkeypatch.setattr(references, "key_map", lambda graph, builder: wrong)
    pair = Pair.of("ResNet18")
    with pytest.raises(AssertionError, match=r"layer1\.0\.conv1\.weight differs"):
        pair.hold_state()
    with pytest.raises(AssertionError, match="output differs in evaluation"):
        pair.hold_in_eval(torch.randn(SMALL))


def test_swapped_keys_of_other_shapes_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    right = key_map(archlang.network("ResNet18"))
    assert right is not None
    wrong = swap(right, "layer1.0.conv1", "layer2.0.conv1")
    monkeypatch.setattr(references, "key_map", lambda graph, builder: wrong)
    with pytest.raises(archlang.SpecError, match="E0702"):
        Pair.of("ResNet18")
