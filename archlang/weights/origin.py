"""Where a module comes from: what its network is built from, as plain data that stays with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from archlang.diagnostics.model import Diagnostics
from archlang.graph import Graph
from archlang.ops.base import Dims
from archlang.record import Record
from archlang.semantics.files import LANGUAGE_VERSION, Loader
from archlang.semantics.places import Bundle
from archlang.semantics.values import Unit
from archlang.weights.notes import note, noted

if TYPE_CHECKING:
    from torch import nn

META = "archlang"
"""The key under which a module notes its origin."""
_REFUSED = "refused"
SIZE = "size"
"""In JSON a size, `7x7`, is `{"size": [7, 7]}`, to tell it from a list."""


class NoSuchNetworkError(Exception):
    """A network that is not in the texts that are said to have it."""


class Origin(Record):
    """A network as it is saved: its name, what it was built with, and the texts it stands in."""

    network: str
    parameters: Mapping[str, Any]
    """As JSON has them."""
    files: Mapping[str, str]
    """By name, the file first that has the network."""
    language: int = LANGUAGE_VERSION

    @classmethod
    def of(cls, graph: Graph) -> Origin:
        """That of a graph.

        Raises:
            TypeError: a parameter is nothing that can be written down; its text says which.
        """
        parameters = {name: _plain(name, value) for name, value in graph.parameters.items()}
        return cls(graph.entry or graph.name, parameters, dict(graph.files))

    @property
    def hash(self) -> str:
        """SHA-256 over the canonical form: JSON without spaces, in ASCII, keys in order."""
        whole: dict[str, Any] = {
            "files": dict(self.files),
            "language": self.language,
            "network": self.network,
            "parameters": dict(self.parameters),
            "spec": next(iter(self.files), ""),
        }
        text = json.dumps(whole, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def graph(self, holder: str, sink: Diagnostics) -> Graph | None:
        """The network, built from these texts alone; None if there are mistakes: they are reported.

        Diagnostics name the texts behind `holder`, the file they lie in, if that is not empty.

        Raises:
            NoSuchNetworkError: it is not in the text.
        """
        from archlang.compiler import expanded

        first = next(iter(self.files))
        bundle = Bundle(self.files, holder)
        module = Loader(sink, bundle).file(PurePath(first), bundle.called(first))
        if not module.whole or sink.has_errors:
            return None
        unit = module.env.names.get(self.network)
        if not isinstance(unit, Unit):
            raise NoSuchNetworkError(self.network)
        values = {name: constant(value) for name, value in self.parameters.items()}
        return expanded(module, unit, self.network, values, sink)


def remember(module: nn.Module, graph: Graph) -> None:
    """Note in a module which network it is, so that it can be saved."""
    try:
        origin = Origin.of(graph)
    except TypeError as error:
        note(
            module, META, {_REFUSED: str(error)}
        )  # the model is none the worse; to save it is to know
    else:
        note(module, META, {name: getattr(origin, name) for name in Origin.record_fields})


def origin_of(module: nn.Module) -> Origin | None:
    """What was noted in a module; None if nothing was.

    Raises:
        TypeError: a parameter was nothing that can be written down; its text says which.
    """
    data = noted(module, META)
    if data is None:
        return None
    if _REFUSED in data:
        raise TypeError(data[_REFUSED])
    return Origin(**data)


def constant(value: Any) -> Any:
    """A value of the language from JSON's.

    Raises:
        TypeError: no constant is written so.
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list():
            return tuple(map(constant, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        case {"size": [*sizes]} if len(value) == 1 and all(type(s) is int for s in sizes):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            return Dims(sizes)  # pyright: ignore[reportUnknownArgumentType]
        case _:
            raise TypeError(f"{value!r:.60} is no constant of the language")


def _plain(name: str, value: Any) -> Any:
    """A value as JSON has it."""
    match value:
        case None | bool() | int() | str():
            return value
        case float() if value - value == 0:  # JSON has no infinity
            return value
        case Dims():
            return {SIZE: list(value)}
        case tuple() | list() | range():
            return [_plain(name, item) for item in value]  # pyright: ignore[reportUnknownVariableType]
        case _:
            raise TypeError(f"the parameter {name} is {value!r:.60}, which no file can hold")
