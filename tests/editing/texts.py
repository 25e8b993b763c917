"""Texts to edit: every spec of the repository, and random edits of them."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

from archlang.diagnostics.catalog import problems
from archlang.diagnostics.explain import examples
from archlang.zoo import zoo_folder

ROOT = Path(__file__).parents[2]
_FENCED = re.compile(r"```arch\n(.*?)```", re.DOTALL)
BITS = (
    *("(", ")", "[", "]", '"', '"""', "'", "#", "\\", "\t", "\r", "\r\n", "\n", "\n    "),
    *("\n        ", "\0", "\ufeff", "😀", "∘", ":", ",", "=", "1", "C", "bn", "x", "relu", " -> "),
    *("\u2028", "\x0b", "\x0c", "\x85", "let H = 8\n", "default conv(bias=false)\n", "    relu\n"),
    *("    conv(8)\n", "else:", "block Foo(C):\n    relu\n"),
    *("network N:\n    input 3x8x8\n    relu\n", 'use ResNet from "zoo/resnet.arch"\n'),
)


@cache
def every_text() -> dict[str, str]:
    """All specs there are, by where they stand: files, pages, examples of the catalogue."""
    found: dict[str, str] = {}
    folders = (ROOT / "tests", ROOT / "examples", zoo_folder())
    for path in sorted(p for folder in folders for p in folder.rglob("*.arch")):
        try:
            found[str(path)] = path.read_bytes().decode("utf-8").removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for number, block in enumerate(_FENCED.findall(page.read_text(encoding="utf-8"))):
            found[f"{page} {number}"] = block
    for code, problem in problems().items():
        for number, example in enumerate(examples(problem)):
            if example:
                found[f"{code} {number}"] = example
    return found


def edited(draw: random.Random, text: str) -> str:
    """A text after one edit: characters, or lines, that come, go or move."""
    kind, at = draw.randrange(9), draw.randrange(len(text) + 1)
    if kind <= 2:
        return text[:at] + draw.choice(BITS) + text[at:]
    if kind == 3:
        return text[:at] + text[at + draw.randrange(12) :]
    lines = text.split("\n")
    line, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    if kind == 4:
        lines.insert(line, lines[other])
    elif kind == 5:
        del lines[line]
    elif kind in (6, 7):
        moved = lines[line : line + draw.randrange(1, 8)]
        del lines[line : line + len(moved)]
        lines[other:other] = moved
    else:
        lines[line] = f"    {lines[line]}" if draw.random() < 0.5 else lines[line][4:]
    return "\n".join(lines)
