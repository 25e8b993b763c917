"""E01: text that is not the language."""

from __future__ import annotations

from typing import Literal

from archlang.diagnostics.model import Problem


class Unexpected(Problem):
    """A word or sign stands where the grammar has no place for it.

    The carets show the first place that cannot be read; the mistake is there or just
    before it. Common ones: a comma is missing between two arguments, `->` between two
    steps, or a statement of Python is used that the language writes differently
    (`return`, `def`, `while`).

    Wrong:
        network N:
            input 3x8x8
            conv(8 3x3)

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3)
    """

    code = "E0101"
    found: str
    expected: tuple[str, ...]
    hint: str | None = None

    def message(self) -> str:
        return f"did not expect {self.found} here"

    def label(self) -> str:
        if not self.expected:
            return ""
        *others, last = self.expected
        return f"expected {', '.join(others)}{' or ' if others else ''}{last}"

    def help(self) -> str | None:
        return self.hint


class UnclosedBracket(Problem):
    """A bracket is opened and never closed.

    Within brackets a line may go on below, so the end of the line does not close them:
    everything down to the end of the file would belong to the call.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3 -> bn
            relu

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3) -> bn
            relu
    """

    code = "E0102"
    bracket: str

    def message(self) -> str:
        return f"this {self.bracket!r} is never closed"

    def label(self) -> str:
        return "opened here"

    def help(self) -> str:
        return f"close it with {dict(zip('([{', ')]}', strict=True))[self.bracket]!r}"


class MixedTabs(Problem):
    """Tabs and spaces are mixed in the indentation of one file.

    Indentation says what belongs to which body. How wide a tab is differs from editor to
    editor, so a file that mixes both would mean different things to different readers.

    Wrong (shown in words):
        One line of a body is indented by a tab, the next one by four spaces.

    Right (shown in words):
        Every line is indented by spaces, four for each level. Editors do it for a whole
        file at once ("convert indentation to spaces").
    """

    code = "E0103"
    tab_first: bool

    def message(self) -> str:
        return "tabs and spaces are mixed in the indentation"

    def label(self) -> str:
        return "indented with spaces" if self.tab_first else "indented with a tab"

    def help(self) -> str:
        return "indent the whole file with spaces, four for each level"


class StrayIndent(Problem):
    """A line is indented although no body begins here.

    Only a line that ends with ':' begins a body. A step that goes on from the line before
    stands right below it, at the same indentation. To split a long line, put it in brackets.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3)
                relu

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3)
            relu
    """

    code = "E0104"

    def message(self) -> str:
        return "this line is indented, but no body begins here"

    def help(self) -> str:
        return "align it with the line before, or end that line with ':' if a body was meant"


class BadDedent(Problem):
    """A line's indentation matches no line it could belong to.

    When a body ends, the next line has to be aligned with one of the headers around it.
    Otherwise nothing tells which body it belongs to.

    Wrong:
        network N:
                input 3x8x8
                conv(8, 3x3)
            relu

    Right:
        network N:
                input 3x8x8
                conv(8, 3x3)
                relu
    """

    code = "E0105"
    columns: int

    def message(self) -> str:
        return "this line's indentation fits no body around it"

    def label(self) -> str:
        return f"indented by {self.columns}"

    def help(self) -> str:
        return "align it with the lines of the body it belongs to"


class MissingBody(Problem):
    """A header ends with ':' and nothing is indented below it.

    What belongs to a block, a network, a loop or a branch is indented below its header, by
    four spaces. A body that is to do nothing is: identity.

    Wrong:
        network N:
            input 3x8x8
            repeat 2:
            conv(8, 3x3)

    Right:
        network N:
            input 3x8x8
            repeat 2:
                conv(8, 3x3)
    """

    code = "E0106"

    def message(self) -> str:
        return "a body is missing: nothing is indented below this line"

    def help(self) -> str:
        return "indent the lines that belong to it"


class UnknownCharacter(Problem):
    """A character that the language does not use.

    Often it comes from a text program or a PDF, which turn quotes and arrows into prettier
    ones. Of the characters beyond ASCII the language knows `∘` (also written `@`); texts
    and comments may hold any.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3) → relu

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3) -> relu
    """

    code = "E0107"
    character: str
    instead: str | None

    def message(self) -> str:
        return f"the language has no use for {self.character!r} (U+{ord(self.character):04X})"

    def help(self) -> str:
        if not self.instead and self.character.isalnum():
            return "names are made of the letters a to z and A to Z, digits and _"
        return f"write {self.instead}" if self.instead else "remove it"


class UnterminatedString(Problem):
    """A string is opened and its line (or the file) ends before it is closed.

    A string ends with the quote it began with, on the same line. Documentation over
    several lines stands between triple quotes.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3, padding_mode="reflect)

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3, padding_mode="reflect")
    """

    code = "E0108"
    quote: str

    def message(self) -> str:
        return "this string is never closed"

    def help(self) -> str:
        return f"close it with {self.quote}"


class BadEscape(Problem):
    r"""A backslash in a string that stands for nothing.

    A backslash gives the character behind it a special meaning: `\n` is a line break, `\t` a
    tab, `\\` a backslash itself, `\"` and `\'` are quotes. There are no others.

    Wrong:
        network N:
            input 3x8x8
            relu
            assert params == 0, "as in C:\papers"

    Right:
        network N:
            input 3x8x8
            relu
            assert params == 0, "as in C:\\papers"
    """

    code = "E0109"
    escape: str

    def message(self) -> str:
        return f"unknown escape {self.escape} in a string"

    def help(self) -> str:
        return "\\n, \\t, \\\\, \\\" and \\' are known; write \\\\ for a backslash"


class BadBinding(Problem):
    """Something other than a name stands left of '=', or several steps share a line without names.

    Left of `=` stands what is kept: a name, an indexed name, or several names for a layer
    with several results. Steps that follow one another are joined by `->`; steps side by side
    are the lines of a `branch:`.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3), relu

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3) -> relu
    """

    code = "E0110"
    reason: Literal["several", "target"]

    def message(self) -> str:
        if self.reason == "several":
            return "several expressions on one line, without names to keep them under"
        return "only a name, or an indexed name, can stand left of '='"

    def help(self) -> str:
        if self.reason == "several":
            return "one step a line; use branch: for steps side by side"
        return "write name = …, e[i] = …, or let name = … for a constant"


class NotText(Problem):
    """A file that is not UTF-8 text.

    Specs are text in UTF-8, the encoding that editors use unless told otherwise. Either the
    file was saved in another encoding (Latin-1, UTF-16), or it is no text at all, such as
    a checkpoint.

    Wrong (shown in words):
        The comment `# après He et al.`, saved as Latin-1: its è is the one byte 0xE8, which
        UTF-8 does not know.

    Right (shown in words):
        The same comment, saved as UTF-8.
    """

    code = "E0112"
    offset: int
    byte: int

    def message(self) -> str:
        return f"not a UTF-8 text file: byte 0x{self.byte:02X} at offset {self.offset}"

    def help(self) -> str:
        return "save it as UTF-8"


class EmptyFile(Problem):
    """A file without a single definition.

    A spec defines at least one network or block. Constants, defaults and comments alone
    give nothing to compile.

    Wrong:
        # LeNet
        let classes = 10

    Right:
        # LeNet
        let classes = 10

        network N:
            input 784
            fc(classes)
    """

    code = "E0113"

    def message(self) -> str:
        return "this file defines no network and no block"

    def help(self) -> str:
        return "begin with: network Name:"


class MissingColon(Problem):
    """A header without the ':' that begins its body.

    Headers (`network`, `block`, `for`, `if`, `repeat`, `branch`, …) end with a colon, as in
    Python; what is indented below belongs to them.

    Wrong:
        network N
            input 784
            fc(10)

    Right:
        network N:
            input 784
            fc(10)
    """

    code = "E0114"
    header: str

    def message(self) -> str:
        return f"the header of this {self.header} does not end with ':'"

    def label(self) -> str:
        return "':' expected here"

    def help(self) -> str:
        return "add ':'"


class WrongVersion(Problem):
    """The file was written for another version of the language.

    A file may begin with the version it was written for, so that a later compiler can tell
    what its lines meant. A compiler does not guess at versions it does not know.

    Wrong:
        arch 99

        network N:
            input 784
            fc(10)

    Right:
        arch 1

        network N:
            input 784
            fc(10)
    """

    code = "E0115"
    number: int
    known: int

    def message(self) -> str:
        return f"this file is written for version {self.number} of the language"

    def label(self) -> str:
        return f"this archlang knows version {self.known}"

    def help(self) -> str:
        if self.number > self.known:
            return "use a newer archlang"
        return f"write arch {self.known}"


class UnreadableFile(Problem):
    """A file that cannot be read: missing, a folder, not permitted, or no spec.

    A spec ends in `.arch`. Weights, Python files and exported networks are none: weights go beside
    the spec, `archlang compile net.arch --weights net.pth`.

    Paths on the command line count from the current folder, those behind `use … from` from
    the folder of the file they stand in; "zoo/…" means the zoo that comes with archlang.

    Wrong (shown in words):
        archlang check resnet.arhc

    Right (shown in words):
        archlang check resnet.arch
    """

    code = "E0116"
    file: str
    reason: str
    suggestion: str | None = None
    way: str = ""
    """What to do, where more is known of the file."""

    def message(self) -> str:
        return f"cannot read {self.file}: {self.reason}"

    def help(self) -> str:
        if self.suggestion:
            return f"did you mean {self.suggestion}?"
        return self.way or "name a file that ends in .arch"


class StrayClosing(Problem):
    """A closing bracket without its opening one.

    Either there is one too many, or it closes another kind of bracket than was opened.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3)) -> relu

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3) -> relu
    """

    code = "E0117"
    bracket: str
    opened: str | None

    def message(self) -> str:
        if self.opened:
            return f"{self.bracket!r} closes a bracket that was opened with {self.opened!r}"
        return f"{self.bracket!r} closes nothing"

    def help(self) -> str:
        return "remove it, or open its bracket first"


class MisplacedStatement(Problem):
    """A statement where it has no meaning.

    `input` lines come first in their body. `replace`, `remove`, `insert`, `freeze` and `adapt`
    belong to a network derived from another (`network A from B:`), which takes no steps of its own.
    A network that stands for another (`network A = B(…)`) takes `assert` and `weights` alone.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3) -> relu
            remove relu1

    Right:
        network Base:
            input 3x8x8
            conv(8, 3x3) -> relu

        network N from Base:
            remove relu1
    """

    code = "E0118"
    statement: str
    reason: str

    def message(self) -> str:
        return f"{self.statement} has no meaning here: {self.reason}"

    def help(self) -> str:
        return "move or remove this line"
