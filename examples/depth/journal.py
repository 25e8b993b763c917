"""The files of an experiment: finished runs and checkpoints, each whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from comparisons import Trial
from learning import Epoch, Training

DAMAGE = (OSError, ValueError, TypeError, KeyError)
"""What comes of reading a file that is not as it was written."""


class UnusableFileError(Exception):
    """What is there cannot be gone on with; its text says why."""


@dataclass(frozen=True)
class Run:
    """A finished training, and what was seen in each of its epochs."""

    network: str
    rate: float
    seed: int
    seconds: float
    epochs: list[Epoch]

    @property
    def trial(self) -> Trial:
        """What was trained."""
        return Trial(self.network, self.rate, self.seed)


@dataclass(frozen=True)
class Journal:
    """A folder with a file for each run: `.json` if it is finished, `.pt` while it is not."""

    folder: Path
    recipe: dict[str, Any]
    """Whatever the numbers depend on, but network, learning rate and seed."""

    def finished(self, trial: Trial) -> Run | None:
        """The run, if it came to its end.

        Raises:
            UnusableFileError: the file is damaged, or was made by another recipe.
        """
        path = self._path(trial, ".json")
        if not path.exists():
            return None
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            recipe, run = content["recipe"], run_of(content["run"])
        except DAMAGE as error:
            raise UnusableFileError(f"{path} cannot be read ({error!r}); remove it") from error
        self._hold(path, recipe)
        return run

    def resume(self, training: Training) -> None:
        """Put a training where it was left, if it was begun.

        Raises:
            UnusableFileError: the file is damaged, or was made by another recipe.
        """
        path = self._path(training.trial, ".pt")
        if not path.exists():
            return
        try:
            content = torch.load(path, map_location=training.device, weights_only=True)
            recipe, state = content["recipe"], content["state"]
        except (*DAMAGE, EOFError, RuntimeError, UnpicklingError) as error:
            raise UnusableFileError(f"{path} cannot be read; remove it") from error
        self._hold(path, recipe)
        training.restore(state)

    def keep(self, training: Training) -> None:
        """Note how far a training is; a finished one for good."""
        trial = training.trial
        if training.finished:
            run = Run(*trial, round(training.seconds, 1), training.epochs)
            content = {"recipe": self.recipe, "run": asdict(run)}
            text = json.dumps(content, indent=1, allow_nan=False) + "\n"
            write(self._path(trial, ".json"), lambda path: path.write_text(text, encoding="utf-8"))
            self._path(trial, ".pt").unlink(missing_ok=True)
        else:
            content = {"recipe": self.recipe, "state": training.state()}
            write(self._path(trial, ".pt"), lambda path: torch.save(content, path))

    def collect(self, trials: Sequence[Trial], path: Path) -> list[Run]:
        """The finished ones of some runs, and all of them in one file."""
        runs = [run for trial in trials if (run := self.finished(trial))]
        runs.sort(key=lambda run: (-run.rate, run.trial.depth, run.network, run.seed))
        lines = ",\n".join(json.dumps(asdict(run), allow_nan=False) for run in runs)
        text = f'{{"recipe": {json.dumps(self.recipe)},\n"runs": [\n{lines}\n]}}\n'
        write(path, lambda beside: beside.write_text(text, encoding="utf-8"))
        return runs

    def _path(self, trial: Trial, suffix: str) -> Path:
        return self.folder / f"{trial}{suffix}"

    def _hold(self, path: Path, recipe: dict[str, Any]) -> None:
        ours = json.loads(json.dumps(self.recipe))
        differing = [key for key in {**ours, **recipe} if ours.get(key) != recipe.get(key)]
        if differing:
            raise UnusableFileError(
                f"{path} was made by another recipe ({', '.join(differing)} differ); "
                "remove it, or write to another folder with --out"
            )


def read(path: Path) -> tuple[dict[str, Any], list[Run]]:
    """The recipe and the runs of what `Journal.collect` wrote."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return content["recipe"], [run_of(run) for run in content["runs"]]


def run_of(content: dict[str, Any]) -> Run:
    """A run, as it was written."""
    fields: dict[str, Any] = {**content, "epochs": [Epoch(**epoch) for epoch in content["epochs"]]}
    return Run(**fields)


def write(path: Path, content: Callable[[Path], object]) -> None:
    """Replace a file in one step, so that an interruption leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    try:
        content(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
