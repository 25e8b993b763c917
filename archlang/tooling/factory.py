"""A network of an imported spec as Python sees it: something to call like a class of modules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any

from archlang.compiler import graph_of
from archlang.semantics.files import Module
from archlang.semantics.literal import NotLiteralError, literal
from archlang.semantics.parameters import open_parameters
from archlang.semantics.values import Unit
from archlang.syntax import tree

if TYPE_CHECKING:
    import torch
    from torch import fx

    from archlang.graph import Graph
    from archlang.passes.model import Goal
    from archlang.weights.asked import KeyMapSource, WeightsSource

OPTIONS = (
    "weights", "key_map", "weights_of", "device", "dtype", "optimize", "train_memory", "batch",
)  # fmt: skip
"""What every network takes besides its own parameters."""


class NetworkFactory:
    """A network of a spec. Calling it builds a module: `ResNet50(classes=10)`.

    It keeps the spec as it was when it was imported, until the module is reloaded.
    """

    def __init__(self, spec: Module, unit: Unit, module: str) -> None:
        self._spec = spec
        self._unit = unit
        self.__name__ = self.__qualname__ = unit.name
        self.__module__ = module
        self.__doc__ = _documentation(unit)
        self.__signature__ = _signature(unit)

    def __call__(
        self,
        /,
        *unnamed: object,
        weights: WeightsSource | None = None,
        key_map: KeyMapSource | None = None,
        weights_of: str | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        optimize: Goal | None = None,
        train_memory: str | int | None = None,
        batch: int | None = None,
        **parameters: Any,
    ) -> fx.GraphModule:
        """Build the network; the arguments are those of `archlang.load`.

        Raises:
            SpecError: the network has mistakes with these parameters, or the weights do not fit.
            TypeError: a parameter is given without its name.
        """
        if unnamed:
            raise TypeError(self._by_name(unnamed))
        from archlang.loading import budget_for, to_module

        network = self.graph(**parameters)
        return to_module(
            network,
            weights=weights,
            key_map=key_map,
            weights_of=weights_of,
            device=device,
            dtype=dtype,
            optimize=optimize,
            budget=budget_for(optimize, train_memory, batch, dtype),
        )

    def graph(self, /, **parameters: Any) -> Graph:
        """The network's graph, for which torch is not needed.

        Raises:
            SpecError: the network has mistakes with these parameters.
        """
        return graph_of(self._spec, self._unit, parameters)

    def _by_name(self, unnamed: Sequence[object]) -> str:
        own = [p.name for p in open_parameters(self._unit)]
        if not own:
            return f"{self.__name__} has no parameters of its own"
        shown = ", ".join(f"{n}={v!r}" for n, v in zip(own, unnamed, strict=False))
        return f"{self.__name__} takes its parameters by name: {self.__name__}({shown})"

    def __reduce__(self) -> str:
        return self.__qualname__  # pickled and copied by name, as classes are

    def __repr__(self) -> str:
        return f"<network {self.__module__}.{self.__name__}{self.__signature__}>"


class Written:
    """A default that is no plain constant (`project(bn)`, `2*width`), shown as it is written."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _documentation(unit: Unit) -> str:
    """The network's docstring, and how to call it."""
    doc = unit.declaration.body.doc
    line = unit.declaration.span.begin.line
    place = f"Network of {unit.declaration.span.source.name}, line {line}."
    return f"{doc}\n\n{place}" if doc else place


def _signature(unit: Unit) -> Signature:
    """All by name: the network's own parameters, then those of `archlang.load`, which go first
    where both have a name."""
    parameters = [_parameter(p) for p in open_parameters(unit) if p.name not in OPTIONS]
    parameters += [Parameter(name, Parameter.KEYWORD_ONLY, default=None) for name in OPTIONS]
    return Signature(parameters)


def _parameter(parameter: tree.Parameter) -> Parameter:
    default = Parameter.empty if parameter.default is None else _default(parameter.default)
    return Parameter(parameter.name, Parameter.KEYWORD_ONLY, default=default)


def _default(expression: tree.Expression) -> object:
    """The value of a written-out default; a name stands for what the spec calls so."""
    if any(isinstance(part, (tree.Name, tree.Size)) for part in _parts(expression)):
        return Written(expression.span.text)
    try:
        return _plain(literal(expression))
    except NotLiteralError:
        return Written(expression.span.text)


def _parts(expression: tree.Expression) -> Iterator[tree.Expression]:
    yield expression
    if isinstance(expression, tree.ListOf):
        for item in expression.items:
            yield from _parts(item)


def _plain(value: Any) -> Any:
    """Lists as Python writes them."""
    return list(map(_plain, value)) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
