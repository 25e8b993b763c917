"""Compiled networks made fast, against torchvision. Run: python -m benchmarks.fast

Two results are compared before anything is timed; a network that computes something else has a row
that says so, and the program ends with 1. `--write` puts the table into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from archlang.files import OutputError
from benchmarks import fast_inference, fast_pipeline, fast_training
from benchmarks.common import HEADER, Ratio
from benchmarks.contest import DisagreementError, Setting
from benchmarks.sections import SectionError, machine, write_section

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
ROUNDS = 11
BATCH = {"cpu": 4, "cuda": 32}
RECOMPUTED = {"cpu": 8, "cuda": 64}
"""Samples at once; recomputation is for large batches."""


@dataclass(frozen=True)
class Wrong:
    """What stands in place of a ratio where two networks compute different things."""

    what: str
    why: str

    def row(self) -> str:
        """A row of a Markdown table."""
        return f"| {self.what} | – | – | {self.why} | – | **wrong** |"


Rows = Callable[[torch.device, int], Iterator[Ratio]]


def _threads() -> int:
    """As many as torch takes unless told otherwise, at most one for each core."""
    return torch.get_num_threads()


def _settings(device: torch.device) -> list[Setting]:
    """All batches with all numbers of threads."""
    threads = sorted({1, _threads()}) if device.type == "cpu" else [_threads()]
    return [Setting(device, batch, n) for batch in (1, BATCH[device.type]) for n in threads]


def _inductor(device: torch.device) -> list[Setting]:
    """The first and the last of them, since each costs minutes of compiling."""
    settings = _settings(device)
    return [settings[0], settings[-1]]


GROUPS: dict[str, Rows] = {
    "eager": lambda device, rounds: fast_inference.eager(_settings(device), rounds),
    "inductor": lambda device, rounds: fast_inference.compiled(_inductor(device), rounds),
    "training": lambda device, rounds: fast_training.steps(
        Setting(device, BATCH[device.type], _threads()), rounds
    ),
    "memory": lambda device, rounds: fast_training.memory(
        Setting(device, RECOMPUTED[device.type], _threads()), rounds
    ),
    "pipeline": lambda device, rounds: fast_pipeline.balance(
        Setting(device, BATCH[device.type], _threads()), rounds
    ),
}


def measured(groups: Sequence[str], device: torch.device, rounds: int) -> Iterator[Ratio | Wrong]:
    """The rows of some groups; one that computes something wrong ends its group."""
    for group in groups:
        try:
            yield from GROUPS[group](device, rounds)
        except DisagreementError as error:
            yield Wrong(group, str(error))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; with `--write`, write the section of that device."""
    given = _options(arguments)
    device = torch.device(given.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        print("there is no CUDA device here, or this torch is built without CUDA", file=sys.stderr)
        return 1
    threads = [1, _threads()] if device.type == "cpu" else [_threads()]
    lines = [f"Machine: {machine(device, threads)}.", "", HEADER]
    print("\n".join(lines), flush=True)
    wrong = False
    for result in measured(given.only or list(GROUPS), device, given.rounds):
        lines.append(result.row())
        print(lines[-1], flush=True)
        wrong = wrong or isinstance(result, Wrong)
    if given.write:
        try:
            write_section(given.page, f"fast {device.type}", "\n".join(lines))
        except (OSError, OutputError, SectionError) as error:
            print(error, file=sys.stderr)
            return 1
    return int(wrong)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fast", description=__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument(
        "--only", action="append", choices=GROUPS, help="one group of rows; again for more"
    )
    parser.add_argument("--rounds", type=_rounds, default=ROUNDS, help=f"{ROUNDS} unless given")
    parser.add_argument("--write", action="store_true", help="write the section of the device")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to write it into")
    given = parser.parse_args(arguments)
    if given.write and given.only:
        parser.error("--write is for the whole table; leave out --only")
    return given


def _rounds(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one round")
    return number


if __name__ == "__main__":
    sys.exit(main())
