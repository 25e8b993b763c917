"""What the rules claim, held against torch: gradients that are zero, losses that cannot fall."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn

from archlang.backends.fx import to_fx
from archlang.diagnostics.catalog.lint_layers import DroppedPixels, WeightsOnPadding
from archlang.linting import lint_text
from archlang.linting.rules.bias_before_norm import BiasBeforeNormRule
from archlang.linting.rules.dropped_pixels import DroppedPixelsRule
from archlang.linting.rules.weights_on_padding import WeightsOnPaddingRule
from tests.linting.test_repairing import graph, repaired
from tests.property.test_shapes import FEW


def net(line: str, size: str) -> str:
    return f"network N:\n    input {size}\n    {line}\n"


def model(text: str) -> nn.Module:
    """The network of a text in double precision, while training."""
    torch.manual_seed(0)
    return to_fx(graph(text)).double().train()


LAYERS = ("conv(4, 3x3)", "upconv(4)", "dwconv(3x3)", "sepconv(4, 3x3)")


@pytest.mark.parametrize("norm", ["bn", "inorm"])
@pytest.mark.parametrize("layer", LAYERS)
def test_a_bias_before_a_normalisation_has_no_gradient(layer: str, norm: str) -> None:
    text = net(f"{layer} -> {norm} -> relu", "2x8x8")
    assert [d.code for d in lint_text(text)] == [BiasBeforeNormRule.problem.code]
    made = model(text)
    made(torch.randn(5, 2, 8, 8, dtype=torch.float64)).square().sum().backward()
    gradients = {n: p.grad.abs().max() for n, p in made.named_parameters() if p.grad is not None}
    biases = [g for name, g in gradients.items() if name.endswith("bias") and norm not in name]
    assert biases
    assert max(biases) < 1e-10
    assert max(g for name, g in gradients.items() if name.endswith("weight")) > 1e-3


def test_without_that_bias_the_network_computes_the_same() -> None:
    text = net("conv(4, 3x3) -> bn -> relu", "2x8x8")
    one, two = model(text), model(repaired(text).text)
    state = {k: v for k, v in one.state_dict().items() if k in two.state_dict()}
    two.load_state_dict(state)
    assert len(state) == len(one.state_dict()) - 1
    x = torch.randn(5, 2, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(one(x), two(x))


def test_a_bias_before_a_group_normalisation_has_one() -> None:
    text = net("conv(4, 3x3) -> gn(1) -> relu", "2x8x8")
    assert lint_text(text) == ()
    made = model(text)
    made(torch.randn(5, 2, 8, 8, dtype=torch.float64)).square().sum().backward()
    grads = [p.grad for n, p in made.named_parameters() if n == "conv1.bias"]
    assert grads[0] is not None
    assert grads[0].abs().max() > 1e-3


@settings(FEW, max_examples=60)
@given(
    st.integers(5, 12), st.integers(1, 4), st.integers(1, 4), st.integers(0, 2), st.integers(1, 2),
    st.sampled_from(["conv", "avgpool", "avgpool ceil"]),
)  # fmt: skip
@example(5, 4, 1, 1, 2, "conv")
def test_dropped_pixels_are_those_without_gradient(
    n: int, k: int, s: int, p: int, d: int, kind: str
) -> None:
    p, d = (min(p, k // 2), 1) if kind != "conv" else (p, d)
    if d * (k - 1) + 1 > n + 2 * p:
        return
    ceil = ", ceil=true" if "ceil" in kind else ""
    dilated = f"conv(1, {k}, stride={s}, pad={p}, dilation={d})"
    line = dilated if kind == "conv" else f"avgpool({k}, stride={s}, pad={p}{ceil})"
    text = net(line, f"1x{n}")
    built = graph(text)
    found = DroppedPixelsRule().check(built.nodes[1], built)
    x = torch.ones(1, 1, n, dtype=torch.float64, requires_grad=True)
    made = model(text)
    for weight in made.parameters():
        nn.init.constant_(weight, 1.0)
    made(x).sum().backward()
    assert x.grad is not None
    seen = x.grad[0, 0].nonzero().max().item() + 1
    if s > d * (k - 1) + 1:
        assert found is None  # the gaps are another rule's
        return
    said = found.problem.lost[0] if found and isinstance(found.problem, DroppedPixels) else 0
    places = built.nodes[1].shape[-1]
    # more pixels may lie in the holes of the window; the rule speaks of the end
    if d > 1 and (s > 1 or places < d):
        assert said <= n - int(seen)
    else:
        assert said == n - int(seen)


@settings(FEW, max_examples=60)
@given(
    st.integers(1, 6), st.integers(1, 5), st.integers(1, 3), st.integers(0, 6), st.integers(1, 6)
)
def test_weights_on_padding_are_those_without_gradient(
    n: int, k: int, s: int, p: int, d: int
) -> None:
    if d * (k - 1) + 1 > n + 2 * p:
        return
    text = net(f"conv(1, {k}, stride={s}, pad={p}, dilation={d}, bias=false)", f"1x{n}")
    built = graph(text)
    found = WeightsOnPaddingRule().check(built.nodes[1], built)
    made = model(text)
    made(torch.ones(1, 1, n, dtype=torch.float64)).sum().backward()
    (weight,) = made.parameters()
    assert weight.grad is not None
    idle = int((weight.grad == 0).sum())
    if found is None:
        assert idle == 0 or k == 1
    else:
        assert isinstance(found.problem, WeightsOnPadding)
        assert (found.problem.idle, found.problem.all) == (idle, k)


def test_gaps_have_no_gradient() -> None:
    text = net("maxpool(2x2, stride=3)", "1x8x8")
    assert "W0508" in {d.code for d in lint_text(text)}
    x = torch.randn(1, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    nn.functional.avg_pool2d(x, 2, 3).sum().backward()
    assert x.grad is not None
    assert not x.grad[:, :, 2::3].any()
    assert not x.grad[..., 2::3].any()


def test_two_linear_layers_are_one() -> None:
    text = net("fc(30) -> fc(20) -> relu", "10")
    assert [d.code for d in lint_text(text)] == ["W0502"]
    one, two = nn.Linear(10, 30).double(), nn.Linear(30, 20).double()
    both = nn.Linear(10, 20).double()
    with torch.no_grad():
        both.weight.copy_(two.weight @ one.weight)
        both.bias.copy_(two(one.bias))
    x = torch.randn(7, 10, dtype=torch.float64)
    torch.testing.assert_close(two(one(x)), both(x))


def test_behind_a_softmax_the_loss_cannot_fall_below_its_bound() -> None:
    best = torch.eye(10)[:1]
    loss = nn.CrossEntropyLoss()(best, torch.tensor([0])).item()
    assert loss == pytest.approx(math.log(9 * math.exp(-1) + 1), abs=1e-6)
    assert round(loss, 2) == 1.46


def test_dropout_before_bn_shifts_the_variance() -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(4, momentum=None))
    x = torch.randn(20_000, 4) + 1
    layers(x)
    layers.eval()
    assert layers(x).var().item() < 0.5  # 1 / (2 + 1): what it learned is three times as large
    plain = nn.BatchNorm1d(4, momentum=None)
    plain(x)
    assert plain.eval()(x).var().item() == pytest.approx(1.0, abs=0.05)
