"""An optimised module gives what the plain one gives, in whatever way it is run or kept."""

from __future__ import annotations

import copy
import io
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import fusion

import archlang
from archlang.backends import folding, packing
from archlang.backends.fused import Clip, Conv2d
from archlang.diagnostics.model import SpecError
from tests.passes.networks import both, error, far_off, run, unsettled, written

BODIES = [
    "conv(6, 3, bias=false) -> bn -> relu -> conv(4, 3) -> bn + x -> relu",
    "bn -> relu -> conv(8, 1, bias=false) -> bn -> relu -> conv(4, 3) ++ x -> bn -> relu",
    "bn -> conv(4, 3, pad=0, groups=2) -> bn -> affine -> sigmoid",
    "bn -> conv(6, 3) -> bn(affine=false) -> gelu",
    "upconv(6, groups=2, bias=false) -> bn -> leaky_relu(0.2)",
    'affine -> conv(6, 3, padding_mode="reflect") -> bn -> tanh',
    "dwconv(3, multiplier=2) -> bn -> silu -> sepconv(4, 3) -> bn -> relu6",
    "y = x -> conv(4) -> relu\nz = y -> conv(6) -> bn -> relu -> conv(4) -> bn\nz + y -> relu",
    "y = x -> conv(4) -> bn\nz = x -> conv(4, 1) -> bn\ny + z -> relu -> conv(4) + z",
    "conv(4) -> bn -> hardtanh -> gap -> flatten -> fc(6) -> bn -> relu -> fc(3)",
    'flatten -> bn -> relu -> fc(6) -> bn -> prelu("each") -> fc(2) -> softmax',
    "branch:\n    conv(3) -> bn -> relu\n    conv(3, 1) -> bn -> relu",
    "a, b = split(2)\nc = a -> conv(3) -> bn\nc ++ b -> bn -> relu -> conv(2, 1)",
    "shared c = conv(4)\nshared n = bn\na = x -> c -> n -> relu\na -> c -> n -> relu",
    "output y = x -> conv(4) -> bn -> relu\noutput z = y -> bn -> relu -> conv(2, 1) -> bn",
    "conv(6, 1) -> bn -> avgpool(2) -> bn -> relu -> conv(5, 1, groups=1) -> gap -> conv(3, 1)",
    "scale(0.5)∘x + x -> conv(4) -> dropout(0.5) -> conv(2) -> bn(track=false)",
]


@pytest.mark.parametrize("body", BODIES)
def test_equal_up_to_rounding(body: str, tmp_path: Path) -> None:
    plain, fast = both(written(tmp_path, body))
    x = torch.randn(3, 4, 8, 8, dtype=torch.float64)
    assert error(plain, fast, x) < 1e-12
    assert error(plain, fast, x) < 1e-12  # nor does a call leave anything behind


@pytest.mark.parametrize("body", BODIES)
def test_equal_in_float32(body: str, tmp_path: Path) -> None:
    plain, fast = both(written(tmp_path, body), torch.float32)
    assert error(plain, fast, torch.randn(3, 4, 8, 8)) < 1e-5


def off(model: nn.Module, exact: nn.Module, x: Tensor) -> float:
    """The root of the mean square of what is wrong in the results of a model."""
    pairs = zip(run(model, x), run(exact, x.double()), strict=True)
    return sum((a.double() - b).square().mean().item() for a, b in pairs) ** 0.5


@pytest.mark.parametrize("spread", [unsettled, far_off])
@pytest.mark.parametrize("body", BODIES)
def test_in_bfloat16_as_exact_as_the_plain_network(
    body: str, spread: Callable[[nn.Module], nn.Module], tmp_path: Path
) -> None:
    plain, _ = both(written(tmp_path, body), torch.bfloat16)
    spread(plain)
    fast = archlang.optimize(plain, "inference")
    x = torch.randn(64, 4, 8, 8).bfloat16() + (100 if spread is far_off else 0)
    exact = copy.deepcopy(plain).double()
    # each rounds at other places, and so one of them is sometimes luckier
    assert off(fast, exact, x) < 2 * off(plain, exact, x) + 1e-6


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("4x20", "conv(6, 3) -> bn -> relu -> conv(4, 3) -> bn + x -> relu"),
        ("4x6x6x6", "conv(6, 3) -> bn -> relu -> conv(4, 1) -> bn + x -> relu"),
        ("4x6x6x6", "bn -> relu -> conv(6, 1) -> upconv(4) -> bn -> relu"),
        ("12", "fc(8) -> bn -> relu -> fc(12) + x -> relu"),
    ],
)
def test_every_rank(shape: str, body: str, tmp_path: Path) -> None:
    plain, fast = both(written(tmp_path, body, shape))
    x = torch.randn(3, *map(int, shape.split("x")), dtype=torch.float64)
    assert error(plain, fast, x) < 1e-12


@pytest.mark.parametrize("groups", [1, 2])
def test_folding_is_that_of_torch(groups: int, tmp_path: Path) -> None:
    plain, fast = both(written(tmp_path, f"conv(6, 3, groups={groups}, bias=false) -> bn"))
    theirs = fusion.fuse_conv_bn_eval(plain.conv1, plain.bn1)
    torch.testing.assert_close(fast.conv1.weight, theirs.weight, rtol=1e-14, atol=0)
    torch.testing.assert_close(fast.conv1.bias, theirs.bias, rtol=1e-13, atol=1e-15)


def test_folding_a_transposed_convolution_is_that_of_torch(tmp_path: Path) -> None:
    plain, fast = both(written(tmp_path, "upconv(6) -> bn"))
    theirs = fusion.fuse_conv_bn_eval(plain.upconv1, plain.bn1, transpose=True)
    torch.testing.assert_close(fast.upconv1.weight, theirs.weight, rtol=1e-14, atol=0)


def test_canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folded weights that are off by a thousandth are seen."""
    exact = folding._after
    wrong = lambda node, w, b, line: (exact(node, w, b, line)[0] * 1.001, b)  # noqa: E731
    monkeypatch.setattr(folding, "_after", wrong)
    plain, fast = both(written(tmp_path, BODIES[0]))
    assert error(plain, fast, torch.randn(3, 4, 8, 8, dtype=torch.float64)) > 1e-5


@pytest.mark.parametrize("factor", [1.0, -1.0, 0.0, 1e-35])
def test_clip_with_any_factor(factor: float, tmp_path: Path) -> None:
    spec = written(tmp_path, "bn -> relu -> conv(5, 1)")
    plain = unsettled(archlang.load(spec, dtype=torch.float64).eval())
    with torch.no_grad():
        plain.bn1.weight[:2] = factor
    fast = archlang.optimize(plain, "inference")
    assert isinstance(fast.bn1, Clip)
    assert error(plain, fast, torch.randn(3, 4, 8, 8, dtype=torch.float64)) < 1e-12


def test_the_model_it_is_made_of_stays_as_it_is(tmp_path: Path) -> None:
    plain, _ = both(written(tmp_path, BODIES[0]), torch.float32)
    plain.train()
    before = copy.deepcopy(plain.state_dict())
    fast = archlang.optimize(plain, "inference")
    run(fast, torch.randn(2, 4, 8, 8))
    assert plain.training
    assert all(p.requires_grad for p in plain.parameters())
    assert all(torch.equal(v, before[k]) for k, v in plain.state_dict().items())
    own = {p.data_ptr() for p in fast.parameters()}
    assert not own & {p.data_ptr() for p in plain.parameters()}


def test_load_gives_the_same(tmp_path: Path) -> None:
    spec = written(tmp_path, BODIES[0])
    plain, fast = both(spec, torch.float32)
    loaded = archlang.load(spec, weights=plain.state_dict(), optimize="inference")
    assert not loaded.training
    assert not any(p.requires_grad for p in loaded.parameters())
    assert loaded.state_dict().keys() == fast.state_dict().keys()
    assert all(torch.equal(v, fast.state_dict()[k]) for k, v in loaded.state_dict().items())
    assert archlang.weights_report(loaded).loaded
    assert "fold" in str(archlang.passes_report(loaded))


def test_in_evaluation_for_good(tmp_path: Path) -> None:
    plain, fast = both(written(tmp_path, BODIES[1]), torch.float32)
    x = torch.randn(3, 4, 8, 8)
    with pytest.warns(UserWarning, match="stays in evaluation mode"):
        fast.train()
    assert error(plain, fast, x) < 1e-5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fast.eval()


def test_packed_and_plain_calls_agree(tmp_path: Path) -> None:
    plain, fast = both(written(tmp_path, BODIES[0]), torch.float32)
    x = torch.randn(3, 4, 8, 8)
    (packed,) = run(fast, x)
    with torch.backends.mkldnn.flags(enabled=False):
        (without,) = run(fast, x)
    torch.testing.assert_close(packed, without)
    wanted = x.clone().requires_grad_()
    fast(wanted).sum().backward()
    theirs = x.clone().requires_grad_()
    plain(theirs).sum().backward()
    torch.testing.assert_close(wanted.grad, theirs.grad, rtol=1e-4, atol=1e-5)


needs_packing = pytest.mark.skipif(not packing.supports(torch.float32), reason="no oneDNN on x86")


@needs_packing
def test_weights_are_packed_anew_when_they_change(tmp_path: Path) -> None:
    _, fast = both(written(tmp_path, "conv(4) -> relu"), torch.float32)
    x = torch.randn(3, 4, 8, 8)
    run(fast, x)
    assert isinstance(fast.conv1, Conv2d)
    assert fast.conv1._packed is not None
    fast.conv1.weight.mul_(0)
    fast.conv1.bias.fill_(2)
    assert torch.equal(run(fast, x)[0], torch.full((3, 4, 8, 8), 2.0))
    assert run(fast.double(), x.double())[0].dtype == torch.float64
    assert run(fast, torch.randn(1, 4, 12, 9).double())[0].shape == (1, 4, 12, 9)


@needs_packing
def test_nothing_packed_is_kept(tmp_path: Path) -> None:
    _, fast = both(written(tmp_path, BODIES[0]), torch.float32)
    x = torch.randn(3, 4, 8, 8)
    (wanted,) = run(fast, x)
    stored = io.BytesIO()
    torch.save(fast, stored)
    stored.seek(0)
    copies = [
        copy.deepcopy(fast),
        pickle.loads(pickle.dumps(fast)),
        torch.load(stored, weights_only=False),
    ]
    for other in copies:
        assert all(getattr(m, "_packed", None) is None for m in other.modules())
        assert other.state_dict().keys() == fast.state_dict().keys()
        torch.testing.assert_close(run(other, x)[0], wanted)
        assert str(archlang.passes_report(other)) == str(archlang.passes_report(fast))


def test_other_results_than_before_the_call_stay(tmp_path: Path) -> None:
    """A result that was given is not overwritten by the next call."""
    _, fast = both(written(tmp_path, BODIES[7]), torch.float32)
    (first,) = run(fast, torch.randn(2, 4, 8, 8))
    kept = first.clone()
    run(fast, torch.randn(2, 4, 8, 8))
    assert torch.equal(first, kept)


@pytest.mark.parametrize("body", [BODIES[0], BODIES[1], BODIES[7]])
def test_exported(body: str, tmp_path: Path) -> None:
    _, fast = both(written(tmp_path, body), torch.float32)
    x = torch.randn(3, 4, 8, 8)
    (wanted,) = run(fast, x)
    program = torch.export.export(fast, (x,))
    assert "mkldnn" not in str(program.graph)
    torch.testing.assert_close(program.module()(x), wanted)


def test_traced(tmp_path: Path) -> None:
    _, fast = both(written(tmp_path, BODIES[0]), torch.float32)
    x = torch.randn(3, 4, 8, 8)
    (wanted,) = run(fast, x)
    torch.testing.assert_close(torch.fx.symbolic_trace(fast)(x), wanted)
    with torch.no_grad():
        torch.testing.assert_close(torch.jit.trace(fast, x)(x), wanted)
        torch.testing.assert_close(torch.vmap(fast)(x[None])[0], wanted)
        with torch.autocast("cpu"):
            assert (fast(x).float() - wanted).abs().max() < 0.1 * wanted.abs().max()


@pytest.mark.slow
@pytest.mark.parametrize("body", [BODIES[0], BODIES[1]])
def test_compiled(body: str, tmp_path: Path) -> None:
    plain, fast = both(written(tmp_path, body), torch.float32)
    x = torch.randn(3, 4, 8, 8)
    assert error(plain, torch.compile(fast), x) < 1e-5
    again = archlang.optimize(torch.compile(plain), "inference")
    assert error(plain, again, x) < 1e-5


def test_without_memory(tmp_path: Path) -> None:
    fast = archlang.load(written(tmp_path, BODIES[1]), device="meta", optimize="inference")
    assert fast(torch.empty(2, 4, 8, 8, device="meta")).is_meta


# ── what is refused ──────────────────────────────────────────────────────────────────────────────


def test_none_changes_nothing(tmp_path: Path) -> None:
    spec = written(tmp_path, BODIES[0])
    torch.manual_seed(0)
    one = archlang.load(spec)
    torch.manual_seed(0)
    two = archlang.load(spec, optimize=None)
    assert one.code == two.code
    with pytest.raises(ValueError, match="no report"):
        archlang.passes_report(one)


@pytest.mark.parametrize(
    ("goal", "kind", "says"),
    [("inferrence", ValueError, 'did you mean "inference"'), (3, TypeError, "not 3")],
)
def test_a_wrong_goal(goal: object, kind: type[Exception], says: str, tmp_path: Path) -> None:
    spec = written(tmp_path, BODIES[0])
    with pytest.raises(kind, match=says):
        archlang.load(spec, optimize=goal)
    with pytest.raises(kind, match=says):
        archlang.optimize(nn.Linear(2, 2), goal)


def test_a_model_that_is_not_ours_or_no_longer_its_spec(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="E0901"):
        archlang.optimize(nn.Linear(2, 2), "inference")
    plain, fast = both(written(tmp_path, "gap -> flatten -> fc(3)"))
    with pytest.raises(SpecError, match="already"):
        archlang.optimize(fast, "inference")
    plain.fc1 = nn.Linear(4, 7)
    with pytest.raises(SpecError, match="no longer"):
        archlang.optimize(plain, "inference")


def test_saving_is_refused_and_saving_what_it_is_made_of_is_not(tmp_path: Path) -> None:
    plain, fast = both(written(tmp_path, BODIES[0]), torch.float32)
    with pytest.raises(SpecError, match="E0902"):
        archlang.save(fast, tmp_path / "n.safetensors")
    assert not (tmp_path / "n.safetensors").exists()
    archlang.save(plain, tmp_path / "n.safetensors")
    loaded = archlang.load(tmp_path / "n.safetensors", optimize="inference")
    assert error(plain, loaded, torch.randn(2, 4, 8, 8)) < 1e-5


def test_one_graph_for_the_compiler() -> None:
    model = archlang.load("ResNet20", optimize="inference")
    found = torch._dynamo.explain(model)(torch.randn(1, 3, 32, 32))
    assert (found.graph_count, found.graph_break_count) == (1, 0)
