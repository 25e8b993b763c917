"""Sums and products as they are written: `a + b`, with brackets where they are needed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from archlang.backends.python.layout import Atom, Doc, flat

INFIX = {"operator.add": ("+", 1), "operator.sub": ("-", 1), "operator.mul": ("*", 2)}
CALL = 3
"""Binds tighter than any operator."""


def folded(target: str, docs: Sequence[tuple[Doc, int]]) -> tuple[Doc, int]:
    """`a + b + c`, with brackets where an operand binds less tightly."""
    sign, binds = INFIX[target]
    if sign == "+" and len(docs) == 2 and _is_negative(docs[1][0]):
        sign, docs = "-", (docs[0], (Atom(flat(docs[1][0])[1:]), CALL))
    texts = [
        f"({flat(doc)})" if its < binds or (its == binds and i) else flat(doc)
        for i, (doc, its) in enumerate(docs)
    ]
    return Atom(f" {sign} ".join(texts)), binds


def _is_negative(doc: Doc) -> bool:
    return re.fullmatch(r"-[0-9.]+", flat(doc)) is not None
