"""What came out, as a table: mean and standard deviation over the seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import mean, stdev

from comparisons import COMPARISONS, Comparison
from journal import Run

Value = Callable[[Run], float | None]


def table(runs: Sequence[Run], comparisons: Sequence[Comparison] = COMPARISONS) -> str:
    """Errors in per cent, network by network, each once; markdown."""
    epochs = max(len(run.epochs) for run in runs)
    half = epochs // 2
    columns: dict[str, Value] = {
        f"training error, epoch {half}": lambda run: 100 * run.epochs[half - 1].error,
        f"epoch {epochs}": lambda run: 100 * run.epochs[-1].error,
        "unshifted": lambda run: _per_cent(run.epochs[-1].still),
        "test error": lambda run: _per_cent(run.epochs[-1].test),
    }
    lines = [
        f"| network | rate | seeds | {' | '.join(columns)} |",
        f"| --- | ---: | ---: |{' ---: |' * len(columns)}",
    ]
    for network, rate in dict.fromkeys((n, c.rate) for c in comparisons for n in c.networks):
        mine = [run for run in runs if (run.network, run.rate) == (network, rate)]
        if mine:
            cells = [_cell([value(run) for run in mine]) for value in columns.values()]
            cells = [network, f"{rate:g}", str(len(mine)), *cells]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _per_cent(error: float | None) -> float | None:
    return None if error is None else 100 * error


def _cell(values: Sequence[float | None]) -> str:
    seen = [value for value in values if value is not None]
    spread = f" ± {stdev(seen):.2f}" if len(seen) > 1 else ""
    return f"{mean(seen):.2f}{spread}"
