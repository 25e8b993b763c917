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

from .conftest import Compile

CLASSIFIER = """\
default conv(bias=false)
let W = project(bn)

block Unit(C, stride=1):
    conv(C, 3x3, stride=stride) -> bn -> relu
    conv(C, 3x3) -> bn + W∘x -> relu

network Small(classes=5):
    input 3x16x16
    conv(8, 3x3) -> bn -> relu
    layer = chain:
        Unit(16, stride=2)
        Unit(16)
    output aux = gap -> flatten -> fc(classes) when training
    head = gap -> flatten -> dropout(0.3) -> fc(classes)
"""

SEGMENTER = """\
block Double(C):
    2 * (conv(C, 3x3, pad=0) -> relu)

network Segment:
    input 1x44x44
    e1 = Double(4)
    e2 = maxpool(2x2) -> Double(8)
    maxpool(2x2) -> conv(8, 3x3) -> relu
    resize(mode="bilinear")∘upconv(8) ++ e2 -> conv(8, 3x3) -> relu
    crop∘e1 ++ upconv(4) -> conv(2, 1x1)
"""


def image(*size: int, channels: int = 3, batch: int = 2) -> Tensor:
    torch.manual_seed(1)
    return torch.randn(batch, channels, *size)


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


# ── nothing of the example size is baked in ──────────────────────────────────────────────────


def conv(model: nn.Module, path: str, x: Tensor, **options: int) -> Tensor:
    layer = model.get_submodule(path)
    kind = F.conv_transpose2d if isinstance(layer, nn.ConvTranspose2d) else F.conv2d
    return kind(x, layer.weight, layer.bias, **options)


def centre(x: Tensor, like: Tensor) -> Tensor:
    top, left = ((n - m) // 2 for n, m in zip(x.shape[2:], like.shape[2:], strict=True))
    return x[:, :, top : top + like.shape[2], left : left + like.shape[3]]


@pytest.mark.parametrize("size", [(44, 44), (52, 60), (47, 50)])
def test_crop_and_resize_at_any_size(compiled: Compile, size: tuple[int, int]) -> None:
    model = compiled(SEGMENTER)
    x = image(*size, channels=1)
    names = iter([k.removesuffix(".weight") for k in model.state_dict() if k.endswith("weight")])
    e1 = F.relu(conv(model, next(names), x))
    e1 = F.relu(conv(model, next(names), e1))
    e2 = F.relu(conv(model, next(names), F.max_pool2d(e1, 2)))
    e2 = F.relu(conv(model, next(names), e2))
    low = F.relu(conv(model, next(names), F.max_pool2d(e2, 2), padding=1))
    up = conv(model, next(names), low, stride=2)
    up = F.interpolate(up, e2.shape[2:], mode="bilinear")
    y = F.relu(conv(model, next(names), torch.cat([up, e2], 1), padding=1))
    up = conv(model, next(names), y, stride=2)
    y = conv(model, next(names), torch.cat([centre(e1, up), up], 1))
    assert next(names, None) is None
    torch.testing.assert_close(model(x), y)


@pytest.mark.parametrize("size", [(8, 8), (13, 10)])
def test_shortcuts_at_any_size(compiled: Compile, size: tuple[int, int]) -> None:
    model = compiled("""
network N:
    input 4x8x8
    conv(6, 3x3, stride=2) + pad∘x -> relu
    y = identity
    conv(8, 3x3, stride=2) + project∘y
""")
    x = image(*size, channels=4)
    short = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, 2))
    y = F.relu(conv(model, "conv1", x, stride=2, padding=1) + short)
    z = conv(model, "conv2", y, stride=2, padding=1) + conv(model, "project1.conv1", y, stride=2)
    torch.testing.assert_close(model(x), z)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("UNetPadded", [(64, 64), (48, 80)]),
        ("ResNet18", [(64, 64), (97, 70)]),
        ("GoogLeNet", [(64, 64), (97, 130)]),
    ],
)
def test_the_zoo_takes_other_sizes(name: str, sizes: list[tuple[int, int]]) -> None:
    model = archlang.load(name).eval()
    for size in sizes:
        with torch.no_grad():
            y = model(image(*size, batch=1))
        assert y.shape[2:] == (size if name == "UNetPadded" else ())


# ── graphs of every form ─────────────────────────────────────────────────────────────────────


def test_shared_layers_several_inputs_and_outputs(compiled: Compile) -> None:
    model = compiled("""
network Twin:
    input left: 6
    input right: 6
    shared tower = fc(4)
    a = left -> tower -> relu
    b = right -> tower -> relu
    output distance = (a - b) -> fc(1)
    output both = a ++ b
""")
    keys = {k for k in model.state_dict() if k.endswith("weight")}
    assert keys == {"tower.weight", "distance.fc1.weight"}
    left, right = torch.randn(2, 6), torch.randn(2, 6)
    result = model(left, right)
    a, b = (F.relu(F.linear(t, model.tower.weight, model.tower.bias)) for t in (left, right))
    assert result._fields == ("distance", "both")
    assert torch.equal(result.both, torch.cat([a, b], 1))
    result.distance.sum().backward()
    assert model.tower.weight.grad is not None
    model.eval()
    assert model(left, right)._fields == ("distance", "both")
    assert torch.equal(model(right=right, left=left).both, result.both), "inputs by name"


def test_split_select_and_constants(compiled: Compile) -> None:
    model = compiled("""
network N:
    input 6x4x4
    a, b, c = x -> split([1, 2, 3])
    d = x -> select([5, 0, 1])
    1 - d * c
    s = identity
    0.5 * (b ++ a) + s - 3
""")
    x = image(4, 4, channels=6)
    a, b, c = x.split([1, 2, 3], 1)
    expected = 0.5 * torch.cat([b, a], 1) + (1 - x[:, [5, 0, 1]] * c) - 3
    assert torch.equal(model(x), expected)


def test_scalar_and_frozen_shortcuts(compiled: Compile) -> None:
    model = compiled("""
network N:
    input 4x6x6
    conv(4, 3x3) + scale(0.5)∘x
    y = relu
    conv(4, 3x3) + scale(2.0, learn=true)∘y
    z = relu
    conv(8, 3x3, stride=2) + fixed(project)∘z
""")
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert {n for n, _ in model.named_parameters()} - trained == {"project1.conv1.weight"}
    assert any(n.startswith("scale") for n in trained)
    model(image(6, 6, channels=4)).sum().backward()
    assert model.get_parameter("project1.conv1.weight").grad is None


def test_frozen_layers_are_not_trained(compiled: Compile) -> None:
    text = f"{CLASSIFIER}\nnetwork Tuned from Small:\n    freeze conv1, layer.0\n"
    model = compiled(text, "Tuned")
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad != name.startswith(("conv1.", "layer.0.")), name


# ── initial weights ──────────────────────────────────────────────────────────────────────────


def test_initial_weights_are_those_that_are_named(compiled: Compile) -> None:
    model = compiled("""
network N:
    input 64x4x4
    a = conv(256, 3x3, init=kaiming)
    b = conv(64, 3x3, init=kaiming(mode="fan_out"))
    c = conv(64, 3x3, init=constant(0.25))
    d = conv(64, 3x3, init=zeros)
    e = conv(256, 3x3, init=xavier)
    f = conv(64, 3x3, init=normal(std=0.02))
    g = gap -> flatten -> fc(64, init=normal(std=3.0, mean=5.0))
""")
    expected = {
        "a": (2 / (64 * 9)) ** 0.5,
        "b": (2 / (64 * 9)) ** 0.5,
        "e": (2 / (64 * 9 + 256 * 9)) ** 0.5,
        "f": 0.02,
    }
    for name, std in expected.items():
        weight = model.get_submodule(name).weight
        assert weight.std().item() == pytest.approx(std, rel=0.02), name
        assert abs(weight.mean().item()) < 0.05 * std, name
    assert torch.all(model.c.weight == 0.25) and torch.all(model.d.weight == 0)
    assert model.g.fc1.weight.mean().item() == pytest.approx(5.0, abs=0.2)
    for name in "abcdef":
        assert torch.all(model.get_submodule(name).bias == 0), name


def test_without_a_name_they_are_those_of_torch(compiled: Compile) -> None:
    model = compiled("network N:\n    input 3x8x8\n    conv(8, 3x3) -> flatten -> fc(4)\n")
    torch.manual_seed(0)
    reference = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Linear(512, 4))
    for ours, theirs in zip(model.parameters(), reference.parameters(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("name", ["ResNet50", "DenseNet121", "VGG11", "GoogLeNet"])
def test_the_zoo_begins_like_torchvision(name: str) -> None:
    from oracle.reference import keys
    from torchvision_shim import torchvision

    from archlang.weights.torchvision import COUNTERPARTS

    extra = {"init_weights": True} if name == "GoogLeNet" else {}
    theirs = getattr(torchvision.models, COUNTERPARTS[name])(**extra).state_dict()
    ours = archlang.load(name)
    for key, other in keys(name, ours).items():
        if not key.endswith("weight"):  # biases start at zero wherever init= is said
            continue
        a, b = ours.state_dict()[key].double(), theirs[other].double()
        if b.numel() < 2 or b.std() == 0 or a.std() == 0:
            assert torch.equal(a, b), key
        elif b.numel() >= 1000:
            rel = 5 / b.numel() ** 0.5  # several standard errors
            assert a.std().item() == pytest.approx(b.std().item(), rel=rel), key
