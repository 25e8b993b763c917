"""What becomes of the product of a scalar chain with depth, and why it is 0 where it is."""

from __future__ import annotations

from decimal import Decimal

from archlang.analysis.chain import ChainGradient
from archlang.chainrule.formulas import ChainFormulas
from archlang.chainrule.model import Grad, Sign, Symbol, Valued, Var
from archlang.chainrule.notes import Sentence

_X = Var(Symbol("X"))
_FIRST = Grad(Symbol("W", "1"))


def trend(formulas: ChainFormulas, found: ChainGradient) -> Sentence:
    """Why dR/dw_1 is 0, or between which sizes its factors lie and where that leads."""
    if not found.x:
        return (_FIRST, " is 0, since ", _X, " is 0: ", _X, " is a factor of it at any depth.")
    if found.blocked is not None:
        return (*_blocked(formulas, found, found.blocked), *_left(found))
    if len(found.factors) < 2:
        return ()
    return (*_sizes(found), *_fate(found), ".")


def _blocked(formulas: ChainFormulas, found: ChainGradient, number: int) -> Sentence:
    """The factor that is 0, and why."""
    index = str(number)
    weight = Var(Symbol("W", index))
    if number > 1 and not found.weights[number - 1]:
        return ("The product is 0, since its factor ", weight, " is 0: nothing passes that neuron")
    before = found.x if number == 1 else found.values[number - 2]
    z = float(Decimal(found.weights[number - 1]) * Decimal(before))
    at, slope, curve = (
        Valued(formulas.z(index), z), formulas.slope(index), formulas.chain.curves[number - 1],
    )  # fmt: skip
    if not curve.flat:
        return (
            "The product is 0 in float64: ", slope, f" is too small for it, since {curve.name} is "
            "saturated where ", at,
        )  # fmt: skip
    dead = "dead" if curve.straight else "flat"
    where = f", where {curve.name} is {dead}" if z else ", which torch says of the kink of f"
    return ("The product is 0, and not only small: ", slope, " is 0 at ", at, where)


def _left(found: ChainGradient) -> Sentence:
    """What dR/dw_1 is then."""
    if found.chain.skip:
        return (". What is left of ", _FIRST, " is the skip's: ", _X, " alone.")
    flat = found.blocked is None or found.limit == 0
    return (". So ", _FIRST, " is 0 at any depth." if flat else " is 0 here.")


def _sizes(found: ChainGradient) -> Sentence:
    least, greatest, mean, _ = found.bounds
    sized = " in size" if any(f < 0 for f in found.factors[1:]) else ""
    if len(found.factors) == 2:
        return ("The factor for ", _l("2"), " is ", least, sized)
    which = _l("2, …, L+1")
    if least == greatest:
        return ("Every factor for ", which, " is ", least, sized)
    return (
        "The factors for ", which, " lie between ", least, " and ", greatest, sized, ", ", mean,
        " on the average",
    )  # fmt: skip


def _l(which: str) -> Sign:
    return Sign(f"l = {which}", f"l = {which}".replace("…", r"\dots"))


def _fate(found: ChainGradient) -> Sentence:
    least, greatest, _, kind = found.bounds
    if least == greatest == 1:
        return (": however many layers there are, the product is of the size of its first factor",)
    if kind == "undecided":
        return ()
    if not found.lasting:
        which = "above" if kind == "explodes" else "below"
        return (f", {which} 1 at these values; f' depends on them, so more layers may differ",)
    every = "" if len(found.factors) == 2 or least == greatest else "all "
    if kind == "explodes":
        return (f", {every}above 1: with depth the product grows beyond all bounds",)
    head = f", {every}below 1: with depth the product tends to 0"
    return (f"{head}, and ", _FIRST, " to ", _X, " alone") if found.chain.skip else (head,)
