"""W0501 to W0515: layers that are legal where they stand, but probably not meant so."""

from __future__ import annotations

from archlang.diagnostics.model import Problem, Severity


class Warned(Problem):
    """Base of what `archlang lint` says."""

    severity = Severity.WARNING


class BiasBeforeNorm(Warned):
    """A bias that the batch normalisation behind it takes away again.

    Batch normalisation subtracts the mean of each channel over the batch, and with it whatever
    constant was added to that channel before. So the bias changes no output while training, its
    gradient is zero, and the shift of the normalisation does its work (Ioffe and Szegedy 2015,
    arXiv:1502.03167, section 3.2). Instance normalisation does the same.

    Where weights of others are to be loaded that have such a bias, as torchvision's VGG11_BN, keep
    it and excuse the line.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3) -> bn -> relu

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3, bias=false) -> bn -> relu
    """

    code = "W0501"
    layer: str
    norm: str

    def message(self) -> str:
        return f"the bias of this {self.layer} has no effect: {self.norm} subtracts it again"

    def label(self) -> str:
        return f"{self.norm} follows directly"

    def help(self) -> str:
        return f"add bias=false; for all of them at once: default {self.layer}(bias=false)"


class NoNonlinearity(Warned):
    """Two linear layers with nothing between that bends.

    The composition of two linear maps is one linear map: two fully connected layers in a row, or
    two convolutions, compute nothing that one of them could not (but for the border of a map). A
    dropout or flatten between changes nothing about that. What is factorised on purpose is left
    alone: depthwise and grouped convolutions, pairs such as 1x7 and 7x1, and layers that squeeze
    through fewer channels than go in and come out.

    Wrong:
        network N:
            input 784
            fc(300) -> fc(100) -> relu -> fc(10)

    Right:
        network N:
            input 784
            fc(300) -> relu -> fc(100) -> relu -> fc(10)
    """

    code = "W0502"
    first: str
    second: str

    def message(self) -> str:
        return f"{self.first} and {self.second} in a row, with no nonlinearity between them"

    def label(self) -> str:
        return "the two together are one linear map"

    def help(self) -> str:
        return "put an activation such as relu between them, or leave one of them out"


class ActivationTwice(Warned):
    """An activation directly behind another one.

    A relu behind a relu does nothing; a sigmoid behind a relu gives no value below 0.5; a softmax
    behind a softmax makes all classes nearly alike, and the gradient small. Mostly one of the two
    is left over from an edit, or a block that already ends in an activation is followed by one.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3) -> relu -> relu

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3) -> relu
    """

    code = "W0503"
    first: str
    second: str
    same: bool
    """Whether the second one changes nothing at all."""

    def message(self) -> str:
        end = ", where it changes nothing" if self.same else ""
        return f"{self.second} directly behind {self.first}{end}"

    def help(self) -> str:
        return "leave one of them out"


class NormTwice(Warned):
    """A normalisation directly behind another one.

    What comes out of a batch normalisation has the mean and the spread of its shift and scale. The
    next one takes both away again: two layers, twice the cost, and the parameters of the first
    learn nothing.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3, bias=false) -> bn -> bn -> relu

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3, bias=false) -> bn -> relu
    """

    code = "W0504"
    first: str
    second: str

    def message(self) -> str:
        return f"{self.second} directly behind {self.first}, which has normalised already"

    def help(self) -> str:
        return "leave one of them out"


class DropoutLast(Warned):
    """A dropout with no layer behind it that could learn to do without.

    Dropout keeps the units of the next layer from relying on each other (Srivastava et al. 2014).
    Behind the last layer with weights there is no such layer: it sets scores of classes to zero at
    random, the right one among them, and all that comes of it is noise in the loss.

    Wrong:
        network N:
            input 784
            fc(100) -> relu -> fc(10) -> dropout(0.5)

    Right:
        network N:
            input 784
            fc(100) -> relu -> dropout(0.5) -> fc(10)
    """

    code = "W0505"
    layer: str

    def message(self) -> str:
        return f"this {self.layer} stands behind the last layer with weights"

    def label(self) -> str:
        return "it sets outputs of the network to zero"

    def help(self) -> str:
        return "put it before the last layer, or leave it out"


class DropoutBeforeNorm(Warned):
    """A dropout directly before a batch normalisation.

    While training, dropout makes the variance of what it hands on larger; in evaluation it does
    not. The running variance that batch normalisation has learned is then too large for what it
    sees, and accuracy falls (Li et al. 2018, arXiv:1801.05134). Behind the last batch
    normalisation dropout does no harm.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3, bias=false) -> dropout(0.5) -> bn -> relu

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3, bias=false) -> bn -> relu -> dropout(0.5)
            flatten -> fc(10)
    """

    code = "W0506"
    layer: str

    def message(self) -> str:
        return f"this {self.layer} shifts the variance that the bn behind it learns"

    def label(self) -> str:
        return "bn follows directly"

    def help(self) -> str:
        return "put it behind the bn and its activation, or behind the last bn of the network"


class DroppedPixels(Warned):
    """A stride that leaves the last rows or columns of the input unseen.

    A window of k pixels (dilated: d(k-1) + 1) that moves by s stops where the next step would
    leave the padded input. If n + 2p - d(k-1) - 1 is no multiple of s, the rest is not covered. As
    far as that is padding, nothing is lost. Beyond, pixels of the input reach no output, and their
    gradient is exactly zero; the map also moves against the input, a little more with each such
    layer.

    Wrong:
        network N:
            input 3x15x15
            conv(8, 3x3) -> relu -> maxpool(2x2)

    Right:
        network N:
            input 3x16x16
            conv(8, 3x3) -> relu -> maxpool(2x2)
    """

    code = "W0507"
    layer: str
    lost: tuple[int, ...]
    """The pixels that are not seen, for each axis."""
    sums: tuple[str, ...]
    """The arithmetic, axis by axis."""
    pools: bool

    def message(self) -> str:
        what = _places(self.lost)
        verb = "is" if sum(self.lost) == 1 else "are"
        return f"{what} of the input {verb} never seen by this {self.layer}"

    def notes(self) -> tuple[str, ...]:
        return self.sums

    def help(self) -> str:
        if self.pools:
            return "use an input size that fits, a larger pad, or ceil=true"
        return "use an input size that fits, or a larger pad; archlang sizes shows what fits"


def _places(lost: tuple[int, ...]) -> str:
    """`the last row and the last 2 columns`."""
    words = {1: ("step",), 2: ("row", "column"), 3: ("slice", "row", "column")}[len(lost)]
    found = [
        f"the last {word}" if n == 1 else f"{n} {word}s at the end"
        for word, n in zip(words, lost, strict=True)
        if n
    ]
    return " and ".join(found)


class Gaps(Warned):
    """A window that moves further than it is wide.

    Between one place of the window and the next lie pixels that no window covers: they reach no
    output. With a pooling layer that is nearly always a kernel and a stride the wrong way round.
    (A 1x1 convolution with a stride, the usual shortcut of a residual network, is left alone.)

    Wrong:
        network N:
            input 3x9x9
            conv(8, 3x3) -> relu -> maxpool(2x2, stride=3)

    Right:
        network N:
            input 3x9x9
            conv(8, 3x3) -> relu -> maxpool(3x3, stride=2, pad=1)
    """

    code = "W0508"
    layer: str
    kernel: int
    """How far it reaches along the axis, dilation included."""
    stride: int

    def message(self) -> str:
        return (
            f"this {self.layer} skips pixels: it moves by {self.stride}, but covers {self.kernel}"
        )

    def notes(self) -> tuple[str, ...]:
        gap = self.stride - self.kernel
        return (f"of every {self.stride} rows or columns, {gap} reach no output",)

    def help(self) -> str:
        return f"a stride of {self.kernel} at most, or a kernel of {self.stride} at least"


class HalfPixelShift(Warned):
    """A kernel of even size that is padded, so that the map moves by half a pixel.

    A kernel of odd size has a pixel in its middle. One of even size has its middle between two,
    so that with the same padding on both sides the map grows or shrinks by one and lies half a
    pixel beside its input. Behind several such layers, or where a skip connection meets it, the
    two no longer show the same place. With a stride of 2 an even kernel is in order
    (`conv(64, 4x4, stride=2, pad=1)`), and so is one without padding.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 4x4, pad=1) -> relu

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3) -> relu
    """

    code = "W0509"
    layer: str
    kernel: int
    pad: int
    before: int
    after: int

    def message(self) -> str:
        return (
            f"this {self.layer} shifts the map by half a pixel: its kernel of {self.kernel} is even"
        )

    def notes(self) -> tuple[str, ...]:
        rest = f"{self.before} + 2·{self.pad} − {self.kernel} + 1 = {self.after}"
        return (f"{rest}, not {self.before}",)

    def help(self) -> str:
        return (
            "use an odd kernel; or keep the size with a border of its own: "
            f"pad([[{(self.kernel - 1) // 2}, {self.kernel // 2}], …]) and pad=0"
        )


class SoftmaxBeforeLoss(Warned):
    """A softmax as the output of the network.

    `torch.nn.CrossEntropyLoss` takes logits: it computes the logarithm of the softmax itself,
    exactly even where the softmax would round to 0 or 1. Behind a softmax it computes a second
    one: the loss of ten classes can then not fall below 1.46, and the gradients are small
    (https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html). Use
    `log_softmax` with `NLLLoss`, or leave the softmax to whoever needs probabilities.

    Wrong:
        network N:
            input 784
            fc(10) -> softmax

    Right:
        network N:
            input 784
            fc(10)
    """

    code = "W0510"
    output: str

    def message(self) -> str:
        what = "" if self.output == "output" else f" {self.output!r}"
        return f"the output{what} is a softmax, but torch's cross_entropy takes logits"

    def help(self) -> str:
        return "leave the softmax out and apply it where probabilities are needed"


class PaddedPointwise(Warned):
    """A 1x1 convolution with padding.

    A kernel of one pixel needs no border. With padding the map grows by a frame in which no pixel
    of the input has a part: it holds the bias alone, or zeros. Mostly the padding is left from a
    kernel that was larger.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 1x1, pad=1) -> relu

    Right:
        network N:
            input 3x8x8
            conv(8, 1x1) -> relu
    """

    code = "W0511"
    layer: str
    pad: int

    def message(self) -> str:
        return f"padding of {self.pad} around a kernel of one pixel"

    def label(self) -> str:
        return "the border is made of padding alone"

    def help(self) -> str:
        return "pad=0"


class DoesNothing(Warned):
    """A layer that hands on what it gets.

    A dropout of probability 0, a reshape to the shape that is there, a pooling of one pixel:
    they cost a reader's attention. Only what is written with plain numbers is reported, and only
    if it does nothing wherever it is used; a layer whose argument is a parameter may do something
    another time.

    Wrong:
        network N:
            input 784
            fc(100) -> relu -> dropout(0.0) -> fc(10)

    Right:
        network N:
            input 784
            fc(100) -> relu -> fc(10)
    """

    code = "W0512"
    layer: str
    why: str

    def message(self) -> str:
        return f"this {self.layer} does nothing: {self.why}"

    def help(self) -> str:
        return "leave it out"


class WeightsOnPadding(Warned):
    """A kernel some of whose weights only ever meet padding.

    Where a map is small against the kernel, or the dilation is large, the outer weights lie on
    padding at every place of the window. They are multiplied by zero, so their gradient is zero and
    they never change: a 3x3 kernel on a map of one pixel is a 1x1 kernel that stores nine times
    as much. (Chen et al. 2017, arXiv:1706.05587, section 3.3, on large dilations.)

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3) -> relu -> conv(8, 3x3, dilation=8) -> relu

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3) -> relu -> conv(8, 3x3, dilation=2) -> relu
    """

    code = "W0513"
    layer: str
    idle: int
    """Weights of a filter, for one channel, that meet padding alone."""
    all: int
    shape: tuple[int, ...]
    """Of the map, without channels."""

    def message(self) -> str:
        few = f"{self.idle} of the {self.all} weights of each filter"
        return f"{few} of this {self.layer} only ever meet padding"

    def label(self) -> str:
        return f"on a map of {'x'.join(map(str, self.shape))}"

    def help(self) -> str:
        return "use a smaller kernel or dilation, or a larger map"


class MergedWithItself(Warned):
    """A tensor that is merged with itself.

    x + x is 2x, x - x is nothing, and x ++ x holds every channel twice, for which the next layer
    has twice the weights and no more to see. Mostly one of the two names is the wrong one.

    Wrong:
        network N:
            input 3x8x8
            Y = conv(8, 3x3) -> relu
            Z = conv(8, 3x3) -> relu
            Z + Z

    Right:
        network N:
            input 3x8x8
            Y = conv(8, 3x3) -> relu
            Z = conv(8, 3x3) -> relu
            Z + Y
    """

    code = "W0514"
    symbol: str

    def message(self) -> str:
        return f"both sides of this {self.symbol} are one tensor"

    def help(self) -> str:
        return "is one of the two names another one? else say what is meant: 2 * x"


class EverythingDropped(Warned):
    """A dropout of probability 1.

    The argument is the probability that a number is set to zero, not that it is kept. With 1 all
    are, always, while training: nothing behind it sees anything, and nothing before it gets a
    gradient.

    Wrong:
        network N:
            input 784
            fc(100) -> relu -> dropout(1.0) -> fc(10)

    Right:
        network N:
            input 784
            fc(100) -> relu -> dropout(0.5) -> fc(10)
    """

    code = "W0515"
    layer: str

    def message(self) -> str:
        return f"this {self.layer} sets everything to zero while training"

    def help(self) -> str:
        return "its argument is the probability of being dropped, not of being kept"
