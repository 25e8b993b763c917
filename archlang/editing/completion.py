"""What may be written at a place: names in scope, layers, arguments, paths, files, words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from archlang.editing.bindings import Mention, Symbol, bindings
from archlang.editing.contexts import Context, Open, blanked, context, open_brackets
from archlang.editing.definitions import Read
from archlang.editing.document import Document
from archlang.editing.library import Library, spec_files
from archlang.editing.meanings import Meanings
from archlang.editing.offers import (
    ATTRIBUTES,
    DEFINITIONS,
    MERGES,
    METRICS,
    OPERATORS,
    STATEMENTS,
    SURGERY,
    Offer,
    OfferKind,
    arguments_of,
    function_offers,
    layer_offers,
    operator_offers,
    plain,
    texts_of,
    values_of,
    words,
)
from archlang.editing.places import definition_at, piece_at
from archlang.editing.signatures import DIMS, signature_of
from archlang.graph import Graph, Tensor
from archlang.semantics.places import ZOO
from archlang.semantics.pretrained import KINDS as WEIGHTS
from archlang.semantics.pretrained import WAYS
from archlang.semantics.surgery import MERGES as MERGE_KINDS
from archlang.source import Position, Source, Span
from archlang.syntax import tree
from archlang.zoo import zoo, zoo_folder

_LOOPS = re.compile(r"\bfor\s+([\w\s,()]+?)\s+in\b")
_BOUND = re.compile(
    r"^\s*(?:let\s+|shared\s+)?([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s*=(?!=)", re.M
)
_DERIVED = re.compile(r"network\s+\w+.*\bfrom\b")
_MADE = re.compile(r"\s*(?:let\s+|shared\s+)?(?P<name>[A-Za-z_]\w*)\s*(?:\([^()]*\)\s*)?=(?!=)")
_WORD_ON = re.compile(r"\A\w+")
_JOINS = re.compile(r"(?:\+\+|[+*]|(?<=[\w)\]])\s*-)\s*\Z")
_KINDS: dict[str, OfferKind] = {
    "block": "block",
    "network": "network",
    "constant": "constant",
    "function": "function",
    "parameter": "parameter",
    "variable": "constant",
    "tensor": "tensor",
    "output": "tensor",
    "shared": "layer",
}


class Completion(NamedTuple):
    """What is offered, and how many characters before and behind the place each replaces."""

    offers: list[Offer]
    length: int
    behind: int = 0


def complete(library: Library, document: Document, position: Position) -> Completion:
    """What may be written at a place; all of it, the editor picks by what is there already."""
    at = _At(library, document, position)
    now = context(at.before, at.is_body)
    offers = {offer.label: offer for offer in sorted(at.offers(now), key=lambda o: -o.rank)}
    found = sorted(offers.values(), key=lambda o: (o.rank, o.label.lower()))
    word = now.word.rpartition(".")[2] if now.want == "path" else now.word
    return Completion(found, len(word), at.rest)


class _At:
    """A place in a document, with what is known there."""

    def __init__(self, library: Library, document: Document, position: Position) -> None:
        self._library = library
        self._document = document
        self._position = position
        self._lookup = Meanings(library)
        line = _line(document.text, position.line)
        column = position.column - 1
        here = line[column:]
        self.rest = len(here) - len(_WORD_ON.sub("", here))
        """Characters behind the place that belong to the word there."""
        self._behind = here[self.rest :]
        self.before = line[:column]
        reads = document.reads()
        self._read: Read | None = definition_at(reads, position.line)
        self._piece = None
        found = piece_at(reads, position.line)
        if found is not None:
            self._read, self._piece = found
            span = self._piece.line_span(position.line)
            if "\n" in self._piece.text:
                self.before = _logical(self._piece.text[: min(span.start + column, span.end)])
        self.is_body = line[:1] in (" ", "\t")

    def offers(self, now: Context) -> Iterable[Offer]:  # noqa: PLR0911, PLR0912  # one case a wish
        """What fits."""
        match now.want:
            case "nothing":
                return ()
            case "definition":
                return words(DEFINITIONS, 1)
            case "statement":
                return (*self._statements(), *self._flow())
            case "argument":
                return (*self._arguments(now), *self._names(), *layer_offers(8))
            case "value":
                return (*self._values(now), *self._names())
            case "attribute":
                stride = {"stride": "how much coarser than what comes in"}
                return plain(ATTRIBUTES | (stride if now.name == "target" else {}), "attribute")
            case "operand":
                return [offer for offer in self._names() if offer.kind == "tensor"]
            case "path":
                return (*self._paths(now.word), *self._skips(now.word))
            case "skips":
                return (Offer("skips", "keyword"),)
            case "imports":
                return self._imports()
            case "file":
                return self._files()
            case "merge":
                return plain(MERGES, "keyword")
            case "training":
                return (Offer("training", "keyword", "only while the network is trained"),)
            case "metric":
                return (*plain(METRICS, "constant"), *self._names(), *function_offers())
            case "layer":
                return (*layer_offers(2), *self._names(("block", "network")))
            case "unit":
                return (*self._names(("block", "network")), *self._of_zoo())
            case "text":
                return texts_of(now.call.name, now.name) if now.call else ()
            case "version":
                return (Offer("1", "value", "the version of the language"),)
            case "from":
                return (Offer("from", "keyword"),)
            case "beside":
                return (Offer("after", "keyword"), Offer("before", "keyword"))
            case "way":
                return plain(WAYS, "keyword")
            case "weights":
                return (Offer(kind, "keyword", snippet=f'{kind} "$1"') for kind in WEIGHTS)
            case "operator":
                return plain(OPERATORS, "keyword")
            case _:
                return self._flow()

    def _statements(self) -> Iterator[Offer]:
        derived = bool(self._read and _DERIVED.match(self._read.cut.header.text))
        if derived:
            yield from words(SURGERY, 1)
        yield from words(STATEMENTS, 6 if derived else 3)

    def _flow(self) -> Iterator[Offer]:
        joins = bool(_JOINS.search(re.sub(r"[A-Za-z_]\w*\Z", "", self.before)))
        called = self._behind.lstrip()[:1] == "("
        yield from layer_offers(with_call=not called)
        ring = "∘" if joins and not re.match(r"\s*[∘@(]", self._behind) else ""
        yield from operator_offers(1 if joins else 6, ring=ring)
        yield from function_offers()
        yield from self._names()
        yield from (Offer(word, "value", rank=8) for word in ("true", "false", "same", "none"))

    # ── names ────────────────────────────────────────────────────────────────────────────────

    def _names(self, kinds: tuple[str, ...] = ()) -> Iterator[Offer]:
        for offer in (*self._of_file(), *self._local()):
            if not kinds or offer.kind in kinds:
                yield offer

    def _of_file(self) -> Iterator[Offer]:
        for name in self._lookup.names(self._document):
            meaning = self._lookup.declared(self._document, name)
            if meaning is None or meaning.read is self._read:
                continue  # nothing is made of itself
            unit = meaning.read.tree
            doc = unit.body.doc if isinstance(unit, (tree.Block, tree.Network)) else ""
            header = meaning.read.cut.header.text.partition("\n")[0].partition("#")[0]
            yield Offer(name, _KINDS[meaning.kind], header.strip().rstrip(":"), doc, rank=2)

    def _local(self) -> Iterator[Offer]:
        if self._read is None or not (self.is_body or self._position.line <= self._header_end()):
            return
        for symbol in bindings(self._read).symbols:
            if self._is_visible(symbol):
                detail = self._shape(symbol) or str(symbol.kind)
                yield Offer(symbol.name, _KINDS[symbol.kind], detail, rank=1)
        if self.is_body and self._read.cut.header.text.startswith(("block", "network")):
            yield Offer("x", "tensor", "the input", rank=1)
        for name in self._half_written():
            yield Offer(name, "constant", rank=1)

    def _header_end(self) -> int:
        assert self._read is not None
        header = self._read.cut.header
        return header.anchor.lines + header.text.count("\n") + 1

    def _is_visible(self, symbol: Symbol) -> bool:
        at = symbol.spans[0]
        made_here = at.begin.line == self._position.line and _MADE.match(self.before)
        if at.begin >= self._position or (made_here and symbol.name == made_here["name"]):
            return False
        return symbol.depth == 0 or at.source is self._piece

    def _half_written(self) -> Iterator[str]:
        """Names of a line that cannot be read as a whole yet: of loops around, of lines above."""
        if self._piece is None:
            return
        line = self._position.line - 1 - self._piece.anchor.lines
        text = "\n".join(self._piece.text.split("\n")[:line])
        for pattern in (_LOOPS, _BOUND):
            for match in pattern.finditer(text):
                yield from re.findall(r"[A-Za-z_]\w*", match[1])

    def _shape(self, symbol: Symbol) -> str:
        if symbol.kind not in ("tensor", "output") or symbol.statement is None:
            return ""
        results = self._document.analysis().results(symbol.statement)  # pyright: ignore[reportArgumentType]  # a tensor is kept by a statement
        value = results[0].value if results else None
        return "x".join(map(str, value.shape)) if isinstance(value, Tensor) else ""

    # ── arguments ────────────────────────────────────────────────────────────────────────────

    def _arguments(self, now: Context) -> Iterator[Offer]:
        assert now.call is not None
        given = self._given(now.call)
        equals = self._behind.lstrip()[:1] == "="
        for offer in self._parameters_of(now.call.name):
            if offer.label.rstrip("=") not in given:
                yield offer._replace(label=offer.label.rstrip("=")) if equals else offer

    def _parameters_of(self, name: str) -> Iterable[Offer]:
        known = arguments_of(name) or [*self._parameters(name)]
        found = None if known else signature_of(self._document.analysis(), self._read, name)
        named = (a for a in found.arguments if found) if found else ()
        return known or [Offer(f"{a.name}=", "argument", a.label, rank=1) for a in named]

    def _given(self, call: Open) -> set[str]:
        """The arguments that are there already, by name or by place."""
        found = signature_of(self._document.analysis(), self._read, call.name)
        names = [argument.name for argument in found.arguments] if found else []
        given: set[str] = set()
        for number, text in enumerate(call.given):
            keyword, is_named, _ = text.partition("=")
            if is_named:
                given.add(keyword.strip())
            elif found is not None and found.size and DIMS.fullmatch(text.strip()):
                given.add(found.size)
            elif number < len(names):
                given.add(names[number])
        return given

    def _parameters(self, name: str) -> Iterator[Offer]:
        meaning = self._lookup.declared(self._document, name)
        for _, parameter in self._lookup.parameters(meaning) if meaning else ():
            default = parameter.default
            detail = "required" if default is None else f"default {default.span.text}"
            yield Offer(f"{parameter.name}=", "argument", detail, rank=1)

    def _values(self, now: Context) -> Iterator[Offer]:
        assert now.call is not None
        found = values_of(now.call.name, now.name)
        if found or arguments_of(now.call.name):
            yield from found
        else:
            yield from (Offer(word, "value", rank=4) for word in ("true", "false", "same", "none"))

    def _of_zoo(self) -> Iterator[Offer]:
        """Networks that one more line brings in."""
        known = self._lookup.names(self._document)
        for name, path in zoo().items():
            if name not in known:
                file = f"{ZOO}{path.name}"
                yield Offer(name, "network", file, rank=7, use=f'use {name} from "{file}"')

    # ── derived networks ─────────────────────────────────────────────────────────────────────

    def _paths(self, word: str) -> Iterator[Offer]:
        """The next name of each path of the base that goes on from what is written."""
        graph = self._base()
        before = word.rpartition(".")[0]
        seen: set[str] = set()
        for node in graph.nodes if graph else ():
            if node.kind in MERGE_KINDS or not node.path or node.role == "input":
                continue
            rest = node.path.removeprefix(f"{before}.") if before else node.path
            if before and rest == node.path:
                continue
            name, _, below = rest.partition(".")
            if name not in seen:
                seen.add(name)
                shape = "x".join(map(str, node.shape))
                yield Offer(name, "path", "a part" if below else f"{node.kind}, {shape}", rank=1)

    def _skips(self, word: str) -> Iterator[Offer]:
        if "." not in word and re.match(r"\s*(?:remove|replace)\s+\w*\Z", self.before):
            for kind in ("short", "long", "dense", "all"):
                yield Offer(f"{kind} skips", "keyword", "skip connections", rank=3)

    def _base(self) -> Graph | None:
        unit = self._read.tree if self._read else None
        if not isinstance(unit, tree.Network) or unit.base is None:
            return None
        callee = unit.base.callee if isinstance(unit.base, tree.Call) else unit.base
        if isinstance(callee, tree.Name) and self._read is not None:
            meant = self._lookup.of(self._document, self._read, Mention(callee.id, callee.span))
            found = meant.document.analysis().networks.get(meant.name) if meant else None
            if found is not None:
                return found.graph
        own = self._document.analysis().networks.get(unit.name.id)
        return own.graph if own else None

    # ── other files ──────────────────────────────────────────────────────────────────────────

    def _imports(self) -> Iterator[Offer]:
        named = re.search(r"\bfrom\s*[\"']([^\"']+)[\"']", self._behind)
        if named is None:
            for name, path in zoo().items():
                text = f'{name} from "{ZOO}{path.name}"'
                yield Offer(name, "network", f"{ZOO}{path.name}", snippet=text)
        else:
            nowhere = Span(Source("", ""), 0, 0)
            file = tree.Constant(nowhere, named[1])
            other = self._library.used(self._document, tree.Use(nowhere, (), file))
            for name in self._lookup.names(other) if other else ():
                meaning = self._lookup.declared(other, name) if other else None
                yield Offer(name, _KINDS[meaning.kind] if meaning else "constant")

    def _files(self) -> Iterator[Offer]:
        for path in sorted(zoo_folder().glob("*.arch")):
            yield Offer(f"{ZOO}{path.name}", "file", "of the zoo", rank=6)
        if self._document.path is None:
            return
        folder = Path(self._document.path).parent
        for path in spec_files([folder]):
            if path != self._document.path:
                yield Offer(path.relative_to(folder.resolve()).as_posix(), "file", rank=2)


def _line(text: str, number: int) -> str:
    return text.split("\n", number)[number - 1].rstrip("\r") if number > 0 else ""


def _logical(text: str) -> str:
    """The end of a text, from the line of the outermost bracket that is open there."""
    plain, _ = blanked(text)
    opened = open_brackets(plain)
    return text[text.rfind("\n", 0, opened[0] if opened else len(text)) + 1 :]
