"""What the two sides of a comparison name: networks of the zoo, of files, of git revisions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from archlang.compiler import Address as SpecAddress
from archlang.compiler import build, choose, expanded, is_saved, needed, open_parameters
from archlang.diagnostics.catalog.comparing import NoFileForRevision
from archlang.diagnostics.model import Diagnostics, Mistake, SpecError
from archlang.diagnostics.suggest import closest
from archlang.graph import Graph
from archlang.problems import nowhere
from archlang.semantics.files import Loader, Module
from archlang.semantics.places import Disk, Shelf
from archlang.source import Span
from archlang.syntax import tree
from archlang.syntax.parse import parse
from archlang.zoo import zoo

_FILE = re.compile(r"(?P<file>.*\.arch)(?::(?P<network>[^:/\\]*))?", re.DOTALL)
_IN_GIT = re.compile(r"(?P<revision>[^:]+):(?P<rest>[^:].*\.arch(?::[^:/\\]*)?)", re.DOTALL)


@dataclass(frozen=True)
class Side:
    """One side as it was asked for."""

    text: str
    revision: str = ""
    """Empty for what lies on the disk."""
    file: str = ""
    """Empty for what names no file: a revision alone, a saved network."""
    network: str | None = None

    @property
    def is_spec(self) -> bool:
        """Whether it names a file of the language."""
        return bool(self.file)

    @property
    def in_zoo(self) -> bool:
        """Whether it is a network of the zoo."""
        return self.is_spec and self.text in zoo()

    @property
    def shown(self) -> str:
        """How diagnostics call its file."""
        return f"{self.revision}:{self.file}" if self.revision else self.file or self.text


def sides(before: str, after: str) -> tuple[Side, Side]:
    """The two sides: where one is a revision alone, it is the file of the other as that has it.

    A network that one side names is that of the other too, where this names none.

    Raises:
        SpecError: a revision alone stands beside what is no file.
    """
    a, b = _side(before), _side(after)
    a, b = _with_file(a, b), _with_file(b, a)
    if a.is_spec and b.is_spec and (a.revision or b.revision) and a.file == b.file:
        a, b = _named_like(a, b), _named_like(b, a)
    return a, b


def _side(text: str) -> Side:
    whole = _FILE.fullmatch(text)
    inside = _IN_GIT.fullmatch(text)
    if whole and (inside is None or Path(whole["file"]).exists()):
        return Side(text, file=whole["file"], network=whole["network"] or None)
    if inside:
        named = _FILE.fullmatch(inside["rest"])
        assert named is not None, "the one pattern holds the other"
        return Side(text, inside["revision"], named["file"], named["network"] or None)
    if text in zoo():
        return Side(text, file=str(zoo()[text]), network=text)
    path = Path(text)
    if is_saved(text) or path.suffix in (".py", ".pth", ".onnx") or path.is_dir():
        return Side(text)
    return Side(text, revision=text)


def _with_file(side: Side, other: Side) -> Side:
    if side.is_spec or not side.revision:
        return side
    if other.is_spec and not other.in_zoo:
        return replace(side, file=other.file, network=other.network)
    near = [closest(text, zoo()) for text in (side.text, other.text) if text not in zoo()]
    problem = NoFileForRevision(side.text, other.text, tuple(name for name in near if name))
    raise nowhere(problem)


def _named_like(side: Side, other: Side) -> Side:
    return side if side.network else replace(side, network=other.network)


@dataclass
class Read:
    """A side that was read: the networks that it offers."""

    side: Side
    module: Module | None
    """None for a saved network, which is built at once."""

    @property
    def names(self) -> list[str]:
        """Its networks; the one that is asked for."""
        if self.side.network or self.module is None:
            return [self.side.network or ""]
        return list(self.module.networks)

    def missing(self, name: str, parameters: Mapping[str, Any]) -> tuple[str, ...]:
        """The parameters that one of its networks cannot be built without."""
        unit = self.module.networks.get(name) if self.module else None
        return () if unit is None else needed(unit, parameters)

    def own(self, name: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """Of parameters that are given to a whole file those of one of its networks; all of them
        where no network of it has one, so that this is said."""
        units = self.module.networks if self.module else {}
        takes = {n: {p.name for p in open_parameters(unit)} for n, unit in units.items()}
        strange = set(parameters).difference(*takes.values())
        return {k: v for k, v in parameters.items() if k in takes.get(name, ()) or k in strange}

    @property
    def definitions(self) -> tuple[tree.Definition, ...]:
        """What its file says, wherever it stands there."""
        file = parse(self.module.source, Diagnostics()) if self.module else None
        return file.definitions if file else ()

    @property
    def several(self) -> bool:
        """Whether it is a file as a whole, with more than one network."""
        return self.module is not None and len(self.names) > 1

    def graph(self, name: str | None, parameters: Mapping[str, Any]) -> Graph:
        """One of its networks; without a name the one it is about.

        Raises:
            SpecError: there is none, or it has mistakes.
        """
        sink = Diagnostics()
        built = self._built(name or self.side.network, parameters, sink)
        if built is None or sink.has_errors:
            raise SpecError(sink)
        return built

    def _built(
        self, name: str | None, parameters: Mapping[str, Any], sink: Diagnostics
    ) -> Graph | None:
        if self.module is None:
            return build(SpecAddress.parse(self.side.text), parameters, sink)
        try:
            unit = choose(self.module, name)
        except Mistake as mistake:
            sink.report_mistake(mistake, Span(self.module.source, 0, 0))
            return None
        return expanded(self.module, unit, name or unit.name, parameters, sink)


def read(side: Side) -> Read:
    """Read the file of a side, and what it uses.

    Raises:
        SpecError: it cannot be read, or has mistakes.
    """
    if not side.is_spec:
        return Read(side, None)
    sink = Diagnostics()
    try:
        shelf, path = _shelf(side)
    except Mistake as mistake:
        raise nowhere(mistake.problem) from None
    module = Loader(sink, shelf).file(path, side.shown)
    if not module.whole or sink.has_errors:
        raise SpecError(sink)
    return Read(side, module)


def _shelf(side: Side) -> tuple[Shelf, PurePath]:
    if not side.revision:
        return Disk(), Path(side.file)
    from archlang.comparing.revisions import commit_of

    return commit_of(side.revision, Path(side.file))
