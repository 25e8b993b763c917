"""One line of a spec of the zoo is added or changed: that is reported, and nothing else."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from archlang.comparing.difference import compare
from archlang.comparing.model import Change
from archlang.compiler import complete, expanded
from archlang.diagnostics.model import Diagnostics
from archlang.graph import Graph
from archlang.semantics.files import Loader
from archlang.source import Source
from archlang.zoo import zoo_folder

SPECS = sorted(zoo_folder().glob("*.arch"))
FEW = [path for path in SPECS if path.stem in ("alexnet", "unet", "vgg", "resnet_cifar")]
TRIES = 6
MERGES = ("concat", "add", "mean")
_ASSERT = re.compile(r"^( +assert) .*$", re.MULTILINE)
_STEP = re.compile(r" +[a-z_]\w*\(.*|.*-> .*")


def networks(text: str) -> dict[str, Graph] | None:
    """All networks of a text by name; None if it has mistakes, or uses files."""
    sink = Diagnostics()
    in_zoo = re.sub(r' from "(?!zoo/)', ' from "zoo/', text)
    module = Loader(sink).text(Source("net.arch", in_zoo))
    if not module.whole or sink.has_errors:
        return None
    units = {name: unit for name, unit in module.networks.items() if complete(unit)}
    built = {name: expanded(module, unit, name, {}, sink) for name, unit in units.items()}
    if sink.has_errors:
        return None
    return {name: one for name, one in built.items() if one is not None}


def changes(old: str, new: str) -> list[Change] | None:
    """The changes of all networks together; None where one of the texts has mistakes."""
    before, after = networks(old), networks(new)
    if before is None or after is None:
        return None
    return [c for name in before for c in compare(before[name], after[name]).changes]


def steps(lines: list[str]) -> list[int]:
    return [k for k, line in enumerate(lines) if _STEP.fullmatch(line) and ":" not in line]


def added(path: Path, tries: int) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    chosen = random.Random(path.stem).sample(steps(lines), min(tries, len(steps(lines))))
    seen = 0
    for k in chosen:
        indent = lines[k][: len(lines[k]) - len(lines[k].lstrip())]
        longer = [*lines[: k + 1], f"{indent}dropout(0.125)", *lines[k + 1 :]]
        old, new = "\n".join(lines) + "\n", "\n".join(longer) + "\n"
        there, back = changes(old, new), changes(new, old)
        if not there or back is None:
            continue
        seen += 1
        # another line of a branch is another operand of its merge
        for found, sort, line in ((there, "came", k + 2), (back, "went", k + 2)):
            lone = [c for c in found if c.sort != "rewired" or c.place.kind not in MERGES]
            said = {(c.sort, c.place.text.partition(" ")[0], c.place.line) for c in lone}
            assert said == {(sort, "dropout(0.125)", line)}, (path.stem, lines[k])
    return seen


def widened(path: Path, tries: int) -> int:
    lines = _ASSERT.sub(r"\1 depth >= 0", path.read_text(encoding="utf-8")).splitlines()
    places = [k for k in steps(lines) if re.search(r"\bconv\([^)]*3x3\)", lines[k])]
    seen = 0
    for k in random.Random(path.stem).sample(places, min(tries, len(places))):
        other = re.sub(r"(\bconv\([^)]*)3x3\)", r"\g<1>5x5)", lines[k], count=1)
        old = "\n".join(lines) + "\n"
        new = "\n".join([*lines[:k], other, *lines[k + 1 :]]) + "\n"
        there = changes(old, new)
        if not there:
            continue
        seen += 1
        assert {(c.sort, c.place.kind, c.place.line) for c in there} == {("changed", "conv", k + 1)}
    return seen


def test_edits_of_a_few_specs() -> None:
    assert sum(added(path, 2) for path in FEW) >= len(FEW)
    assert sum(widened(path, 2) for path in FEW) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_edits_of_the_zoo(path: Path) -> None:
    assert added(path, TRIES) + widened(path, TRIES) > 0
