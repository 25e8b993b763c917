"""Sharded layers that run again in the backward pass: they are gathered before they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from torch import Tensor, fx, nn

from archlang.backends.recompute import RunAgain

T = TypeVar("T")


class Around(nn.Module):
    """Calls a module, and no more: a second place for what torch hooks on to it.

    A module belongs to one group of FSDP, but a part that runs again may need the parameters of
    two, which compute in different types.
    """

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, *values: Tensor | nn.Module) -> Any:
        """What the module within gives."""
        return self.inner(*values)


def rerun(model: fx.GraphModule) -> dict[str, frozenset[str]]:
    """The parts of a model that run again, by their paths, with the paths of their layers."""
    calls = [node for node in model.graph.nodes if node.op == "call_module"]
    return {
        str(node.target): frozenset(
            str(a.target) for a in node.all_input_nodes if a.op == "get_attr"
        )
        for node in calls
        if isinstance(model.get_submodule(str(node.target)), RunAgain)
    }


def with_parts(
    model: fx.GraphModule, parts: Sequence[str], groups: Sequence[tuple[list[nn.Module], T]]
) -> Iterator[tuple[list[nn.Module], T]]:
    """Let the parts that run again belong to all groups of layers of a unit.

    FSDP gathers a group before the first of its modules runs, and once more in the backward pass
    when that has come to the results of the last one. What autograd keeps of a step behind the
    last layer would need that layer earlier; the results of the part come before all of that.

    Args:
        model: it has the parts; each is put into a module around it for every group but the first.
        parts: their paths.
        groups: lists of layers, and something that is given back with each.
    """
    for number, (layers, what) in enumerate(groups):
        if number:
            for path in parts:
                model.set_submodule(path, Around(model.get_submodule(path)))
        yield [*layers, *(model.get_submodule(path) for path in parts)], what
