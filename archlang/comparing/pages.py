"""A difference in words and numbers, as `archlang diff` prints it."""

from __future__ import annotations

from collections.abc import Container, Sequence

from archlang.comparing.groups import Group, file_name, groups, joined
from archlang.comparing.model import Change, Difference, Place, Sort, Stage, Totals
from archlang.ops.base import Shape, shape_text
from archlang.record import Record

SIGNS: dict[Sort, str] = {
    "came": "+",
    "went": "-",
    "changed": "~",
    "rewired": "rewired",
    "moved": "moved",
}


class Sheet(Record):
    """A table: headings, rows, and which columns are numbers."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[str] = frozenset()


def totals_sheet(difference: Difference) -> Sheet:
    """Both networks in numbers."""
    a, b = difference.before, difference.after
    rows = [
        _number("parameters", a.params, b.params),
        *([_number("frozen", a.frozen, b.frozen)] if a.frozen or b.frozen else []),
        _number("MACs", a.macs, b.macs),
        _number("depth", a.depth, b.depth),
        _number("steps", a.layers, b.layers),
        ("input", _ends(a.inputs), _ends(b.inputs), ""),
        ("output", _ends(a.outputs), _ends(b.outputs), ""),
    ]
    names = _names(a, b)
    return Sheet(("", *names, "change"), tuple(rows), frozenset({*names, "change"}))


def _names(a: Totals, b: Totals) -> tuple[str, str]:
    """What stands above the two: their names, unless those are the same."""
    return (a.name, b.name) if a.name != b.name else (f"{a.name} before", f"{b.name} after")


def _number(name: str, a: int, b: int) -> tuple[str, str, str, str]:
    part = f" ({100 * (b - a) / a:+.1f} %)" if a and a != b else ""
    return name, f"{a:,}", f"{b:,}", f"{b - a:+,}{part}" if a != b else ""


def _ends(ends: dict[str, Shape]) -> str:
    if len(ends) == 1:
        return shape_text(next(iter(ends.values())))
    return ", ".join(f"{name} {shape_text(shape)}" for name, shape in ends.items())


def changes_sheet(difference: Difference) -> Sheet:
    """What was changed, one row for each line of the specs that it comes from."""
    files = {file_name(side.file) for side in (difference.before, difference.after)}
    rows = tuple(_row(group, files) for group in groups(difference.changes))
    headings = ("", "what", "where", "params", "MACs", "line")
    return Sheet(headings, rows, frozenset({"params", "MACs", "line"}))


def _row(group: Group, files: Container[str]) -> tuple[str, ...]:
    text = f"{group.text}: {group.note}" if group.note else group.text
    text = f"  {text}" if not group.counts else text
    return (
        SIGNS[group.sort],
        text,
        group.where,
        _signed(group.params),
        _signed(group.macs),
        group.line(files),
    )


def _signed(number: int) -> str:
    return f"{number:+,}" if number else ""


def stages_sheet(difference: Difference) -> Sheet:
    """The parts of the body that cost or give something else."""
    rows = tuple(_stage(stage) for stage in difference.stages if stage.costs)
    headings = ("part", "output", "params", "change", "MACs", "change ")
    return Sheet(headings, rows, frozenset(headings[2:]))


def _stage(stage: Stage) -> tuple[str, ...]:
    a, b = stage.before, stage.after
    return (
        _both(a and a.path, b and b.path),
        _both(a and _shapes(a), b and _shapes(b)),
        _count(a, b, "params"),
        _signed((b.params if b else 0) - (a.params if a else 0)),
        _count(a, b, "macs"),
        _signed((b.macs if b else 0) - (a.macs if a else 0)),
    )


def _count(a: Place | None, b: Place | None, cost: str) -> str:
    shown = [f"{getattr(place, cost):,}" if place else "–" for place in (a, b)]
    if shown == ["0", "0"]:
        return ""
    return shown[0] if shown[0] == shown[1] else " → ".join(shown)


def _both(a: str | None, b: str | None) -> str:
    return " → ".join(dict.fromkeys(text for text in (a, b) if text is not None))


def _shapes(place: Place) -> str:
    return " ".join(map(shape_text, place.shapes))


def remarks(difference: Difference) -> list[str]:
    """What follows from the changes, and what became of the outputs, one sentence each."""
    found = [f"{text}" for text in difference.outputs]
    shaped = [c for c in difference.follows if c.sort == "shape"]
    if shaped:
        cost = sum(change.params for change in shaped)
        more = f", with {cost:+,} parameters" if cost else ""
        found.append(f"other shapes by that: {_steps(shaped)}{more} ({_paths(shaped)})")
    moved = [c for c in (*difference.changes, *difference.follows) if _renamed(c)]
    if moved:
        first = moved[0]
        assert first.before and first.after, "what has two paths is on both sides"
        more = ", …" if len(moved) > 1 else ""
        found.append(
            f"other names in state_dict: {_steps(moved)}"
            f" ({first.before.path} → {first.after.path}{more})"
        )
    return found


def _renamed(change: Change) -> bool:
    a, b = change.before, change.after
    return a is not None and b is not None and a.path != b.path and b.params > 0


def _steps(changes: Sequence[Change]) -> str:
    return f"{len(changes)} step{'' if len(changes) == 1 else 's'}"


def _paths(changes: Sequence[Change]) -> str:
    paths = [change.place.path for change in changes]
    return joined(paths, 3) if len(paths) <= 3 else f"{paths[0]} … {paths[-1]}"
