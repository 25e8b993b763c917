"""Which layers run again in the backward pass, so that a training step fits into memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from archlang.diagnostics.catalog.recomputing import OverBudget
from archlang.diagnostics.model import SpecError
from archlang.graph import Again, Graph
from archlang.measuring.training_memory import TrainingMemory, training_memory
from archlang.passes.budget import Budget
from archlang.passes.model import Outcome
from archlang.passes.recompute import Part, Recompute, cheap_parts, whole_parts
from archlang.problems import about_network
from archlang.record import Record
from archlang.sizes_of_memory import bytes_text

if TYPE_CHECKING:
    import torch


class Fit(Record):
    """A network whose training step fits into a budget of memory."""

    graph: Graph
    """It with what runs again (`Graph.again`); equal to the one given where nothing has to."""
    changes: tuple[str, ...]
    """What runs again, a line for each part."""
    remark: str
    """The memory before and after."""
    budget: int
    plain: TrainingMemory
    """What a step takes if nothing runs again."""
    memory: TrainingMemory
    """What it takes now."""


Shaper: TypeAlias = Callable[[Graph, list[Part]], list[Part]]
"""Makes the parts that may run again such that a backend can express them."""


def fit(
    graph: Graph,
    budget: int,
    batch: int,
    dtype: torch.dtype | None = None,
    shaped: Shaper | None = None,
) -> Fit:
    """Let as little as possible run again, so that a training step takes no more than `budget`.

    The budget counts parameters, buffers, gradients, the batch, and what the backward pass needs,
    at the moment when they are most together; not the optimiser's state (SGD with momentum keeps
    as much as the parameters, Adam twice that), nor the workspace of kernels. Steps are chosen by
    what they save for what they cost; what is chosen is predicted by `training_memory`.

    Args:
        graph: the network, after all other passes.
        budget: bytes.
        batch: how many samples at once.
        dtype: floating-point type of parameters and activations; float32 by default.
        shaped: what a backend can express of the parts that are found; None: all of them.

    Raises:
        SpecError: it does not fit, whatever runs again (E0905), or it cannot be measured.
        ValueError: `budget` or `batch` is below 1.
    """
    if budget < 1:
        raise ValueError(f"a budget has at least one byte, not {budget}")
    trials = _Trials(replace(graph, again=()), batch, dtype)
    plain = trials.memory(())
    if plain.peak <= budget:
        line = f"nothing has to run again: {_of(plain, batch)} of {bytes_text(budget)}"
        return Fit(trials.graph, (), line, budget, plain, plain)
    chosen = _cheapest(trials, budget, shaped or (lambda _, parts: parts))
    if chosen is None:
        raise about_network(graph, _over(trials, budget, plain))
    memory = trials.memory(chosen)
    outcome = Recompute(chosen)(trials.graph)
    line = f"{_of(memory, batch)} of {bytes_text(budget)}, instead of {bytes_text(plain.peak)}"
    return Fit(outcome.graph, outcome.changes, line, budget, plain, memory)


def _of(memory: TrainingMemory, batch: int) -> str:
    samples = "1 sample" if batch == 1 else f"{batch} samples"
    return f"a step of {samples} takes {bytes_text(memory.peak)}"


class _Trials:
    """Predictions for one graph and what of it runs again, each made once."""

    def __init__(self, graph: Graph, batch: int, dtype: torch.dtype | None) -> None:
        self.graph = graph
        self.batch = batch
        self._dtype = dtype
        self._known: dict[tuple[Again, ...], TrainingMemory] = {}

    def memory(self, chosen: Sequence[Again]) -> TrainingMemory:
        """What a step takes if these parts run again."""
        key = tuple(chosen)
        if key not in self._known:
            self._known[key] = self.at(key, self.batch)
        return self._known[key]

    def at(self, chosen: Sequence[Again], batch: int) -> TrainingMemory:
        """The same for another batch."""
        return training_memory(replace(self.graph, again=tuple(chosen)), batch, self._dtype)

    @property
    def least(self) -> tuple[tuple[Again, ...], TrainingMemory]:
        """What was found to take the least, of all that was tried."""
        return min(self._known.items(), key=lambda item: item[1].peak)


def _cheapest(trials: _Trials, budget: int, shaped: Shaper) -> tuple[Again, ...] | None:
    """The cheapest choice that fits: of cheap steps alone; if not even all of them do, of whole
    parts of each size, beside the cheap steps outside of them."""
    cheap = shaped(trials.graph, cheap_parts(trials.graph))
    found = _fewest(trials, budget, cheap, lambda number: cheap[:number])
    if found is not None:
        return _again(found)
    choices: list[list[Part]] = []
    for found_parts in whole_parts(trials.graph):
        whole = shaped(trials.graph, found_parts)
        found = _fewest(trials, budget, whole, lambda n, parts=whole: _beside(parts[:n], cheap))
        if found is not None:
            choices.append(found)
    return _again(min(choices, key=_costs)) if choices else None


def _beside(whole: list[Part], cheap: list[Part]) -> list[Part]:
    taken = {number for part in whole for number in part.again.nodes}
    return [*whole, *(part for part in cheap if taken.isdisjoint(part.again.nodes))]


def _fewest(
    trials: _Trials, budget: int, parts: list[Part], first: Callable[[int], list[Part]]
) -> list[Part] | None:
    """The shortest beginning of the parts that fits; None where all of them do not."""
    low, high = 0, len(parts)  # that of `low` does not fit, that of `high` does
    if trials.memory(_again(first(high))).peak > budget:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if trials.memory(_again(first(middle))).peak <= budget:
            high = middle
        else:
            low = middle
    return first(high)


def _again(parts: list[Part]) -> tuple[Again, ...]:
    """In the order of the network."""
    return tuple(sorted((part.again for part in parts), key=lambda again: again.nodes))


def _costs(parts: list[Part]) -> float:
    return sum(part.cost for part in parts)


def _over(trials: _Trials, budget: int, plain: TrainingMemory) -> OverBudget:
    chosen, least = trials.least
    return OverBudget(
        network=trials.graph.name,
        budget=budget,
        batch=trials.batch,
        plain=plain.peak,
        least=least.peak,
        parameters=least.parameters + least.gradients,
        fits=_largest_batch(trials, chosen, budget),
    )


def _largest_batch(trials: _Trials, chosen: Sequence[Again], budget: int) -> int:
    """The largest batch with which a choice fits; 0 for none."""

    def fits(batch: int) -> bool:
        try:
            return trials.at(chosen, batch).peak <= budget
        except SpecError:
            return False  # a batch norm cannot train on one number a channel

    low, high = 0, trials.batch  # that of `low` fits, if it is a batch; that of `high` does not
    while high - low > 1:
        middle = (low + high) // 2
        if fits(middle):
            low = middle
        else:
            high = middle
    return low


class FitInto(Recompute):
    """Run cheap steps again in the backward pass, so that their results need not be kept."""

    def __init__(self, budget: Budget, shaped: Shaper | None = None) -> None:
        super().__init__()
        self._budget = budget
        self._shaped = shaped

    def __call__(self, graph: Graph) -> Outcome:
        """Choose by the budget.

        Raises:
            SpecError: it cannot be met (E0905).
        """
        asked = self._budget
        fitted = fit(graph, asked.memory, asked.batch, asked.dtype, self._shaped)
        return Outcome(fitted.graph, fitted.changes, fitted.remark)
