"""Texts to start from: the zoo, the examples of the catalogue, and the cases of the diagnostics."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from archlang.diagnostics.catalog import problems
from archlang.diagnostics.explain import examples
from archlang.zoo import zoo_folder

CASES = Path(__file__).parents[1] / "diagnostics" / "cases"


@cache
def corpus() -> list[str]:
    """Small specs, right and wrong. Those with bombs are left to a test with a clock of its own."""
    files = [*zoo_folder().glob("*.arch"), *CASES.glob("*.arch")]
    texts = [p.read_text(encoding="utf-8") for p in sorted(files)]
    for cls in problems().values():
        texts += [example for example in examples(cls) if example is not None]
    return [t for t in texts if len(t) < 2_000 and "10**" not in t and "1000" not in t]
