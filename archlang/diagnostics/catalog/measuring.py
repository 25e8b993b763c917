"""E082 and E083: networks and batches that cannot be measured."""

from __future__ import annotations

from archlang.diagnostics.model import Problem
from archlang.ops.base import Shape, shape_text

_SHOWN = 6
"""How many names a message lists."""


class NothingToMeasure(Problem):
    """A network has no layer with weights to hear from the loss.

    `archlang gradients` shows how large things are at every weighted layer (a convolution, a fully
    connected one) on the way to the main output. A network of nothing but pools and activations
    has none; what runs only while training is not looked at.

    Wrong (shown in words):
        network Shrink:
            input 3x32x32
            maxpool(2x2) -> relu

        archlang gradients shrink.arch

    Right (shown in words):
        network Shrink:
            input 3x32x32
            conv(8, 3x3) -> maxpool(2x2) -> relu

        archlang gradients shrink.arch
    """

    code = "E0821"
    network: str
    params: int = 0

    def message(self) -> str:
        if self.params:
            return f"no layer of {self.network} is a weighted one: there is nothing to measure"
        return f"{self.network} has no parameters: there is nothing to measure"

    def label(self) -> str:
        return "no convolution and no fully connected layer"

    def notes(self) -> tuple[str, ...]:
        if not self.params:
            return ()
        return (f"its {self.params:,} parameters are those of normalisations, scales and the like",)

    def help(self) -> str:
        return "measure a network that has one: archlang summary shows the layers"


class UnreadableBatch(Problem):
    """A file of `--data` does not hold arrays that can be read.

    A batch is read from what NumPy (`.npz`), safetensors (`.safetensors`) or `torch.save` (`.pt`)
    wrote. It is read as data: a file that wants to run code is refused.

    Wrong (shown in words):
        numpy.savez("batch.npz", x=[image, "cat"])
        archlang gradients ResNet18 --data batch.npz
        A list of unlike things is pickled, which is code.

    Right (shown in words):
        numpy.savez("batch.npz", x=images, y=labels)
        archlang gradients ResNet18 --data batch.npz
    """

    code = "E0822"
    name: str
    why: str
    way: str = ""

    def message(self) -> str:
        return f"cannot read a batch from {self.name}: {self.why}"

    def help(self) -> str:
        return self.way or 'write it with numpy.savez("batch.npz", x=images, y=labels)'


class WrongBatch(Problem):
    """A batch is not what a network takes.

    The file of `--data` holds `x`, the samples, each of the shape of the network's input; or an
    array for every input, under its name. With it may go `y`: for a network that tells classes
    apart a whole number from 0 for each sample (for each place of it, if the output is a map), for
    one that gives a single number the number it should give.

    Wrong (shown in words):
        numpy.savez("batch.npz", x=images)      # 16x224x224x3, the channels last
        archlang gradients ResNet18 --data batch.npz

    Right (shown in words):
        numpy.savez("batch.npz", x=images.transpose(0, 3, 1, 2))      # 16x3x224x224
        archlang gradients ResNet18 --data batch.npz
    """

    code = "E0823"
    network: str
    what: str
    """What is wrong: "x has the shape 16x224x224x3"."""
    want: str
    """What was expected: "Nx3x224x224 (N samples)"."""
    has: tuple[str, ...] = ()
    """The arrays of the file."""
    way: str = ""

    def message(self) -> str:
        return f"the batch does not suit {self.network}: {self.what}"

    def notes(self) -> tuple[str, ...]:
        more = f", and {len(self.has) - _SHOWN:,} more" if len(self.has) > _SHOWN else ""
        arrays = (f"the file holds {', '.join(self.has[:_SHOWN])}{more}",) if self.has else ()
        return (f"expected: {self.want}", *arrays)

    def help(self) -> str | None:
        return self.way or None


class NotFinite(Problem):
    """NaN or infinity was met while a network ran.

    A number grew beyond what the type can hold (3.4e38 in float32), or was computed as 0/0, ∞ − ∞,
    the root or the logarithm of a negative number. From there on everything is spoiled, so only
    the first place is shown: first the forward pass is looked through from the input to the
    output, then the backward pass from the loss to the input.

    Wrong (shown in words):
        archlang gradients Chain --set L=400 --set f=relu --set weight=2
        2 to the 128th is more than float32 can hold.

    Right (shown in words):
        archlang gradients Chain --set L=400 --set f=relu --set weight=2 --dtype float64
    """

    code = "E0824"
    network: str
    value: str
    """"NaN" or "infinity"."""
    at: str
    """Where it was met first."""
    backward: bool = False
    step: int = 0
    """After how many steps of gradient descent."""
    dtype: str = "float32"
    loss: bool = False
    """Whether only the loss is so, while the output is finite."""

    def message(self) -> str:
        if self.loss:
            when = f" after {_counted(self.step)}" if self.step else ""
            return f"{self.value} in {self.network}{when}: first in the loss"
        what = "the gradient by the output" if self.backward else "the output"
        when = f" after {_counted(self.step)}" if self.step else ""
        return f"{self.value} in {self.network}{when}: first in {what} of {self.at}"

    def label(self) -> str:
        if self.loss:
            return f"finite here, but the loss by it is {self.value}"
        direction = "on the way back from the loss" if self.backward else "on the way forward"
        return f"{self.value} here, {direction}"

    def help(self) -> str:
        if self.step:
            return "take smaller steps (--lr), or fewer (--steps)"
        wider = "" if self.dtype == "float64" else "; --dtype float64 reaches to 1.8e308"
        return f"smaller initial weights (init=), or a normalisation before it{wider}"


class BatchOfOne(Problem):
    """A batch norm has only one value for each channel, so there is no deviation to divide by.

    While training, a batch norm computes mean and deviation of every channel over the samples and
    the places of the map. Where the map is 1x1, or a vector, one sample is not enough.

    Wrong (shown in words):
        archlang gradients net.arch --batch 1
        It ends in gap -> bn -> flatten.

    Right (shown in words):
        archlang gradients net.arch --batch 2
    """

    code = "E0825"
    network: str
    batch: int
    shape: Shape

    def message(self) -> str:
        return f"a batch of {self.batch} is too small for a batch norm of {self.network}"

    def label(self) -> str:
        return f"takes {shape_text(self.shape)}: one value for each channel"

    def help(self) -> str:
        return "take two samples or more: --batch 16"


class CannotRun(Problem):
    """torch cannot run the batch through the network.

    Most often memory is short: all activations of the batch are kept until the gradient has come
    back to them. Or the device lacks an operation for a type of number.

    Wrong (shown in words):
        archlang gradients UNet --batch 64

    Right (shown in words):
        archlang gradients UNet --batch 2
    """

    code = "E0826"
    network: str
    why: str
    memory: bool = False

    def message(self) -> str:
        why = "there is not enough memory" if self.memory else f"torch says {self.why!r}"
        return f"{self.network} cannot run: {why}"

    def help(self) -> str:
        if self.memory:
            return "take fewer samples (--batch), or a smaller input (--set size=…)"
        return "try --dtype float32 and --device cpu"


def _counted(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps:,} steps"
