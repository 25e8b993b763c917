"""results.json: which runs are finished and what they reached; written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from training import METHODS, Moment


class UnusableResultsError(Exception):
    """The file that is there cannot be gone on with; its text says why."""


@dataclass(frozen=True)
class Run:
    """One training: what was trained on how many labels by which seed, and what came of it."""

    method: str
    labels: int
    seed: int
    accuracy: float
    """Of test images, after the last update."""
    history: list[Moment] = field(default_factory=list[Moment])
    """Empty, unless the run was watched."""

    @property
    def key(self) -> tuple[int, int, int]:
        """Its place in the file, whenever it was run."""
        return self.labels, [m.name for m in METHODS].index(self.method), self.seed


@dataclass
class Results:
    """All runs of one recipe."""

    path: Path
    recipe: dict[str, Any]
    """Whatever the numbers depend on."""
    pretrained: dict[int, float] = field(default_factory=dict[int, float])
    """Accuracy of each pretrained network on test images of the known digits, by its seed."""
    runs: list[Run] = field(default_factory=list[Run])

    def finished(self, method: str, labels: int, seed: int) -> bool:
        """Whether there is nothing left to do."""
        return any((r.method, r.labels, r.seed) == (method, labels, seed) for r in self.runs)

    def of(self, method: str, labels: int, seeds: Sequence[int]) -> list[Run]:
        """The runs of a method, one a seed."""
        runs = [r for r in self.runs if (r.method, r.labels) == (method, labels)]
        return [r for r in runs if r.seed in seeds]

    def add(self, run: Run) -> None:
        """Note a finished run, on disk too."""
        self.runs = sorted([*self.runs, run], key=lambda r: r.key)
        self.write()

    def add_pretrained(self, seed: int, accuracy: float) -> None:
        """Note a pretrained network, on disk too."""
        self.pretrained = dict(sorted({**self.pretrained, seed: accuracy}.items()))
        self.write()

    def write(self) -> None:
        """Replace the file in one step, so that an interruption leaves the old one."""
        content = {
            "recipe": self.recipe,
            "pretrained": [{"seed": s, "accuracy": a} for s, a in self.pretrained.items()],
            "runs": [asdict(run) for run in self.runs],
        }
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            beside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
            beside.replace(self.path)
        finally:
            beside.unlink(missing_ok=True)


def read(path: Path) -> Results:
    """The results in a file.

    Raises:
        UnusableResultsError: it is not one that `Results.write` wrote.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        pretrained = {p["seed"]: p["accuracy"] for p in content["pretrained"]}
        return Results(path, content["recipe"], pretrained, [_run(run) for run in content["runs"]])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UnusableResultsError(f"{path} cannot be read ({error!r}); remove it") from error


def _run(content: dict[str, Any]) -> Run:
    moments = [Moment(**moment) for moment in content["history"]]
    fields: dict[str, Any] = {**content, "history": moments}
    return Run(**fields)


def resume(path: Path, recipe: dict[str, Any]) -> Results:
    """The results so far; none yet, where there is no file.

    Raises:
        UnusableResultsError: the file is damaged, or its numbers come from another recipe.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        return Results(path, recipe)
    found = read(path)
    differing = [k for k in {**recipe, **found.recipe} if recipe.get(k) != found.recipe.get(k)]
    if differing:
        raise UnusableResultsError(
            f"{path} was made by another recipe ({', '.join(differing)} differ); "
            "remove it, or write to another folder with --out"
        )
    return found


def table(results: Results, labels: Sequence[int], seeds: Sequence[int]) -> str:
    """Accuracy on test images in per cent: mean ± standard deviation over the seeds; markdown."""
    lines = [
        "| labels a class | " + " | ".join(str(n) for n in labels) + " |",
        "| --- |" + " ---: |" * len(labels),
    ]
    for method in METHODS:
        cells = [_cell([r.accuracy for r in results.of(method.name, n, seeds)]) for n in labels]
        lines.append(f"| {method.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(values: Sequence[float]) -> str:
    spread = stdev(values) if len(values) > 1 else 0.0
    return f"{100 * mean(values):.1f} ± {100 * spread:.1f}"
