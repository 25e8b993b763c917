"""The spec of an ablated network: its text, and the graph that the compiler makes of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from archlang.ablation.pointing import at_options
from archlang.ablation.wish import BadWishError, Wish
from archlang.compiler import Address, choose, expanded
from archlang.diagnostics.model import Diagnostics, Mistake, SpecError
from archlang.graph import Graph
from archlang.ops.base import Dims
from archlang.paths import prefixes
from archlang.semantics.builtins import what_is
from archlang.semantics.files import Loader, Module
from archlang.semantics.limits import Unresolved
from archlang.semantics.matching import Matching
from archlang.semantics.network import kept_skips
from archlang.semantics.parameters import open_parameters
from archlang.semantics.places import ZOO, Disk
from archlang.semantics.skip_plan import removable
from archlang.semantics.surgery import path_matches
from archlang.semantics.values import MatchingKind, Unit, Value, is_layer
from archlang.source import Source, Span
from archlang.syntax import tree
from archlang.zoo import zoo_folder


@dataclass(frozen=True)
class Ablation:
    """A network, and one derived from it whose skips are others."""

    base: Graph
    graph: Graph
    text: str = field(repr=False)
    """The spec of the derived one."""
    target: Path
    """The file that the spec is for."""
    kept: tuple[str, ...]
    """Where skips keep their W because the new one does not fit them, as paths of the base."""


def ablate(
    spec: str, wish: Wish, parameters: Mapping[str, Any] | None = None, target: Path | None = None
) -> Ablation:
    """Derive a network whose skips are taken away, or get another W or another source.

    Skips that the new W does not fit keep theirs. Nothing is written.

    Args:
        spec: the address of the network, or a name of the zoo.
        wish: which skips, and what becomes of them.
        parameters: the network's parameters, by name.
        target: the file that the spec is for, since `use` finds files below its folder alone; by
            default beside the network's own, for a network of the zoo in the current folder.

    Raises:
        SpecError: the spec has mistakes, there are no such skips, a kept path is none of them, or
            W fits none of them.
        BadWishError: the spec could not be used from the target.
    """
    origin = _Origin.of(spec, dict(parameters or {}))
    name = wish.called(origin.name)
    path = target or origin.folder / f"{name.lower()}.arch"
    draft = _Draft(origin, wish, name, path)
    kept: tuple[str, ...] = ()
    if wish.operator is not None:
        kept = _gathered(origin.graph, wish, draft.unfit())
    return Ablation(origin.graph, draft.graph(kept), draft.text(kept), path, kept)


@dataclass(frozen=True)
class _Origin:
    """The network that another one is derived from."""

    file: Path
    name: str
    """What its file calls it."""
    module: Module
    unit: Unit
    graph: Graph
    parameters: Mapping[str, Any]

    @classmethod
    def of(cls, spec: str, parameters: Mapping[str, Any]) -> _Origin:
        """
        Raises:
            SpecError: the spec has mistakes, or there is no such network.
        """
        sink = Diagnostics()
        address = Address.parse(spec)
        module = Loader(sink).file(address.file)
        if not module.whole or sink.has_errors:
            raise SpecError(sink)
        try:
            unit = choose(module, address.network)
        except Mistake as mistake:
            sink.report_mistake(mistake, Span(module.source, 0, 0))
            raise SpecError(sink) from None
        name = address.network or unit.name
        graph = expanded(module, unit, name, parameters, sink)
        if graph is None or sink.has_errors:
            raise SpecError(sink)
        return cls(address.file, name, module, unit, graph, parameters)

    @property
    def in_zoo(self) -> bool:
        """Whether it is one of the built-in networks."""
        return self.file.resolve().is_relative_to(zoo_folder().resolve())

    @property
    def folder(self) -> Path:
        """Where a spec derived from it lies by default."""
        return Path() if self.in_zoo else self.file.parent

    def used_from(self, target: Path) -> str:
        """What `use` calls its file in another one.

        Raises:
            BadWishError: a spec there could not use it.
        """
        if target.suffix != ".arch":
            raise BadWishError(f"the name of a spec ends in .arch, not {target.name!r}")
        if self.in_zoo:
            return f"{ZOO}{self.file.name}"
        if target.resolve() == self.file.resolve():
            raise BadWishError(f"{target} is the file of {self.name} itself")
        folder, file = target.resolve().parent, self.file.resolve()
        if not file.is_relative_to(folder):
            raise BadWishError(
                f"a spec can only use files below its own folder: write it into "
                f"{os.path.relpath(file.parent)}, or above"
            )
        return file.relative_to(folder).as_posix()

    def call(self) -> str:
        """It as it stands behind `from`, with its parameters."""
        known = {p.name: p for p in open_parameters(self.unit)}
        given = [f"{n}={self._written(known[n], v)}" for n, v in self.parameters.items()]
        return f"{self.name}({', '.join(given)})" if given else self.name

    def _written(self, parameter: tree.Parameter, value: Any) -> str:
        """A value in the language. A layer is named in quotes from outside, and bare in a spec."""
        return str(value) if self._names_layer(parameter, value) else written(value)

    def _names_layer(self, parameter: tree.Parameter, value: Any) -> bool:
        if not isinstance(value, str) or isinstance(parameter.default, tree.Constant):
            return False
        found = self.unit.env.find(value)
        return is_layer(found) or isinstance(found, MatchingKind)

    def operators(self) -> list[str]:
        """The names of its file that could stand for W."""
        return [name for name, value in self.module.env.names.items() if _could_match(value)]

    def imports(self, wish: Wish) -> list[str]:
        """What a derived network needs of its file: itself, and what W and parameters name."""
        known = {p.name: p for p in open_parameters(self.unit)}
        layers = [v for n, v in self.parameters.items() if self._names_layer(known[n], v)]
        names = [*(wish.operator.names if wish.operator else ()), *layers]
        mine = [n for n in names if n in self.module.env.names and what_is(n) is None]
        return list(dict.fromkeys([self.name, *mine]))


@dataclass(frozen=True)
class _Draft:
    """A derived spec that is not written yet."""

    origin: _Origin
    wish: Wish
    name: str
    target: Path

    def text(self, kept: tuple[str, ...] = ()) -> str:
        """The spec."""
        uses = ", ".join(self.origin.imports(self.wish))
        file = written(self.origin.used_from(self.target))
        return (
            f"arch 1\n\nuse {uses} from {file}\n\n"
            f"network {self.name} from {self.origin.call()}:\n"
            f'    """{self.wish.about(self.origin.name, kept)}"""\n'
            f"    {self.wish.line(kept)}\n"
        )

    @property
    def _shown(self) -> str:
        """What its file is called in messages."""
        return f"{self.target} (not written)"

    def _read(self, text: str, sink: Diagnostics) -> tuple[Module, Unit]:
        """
        Raises:
            SpecError: it has mistakes.
        """
        module = Loader(sink, _Shelf(self.target, text)).file(self.target, self._shown)
        unit = module.units.get(self.name)
        if not module.whole or sink.has_errors or unit is None:
            raise SpecError(sink)
        return module, unit

    def graph(self, kept: tuple[str, ...]) -> Graph:
        """The network that the spec declares.

        Raises:
            SpecError: it has mistakes.
        """
        text = self.text(kept)
        try:
            return self._graph(text)
        except SpecError as error:
            draft, own = Source(self._shown, text), self.origin.operators()
            raise at_options(error, draft, self.wish, own) from None

    def _graph(self, text: str) -> Graph:
        sink = Diagnostics()
        module, unit = self._read(text, sink)
        graph = expanded(module, unit, self.name, {}, sink)
        if graph is None or sink.has_errors:
            raise SpecError(sink)
        return graph

    def unfit(self) -> frozenset[str]:
        """The merges with skips that W does not fit; none, if there are other mistakes."""
        try:
            module, unit = self._read(self.text(), Diagnostics())
            return frozenset(kept_skips(unit, module.workshop))
        except (SpecError, Mistake, Unresolved):
            return frozenset()  # they are reported when the network is built


class _Shelf(Disk):
    """The disk, with one file more."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path.resolve()
        self._text = text

    def read(self, path: PurePath, name: str, at: Span) -> Source:
        """The draft, or a file of the disk."""
        if Path(path).resolve() == self._path:
            return Source(name, self._text, self._path)
        return super().read(path, name, at)


def _gathered(base: Graph, wish: Wish, unfit: frozenset[str]) -> tuple[str, ...]:
    """Merges as few paths as say the same: `layer2.0` for the only skip in it.

    None, if all skips that are meant are among them: then W fits none, which is a mistake.
    """
    meant = [s for s in removable(base) if wish.kind in (s.kind, "all")]
    ends = {base.nodes[s.merge].path for s in meant}
    ends = {e for e in ends if not any(path_matches(k, p) for k in wish.keep for p in prefixes(e))}
    if not unfit or ends <= unfit:
        return ()
    found: dict[str, None] = {}
    for end in (base.nodes[s.merge].path for s in meant):
        if end in unfit:
            around = (p for p in prefixes(end) if {e for e in ends if _lies(e, p)} <= unfit)
            found[next(around)] = None
    return tuple(found)


def _could_match(value: Value) -> bool:
    """Whether a value is a block or a matching operator."""
    if isinstance(value, Unit):
        return isinstance(value.declaration, tree.Block)
    return isinstance(value, MatchingKind | Matching)


def _lies(path: str, around: str) -> bool:
    return path == around or path.startswith(f"{around}.")


def written(value: Any) -> str:
    """A constant as the language writes it."""
    match value:
        case None | bool():
            return "none" if value is None else str(value).lower()
        case str():
            text = value.replace("\\", "\\\\").replace('"', '\\"')
            return '"' + text.replace("\n", "\\n").replace("\t", "\\t") + '"'
        case Dims():
            return str(value)
        case tuple() | list():
            return f"[{', '.join(map(written, value))}]"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # constants
        case _:
            return str(value)
