"""E05: how the network hangs together."""

from __future__ import annotations

from archlang.diagnostics.model import Problem


class UnusedResult(Problem):
    """A result that no output depends on.

    Every line takes what the line before it made, unless it starts from a name. Then the
    result of the line before is lost, if it was not kept under a name and used later. Such a
    step would be computed, and its parameters trained, for nothing.

    Wrong:
        network N:
            input 3x8x8
            y = conv(8, 3x3)
            x -> conv(8, 1x1)

    Right:
        network N:
            input 3x8x8
            y = conv(8, 3x3)
            x -> conv(8, 1x1) + y
    """

    code = "E0501"
    name: str | None
    shape: tuple[int, ...]

    def message(self) -> str:
        what = f"{self.name!r}" if self.name else "the result of this step"
        return f"{what} is never used: no output depends on it"

    def label(self) -> str:
        return f"gives {'x'.join(map(str, self.shape))}, and nobody takes it"

    def help(self) -> str:
        if self.name:
            return "use it, make it an output (output name = …), or remove the line"
        return (
            "the next line starts from a name, so it does not take this one: keep the result under "
            "a name and use it, or remove the step"
        )


class UnusedInput(Problem):
    """An input that no output depends on.

    A network with named inputs has to use each of them: whoever calls it would have to pass a
    tensor that changes nothing.

    Wrong:
        network N:
            input left: 3x8x8
            input right: 3x8x8
            left -> relu

    Right:
        network N:
            input left: 3x8x8
            input right: 3x8x8
            left + right -> relu
    """

    code = "E0502"
    name: str

    def message(self) -> str:
        return f"no output depends on the input {self.name!r}"

    def help(self) -> str:
        return "use it, or remove it"


class NoInput(Problem):
    """A network that does not say what it takes.

    All shapes follow from those of the inputs, so a network begins with them: channels first,
    without the batch. (A block has no `input` line: it takes what flows in.)

    Wrong:
        network N:
            conv(8, 3x3) -> relu

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3) -> relu
    """

    code = "E0503"
    network: str

    def message(self) -> str:
        return f"{self.network} does not say what goes into it"

    def label(self) -> str:
        return "input expected before this line"

    def help(self) -> str:
        return "begin its body with: input 3x224x224"


class EmptyBody(Problem):
    """A body without a single step.

    A network that hands on its input unchanged has nothing to compile. If that is meant, in
    the path of a branch for instance, say so by `identity`.

    Wrong:
        network N:
            input 3x8x8

    Right:
        network N:
            input 3x8x8
            relu
    """

    code = "E0504"
    what: str

    def message(self) -> str:
        return f"{self.what} has no steps"

    def help(self) -> str:
        return "add a layer; identity does nothing"


class MatchOutsideMerge(Problem):
    """W∘x stands where nothing says what it has to fit.

    A matching operator brings its operand to the shape of what it is merged with. Without a
    merge (`+`, `-`, `*`, `++`) there is no such shape. For a plain step write it as a layer,
    for example `conv(64, 1x1)`.

    Wrong:
        let W = project

        network N:
            input 3x8x8
            W∘x -> relu

    Right:
        let W = project

        network N:
            input 3x8x8
            conv(8, 3x3) + W∘x -> relu
    """

    code = "E0505"
    written: str

    def message(self) -> str:
        return f"{self.written} must be an operand of a merge"

    def label(self) -> str:
        return "nothing here says which shape to match"

    def help(self) -> str:
        return f"write … + {self.written}, or … ++ {self.written}"


class NothingToMatch(Problem):
    """Every operand of a merge is W∘something, so no operand sets the shape.

    W∘ brings an operand to the shape of the others. At least one has to stand there as it is.

    Wrong:
        let W = project

        network N:
            input 3x8x8
            y = conv(8, 3x3)
            W∘y + W∘x

    Right:
        let W = project

        network N:
            input 3x8x8
            y = conv(8, 3x3)
            y + W∘x
    """

    code = "E0506"

    def message(self) -> str:
        return "every operand of this merge is matched to the others: none sets the shape"

    def help(self) -> str:
        return "leave at least one operand without W∘"


class SeveralTensors(Problem):
    """Several tensors flow where one is needed.

    A layer such as `split` has several results. Keep them under names, or join them, before
    the next layer takes one.

    Wrong:
        network N:
            input 4x8x8
            split(2) -> relu

    Right:
        network N:
            input 4x8x8
            left, right = x -> split(2)
            left + right -> relu
    """

    code = "E0507"
    what: str
    count: int
    want: str

    def message(self) -> str:
        return f"{self.what} takes {self.want}, but {self.count} come in"

    def help(self) -> str:
        return "keep them under names (a, b = …), or join them with + or ++"


class OutputTwice(Problem):
    """Two outputs carry one name.

    The outputs of a network are told apart by their names.

    Wrong:
        network N:
            input 3x8x8
            output mask = x -> conv(1, 1x1)
            output mask = x -> conv(2, 1x1)

    Right:
        network N:
            input 3x8x8
            output mask = x -> conv(1, 1x1)
            output edges = x -> conv(2, 1x1)
    """

    code = "E0508"
    name: str

    def message(self) -> str:
        return f"there are two outputs called {self.name!r}"

    def help(self) -> str:
        return "give each its own name"


class TrainingOnly(Problem):
    """What exists only while training is used outside of it.

    `output … when training` is left out in evaluation, and all that serves it alone. What
    other lines need too has to be kept under a name before.

    Wrong:
        network N:
            input 3x8x8
            y = conv(8, 3x3)
            output aux = y -> conv(2, 1x1) when training
            aux -> relu

    Right:
        network N:
            input 3x8x8
            y = conv(8, 3x3)
            output aux = y -> conv(2, 1x1) when training
            y -> relu
    """

    code = "E0509"
    name: str

    def message(self) -> str:
        return f"{self.name!r} exists only while training and cannot be used elsewhere"

    def help(self) -> str:
        return "keep its source under a name, and use that"


class AssertionFailed(Problem):
    """An assert of the spec does not hold.

    Asserts state what is known of a network from its paper: parameters, output shape, depth,
    multiplications. When one fails, either the network differs from the one that was meant,
    or the number does. A difference in `params` of as many as there are channels is often
    a bias: convolutions before `bn` usually have none.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3)
            assert params == 216

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3)
            assert params == 224
    """

    code = "E0510"
    left: str
    operator: str
    right: str
    said: str | None

    def message(self) -> str:
        return self.said or "this assertion does not hold"

    def label(self) -> str:
        return f"{self.left} {self.operator} {self.right} is false" if self.operator else "is false"

    def help(self) -> str:
        return "correct the network, or the expectation"


class UnknownPath(Problem):
    """Surgery on a path that the base network does not have.

    Paths are the names in `state_dict`: a kept name, or the kind of layer and a count from 1
    (`conv1`, `relu2`), with the blocks around it before (`layer1.0.conv1`).
    `archlang summary` lists those of a network.

    Wrong:
        network Base:
            input 3x8x8
            conv(8, 3x3) -> relu

        network N from Base:
            remove relu2

    Right:
        network Base:
            input 3x8x8
            conv(8, 3x3) -> relu

        network N from Base:
            remove relu1
    """

    code = "E0511"
    path: str
    suggestion: str | None
    known: tuple[str, ...]
    merge: bool = False
    """Whether it is called as sums and concatenations are."""

    def message(self) -> str:
        return f"the base network has nothing at {self.path!r}"

    def notes(self) -> tuple[str, ...]:
        return (f"it has: {', '.join(self.known)}",)

    def help(self) -> str:
        if self.path in ("skip", "skips"):
            return "skips are taken away by their kind: short, long, dense or all skips"
        if self.merge:
            return "sums and concatenations cannot be edited by themselves, only the layers around"
        return (
            f"did you mean {self.suggestion}?"
            if self.suggestion
            else "archlang summary lists all paths"
        )


class SaidTwice(Problem):
    """Two lines of a derived network that say what becomes of one path.

    A path can be replaced or removed, once. (A network that derives from this one may say something
    else again: the last word is that of whoever derives furthest.)

    Wrong:
        network Base:
            input 3x8x8
            conv(8, 3x3) -> relu

        network N from Base:
            replace relu1: tanh
            remove relu1

    Right:
        network Base:
            input 3x8x8
            conv(8, 3x3) -> relu

        network N from Base:
            replace relu1: tanh
    """

    code = "E0515"
    path: str
    first: str

    def message(self) -> str:
        return f"what becomes of {self.path!r} is said twice"

    def label(self) -> str:
        return f"said already: {self.first}"

    def help(self) -> str:
        return "keep one of the lines"


class SharedDiffers(Problem):
    """A shared layer meets an input that its parameters do not fit.

    All uses of a shared layer have the same parameters. Those of a convolution or a linear
    layer are made for one number of incoming channels, so every use needs as many.

    Wrong:
        network N:
            input 3x8x8
            shared f = conv(8, 3x3)
            f -> f

    Right:
        network N:
            input 3x8x8
            shared f = conv(3, 3x3)
            f -> f
    """

    code = "E0512"
    name: str
    first: tuple[int, ...]
    now: tuple[int, ...]

    def message(self) -> str:
        return f"the parameters of shared {self.name!r} do not fit this input"

    def notes(self) -> tuple[str, ...]:
        first, now = ("x".join(map(str, s)) for s in (self.first, self.now))
        return (f"it was first used on {first}, and now on {now}",)

    def help(self) -> str:
        return "give both the same number of channels, or use a layer of its own"


class UnknownMerge(Problem):
    """branch with a way of merging that does not exist.

    The paths of a `branch:` are concatenated along the channels; `branch add:` sums them,
    `branch mean:` takes their mean.

    Wrong:
        network N:
            input 3x8x8
            branch sum:
                conv(8, 3x3)
                conv(8, 1x1)

    Right:
        network N:
            input 3x8x8
            branch add:
                conv(8, 3x3)
                conv(8, 1x1)
    """

    code = "E0513"
    name: str
    suggestion: str | None

    def message(self) -> str:
        return f"branch cannot merge by {self.name!r}"

    def help(self) -> str:
        return (
            f"did you mean {self.suggestion}?"
            if self.suggestion
            else "branch:, branch add:, branch mean:"
        )


class NothingFlows(Problem):
    """A layer stands where no tensor flows into it.

    A line that starts with a layer takes what the line before it made. With several inputs, the
    first line has to say which it starts from.

    Wrong:
        network N:
            input left: 3x8x8
            input right: 3x8x8
            conv(3, 3x3) + right

    Right:
        network N:
            input left: 3x8x8
            input right: 3x8x8
            left -> conv(3, 3x3) + right
    """

    code = "E0514"
    what: str

    def message(self) -> str:
        return f"nothing flows into {self.what}"

    def help(self) -> str:
        return "start the line with a tensor's name: name -> …"
