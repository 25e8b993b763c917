"""`archlang explain-gradient`: what it prints and writes, numbers against autograd, refusals."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

import archlang

MANY = ("--digits", "8")
NEURONS = """\
network Plane:
    input a: 1
    input b: 1
    h = a -> fc(1, init=constant(0.5)) -> tanh
    g = b -> fc(1, init=constant(-0.25)) -> sigmoid
    g * h + (1 - g) * a -> fc(1, init=constant(2.0)) -> sigmoid

network Wide:
    input 2
    fc(1, init=constant(0.5))

network Random:
    input 1
    fc(1) -> sigmoid

network Normal:
    input 1
    fc(1, init=constant(0.5)) -> bn

network Residual:
    input 1
    for k in range(4):
        y[k] = fc(1, init=constant(0.5)) -> tanh + x
"""


@pytest.fixture
def neurons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file of small networks, in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("neurons.arch").write_text(NEURONS, encoding="utf-8")
    return "neurons.arch"


def values(text: str) -> dict[str, float]:
    """What stands behind the last equal sign of each line."""
    found = re.findall(r"^  (\S+) +=.*= (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def test_the_chain_with_numbers(cli) -> None:
    result = cli("explain-gradient", "SkipChain", "--set", "L=3", "--at", "1.0", *MANY)
    assert result.exit_code == 0
    model = archlang.load("SkipChain", L=3, dtype=torch.float64)
    torch.nn.init.constant_(model.w1.weight, 0.9)
    for p in model.parameters():
        torch.nn.init.constant_(p, 0.9)
    theta = model(torch.ones(1, 1, dtype=torch.float64))
    theta.sum().backward()
    assert values(result.stdout)["θ"] == pytest.approx(theta.item(), rel=1e-7)
    for k in range(1, 5):
        (row,) = re.findall(rf"^  {k}  0.9 .* (\S+)$", result.stdout, re.MULTILINE)
        assert float(row) == pytest.approx(model.get_parameter(f"w{k}.weight").grad.item(), 1e-7)
    assert "; dR/dw_1 is 1.0017889." in result.stdout


def test_neurons_with_gates_and_two_inputs(cli, neurons: str) -> None:
    result = cli("explain-gradient", f"{neurons}:Plane", "--at", "1.5", "--at", "-0.5", *MANY)
    assert result.exit_code == 0, result.stderr
    model = archlang.load(f"{neurons}:Plane", dtype=torch.float64)
    a, b = (torch.tensor([[x]], dtype=torch.float64, requires_grad=True) for x in (1.5, -0.5))
    model(a, b).sum().backward()
    found = values(result.stdout)
    assert found["dR/dx_1"] == pytest.approx(a.grad.item(), rel=1e-7)
    assert found["dR/dx_2"] == pytest.approx(b.grad.item(), rel=1e-7)
    wanted = [p.grad.item() for p in model.parameters()]
    heard = {k: v for k, v in found.items() if re.match(r"dR/d[wb]_", k)}
    assert sorted(heard.values()) == pytest.approx(sorted(wanted), rel=1e-7)
    quotients = re.findall(r"gives the quotient (\S+); dR/dx_\d is (\S+)\.\n", result.stdout)
    assert len(quotients) == 2
    assert all(float(q) == pytest.approx(float(d), rel=1e-5) for q, d in quotients)


def test_a_file_and_latex(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    printed = cli("explain-gradient", "ResNet18", "--focus", "Basic").stdout
    assert cli("explain-gradient", "ResNet18", "--focus", "Basic", "-o", "a.txt").exit_code == 0
    assert Path("a.txt").read_text(encoding="utf-8") == printed
    latex = cli("explain-gradient", "ResNet18", "--focus", "Basic", "--latex").stdout
    result = cli("explain-gradient", "ResNet18", "--focus", "Basic", "-o", "b.tex")
    assert result.stdout == "written b.tex\n"
    assert Path("b.tex").read_text(encoding="utf-8") == latex
    assert latex.count(r"\begin{align*}") == 6


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("ResNet18",), 1, "E0843"),
        (("ResNet18", "--focus", "Basik"), 1, "did you mean Basic?"),
        (("ResNet18", "--focus", "Basic", "--at", "1"), 1, "E0844"),
        (("neurons.arch:Wide", "--at", "1"), 1, "E0844"),
        (("neurons.arch:Random", "--at", "1"), 1, "init=constant(0.9)"),
        (("neurons.arch:Normal", "--at", "1"), 1, "E0846"),
        (("neurons.arch:Plane", "--at", "1"), 2, "has 2 inputs"),
        (("Chain", "--at", "1", "--at", "2"), 2, "has 1 input,"),
        (("neurons.arch:Plane", "--at", "1"), 2, "and 1 number is given"),
        (("ResNet18", "--focus", ""), 2, "--focus"),
        (("Chain", "--at", "nan"), 2, "finite"),
        (("Chain", "--at", "-inf"), 2, "finite"),
        (("Chain", "--at", "one"), 2, "--at"),
        (("Chain", "-o", "page.pdf"), 1, "the name ends in .txt, .tex"),
        (("Chain", "--at", "1", "--digits", "0"), 2, "--digits"),
        (("Chain", "--latex", "-o", "page.txt"), 2, ".tex"),
        (("Chain", "-o", "folder/neurons.arch/page.txt"), 1, "cannot write"),
        (("NoSuchNet",), 1, "NoSuchNet"),
        (("Chain", "--set", "L"), 2, "name=value"),
    ],
)
def test_what_is_refused(
    cli, neurons: str, arguments: tuple[str, ...], code: int, words: str
) -> None:
    Path("folder").mkdir()
    Path("folder/neurons.arch").touch()
    result = cli("explain-gradient", *arguments)
    assert result.exit_code == code
    assert words in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_numbers_of_chains_of_any_length_and_size(cli) -> None:
    result = cli("explain-gradient", "Chain", "--set", "L=1000", "--at", "1.0", *MANY)
    assert "= 8.5113999e-685\n" in result.stdout
    assert "\n  1001  0.9" in result.stdout
    assert "too small for a difference quotient" in result.stdout
    exploding = cli("explain-gradient", "ExplodingChain", "--set", "L=5000", "--at", "1.0")
    assert exploding.exit_code == 0
    assert "e+880" in exploding.stdout


@pytest.mark.parametrize(
    ("f", "weight", "x", "words"),
    [
        ("sigmoid", 0.9, 0.0, "dR/dw_1 is 0, since x is 0"),
        ("relu", 0.9, 0.0, "dR/dw_1 is 0, since x is 0"),
        ("relu", 0.9, -1.0, "f'(w_1 x) is 0 at w_1 x = -0.9, where ReLU is dead"),
        ("relu", -0.9, -1.0, "f'(w_2 y_1) is 0 at w_2 y_1 = -0.81, where ReLU is dead"),
        ("relu6", 2.0, 5.0, "f'(w_1 x) is 0 at w_1 x = 10, where ReLU6 is flat"),
        ("sigmoid", 0.0, 1.0, "its factor w_2 is 0"),
        ("relu", 0.0, 1.0, "f'(w_1 x) is 0 at w_1 x = 0, which torch says of the kink of f"),
        ("sigmoid", 0.9, 1e300, "sigmoid is saturated where w_1 x = 9e+299"),
        ("tanh", 1.0, -1e4, "tanh is saturated where w_1 x = -1e+04"),
        ("sigmoid", -0.9, 1.0, "lie between 0.2166 and 0.2212 in size"),
        ("sigmoid", 0.9, -3.0, "all below 1: with depth the product tends to 0"),
        ("leaky_relu", 0.9, -1.0, "Every factor for l = 2, …, L+1 is 0.009, below 1"),
        ("identity", 1.0, 2.0, "Every factor for l = 2, …, L+1 is 1: however many"),
        ("gelu", 3.0, 1e300, "Every factor for l = 2, …, L+1 is 3, above 1"),
    ],
)
@pytest.mark.parametrize("network", ["Chain", "SkipChain"])
def test_special_points(cli, network: str, f: str, weight: float, x: float, words: str) -> None:
    """No zero has a sign or an exponent, a zero says why it is one, and autograd agrees."""
    settings = ("--set", "L=3", "--set", f"f={f}", "--set", f"weight={weight}")
    result = cli("explain-gradient", network, *settings, "--at", str(x))
    assert result.exit_code == 0, result.stderr
    assert words in " ".join(result.stdout.split())
    assert not re.search(r"-0(?![.\d])|\b0e|nan|inf", result.stdout)
    model = archlang.load(network, L=3, f=f, weight=weight, dtype=torch.float64)
    for p in model.parameters():
        torch.nn.init.constant_(p, weight)
    model(torch.full((1, 1), x, dtype=torch.float64)).sum().backward()
    rows = re.findall(r"^  (\d) .* (\S+)$", result.stdout, re.MULTILINE)
    wanted = [model.get_parameter(f"w{k}.weight").grad.item() for k, _ in rows]
    assert [float(v) for _, v in rows] == pytest.approx(wanted, rel=6e-4)
    latex = cli("explain-gradient", network, *settings, "--at", str(x), "--latex").stdout
    assert not re.search(r"-0(?![.\d])|0 \\cdot 10", latex)


def test_a_network_of_scalars_that_is_no_chain(cli, neurons: str) -> None:
    result = cli("explain-gradient", f"{neurons}:Residual", "--at", "0.5", *MANY)
    assert result.exit_code == 0, result.stderr
    x = torch.tensor([[0.5]], dtype=torch.float64, requires_grad=True)
    archlang.load(f"{neurons}:Residual", dtype=torch.float64)(x).sum().backward()
    assert values(result.stdout)["dR/dx"] == pytest.approx(x.grad.item(), rel=1e-7)


def test_a_kink_is_called_one(cli, tmp_path: Path) -> None:
    path = tmp_path / "kink.arch"
    one, two = (f"fc(1, bias=false, init=constant({w}))" for w in ("1.0", "2.0"))
    path.write_text(f"network K:\n    input 1\n    {one} -> relu -> {two} + x\n", encoding="utf-8")
    kink = " ".join(cli("explain-gradient", str(path), "--at", "0").stdout.split())
    assert "up gives the quotient 3, and down 1: a kink, where dR/dx is 1" in kink
    beside = " ".join(cli("explain-gradient", str(path), "--at", "0.5").stdout.split())
    assert "gives the quotient 3; dR/dx is 3." in beside


def test_more_layers_of_a_saturating_f_are_not_judged(cli) -> None:
    settings = ("--set", "L=5", "--set", "f=tanh", "--set", "weight=2.0", "--at", "0.001")
    text = " ".join(cli("explain-gradient", "Chain", *settings).stdout.split())
    assert "above 1 at these values; f' depends on them" in text
    assert "beyond all bounds" not in text


def test_the_docs_show_what_is_printed(cli, tmp_path: Path, monkeypatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "depth.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (spec,) = re.findall(r"```arch[^\n]*\n(block Unit.*?)```", page, re.DOTALL)
    Path("small.arch").write_text(spec, encoding="utf-8")
    blocks = re.findall(
        r"```text\n\$ archlang (explain-gradient [^\n]*)\n([^$`].*?)```", page, re.DOTALL
    )
    assert len(blocks) == 2
    for command, shown in blocks:
        assert cli(*command.split()).stdout == shown
