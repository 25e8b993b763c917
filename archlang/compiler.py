"""The pipeline on one screen: a spec's address or text in, diagnostics or a graph out.

text ──parse──▶ File ──define──▶ Module ──expand, infer──▶ Graph
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from archlang.analysis.sizes.hints import expand_sized
from archlang.diagnostics.catalog.names import SeveralNetworks, UnknownNetwork
from archlang.diagnostics.catalog.syntax import UnreadableFile
from archlang.diagnostics.model import Diagnostic, Diagnostics, Mistake, SpecError
from archlang.diagnostics.suggest import closest
from archlang.graph import Graph
from archlang.ops.base import Dims
from archlang.semantics.files import Loader, Module
from archlang.semantics.parameters import open_parameters
from archlang.semantics.texts import texts
from archlang.semantics.values import Unit
from archlang.source import Source, Span
from archlang.zoo import zoo

_MOST_NAMES = 12
_ADDRESS = re.compile(r"(?P<file>.*\.arch)(?::(?P<network>[^:/\\]*))?")


@dataclass(frozen=True)
class Address:
    """`specs/resnet.arch:ResNet50`: a file, and a network in it if one is named."""

    file: Path
    network: str | None

    @classmethod
    def parse(cls, spec: str | PathLike[str]) -> Address:
        """The address behind a text; a bare name such as `ResNet50` is looked up in the zoo."""
        text = fspath(spec)
        match = _ADDRESS.fullmatch(text)
        if match:
            return cls(Path(match["file"]), match["network"] or None)
        if text in zoo():
            return cls(zoo()[text], text)
        return cls(Path(text), None)


def check(file: str | Path) -> list[Diagnostic]:
    """All mistakes of a spec file: names, shapes and assertions of every network it declares."""
    sink = Diagnostics()
    examine(Path(file), sink)
    return list(sink)


def examine(file: Path, sink: Diagnostics, name: str | None = None) -> Module:
    """Check a spec file and report into `sink`, which calls it `name`; the file as it was read."""
    module = Loader(sink).file(file, name)
    _check_module(module, sink)
    return module


def check_text(text: str, name: str = "<text>") -> list[Diagnostic]:
    """All mistakes of a text, which may `use` the zoo but no files."""
    sink = Diagnostics()
    _check_module(Loader(sink).text(Source(name, text)), sink)
    return list(sink)


def _check_module(module: Module, sink: Diagnostics) -> None:
    if not module.whole:
        return
    for unit in module.networks.values():
        if complete(unit):
            expand_sized(unit, {}, sink, module.workshop)


def complete(unit: Unit) -> bool:
    """Whether a network can be built without setting a parameter."""
    return not needed(unit)


def needed(unit: Unit, given: Collection[str] = ()) -> tuple[str, ...]:
    """The parameters that have to be set before a network can be built, but for those given."""
    known = {*unit.arguments, *given}
    return tuple(p.name for p in open_parameters(unit) if p.default is None and p.name not in known)


def graph(spec: str | PathLike[str], /, **parameters: Any) -> Graph:
    """The graph of a network: `graph("specs/resnet.arch:ResNet50", classes=10)`.

    Raises:
        SpecError: the spec has mistakes; its text shows them.
    """
    sink = Diagnostics()
    built = build(Address.parse(spec), parameters, sink)
    if built is None or sink.has_errors:
        raise SpecError(sink)
    return built


def build(address: Address, parameters: Mapping[str, Any], sink: Diagnostics) -> Graph | None:
    """The graph of the network at an address; None if there are mistakes, which are reported."""
    if _is_bare_name(address.file):
        sink.report(_not_in_zoo(str(address.file)), Span(Source(str(address.file), ""), 0, 0))
        return None
    if is_saved(address.file):
        return _saved_graph(address.file, parameters, sink)
    if (whole := _holder(str(address.file))) is not None:
        sink.report(whole, Span(Source(str(address.file), ""), 0, 0))
        return None
    module = Loader(sink).file(address.file)
    if not module.whole or sink.has_errors:
        return None
    try:
        unit = choose(module, address.network)
    except Mistake as mistake:
        sink.report_mistake(mistake, Span(module.source, 0, 0))
        return None
    return expanded(module, unit, address.network or unit.name, parameters, sink)


def expanded(
    module: Module, unit: Unit, name: str, parameters: Mapping[str, Any], sink: Diagnostics
) -> Graph | None:
    """The graph of a network of a file that was read, with the texts it comes from.

    None if there are mistakes, which are reported.
    """
    built = expand_sized(unit, frozen(parameters), sink)
    if built is not None:
        built.files = texts(module, unit)
        built.entry = name if unit.arguments else unit.name
    return built


def graph_of(module: Module, unit: Unit, parameters: Mapping[str, Any]) -> Graph:
    """The graph of a network that a file declares, which was read already.

    Raises:
        SpecError: it has mistakes with these parameters; its text shows them.
    """
    sink = Diagnostics()
    built = expanded(module, unit, unit.name, parameters, sink)
    if built is None or sink.has_errors:
        raise SpecError(sink)
    return built


def is_saved(spec: str | PathLike[str]) -> bool:
    """Whether an address is that of a file of `archlang.save`, which holds a network's spec."""
    return fspath(spec).endswith(".safetensors")


def _holder(address: str) -> UnreadableFile | None:
    """What to say of `mnist.safetensors:Mnist`; None if this is no such address."""
    file, colon, network = address.rpartition(":")
    if not colon or not is_saved(file):
        return None
    reason = f"a saved file holds one network, so leave :{network} out"
    return UnreadableFile(file=address, reason=reason, suggestion=file)


def _saved_graph(file: Path, parameters: Mapping[str, Any], sink: Diagnostics) -> Graph | None:
    from archlang.weights.saved import read_saved, saved_graph

    try:
        return saved_graph(read_saved(file, tuple(parameters)), sink)
    except SpecError as error:
        for diagnostic in error.diagnostics:
            sink.add(diagnostic)
        return None


def _is_bare_name(file: Path) -> bool:
    """Whether this is meant to be a network of the zoo, and no file."""
    return str(file).isidentifier() and not file.exists()


def _not_in_zoo(name: str) -> UnknownNetwork:
    # who types ResNet5 means one that begins so; the whole zoo would be too much to read
    begun = tuple(known for known in zoo() if known.lower().startswith(name.lower()))
    near = closest(name, begun) or closest(name, zoo())
    return UnknownNetwork(name=name, known=begun[:_MOST_NAMES], suggestion=near, in_zoo=True)


def choose(module: Module, name: str | None) -> Unit:
    """The network of that name, or the only one; the only one that needs no parameter set, if any.

    Raises:
        Mistake: there is none of that name, or several and none is named.
    """
    ready = [n for n, u in module.networks.items() if complete(u)] or list(module.networks)
    if name is None and len(ready) == 1:
        return module.networks[ready[0]]
    if name is None and ready:
        raise Mistake(SeveralNetworks(known=tuple(ready), file=module.source.name))
    unit = module.env.names.get(name or "")
    if not isinstance(unit, Unit):
        near = closest(name, module.networks) if name else None
        known = tuple(ready)
        raise Mistake(UnknownNetwork(name=name or "", known=known, suggestion=near))
    return unit


def frozen(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as the language has them; a size stays one."""

    def constant(value: Any) -> Any:
        if isinstance(value, Dims):
            return value
        return tuple(map(constant, value)) if isinstance(value, (list, tuple)) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]

    return {name: constant(value) for name, value in parameters.items()}
