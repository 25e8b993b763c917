"""The passes for training that source can express, with the parts that its classes can hold."""

from __future__ import annotations

from archlang.backends.python.rerun import for_source
from archlang.graph import Graph
from archlang.measuring.budget import FitInto
from archlang.passes.budget import Budget
from archlang.passes.memory import ChannelsLast
from archlang.passes.model import Optimised, Pass
from archlang.passes.pipeline import PASSES, optimise
from archlang.passes.recompute import Recompute


def for_training(graph: Graph, budget: Budget | None = None) -> Optimised:
    """What `write_python` is given to write source for training: equal to the last bit.

    The order of numbers in memory is left out, which changes how they are rounded.

    Args:
        graph: the network, before any pass.
        budget: what a training step may take.

    Raises:
        SpecError: the budget cannot be met (E0905).
    """
    exact = (step for step in PASSES if not isinstance(step, ChannelsLast))
    return optimise(graph, "training", tuple(_expressible(step, budget) for step in exact))


def _expressible(step: Pass, budget: Budget | None) -> Pass:
    if budget is None or not isinstance(step, Recompute):
        return step
    return FitInto(budget, for_source)
