"""Does a deeper plain network train worse? Run: python examples/depth/depth.py"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from importlib.metadata import version
from multiprocessing import active_children, get_context
from pathlib import Path
from queue import Queue
from signal import SIG_IGN, SIGINT, signal

import torch
from rich.progress import Progress, TimeRemainingColumn

import archlang
import curves
import mnist
import report
from comparisons import COMPARISONS, VARIANTS, Comparison, Trial, trials
from journal import Journal, Run, UnusableFileError
from learning import Recipe, Training

FOLDER = Path("build", "depth")
QUICK = Recipe(images=100, epochs=12, looks=4)
LARGE = Recipe(size=28, images=400, epochs=164, batch=128, shift=4, looks=10)
"""The size of the images, the batch and about the number of epochs of He et al. 2015."""

News = Queue[tuple[Trial, int]]
"""Which training has come to the end of which epoch."""


@dataclass(frozen=True)
class Plan:
    """What to run, where, and where the results go."""

    recipe: Recipe
    comparisons: tuple[Comparison, ...]
    trials: tuple[Trial, ...]
    out: Path
    jobs: int
    device: str

    @property
    def journal(self) -> Journal:
        """Where runs are kept."""
        return Journal(self.out / "runs", ingredients(self.recipe, self.device))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit code."""
    plan = _plan(_parser().parse_args(arguments))
    try:
        experiment(plan)
    except (UnusableFileError, archlang.SpecError, OSError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except BrokenProcessPool:
        print("error: a process was ended; the same command goes on", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from the last epoch", file=sys.stderr)
        return 130
    return 0


def experiment(plan: Plan) -> None:
    """All runs that are left, then table and figures."""
    with Progress(*Progress.get_default_columns()[:-1], TimeRemainingColumn(True)) as progress:
        _train_all(plan, progress)
    runs = plan.journal.collect(plan.trials, plan.out / "experiment.json")
    print(f"\nErrors in per cent:\n\n{report.table(runs, plan.comparisons)}\n")
    for path in curves.draw(runs, plan.comparisons, plan.recipe, plan.out):
        print(f"wrote {path}")


def ingredients(recipe: Recipe, device: str = "cpu") -> dict[str, object]:
    """Whatever the numbers depend on but networks, learning rates and seeds."""
    return {
        **asdict(recipe),
        "shuffle": mnist.SHUFFLE,
        "variants": VARIANTS.read_text(encoding="utf-8"),
        "device": device,
        "versions": {name: version(name) for name in ("torch", "mlxtend")},
    }


def _train_all(plan: Plan, progress: Progress) -> None:
    """Train what is not finished, in processes of its own, and follow it."""
    left = [trial for trial in plan.trials if not plan.journal.finished(trial)]
    total = plan.recipe.epochs * sum(trial.depth for trial in plan.trials)
    ready = total - plan.recipe.epochs * sum(trial.depth for trial in left)
    bar = progress.add_task("training", total=total, completed=ready)
    if not left:
        return
    context, epochs = get_context("spawn"), dict.fromkeys(left, 0)
    with context.Manager() as manager, ProcessPoolExecutor(plan.jobs, context, _begin) as pool:
        news: News = manager.Queue()
        pending = {pool.submit(train, plan, trial, news) for trial in left}
        try:
            while pending:
                done, pending = wait(pending, 0.5, FIRST_COMPLETED)
                while not news.empty():
                    epochs.update([news.get()])
                at = ready + sum(trial.depth * count for trial, count in epochs.items())
                progress.update(bar, completed=at)
                for future in done:
                    _say(future, progress)
        except BaseException:  # an interruption, for one: what is trained now is not waited for
            pool.shutdown(wait=False, cancel_futures=True)
            for process in active_children():
                process.terminate()
            raise


def train(plan: Plan, trial: Trial, news: News) -> Run:
    """A training, from its last epoch on if it was begun, to its end."""
    training = Training(trial, plan.recipe, plan.device)
    data = mnist.load(plan.recipe.size, plan.recipe.images)
    data = mnist.Data(*(split.to(plan.device) for split in data))
    journal = plan.journal
    journal.resume(training)
    news.put((trial, len(training.epochs)))
    while not training.finished:
        training.epoch(data)
        journal.keep(training)
        news.put((trial, len(training.epochs)))
    run = journal.finished(trial)
    assert run is not None
    return run


def _say(future: Future[Run], progress: Progress) -> None:
    run = future.result()
    last = run.epochs[-1]
    assert last.test is not None
    progress.print(
        f"{run.network}, rate {run.rate:g}, seed {run.seed}: {100 * last.error:.2f} % training "
        f"error, {100 * last.test:.2f} % test error, {run.seconds:.0f} s"
    )


def _begin() -> None:
    """What a process does first: one thread, for equal numbers; who started it interrupts it."""
    signal(SIGINT, SIG_IGN)
    torch.set_num_threads(1)
    torch.backends.cudnn.deterministic = True


def _plan(options: argparse.Namespace) -> Plan:
    recipe, name = next(
        (recipe, name)
        for asked, recipe, name in (
            (options.quick, QUICK, "quick"),
            (options.large, LARGE, "large"),
            (True, Recipe(), "laptop"),
        )
        if asked
    )
    chosen = tuple(c for c in COMPARISONS if c.name in (options.only or [c.name]))
    seeds = options.seeds or (1 if options.quick else None)
    if options.quick and not options.only:
        chosen = chosen[:1]
    out = options.out or FOLDER / name
    return Plan(recipe, chosen, tuple(trials(chosen, seeds)), out, options.jobs, options.device)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Train plain and residual networks of 20 and 56 layers on digits, and compare "
        "their training errors. Interrupt it as you like: it goes on from the last epoch."
    )
    add = parser.add_argument
    scale = parser.add_mutually_exclusive_group()
    scale.add_argument("--quick", action="store_true", help="the short form, a minute or two")
    scale.add_argument("--large", action="store_true", help="the full form, for a GPU")
    names = [comparison.name for comparison in COMPARISONS]
    add("--only", nargs="+", choices=names, metavar="NAME", help=f"of {', '.join(names)}")
    add("--seeds", type=_count(1000), metavar="N", help="how many runs of each network")
    add("--out", type=Path, help=f"folder (default: {FOLDER}/laptop, quick or large)")
    add("--jobs", type=_count(256), default=1, metavar="N", help="processes to run side by side")
    add("--device", type=_device, default="cpu", help="cpu (default), cuda, cuda:1 …")
    return parser


def _device(text: str) -> str:
    """A device that is there."""
    try:
        torch.zeros(1, device=text).item()
    except (RuntimeError, AssertionError) as error:
        said = str(error).splitlines()[0]
        raise argparse.ArgumentTypeError(f"{text!r} cannot be used: {said}") from error
    return text


def _count(most: int) -> Callable[[str], int]:
    """A number, from 1 to the most."""

    def number(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {most}")
        return int(text)

    return number


if __name__ == "__main__":
    sys.exit(main())
