"""What a network asks of its sizes put together: for each size by itself, or for several tied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from archlang.analysis.sizes.courses import Course, always, both
from archlang.analysis.sizes.families import Steps, box, multiples, on_line, spaced, through
from archlang.analysis.sizes.follow import Axis, Demand, Joint, Tie, Walk
from archlang.record import Record

Item = TypeVar("Item", Demand, Tie)
Ranges = tuple[tuple[int, ...], ...]
"""For each size of a group those that go with all of the others'."""
_MOST_PAIRS = 1 << 18
"""Sizes that are looked at to find which go together."""


class Group(Record):
    """Sizes of the inputs that are chosen together; most groups are one size."""

    axes: tuple[int, ...]
    alone: tuple[Course, ...]
    """What is asked of each of them by itself, with the values 0 and 1."""
    ties: tuple[Tie, ...]
    equal: Course
    """Which n are legal, where the sizes are those of `steps`."""
    steps: Steps
    """One way to choose them: each as (a, b), which is a · n + b; empty where none is known."""
    diagonal: Course
    """Which n are legal for all of them at once."""
    box: tuple[Course, ...] = ()
    """Legal sizes of each, whatever the others are; empty where a line says more."""

    @property
    def found(self) -> bool:
        """Whether any size is legal."""
        return bool(self.box) or any(self.equal.table)

    @property
    def factors(self) -> tuple[int, ...]:
        """They are legal as these times one number (1, 2: one is twice as large as the other);
        empty where they are not."""
        return () if any(b for _, b in self.steps) else tuple(a for a, _ in self.steps)

    def of(self, index: int) -> Course:
        """The legal sizes of one of them."""
        if self.box:
            return self.box[index]
        return spaced(self.equal, *self.steps[index]) if self.steps else self.equal


class Asked(Record):
    """All that a network asks of its inputs' sizes."""

    axes: tuple[Axis, ...]
    groups: tuple[Group, ...]
    demands: tuple[Demand, ...]
    ties: tuple[Tie, ...]


def asked(walk: Walk, *, training: bool = True, baked: bool = True) -> Asked:
    """Put together what a walk has noted.

    `training`: with the parts that run only while training; `baked`: with what could be compiled
    anew for another size.

    Raises:
        TooLongError: the conditions together repeat too late.
    """
    demands = tuple(_chosen(walk.demands, training, baked))
    ties = tuple(_chosen(walk.ties, training, baked))
    alone = {i: _joined(i, demands) for i in range(len(walk.axes))}
    sizes = [axis.size for axis in walk.axes]
    groups = tuple(_group(axes, alone, ties, sizes) for axes in _tied(len(walk.axes), ties))
    return Asked(tuple(walk.axes), groups, demands, ties)


def _chosen(items: Iterable[Item], training: bool, baked: bool) -> Iterator[Item]:
    for item in items:
        if (training or item.node.training is None) and (baked or not item.baked):
            yield item


def _joined(axis: int, demands: Iterable[Demand]) -> Course:
    whole = always(axis)
    for holds in dict.fromkeys(d.holds for d in demands if d.holds.axis == axis):
        whole = both(whole, holds)
    return whole


def _tied(count: int, ties: Iterable[Tie]) -> list[tuple[int, ...]]:
    """The sizes, those together that are tied directly or through others."""
    groups = [{i} for i in range(count)]
    for tie in ties:
        touched = [g for g in groups if g & tie.axes]
        groups = [g for g in groups if not g & tie.axes] + [set[int]().union(*touched)]
    return sorted(tuple(sorted(g)) for g in groups if g)


def _group(
    axes: tuple[int, ...], alone: Mapping[int, Course], ties: Iterable[Tie], sizes: Sequence[int]
) -> Group:
    own = tuple(t for t in ties if t.axes & set(axes))
    conditions = tuple(alone[i] for i in axes)
    plain = ((1, 0),) * len(axes)
    if not own:
        return Group(axes, conditions, (), conditions[0], plain, conditions[0])
    diagonal = on_line(axes, conditions, own, plain)
    same = box(axes, conditions, own, sizes)
    if not same or any(t.kind not in ("spread", "product") for t in own):
        lines = through([sizes[i] for i in axes]) if same else multiples(len(axes))
        if found := _longest(axes, conditions, own, lines, endless=bool(same)):
            return Group(axes, conditions, own, *found, diagonal)
    steps = plain if any(diagonal.table) else ()
    return Group(axes, conditions, own, diagonal, steps, diagonal, same)


def _longest(
    axes: tuple[int, ...],
    alone: tuple[Course, ...],
    ties: tuple[Tie, ...],
    lines: Iterable[Steps],
    *,
    endless: bool,
) -> tuple[Course, Steps] | None:
    """The first line on which sizes without end are legal; failing that one on which any is."""
    if any(t.kind == "product" for t in ties) and endless:
        return None
    short: tuple[Course, Steps] | None = None
    for steps in lines:
        legal = on_line(axes, alone, ties, steps)
        if any(legal.table[legal.start :]):
            return legal, steps
        if short is None and any(legal.table) and not endless:
            short = legal, steps
    return short


def companions(group: Group, tie: Tie, most: int = _MOST_PAIRS) -> list[Ranges] | None:
    """All sizes of a group whose product a layer fixes: for each axis those that lead to one value.

    None where they are not of that kind, or too many.
    """
    joint, wanted = tie.left, tie.right
    if len(group.ties) != 1 or tie.kind != "product" or not isinstance(joint, Joint):
        return None
    if sorted(c.axis for c in joint.courses) != list(group.axes) or not isinstance(wanted, int):
        return None
    whole, rest = divmod(wanted, joint.scale)
    courses = sorted(joint.courses, key=lambda c: c.axis)
    limits = [c.far(whole + 1) for c in courses]
    if rest or max(limits) > most or not all(c.growth > 0 for c in courses):
        return None
    by_value: list[dict[int, list[int]]] = []
    for course, limit, alone in zip(courses, limits, group.alone, strict=True):
        by_value.append({})
        for n in range(1, limit):
            if (value := course(n)) > 0 and whole % value == 0 and alone(n):
                by_value[-1].setdefault(value, []).append(n)
    return list(_with_product(whole, by_value))


def _with_product(whole: int, parts: Sequence[Mapping[int, list[int]]]) -> Iterator[Ranges]:
    """The choices of one value from each part that have a product."""
    if not parts:
        if whole == 1:
            yield ()
        return
    for value, sizes in parts[0].items():
        if whole % value == 0:
            for others in _with_product(whole // value, parts[1:]):
                yield (tuple(sizes), *others)
