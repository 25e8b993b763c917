"""JSON within files of weights, whose author may mean harm."""

from __future__ import annotations

import json

_DIGITS = 20
"""Of the largest number there can be, that of 64 bits, with its sign."""


def read_json(text: bytes) -> object:
    """What the JSON says.

    Numbers of more digits than a count can have are refused: Python takes quadratic time for them.

    Raises:
        ValueError: it is no JSON, or none that can be meant.
    """
    try:
        return json.loads(text.decode(), parse_int=_count)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _count(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError("it has a number that counts nothing")
    return int(digits)
