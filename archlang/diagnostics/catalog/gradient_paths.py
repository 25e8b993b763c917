"""E081: paths from the loss to a layer that cannot be counted, or not be shown."""

from __future__ import annotations

from archlang.diagnostics.model import Problem

_SHOWN = 4
"""How many layers a message lists."""


class UnknownTarget(Problem):
    """Paths are to lead to a layer that the network does not have.

    A layer is called as in `state_dict`, without `.weight`; `archlang summary` lists all of them.
    What lies in a block or in a repetition has that part's name before its own. A part of several
    layers is no place that a path leads to: one of its layers is.

    Wrong (shown in words):
        archlang paths ResNet110 --to layer2.conv1

    Right (shown in words):
        archlang paths ResNet110 --to layer2.0.conv1
    """

    code = "E0811"
    path: str
    network: str
    suggestion: str | None = None
    inside: tuple[str, ...] = ()
    """The layers that lie in it, if it is a part of the network."""

    def message(self) -> str:
        if self.inside:
            return f"{self.path!r} is a part of {self.network}, not a layer"
        return f"{self.network} has no layer called {self.path!r}"

    def notes(self) -> tuple[str, ...]:
        if not self.inside:
            return ()
        more = len(self.inside) - _SHOWN
        listed = ", ".join(self.inside[:_SHOWN]) + (f", and {more:,} more" if more > 0 else "")
        return (f"weighted layers in it: {listed}",)

    def help(self) -> str:
        if self.inside:
            return f"name one of its layers: --to {self.inside[0]}"
        asked = f"did you mean {self.suggestion}? " if self.suggestion else ""
        return f"{asked}archlang summary SPEC lists the layers"


class UnreachedTarget(Problem):
    """A layer that no path from the loss leads to, so that no gradient comes to it.

    The loss is that of the outputs there are in evaluation. A layer that serves an output `when
    training` alone is reached by paths of that output only. A tensor that merely lends its size
    (to crop or to resize) carries no gradient either.

    Wrong (shown in words):
        archlang paths GoogLeNet --to aux1.fc1

    Right (shown in words):
        archlang paths GoogLeNet --to aux1.fc1 --training
    """

    code = "E0812"
    path: str
    network: str
    training: str | None = None
    """The output `when training` that it serves alone."""

    def message(self) -> str:
        return f"no path leads from the loss to {self.path!r}"

    def label(self) -> str:
        return "no gradient comes here"

    def notes(self) -> tuple[str, ...]:
        if self.training:
            return (f"it serves the output {self.training!r} alone, which is there when training",)
        return (f"no output of {self.network} depends on the values that it gives",)

    def help(self) -> str:
        if self.training:
            return "--training counts the paths from the outputs when training too"
        return "name a layer whose number of paths is not 0: archlang paths SPEC shows them"


class NothingWeighted(Problem):
    """Paths are counted by their weighted layers, and the network has none.

    Weighted are the layers that people count when they say how deep a network is: convolutions
    and fully connected layers. Normalisations and activations are not.

    Wrong (shown in words):
        network Means:
            input 3x8x8
            gap -> flatten

        archlang paths means.arch

    Right (shown in words):
        network Means:
            input 3x8x8
            gap -> flatten -> fc(10)

        archlang paths means.arch
    """

    code = "E0813"
    network: str

    def message(self) -> str:
        return f"{self.network} has no weighted layer that paths could lead to"

    def help(self) -> str:
        return "convolutions and fully connected layers are weighted; add one"


class TooManyLengths(Problem):
    """How many paths there are of each length would take too long to count.

    The number of paths, the shortest, the longest and the mean are known for networks of any size.
    Of a network of many thousand layers, each of thousands of lengths has a number of thousands of
    digits, which are exact or nothing.

    Wrong (shown in words):
        A residual network of 30,000 layers, and the lengths of the paths to its first one.

    Right (shown in words):
        The lengths of the paths to a layer that is nearer to the loss.
    """

    code = "E0814"
    path: str
    lengths: int
    digits: int

    def message(self) -> str:
        return f"the paths to {self.path!r} are too many to be counted length by length"

    def notes(self) -> tuple[str, ...]:
        return (f"{self.lengths:,} lengths, with numbers of up to {self.digits:,} digits",)

    def help(self) -> str:
        return "name a layer that is nearer to the loss"
