"""`archlang new`: what it writes compiles, learns and is well written; what it says helps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import archlang
from archlang.compiler import check, check_text
from archlang.formatting import format_text
from archlang.linting import lint_file
from archlang.tooling.beginnings import derived, free_name, network_name, templates
from archlang.tooling.showcase import exhibits


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", templates())
def test_a_template_is_a_good_spec(cli, name: str) -> None:
    import torch

    result = cli("new", "mine.arch", "--template", name)
    assert result.exit_code == 0
    path = Path("mine.arch")
    text = path.read_text(encoding="utf-8")
    assert check(path) == [] and list(lint_file(path)) == []
    assert format_text(text, "mine.arch") == text
    assert all(len(line) <= 100 for line in text.splitlines())
    graph = archlang.network("mine.arch:Mine")
    model = archlang.load("mine.arch:Mine")
    result = model(torch.randn(2, *graph.nodes[graph.inputs[0]].shape))
    assert result.shape == (2, *graph.nodes[graph.outputs[0].tensor.node].shape)
    result.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_the_templates_are_what_torch_makes_of_them() -> None:
    from torch import nn

    cnn = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
        nn.Linear(84, 10),
    )  # fmt: skip
    mlp = nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10),
    )  # fmt: skip
    _same("cnn", cnn, (1, 28, 28))
    _same("mlp", mlp, (784,))


def _same(template: str, oracle, shape: tuple[int, ...]) -> None:
    """Equal parameters in order, and with equal values equal outputs."""
    import torch

    Path("t.arch").write_text(templates()[template].text("T")[0], encoding="utf-8")
    model = archlang.load("t.arch").eval()
    ours, theirs = list(model.parameters()), list(oracle.eval().parameters())
    assert [p.shape for p in ours] == [p.shape for p in theirs]
    with torch.no_grad():
        for mine, other in zip(ours, theirs, strict=True):
            mine.copy_(other)
        x = torch.randn(2, *shape)
        assert torch.equal(model(x), oracle(x))


def _uncommented(text: str) -> str:
    return re.sub(r"^    # (freeze|insert|remove) (\S.*)$", r"    \1 \2", text, flags=re.MULTILINE)


BASES = [e.name for e in exhibits()]
QUICK = {"ResNet50", "GoogLeNet", "UNet", "LeNet1998", "Chain"}


@pytest.mark.parametrize(
    "base", [b if b in QUICK else pytest.param(b, marks=pytest.mark.slow) for b in BASES]
)
def test_a_derived_network_is_a_good_spec(base: str) -> None:
    text, name = derived(base, "Mine")
    assert name == "Mine"
    assert check_text(text) == []
    assert format_text(text, "mine.arch") == text
    changed = _uncommented(text)
    assert changed != text
    assert check_text(changed) == []


def test_from_the_zoo(cli) -> None:
    result = cli("new", "mine.arch", "--from", "ResNet50")
    assert result.exit_code == 0
    assert "archlang check mine.arch" in result.stdout
    ours = archlang.network("mine.arch:Mine")
    assert ours.params == archlang.network("ResNet50", classes=10).params
    assert ours.nodes[-1].shape == (10,)


def test_what_is_there_stays(cli) -> None:
    Path("net.arch").write_text("precious", encoding="utf-8")
    result = cli("new", "net.arch")
    assert result.exit_code == 1
    assert "net.arch is there already; --force overwrites it" in result.stderr
    assert Path("net.arch").read_text(encoding="utf-8") == "precious"
    assert cli("new", "net.arch", "--force").exit_code == 0
    assert check(Path("net.arch")) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("n", "--template", "unett"), "did you mean unet?"),
        (("n", "--template", "ResNet50"), "--from ResNet50"),
        (("n", "--template", "qqq"), "there are cnn, autoencoder"),
        (("n", "--from", "ResNet5"), "did you mean ResNet50?"),
        (("n", "--from", "vgg"), "VGG16BN"),
        (("n", "--from", "cnn"), "--template cnn"),
        (("n", "--from", "DenseNet"), "DenseNet121"),
        (("n", "--from", "ResNet50", "--template", "cnn"), "one of --from and --template"),
        (("net.txt",), "as net.arch"),
        ((".",), "is a folder"),
        ((".arch",), "needs a name"),
        ((), "say which file"),
        (("n", "--list"), "goes by itself"),
    ],
)
def test_wrong_usage_says_the_way_out(cli, arguments: tuple[str, ...], words: str) -> None:
    result = cli("new", *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert not list(Path().iterdir())


def test_the_list(cli) -> None:
    lines = cli("new", "--list").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(templates())
    assert all(len(line.split()) > 3 for line in lines[1:])


def test_the_suffix_is_added_and_folders_are_made(cli) -> None:
    assert cli("new", "nets/first").exit_code == 0
    assert archlang.network("nets/first.arch").name == "First"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("lenet", "Lenet"), ("my-net_2", "MyNet2"), ("3d", "Net3d"), ("größe", "Grosse"),
        ("网络", "Net"), ("🙂", "Net"), ("conv", "Conv"), ("café au lait", "CafeAuLait"),
        ("_", "Net"),
    ],
)  # fmt: skip
def test_a_name_for_the_network(cli, file: str, name: str) -> None:
    assert network_name(Path(f"{file}.arch")) == name
    assert cli("new", f"{file}.arch").exit_code == 0
    assert archlang.network(f"{file}.arch").name == name


def test_names_that_are_taken(cli) -> None:
    assert free_name("Double", ["Double"]) == "DoubleNet"
    assert free_name("None", []) == "NoneNet"  # Python could not import it
    assert free_name("conv", []) == "convNet"
    assert cli("new", "double.arch", "--template", "unet").exit_code == 0
    assert cli("new", "ResNet50.arch", "--from", "ResNet50").exit_code == 0
    assert archlang.network("ResNet50.arch").name == "ResNet50Net"


def test_the_next_commands_can_be_pasted(cli) -> None:
    for name, written in (
        ("-x.arch", "./-x.arch"),
        ("my net.arch", "'my net.arch'"),
        ("a$(id).arch", "'a$(id).arch'"),
        ("über.arch", "über.arch"),
    ):
        result = cli("new", "--", name)
        assert result.exit_code == 0
        assert f"  archlang check {written} " in result.stdout
