"""What runs again in the backward pass: equal to the plain network to the last bit."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

import archlang
from archlang.backends.fx import to_fx
from archlang.backends.recompute import RunAgain
from archlang.graph import Again, Graph
from archlang.passes.recompute import Recompute, cheap_parts, described, whole_parts

SPEC = """\
arch 1

block Residual(n):
    bn -> relu -> conv(n, 3x3) -> bn -> silu -> dropout(0.3) -> conv(n, 3x3) + x

network Dense:
    input 3x12x12
    conv(8, 3x3)
    dense 3:
        bn -> relu -> conv(8, 1x1)
        bn -> elu -> conv(4, 3x3)
    bn -> relu -> gap -> flatten -> fc(5)

network Units:
    input 8x10x10
    for i in range(3):
        Residual(8)
    maxpool(2x2) -> conv(6, 3x3) -> gn(3) -> gelu -> conv(6, 3x3) -> leaky_relu(0.1)
    gap -> flatten -> fc(5)

network Heads:
    input 3x12x12
    conv(8, 3x3) -> bn -> relu -> conv(8, 3x3) -> bn
    y = relu
    output helper = y -> bn -> relu -> conv(2, 3x3) -> gap -> flatten when training
    output map = y -> conv(8, 3x3)
    output classes = y -> bn -> relu -> conv(8, 3x3) -> gap -> flatten -> fc(5)

network Shared:
    input 6x12x12
    shared Norm = bn
    shared Unit = conv(6, 3x3) -> bn -> relu
    Norm -> relu -> conv(6, 3x3) -> Norm -> relu -> conv(6, 3x3) -> Unit -> Unit
    gap -> flatten -> fc(5)

network Untracked:
    input 3x12x12
    conv(8, 3x3) -> bn(track=false) -> relu -> conv(8, 3x3) -> gap -> flatten -> fc(5)

network Frozen from Dense:
    freeze conv1, dense1.0
"""
NETWORKS = ("Dense", "Units", "Heads", "Shared", "Frozen")
Chooser = Callable[[Graph], tuple[Again, ...]]


def _cheap(graph: Graph) -> tuple[Again, ...]:
    return tuple(part.again for part in cheap_parts(graph))


def _whole(graph: Graph) -> tuple[Again, ...]:
    return tuple(part.again for part in whole_parts(graph)[0])


def _largest(graph: Graph) -> tuple[Again, ...]:
    return tuple(part.again for part in whole_parts(graph)[-1])


CHOOSERS: dict[str, Chooser] = {"cheap": _cheap, "whole": _whole, "largest": _largest}


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("specs") / "again.arch"
    path.write_text(SPEC)
    return path


def pair(graph: Graph, choose: Chooser = _cheap) -> tuple[nn.Module, nn.Module, Tensor]:
    """A plain network, the same with something that runs again, and a batch."""
    chosen = choose(graph)
    assert chosen, "something has to run again, else nothing is tested"
    torch.manual_seed(0)
    plain, again = to_fx(graph), to_fx(replace(graph, again=chosen))
    again.load_state_dict(plain.state_dict())
    return plain, again, torch.randn(4, *graph.nodes[graph.inputs[0]].shape)


def trained(model: nn.Module, x: Tensor, steps: int = 2) -> list[Tensor]:
    """All that comes of training: outputs, gradients, and what the network is afterwards."""
    torch.manual_seed(1)
    x = x.clone().requires_grad_()
    seen: list[Tensor] = []
    for _ in range(steps):
        results = [t for t in tree_leaves(model(x)) if t is not None]
        torch.stack([t.float().square().mean() for t in results]).sum().backward()
        seen += results
    seen += [p.grad for p in model.parameters() if p.grad is not None]
    assert x.grad is not None
    return [*seen, x.grad, *model.state_dict().values()]


def equal(a: list[Tensor], b: list[Tensor]) -> bool:
    """To the last bit."""
    return len(a) == len(b) and all(torch.equal(p, q) for p, q in zip(a, b, strict=True))


@pytest.mark.parametrize("choose", CHOOSERS.values(), ids=CHOOSERS)
@pytest.mark.parametrize("name", NETWORKS)
def test_all_that_comes_of_training_is_equal(spec: Path, name: str, choose: Chooser) -> None:
    plain, again, x = pair(archlang.network(f"{spec}:{name}"), choose)
    assert list(plain.state_dict()) == list(again.state_dict())
    assert equal(trained(plain, x), trained(again, x))


@pytest.mark.parametrize("choose", CHOOSERS.values(), ids=CHOOSERS)
@pytest.mark.parametrize("way", ["deepcopy", "pickle", "channels last", "after eval", "bfloat16"])
def test_it_is_equal_as_a_module_of_any_kind(spec: Path, way: str, choose: Chooser) -> None:
    plain, again, x = pair(archlang.network(f"{spec}:Units"), choose)
    if way == "deepcopy":
        again = copy.deepcopy(again)
    elif way == "pickle":
        again = pickle.loads(pickle.dumps(again))
    elif way == "after eval":
        plain, again = plain.eval().train(), again.eval().train()
    elif way == "channels last":
        x = x.to(memory_format=torch.channels_last)
    else:
        plain, again, x = plain.bfloat16(), again.bfloat16(), x.bfloat16()
    assert equal(trained(plain, x), trained(again, x))


@pytest.mark.parametrize("choose", CHOOSERS.values(), ids=CHOOSERS)
def test_it_is_equal_under_autocast(spec: Path, choose: Chooser) -> None:
    plain, again, x = pair(archlang.network(f"{spec}:Dense"), choose)

    def step(model: nn.Module) -> list[Tensor]:
        with torch.autocast("cpu", torch.bfloat16):
            result = model(x)
        result.float().square().mean().backward()  # outside, as one should
        return [result, *(p.grad for p in model.parameters() if p.grad is not None)]

    assert equal(step(plain), step(again))


@pytest.mark.parametrize("choose", CHOOSERS.values(), ids=CHOOSERS)
def test_the_mode_is_that_of_the_forward_pass(spec: Path, choose: Chooser) -> None:
    plain, again, x = pair(archlang.network(f"{spec}:Dense"), choose)

    def step(model: nn.Module) -> list[Tensor]:
        result = model(x).square().mean()
        model.eval()
        result.backward()
        assert not any(m.training for m in model.modules())
        return [p.grad for p in model.parameters() if p.grad is not None]

    assert equal(step(plain), step(again))


@pytest.mark.parametrize("choose", CHOOSERS.values(), ids=CHOOSERS)
def test_a_graph_can_be_retained_and_derived_twice(spec: Path, choose: Chooser) -> None:
    plain, again, x = pair(archlang.network(f"{spec}:Dense"), choose)

    def step(model: nn.Module) -> list[Tensor]:
        loss = model(x).square().mean()
        loss.backward(retain_graph=True)
        loss.backward()
        return [p.grad for p in model.parameters() if p.grad is not None]

    assert equal(step(plain), step(again))


def test_second_derivatives_are_equal(spec: Path) -> None:
    plain, again, x = pair(archlang.network(f"{spec}:Dense"))

    def penalty(model: nn.Module) -> list[Tensor]:
        given = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(model(given).sum(), given, create_graph=True)
        slope.square().sum().backward()
        return [p.grad for p in model.parameters() if p.grad is not None]

    assert equal(penalty(plain), penalty(again))


@pytest.mark.parametrize("choose", CHOOSERS.values(), ids=CHOOSERS)
def test_only_some_gradients_may_be_asked_for(spec: Path, choose: Chooser) -> None:
    plain, again, x = pair(archlang.network(f"{spec}:Dense"), choose)
    for model in (plain, again):
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith("fc"))

    def step(model: nn.Module) -> list[Tensor]:
        model(x).square().mean().backward()
        return [p.grad for p in model.parameters() if p.grad is not None]

    found = step(plain)
    assert len(found) == 2
    assert equal(found, step(again))


@pytest.mark.parametrize("choose", CHOOSERS.values(), ids=CHOOSERS)
def test_in_evaluation_and_without_gradients_nothing_runs_again(
    spec: Path, choose: Chooser, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, again, x = pair(archlang.network(f"{spec}:Dense"), choose)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("it takes the way that runs again")

    monkeypatch.setattr("archlang.backends.recompute.checkpoint", refuse)
    monkeypatch.setattr("archlang.backends.recompute._Again", refuse)
    with torch.no_grad():
        assert torch.equal(plain(x), again(x))
    assert torch.equal(plain.eval()(x), again.eval()(x))
    with pytest.raises(AssertionError):
        again.train()(x)


@pytest.mark.parametrize("choose", CHOOSERS.values(), ids=CHOOSERS)
def test_torch_compile_traces_it_whole(spec: Path, choose: Chooser) -> None:
    plain, again, x = pair(archlang.network(f"{spec}:Dense"), choose)
    compiled: Any = torch.compile(again, backend="aot_eager", fullgraph=True)

    def step(model: Any) -> None:
        model(x).square().mean().backward()

    step(plain)
    step(compiled)
    for a, b in zip(plain.parameters(), again.parameters(), strict=True):
        assert a.grad is not None
        assert b.grad is not None
        torch.testing.assert_close(a.grad, b.grad)


def test_torch_func_gets_its_gradients_too(spec: Path) -> None:
    plain, again, x = pair(archlang.network(f"{spec}:Untracked"))

    def slope(model: nn.Module) -> Tensor:
        return torch.func.grad(lambda given: model(given).square().mean())(x)

    assert torch.equal(slope(plain), slope(again))


def test_hooks_on_a_layer_are_called_once(spec: Path) -> None:
    _, again, x = pair(archlang.network(f"{spec}:Dense"))
    calls: list[str] = []
    for name, module in again.named_modules():
        if isinstance(module, (nn.BatchNorm2d, nn.Conv2d)):
            module.register_forward_hook(lambda *_, name=name: calls.append(name))
    again(x).sum().backward()
    assert calls
    assert len(calls) == len(set(calls))


def test_a_parameter_that_changes_before_the_backward_pass_is_a_mistake(spec: Path) -> None:
    """Torch itself says so of a plain network."""
    for model in pair(archlang.network(f"{spec}:Dense"))[:2]:
        loss = model(torch.randn(4, 3, 12, 12)).sum()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(2)
        with pytest.raises(RuntimeError, match=r"in ?place"):
            loss.backward()


def test_what_somebody_overwrites_is_noticed(spec: Path) -> None:
    _, again, x = pair(archlang.network(f"{spec}:Shared"))
    x = x.clone().requires_grad_() * 1  # the first batch norm keeps it
    loss = again(x).sum()
    x.mul_(2)
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def test_concatenation_norm_and_activation_run_again_for_their_convolution(spec: Path) -> None:
    graph = archlang.network(f"{spec}:Dense")
    parts = cheap_parts(graph)
    lines = described(graph, [part.again for part in parts])
    assert "dense1.cat1 to dense1.1.relu1, for dense1.1.conv1" in lines
    assert all(part.saved > 0 and part.cost > 0 for part in parts)


def test_parts_stand_together_and_apart_from_each_other(spec: Path) -> None:
    for name in NETWORKS:
        graph = archlang.network(f"{spec}:{name}")
        for parts in (cheap_parts(graph), *whole_parts(graph)):
            numbers = [number for part in parts for number in part.again.nodes]
            assert len(numbers) == len(set(numbers))
            for part in parts:
                first, last = part.again.nodes[0], part.again.nodes[-1]
                assert part.again.nodes == tuple(range(first, last + 1))


def test_the_pass_changes_nothing_unless_told(spec: Path) -> None:
    graph = archlang.network(f"{spec}:Dense")
    assert Recompute()(graph).graph is graph
    chosen = _cheap(graph)
    outcome = Recompute(chosen)(graph)
    assert outcome.graph.again == chosen
    assert graph.again == ()
    assert len(outcome.changes) == len(chosen)
    modules = [m for m in to_fx(outcome.graph).modules() if isinstance(m, RunAgain)]
    assert len(modules) == len(chosen)
