"""Sets of legal sizes and the sizes that come out, as numbers and as formulas."""

from __future__ import annotations

from functools import cached_property
from math import gcd, lcm

from archlang.analysis.sizes.courses import Course, applied

_MOST_LISTED = 12


class Legal:
    """The legal values of one size: from `minimum` on those with certain remainders.

    `period` and `remainders` say n mod period; `exceptions` are legal values below `minimum`, and
    all there are where there is no `minimum` (None).
    """

    def __init__(self, holds: Course) -> None:
        self._holds = holds

    def __contains__(self, n: object) -> bool:
        return isinstance(n, int) and n >= 1 and bool(self._holds(n))

    @property
    def period(self) -> int:
        """After how many sizes the set repeats."""
        return self._holds.period

    @cached_property
    def remainders(self) -> tuple[int, ...]:
        """What legal sizes from `minimum` on leave when divided by `period`."""
        start, period = self._holds.start, self.period
        cycle = self._holds.table[start:]
        return tuple(sorted((start + i) % period for i, legal in enumerate(cycle) if legal))

    @cached_property
    def minimum(self) -> int | None:
        """The first of the sizes that follow the rule without exception; None for a finite set."""
        if not self.remainders:
            return None
        first = max(1, self._holds.start)
        return next(n for n in range(first, first + self.period) if self._holds(n))

    @cached_property
    def exceptions(self) -> tuple[int, ...]:
        """Legal sizes that do not follow the rule."""
        end = self.minimum or len(self._holds.table)
        return tuple(n for n in range(1, end) if self._holds(n))

    @property
    def smallest(self) -> int | None:
        """The smallest legal size; None where there is none."""
        return self.exceptions[0] if self.exceptions else self.minimum

    def below(self, n: int) -> int | None:
        """The largest legal size up to `n`."""
        lowest = self.smallest
        if lowest is None:
            return None
        end = len(self._holds.table) - 1
        n = min(n, end) if self.minimum is None else n
        reach = max(lowest, n - self.period + 1) if n - self.period >= end else lowest
        return next((m for m in range(n, reach - 1, -1) if m in self), None)

    def above(self, n: int) -> int | None:
        """The smallest legal size from `n` on."""
        n = max(n, 1)
        end = max(len(self._holds.table), n + self.period)
        return next((m for m in range(n, end + 1) if m in self), None)

    def first(self, count: int) -> list[int]:
        """The smallest legal sizes."""
        found = list(self.exceptions[:count])
        n = self.minimum
        while n is not None and len(found) < count:
            if n in self:
                found.append(n)
            n += 1
        return found

    def upto(self, most: int) -> list[int]:
        """All legal sizes up to a number."""
        return [n for n in range(1, most + 1) if n in self]

    def text(self) -> str:
        """The set in words: `n ≡ 12 (mod 16), n ≥ 188`."""
        if self.minimum is None:
            return runs(self.exceptions) if self.exceptions else "none"
        rule = f"n ≥ {self.minimum}"
        if len(self.remainders) < self.period:
            rule = f"n ≡ {runs(self.remainders)} (mod {self.period}), {rule}"
        return f"{rule}; also {runs(self.exceptions)}" if self.exceptions else rule

    def __repr__(self) -> str:
        return f"<Legal {self.text()}>"


def closest_to(n: int, legal: Legal, up: bool) -> int:
    """The legal size next to one, above or below; on the other side where there is none."""
    below, above = legal.below(n), legal.above(n)
    near = (below if above is None else above) if up else (above if below is None else below)
    assert near is not None, "some size is legal"
    return near


def runs(numbers: tuple[int, ...]) -> str:
    """Numbers in words, those in a row as `32…35`."""
    parts: list[list[int]] = []
    for n in numbers:
        if parts and parts[-1][-1] == n - 1:
            parts[-1].append(n)
        else:
            parts.append([n])
    texts = [_run(part) for part in parts]
    shown = texts[:_MOST_LISTED] + (["…"] if len(texts) > _MOST_LISTED else [])
    return ", ".join(shown)


def _run(part: list[int]) -> str:
    return ", ".join(map(str, part)) if len(part) < 3 else f"{part[0]}…{part[-1]}"


def formula(course: Course, letter: str, legal: Course, factor: int = 1) -> str:
    """A size that comes out, for the legal n of `factor` · n: `H − 184`, `H/4`, `ceil(H/32)`.

    The formula holds for all of them: both repeat, and it is checked up to where they do.
    """
    end = max(-(-course.start // factor), legal.start) + lcm(course.period, legal.period)
    sizes = [factor * n for n in range(1, end + 1) if legal(n)]
    values = [course(n) for n in sizes]
    if len(set(values)) == 1 and not (course.growth and legal.table[legal.start :] != (0,)):
        return str(values[0])
    shared = gcd(course.growth, course.period)
    p, q = course.growth // shared, course.period // shared
    pairs = list(zip(sizes, values, strict=True))
    low = max((q * v - p * n for n, v in pairs), default=0)
    high = min((q * v - p * n for n, v in pairs), default=0) + q - 1
    if low > high:
        return _as_multiple(course, letter, legal, factor, values)
    if high - low == q - 1 and not (low % q and q > 1 and p == 1):
        return _exact(p, q, low, letter)
    return _floored(p, q, low, high, letter)


def _as_multiple(course: Course, letter: str, legal: Course, factor: int, values: list[int]) -> str:
    """A size that is made finer at the end, `4·floor(H/2)`; failing that, nothing but a name."""
    shared = gcd(*values)
    if shared < 2:
        return f"f({letter})"
    part = applied(course, lambda m: m // shared, shared, 1, -(10**18))
    inner = formula(part, letter, legal, factor)
    return f"{shared}·{inner if inner[-1] == ')' and ' ' not in inner else f'({inner})'}"


def line_text(a: int, b: int) -> str:
    """`n`, `2n`, `2n − 1`."""
    return _plus(_times(a, "n"), b)


def _times(p: int, letter: str) -> str:
    return letter if p == 1 else f"{p}{letter}" if len(letter) == 1 else f"{p}·{letter}"


def _plus(text: str, number: int) -> str:
    return text if not number else f"{text} {'+' if number > 0 else '−'} {abs(number)}"


def _exact(p: int, q: int, rest: int, letter: str) -> str:
    """(p n + rest) / q, which is a whole number for all legal n."""
    if q == 1:
        return _plus(_times(p, letter), rest)
    if rest % q == 0:
        return _plus(f"{_times(p, letter)}/{q}", rest // q)
    return f"({_plus(_times(p, letter), rest)})/{q}"


def _floored(p: int, q: int, low: int, high: int, letter: str) -> str:
    """floor((p n + a) / q) with the simplest a from `low` to `high`."""
    for kind, a in (("floor", 0), ("ceil", q - 1)):
        # an a that is more by a multiple of q adds as many to the result
        whole = -(-(low - a) // q)
        if low <= a + whole * q <= high:
            return _plus(f"{kind}({_times(p, letter)}/{q})", whole)
    return f"floor(({_plus(_times(p, letter), low)})/{q})"
