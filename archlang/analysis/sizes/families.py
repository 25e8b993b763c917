"""Which sizes go together where layers tie them: along a line, or all in a box round one size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product as combinations
from math import lcm, prod

from archlang.analysis.sizes.courses import (
    MOST,
    Course,
    TooLongError,
    always,
    applied,
    both,
    difference,
)
from archlang.analysis.sizes.follow import Extent, Joint, Tie

Steps = tuple[tuple[int, int], ...]
"""A line: each size as (a, b), which is a · n + b."""
_MOST_TIED = 4
"""Sizes tied together that lines of other factors are looked for."""
_ANY = -(10**18)


# ── boxes ────────────────────────────────────────────────────────────────────────────────────


def box(
    axes: Sequence[int], alone: Sequence[Course], ties: Iterable[Tie], sizes: Sequence[int]
) -> tuple[Course, ...]:
    """For each axis the sizes that lead to the same as the spec's do, so that ties still hold.

    Each may be chosen without the others. Empty where the spec's own size is not legal.
    """
    ties = tuple(ties)
    if not all(holds(sizes[i]) for i, holds in zip(axes, alone, strict=True)):
        return ()
    if not all(_is_met(tie, sizes) for tie in ties):
        return ()
    found = dict(zip(axes, alone, strict=True))
    for tie in ties:
        for course in (*_courses(tie.left), *_courses(tie.right)):
            value = course(sizes[course.axis])
            if tie.kind != "spread":
                same = applied(course, lambda m, v=value: int(m == v), 1, 0, abs(value) + 1)
            elif value != 1:
                same = applied(course, lambda m: int(m != 1), 1, 0, 2)
            else:
                continue
            found[course.axis] = both(found[course.axis], same)
    return tuple(found[i] for i in axes)


def _courses(side: Extent) -> tuple[Course, ...]:
    if isinstance(side, Joint):
        return side.courses
    return (side,) if isinstance(side, Course) else ()


def _is_met(tie: Tie, sizes: Sequence[int]) -> bool:
    """Whether the spec's own sizes are as a tie wants them."""
    left, right = _value(tie.left, sizes), _value(tie.right, sizes)
    match tie.kind:
        case "fits":
            return left >= right
        case "even":
            return (left - right) % 2 == 0
        case "spread":
            return left != right
        case _:
            return left == right


def _value(side: Extent, sizes: Sequence[int]) -> int:
    scale = side.scale if isinstance(side, Joint) else side if isinstance(side, int) else 1
    return scale * prod(course(sizes[course.axis]) for course in _courses(side))


# ── lines ────────────────────────────────────────────────────────────────────────────────────


def multiples(count: int) -> Iterator[Steps]:
    """Lines of small factors that several inputs may differ by, the simplest first."""
    yield ((1, 0),) * count
    if count <= _MOST_TIED:
        choices = combinations((1, 2, 4, 8), repeat=count)
        for factors in sorted((c for c in choices if min(c) == 1 and max(c) > 1), key=sum):
            yield tuple((a, 0) for a in factors)


def through(sizes: Sequence[int]) -> Iterator[Steps]:
    """Lines of small factors through some sizes, those through 0 first."""
    moved: list[Steps] = []
    for steps in multiples(len(sizes)):
        n = next(size for size, (a, _) in zip(sizes, steps, strict=True) if a == 1)
        line = tuple((a, size - a * n) for size, (a, _) in zip(sizes, steps, strict=True))
        if any(b for _, b in line):
            moved.append(line)
        else:
            yield line
    yield from moved


def on_line(
    axes: Sequence[int], alone: Sequence[Course], ties: Iterable[Tie], steps: Steps
) -> Course:
    """Which n are legal on a line."""
    places = dict(zip(axes, steps, strict=True))
    whole = always(axes[0])
    for i, course in zip(axes, alone, strict=True):
        whole = both(whole, _stretched(course, places[i], axes[0]))
    for tie in ties:
        whole = both(whole, _condition(tie, places, axes[0]))
    return whole


def spaced(holds: Course, a: int, b: int) -> Course:
    """The condition on m = a · n + b that `holds` is on n; of sizes below 1 none is meant."""
    if (a, b) == (1, 0):
        return holds
    start, period = max(0, a * holds.start + b), a * holds.period
    values = (
        int((m - b) % a == 0 and m >= b and m > 0 and holds((m - b) // a))
        for m in range(start + period)
    )
    return Course(holds.axis, start, 0, tuple(values))


def _stretched(course: Course, step: tuple[int, int], axis: int) -> Course:
    """f(a · n + b) as a function of n; below 0 as at 0, which is no legal size."""
    a, b = step
    if (a, b) == (1, 0):
        return Course(axis, course.start, course.growth, course.table)
    start = max(0, -(-(course.start - b) // a), -(b // a))
    period = lcm(course.period, a) // a
    if (start + period) > MOST:
        raise TooLongError
    growth = course.growth * (period * a // course.period)
    values = tuple(course(max(0, a * n + b)) for n in range(start + period))
    return Course(axis, start, growth, values)


def _condition(tie: Tie, steps: Mapping[int, tuple[int, int]], axis: int) -> Course:
    """What a tie asks of n, on a line."""
    left, right = (_as_one(side, steps, axis) for side in (tie.left, tie.right))
    if isinstance(left, Course) and isinstance(right, Course) and tie.kind != "product":
        rest = difference(left, right)
        match tie.kind:
            case "fits":
                return applied(rest, lambda m: int(m >= 0), 1, 0, 1)
            case "even":
                return applied(rest, lambda m: int(m % 2 == 0), 2, 0, _ANY)
            case _:
                return applied(rest, lambda m: int(m == 0), 1, 0, 1)
    wanted = tie.right if isinstance(tie.right, int) else 0
    return _product_is(tie.left, steps, axis, wanted, tie.kind == "spread")


def _as_one(side: Extent, steps: Mapping[int, tuple[int, int]], axis: int) -> Course | None:
    """An extent as a function of n; None for a product, which is none of our functions."""
    if isinstance(side, int):
        return Course(axis, 0, 0, (side,))
    return None if isinstance(side, Joint) else _stretched(side, steps[side.axis], axis)


def _product_is(
    joint: Extent, steps: Mapping[int, tuple[int, int]], axis: int, wanted: int, unequal: bool
) -> Course:
    """For which n a product is (or is not) a number: from some n on it is larger."""
    assert isinstance(joint, Joint)
    parts = [_stretched(c, steps[c.axis], axis) for c in joint.courses]
    growing = sum(bool(c.growth) for c in parts)
    # all that grow are beyond this root of the number wanted, so that their product is beyond it
    enough = int(wanted ** (1 / max(1, growing))) + 2
    start = max(c.far(enough) for c in parts)
    period = 1 if any(c.growth for c in parts) else lcm(*(c.period for c in parts))
    if any(not c.growth and 0 in c.table[c.start :] for c in parts):
        raise TooLongError  # a size of 0, which no legal input leads to
    if start + period > MOST:
        raise TooLongError
    hits = (joint.scale * prod(c(n) for c in parts) == wanted for n in range(start + period))
    return Course(axis, start, 0, tuple(int(hit != unequal) for hit in hits))
