"""A file while it is edited: what it says, what is wrong with it, and what each line gives.

An edit has only the pieces read again that it touches, only the definitions checked that depend on
them, and only the networks expanded that use those.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
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
from archlang.editing.grounds import Grounds, Links
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
    guesses: bool = False
    """Whether lines that cannot be read are passed over, as if they were not there."""
    has_unread: bool = False

    def begun(self, graph: Graph) -> None:
        """The graph, to which nodes come from now on."""
        self.graph = graph

    def step(self, statement: Giver, value: Value, scope: Scope) -> None:
        """What a line gave."""
        assert self.graph is not None
        self.results.setdefault(id(statement), []).append(Result(value, scope, self.graph))

    def passes_over(self) -> bool:
        """A line that cannot be read is met."""
        self.has_unread = True
        return self.guesses

    def take(self, guess: Expansion) -> None:
        """What lines would give if those that cannot be read were not there; mistakes stay ours."""
        self.graph, self.results = guess.graph, guess.results


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

    It has the mistakes that `archlang check` finds, with three differences, each on purpose. A
    line that cannot be read does not keep the rest from being checked and expanded. Nor do tabs
    among blanks. And what has to try other sizes, the help with the nearest that fit, is left out.

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
                if expansion.has_unread:
                    guess = Expansion(name, guesses=True)
                    expand_network(unit, {}, Diagnostics(), module.workshop, guess)
                    expansion.take(guess)
                known = grounds, expansion
            kept[name] = known
            found[name] = known[1]
        self._expanded = kept
        return found


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
        self._links = Links(())
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
        self._links = Links(self.definitions)
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
        self._epoch += self._found != self._found_before
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
