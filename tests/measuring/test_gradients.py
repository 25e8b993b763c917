"""What `archlang.gradients` measures, against closed forms and hand-written loops of torch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional

import archlang
from archlang.diagnostics.model import SpecError
from archlang.measuring.batches import usual_batch
from archlang.measuring.gradients import gradients, measure
from archlang.measuring.report import GradientReport, Layer
from archlang.measuring.sizes import length, rms
from archlang.measuring.subjects import device_of, dtype_of

SPECS = """\
network Two:
    input a: 3x8x8
    input b: 5
    z = a -> conv(4, 3x3) -> gap -> flatten
    b -> fc(4) + z
    fc(2)

network Several:
    input 4
    fc(8) -> relu
    output aux = fc(3) when training
    h = fc(8)
    output logits = h -> relu -> fc(3)
    output other = h -> fc(2)

network Base:
    input 3x8x8
    conv(4, 3x3) -> relu
    conv(4, 3x3) -> relu -> gap -> flatten
    fc(3)

network Stem from Base:
    freeze conv1

network Shared:
    input 6
    shared twin = fc(6)
    twin -> tanh
    twin -> tanh
    fc(3)

network Separable:
    input 3x8x8
    sepconv(5, 3x3) -> gap -> flatten
    fc(2)

network Pools:
    input 3x8x8
    maxpool(2x2) -> relu

network Norms:
    input 3x8x8
    bn -> relu

network Lone:
    input 3x8x8
    conv(4, 3x3) -> gap
    bn -> flatten
    fc(3)

network Spoiled(L=8, w=1e30):
    input 4
    for l in range(L):
        fc(4, bias=false, init=constant(w))
    fc(3)

network Dead:
    input 4
    fc(4) -> relu
    fc(4, init=constant(-1.0)) -> relu
    fc(4) -> tanh
    fc(4) -> tanh
    fc(3)

network Number:
    input 4
    fc(8) -> tanh
    fc(1)
"""


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("specs") / "nets.arch"
    path.write_text(SPECS, encoding="utf-8")
    return path


@pytest.fixture
def of(specs: Path):
    """Measure a network of the file."""
    return lambda name, **options: gradients(f"{specs}:{name}", **options)


def layer(report: GradientReport, path: str, use: int = 1) -> Layer:
    return next(x for x in report.layers if x.path == path and x.use == use)


# ── numbers ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("f", "weight"), [("sigmoid", 0.9), ("relu", 0.7), ("relu", 1.5)])
def test_the_chain_of_the_lecture(f: str, weight: float) -> None:
    """∂R/∂Z_l = θ̄ f'(Z_{L+1}) Π w f'(Z_k) over k = l … L, with θ̄ = 1/N for the mean of one."""
    length = 30
    data = {"x": torch.tensor([[0.8]], dtype=torch.float64)}
    report = gradients("Chain", L=length, f=f, weight=weight, seeds=1, data=data, dtype="float64")
    weight = torch.tensor(weight).item()  # weights are drawn in float32, and then converted
    value, z = 0.8, []
    for _ in range(length + 1):
        z.append(weight * value)
        value = 1 / (1 + math.exp(-z[-1])) if f == "sigmoid" else max(0.0, z[-1])
    slopes = [s * (1 - s) if f == "sigmoid" else 1.0 for s in (1 / (1 + math.exp(-v)) for v in z)]
    back = slopes[-1]
    for number in range(length, -1, -1):
        here = report.layers[number]
        assert here.activation[0] == pytest.approx(z[number], rel=1e-12)
        assert here.gradient[0] == pytest.approx(back, rel=1e-11)
        before = z[number] / weight
        assert here.weight[0] == pytest.approx(back * before, rel=1e-11)
        back *= weight * slopes[number - 1]
    ratios = [b.gradient[0] / a.gradient[0] for b, a in pairwise(report.layers)]  # type: ignore[operator]
    assert report.verdict.factor == pytest.approx(sorted(ratios)[len(ratios) // 2], rel=0.05)


def test_what_an_activation_overwrites_is_measured_before(of, specs: Path) -> None:
    report = of("Base", seeds=1, batch=4)
    torch.manual_seed(0)
    model = archlang.load(f"{specs}:Base")
    assert any(getattr(module, "inplace", False) for module in model.modules())
    torch.manual_seed(0)
    x, y = torch.randn(4, 3, 8, 8), torch.randint(3, (4,))
    z1 = model.get_submodule("conv1")(x)
    z2 = model.get_submodule("conv2")(z1.clone().relu())
    z3 = model.get_submodule("fc1")(z2.relu().mean((2, 3)))
    by_hand = torch.autograd.grad(functional.cross_entropy(z3, y), (z1, z2, z3))
    for here, z, gradient in zip(report.layers, (z1, z2, z3), by_hand, strict=True):
        assert here.activation[0] == pytest.approx(rms(z).item(), rel=1e-6)
        expected = gradient.flatten(1).norm(dim=1).square().mean().sqrt().item()
        assert here.gradient[0] == pytest.approx(expected, rel=1e-6)


def test_a_shared_layer_is_shown_once_for_each_use(of) -> None:
    report = of("Shared", seeds=1, batch=4, dtype="float64")
    assert [(x.path, x.use, x.shared) for x in report.layers] == [
        ("twin", 1, True), ("twin", 2, True), ("fc1", 1, False),
    ]  # fmt: skip
    first, second = layer(report, "twin", 1), layer(report, "twin", 2)
    assert first.activation != second.activation and first.gradient != second.gradient
    assert first.weight == second.weight  # all uses together


def test_steps_are_those_of_plain_gradient_descent(of, specs: Path) -> None:
    report = of("Base", seeds=1, batch=5, steps=7, lr=0.3)
    torch.manual_seed(0)
    model = archlang.load(f"{specs}:Base")
    torch.manual_seed(0)
    x = torch.randn(5, 3, 8, 8)
    y = torch.randint(3, (5,))
    optimiser = torch.optim.SGD(model.parameters(), lr=0.3)
    for _ in range(7):
        optimiser.zero_grad()
        functional.cross_entropy(model(x), y).backward()
        optimiser.step()
    optimiser.zero_grad()
    loss = functional.cross_entropy(model(x), y)
    loss.backward()
    assert report.loss[0] == pytest.approx(loss.item(), rel=1e-6)
    for here in report.layers:
        gradient = model.get_submodule(here.path).weight.grad
        assert here.weight[0] == pytest.approx(gradient.square().mean().sqrt().item(), rel=1e-5)
    fresh = of("Base", seeds=1, batch=5)
    assert fresh.loss[0] > report.loss[0], "it went down"


def test_only_the_main_output_counts(of) -> None:
    report = of("Several", seeds=1)
    paths = [x.path for x in report.layers]
    assert paths == ["fc1", "h", "logits.fc1", "other"]  # and not that of aux
    assert layer(report, "other").gradient == (None,) and layer(report, "other").weight == (None,)
    assert layer(report, "logits.fc1").gradient[0]
    assert "–" in report.text() and report.as_json()["layers"][3]["gradient"] is None


def test_frozen_layers_hear_but_do_not_learn(of) -> None:
    report = of("Stem", seeds=1, batch=4)
    whole = of("Base", seeds=1, batch=4)
    assert report.first.weight == (None,) and whole.first.weight[0]
    assert report.first.gradient == whole.first.gradient
    assert report.layers[1:] == tuple(
        type(x)(**{**vars(x), "line": y.line})
        for x, y in zip(whole.layers[1:], report.layers[1:], strict=True)
    )


def test_two_inputs_side_by_side(of) -> None:
    report = of("Two", seeds=2, batch=3)
    assert [(x.path, x.depth) for x in report.layers] == [("z.conv1", 1), ("fc1", 1), ("fc2", 2)]
    first = report.curve("gradient")[0].size.median
    lengths = [
        math.hypot(layer(report, "z.conv1").gradient[s], layer(report, "fc1").gradient[s])  # type: ignore[arg-type]
        for s in range(2)
    ]
    assert first == pytest.approx(sum(lengths) / 2)
    assert report.verdict.first.of_last == pytest.approx(
        first / report.curve("gradient")[-1].size.median
    )
    squares = [
        (64 * 4) * layer(report, "z.conv1").activation[s] ** 2
        + 4 * layer(report, "fc1").activation[s] ** 2
        for s in range(2)
    ]
    expected = sum(math.sqrt(s / (64 * 4 + 4)) for s in squares) / 2
    assert report.curve("activation")[0].size.median == pytest.approx(expected)


def test_the_weights_of_a_layer_of_several_parts_count_together(of, specs: Path) -> None:
    report = of("Separable", seeds=1, batch=2)
    torch.manual_seed(0)
    model = archlang.load(f"{specs}:Separable")
    torch.manual_seed(0)
    x, y = torch.randn(2, 3, 8, 8), torch.randint(2, (2,))
    functional.cross_entropy(model(x), y).backward()
    parts = [
        p.grad.flatten() for n, p in model.named_parameters() if "sepconv" in n and "weight" in n
    ]
    assert len(parts) == 2
    assert report.first.weight[0] == pytest.approx(rms(torch.cat(parts)).item(), rel=1e-6)


@pytest.mark.parametrize("shape", [(3,), (100_003,), (2, 64, 40, 40)])
@pytest.mark.parametrize("size", [1e-30, 1.0, 1e25])
def test_the_root_of_the_mean_square(shape: tuple[int, ...], size: float) -> None:
    torch.manual_seed(0)
    tensor = torch.randn(shape) * size
    for values in (tensor, tensor.transpose(0, -1)):
        expected = values.double().square().mean().sqrt().item()
        assert rms(values).item() == pytest.approx(expected, rel=1e-6)
    assert rms(torch.zeros(shape)).item() == 0
    assert rms(torch.full((70_000,), float("inf"))).item() == math.inf
    assert math.isnan(rms(torch.full((70_000,), float("nan"))).item())


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (2, 64, 40, 40)])
def test_the_length_of_a_sample(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    tensor = torch.randn(shape)
    by_sample = torch.stack([sample.double().norm() for sample in tensor])
    expected = by_sample.square().mean().sqrt().item()
    assert length(tensor).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("macs", "count"), [((1,), 16), ((4 * 10**9,), 5), ((10**12,), 2), ((1, 4 * 10**9), 5)]
)
def test_large_networks_are_measured_with_fewer_samples(macs, count) -> None:
    assert usual_batch(*(SimpleNamespace(macs=m) for m in macs)) == count  # type: ignore[arg-type]


def test_the_loss_before_the_steps(of) -> None:
    report, fresh = of("Base", seeds=2, steps=4, lr=0.3), of("Base", seeds=2)
    assert report.loss_before == fresh.loss == fresh.loss_before
    assert all(now < before for now, before in zip(report.loss, report.loss_before, strict=True))
    before, after = report.as_json()["loss_before"], report.as_json()["loss"]
    assert f"\nloss {before['median']:.4g} → {after['median']:.4g} (" in report.text()
    assert f"\nloss {before['median']:.4g} (median of 2 seeds)\n" in fresh.text()


def test_a_report_is_printed_as_its_text(of) -> None:
    report = of("Base", seeds=1)
    assert str(report) == report.text() and len(repr(report)) < 80


# ── what it is given, and what it leaves behind ──────────────────────────────────────────────


def test_seeds_differ_and_can_be_repeated(of) -> None:
    report = of("Base", seeds=3, batch=4)
    assert len(set(report.first.gradient)) == 3
    assert of("Base", seeds=3, batch=4).as_json() == report.as_json()
    assert of("Base", seeds=1, batch=4).first.gradient[0] == report.first.gradient[0]
    size = report.first.size("gradient")
    assert size is not None and size.least < size.median < size.most


@pytest.fixture
def state() -> Iterator[None]:
    """Nothing of torch's global state is other than before."""
    torch.manual_seed(7)
    torch.set_default_dtype(torch.float64)
    random = torch.get_rng_state()
    with torch.no_grad():
        yield
        assert not torch.is_grad_enabled()
    assert torch.equal(torch.get_rng_state(), random)
    assert torch.get_default_dtype() == torch.float64
    torch.set_default_dtype(torch.float32)


def test_global_state_is_as_before(of, state: None) -> None:
    report = of("Base", seeds=2, batch=2, dtype="float32")
    assert report.first.gradient[0] and report.setting.dtype == "float32"
    with pytest.raises(SpecError):
        of("Pools")


def test_a_module_is_measured_as_it_is_and_left_unchanged(specs: Path) -> None:
    torch.manual_seed(3)
    model = archlang.load(f"{specs}:Lone").eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    report = gradients(model, seeds=1, batch=4, steps=2)
    assert report.setting.weights == "the module" and not model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    torch.manual_seed(0)
    x, y = torch.randn(4, 3, 8, 8), torch.randint(3, (4,))
    loss = functional.cross_entropy(model.train()(x), y)
    assert gradients(model, seeds=1, batch=4).loss[0] == pytest.approx(loss.item(), rel=1e-6)


def test_a_graph_and_its_measure(specs: Path) -> None:
    graph = archlang.network(f"{specs}:Base")
    assert (
        measure(graph, batch=4, seeds=1).as_json() == gradients(graph, batch=4, seeds=1).as_json()
    )


def test_batch_norms_use_the_batch(of) -> None:
    """By running statistics (mean 0, variance 1) the gradient would be far smaller."""
    report = of("Lone", seeds=1, batch=64)
    assert report.first.gradient[0] and report.layers[1].activation[0] > 0.3


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"seeds": 0}, ValueError),
        ({"steps": -1}, ValueError),
        ({"batch": 0}, ValueError),
        ({"lr": math.nan}, ValueError),
        ({"lr": 0.0}, ValueError),
        ({"dtype": "int8"}, ValueError),
        ({"device": "nowhere"}, ValueError),
        ({"device": "meta"}, ValueError),
    ],
)
def test_arguments_that_cannot_be(options: dict, error: type[Exception]) -> None:
    with pytest.raises(error):
        gradients("Chain", **options)


def test_what_takes_no_parameters() -> None:
    with pytest.raises(TypeError, match="has them already"):
        gradients(archlang.network("Chain"), L=3)
    with pytest.raises(TypeError, match=r"archlang\.load"):
        gradients(nn.Linear(2, 2))
    assert dtype_of(None) == torch.float32 and device_of(None).type == "cpu"


# ── what cannot be measured ──────────────────────────────────────────────────────────────────


def problem(call) -> tuple[str, str, str]:
    with pytest.raises(SpecError) as raised:
        call()
    (found,) = raised.value.diagnostics
    return found.code, found.message, found.primary.span.text


@pytest.mark.parametrize(
    ("name", "options", "code", "words", "at"),
    [
        ("Pools", {}, "E0821", "no parameters", "network Pools"),
        ("Norms", {}, "E0821", "is a weighted one", "network Norms"),
        ("Lone", {"batch": 1}, "E0825", "a batch of 1", "bn"),
        ("Spoiled", {}, "E0824", "infinity in Spoiled: first in the output of fc2", "fc(4, bias"),
        (
            "Base",
            {"steps": 5, "lr": 1e38},
            "E0824",
            "in Base after 1 step: first in the output of conv2",
            "conv(4, 3x3)",
        ),
    ],
)
def test_what_cannot_be_measured(of, name, options, code, words, at) -> None:
    found = problem(lambda: of(name, seeds=1, **options))
    assert found[0] == code and words in found[1] and found[2].startswith(at)


def test_too_many_samples_for_the_memory(of) -> None:
    code, message, _ = problem(lambda: of("Base", seeds=1, batch=10**13))
    assert code == "E0826" and "not enough memory" in message


def test_what_torch_cannot_run(of, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise NotImplementedError("\"conv\" not implemented for 'Half'\nmore")

    monkeypatch.setattr(functional, "conv2d", refuse)
    code, message, _ = problem(lambda: of("Base", seeds=1))
    assert code == "E0826" and message.endswith("not implemented for \\'Half\\''")


def test_infinity_on_the_way_back() -> None:
    """Forward, nothing is too large: the input is tiny; back, 1e8 six times is."""
    data = {"x": torch.full((1, 1), 1e-38)}
    found = problem(lambda: gradients("Chain", L=6, f="relu", weight=1e8, seeds=1, data=data))
    assert found[:2] == ("E0824", "infinity in Chain: first in the gradient by the output of relu2")


def test_zeros_are_no_mistake_but_told_apart(of) -> None:
    deep = gradients("Chain", L=200, seeds=1)
    assert deep.first.gradient == (0.0,)
    assert (
        deep.verdict.kind == "vanishing" and "below the range of float32" in deep.verdict.sentence
    )
    assert gradients("Chain", L=200, seeds=1, dtype="float64").first.gradient[0]
    dead = of("Dead", seeds=1)
    assert dead.verdict.kind == "cut off" and "between fc2 and fc3" in dead.verdict.sentence


def test_the_number_itself_is_the_loss_of_one_number(of, specs: Path) -> None:
    report = of("Number", seeds=1, batch=8)
    torch.manual_seed(0)
    model = archlang.load(f"{specs}:Number")
    torch.manual_seed(0)
    assert report.loss[0] == pytest.approx(model(torch.randn(8, 4)).mean().item(), rel=1e-6)
    assert report.layers[-1].gradient[0] == pytest.approx(1 / 8)


def test_infinity_in_a_product_of_layers(tmp_path: Path) -> None:
    path = tmp_path / "mul.arch"
    path.write_text(
        "network Mul:\n    input 4\n    a = fc(4, init=constant(1e18))\n    b = a * a\n"
        "    c = b * b\n    c + b\n",
        encoding="utf-8",
    )
    found = problem(lambda: gradients(path, seeds=1))
    assert found == ("E0824", "infinity in Mul: first in the output of c.mul1", "b * b")
