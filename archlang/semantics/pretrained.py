"""What a spec says of weights: those that a network declares, and how they are made to fit."""

from __future__ import annotations

import re

from archlang.diagnostics.catalog.declared import BadDeclaration, DeclaredTwice, UnknownWay
from archlang.diagnostics.model import Mistake
from archlang.diagnostics.suggest import closest
from archlang.graph import Pretrained
from archlang.syntax import tree

KINDS = ("torchvision",)
WAYS = {
    "sum": "each new input channel gets the sum of the filters, divided by the new channels",
    "mean": "each new input channel gets the mean of the filters",
    "repeat": "the filters in turn, scaled by old / new channels",
    "pad": "the filters for the first input channels, zeros for further ones",
    "keep": "the weights as they are, in a layer that was replaced",
}
"""How weights can be made to fit, by the word in the spec."""
_NAME = re.compile(r"[A-Za-z]\w*(?:\.\w+)?", re.ASCII)
_ADDRESSES = ("https://", "http://")


def declared(network: tree.Network) -> Pretrained | None:
    """The weights that a network declares at the top of its body; None if it declares none.

    Raises:
        Mistake: it declares several, or not in a form that there is.
    """
    lines = [s for s in network.body.statements if isinstance(s, tree.Weights)]
    if len(lines) > 1:
        raise Mistake(DeclaredTwice(network=network.name.id), lines[1].span)
    return _pretrained(lines[0]) if lines else None


def _pretrained(line: tree.Weights) -> Pretrained:
    source = str(line.source.value)
    if line.kind is None:
        if not source.startswith(_ADDRESSES):
            raise Mistake(BadDeclaration(written=source, kind=""), line.source.span)
        return Pretrained("url", source, line.span)
    if line.kind.id not in KINDS:
        near = closest(line.kind.id, KINDS)
        problem = BadDeclaration(written=source, kind=line.kind.id, suggestion=near)
        raise Mistake(problem, line.kind.span)
    if not _NAME.fullmatch(source):
        raise Mistake(BadDeclaration(written=source, kind="", name=True), line.source.span)
    return Pretrained("torchvision", source, line.span)


def way(name: tree.Name) -> str:
    """The way to make weights fit that a word means.

    Raises:
        Mistake: there is no such way.
    """
    if name.id not in WAYS:
        near = closest(name.id, WAYS)
        raise Mistake(UnknownWay(name=name.id, suggestion=near, known=tuple(WAYS)), name.span)
    return name.id
