"""What `load` returns: a module like any other, which runs at every legal size."""

from __future__ import annotations

import copy
import io
import pickle

import pytest
import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)

import archlang

from .conftest import CLASSIFIER, SEGMENTER, Compile, image


def results(model: nn.Module, x: Tensor) -> tuple[Tensor, ...]:
    """The results, with the random numbers of a fixed seed."""
    torch.manual_seed(2)
    y = model(x)
    return y if isinstance(y, tuple) else (y,)


def hold_equal(a: nn.Module, b: nn.Module, x: Tensor) -> None:
    """The same results and the same gradients, in both modes."""
    for training in (False, True):
        a.train(training), b.train(training)
        ours, theirs = results(a, x), results(b, x)
        assert len(ours) == len(theirs)
        for p, q in zip(ours, theirs, strict=True):
            assert torch.equal(p, q)
        sum(y.sum() for y in ours).backward()
        sum(y.sum() for y in theirs).backward()
        grads = zip(a.named_parameters(), b.named_parameters(), strict=True)
        for (name, p), (other, q) in grads:
            assert name == other
            assert (p.grad is None) == (q.grad is None), name
            assert p.grad is None or torch.equal(p.grad, q.grad), name


# ── a module like any other ──────────────────────────────────────────────────────────────────


def test_it_is_a_module_and_a_graph_module(compiled: Compile) -> None:
    model = compiled(CLASSIFIER)
    assert isinstance(model, nn.Module) and isinstance(model, fx.GraphModule)
    assert model.training and type(model).__name__ == "Small"
    model.graph.lint()


def test_state_dict_has_the_paths_of_the_graph(compiled: Compile) -> None:
    keys = list(compiled(CLASSIFIER).state_dict())
    assert [k for k in keys if k.endswith("weight")] == [
        "conv1.weight",
        "bn1.weight",
        "layer.0.conv1.weight",
        "layer.0.bn1.weight",
        "layer.0.conv2.weight",
        "layer.0.bn2.weight",
        "layer.0.project1.conv1.weight",
        "layer.0.project1.bn1.weight",
        "layer.1.conv1.weight",
        "layer.1.bn1.weight",
        "layer.1.conv2.weight",
        "layer.1.bn2.weight",
        "aux.fc1.weight",
        "head.fc1.weight",
    ]


@pytest.mark.parametrize("name", ["ResNet34A", "GoogLeNet", "DenseNet121", "UNetPadded"])
def test_state_dict_of_the_zoo_has_the_paths_of_the_graph(name: str) -> None:
    graph = archlang.network(name)
    paths = {node.path for node in graph.nodes}
    model = archlang.load(name, device="meta")
    assert {key.rpartition(".")[0] for key in model.state_dict()} <= paths
    assert sum(p.numel() for p in model.parameters()) == graph.params


def test_it_can_be_traced_again(compiled: Compile) -> None:
    model = compiled(CLASSIFIER)
    x = image(16, 16)
    for training in (True, False):
        model.train(training)
        again = fx.symbolic_trace(model).train(training)
        assert type(results(again, x)) is type(results(model, x))
        for ours, theirs in zip(results(again, x), results(model, x), strict=True):
            assert torch.equal(ours, theirs)


def test_it_can_be_copied(compiled: Compile) -> None:
    model = compiled(CLASSIFIER)
    copied = copy.deepcopy(model)
    hold_equal(copied, model, image(16, 16))
    with torch.no_grad():
        copied.get_parameter("aux.fc1.weight").zero_()
    assert model.get_parameter("aux.fc1.weight").abs().sum() > 0
    copied.train()
    assert copied(image(16, 16)).aux.abs().max() < 1, (
        "the copy runs its own head, whose bias is left"
    )


def test_it_can_be_pickled(compiled: Compile) -> None:
    model = compiled(CLASSIFIER)
    hold_equal(pickle.loads(pickle.dumps(model)), model, image(16, 16))


def test_it_can_be_saved_whole(compiled: Compile) -> None:
    model = compiled(CLASSIFIER)
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    hold_equal(torch.load(file, weights_only=False), model, image(16, 16))


def test_its_results_can_be_pickled_and_copied(compiled: Compile) -> None:
    result = compiled(CLASSIFIER)(image(16, 16))
    detached = type(result)(*(t.detach() for t in result))
    other = pickle.loads(pickle.dumps(detached))
    assert type(other) is type(result) and torch.equal(other.aux, result.aux)
    assert torch.equal(copy.deepcopy(detached).aux, result.aux)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_it_compiles_as_one_graph(compiled: Compile, training: bool, backend: str) -> None:
    model = compiled(CLASSIFIER).train(training)
    reference = copy.deepcopy(model)
    fast = torch.compile(model, fullgraph=True, backend=backend)
    x = image(16, 16)
    ours, theirs = results(fast, x), results(reference, x)
    assert type(ours) is type(theirs)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)
    if training:
        (ours.output.sum() + ours.aux.sum()).backward()
        (theirs.output.sum() + theirs.aux.sum()).backward()
        for p, q in zip(model.parameters(), reference.parameters(), strict=True):
            torch.testing.assert_close(p.grad, q.grad)


@pytest.mark.parametrize("strict", [False, True])
def test_it_can_be_exported_with_any_batch(compiled: Compile, strict: bool) -> None:
    model = compiled(CLASSIFIER).eval()
    batch = torch.export.Dim("batch", min=2, max=64)
    program = torch.export.export(
        model, (image(16, 16),), dynamic_shapes=({0: batch},), strict=strict
    )
    x = image(16, 16, batch=5)
    torch.testing.assert_close(program.module()(x), model(x))


def test_it_can_be_exported_while_training(compiled: Compile) -> None:
    model = compiled(CLASSIFIER)
    program = torch.export.export(model, (image(16, 16),))
    assert len(program.module()(image(16, 16))) == 2


@pytest.mark.parametrize("strict", [False, True])
def test_a_fully_convolutional_network_is_exported_with_any_size(
    compiled: Compile, strict: bool
) -> None:
    model = compiled(SEGMENTER).eval()
    size = {2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO}
    x = image(44, 44, channels=1)
    program = torch.export.export(model, (x,), dynamic_shapes=(size,), strict=strict)
    for other in ((44, 44), (52, 60)):
        x = image(*other, channels=1)
        torch.testing.assert_close(program.module()(x), model(x))


@pytest.mark.parametrize("name", ["ResNet18", "GoogLeNet", "DenseNet121", "UNetPadded"])
def test_the_zoo_is_exported(name: str) -> None:
    model = archlang.load(name).eval()
    x = image(64, 64, batch=1)
    program = torch.export.export(model, (x,))
    torch.testing.assert_close(program.module()(x), model(x))


def test_a_head_can_be_swapped_and_trained() -> None:
    model = archlang.load("ResNet18")
    model.fc1 = nn.Linear(512, 5)
    y = model(image(64, 64))
    assert y.shape == (2, 5)
    F.cross_entropy(y, torch.tensor([0, 4])).backward()
    assert model.fc1.weight.grad is not None and model.conv1.weight.grad is not None


def test_a_head_for_training_alone_can_be_swapped(compiled: Compile) -> None:
    model = compiled(CLASSIFIER)
    model.aux.fc1 = nn.Linear(16, 3)
    assert model(image(16, 16)).aux.shape == (2, 3)


# ── where and as what it is made ─────────────────────────────────────────────────────────────


def test_on_meta_nothing_is_allocated() -> None:
    model = archlang.load("VGG19BN", device="meta", dtype=torch.bfloat16)
    tensors = [*model.parameters(), *model.buffers()]
    assert all(t.is_meta for t in tensors)
    assert model(torch.empty(2, 3, 224, 224, device="meta", dtype=torch.bfloat16)).shape == (
        2,
        1000,
    )


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_it_is_made_in_the_type_asked_for(compiled: Compile, dtype: torch.dtype) -> None:
    model = compiled(CLASSIFIER, dtype=dtype)
    assert {p.dtype for p in model.parameters()} == {dtype}
    assert model(image(16, 16).to(dtype)).output.dtype == dtype


def test_parameters_of_the_network_are_set(compiled: Compile) -> None:
    assert compiled(CLASSIFIER, classes=10)(image(16, 16)).output.shape == (2, 10)
    assert archlang.load("ResNet50", classes=10, device="meta").fc1.out_features == 10


# ── training and evaluation ──────────────────────────────────────────────────────────────────


def test_train_and_eval_switch_everything(compiled: Compile) -> None:
    model = compiled(CLASSIFIER)
    x = image(16, 16)
    result = model(x)
    assert result._fields == ("output", "aux")
    assert not torch.equal(model(x).output, model(x).output), "dropout"
    model.eval()
    plain, before = model(x), copy.deepcopy(model.state_dict())
    assert isinstance(plain, Tensor) and plain.shape == (2, 5)
    assert torch.equal(plain, model(x))
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert all(not module.training for module in model.modules())
    model.train()
    model(x)
    assert not torch.equal(model.state_dict()["bn1.running_mean"], before["bn1.running_mean"])


def test_in_evaluation_a_training_part_computes_nothing(compiled: Compile) -> None:
    model = compiled(CLASSIFIER)
    calls: list[str] = []
    model.get_submodule("aux.fc1").register_forward_hook(lambda *_: calls.append("aux"))
    model.eval()(image(16, 16))
    assert calls == []
    model.train()(image(16, 16))
    assert calls == ["aux"]


def test_a_training_part_of_a_single_layer_and_of_shared_ones(compiled: Compile) -> None:
    model = compiled("""
network N:
    input 6
    shared head = fc(3)
    output aux = head when training
    output early = fc(4) when training
    fc(6) -> relu
    head
""")
    keys = {k.removesuffix(".weight") for k in model.state_dict() if k.endswith("weight")}
    (early,) = keys - {"head", "fc1"}
    assert early.partition(".")[0] == "early"
    early = model.get_submodule(early)
    x = torch.randn(2, 6)
    y = model(x)
    assert torch.equal(y.aux, F.linear(x, model.head.weight, model.head.bias))
    assert torch.equal(y.early, F.linear(x, early.weight, early.bias))
    main = F.relu(F.linear(x, model.fc1.weight, model.fc1.bias))
    assert torch.equal(y.output, F.linear(main, model.head.weight, model.head.bias))
    model.eval()
    assert torch.equal(model(x), F.linear(main, model.head.weight, model.head.bias))
    hold_equal(copy.deepcopy(model), model, x)


def test_a_training_part_with_merges_and_several_results(compiled: Compile) -> None:
    model = compiled("""
block Gate(C):
    a, b = x -> split(2)
    (a -> conv(C, 1x1)) + 2 * b - a * b -> relu

network N:
    input 8x4x4
    y = conv(8, 1x1)
    output aux = Gate(4) -> gap -> flatten when training
    y ++ x -> gap -> flatten
""")
    x = image(4, 4, channels=8)
    result = model(x)
    y = F.conv2d(x, model.y.weight, model.y.bias)
    a, b = y.chunk(2, dim=1)
    (path,) = [k for k in model.state_dict() if k.startswith("aux.") and k.endswith("weight")]
    conv = model.get_submodule(path.removesuffix(".weight"))
    expected = F.relu(conv(a) + 2 * b - a * b).mean((2, 3))
    torch.testing.assert_close(result.aux, expected)
    torch.testing.assert_close(result.output, torch.cat([y, x], 1).mean((2, 3)))
