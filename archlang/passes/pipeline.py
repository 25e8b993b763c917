"""All passes in the order in which they run, and the one function that runs them."""

from __future__ import annotations

from archlang.graph import Graph
from archlang.passes.budget import Budget
from archlang.passes.clip import Clips
from archlang.passes.drop import Drop
from archlang.passes.flatten import Flatten
from archlang.passes.fold import Fold
from archlang.passes.fuse import Fuse
from archlang.passes.memory import ChannelsLast, InPlace
from archlang.passes.model import GOALS, Applied, Goal, Optimised, Outcome, Pass
from archlang.passes.pack import Pack
from archlang.passes.pool import Pool
from archlang.passes.recompute import Recompute
from archlang.passes.rewrite import Rewriter

PASSES: tuple[Pass, ...] = (
    Drop(), Flatten(), Fold(), Clips(), Pool(), Fuse(), Pack(), Recompute(), InPlace(),
    ChannelsLast(),
)  # fmt: skip
"""In their order: each finds what the ones before it have left."""


def optimise(
    graph: Graph,
    goal: Goal,
    passes: tuple[Pass, ...] = PASSES,
    budget: Budget | None = None,
    *,
    halves: bool = False,
) -> Optimised:
    """Run the passes for a goal; the graph itself stays as it is.

    Args:
        graph: the network.
        goal: what to make it fast for.
        passes: in their order.
        budget: what a training step may take: `recompute` chooses by it, for which it needs torch.
        halves: the network computes in 16 bits, in which a threshold, or what is subtracted, and
            a shift behind it would not cancel: nothing is clipped, and no shift is folded into
            the layer behind it.

    Raises:
        SpecError: the budget cannot be met (E0905).
        TypeError: the goal is no text.
        ValueError: it is none of ours.
    """
    hold_goal(goal)
    changed = _for_good(graph) if goal == "inference" else graph
    applied: list[Applied] = []
    for step in _within(_for_halves(passes) if halves else passes, budget):
        if goal in step.goals:
            outcome = step(changed)
            changed = outcome.graph
            applied.append(_applied(step, outcome))
    return Optimised(graph, changed, goal, tuple(applied))


def _for_halves(passes: tuple[Pass, ...]) -> tuple[Pass, ...]:
    """The passes that are exact enough in 16 bits."""
    kept = (p for p in passes if not isinstance(p, Clips))
    return tuple(Fold(shifts_before=False) if isinstance(p, Fold) else p for p in kept)


def _applied(step: Pass, outcome: Outcome) -> Applied:
    return Applied(step.name, what_it_does(step), outcome.changes, outcome.remark)


def _within(passes: tuple[Pass, ...], budget: Budget | None) -> tuple[Pass, ...]:
    """The passes, the one that depends on a budget told of it."""
    if budget is None:
        return passes
    from archlang.measuring.budget import FitInto

    return tuple(FitInto(budget) if isinstance(p, Recompute) else p for p in passes)


def hold_goal(goal: object) -> None:
    """Hold that somebody named a goal.

    Raises:
        TypeError: it is no text.
        ValueError: it is none of ours.
    """
    if not isinstance(goal, str):
        raise TypeError(f'optimize is "inference", "training" or None, not {goal!r:.60}')
    if goal not in GOALS:
        from archlang.diagnostics.suggest import closest

        near = closest(goal, GOALS)
        guess = f'; did you mean "{near}"?' if near else ""
        raise ValueError(f'optimize is "inference", "training" or None, not {goal!r:.60}{guess}')


def what_it_does(step: Pass) -> str:
    """What a pass does: the first line of its documentation."""
    return (type(step).__doc__ or "").strip().partition("\n")[0]


def _for_good(graph: Graph) -> Graph:
    """The network with all its layers frozen: it stays in evaluation mode."""
    rewriter = Rewriter(graph)
    for node in graph.nodes:
        rewriter.change(node.id, frozen="layer")
    return rewriter.graph()
