"""E03: arguments and constants."""

from __future__ import annotations

from archlang.diagnostics.model import Problem


class UnknownArgument(Problem):
    """An argument that the layer, block or function does not take.

    Arguments have torch's meaning and short names: `kernel`, `stride`, `pad`, `out`. The note
    lists what can be given here. How many channels come in is never said: it is known from
    the line before.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3, padding=1)

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3, pad=1)
    """

    code = "E0301"
    callee: str
    name: str
    suggestion: str | None
    known: tuple[str, ...]
    hint: str | None = None

    def message(self) -> str:
        return f"{self.callee} takes no argument {self.name!r}"

    def notes(self) -> tuple[str, ...]:
        return (f"{self.callee}({', '.join(self.known)})",)

    def help(self) -> str:
        return f"did you mean {self.suggestion}?" if self.suggestion else self.hint or "remove it"


class MissingArgument(Problem):
    """An argument without a default is not given.

    What a layer cannot guess has to be said: a convolution its number of filters, a block
    those of its parameters that have no default.

    Wrong:
        network N:
            input 3x8x8
            conv(kernel=3x3)

    Right:
        network N:
            input 3x8x8
            conv(8, kernel=3x3)
    """

    code = "E0302"
    callee: str
    names: tuple[str, ...]
    known: tuple[str, ...]
    from_outside: bool = False
    """Whether it is a network that is built by itself, so that no line calls it."""

    def message(self) -> str:
        return f"{self.callee} needs {' and '.join(self.names)}"

    def notes(self) -> tuple[str, ...]:
        return (f"{self.callee}({', '.join(self.known)})",)

    def help(self) -> str:
        given = ", ".join(f"{n}=…" for n in self.names)
        if self.from_outside:
            options = " ".join(f"--set {n}=…" for n in self.names)
            return f"set it with {options}, in Python with {given}, or give it a default"
        return f"write {self.callee}({given})"


class TooManyArguments(Problem):
    """More arguments by position than there are places.

    The note lists the arguments in their order. A size such as 3x3 always fills the kernel
    and takes no place of its own.

    Wrong:
        block Unit(C):
            conv(C, 3x3) -> relu

        network N:
            input 3x8x8
            Unit(8, 2)

    Right:
        block Unit(C, stride=1):
            conv(C, 3x3, stride=stride) -> relu

        network N:
            input 3x8x8
            Unit(8, 2)
    """

    code = "E0303"
    callee: str
    limit: int
    known: tuple[str, ...]

    def message(self) -> str:
        return f"{self.callee} takes {self.limit or 'no'} argument{'' if self.limit == 1 else 's'}"

    def label(self) -> str:
        return "one too many"

    def notes(self) -> tuple[str, ...]:
        return (f"{self.callee}({', '.join(self.known)})",)

    def help(self) -> str:
        return "remove it, or name the argument that is meant"


class ArgumentTwice(Problem):
    """One argument is given twice.

    Most often once by its place (or, a kernel, as a size) and once by its name.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3, kernel=5x5)

    Right:
        network N:
            input 3x8x8
            conv(8, kernel=5x5)
    """

    code = "E0304"
    callee: str
    name: str

    def message(self) -> str:
        return f"{self.callee} is given {self.name!r} twice"

    def help(self) -> str:
        return "remove one of them"


class BadArgument(Problem):
    """A value of the wrong type or out of range.

    Counts are whole numbers from 1, probabilities lie between 0 and 1, switches are `true` or
    `false`. `/` always gives a fraction; `//` divides without a remainder.

    Wrong:
        network N:
            input 784
            dropout(1.5)

    Right:
        network N:
            input 784
            dropout(0.5)
    """

    code = "E0305"
    callee: str
    name: str
    got: str
    want: str
    hint: str | None = None

    def message(self) -> str:
        return f"{self.callee}: {self.name} must be {self.want}, not {self.got}"

    def help(self) -> str:
        return self.hint or f"give {self.want}"


class NotCallable(Problem):
    """Arguments behind something that takes none.

    Brackets behind a name give it arguments, which only layers, blocks, networks and functions
    take. A product needs its sign: `2 * C`.

    Wrong:
        network N(C=8):
            input 3x8x8
            conv(C(2), 3x3)

    Right:
        network N(C=8):
            input 3x8x8
            conv(C * 2, 3x3)
    """

    code = "E0306"
    what: str
    lacks: str = "takes no arguments"
    way_out: str = "remove the brackets, or name a layer, a block or a function"

    def message(self) -> str:
        return f"{self.what} {self.lacks}"

    def help(self) -> str:
        return self.way_out


class BadOperands(Problem):
    """An operator between constants it does not work on.

    Arithmetic works on numbers; `+` also joins two lists or two texts. Texts in quotes are no
    numbers, even if they look so.

    Wrong:
        network N:
            input 3x8x8
            conv("8" + 1, 3x3)

    Right:
        network N:
            input 3x8x8
            conv(8 + 1, 3x3)
    """

    code = "E0307"
    operator: str
    left: str
    right: str | None

    def message(self) -> str:
        if self.right is None:
            return f"{self.operator} does not work on {self.left}"
        return f"{self.operator} does not work between {self.left} and {self.right}"

    def help(self) -> str:
        if "a tensor" in (self.left, self.right):
            return "tensors merge with tensors by + - * and ++, with numbers by + - and *"
        return "arithmetic works on numbers, + also on two lists or two texts"


class DivisionByZero(Problem):
    """A constant is divided by zero.

    This also counts for `//` and `%`. Often a parameter or a loop variable is 0 in one of the
    cases; range(n) begins with 0.

    Wrong:
        network N(r=0):
            input 3x8x8
            conv(64 // r, 1x1)

    Right:
        network N(r=16):
            input 3x8x8
            conv(64 // r, 1x1)
    """

    code = "E0308"
    operator: str

    def message(self) -> str:
        return "division by zero"

    def label(self) -> str:
        return "the right side is 0"

    def help(self) -> str:
        return "check the value on the right side"


class BadUnpacking(Problem):
    """A loop or binding names another number of things than there are.

    A loop over a list of lists gives each inner list's values to the names before `in`, one
    each; a layer with n results needs n names.

    Wrong:
        network N:
            input 3x8x8
            for c, n in [[16, 1, 2], [24, 2, 2]]:
                conv(c, 3x3)
            relu

    Right:
        network N:
            input 3x8x8
            for c, n, s in [[16, 1, 2], [24, 2, 2]]:
                conv(c, 3x3, stride=s)
            relu
    """

    code = "E0309"
    names: int
    values: str

    def message(self) -> str:
        return f"{self.names} name{'' if self.names == 1 else 's'} for {self.values}"

    def help(self) -> str:
        return "give as many names as there are values; _ takes a value that is not needed"


class NotIterable(Problem):
    """A loop over something that is no list.

    A loop runs through a list: one in brackets, `range(n)` for the numbers 0 to n − 1,
    `enumerate(list)` for positions and values. To do something n times, write `repeat n:`.

    Wrong:
        network N:
            input 3x8x8
            for i in 3:
                conv(8, 3x3)
            relu

    Right:
        network N:
            input 3x8x8
            for i in range(3):
                conv(8, 3x3)
            relu
    """

    code = "E0310"
    what: str

    def message(self) -> str:
        return f"cannot loop over {self.what}"

    def help(self) -> str:
        return "loop over a list, range(n), enumerate(…) or zip(…, …)"


class BadIndex(Problem):
    """An index outside its list.

    The first value has the index 0, the last of n values n − 1.

    Wrong:
        let widths = [16, 32]

        network N:
            input 3x8x8
            conv(widths[2], 3x3)

    Right:
        let widths = [16, 32]

        network N:
            input 3x8x8
            conv(widths[1], 3x3)
    """

    code = "E0311"
    index: str
    length: int

    def message(self) -> str:
        return f"index {self.index} of a list of {self.length}"

    def help(self) -> str:
        return f"indices run from 0 to {self.length - 1}" if self.length else "the list is empty"


class BadCount(Problem):
    """A repetition by something that is no whole number from 0.

    `repeat n:`, `dense n:` and `n * Unit` count copies. `/` gives a fraction even where it comes
    out even; `//` gives a whole number.

    Wrong:
        network N:
            input 3x8x8
            repeat 7 / 2:
                conv(8, 3x3)
            relu

    Right:
        network N:
            input 3x8x8
            repeat 7 // 2:
                conv(8, 3x3)
            relu
    """

    code = "E0312"
    got: str

    def message(self) -> str:
        return f"cannot repeat {self.got} times"

    def label(self) -> str:
        return "a whole number from 0 is needed"

    def help(self) -> str:
        return "use a whole number; // divides without a remainder"


class BadFunctionCall(Problem):
    """A function of constants cannot work on what it is given.

    The functions of constants (`range`, `len`, `min`, `max`, `sum`, `round`, `int`, …) work as
    in Python. The message says what is wrong with the values.

    Wrong:
        network N:
            input 3x8x8
            conv(max([]), 3x3)

    Right:
        network N:
            input 3x8x8
            conv(max([8, 16]), 3x3)
    """

    code = "E0313"
    function: str
    reason: str

    def message(self) -> str:
        return f"{self.function}: {self.reason}"

    def help(self) -> str:
        return "check what it is given"


class BadSize(Problem):
    """A size that is not made of whole numbers from 1.

    A size is a number, numbers joined by `x`, or a list in brackets; channels first, without
    the batch. `/` gives a fraction; `//` divides without a remainder.

    Wrong:
        network N(size=225):
            input [3, size / 2, size / 2]
            conv(8, 3x3)

    Right:
        network N(size=225):
            input [3, size // 2, size // 2]
            conv(8, 3x3)
    """

    code = "E0314"
    got: str

    def message(self) -> str:
        return f"{self.got} is not a size"

    def help(self) -> str:
        return "write whole numbers from 1: 3x224x224, 784 or [channels, H, W]"


class BadParameterValue(Problem):
    """A value given for a network's parameter from outside cannot be read.

    Values on the command line are written as in a spec: 10, 0.5, true, "text", [3, 4, 6, 3].
    They are constants only, never expressions.

    Wrong (shown in words):
        archlang compile resnet.arch:ResNet --set depths=3,4,6,3

    Right (shown in words):
        archlang compile resnet.arch:ResNet --set "depths=[3, 4, 6, 3]"
    """

    code = "E0315"
    text: str
    reason: str

    def message(self) -> str:
        return f"cannot read {self.text!r}: {self.reason}"

    def help(self) -> str:
        return "write --set name=value with a number, true, false, a text or a list such as [3, 4]"
