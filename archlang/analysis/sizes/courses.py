"""Whole-number functions of one size that repeat: how every axis follows from the input's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import gcd, lcm

from archlang.record import Record

MOST = 1 << 16
"""Sizes that a function is tabulated for, at most."""
_FAR = -(10**18)


class TooLongError(ArithmeticError):
    """A function repeats only after more sizes than are tabulated."""


class Course(Record):
    """A function f of one size n ≥ 0 with f(n + P) = f(n) + D for every n ≥ T.

    Compositions, sums and differences of floor((n + a) / s) + b are of this kind, and so are the
    conditions of layers on sizes, as functions to 0 and 1 with D = 0. A table of its first T + P
    values says all of it, so that what holds in the table is proved for every size.
    """

    axis: int
    """Which size it is a function of."""
    start: int
    """T."""
    growth: int
    """D."""
    table: tuple[int, ...]

    @property
    def period(self) -> int:
        """P."""
        return len(self.table) - self.start

    def __call__(self, n: int) -> int:
        if n < len(self.table):
            return self.table[n]
        rounds, place = divmod(n - self.start, self.period)
        return self.table[self.start + place] + self.growth * rounds

    @property
    def constant(self) -> int | None:
        """Its only value; None if it has several."""
        return self.table[0] if len(self.table) == 1 and not self.growth else None

    def values(self, count: int) -> list[int]:
        """f(0), f(1), …, f(count - 1).

        Raises:
            TooLongError: they are more than are tabulated.
        """
        if count > MOST:
            raise TooLongError
        return list(self.table[:count]) + [self(n) for n in range(len(self.table), count)]

    def far(self, low: int) -> int:
        """From where on |f| ≥ `low`, a whole number of periods behind T; T where f stays."""
        if not self.growth or low <= _FAR:
            return self.start
        cycle = self.table[self.start :]
        short = low - min(cycle) if self.growth > 0 else low + max(cycle)
        return self.start + self.period * max(0, -(-short // abs(self.growth)))


def identity(axis: int) -> Course:
    """The size itself."""
    return Course(axis, 0, 1, (0,))


def applied(course: Course, rule: Callable[[int], int], step: int, gain: int, low: int) -> Course:
    """rule(f(n)), for a rule with rule(m + step) = rule(m) + gain for all m ≥ low.

    Where f falls for ever, a rule is a condition (gain 0) that holds to the same for m ≤ -low.

    Raises:
        TooLongError: the result repeats too late.
    """
    start = course.far(low)
    if not course.growth:
        return reduced(course.axis, start, 0, [rule(m) for m in course.values(len(course.table))])
    times = step // gcd(abs(course.growth), step)
    period = course.period * times
    growth = gain * (course.growth * times // step)
    values = [rule(m) for m in course.values(start + period)]
    return reduced(course.axis, start, growth, values)


def difference(a: Course, b: Course) -> Course:
    """a(n) - b(n), of two functions of the same size.

    Raises:
        TooLongError: the result repeats too late.
    """
    start, period = max(a.start, b.start), lcm(a.period, b.period)
    growth = a.growth * (period // a.period) - b.growth * (period // b.period)
    pairs = zip(a.values(start + period), b.values(start + period), strict=True)
    return reduced(a.axis, start, growth, [m - n for m, n in pairs])


def greatest(a: Course, b: Course) -> Course:
    """max(a(n), b(n)), of two functions of the same size.

    Raises:
        TooLongError: the result repeats too late.
    """
    # max(a, b) = b + max(0, a - b), and the second is of our kind once a - b keeps its sign
    ahead = difference(a, b)
    positive = applied_ramp(ahead)
    start, period = max(b.start, positive.start), lcm(b.period, positive.period)
    growth = b.growth * (period // b.period) + positive.growth * (period // positive.period)
    pairs = zip(b.values(start + period), positive.values(start + period), strict=True)
    return reduced(a.axis, start, growth, [m + n for m, n in pairs])


def applied_ramp(course: Course) -> Course:
    """max(0, f(n)).

    Raises:
        TooLongError: the result repeats too late.
    """
    start = course.far(1)
    values = [max(0, m) for m in course.values(start + course.period)]
    return reduced(course.axis, start, max(0, course.growth), values)


def both(a: Course, b: Course) -> Course:
    """The condition that two conditions on the same size hold.

    Raises:
        TooLongError: the result repeats too late.
    """
    start, period = max(a.start, b.start), lcm(a.period, b.period)
    pairs = zip(a.values(start + period), b.values(start + period), strict=True)
    return reduced(a.axis, start, 0, [m & n for m, n in pairs])


def either(a: Course, *others: Course) -> Course:
    """The condition that one of several conditions on the same size holds.

    Raises:
        TooLongError: the result repeats too late.
    """
    turned = [applied(c, lambda m: 1 - m, 1, 0, _FAR) for c in (a, *others)]
    neither = turned[0]
    for condition in turned[1:]:
        neither = both(neither, condition)
    return applied(neither, lambda m: 1 - m, 1, 0, _FAR)


def never(axis: int) -> Course:
    """The condition that no size meets."""
    return Course(axis, 0, 0, (0,))


def always(axis: int) -> Course:
    """The condition that every size from 1 meets."""
    return Course(axis, 1, 0, (0, 1))


def reduced(axis: int, start: int, growth: int, values: Sequence[int]) -> Course:
    """The same function with its smallest period, from the smallest start: equal if equal."""
    return _reduced(axis, start, growth, tuple(values))


@lru_cache(maxsize=4096)
def _reduced(axis: int, start: int, growth: int, values: tuple[int, ...]) -> Course:
    cycle = list(values[start:])
    for prime in _primes(len(cycle)):
        while len(cycle) % prime == 0 and growth % prime == 0:
            short = len(cycle) // prime
            part = growth // prime
            if any(cycle[i + short] != cycle[i] + part for i in range(len(cycle) - short)):
                break
            cycle, growth = cycle[:short], part
    period = len(cycle)
    table = [*values[:start], *cycle]
    while start and table[start - 1 + period] == table[start - 1] + growth:
        start -= 1
        table.pop()
    return Course(axis, start, growth, tuple(table))


def _primes(number: int) -> list[int]:
    """The prime factors of a number, each once."""
    found: list[int] = []
    factor = 2
    while factor * factor <= number:
        if number % factor == 0:
            found.append(factor)
            while number % factor == 0:
                number //= factor
        factor += 1
    return [*found, number] if number > 1 else found
