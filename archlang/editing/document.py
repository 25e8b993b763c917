"""A file while it is edited: what it says, what is wrong with it, and what each line gives.

An edit has only the pieces read again that it touches, only the definitions checked that depend on
them, and only the networks expanded that use those.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath
from typing import NamedTuple, TypeVar

from archlang.analysis.sizes.hints import report_off_centre
from archlang.collector import collector_paused
from archlang.compiler import complete
from archlang.diagnostics.catalog.syntax import BadDedent, StrayIndent
from archlang.diagnostics.model import Diagnostic, Diagnostics, Mistake
from archlang.editing.columns import BYTE_ORDER_MARK
from archlang.editing.definitions import Giver, Read, Readings
from archlang.editing.pieces import Piece, Pieces, cut
from archlang.graph import Graph, Scope
from archlang.semantics.files import Loader, Module, Reading
from archlang.semantics.network import expand_network
from archlang.semantics.places import Disk, Place, Shelf
from archlang.semantics.resolve import check_definition, check_names
from archlang.semantics.values import Env, Value
from archlang.source import Source, Span
from archlang.syntax import tree
from archlang.syntax.parse import MAX_BYTES, parse_partly, readable

_Found = TypeVar("_Found")
_DEPTH = frozenset({StrayIndent.code, BadDedent.code})


class Result(NamedTuple):
    """What a line gave in one of its uses: `value` a tensor, several, or what is unknown."""

    value: Value
    scope: Scope
    graph: Graph


@dataclass(eq=False)
class Expansion:
    """A network as far as it can be expanded; whole if it has no mistake."""

    name: str
    graph: Graph | None = None
    whole: bool = False
    problems: tuple[Diagnostic, ...] = ()
    results: dict[int, list[Result]] = field(default_factory=dict[int, list[Result]])
    """Statements by their ids, with what they gave, use after use."""

    def begun(self, graph: Graph) -> None:
        """The graph, to which nodes come from now on."""
        self.graph = graph

    def step(self, statement: Giver, value: Value, scope: Scope) -> None:
        """What a line gave."""
        assert self.graph is not None
        self.results.setdefault(id(statement), []).append(Result(value, scope, self.graph))


@dataclass(frozen=True, eq=False)
class Analysis:
    """What one version of a file says."""

    definitions: tuple[Read, ...]
    module: Module
    """Its scope, with the blocks and networks it declares."""
    problems: tuple[Diagnostic, ...]
    """In the order of the files and the lines; some may lie in files that it uses."""
    networks: Mapping[str, Expansion]
    """Those that can be expanded without setting a parameter."""

    def results(self, statement: tree.Statement) -> list[Result]:
        """What a line gave, network after network, use after use."""
        return self._results.get(id(statement), [])

    @cached_property
    def _results(self) -> Mapping[int, list[Result]]:
        found: defaultdict[int, list[Result]] = defaultdict(list)
        for network in self.networks.values():
            for statement, results in network.results.items():
                found[statement] += results
        return found


class Document:
    """A file that is open in an editor.

    `shelf` tells the text of the files it uses; what is open in the editor, from there.
    """

    def __init__(self, name: str, path: PurePath | None = None, shelf: Shelf | None = None) -> None:
        self.name = name
        self.path = path
        self.text = ""
        self._shelf = shelf or Disk()
        self._reading = _Reading(self)
        self._analysis: Analysis | None = None
        self._expanded: dict[str, tuple[Grounds, Expansion]] = {}

    def update(self, text: str) -> None:
        """A new version of the text. Nothing is read before something is asked.

        A byte-order mark is left out, as it is where a file is read.
        """
        self.text = text.removeprefix(BYTE_ORDER_MARK)
        self._analysis = None

    def reads(self) -> tuple[Read, ...]:
        """The definitions of the present text, piece by piece; quick."""
        return self._reading.main(Source(self.name, self.text))

    def analysis(self) -> Analysis:
        """What the present text says: read, checked and expanded."""
        if self._analysis is None:
            with collector_paused():
                self._analysis = self._analysed()
        return self._analysis

    def forget_files(self) -> None:
        """A file that it may use has changed; the next analysis reads it again."""
        self._analysis = None

    def _analysed(self) -> Analysis:
        sink = Diagnostics()
        shelf = _Open(self, self._shelf)
        self._reading.begin(shelf.found)
        loader = Loader(sink, shelf, self._reading)
        source = Source(self.name, self.text)
        module = loader.text(source) if self.path is None else loader.file(self.path, self.name)
        networks = self._expansions(module)
        for network in networks.values():
            for problem in network.problems:
                sink.add(problem)
        return Analysis(self._reading.definitions, module, tuple(sink), networks)

    def _expansions(self, module: Module) -> dict[str, Expansion]:
        found: dict[str, Expansion] = {}
        kept: dict[str, tuple[Grounds, Expansion]] = {}
        for name, unit in module.networks.items():
            if not complete(unit):
                continue
            grounds = self._reading.grounds(unit.declaration)
            known = self._expanded.get(name)
            if known is None or not known[0].hold(grounds, bool(known[1].problems)):
                expansion = Expansion(name)
                sink = Diagnostics()
                graph = expand_network(unit, {}, sink, module.workshop, expansion)
                if graph is not None:
                    report_off_centre(graph, sink)
                expansion.whole = graph is not None
                expansion.problems = tuple(sink)
                known = grounds, expansion
            kept[name] = known
            found[name] = known[1]
        self._expanded = kept
        return found


@dataclass(frozen=True, eq=False)
class Grounds:
    """All that what is said of a definition rests on."""

    rests_on: tuple[object, ...]
    """Definitions, in an order of their own; and the files that are used."""
    names: frozenset[str]
    """All names of the file: what is near to a misspelt one depends on them."""

    def hold(self, now: Grounds, has_problems: bool) -> bool:
        """Whether what was said on these grounds can still be said on others."""
        same = len(self.rests_on) == len(now.rests_on) and all(
            a is b or a == b for a, b in zip(self.rests_on, now.rests_on, strict=True)
        )
        return same and (not has_problems or self.names == now.names)


class _Open:
    """A shelf on which the document itself lies as it stands in the editor."""

    def __init__(self, document: Document, shelf: Shelf) -> None:
        self._document = document
        self._shelf = shelf
        self.place = shelf.place
        self.shown = shelf.shown
        self.named = shelf.named
        self.found: list[object] = []
        """What was asked of the other files, and what came of it: the definitions rest on it."""

    def used(self, text: str, user: Place | None, at: Span) -> Place:
        """As the other shelf has it."""
        return self._noted(text, lambda: self._shelf.used(text, user, at))

    def read(self, path: PurePath, name: str, at: Span) -> Source:
        """Its text; other files are left to the other shelf."""
        if path == self._document.path:
            return Source(name, self._document.text)
        return self._noted(path, lambda: self._shelf.read(path, name, at))

    def _noted(self, asked: object, ask: Callable[[], _Found]) -> _Found:
        try:
            found = ask()
        except Mistake as mistake:
            self.found.append((asked, mistake.problem))
            raise
        self.found.append((asked, found.text if isinstance(found, Source) else found))
        return found


class _Reading(Reading):
    """Reads the document piece by piece, and each used file once for each of its texts."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._readings = Readings()
        self._pieces = Pieces(document.name)
        self.definitions: tuple[Read, ...] = ()
        self._file: tree.File | None = None
        self._used: dict[tuple[str, str], _Used] = {}
        self._used_before: dict[tuple[str, str], _Used] = {}
        self._found: list[object] = []
        self._found_before: list[object] = []
        self._checked: dict[Piece, tuple[Grounds, tuple[Diagnostic, ...]]] = {}
        self._links = _Links(())
        self._epoch = 0
        """Counts the changes of the files that are used."""

    def begin(self, found: list[object]) -> None:
        """A new analysis follows, which notes in `found` what it sees of other files."""
        self._file = None
        self._used_before, self._used = self._used, {}
        self._found_before, self._found = self._found, found

    def main(self, source: Source) -> tuple[Read, ...]:
        """The definitions of the document's own text."""
        cuts = cut(source.text, self._document.name, self._pieces)
        self.definitions = self._readings.read(cuts)
        return self.definitions

    def tree(self, source: Source, sink: Diagnostics) -> tuple[tree.File | None, frozenset[str]]:
        """The document's definitions, with stand-ins for what cannot be read."""
        if self._file is not None or source.text is not self._document.text:
            return self._used_tree(source, sink)
        self.definitions = ()
        is_readable = readable(source, sink)
        if not is_readable and len(source.text) > MAX_BYTES:
            return None, frozenset()
        for read in self.main(source):
            for problem in read.problems:
                # where tabs and blanks are mixed, no more is said of how deep a line stands
                if is_readable or problem.code not in _DEPTH:
                    sink.add(problem)
        trees = tuple(read.tree for read in self.definitions if read.tree is not None)
        self._file = tree.File(source, trees)
        self._links = _Links(self.definitions)
        return self._file, frozenset()

    def _used_tree(
        self, source: Source, sink: Diagnostics
    ) -> tuple[tree.File | None, frozenset[str]]:
        key = source.name, source.text
        known = self._used.get(key) or self._used_before.get(key)
        if known is None:
            own = Diagnostics()
            file, unread = parse_partly(source, own)
            known = _Used(file, unread, tuple(own))
        self._used[key] = known
        for problem in known.problems:
            sink.add(problem)
        return known.file, known.unread

    def check(self, file: tree.File, env: Env, sink: Diagnostics) -> None:
        """The names of what changed, and of what depends on it."""
        if file is not self._file:
            check_names(file, env, sink)
            return
        pass
        checked: dict[Piece, tuple[Grounds, tuple[Diagnostic, ...]]] = {}
        for read in self.definitions:
            if read.tree is None:
                continue
            grounds = self._links.grounds(read, self._epoch)
            known = self._checked.get(read.cut.header)
            if known is None or not known[0].hold(grounds, bool(known[1])):
                own = Diagnostics()
                check_definition(read.tree, env, own)
                known = grounds, tuple(own)
            checked[read.cut.header] = known
            for problem in known[1]:
                sink.add(problem)
        self._checked = checked

    def grounds(self, definition: tree.Definition) -> Grounds:
        """What is said of a network of the document rests on these."""
        return self._links.grounds(self._links.by_tree[id(definition)], self._epoch)


class _Used(NamedTuple):
    """A used file as it was read."""

    file: tree.File | None
    unread: frozenset[str]
    problems: tuple[Diagnostic, ...]


class _Links:
    """Which definitions of one version mention which."""

    def __init__(self, definitions: Sequence[Read]) -> None:
        self.by_name: dict[str, list[Read]] = {}
        self.by_tree = {id(read.tree): read for read in definitions}
        self._order = {id(read): number for number, read in enumerate(definitions)}
        self._before: dict[int, int] = {}
        """How many of the lines that concern all behind them stand before a definition."""
        self._general: list[Read] = []
        for read in definitions:
            self._before[id(read)] = len(self._general)
            if isinstance(read.tree, (tree.Default, tree.Use)):
                self._general.append(read)
            for name in _names(read):
                self.by_name.setdefault(name, []).append(read)
        self._names = frozenset(self.by_name)

    def grounds(self, read: Read, epoch: int) -> Grounds:
        """What is said of a definition rests on these."""
        rests_on: list[object] = [epoch, *self._general]
        # in the order of the file, which matters: a constant sees those before it alone
        for other in sorted(_reached(read, self.by_name), key=lambda r: self._order[id(r)]):
            rests_on += [other, self._before[id(other)]]
        return Grounds(tuple(rests_on), self._names)


def _reached(read: Read, by_name: Mapping[str, list[Read]]) -> Iterable[Read]:
    """A definition and all that it mentions, directly or not."""
    seen = {id(read): read}
    waiting = [read]
    for current in waiting:
        for name in sorted(current.mentions):
            for other in by_name.get(name, ()):
                if id(other) not in seen:
                    seen[id(other)] = other
                    waiting.append(other)
    return waiting


def _defines(read: Read) -> str | None:
    unit = read.tree
    return unit.name.id if isinstance(unit, (tree.Block, tree.Network, tree.Let)) else None


def _names(read: Read) -> Iterable[str]:
    if isinstance(read.tree, tree.Use):
        return [here.id for _, here in read.tree.names]
    name = _defines(read)
    return [] if name is None else [name]
