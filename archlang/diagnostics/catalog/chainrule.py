"""Networks whose chain rule cannot be written as it was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from archlang.diagnostics.model import Problem
from archlang.ops.base import Shape, shape_text

_SHOWN = 12


@dataclass(frozen=True)
class NotAChain(Problem):
    """The closed form of the scalar chain, asked of a network that is no scalar chain.

    A scalar chain is one number in, then `fc(1, bias=false)` and an activation in turn; with one
    skip at most, from the first product to the output: θ = y_(L+1) + w_1 x.

    Wrong (shown in words):
        network Wide:
            input 2
            fc(1, bias=false) -> sigmoid

        chain_of(archlang.network("wide.arch"))

    Right (shown in words):
        network Narrow:
            input 1
            fc(1, bias=false) -> sigmoid

        chain_of(archlang.network("narrow.arch"))
    """

    code = "E0841"
    network: str
    reason: str

    def message(self) -> str:
        return f"{self.network} is no scalar chain: {self.reason}"

    def label(self) -> str:
        return self.reason

    def help(self) -> str:
        return "archlang zoo Chain copies one to start from; any network: archlang gradients"


@dataclass(frozen=True)
class NoSuchPart(Problem):
    """A block, or the path of a unit, that the network does not have.

    `--focus` takes the name of a block (`Basic`: its first use, and the others where they differ)
    or the path of one use of it (`layer2.0`).

    Wrong (shown in words):
        archlang explain-gradient ResNet18 --focus Bottleneck
        ResNet18 is made of Basic units.

    Right (shown in words):
        archlang explain-gradient ResNet18 --focus Basic
    """

    code = "E0842"
    network: str
    name: str
    blocks: tuple[str, ...]
    suggestion: str | None

    def message(self) -> str:
        return f"there is no block or unit {self.name!r} in {self.network}"

    def label(self) -> str:
        return _blocks(self.blocks) or "this network uses no blocks"

    def help(self) -> str:
        near = f"did you mean {self.suggestion}? " if self.suggestion else ""
        return f"{near}archlang summary lists the paths of {self.network}"


@dataclass(frozen=True)
class TooLargeToExplain(Problem):
    """A chain rule of more lines than can be read.

    Each step is a line of the forward pass and one of the backward pass. Of a large network look at
    one block at a time.

    Wrong (shown in words):
        archlang explain-gradient ResNet18

    Right (shown in words):
        archlang explain-gradient ResNet18 --focus Basic
    """

    code = "E0843"
    part: str
    steps: int
    most: int
    blocks: tuple[str, ...]
    network: str

    def message(self) -> str:
        return f"the chain rule of {self.part} has {self.steps} steps, too many to read"

    def label(self) -> str:
        return f"at most {self.most} are written down"

    def notes(self) -> tuple[str, ...]:
        return (blocks,) if (blocks := _blocks(self.blocks)) else ()

    def help(self) -> str:
        if self.blocks:
            return f"look at one of them: --focus {self.blocks[0]}"
        return (
            f"look at a part: --focus PATH (archlang summary {self.network} lists the paths), or "
            "at the numbers: archlang gradients"
        )


@dataclass(frozen=True)
class NotScalar(Problem):
    """Numbers put into a chain rule in which not everything is one number.

    `--at X` is for networks of scalar neurons, where every value is one number.

    Wrong (shown in words):
        archlang explain-gradient ResNet18 --focus Basic --at 1.0

    Right (shown in words):
        archlang explain-gradient Chain --set L=3 --at 1.0
    """

    code = "E0844"
    part: str
    path: str
    shape: Shape

    def message(self) -> str:
        return f"--at puts numbers into networks of scalars, and {self.part} is none"

    def label(self) -> str:
        return f"{self.path} is a tensor of {shape_text(self.shape)}"

    def help(self) -> str:
        return "leave out --at to see the formulas; archlang gradients measures any network"


@dataclass(frozen=True)
class UnknownWeight(Problem):
    """Numbers asked for where the spec does not say what the weights are.

    A weight that is drawn at random has no value before the network is built. `init=constant(0.9)`
    says it; biases are then 0.

    Wrong (shown in words):
        network Neuron:
            input 1
            fc(1) -> sigmoid

        archlang explain-gradient neuron.arch --at 1.0

    Right (shown in words):
        network Neuron:
            input 1
            fc(1, init=constant(0.9)) -> sigmoid

        archlang explain-gradient neuron.arch --at 1.0
    """

    code = "E0845"
    path: str

    def message(self) -> str:
        return f"the weight of {self.path} is drawn at random, so there is no number to put in"

    def label(self) -> str:
        return "its value is not said here"

    def help(self) -> str:
        return "say it in the spec: init=constant(0.9)"


@dataclass(frozen=True)
class NoNumbers(Problem):
    """Numbers asked for of a layer whose values only a built network can tell.

    `--at X` computes fully connected neurons, activations, sums, products and numbers.

    Wrong (shown in words):
        network Normal:
            input 1
            fc(1, init=constant(0.9)) -> bn

        archlang explain-gradient normal.arch --at 1.0
        What a batch norm does depends on the whole batch.

    Right (shown in words):
        network Neuron:
            input 1
            fc(1, init=constant(0.9)) -> tanh

        archlang explain-gradient neuron.arch --at 1.0
    """

    code = "E0846"
    path: str
    layer: str

    def message(self) -> str:
        return f"--at has no numbers for {self.layer} ({self.path})"

    def label(self) -> str:
        return "what it gives is not said by one number"

    def help(self) -> str:
        return "leave out --at to see the formulas"


@dataclass(frozen=True)
class LayerNotPart(Problem):
    """A layer given to `--focus`, which takes blocks and units.

    The chain rule of one layer is its one line; `--focus` shows it among those of its block.

    Wrong (shown in words):
        archlang explain-gradient ResNet18 --focus layer1.0.conv1

    Right (shown in words):
        archlang explain-gradient ResNet18 --focus layer1.0
    """

    code = "E0847"
    network: str
    layer: str
    blocks: tuple[str, ...]
    unit: str | None

    def message(self) -> str:
        return f"{self.layer} is a layer of {self.network}, and --focus takes a block or a unit"

    def label(self) -> str:
        return _blocks(self.blocks) or "this network uses no blocks"

    def help(self) -> str:
        known = [*self.blocks[:1], *([self.unit] if self.unit else [])]
        if known:
            named = " or ".join(f"--focus {name}" for name in dict.fromkeys(known))
            return f"name a block or a unit, as {named}"
        return "leave out --focus to see the whole network"


def _blocks(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"blocks of this network: {', '.join(names[:_SHOWN])}{more}"
