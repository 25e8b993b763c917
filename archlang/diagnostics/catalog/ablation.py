"""E05: lines of a derived network that take skip connections away, or give them another W."""

from __future__ import annotations

from archlang.diagnostics.model import Problem

_SHOWN = 6
"""How many skips a message names."""


class NoSuchSkips(Problem):
    """A line about skips that speaks of none.

    A skip is an operand of a sum, a mean or a concatenation that the other operands are computed
    from. It is *dense* in a `dense` statement; *long* if it goes past layers that enlarge maps, or,
    in the body of a network, past whole blocks; else *short*. Gates (`T * x`) are no such skips.
    `archlang summary` counts them.

    Wrong:
        network Base:
            input 8x8x8
            conv(8, 3x3) + x -> relu

        network N from Base:
            remove long skips

    Right:
        network Base:
            input 8x8x8
            conv(8, 3x3) + x -> relu

        network N from Base:
            remove short skips
    """

    code = "E0516"
    kind: str
    base: str
    there: tuple[tuple[str, int], ...]
    """The kinds of skips that the base has, and how many of each."""
    gates: int = 0
    """How many operands of products are skips otherwise."""
    excepted: int = 0
    """How many the line would speak of, were it not for `except`."""

    def message(self) -> str:
        if self.excepted:
            return f"this line excepts all {_of(self.kind)}skips that {self.base} has"
        return f"{self.base} has no {_of(self.kind)}skips"

    def label(self) -> str:
        return "changes nothing"

    def notes(self) -> tuple[str, ...]:
        if self.excepted:
            return (f"without except it speaks of {self.excepted}",)
        kinds = " and ".join(f"{count} {kind}" for kind, count in self.there)
        gates = f"it has {self.gates} gates (T * x), which are no skips" if self.gates else ""
        return (f"it has {kinds} skips",) if kinds else (gates,) * bool(gates)

    def help(self) -> str:
        if self.excepted:
            return "except fewer of them, or leave out this line"
        if self.there:
            return f"write {self.there[0][0]} skips, or all skips"
        return "leave out this line; archlang summary counts the skips of a network"


class ExceptsNothing(Problem):
    """A path behind `except` at which there are no such skips.

    A path is that of the sum or concatenation that a skip leads to, or of what it lies in:
    `layer4`, `layer2.0`, `layer2.0.add1`; `*` stands for any one name.

    Wrong:
        block Unit:
            conv(8, 3x3) + x -> relu

        network Base:
            input 8x8x8
            2 * Unit -> gap -> flatten -> fc(10)

        network N from Base:
            remove short skips except unit2

    Right:
        block Unit:
            conv(8, 3x3) + x -> relu

        network Base:
            input 8x8x8
            2 * Unit -> gap -> flatten -> fc(10)

        network N from Base:
            remove short skips except unit1.0
    """

    code = "E0517"
    path: str
    kind: str
    suggestion: str | None
    known: tuple[str, ...]
    """The merges that such skips lead to."""

    def message(self) -> str:
        return f"no {_of(self.kind)}skip ends in {self.path!r}"

    def notes(self) -> tuple[str, ...]:
        parts = tuple(dict.fromkeys(path.partition(".")[0] for path in self.known))
        if len(parts) < len(self.known) and len(self.known) > _SHOWN:
            return (f"they end in {_listed(parts)}, as {self.known[0]} does",)
        return (f"they end in {_listed(self.known)}",)

    def help(self) -> str:
        if self.suggestion:
            return f"did you mean {self.suggestion}?"
        return "archlang summary lists all paths"


class BadSource(Problem):
    """Something else than Y or Z behind W∘ in a line about skips.

    Such a line speaks of many skips, so it names no tensor. `W∘Z` lets each start at the linear
    tensor before the activation, `W∘Y` at the activated one; `W` alone where it always did.

    Wrong:
        network Base:
            input 8x8x8
            conv(8, 3x3) + x -> relu

        network N from Base:
            replace short skips: scale(0.5)∘x

    Right:
        network Base:
            input 8x8x8
            conv(8, 3x3) + x -> relu

        network N from Base:
            replace short skips: scale(0.5)
    """

    code = "E0518"
    written: str

    def message(self) -> str:
        return f"a line about skips knows no tensor {self.written!r}"

    def label(self) -> str:
        return "neither Y nor Z"

    def help(self) -> str:
        return "write W∘Y (from behind the activation), W∘Z (from before it), or W alone"


class NeverActivated(Problem):
    """A skip that shall start at an activated tensor, where there is none.

    `W∘Y` looks for the activation that takes the tensor the skip starts at, directly or behind a
    normalisation. It has to stand before the merge that the skip leads to.

    Wrong:
        network Base:
            input 8x8x8
            Z = conv(8, 3x3)
            conv(8, 3x3) -> relu
            conv(8, 3x3) + Z

        network N from Base:
            replace short skips: identity∘Y

    Right:
        network Base:
            input 8x8x8
            Z = conv(8, 3x3)
            relu
            conv(8, 3x3) -> relu
            conv(8, 3x3) + Z

        network N from Base:
            replace short skips: identity∘Y
    """

    code = "E0519"
    path: str
    """The merge that the skip leads to."""

    def message(self) -> str:
        return f"the skip to {self.path!r} starts at a tensor that no activation takes"

    def label(self) -> str:
        return "there is no Y = f(Z)"

    def help(self) -> str:
        return f"leave it as it is (except {self.path}), or leave out ∘Y"


class SkipsUnknown(Problem):
    """A line about skips whose base cannot be built.

    Which skips there are is seen in the base as it is. So it has to be a network without mistakes
    by itself, also where other lines of the derived one would mend it.

    Wrong (shown in words):
        network Base:
            input 3x4x4
            y = conv(8, 7x7, pad=0) -> relu
            conv(8, 3x3) + y

        network N from Base:
            input 3x32x32
            remove short skips

    Right (shown in words):
        network Base:
            input 3x32x32
            y = conv(8, 7x7, pad=0) -> relu
            conv(8, 3x3) + y

        network N from Base:
            remove short skips
    """

    code = "E0520"
    base: str

    def message(self) -> str:
        return f"the skips of {self.base} are unknown, since it has mistakes"

    def help(self) -> str:
        return f"mend {self.base} first"


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def _of(kind: str) -> str:
    return "" if kind == "all" else f"{kind} "
