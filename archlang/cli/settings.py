"""`--set name=value`: the values are constants, read by the language's parser, never evaluated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from archlang.diagnostics.catalog.arguments import BadParameterValue
from archlang.diagnostics.model import Diagnostics, SpecError
from archlang.source import Source, Span


class BadFormError(ValueError):
    """A setting that is not of the form `name=value`; its text says what is wrong."""


def settings(texts: Iterable[str]) -> dict[str, Any]:
    """The parameters that `--set` options give.

    Raises:
        BadFormError: one is not of the form `name=value`, or a name is set twice.
        SpecError: values that are no constants of the language; all of them are reported.
    """
    found: dict[str, Any] = {}
    sink = Diagnostics()
    for text in texts:
        name, sign, value = text.partition("=")
        name = name.strip()
        if not sign or not name.isidentifier():
            raise BadFormError(f"{text!r} is not of the form name=value, as in classes=10")
        if name in found:
            raise BadFormError(f"{name} is set twice")
        found[name] = _value(text, value, sink)
    if sink.has_errors:
        raise SpecError(sink)
    return found


def _value(setting: str, value: str, sink: Diagnostics) -> Any:
    source = Source(f"--set {setting.partition('=')[0]}", setting)
    try:
        return _read(value.strip())
    except ValueError as error:
        problem = BadParameterValue(text=value.strip(), reason=str(error))
        sink.report(problem, Span(source, len(setting) - len(value), len(setting)))
        return None


def _read(text: str) -> Any:
    """The constant that a text is.

    Raises:
        ValueError: it is none; says why.
    """
    from archlang.semantics.literal import literal
    from archlang.syntax import tree
    from archlang.syntax.parse import parse

    if not text:
        raise ValueError("there is nothing behind the =")
    if not text.isprintable() or "#" in text.partition('"')[0]:
        raise ValueError("a value stands on one line, without comments")
    sink = Diagnostics()
    file = parse(Source("--set", f"let value = {text}\n"), sink)
    match file.definitions if file else ():
        case (tree.Let(parameters=None, value=expression),):
            return literal(expression)
        case _:
            reasons = [diagnostic.message for diagnostic in sink]
            raise ValueError(reasons[0] if reasons else "it is not one constant")
