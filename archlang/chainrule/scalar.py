"""The page of a scalar chain: its product, as the lecture writes it."""

from __future__ import annotations

from archlang.analysis.chain import ChainGradient, ScalarChain, gradient
from archlang.chainrule.formulas import LOSS, OUTPUT, SPELLED, ChainFormulas
from archlang.chainrule.model import (
    Given,
    Grad,
    Numbers,
    Page,
    Section,
    Sign,
    Symbol,
    Valued,
    Var,
)
from archlang.chainrule.notes import Sentence, described
from archlang.chainrule.numbers import check, valued
from archlang.chainrule.trend import trend


def chain_page(chain: ScalarChain, place: str, at: float | None = None) -> Page:
    """The page of a scalar chain; `at`: with the numbers for that x and θ̄ = 1.

    Raises:
        SpecError: numbers are asked for, and the spec does not say the weights.
    """
    formulas = ChainFormulas(chain)
    forward, backward = formulas.forward(), formulas.by_weight()
    remarks = [_about(formulas)] if chain.skip else []
    table, given = None, None
    if at is not None:
        found = gradient(chain, at)
        given = 1.0
        if formulas.spelled:
            values = [*found.values[: chain.length], *([found.values[-1]] if chain.skip else [])]
            forward = [valued(n, v) for n, v in zip(forward, [*values, found.output], strict=True)]
        backward = valued(backward, found.value)
        table = _table(formulas, found)
        remarks += [_check(chain, found), trend(formulas, found)]
    sections = (
        Section("forward", tuple(forward)),
        Section("backward", (backward,), (Given(LOSS, OUTPUT, given),)),
    )
    title = f"{chain.name}, L = {chain.length}"
    return Page(title, place, sections, _functions(formulas), tuple(remarks), True, table)


def _functions(formulas: ChainFormulas) -> tuple[Sentence, ...]:
    f, prime = Sign("f", "f"), Sign("f'", "f'")
    if not formulas.mixed:
        return ((f, f" = {described(formulas.op('1'))}; ", prime, " its derivative."),)
    kinds: dict[str, list[int]] = {}
    for number_, curve in enumerate(formulas.chain.curves, 1):
        kinds.setdefault(curve.name, []).append(number_)
    said = "; ".join(f"{name} for l = {_some(at)}" for name, at in kinds.items())
    return ((Sign("f_l", "f_{l}"), f": {said}."),)


def _some(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:SPELLED]))
    return f"{shown}, …" if len(numbers) > SPELLED else shown


def _about(formulas: ChainFormulas) -> Sentence:
    return (
        "The 1 is the skip's, θ's term ", formulas.weighted("1", formulas.x), ": it has no factor "
        "of any layer in it, so the gradient does not vanish however many layers there are.",
    )  # fmt: skip


def _table(formulas: ChainFormulas, found: ChainGradient) -> Numbers:
    headings = (
        Var(Symbol("l")), Var(Symbol("W", "l")), Var(Symbol("Y", "l")), formulas.factor("l"),
        Grad(Symbol("W", "l")),
    )  # fmt: skip
    # w_1 is no factor of dR/dw_1
    factors = (Valued(formulas.slope("1"), found.slopes[0]), *found.factors[1:])
    columns = (found.weights, found.values, factors, found.by_weight)
    rows = zip(range(1, len(found.weights) + 1), *columns, strict=True)
    return Numbers(headings, tuple(rows))


def _check(chain: ScalarChain, found: ChainGradient) -> Sentence:
    def moved(by: float) -> float:
        weights = (found.weights[0] + by, *found.weights[1:])
        return float(gradient(chain, found.x, weights).output)

    w = Symbol("W", "1")
    return check(Grad(w), Var(w), found.value, moved)
