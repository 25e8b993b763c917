"""Writes the figures and the table of "The scalar chain" in docs/depth.md.

Run `python docs/chain_figures.py`; with `--check` it only says whether they are up to date.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from functools import cache
from pathlib import Path

from archlang.analysis.chain import ChainGradient, ScalarChain, chain_of, gradient
from archlang.compiler import graph
from archlang.plots.chain import Curve, depth_plot, factor_plot

DOCS = Path(__file__).parent
PAGE = DOCS / "depth.md"
FIGURES = DOCS / "figures" / "depth"
BEGIN, END = "<!-- chain: begin -->\n", "<!-- chain: end -->\n"
LONGEST = 1000
DEPTHS = (1, *range(5, LONGEST + 1, 5))
IN_TABLE = (1, 10, 100, 1000)
LAYERS = 12
EXPONENTS = (-720, 200)
CASES = (("sigmoid", 0.9), ("relu", 1.5), ("relu", 0.9))


@cache
def chain(name: str, f: str, weight: float) -> ScalarChain:
    """The longest chain of a case."""
    return chain_of(graph(name, L=LONGEST, f=f, weight=weight))


def shortened(whole: ScalarChain, length: int) -> ScalarChain:
    """The chain of another L: all neurons are alike, so it is the first L + 1 of them."""
    return ScalarChain(whole.name, whole.neurons[: length + 1], whole.skip, whole.graph)


def at(name: str, case: tuple[str, float], length: int) -> ChainGradient:
    """The derivatives of a case at x = 1."""
    return gradient(shortened(chain(name, *case), length), 1.0)


def depth_figure(name: str, title: str) -> bytes:
    """|dθ/dw_1| against L."""
    curves: list[Curve] = []
    for group, (f, weight) in enumerate(CASES):
        whole = chain(name, f, weight)
        values = [gradient(shortened(whole, n), 1.0).value for n in DEPTHS]
        curves.append(Curve(f"{f}, w = {weight:g}", DEPTHS, values, group))
    return depth_plot(_apart(curves), title, ".svg", EXPONENTS)


def _apart(curves: list[Curve]) -> list[Curve]:
    """The names of curves that end at one place below each other, and the later ones dashed."""
    ends: list[int] = []
    apart: list[Curve] = []
    for curve in curves:
        end = int(abs(Decimal(curve.values[-1])).log10())
        row = ends.count(end)
        ends.append(end)
        apart.append(
            Curve(curve.name, curve.depths, curve.values, curve.group, dashed=row > 0, row=row)
        )
    return apart


def factor_figure() -> bytes:
    """The factors of the product, layer by layer."""
    curves: list[Curve] = []
    for group, case in enumerate(CASES):
        factors = at("Chain", case, LAYERS).factors[1:]
        name = f"{case[0]}, w = {case[1]:g}"
        curves.append(Curve(name, range(2, LAYERS + 2), factors, group))
    return factor_plot(curves, "What each layer multiplies the gradient by", ".svg")


def table() -> str:
    """dθ/dw_1 at x = 1, for some L."""
    head = ["f, w", "network", *(f"L = {n}" for n in IN_TABLE)]
    rows = [head, ["---"] * 2 + ["--:"] * len(IN_TABLE)]
    for f, weight in CASES:
        for name in ("Chain", "SkipChain"):
            values = [_short(at(name, (f, weight), n).value) for n in IN_TABLE]
            rows.append([f"{f}, {weight:g}", f"`{name}`", *values])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _short(value: Decimal) -> str:
    digits, e, exponent = f"{value:.4g}".partition("e")
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + e + exponent


def page() -> str:
    """docs/depth.md with its table."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}{table()}{END}{rest.partition(END)[2]}"


def figures() -> dict[str, bytes]:
    """The figures by their files' names."""
    return {
        "chain-plain.svg": depth_figure("Chain", "A chain: the gradient vanishes, or it explodes"),
        "chain-skip.svg": depth_figure("SkipChain", "With one skip it does not vanish"),
        "chain-factors.svg": factor_figure(),
    }


def main() -> int:
    """Write the files, or check the numbers; another matplotlib may write other bytes."""
    if "--check" in sys.argv:
        stale = PAGE.read_text(encoding="utf-8") != page()
        print("outdated: the table of depth.md" if stale else "the chain in docs is up to date")
        return stale
    PAGE.write_text(page(), encoding="utf-8")
    FIGURES.mkdir(parents=True, exist_ok=True)
    for name, data in figures().items():
        (FIGURES / name).write_bytes(data)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
