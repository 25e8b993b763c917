"""E02: names."""

from __future__ import annotations

from archlang.diagnostics.model import Problem


def meant(word: str) -> str:
    """`did you mean fc?`; an operator is shown between what it joins."""
    if word[0].isalpha() or word[0] == "_":
        return f"did you mean {word}?"
    return f"did you mean {word}? it stands between what it joins: a {word} b"


class UnknownName(Problem):
    """A name that means nothing here.

    Names are known from the line that declares them on, within their body: parameters of
    the block or network, `let` constants, loop variables, kept tensors, `x`, and what stands at
    the top of the file or comes with `use`. The names of one block are not seen in another.

    Wrong:
        network N(classes=10):
            input 784
            fc(clases)

    Right:
        network N(classes=10):
            input 784
            fc(classes)
    """

    code = "E0201"
    name: str
    suggestion: str | None = None
    hint: str | None = None

    def message(self) -> str:
        return f"nothing here is called {self.name!r}"

    def help(self) -> str | None:
        if self.suggestion:
            return meant(self.suggestion)
        return self.hint or "declare it before this line, or bring it in with use"


class UnknownLayer(Problem):
    """A layer that the language does not have.

    Built-in layers have short names in lower case (`conv`, `fc`, `bn`), blocks and networks
    capitals. The names that torch or Keras use for the same layer are suggested where there
    is one.

    Wrong:
        network N:
            input 784
            linear(10)

    Right:
        network N:
            input 784
            fc(10)
    """

    code = "E0202"
    name: str
    suggestion: str | None = None
    hint: str | None = None

    def message(self) -> str:
        return f"there is no layer or block called {self.name!r}"

    def help(self) -> str:
        if self.suggestion:
            return meant(self.suggestion)
        return (
            self.hint
            or "archlang layers lists the built-in ones; a block of your own needs a capital letter"
        )


class BoundTwice(Problem):
    """One name is given to two things in one scope.

    A name means one thing in its body: it names a tensor, and the parameters that make it in
    `state_dict`, so two of them would collide. A line that goes on from the one before needs
    no name. In a loop an index keeps them apart: `e[i] = …`.

    Wrong:
        network N:
            input 3x8x8
            y = conv(8, 3x3)
            y = bn -> relu

    Right:
        network N:
            input 3x8x8
            y = conv(8, 3x3) -> bn -> relu
    """

    code = "E0203"
    name: str

    def message(self) -> str:
        return f"{self.name!r} already has a meaning here"

    def label(self) -> str:
        return "given a second time"

    def help(self) -> str:
        return (
            "choose another name; a line that goes on from the line before needs no name at all, "
            "and loops can use an index: e[i] = …"
        )


class ShadowsBuiltin(Problem):
    """A name of one's own hides a built-in one.

    The names of built-in layers, matching operators and functions of constants keep their
    meaning everywhere, so that a reader never wonders which `relu` is meant.

    Wrong:
        network N:
            input 3x8x8
            relu = conv(8, 3x3)

    Right:
        network N:
            input 3x8x8
            features = conv(8, 3x3)
    """

    code = "E0204"
    name: str
    what: str

    def message(self) -> str:
        return f"{self.name!r} is {self.what} of the language and cannot be given another meaning"

    def help(self) -> str:
        return f"choose another name, such as {self.name}_1 or my_{self.name}"


class ReservedName(Problem):
    """A name that the compiled module cannot carry.

    Kept names become attributes of the PyTorch module and keys of its `state_dict`. Words of
    Python (`class`, `lambda`), attributes that every module has (`forward`, `training`) and
    names with leading underscores are taken.

    Wrong:
        network N:
            input 3x8x8
            class = conv(8, 3x3)

    Right:
        network N:
            input 3x8x8
            scores = conv(8, 3x3)
    """

    code = "E0205"
    name: str
    why: str

    def message(self) -> str:
        return f"{self.name!r} cannot be used as a name: {self.why}"

    def help(self) -> str:
        stem = self.name.strip("_") or "name"
        return f"choose another name, such as {stem}1"


class WrongCase(Problem):
    """A block or network whose name does not begin with a capital letter.

    Small letters are for built-in layers, capitals for what a spec defines. So a reader can
    tell `pool(…)` from `Pool(…)` without looking it up, and new built-in layers never collide
    with the blocks of existing files.

    Wrong:
        network lenet:
            input 784
            fc(10)

    Right:
        network Lenet:
            input 784
            fc(10)
    """

    code = "E0206"
    name: str
    what: str

    def message(self) -> str:
        return f"a {self.what}'s name begins with a capital letter: {self.name!r}"

    def help(self) -> str:
        return (
            f"write {self.name[:1].upper()}{self.name[1:]}; small letters are for built-in layers"
        )


class UnknownImport(Problem):
    """use asks for a name that the other file does not define.

    Only what stands at the top of the other file can be used: its networks, blocks and
    constants. Names are told apart by upper and lower case.

    Wrong:
        use ResNet51 from "zoo/resnet.arch"

        network N = ResNet51(classes=10)

    Right:
        use ResNet50 from "zoo/resnet.arch"

        network N = ResNet50(classes=10)
    """

    code = "E0207"
    name: str
    file: str
    suggestion: str | None = None

    def message(self) -> str:
        return f"{self.file} defines nothing called {self.name!r}"

    def help(self) -> str | None:
        return f"did you mean {self.suggestion}?" if self.suggestion else "check the other file"


class CircularUse(Problem):
    """Files use each other in a circle.

    To compile a file, what it uses has to be known first. In a circle no file could be the
    first.

    Wrong (shown in words):
        a.arch says `use Unit from "b.arch"`, and b.arch says `use Stem from "a.arch"`.

    Right (shown in words):
        Stem and Unit stand in parts.arch, which uses neither; a.arch and b.arch use parts.arch.
    """

    code = "E0208"
    chain: tuple[str, ...]

    def message(self) -> str:
        return "these files use each other in a circle"

    def notes(self) -> tuple[str, ...]:
        return (" uses ".join(self.chain),)

    def help(self) -> str:
        return "move what both need into a third file"


class OutsideFolder(Problem):
    """use reaches for a file outside the spec's own folder.

    A spec is data that may come from anybody. It may read the `.arch` files below its own
    folder and the built-in zoo, and nothing else: no absolute paths, no `..` that leaves it.

    Wrong:
        use ResNet50 from "../resnet.arch"

        network N = ResNet50(classes=10)

    Right:
        use ResNet50 from "zoo/resnet.arch"

        network N = ResNet50(classes=10)
    """

    code = "E0209"
    file: str
    no_folder: bool = False
    """Whether the spec lies in no file, as a text that is not saved yet."""

    def message(self) -> str:
        if self.no_folder:
            return f"use does not find {self.file}: this text lies in no folder"
        return f"use may not reach outside the spec's folder: {self.file}"

    def help(self) -> str:
        if self.no_folder:
            return 'save it beside that file first, or use the built-in zoo: from "zoo/…"'
        return 'put the file below the folder of the spec, or use the built-in zoo: from "zoo/…"'


class UnknownNetwork(Problem):
    """A network that the file does not define.

    Behind a file's name and a colon stands the network that is meant; a name alone is looked
    for in the built-in zoo (`archlang zoo` lists it). Upper and lower case count.

    Wrong (shown in words):
        archlang compile resnet.arch:Resnet50

    Right (shown in words):
        archlang compile resnet.arch:ResNet50
    """

    code = "E0210"
    name: str
    known: tuple[str, ...]
    """The networks of the file, or those of the zoo that begin so."""
    suggestion: str | None = None
    in_zoo: bool = False
    """Whether it was looked for in the zoo, and not in a file."""

    def message(self) -> str:
        return f"there is no network called {self.name!r}"

    def notes(self) -> tuple[str, ...]:
        which = "networks of the zoo that begin so" if self.in_zoo else "networks here"
        return (f"{which}: {', '.join(self.known)}",) if self.known else ()

    def help(self) -> str:
        if self.suggestion:
            return f"did you mean {self.suggestion}?"
        if self.in_zoo:
            return "archlang zoo lists the built-in networks; one in a file is spec.arch:Network"
        return "name one of them: spec.arch:Network" if self.known else "declare one: network Name:"


class SeveralNetworks(Problem):
    """A file defines several networks and none was named.

    With one network in a file the file's name is enough; with several it has to be said which.

    Wrong (shown in words):
        archlang compile specs/resnet.arch

    Right (shown in words):
        archlang compile specs/resnet.arch:ResNet50
    """

    code = "E0211"
    known: tuple[str, ...]
    file: str = "spec.arch"

    def message(self) -> str:
        return "this file defines several networks; which one is meant?"

    def notes(self) -> tuple[str, ...]:
        return (f"networks here: {', '.join(self.known)}",)

    def help(self) -> str:
        return f"name one behind the file, as in {self.file}:{self.known[-1]}"


class NotALayer(Problem):
    """A constant or a number stands where a layer or a tensor is needed.

    The steps of a network are layers, blocks and tensors. A number alone is none: perhaps the
    layer it belongs to is missing. (In a merge a number may stand: `1 - T`.)

    Wrong:
        network N(classes=10):
            input 784
            relu -> classes

    Right:
        network N(classes=10):
            input 784
            relu -> fc(classes)
    """

    code = "E0212"
    what: str
    parameter: str = ""
    """The parameter that was given this."""
    suggestion: str | None = None
    """The layer that may be meant."""

    def message(self) -> str:
        return f"{self.what} is not a layer and not a tensor"

    def label(self) -> str:
        return "a step of the network is expected here"

    def notes(self) -> tuple[str, ...]:
        if not self.parameter:
            return ()
        return (f"it is the value of {self.parameter}, as given by --set, in Python or by default",)

    def help(self) -> str:
        if self.suggestion:
            return f"did you mean {self.suggestion}? archlang layers lists all layers"
        return (
            "write a layer such as conv(64), or the name of a kept tensor; constants belong in let"
        )


class NotAConstant(Problem):
    """A tensor or a layer stands where a constant is needed.

    Sizes, counts and conditions are computed while compiling, when no tensor has a value yet.
    Its shape is known, though: `x.channels` and `x.shape` are constants.

    Wrong:
        network N:
            input 3x8x8
            conv(x, 3x3)

    Right:
        network N:
            input 3x8x8
            conv(x.channels, 3x3)
    """

    code = "E0213"
    what: str
    operator: str = ""
    """What does to tensors what the function does to constants."""

    def message(self) -> str:
        return f"a constant is needed here, not {self.what}"

    def label(self) -> str:
        return "its value is not known while compiling"

    def help(self) -> str:
        if self.operator:
            return meant(self.operator)
        return (
            "use a number, a parameter or a let; of a tensor, x.channels and x.shape are constants"
        )


class UnknownAttribute(Problem):
    """An attribute that tensors do not have.

    Of a tensor the shape is known while compiling, and what follows from it; the message lists
    the names. Operations on tensors are written as layers: `x -> relu`, not `x.relu`.

    Wrong:
        network N:
            input 3x8x8
            conv(x.channel, 3x3)

    Right:
        network N:
            input 3x8x8
            conv(x.channels, 3x3)
    """

    code = "E0214"
    name: str
    suggestion: str | None
    known: tuple[str, ...]

    def message(self) -> str:
        return f"a tensor has no {self.name!r}"

    def notes(self) -> tuple[str, ...]:
        return (f"it has: {', '.join(self.known)}",)

    def help(self) -> str:
        return f"did you mean {self.suggestion}?" if self.suggestion else "use one of these"


class UnboundIndex(Problem):
    """An indexed name is used before that index was bound.

    `e[i] = …` keeps a tensor for each i that the loop runs through, and only for those.
    range(n) runs from 0 to n − 1.

    Wrong:
        network N:
            input 3x8x8
            for i in range(2):
                e[i] = conv(8, 3x3)
            e[2] -> relu

    Right:
        network N:
            input 3x8x8
            for i in range(2):
                e[i] = conv(8, 3x3)
            e[1] -> relu
    """

    code = "E0215"
    name: str
    known: tuple[str, ...]

    def message(self) -> str:
        return f"{self.name} was not bound before this line"

    def notes(self) -> tuple[str, ...]:
        return (f"bound so far: {', '.join(self.known[:12])}",) if self.known else ()

    def help(self) -> str:
        return f"bind it first: {self.name} = …"
