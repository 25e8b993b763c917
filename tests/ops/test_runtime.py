"""What torch lacks, against plain formulas; traced, copied, pickled, compiled, exported."""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F  # noqa: N812

from archlang.backends import runtime
from archlang.backends.recipes import build, call, fill, resolve
from archlang.ops.activation import Tanh
from archlang.ops.base import Op, Shape
from archlang.ops.classic import Affine, Maxout, Rbf, SparseConv
from archlang.ops.merging import Mean
from archlang.ops.normalisation import LayerNorm
from archlang.ops.recipe import Function, Module
from archlang.ops.regularisation import DropPath
from archlang.ops.resampling import Crop, CropLike, PadShortcut, ResizeLike, Scale
from archlang.ops.reshaping import Reshape, Select

LENET_C3 = (
    *((i, (i + 1) % 6, (i + 2) % 6) for i in range(6)),
    *((i, (i + 1) % 6, (i + 2) % 6, (i + 3) % 6) for i in range(6)),
    *((i, (i + 1) % 6, (i + 3) % 6, (i + 4) % 6) for i in range(3)),
    tuple(range(6)),
)
CASES: list[tuple[Op, tuple[Shape, ...]]] = [
    (Affine(), ((6, 5, 4),)),
    (Affine(), ((6,),)),
    (LayerNorm(), ((6, 5, 4),)),
    (LayerNorm(affine=False), ((6, 9),)),
    (DropPath(p=0.4), ((6, 5, 4),)),
    (Rbf(out=4), ((12,),)),
    (Rbf(out=4, fixed=False), ((12,),)),
    (Tanh(scale=1.7159, slope=2 / 3), ((7,),)),
    (Scale(value=0.5, learn=True), ((6, 5, 4),)),
    (SparseConv(out=16, kernel=5, table=LENET_C3, pad=0), ((6, 14, 14),)),
    (SparseConv(out=2, kernel=3, table=((1,), (0, 1)), stride=2), ((2, 9),)),
    (Mean(), ((6, 5, 4),) * 3),
    (Reshape(size=(-1, 5)), ((6, 5, 4),)),
    (Select(channels=(4, 5, 0, 0)), ((6, 5, 4),)),
    (Maxout(k=3), ((6, 5, 4),)),
    (Crop(size=(2, 3)), ((6, 5, 4),)),
    (CropLike(), ((6, 7, 5), (2, 4, 4))),
    (CropLike(), ((6, 9), (2, 4))),
    (ResizeLike(mode="linear", align_corners=True), ((6, 7, 5), (2, 4, 9))),
    (PadShortcut(channels=10, stride=2), ((6, 7, 5),)),
]
every_case = pytest.mark.parametrize(
    ("op", "xs"), CASES, ids=[f"{type(op).__name__}{len(xs[0]) - 1}d" for op, xs in CASES]
)


def network(op: Op, xs: tuple[Shape, ...]) -> fx.GraphModule:
    """A network of one layer."""
    recipe = op.recipe(*xs)
    root, graph = nn.Module(), fx.Graph()
    inputs = [graph.placeholder(f"x{i}") for i in range(len(xs))]
    if isinstance(recipe, Module):
        root.add_module("layer", build(recipe))
        graph.output(graph.call_module("layer", tuple(inputs)))
    else:
        assert isinstance(recipe, Function)
        arguments = tuple(fill(a, inputs) for a in recipe.args)
        graph.output(graph.call_function(resolve(recipe.target), arguments))
    return fx.GraphModule(root, graph)


def inputs_of(xs: tuple[Shape, ...]) -> list[Tensor]:
    torch.manual_seed(1)
    return [torch.randn(3, *x) for x in xs]


@every_case
def test_can_be_traced_again_and_copied_and_pickled(op: Op, xs: tuple[Shape, ...]) -> None:
    net = network(op, xs).eval()
    inputs = inputs_of(xs)
    expected = net(*inputs)
    again = fx.symbolic_trace(net)
    for module in (again, copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert torch.equal(module(*inputs), expected)


@every_case
def test_compiles_whole_and_exports(op: Op, xs: tuple[Shape, ...]) -> None:
    net = network(op, xs).eval()
    inputs = inputs_of(xs)
    expected = net(*inputs)
    compiled = torch.compile(net, fullgraph=True, backend="eager")
    assert torch.equal(compiled(*inputs), expected)
    exported = torch.export.export(net, tuple(inputs)).module()
    assert torch.equal(exported(*inputs), expected)


@every_case
def test_follows_dtype_and_builds_on_meta(op: Op, xs: tuple[Shape, ...]) -> None:
    inputs = [t.double() for t in inputs_of(xs)]
    assert network(op, xs).double()(*inputs).dtype == torch.float64
    with torch.device("meta"):
        net = network(op, xs)
        assert net(*(torch.ones(3, *x) for x in xs)).device.type == "meta"
    assert all(t.device.type == "meta" for t in (*net.parameters(), *net.buffers()))


PIECES = [v for v in vars(runtime).values() if getattr(v, "__module__", "") == runtime.__name__]


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.__name__)
def test_stands_alone_when_its_source_is_copied(piece: Callable[..., Any]) -> None:
    tree = ast.parse(inspect.getsource(piece))
    names = {n for n in ast.walk(tree) if isinstance(n, ast.Name)}
    bound = {n.id for n in names if not isinstance(n.ctx, ast.Load)}
    bound |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    used = {n.id for n in names} - bound - set(dir(builtins))
    # what a piece uses of the others is copied with it
    assert used <= {"torch", "Tensor", "nn", "F", "Self", *(p.__name__ for p in PIECES)}


def test_affine_is_scale_and_shift_by_channel() -> None:
    x = torch.randn(2, 3, 4, 5)
    layer = runtime.Affine(3)
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    expected = torch.einsum("nchw,c->nchw", x, layer.weight) + layer.bias[None, :, None, None]
    torch.testing.assert_close(layer(x), expected)


def test_channel_norm_is_layer_norm_at_every_place() -> None:
    x = torch.randn(2, 6, 4, 5)
    layer = runtime.ChannelNorm(6)
    nn.init.normal_(layer.weight)
    at = layer(x)[1, :, 2, 3]
    expected = F.layer_norm(x[1, :, 2, 3], (6,), layer.weight, layer.bias)
    torch.testing.assert_close(at, expected)


def test_drop_path_drops_whole_samples_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    x = torch.randn(4000, 3, 2, 2)
    layer = runtime.DropPath(0.25)
    y = layer(x)
    kept = (y != 0).flatten(1).any(1)
    assert torch.equal(y[~kept], torch.zeros_like(y[~kept]))
    torch.testing.assert_close(y[kept], x[kept] / 0.75)
    assert kept.float().mean().item() == pytest.approx(0.75, abs=0.03)
    assert torch.equal(layer.eval()(x), x)


def test_drop_path_follows_train_and_eval_after_tracing() -> None:
    net = fx.symbolic_trace(network(DropPath(p=1.0), ((3,),)).eval())
    x = torch.randn(5, 3)
    assert torch.equal(net.eval()(x), x)
    assert torch.equal(net.train()(x), torch.zeros_like(x))


def test_rbf_is_the_squared_distance() -> None:
    x = torch.randn(5, 12)
    layer = runtime.Rbf(12, 4)
    torch.testing.assert_close(layer(x), torch.cdist(x, layer.weight).square())
    assert set(layer.weight.unique().tolist()) == {-1.0, 1.0}


def test_rbf_draws_the_same_codes_and_leaves_other_draws_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first = runtime.Rbf(12, 4)
    assert torch.equal(torch.rand(2), expected)
    assert torch.equal(first.weight, runtime.Rbf(12, 4, fixed=False).weight)


def test_sparse_conv_is_a_convolution_without_the_missing_connections() -> None:
    x = torch.randn(2, 6, 14, 14)
    layer = runtime.SparseConv(LENET_C3, (5, 5), padding=2)
    dense = torch.zeros(16, 6, 5, 5)
    filters = [w for conv in layer.convs for w in conv.weight]
    for i, (seen, weights) in enumerate(zip(LENET_C3, filters, strict=True)):
        dense[i, list(seen)] = weights.detach()
    bias = torch.cat([conv.bias for conv in layer.convs])
    torch.testing.assert_close(layer(x), F.conv2d(x, dense, bias, padding=2))


def test_c3_of_lenet_has_its_published_parameters() -> None:
    op = SparseConv(out=16, kernel=5, table=LENET_C3, pad=0)
    assert sum(map(len, LENET_C3)) == 60
    assert op.params((6, 14, 14)) == 1_516
    assert op.macs((6, 14, 14)) == 60 * 25 * 10 * 10


def test_crop_like_cuts_the_centre_of_any_size() -> None:
    net = fx.symbolic_trace(network(CropLike(), ((1, 8, 8), (1, 4, 4))))
    for h, w, th, tw in ((8, 8, 4, 4), (9, 7, 4, 7), (64, 64, 56, 55)):
        x, like = torch.randn(2, 3, h, w), torch.zeros(2, 1, th, tw)
        top, left = (h - th) // 2, (w - tw) // 2
        assert torch.equal(net(x, like), x[:, :, top : top + th, left : left + tw])


def test_resize_like_takes_the_other_size_at_run_time() -> None:
    net = fx.symbolic_trace(network(ResizeLike(mode="linear"), ((1, 8, 8), (1, 4, 4))))
    x, like = torch.randn(2, 3, 5, 6), torch.zeros(2, 1, 11, 4)
    assert torch.equal(net(x, like), F.interpolate(x, (11, 4), mode="bilinear"))


@pytest.mark.parametrize(("where", "before"), [("after", 0), ("both", 2)])
def test_pad_shortcut_subsamples_and_adds_zero_channels(where: str, before: int) -> None:
    x = torch.randn(2, 3, 7, 6)
    op = PadShortcut(channels=8, stride=2, where=where)
    y = call(op.recipe((3, 7, 6)), [x])
    assert torch.equal(y[:, before : before + 3], x[:, :, ::2, ::2])
    assert y.shape[1] == 8
    assert y[:, :before].count_nonzero() == y[:, before + 3 :].count_nonzero() == 0


def test_maxout_keeps_the_greatest_of_neighbouring_channels() -> None:
    x = torch.randn(2, 6, 4)
    assert torch.equal(runtime.maxout(x, 3)[:, 1], torch.max(x[:, 3:6], dim=1).values)


def test_select_is_indexing() -> None:
    x = torch.randn(2, 6, 4)
    channels = (4, 5, 0, 0, 3)
    assert torch.equal(call(Select(channels=channels).recipe((6, 4)), [x]), x[:, list(channels)])


def test_mean_is_the_mean() -> None:
    tensors = [torch.randn(2, 3, 4) for _ in range(3)]
    torch.testing.assert_close(runtime.mean_of(tensors), torch.stack(tensors).mean(0))
