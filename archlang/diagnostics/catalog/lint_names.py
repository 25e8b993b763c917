"""W0500 and W0516 to W0523: lines that say nothing, or not what they seem to say."""

from __future__ import annotations

from archlang.diagnostics.catalog.lint_layers import Warned


class IdleExcuse(Warned):
    """An excuse for what is not there.

    A comment `# lint: ignore W0501 (reason)` at the end of a line excuses that line, and
    `# lint: ignore-file W0501 (reason)` in a line of its own the whole file. Once the line is
    mended the excuse has to go too, or it will hide the next mistake.

    Wrong:
        network N:
            input 784
            fc(10)  # lint: ignore W0505 (as in the paper)

    Right:
        network N:
            input 784
            fc(10)
    """

    code = "W0500"
    excused: str
    """The code; empty where the comment names none."""
    known: bool = True
    suggestion: str | None = None
    whole_file: bool = False

    def message(self) -> str:
        if not self.excused:
            return "this excuse names no code"
        if not self.known:
            return f"no rule has the code {self.excused}"
        where = "in this file" if self.whole_file else "in this line"
        return f"there is nothing {where} that {self.excused} would say"

    def help(self) -> str:
        if self.suggestion:
            return f"did you mean {self.suggestion}?"
        if not self.excused:
            return "name what is excused: # lint: ignore W0501 (reason)"
        return "take the excuse away" if self.known else "archlang lint --rules lists the rules"


class UnusedName(Warned):
    """A second name for a tensor, or a shared layer, that is never used.

    `Y = x` keeps a tensor for a later line; `shared head = fc(10)` declares a layer for later
    lines. Where no line uses it, either the line is left over or a skip connection was forgotten.
    (A name before a layer, `conv1 = conv(64)`, also names its parameters, and is left alone.)

    Wrong:
        block Unit(C):
            Y = x
            conv(C, 3x3) -> relu

        network N:
            input 3x8x8
            Unit(3)

    Right:
        block Unit(C):
            Y = x
            conv(C, 3x3) -> relu
            identity + Y

        network N:
            input 3x8x8
            Unit(3)
    """

    code = "W0516"
    name: str

    def message(self) -> str:
        return f"{self.name!r} is never used"

    def help(self) -> str:
        return "use it, or leave the line out"


class UnusedConstant(Warned):
    """A `let` that nothing uses.

    It has no effect: a constant or a layer that is only named makes nothing. At the top of a file
    another file may use it; so there it is reported only in files that declare a network, and not
    if a file that is looked at in the same run uses it.

    Wrong:
        network N:
            input 784
            let hidden = 100
            fc(10)

    Right:
        network N:
            input 784
            let hidden = 100
            fc(hidden) -> relu -> fc(10)
    """

    code = "W0517"
    name: str

    def message(self) -> str:
        return f"the constant {self.name!r} is never used"

    def help(self) -> str:
        return "use it, or leave the line out"


class UnusedBlock(Warned):
    """A block that nothing uses, in a file that declares networks.

    Nothing of it is ever built, so nothing checks its shapes. A file of blocks alone is meant to be
    used by others, and is left alone; so is a block that a file uses which is looked at in the
    same run.

    Wrong:
        block Unit(C):
            conv(C, 3x3) -> relu

        network N:
            input 784
            fc(10)

    Right:
        block Unit(C):
            conv(C, 3x3) -> relu

        network N:
            input 3x8x8
            Unit(8)
    """

    code = "W0518"
    name: str

    def message(self) -> str:
        return f"no network here uses the block {self.name}"

    def help(self) -> str:
        return "use it, or move it to a file of its own for others to use"


class UnusedParameter(Warned):
    """A parameter that its block or network never uses.

    Whoever sets it believes that it does something. A block that is handed on as an argument may
    need parameters only so that it takes the same as others in its place; it is left alone.

    Wrong:
        block Unit(C, stride=1):
            conv(C, 3x3) -> relu

        network N:
            input 3x8x8
            Unit(8, stride=2)

    Right:
        block Unit(C, stride=1):
            conv(C, 3x3, stride=stride) -> relu

        network N:
            input 3x8x8
            Unit(8, stride=2)
    """

    code = "W0519"
    name: str
    owner: str

    def message(self) -> str:
        return f"{self.owner} never uses its parameter {self.name!r}"

    def help(self) -> str:
        return "use it, or take it away, here and wherever it is set"


class UnusedImport(Warned):
    """A name that is brought in from another file and never used.

    Wrong:
        use ResNet18, ResNet50 from "zoo/resnet.arch"

        network N = ResNet50(classes=10)

    Right:
        use ResNet50 from "zoo/resnet.arch"

        network N = ResNet50(classes=10)
    """

    code = "W0520"
    name: str
    file: str

    def message(self) -> str:
        return f"{self.name} is brought in from {self.file}, but never used"

    def help(self) -> str:
        return "leave it out"


class TwoSigns(Warned):
    """Both signs of the matching operator in one file: W∘x and W@x.

    They mean the same. A reader who meets both looks for a difference. `archlang fmt --ascii`
    writes `@` everywhere.

    Wrong:
        network N:
            input 3x8x8
            Y = conv(8, 3x3) -> relu
            conv(8, 3x3) -> relu
            identity + project∘Y -> relu
            conv(8, 3x3) + project@Y

    Right:
        network N:
            input 3x8x8
            Y = conv(8, 3x3) -> relu
            conv(8, 3x3) -> relu
            identity + project∘Y -> relu
            conv(8, 3x3) + project∘Y
    """

    code = "W0521"
    used: str
    usual: str

    def message(self) -> str:
        return f"W{self.used}x here, but W{self.usual}x elsewhere in this file"

    def help(self) -> str:
        return "use one of the two signs throughout"


class OneRound(Warned):
    """A repetition of one round, or of none.

    `repeat 1:`, `1 * Unit(C)`, a `for` over one value and a `branch:` with one line say in two
    words what the line says by itself; with 0 rounds it does nothing. Only what is written with
    a plain number is reported. Its parameters have the number of the round in their names
    (`unit.0.conv1`), so that taking it away renames them.

    Wrong:
        network N:
            input 3x8x8
            repeat 1:
                conv(8, 3x3) -> relu

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3) -> relu
    """

    code = "W0522"
    what: str
    count: int

    def message(self) -> str:
        ends = {0: "never runs", 1: "runs once"}
        return f"this {self.what} {ends[self.count]}"

    def help(self) -> str:
        if self.count:
            return "leave the line as it is, without it; this renames parameters in state_dict"
        return "leave it out"


class FixedCondition(Warned):
    """A condition that is always the same.

    It mentions no parameter and no constant, so that one of the ways is never taken. What stands
    there is never built, and nothing checks its shapes.

    Wrong:
        network N:
            input 784
            if false:
                fc(100) -> relu
            fc(10)

    Right:
        network N(hidden=true):
            input 784
            if hidden:
                fc(100) -> relu
            fc(10)
    """

    code = "W0523"

    def message(self) -> str:
        return "this condition is the same always"

    def label(self) -> str:
        return "it mentions no parameter and no constant"

    def help(self) -> str:
        return "make it depend on a parameter, or keep only the lines that are run"
