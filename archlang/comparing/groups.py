"""Changes that one line of a spec brings about, put together: a block is used many times."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from archlang.comparing.model import Change, Place, Sort

_ARGUMENT = re.compile(r"(\w+)=([^,()\[\]]+|\[[^\]]*\])(?=, |\))")
_MOST_PATHS = 4


@dataclass(frozen=True)
class Group:
    """Changes of one sort at one line, in their order."""

    changes: tuple[Change, ...]

    @property
    def sort(self) -> Sort:
        """Theirs."""
        return self.changes[0].sort

    @property
    def params(self) -> int:
        """How many parameters more there are by them."""
        return sum(change.params for change in self.changes)

    @property
    def macs(self) -> int:
        """How many MACs more there are by them."""
        return sum(change.macs for change in self.changes)

    @property
    def counts(self) -> bool:
        """Whether their parameters and MACs are not those of a block that is told of as well."""
        return not all(change.inside for change in self.changes)

    @property
    def text(self) -> str:
        """`conv(64, 3x3) → conv(64, 5x5) ×4`, or what each came or went as."""
        before = [c.before for c in self.changes if c.before]
        after = [c.after for c in self.changes if c.after]
        old, new = _text(before), _text(after)
        if before and after and old == new and self.sort == "changed":
            old, new = _first(before), _first(after)
        text = old if not after or old == new else new if not before else f"{old} → {new}"
        return f"{text} ×{len(self.changes)}" if len(self.changes) > 1 else text

    @property
    def note(self) -> str:
        """That of the first of them; those of others name other paths."""
        notes = list(dict.fromkeys(change.note for change in self.changes if change.note))
        return f"{notes[0]}, …" if len(notes) > 1 else "".join(notes)

    @property
    def where(self) -> str:
        """Their paths; of what moved where from."""
        now = joined([change.place.path for change in self.changes])
        old = joined([change.before.path for change in self.changes if change.before])
        return f"{old} → {now}" if self.sort == "moved" else now

    def line(self, files: Container[str] = ()) -> str:
        """The lines of the specs: `12`, or `12 → 14`; of other files than these `unit.arch:3`."""
        first = self.changes[0]
        lines: dict[str, None] = {}
        for place in (first.before, first.after):
            if place is not None:
                name = file_name(place.file)
                lines[str(place.line) if name in files else f"{name}:{place.line}"] = None
        return " → ".join(lines)


def file_name(file: str) -> str:
    """Without its folder and revision."""
    return PurePath(file.rpartition(":")[2]).name


def groups(changes: Iterable[Change]) -> list[Group]:
    """The changes by the lines that they come from, in the order of the first of each."""
    found: dict[object, list[Change]] = {}
    for change in changes:
        key = (change.sort, change.inside, _origin(change.before), _origin(change.after))
        found.setdefault(key, []).append(change)
    return [Group(tuple(group)) for group in found.values()]


def _origin(place: Place | None) -> object:
    return place and (place.file, place.line, place.column, place.kind)


def _text(places: Sequence[Place]) -> str:
    """What stands for all of them: their text, or what they have in common."""
    texts = list(dict.fromkeys(place.text for place in places))
    if len(texts) <= 1:
        return "".join(texts)
    written = {place.written for place in places}
    if len(written) == 1 and "" not in written:
        return written.pop()
    found = [dict(_ARGUMENT.findall(text)) for text in texts]
    shared = [f"{k}={v}" for k, v in found[0].items() if all(f.get(k) == v for f in found)]
    return f"{places[0].kind}({', '.join(shared)})" if shared else places[0].kind


def _first(places: Sequence[Place]) -> str:
    """The first of them, where what they have in common is on both sides the same."""
    several = len({place.text for place in places}) > 1
    return f"{places[0].text}, …" if several else places[0].text


def joined(paths: Sequence[str], most: int = _MOST_PATHS) -> str:
    """`layer1.2, layer2.2–3, layer3.2–5`: paths that count on from each other as one."""
    runs: dict[tuple[str, str], list[int]] = {}
    for path in dict.fromkeys(paths):
        head, number, tail = _counted(path)
        runs.setdefault((head, tail), []).append(number)
    texts = [text for (head, tail), numbers in runs.items() for text in _run(head, tail, numbers)]
    return ", ".join(texts[:most]) + (f", … {texts[-1]}" if len(texts) > most else "")


def _counted(path: str) -> tuple[str, int, str]:
    """A path around the last of its pieces that is a number; else around the number at its end."""
    pieces = path.split(".")
    places = [k for k, piece in enumerate(pieces) if piece.isdecimal()]
    if not places:
        head = path.rstrip("0123456789")
        return head, int(path[len(head) :] or -1), ""
    k = places[-1]
    behind = pieces[k + 1 :]
    return "".join(f"{p}." for p in pieces[:k]), int(pieces[k]), "".join(f".{p}" for p in behind)


def _run(head: str, tail: str, numbers: Sequence[int]) -> list[str]:
    if numbers == [-1]:
        return [head]
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return [f"{head}{a if a == b else f'{a}–{b}'}{tail}" for a, b in found]
