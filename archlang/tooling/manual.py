"""What can be said of a layer of the language: how it is called, what it does, how it is used."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

from pydantic import BaseModel

from archlang.ops.base import Op
from archlang.semantics.builtins import CONSTANTS


def call(model: type[BaseModel], name: str) -> str:
    """How it is written, with all arguments and their defaults: `conv(out, kernel=3, …)`."""
    fields = model.model_fields.items()
    arguments = [
        name_ if field.is_required() else f"{name_}={written(field.get_default())}"
        for name_, field in fields
    ]
    return f"{name}({', '.join(arguments)})" if arguments else name


def written(value: Any) -> str:
    """A default as the language writes it."""
    match value:
        case None | bool():
            return "none" if value is None else str(value).lower()
        case tuple():
            return "x".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        case float():
            return f"{value:g}"
        case str():
            return value if CONSTANTS.get(value) == value else f'"{value}"'
        case BaseModel():
            return call(type(value), str(getattr(type(value), "name", "")))
        case _:
            return str(value)


def page(op: type[Op]) -> str:
    """Call, documentation and example of a layer, with a blank line between them."""
    parts = [call(op, op.name), cleandoc(op.__doc__ or "").strip()]
    if op.example:
        parts.append(f"Example:\n\n    input {op.example_input}\n    {op.example}")
    return "\n\n".join(parts)
