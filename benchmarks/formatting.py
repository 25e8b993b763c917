"""How many lines a second are formatted. Run: python -m benchmarks.formatting"""

from __future__ import annotations

from pathlib import Path

from archlang.diagnostics.model import Diagnostics
from archlang.formatting import format_text
from archlang.source import Source
from archlang.syntax.parse import parse
from benchmarks.common import HEADER, paired

SPECS = sorted((Path(__file__).parents[1] / "specs").rglob("*.arch"))
LEAST = 5_000
"""Lines a second that are asked for."""


def crowded(text: str) -> str:
    """A text with other blanks, so that every line is written anew."""
    return text.replace(", ", ",").replace(" -> ", "->").replace("    ", "  ")


def main() -> None:
    """Print the measurement."""
    texts = [crowded(spec.read_text(encoding="utf-8")) for spec in SPECS]
    lines = sum(text.count("\n") for text in texts)

    def ours() -> None:
        for text in texts:
            format_text(text)

    def peer() -> None:
        for text in texts:
            parse(Source("spec", text), Diagnostics())

    ratio = paired(f"formatting the zoo / parsing it, {lines:,} lines (s)", ours, peer, goal=2.5)
    print(HEADER)
    print(ratio.row())
    speed = lines / ratio.ours
    print(f"\n{speed:,.0f} lines a second; goal {LEAST:,}: {'met' if speed >= LEAST else 'missed'}")


if __name__ == "__main__":
    main()
