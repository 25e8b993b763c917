"""Transfer learning on real digits, from end to end. Run: python examples/transfer/transfer.py"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from signal import SIG_IGN, SIGINT, signal
from typing import TypeVar

import torch
from rich.progress import Progress

import archlang
import digits
import plots
import results
import training
import tuning
from digits import KNOWN, NEW, TRAIN
from results import Results, Run, UnusableResultsError
from training import METHODS, SPEC, Method, Recipe

LABELS = (1, 2, 5, 10, 20, 50)
SEEDS = 5
WATCHED = 10
"""Labels a class with which the accuracy is followed while training."""
FOLDER = Path("build", "transfer")
QUICK = Recipe(epochs=1, updates=30, watches=3)
QUICK_LABELS = (1, 10)
QUICK_SEEDS = 2

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class Plan:
    """What to run, and where the results go."""

    recipe: Recipe
    labels: tuple[int, ...]
    seeds: tuple[int, ...]
    out: Path
    jobs: int

    def left(self, done: Results) -> list[tuple[Method, int, int]]:
        """Method, labels a class, and seed of each run that is not finished."""
        return [
            (method, labels, seed)
            for seed in self.seeds
            for labels in self.labels
            for method in METHODS
            if not done.finished(method.name, labels, seed)
        ]

    def checkpoint(self, seed: int) -> Path:
        """Where the network lies that was pretrained by a seed."""
        return self.out / f"digits-{seed}.safetensors"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit code."""
    options = _parser().parse_args(arguments)
    plan = _plan(options)
    _settle()
    try:
        if options.tune:
            tune(replace(plan, out=plan.out / "tuning"))
        else:
            compare(plan)
    except (UnusableResultsError, archlang.SpecError, OSError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on with what is left", file=sys.stderr)
        return 130
    return 0


def compare(plan: Plan) -> None:
    """All runs that are left, then report, table and figures."""
    done = results.resume(plan.out / "results.json", ingredients(plan.recipe))
    with Progress() as progress:
        _pretrain(plan, done, plan.seeds, progress)
        left = plan.left(done)
        bar = progress.add_task("training", total=len(left))
        for run in _all(partial(_run, plan), left, plan.jobs):
            done.add(run)
            labels = f"{run.labels} label{'s' if run.labels > 1 else ''} a class"
            name = f"{run.method}, {labels}, seed {run.seed}"
            progress.print(f"{name}: {100 * run.accuracy:.1f} %")
            progress.advance(bar)
    _show(plan, done)


def tune(plan: Plan) -> None:
    """Print the accuracy of each candidate for the learning rates of each method."""
    done = results.resume(plan.out / "results.json", ingredients(plan.recipe))
    with Progress() as progress:
        _pretrain(plan, done, tuning.SEEDS, progress)
    checkpoints = {seed: plan.checkpoint(seed) for seed in tuning.SEEDS}
    print("| method | head | body | accuracy on validation images |\n| --- | --- | --- | ---: |")
    for method, accuracy in tuning.tune(digits.load(NEW), plan.recipe, checkpoints):
        body = "–" if method.body is None else f"{method.body:g}"
        print(f"| {method.name} | {method.head:g} | {body} | {100 * accuracy:.1f} |", flush=True)


def ingredients(recipe: Recipe) -> dict[str, object]:
    """Whatever the numbers depend on but seeds and labels."""
    rates = {method.name: method.rates for method in (training.PRETRAINING, *METHODS)}
    versions = {name: version(name) for name in ("torch", "mlxtend")}
    return {
        **asdict(recipe),
        "watched": WATCHED,
        "rates": rates,
        "split": [TRAIN, digits.VALIDATION, digits.TEST, digits.SHUFFLE],
        "spec": SPEC.read_text(encoding="utf-8"),
        "versions": versions,
    }


def _pretrain(plan: Plan, done: Results, seeds: Sequence[int], progress: Progress) -> None:
    """A network for the known digits, for each seed that has none."""
    left = [s for s in seeds if s not in done.pretrained or not plan.checkpoint(s).exists()]
    bar = progress.add_task("pretraining", total=len(left))
    for seed, accuracy in _all(partial(_pretrained, plan), left, plan.jobs):
        done.add_pretrained(seed, accuracy)
        progress.print(f"pretrained on 0–4, seed {seed}: {100 * accuracy:.1f} % of test images")
        progress.advance(bar)


def _pretrained(plan: Plan, seed: int) -> tuple[int, float]:
    known = digits.load(KNOWN)
    model = training.pretrain(known.train, plan.recipe, seed)
    archlang.save(model, plan.checkpoint(seed))
    _, accuracy = training.evaluate(model, known.test)
    return seed, round(accuracy, 6)


def _run(plan: Plan, task: tuple[Method, int, int]) -> Run:
    method, labels, seed = task
    new = digits.load(NEW)
    _, moments = training.transfer(
        method, new.train, new.test,
        labels=labels, seed=seed, recipe=plan.recipe,
        weights=plan.checkpoint(seed), watched=labels == WATCHED,
    )  # fmt: skip
    history = moments if labels == WATCHED else []
    return Run(method.name, labels, seed, moments[-1].accuracy, history)


def _all(work: Callable[[Task], Outcome], tasks: Sequence[Task], jobs: int) -> Iterator[Outcome]:
    """What comes of each task, as soon as it is there; in processes, if more than one is asked."""
    if jobs == 1 or len(tasks) < 2:
        yield from map(work, tasks)
        return
    processes = get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(tasks)), processes, initializer=_begin) as pool:
        try:
            for future in as_completed([pool.submit(work, task) for task in tasks]):
                yield future.result()
        finally:  # also when interrupted: what has not begun is left for another time
            pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """What a process does first: an interruption is for the one that started it."""
    signal(SIGINT, SIG_IGN)
    _settle()


def _settle() -> None:
    """Equal seeds, equal numbers: a sum in another order, of more threads, is another sum."""
    torch.set_num_threads(1)


def _show(plan: Plan, done: Results) -> None:
    """What was loaded, what came out, and where the figures are."""
    last = METHODS[-1]
    print(f"\nThe weights of {last.network}, for {last.name}:\n")
    print(archlang.weights_report(training.build(last, 0, plan.checkpoint(plan.seeds[0]))))
    print(f"\nAccuracy on test images of {NEW}, in per cent, over {len(plan.seeds)} seeds:\n")
    print(results.table(done, plan.labels, plan.seeds))
    for path in plots.draw(done, plan.labels, plan.seeds, WATCHED, plan.out):
        print(f"wrote {path}")


def _plan(options: argparse.Namespace) -> Plan:
    recipe = QUICK if options.quick else Recipe()
    labels = options.labels or (QUICK_LABELS if options.quick else LABELS)
    seeds = options.seeds or (QUICK_SEEDS if options.quick else SEEDS)
    out = options.out or FOLDER / ("quick" if options.quick else "full")
    return Plan(recipe, tuple(sorted(set(labels))), tuple(range(seeds)), out, options.jobs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Pretrain on the digits 0–4, transfer to 5–9 in four ways, and compare them. "
        "Interrupt it as you like: what is finished is not run again."
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="the short form, about a minute")
    add("--labels", type=_count(TRAIN), nargs="+", metavar="N", help="labelled images a class")
    add("--seeds", type=_count(tuning.SEEDS[0]), metavar="N", help="how many runs of each kind")
    add("--out", type=Path, help=f"folder (default: {FOLDER}/full, or quick)")
    add("--jobs", type=_count(256), default=1, metavar="N", help="processes to run side by side")
    add("--tune", action="store_true", help="compare learning rates, on validation images")
    return parser


def _count(most: int) -> Callable[[str], int]:
    """A number, from 1 to the most."""

    def number(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {most}")
        return int(text)

    return number


if __name__ == "__main__":
    sys.exit(main())
