"""Specs, graphs and models that the tests of the passes have in common."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

import archlang
from archlang.compiler import graph
from archlang.graph import Graph


def written(folder: Path, body: str, shape: str = "4x8x8", before: str = "") -> str:
    """A spec of one network whose body is given line by line."""
    lines = [f"input {shape}", *body.splitlines()]
    text = before + "network N:\n" + "\n".join(f"    {line}" for line in lines) + "\n"
    file = folder / "n.arch"
    file.write_text(text)
    return f"{file}:N"


def graph_of(folder: Path, body: str, shape: str = "4x8x8", before: str = "") -> Graph:
    """The graph of such a network."""
    return graph(written(folder, body, shape, before))


def unsettled(model: nn.Module) -> nn.Module:
    """A model whose batch norms and biases are no longer those of a new one, which do nothing."""
    torch.manual_seed(5)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2)
            elif name.endswith("running_mean"):
                tensor.normal_(0, 0.5)
            elif tensor.is_floating_point() and tensor.dim() <= 1:
                tensor.add_(torch.randn_like(tensor) * 0.5)
    return model


def far_off(model: nn.Module) -> nn.Module:
    """A model whose batch norms subtract means that are large beside the deviations."""
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("running_mean"):
                tensor.fill_(100)
    return model


def both(
    spec: str, dtype: torch.dtype = torch.float64, **options: object
) -> tuple[nn.Module, nn.Module]:
    """A model in evaluation mode, and the same optimised for inference."""
    torch.manual_seed(0)
    plain = unsettled(archlang.load(spec, dtype=dtype, **options).eval())
    return plain, archlang.optimize(plain, "inference")


def run(model: nn.Module, *inputs: Tensor) -> list[Tensor]:
    """All results of a model, as a list."""
    with torch.no_grad():
        results = model(*inputs)
    return list(results) if isinstance(results, tuple) else [results]


def error(model: nn.Module, other: nn.Module, *inputs: Tensor) -> float:
    """By how much the results of two models differ, beside the greatest number in them."""
    kept = [x.clone() for x in inputs]
    theirs, ours = run(model, *inputs), run(other, *inputs)
    assert all(torch.equal(a, b) for a, b in zip(kept, inputs, strict=True)), "inputs overwritten"
    assert len(theirs) == len(ours)
    pairs = list(zip(theirs, ours, strict=True))
    assert all(a.shape == b.shape and a.dtype == b.dtype for a, b in pairs)
    worst = max((a.double() - b.double()).abs().max().item() for a, b in pairs)
    greatest = max(a.double().abs().max().item() for a, _ in pairs)
    return worst / greatest if greatest else worst
