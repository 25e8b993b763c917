"""The blocks of a page of the documentation, and what its commands print."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise
from pathlib import Path

from typer.testing import CliRunner

from archlang.cli.app import app

FENCE = re.compile(
    r"^<!-- setup\n(?P<setup>.*?)^-->$|"
    r"(?:^<!-- not run: (?P<why>[^>]+) -->\n)?"
    r"^(?P<bar>```+)(?P<language>[\w-]*)(?P<info>[^\n]*)\n(?P<body>.*?)^(?P=bar)[ ]*$",
    re.DOTALL | re.MULTILINE,
)
TITLE = re.compile(r'title="([^"]+)"')
SKIPPED = "…"


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its file's name if it has one, its text and its line."""

    language: str
    title: str | None
    body: str
    line: int
    runs: bool


@dataclass(frozen=True)
class Command:
    """A command of a page, what it is said to print, and its line."""

    words: list[str]
    shown: str
    line: int


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page."""
    for found in FENCE.finditer(text):
        if found["setup"]:  # what the reader has already, in a comment: Python that is run first
            yield Block(
                "python", None, found["setup"], text.count("\n", 0, found.start()) + 1, True
            )
            continue
        title = TITLE.search(found["info"])
        line = text.count("\n", 0, found.start("bar")) + 1
        name = title[1] if title else None
        yield Block(found["language"], name, found["body"], line, found["why"] is None)


def commands(block: Block) -> Iterator[Command]:
    """The `$ archlang …` of a block, each with the lines below it."""
    lines = block.body.split("\n")
    starts = [i for i, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in pairwise([*starts, len(lines)]):
        words = shlex.split(lines[start][2:], comments=True)
        if words[0] == "archlang":
            shown = "\n".join(lines[start + 1 : end])
            till = words.index(">") if ">" in words else None
            yield Command(words[1:till], shown, block.line + 1 + start)


def printed(words: list[str], folder: Path) -> tuple[str, int]:
    """What a command prints in a folder, run in this process, and its exit code."""
    with chdir(folder):
        done = CliRunner(env={**os.environ, "COLUMNS": "100"}).invoke(app, words)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output, done.exit_code


def run_python(block: Block, page: str, folder: Path, names: dict[str, object]) -> None:
    """Runs a Python block of a page in a folder, after those before it."""
    # The lines of a traceback are then those of the page.
    code = compile("\n" * block.line + block.body, page, "exec")
    with chdir(folder), redirect_stdout(StringIO()):
        exec(code, names)


def agrees(shown: str, real: str) -> bool:
    """Whether a page shows what is printed; `…` on a line stands for some text, alone for lines."""
    wanted = "".join(
        r"(?:.*\n)*?" if line.strip() == SKIPPED else _line(line) + r"[ ]*\n"
        for line in _plain(shown).split("\n")
    )
    return re.fullmatch(wanted, _plain(real) + "\n") is not None


def _plain(text: str) -> str:
    """A text with ordinary blanks between a number and its unit, as people copy it."""
    return text.strip("\n").replace("\N{NO-BREAK SPACE}", " ")


def _line(line: str) -> str:
    parts = re.split(rf"[ ]*{SKIPPED}[ ]*", line.rstrip())  # the columns left out took blanks along
    return ".*".join(re.escape(part) for part in parts)
