"""What Python code may give as a network: an address, a network of an imported spec or a cell, …"""

from __future__ import annotations

import sys
from os import PathLike
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeGuard, runtime_checkable

from archlang.compiler import graph
from archlang.diagnostics.model import Diagnostics, SpecError
from archlang.graph import Graph

if TYPE_CHECKING:
    from torch import nn


@runtime_checkable
class Declared(Protocol):
    """A network with its parameters open, as `from net import Net` and `%%arch` leave it."""

    def graph(self, /, **parameters: Any) -> Graph:
        """Its graph with these parameters."""
        ...


Address: TypeAlias = str | PathLike[str]
Given: TypeAlias = "Address | Declared | Graph | nn.Module"


def network(given: Given, /, **parameters: Any) -> Graph:
    """The graph of a network: `network("specs/resnet.arch:ResNet50", classes=10)`.

    Args:
        given: a file and the network in it, or a name of the zoo; a network of an imported spec or
            of a cell; a graph, which comes back as it is; or a module that archlang made, whose
            graph is that of the spec it was made from.
        **parameters: the network's parameters, by name.

    Raises:
        SpecError: the spec has mistakes; its text shows them.
        TypeError: this is no network, or is built already and takes no parameters.
    """
    if isinstance(given, (str, PathLike)):
        return graph(given, **parameters)
    if isinstance(given, Graph) or _is_module(given):
        if parameters:
            raise TypeError(
                f"{', '.join(parameters)}: parameters belong to a spec; what is built has its own"
            )
        return given if isinstance(given, Graph) else of_module(given)
    if isinstance(given, Declared):
        return given.graph(**parameters)
    raise TypeError(_not_a_network(given))


def _not_a_network(given: object) -> str:
    return (
        'a network is given as "net.arch:Net", as a name of the zoo, as what an import or %%arch '
        f"left under its name, or as a graph or module of archlang; not as {type(given).__name__}"
    )


def of_module(module: nn.Module) -> Graph:
    """The graph that a module was compiled from.

    Raises:
        TypeError: it was not compiled by archlang, or what it was built with cannot be written.
        SpecError: the spec it was compiled from has mistakes.
    """
    from archlang.weights.origin import origin_of

    origin = origin_of(module)
    if origin is None:
        raise TypeError(f"{type(module).__name__} was not compiled by archlang: give its spec")
    sink = Diagnostics()
    found = origin.graph("", sink)
    if found is None or sink.has_errors:
        raise SpecError(sink)
    return found


def _is_module(given: object) -> TypeGuard[nn.Module]:
    torch = sys.modules.get("torch")  # who has a module has imported it already
    return torch is not None and isinstance(given, torch.nn.Module)
