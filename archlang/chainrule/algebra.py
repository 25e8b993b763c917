"""Sums and products of formulas, brought into the form in which one would write them."""

from __future__ import annotations

from collections.abc import Sequence

from archlang.chainrule.model import Expr, Number, Product, Sum


def negative(x: Expr) -> Expr:
    """-x."""
    return Sum(((-1, x),))


def times(*factors: Expr) -> Expr:
    """The product of expressions: products among them taken apart, minus signs put in front."""
    flat: list[Expr] = []
    sign = 1
    for factor in factors:
        own, x = (
            factor.terms[0] if isinstance(factor, Sum) and len(factor.terms) == 1 else (1, factor)
        )
        sign *= own
        flat += x.factors if isinstance(x, Product) else [x]
    result = Product(tuple(flat)) if len(flat) > 1 else flat[0]
    return result if sign > 0 else negative(result)


def plus(terms: Sequence[tuple[int, Expr]]) -> Expr:
    """A sum, those of its terms that are sums themselves taken apart."""
    flat: list[tuple[int, Expr]] = []
    for sign, term in terms:
        inner = term.terms if isinstance(term, Sum) else ((1, term),)
        flat += [(sign * own, x) for own, x in inner]
    return flat[0][1] if len(flat) == 1 and flat[0][0] == 1 else Sum(tuple(flat))


def signed(value: float) -> Expr:
    """A number, a minus before it where it is negative."""
    return negative(Number(-value)) if value < 0 else Number(value)
