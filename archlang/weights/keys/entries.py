"""The text of a key map, checked: JSON in, its entries out, each mistake at its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, NoReturn, cast

from archlang.diagnostics.catalog.keymaps import BadKeyMap
from archlang.diagnostics.model import Diagnostic, Label, Problem, SpecError
from archlang.diagnostics.suggest import closest
from archlang.source import Source, Span
from archlang.weights.keys.match import Theirs

TITLE = "archlang key map"
VERSION = 1
MAX_RANK = 8
_HEADS = (TITLE, "network", "tensors", "ambiguous", "missing", "unused")
_SYNTAX = (
    "in JSON names stand in double quotes, entries have commas between them, "
    "and there is none behind the last"
)
_VALUE = 'write the name of a tensor of the checkpoint, or {"from": "name", "reshape": [64, 128]}'


class Entries(NamedTuple):
    """What a key map says; see `KeyMap`."""

    network: str
    tensors: dict[str, Theirs]
    ambiguous: dict[str, tuple[Theirs, ...]]
    missing: tuple[str, ...]
    unused: tuple[str, ...]


def read_entries(source: Source) -> Entries:
    """The entries of a key map.

    Raises:
        SpecError: it is no key map, or contradicts itself (E0712).
    """
    return check_entries(_parsed(source), source)


def check_entries(content: object, source: Source) -> Entries:
    """The entries of what was JSON. `source` is where mistakes are shown.

    Raises:
        SpecError: it is no key map, or contradicts itself (E0712).
    """
    if not isinstance(content, Mapping) or TITLE not in content:
        refuse(source, f'it does not begin with {{"{TITLE}": {VERSION}, …}}')
    heads = cast("Mapping[str, Any]", content)
    if type(heads[TITLE]) is not int or heads[TITLE] != VERSION:
        reason = f"it is of version {json.dumps(heads[TITLE])[:20]}, and this is version {VERSION}"
        refuse(source, reason, TITLE)
    for head in heads:
        if head not in _HEADS:
            near = closest(head, _HEADS)
            way_out = f"did you mean {near!r}?" if near else f"it may have {', '.join(_HEADS)}"
            refuse(source, f"it has no part {head!r}", head, way_out=way_out)
    network = heads.get("network", "")
    if not isinstance(network, str):
        refuse(source, "the network's name is no text", "network")
    entries = Entries(
        network,
        {name: _theirs(source, name, value) for name, value in _part(source, heads, "tensors")},
        {name: _several(source, name, value) for name, value in _part(source, heads, "ambiguous")},
        _names(source, "missing", heads.get("missing", [])),
        _names(source, "unused", heads.get("unused", [])),
    )
    _hold_one_to_one(source, entries.tensors)
    return entries


def refuse(
    source: Source,
    reason: str,
    name: str = "",
    mark: str = "",
    way_out: str = BadKeyMap.way_out,
    secondary: Iterable[Label] = (),
) -> NoReturn:
    """Refuse a key map, at the entry of that name.

    Raises:
        SpecError: always.
    """
    raise wrong(BadKeyMap(reason, mark, way_out), place(source, name), secondary)


def wrong(problem: Problem, at: Span, secondary: Iterable[Label] = ()) -> SpecError:
    """The error of a problem with a key map."""
    return SpecError([Diagnostic.of(problem, at, secondary)])


def place(source: Source, name: str, *, number: int = 0, value: bool = False) -> Span:
    """Where a name is written: before a colon, or as a value; else the beginning of the file.

    Args:
        source: the key map.
        name: the name, as it is meant.
        number: which of several, from 0.
        value: whether it is one of theirs.
    """
    behind = r"(?!\s*:)" if value else r"(?=\s*:)"
    written = {re.escape(json.dumps(name, ensure_ascii=ascii_)) for ascii_ in (True, False)}
    found = list(re.finditer(f"(?:{'|'.join(written)}){behind}", source.text)) if name else []
    if number < len(found):
        return Span(source, *found[number].span())
    return Span(source, 0, 0)


class _TwiceError(ValueError):
    """A name stands twice in an object; its text is the name."""


def _parsed(source: Source) -> object:
    try:
        return json.loads(source.text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        at = Span(source, error.pos, min(error.pos + 1, len(source.text)))
        what = error.msg[:1].lower() + error.msg[1:]
        raise wrong(BadKeyMap("it is no valid JSON", what, _SYNTAX), at) from None
    except _TwiceError as error:
        name = str(error)
        at = place(source, name, number=1)
        problem = BadKeyMap(f"{name!r} stands there twice", "again", "take one of them out")
        raise wrong(problem, at, [Label(place(source, name), "first")]) from None
    except (RecursionError, ValueError):  # too many brackets in each other, or digits in a number
        refuse(source, "it is not the JSON of a key map")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise _TwiceError(name)
        found[name] = value
    return found


def _part(source: Source, heads: Mapping[str, Any], head: str) -> Iterator[tuple[str, Any]]:
    part = heads.get(head, {})
    if not isinstance(part, Mapping):
        refuse(source, f'"{head}" is no object {{"ours": "theirs", …}}', head)
    yield from cast("Mapping[str, Any]", part).items()


def _theirs(source: Source, name: str, value: Any) -> Theirs:
    if isinstance(value, str):
        return Theirs(value)
    if not isinstance(value, dict) or set(cast("dict[str, Any]", value)) != {"from", "reshape"}:
        refuse(source, f"what stands for {name!r} is no tensor", name, way_out=_VALUE)
    theirs, shape = cast("list[Any]", [value["from"], value["reshape"]])
    if not isinstance(theirs, str):
        refuse(source, f"what stands for {name!r} is no name", name, way_out=_VALUE)
    if not _is_shape(shape):
        refuse(source, f"the shape for {name!r} is no list of sizes", name, way_out=_VALUE)
    return Theirs(theirs, tuple(shape))


def _is_shape(value: Any) -> bool:
    is_list = isinstance(value, list) and 0 < len(cast("list[Any]", value)) <= MAX_RANK
    return is_list and all(type(size) is int and size > 0 for size in cast("list[Any]", value))


def _several(source: Source, name: str, value: Any) -> tuple[Theirs, ...]:
    if not isinstance(value, list):
        way_out = 'once it is decided, move it to "tensors"'
        refuse(source, f"{name!r} is ambiguous, but has no list", name, way_out=way_out)
    return tuple(_theirs(source, name, one) for one in cast("list[Any]", value))


def _names(source: Source, head: str, value: Any) -> tuple[str, ...]:
    names = tuple(cast("list[Any]", value)) if isinstance(value, list) else (None,)
    if not all(isinstance(name, str) for name in names):
        refuse(source, f'"{head}" is no list of names', head)
    return cast("tuple[str, ...]", names)


def _hold_one_to_one(source: Source, tensors: Mapping[str, Theirs]) -> None:
    users: dict[str, str] = {}
    for ours, theirs in tensors.items():
        other = users.setdefault(theirs.name, ours)
        if other != ours:
            refuse(
                source,
                f"{other!r} and {ours!r} are both {theirs.name!r}",
                ours,
                f"{theirs.name!r} again",
                "each tensor of the checkpoint is for one of the network",
                [Label(place(source, other), "first")],
            )
