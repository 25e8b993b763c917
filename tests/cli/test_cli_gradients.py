"""`archlang gradients`: tables, JSON, plots, and what is said of mistakes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
import torch

import archlang

Cli: TypeAlias = Callable[..., Any]


def test_a_verdict_and_a_table(cli: Cli) -> None:
    result = cli("gradients", "Chain", "--set", "L=3", "--seeds", "1")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "Chain(L=3): 16 random samples, float32"
    assert lines[1].startswith("healthy: from layer to layer the gradient shrinks to 0.2")
    assert lines[2].startswith("loss 0.") and "gradient: length of ∂R/∂Z" in lines[3]
    assert lines[4].split() == [
        "layer", "depth", "kind", "activation", "gradient", "weight", "gradient",
    ]  # fmt: skip
    assert [line.split()[0] for line in lines[5:]] == ["w1", "w2", "w3", "w4"]


def test_several_networks_in_one_plot(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "sub" / "depth.svg"
    result = cli("gradients", "Chain", "SkipChain", "--set", "L=50", "-o", out)
    assert result.exit_code == 0 and result.stdout.endswith(f"written {out}\n")
    assert result.stdout.count("vanishing: ") == 4 and "3 seeds" in result.stdout
    first, second, _ = result.stdout.splitlines()[-3:]
    assert first.startswith("Chain(L=50): vanishing") and second.startswith("SkipChain(L=50): ")
    content = out.read_text(encoding="utf-8")
    assert "Gradient at every layer, at initialisation" in content
    assert content.count("vanishing, ×0.207 per layer back") == 2
    assert "per layer back, yet w1 hears 4.3 times w51" in content
    assert "length of the gradient ∂R/∂Z" in content


def test_another_quantity_has_no_verdict_about_the_gradient(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "a.svg"
    cli("gradients", "Chain", "--set", "L=50", "--quantity", "activation", "-o", out)
    content = out.read_text(encoding="utf-8")
    assert "Chain(L=50)<" in content and "vanishing" not in content
    assert "activation Z, root mean square" in content


def test_brief_is_a_row_for_each_network(cli: Cli) -> None:
    result = cli("gradients", "Chain", "SkipChain", "LeNet5", "--brief", "--seeds", "1")
    title, head, *rows = result.stdout.splitlines()
    assert title == "16 random samples, float32: lengths of ∂R/∂Z"
    assert head.split("  ")[0] == "network" and len(rows) == 3
    assert rows[0].split()[:3] == ["Chain", "11", "×0.207"] and rows[0].endswith("vanishing")
    assert rows[1].split()[4] == "w2:" and rows[2].endswith("healthy")


def test_networks_beside_each_other_get_equally_many_samples(cli: Cli) -> None:
    small = ("LeNet5", "--seeds", "1", "--brief")
    assert cli("gradients", *small).stdout.startswith("16 random")
    large = cli("gradients", "ResNet34", *small)
    assert large.stdout.startswith("5 random samples")


def test_a_parameter_that_one_of_the_networks_lacks(cli: Cli) -> None:
    result = cli("gradients", "Chain", "LeNet5", "--set", "L=20")
    assert result.exit_code == 1 and "E0301" in result.stderr
    assert "--set goes to every network that is named, so LeNet5 is given L, too" in result.stderr
    assert "every network" not in cli("gradients", "LeNet5", "--set", "L=20").stderr


def test_far_too_long_steps_are_not_healthy(cli: Cli, small: Path) -> None:
    result = cli("gradients", small, "--steps", "2", "--lr", "100000", "--seeds", "1")
    assert result.exit_code == 0 and "\nhealthy" not in result.stdout
    assert "after 2 steps" in result.stdout and " → " in result.stdout.splitlines()[2]


def test_json_has_everything(cli: Cli, small: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.pdf"
    arguments = ("--seeds", 2, "--batch", 3, "--steps", 2, "--lr", 0.5, "--quantity", "weight")
    result = cli("gradients", small, *arguments, "--json", "-o", out)
    (network,) = json.loads(result.stdout)["networks"]
    assert network["network"] == "Small" and network["file"] == "small.arch"
    expected = {"batch": 3, "steps": 2, "seeds": 2, "lr": 0.5, "dtype": "float32"}
    assert expected.items() <= network["setting"].items()
    assert network["verdict"]["kind"] == "healthy"
    first = network["layers"][0]
    assert (first["path"], first["depth"], first["line"]) == ("conv1", 1, 7)
    assert len(first["gradient"]["seeds"]) == 2 and first["weight"]["median"] > 0
    assert out.read_bytes().startswith(b"%PDF")


def test_a_batch_of_a_file_and_weights(cli: Cli, small: Path) -> None:
    np.savez("batch.npz", x=np.ones((2, 3, 32, 32), "f4"), y=np.array([1, 2]))
    torch.save(archlang.load("small.arch").state_dict(), "w.pth")
    result = cli("gradients", small, "--data", "batch.npz", "--weights", "w.pth", "--seeds", 1)
    assert "2 samples of batch.npz, weights of w.pth" in result.stdout
    again = cli("gradients", small, "--data", "batch.npz", "--weights", "w.pth", "--seeds", 1)
    assert again.stdout == result.stdout


def test_a_saved_network_has_its_weights(cli: Cli, small: Path) -> None:
    archlang.save(archlang.load("small.arch"), "net.safetensors")
    result = cli("gradients", "net.safetensors", "--seeds", "1", "--batch", "2")
    assert result.exit_code == 0 and "weights of net.safetensors" in result.stdout
    refused = cli("gradients", "net.safetensors", "--weights", "w.pth")
    assert refused.exit_code == 2 and "has its own weights" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("Chian",), 1, "Chain"),
        (("Chain", "--set", "M=3"), 1, "M"),
        (("Chain", "--set", "L=400", "--set", "f=relu", "--set", "weight=2"), 1, "E0824"),
        (("LeNet5", "--data", "nowhere.npz"), 1, "E0822"),
        (("LeNet5", "--weights", "nowhere.pth"), 1, "E0707"),
        (("Chain", "-o", "plot.jpg"), 1, "the name ends in .svg, .pdf, .png"),
        (("Chain", "--seeds", "0"), 2, "--seeds"),
        (("Chain", "--steps", "-1"), 2, "--steps"),
        (("Chain", "--batch", "0"), 2, "--batch"),
        (("Chain", "--steps", "2", "--lr", "nan"), 2, "above 0"),
        (("Chain", "--lr", "0.1"), 2, "--steps 20"),
        (("Chain", "--device", "nowhere"), 2, "is no device"),
        (("Chain", "--device", "meta"), 2, "computes nothing"),
        (("Chain", "--dtype", "int8"), 2, "int8"),
        (("Chain", "--quantity", "speed"), 2, "speed"),
        (("Chain", "--quantity", "weight"), 2, "add -o FILE"),
        (("Chain", "--brief", "--json"), 2, "JSON has none"),
    ],
)
def test_mistakes(cli: Cli, arguments: tuple[str, ...], code: int, words: str) -> None:
    result = cli("gradients", *arguments)
    assert result.exit_code == code and words in result.stderr
    assert "Traceback" not in result.stderr and not result.stdout


def test_nothing_is_written_if_something_is_wrong(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "p.svg"
    assert cli("gradients", "Chain", "Chian", "-o", out).exit_code == 1
    assert not out.exists()


def test_infinity_is_shown_at_the_line_of_its_layer(
    process: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    spec = tmp_path / "deep.arch"
    spec.write_text(
        "network Deep:\n    input 4\n    fc(4)\n    fc(4, init=constant(1e38))\n"
        "    fc(4, init=constant(1e38))\n    fc(3)\n",
        encoding="utf-8",
    )
    result = process("gradients", spec)
    assert result.returncode == 1 and not result.stdout
    assert "first in the output of fc" in result.stderr and "deep.arch:" in result.stderr
    assert "infinity here, on the way forward" in result.stderr
