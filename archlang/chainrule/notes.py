"""What the signs on a page mean: one sentence for each that stands on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from archlang.chainrule.derive import Derivation
from archlang.chainrule.letters import DROPPING
from archlang.chainrule.model import (
    Cut,
    Expr,
    Function,
    Grad,
    Map,
    Normal,
    Phrase,
    Product,
    Pullback,
    Section,
    Sign,
    Slope,
    Symbol,
    Total,
    Var,
    WeightPullback,
)
from archlang.chainrule.part import Part
from archlang.graph import shapes
from archlang.ops.base import Op
from archlang.ops.normalisation import BatchNorm
from archlang.ops.regularisation import AlphaDropout
from archlang.record import Record

Sentence = tuple[Phrase, ...]
_HALF = Sign("Conv(· | W†)", r"\mathrm{Conv}(\,\cdot \mid W^{\dagger})")
_STAR = Sign("X ⋆ ∇Z", r"X \star \nabla Z")
_DAGGER = Sign("A†", r"A^{\dagger}")
_PRIME = Sign("A'ᵀ", r"A'^{\top}")
_J = Sign("J_Aᵀ", r"J_{A}^{\top}")
_SCALED = Sign("γ/s ⊙ A", r"\tfrac{\gamma}{s}\odot A")
_ODOT = Sign("⊙", r"\odot")


def notes_of(derivation: Derivation, sections: Iterable[Section], scalar: bool) -> list[Sentence]:
    """The explanations of all signs of a page but those that everybody knows."""
    on_page = [x for s in sections for line in s.lines for x in walk(line.right)]
    found = list(_functions(on_page))
    if any(isinstance(x, Product) for x in on_page) and not scalar:
        found.append((_ODOT, " multiplies entry by entry."))
    found += _convolutions(on_page)
    found += _maps(on_page)
    found += _pieces(on_page)
    found += _given(derivation)
    if not scalar and derivation.weights:
        found.append(("Gradients of weights are summed over the samples of the batch.",))
    if any(isinstance(n.op, DROPPING) for n in derivation.part.nodes):
        mask = Sign("M", "M")
        share = Sign("1/(1 − p)", r"1/(1-p)")
        found.append((mask, " is the mask of a dropout: 0 or ", share, "; 1 in evaluation."))
    if any(isinstance(n.op, AlphaDropout) for n in derivation.part.nodes):
        mask, shift = Sign("M", "M"), Sign("K", "K")
        found.append(
            (mask, " and ", shift, " of an alpha dropout keep mean and variance; ", shift,
             " is 0 in evaluation.")
        )  # fmt: skip
    if frozen := list(dict.fromkeys(_frozen(derivation.part))):
        found.append((f"Frozen, so without a line for what they learned: {', '.join(frozen)}.",))
    return found


def _given(derivation: Derivation) -> Iterator[Sentence]:
    """What a gradient that comes from outside has to do with ∇ of a result that is used on."""
    for given in derivation.sections[1].given:
        if given.outside:
            of = Var(given.of)
            yield (
                Var(given.symbol), " is what ", of, " hears from outside; ", Grad(given.of),
                " has what comes back from the steps that use ", of, " too.",
            )  # fmt: skip


def _frozen(part: Part) -> Iterator[str]:
    """The layers with parameters that are not trained, as they are called within the part."""
    for node in part.nodes:
        if node.frozen and node.op.params(*shapes(node)):
            yield node.path.removeprefix(f"{part.scope.path}.")


def walk(x: Any) -> Iterator[Any]:
    """A formula and all that it is made of."""
    if isinstance(x, Record):
        yield x
        if isinstance(x, (Map, Function, Symbol)):
            return
        for name in x.record_fields:
            yield from walk(getattr(x, name))
    elif isinstance(x, tuple):
        for part in x:  # pyright: ignore[reportUnknownVariableType]  # a tuple of formulas
            yield from walk(part)


def _functions(on_page: list[Any]) -> Iterator[Sentence]:
    functions = dict.fromkeys(x for x in on_page if isinstance(x, Function))
    sloped = any(isinstance(x, Slope) for x in on_page)
    for function in functions:
        name = function.symbol.letter + function.symbol.index
        letter = Sign(name, {"σ": r"\sigma"}.get(name, name))
        prime = Sign(f"{name}'", {"σ": r"\sigma"}.get(name, name) + "'")
        label = described(function.op)
        yield (
            (letter, f" = {label}; ", prime, " its derivative.")
            if sloped
            else (letter, f" = {label}.")
        )


def described(op: Op) -> str:
    """What an activation is called, with the constants that its label hides."""
    label, usual = op.label(), type(op)()
    shown = [
        f"{name} = {getattr(op, name)}"
        for name in ("scale", "slope", "alpha", "beta", "low", "high")
        if getattr(op, name, None) != getattr(usual, name, None)
    ]
    return label if not shown or "," in label else f"{label} with {', '.join(shown)}"


def _convolutions(on_page: list[Any]) -> Iterator[Sentence]:
    back = [x.map for x in on_page if isinstance(x, Pullback) and x.map.kind == "conv"]
    if any(not m.transposed for m in back):
        strided = any(_strides(m) for m in back)
        more = "; where the stride is 2 or more, zeros come between the entries" if strided else ""
        yield (
            _HALF,
            " is the transposed convolution: each filter turned by ", Sign("180°", r"180^{\circ}"),
            f", in- and output channels swapped{more}.",
        )  # fmt: skip
    if any(m.transposed for m in back):
        yield ("UpConv is a transposed convolution, so its own transpose is a convolution.",)
    weights = (x for x in on_page if isinstance(x, WeightPullback) and x.map.kind == "conv")
    if any(x.weight == x.map.weight for x in weights):
        yield (
            _STAR,
            " correlates every channel of ", Sign("X", "X"), " with every one of ",
            Sign("∇Z", r"\nabla Z"), ": one entry for each entry of a filter.",
        )  # fmt: skip


def _strides(kind: Map) -> bool:
    stride = getattr(kind.node.op, "stride", 1)
    return stride != 1 and stride != (1,) * len(kind.node.shape[1:])


_LINEAR = {
    "AvgPool": "spreads each gradient evenly over its window",
    "GAP": "spreads each gradient evenly over the map",
    "Flatten": "puts the numbers back into their shape",
    "Reshape": "puts the numbers back into their shape",
    "Permute": "puts the axes back into their order",
    "Shuffle": "puts the numbers back into their places",
    "Unshuffle": "puts the numbers back into their places",
    "Pad": "cuts off what was added",
    "Select": "puts the channels back into their places",
    "Up": "adds up what was made of each entry",
    "Resize": "adds up what was made of each entry",
    "Crop": "puts zeros around",
}
_CURVED = {
    "MaxPool": "takes each gradient to where the greatest value of its window was",
    "GMP": "takes each gradient to where the greatest value of the map was",
    "Maxout": "takes each gradient to the channel that was the greatest",
}


def _maps(on_page: list[Any]) -> Iterator[Sentence]:
    back = [x.map for x in on_page if isinstance(x, Pullback)]
    linear = dict.fromkeys(m.name.letter for m in back if m.kind == "linear")
    for name in linear:
        sign = Sign(f"{name}†", rf"\mathrm{{{name}}}^{{\dagger}}")
        strided = name == "Pad" and any(_strides(m) for m in back if m.name.letter == name)
        more = ", and puts zeros between where the stride is 2 or more" if strided else ""
        yield (sign, f" is the transpose of {name}: it {_LINEAR[name]}{more}.")
    curved = dict.fromkeys(m.name.letter for m in back if m.kind == "curved")
    for name in curved:
        does = _CURVED.get(name, "is its Jacobian, transposed")
        sign = Sign(f"{name}'ᵀ", rf"\mathrm{{{name}}}'^{{\top}}")
        yield (sign, f" {does}.")
    norms = [m for m in back if m.kind == "norm"]
    if moving := dict.fromkeys(m.name.letter for m in norms if not _runs(m)):
        yield from _norms(list(moving))
    if any(map(_runs, norms)):
        yield _running([m.name for m in norms if _runs(m)], alone=not moving)
    if any(m.kind == "unknown" for m in back):
        yield (_J, " is the transposed Jacobian of the layer ", Sign("A", "A"), ".")


def _norms(names: list[str]) -> Iterator[Sentence]:
    over = {
        "BN": "the channel's values in the batch",
        "LN": "the values that are normalised together",
        "GN": "the values of the group",
        "IN": "the values of the channel's map",
    }
    name = names[0]
    yield (
        Sign(f"{name}'ᵀ", rf"\mathrm{{{name}}}'^{{\top}}"), " is the transposed Jacobian of ",
        Sign(
            f"{name}(Z) = γ ⊙ Norm(Z) + β",
            rf"\mathrm{{{name}}}(Z)=\gamma\odot\mathrm{{Norm}}(Z)+\beta",
        ),
        ": ",
        Sign(
            f"{name}'ᵀ A = 1/s ⊙ (B − mean(B) − Norm(Z) ⊙ mean(B ⊙ Norm(Z)))",
            rf"\mathrm{{{name}}}'^{{\top}}A = \tfrac{{1}}{{s}}\odot(B-\mathrm{{mean}}(B)"
            r"-\mathrm{Norm}(Z)\odot\mathrm{mean}(B\odot\mathrm{Norm}(Z)))",
        ),
        " with ", Sign("B = γ ⊙ A", r"B=\gamma\odot A"),
        "; the deviation ", Sign("s", "s"), f" and the means are those of {over[name]}.",
    )  # fmt: skip
    if "BN" in names:
        yield ("With running statistics, in evaluation, it is ", _SCALED, " alone.")


def _runs(kind: Map) -> bool:
    """Whether a batch norm is frozen: it normalises with its running statistics in training too."""
    return bool(kind.node.frozen) and isinstance(kind.node.op, BatchNorm)


def _running(names: list[Symbol], alone: bool) -> Sentence:
    """How a frozen batch norm goes back."""
    which = ", ".join(dict.fromkeys(n.letter + ("" if alone else n.index) for n in names))
    return (
        f"{which} is frozen: it keeps its running mean and deviation ", Sign("s", "s"),
        " in training too, so that they are constants, and going back through it is ", _SCALED,
        " alone.",
    )  # fmt: skip


def _pieces(on_page: list[Any]) -> Iterator[Sentence]:
    if any(isinstance(x, Cut) for x in on_page):
        last = Sign("b − 1", "b-1")
        yield (
            Sign("G[a:b]", "G[a:b]"), " are the channels ", Sign("a", "a"), " to ", last,
            ", counted from 0.",
        )  # fmt: skip
    if any(isinstance(x, Total) and not x.batch for x in on_page):
        yield (
            Sign("Σ", r"\textstyle\sum"),
            " adds up what was made of one number: over the positions.",
        )
    if any(isinstance(x, Normal) for x in on_page):
        norm = Sign("Norm(Z)", r"\mathrm{Norm}(Z)")
        yield (norm, " is ", Sign("Z", "Z"), " less its mean, over its deviation.")


def has_weights(x: Expr) -> bool:
    """Whether a gradient has come through a layer with weights, or one that normalises."""
    return any(isinstance(y, Pullback) and y.map.kind != "linear" for y in walk(x))
