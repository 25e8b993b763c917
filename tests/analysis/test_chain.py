"""The closed forms of the scalar chain against torch's autograd, sympy and mpmath."""

from __future__ import annotations

import random
import subprocess
import sys
from decimal import Decimal
from math import inf, isfinite
from pathlib import Path

import mpmath
import pytest
import sympy
import torch

import archlang
from archlang.analysis import chain as module
from archlang.analysis.chain import ScalarChain, chain_of, gradient
from archlang.analysis.functions import curve_of
from archlang.backends.recipes import call
from archlang.diagnostics.model import SpecError
from archlang.ops.registry import builtin

ROOT = Path(__file__).parents[2]
NETWORKS = ("Chain", "SkipChain")


def chain(name: str, length: int, f: str = "sigmoid", weight: float = 0.9) -> ScalarChain:
    return chain_of(archlang.network(name, L=length, f=f, weight=weight))


def autograd(
    skip: bool, f: str, weights: list[float], x: float
) -> tuple[float, list[float], float]:
    """θ, dθ/dw_l and dθ/dx by torch alone: no spec, no graph."""
    function = {"sigmoid": torch.sigmoid, "relu": torch.relu, "tanh": torch.tanh}[f]
    w = torch.tensor(weights, dtype=torch.float64, requires_grad=True)
    start = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    y = start
    for one in w:
        y = function(one * y)
    theta = y + w[0] * start if skip else y
    theta.backward()
    assert w.grad is not None
    assert start.grad is not None
    return float(theta), w.grad.tolist(), float(start.grad)


def close(found: Decimal, wanted: float) -> bool:
    if not isfinite(wanted):
        return float(found) == wanted
    if abs(wanted) < 1e-290:  # float64 has lost digits, or everything
        return abs(float(found)) < 1e-289
    return abs(float(found) - wanted) <= 1e-12 * abs(wanted)


def assert_agrees(name: str, f: str, weights: list[float], x: float) -> None:
    found = gradient(chain(name, len(weights) - 1, f), x, weights)
    theta, by_weight, by_input = autograd(name == "SkipChain", f, weights, x)
    assert close(found.output, theta)
    assert close(found.by_input, by_input)
    pairs = list(zip(found.by_weight, by_weight, strict=True))
    assert all(close(a, b) for a, b in pairs), [p for p in pairs if not close(*p)][:3]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("length", [1, 2, 10, 100, 1000])
@pytest.mark.parametrize(
    ("f", "weight"),
    [("sigmoid", 0.9), ("sigmoid", 3.7), ("sigmoid", -4.0), ("relu", 0.9), ("relu", 1.5),
     ("relu", 1.0), ("tanh", 0.9), ("tanh", 1.1)],
)  # fmt: skip
def test_equal_weights_agree_with_autograd(name: str, length: int, f: str, weight: float) -> None:
    assert_agrees(name, f, [weight] * (length + 1), 1.0)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("f", "low", "high"),
    [("sigmoid", 0.1, 0.99), ("sigmoid", -5.0, -3.5), ("relu", 0.5, 0.99), ("relu", 1.01, 1.9),
     ("relu", 0.7, 1.4), ("tanh", -1.5, 1.5)],
)  # fmt: skip
def test_random_weights_agree_with_autograd(
    name: str, seed: int, f: str, low: float, high: float
) -> None:
    draw = random.Random(seed)
    for length in (3, 300, 1000):
        weights = [draw.uniform(low, high) for _ in range(length + 1)]
        assert_agrees(name, f, weights, draw.uniform(0.2, 2.0))


def test_where_float64_neither_underflows_nor_overflows_a_thousand_layers_are_compared() -> None:
    draw = random.Random(1)
    weights = [draw.uniform(-5.0, -3.5) for _ in range(1001)]
    found = gradient(chain("Chain", 1000), 0.7, weights)
    assert 1e-280 < abs(found.value) < 1e280
    assert found.value == found.by_weight[0]


def test_the_module_that_is_built_has_these_gradients() -> None:
    for name in NETWORKS:
        model = archlang.load(name, L=20, weight=0.9, dtype=torch.float64)
        model(torch.ones(1, 1, dtype=torch.float64)).sum().backward()
        weights = [float(p) for p in model.parameters()]  # 0.9, as float32 has it
        found = gradient(chain(name, 20), 1.0, weights)
        for k, value in enumerate(found.by_weight, 1):
            assert close(value, float(model.get_parameter(f"w{k}.weight").grad))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("f", ["sigmoid", "tanh"])
def test_short_chains_agree_with_symbolic_differentiation(name: str, f: str) -> None:
    length = 4
    w = sympy.symbols(f"w1:{length + 2}")
    x = sympy.Symbol("x")
    functions = {"sigmoid": lambda z: 1 / (1 + sympy.exp(-z)), "tanh": sympy.tanh}
    y = x
    for one in w:
        y = functions[f](one * y)
    theta = y + w[0] * x if name == "SkipChain" else y
    at = dict(zip(w, (0.5, -1.25, 2.0, 0.75, 1.5), strict=True)) | {x: 0.625}
    found = gradient(chain(name, length, f), 0.625, [float(at[one]) for one in w])
    for one, value in zip((*w, x), (*found.by_weight, found.by_input), strict=True):
        wanted = sympy.diff(theta, one).subs(at).evalf(30)
        assert abs(Decimal(str(wanted)) / value - 1) < Decimal("1e-14")


def test_what_float64_calls_zero_has_its_exponent_here() -> None:
    """mpmath has any exponent too, and is somebody else's."""
    with mpmath.workdps(40):
        y, product = mpmath.mpf(1), mpmath.mpf(1)
        for _ in range(1001):
            y = 1 / (1 + mpmath.exp(-mpmath.mpf(0.9) * y))
            product *= y * (1 - y)
        wanted = product * mpmath.mpf(0.9) ** 1000
    found = gradient(chain("Chain", 1000), 1.0)
    assert float(found.value) == 0.0
    assert abs(mpmath.mpf(str(found.value)) / wanted - 1) < mpmath.mpf(10) ** -12
    assert f"{found.value:.3e}" == "8.511e-685"
    assert str(found) == "dθ/dw_1 = 8.51140e-685"


@pytest.mark.parametrize("weight", [1e-3, 1e3, -1e3])
def test_relus_of_any_size_are_exact(weight: float) -> None:
    found = gradient(chain("Chain", 1000, "leaky_relu", weight), 1.0)
    assert all(v != 0 for v in found.values)
    assert not isfinite(float(found.output)) or float(found.output) == 0.0
    if weight > 0:
        with module.localcontext(module._WIDE):
            assert abs(found.value / Decimal(weight) ** 1000 - 1) < Decimal("1e-30")


def test_the_lectures_limits() -> None:
    vanishing = [gradient(chain("Chain", n), 1.0) for n in (10, 100, 1000)]
    assert vanishing[0].value > vanishing[1].value > vanishing[2].value > 0
    assert all(v.limit == 0 and v.bounds.trend == "vanishes" for v in vanishing)
    assert all(v.bounds.greatest <= 0.9 / 4 for v in vanishing)
    exploding = gradient(chain("Chain", 1000, "relu", 1.5), 1.0)
    assert exploding.limit == Decimal("Infinity")
    assert exploding.value == pytest.approx(Decimal("1.5") ** 1000)
    assert exploding.bounds == (1.5, 1.5, pytest.approx(1.5), "explodes")
    x = 0.75
    rescued = gradient(chain("SkipChain", 1000), x)
    assert rescued.limit == Decimal(x)
    assert float(rescued.value) == x
    assert gradient(chain("SkipChain", 10, "relu", 1.5), 1.0).limit == Decimal("Infinity")
    assert gradient(chain("Chain", 10, "relu", 1.0), 1.0).limit is None
    assert gradient(chain("Chain", 10, "relu", 1.5), -1.0).value == 0


def test_factors_above_1_of_a_saturating_f_prove_nothing_of_more_layers() -> None:
    short, long = (gradient(chain("Chain", n, "tanh"), 0.001, (2.0,) * (n + 1)) for n in (5, 50))
    assert min(short.factors) > 1
    assert (short.lasting, short.limit) == (False, None)
    assert long.value < Decimal("1e-20") < short.value
    assert gradient(chain("Chain", 5, "tanh"), 0.001, (0.5,) * 6).limit == 0
    assert gradient(chain("Chain", 5, "leaky_relu"), 1.0, (2.0,) * 6).limit == Decimal("Infinity")


def test_activations_agree_with_torch(tmp_path: Path) -> None:
    known = {name: op for name, op in builtin().items() if curve_of_example(op)}
    assert {"relu", "sigmoid", "tanh", "gelu", "silu", "mish", "elu", "selu"} <= set(known)
    grid = torch.linspace(-30, 30, 1201, dtype=torch.float64) + 0.0123
    for name in known.keys() - {"identity"}:
        for arguments in ("", ARGUMENTS.get(name, "")):
            compare(f"{name}{arguments}", grid, tmp_path / "one.arch")


ARGUMENTS = {
    "leaky_relu": "(0.3)", "elu": "(0.5)", "gelu": '("tanh")', "tanh": "(1.7159, 2/3)",
    "softplus": "(2.0)", "hardtanh": "(-0.5, 2.0)",
}  # fmt: skip


def curve_of_example(op: type) -> object:
    try:
        return curve_of(op())
    except ValueError:  # it has arguments
        return None


def compare(line: str, grid: torch.Tensor, file: Path) -> None:
    file.write_text(f"network One:\n    input 1\n    fc(1) -> {line}\n", encoding="utf-8")
    built = archlang.network(str(file))
    node = built.nodes[-1]
    curve = curve_of(node.op)
    assert curve is not None
    x = grid.clone().requires_grad_()
    y = call(node.op.recipe((1,)), [x])
    (slopes,) = torch.autograd.grad(y.sum(), x)
    for z, value, slope in zip(grid.tolist(), y.tolist(), slopes.tolist(), strict=True):
        assert curve.value(z) == pytest.approx(value, rel=1e-12, abs=1e-12), (line, z)
        # torch's 1/6 of a hard sigmoid's slope is that of float32
        near = 1e-7 if line == "hardsigmoid" else 1e-12
        assert curve.slope(z) == pytest.approx(slope, rel=near, abs=near), (line, z)
        assert curve.steepest is None or abs(slope) <= curve.steepest + near


def test_a_wrong_factor_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoilt(factors: tuple[float, ...]) -> tuple[Decimal, ...]:
        return original((*factors[:-1], factors[-1] * (1 + 1e-10)))

    original = module._behind
    monkeypatch.setattr(module, "_behind", spoilt)
    with pytest.raises(AssertionError):
        assert_agrees("Chain", "relu", [0.9] * 11, 1.0)


# ── networks of users ────────────────────────────────────────────────────────────────────────


def written(tmp_path: Path, body: str) -> ScalarChain:
    path = tmp_path / "mine.arch"
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    path.write_text(f"network Mine:\n{lines}\n", encoding="utf-8")
    return chain_of(archlang.network(str(path)))


NEURON = "fc(1, bias=false, init=constant(0.5))"


@pytest.mark.parametrize(
    ("body", "length", "skip", "names"),
    [
        (f"input 1\n{NEURON} -> relu -> {NEURON}", 1, False, ["ReLU", "identity"]),
        (f"input 1\n{NEURON}", 0, False, ["identity"]),
        (f"input 1\nz = {NEURON}\nz -> tanh -> {NEURON} -> relu + z", 1, True, ["tanh", "ReLU"]),
        (f"input 1\nz = {NEURON}\ny = z -> tanh -> {NEURON} -> tanh\nz + y", 1, True,
         ["tanh", "tanh"]),
    ],
)  # fmt: skip
def test_chains_of_users(
    body: str, length: int, skip: bool, names: list[str], tmp_path: Path
) -> None:
    found = written(tmp_path, body)
    assert (found.length, found.skip, [c.name for c in found.curves]) == (length, skip, names)
    assert found.weights() == (0.5,) * (length + 1)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("input 2\nfc(1, bias=false)", "x is 2"),
        ("input 1\nfc(1) -> relu", "fc1 has a bias"),
        ("input 1\nfc(2, bias=false) -> fc(1, bias=false)", "fc1 is 2"),
        (f"input 1\n{NEURON} -> relu + x", "more than one layer"),
        (f"input 1\ny = {NEURON} -> relu\ny -> {NEURON} -> relu + y", "its skip is not w_1 x"),
        (f"input 1\nz = {NEURON}\nz -> tanh -> {NEURON} + z -> relu", "does not end"),
        (f"input 1\nshared f = {NEURON}\nf -> relu -> f", "f is used twice"),
        (f"input 1\nrelu -> {NEURON}", "neither fc(1, bias=false) nor an activation"),
        (f"input 1\n{NEURON} -> bn", "neither fc(1, bias=false) nor an activation"),
        (f"input 1\na = {NEURON}\n2 * a", "neither fc(1, bias=false) nor an activation"),
        ("input a: 1\ninput b: 1\na + b", "several inputs"),
    ],
)
def test_what_is_no_chain_says_why(body: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        written(tmp_path, body)
    assert caught.value.diagnostics[0].code == "E0841", caught.value
    assert reason in caught.value.diagnostics[0].message or reason == "does not end"


def test_weights_that_nobody_knows(tmp_path: Path) -> None:
    found = written(tmp_path, "input 1\nfc(1, bias=false) -> sigmoid")
    assert gradient(found, 1.0, [2.0]).chain is found
    with pytest.raises(SpecError) as caught:
        gradient(found, 1.0)
    assert caught.value.diagnostics[0].code == "E0845"


@pytest.mark.parametrize("x", [inf, float("nan")])
def test_numbers_out_of_range(x: float) -> None:
    one = chain("Chain", 2)
    for asked in (lambda: gradient(one, x), lambda: gradient(one, 1.0, [1.0, x, 1.0])):
        with pytest.raises(ValueError, match="finite"):
            asked()
    with pytest.raises(ValueError, match="3 weights, not 2"):
        gradient(one, 1.0, [1.0, 1.0])


def test_a_chain_of_ten_thousand_is_quick() -> None:
    one = chain("SkipChain", 1000, "relu", 0.9)
    many = ScalarChain(one.name, one.neurons * 10, one.skip, one.graph)
    assert gradient(many, 1.0).limit == 1


def test_the_numbers_of_the_docs_are_those_of_the_code() -> None:
    command = [sys.executable, str(ROOT / "docs" / "chain_figures.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("f", "x", "blocked"), [("sigmoid", 0.0, None), ("relu", -1.0, 1)])
def test_zeros_have_neither_sign_nor_exponent(
    name: str, f: str, x: float, blocked: int | None
) -> None:
    found = gradient(chain(name, 3, f), x)
    assert found.blocked == blocked
    _, by_weight, _ = autograd(name == "SkipChain", f, [0.9] * 4, x)
    zeros = [v for v in (*found.by_weight, *found.values) if not v]
    assert by_weight.count(0.0) == sum(not v for v in found.by_weight) > 0
    assert all(str(v) == "0" for v in zeros)
