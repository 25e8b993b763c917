"""E04: shapes that do not fit."""

from __future__ import annotations

from archlang.diagnostics.model import Problem

Shape = tuple[int, ...]


def times(shape: Shape) -> str:
    """A shape as the language writes it."""
    return "x".join(map(str, shape))


class KernelTooLarge(Problem):
    """A window is larger than what it slides over.

    A kernel of k over n numbers, padded by p on both sides, stands in
    floor((n + 2p − k)/stride) + 1 places. Where the kernel is larger than the padded
    input, that is 0 or less: nothing would come out. (With a dilation d the kernel
    reaches over d(k − 1) + 1 numbers.) Often an earlier line downsamples more than
    was meant: `archlang summary` shows the sizes line by line.

    Wrong:
        network N:
            input 3x7x7
            conv(8, 9x9, pad=0) -> flatten -> fc(10)

    Right:
        network N:
            input 3x7x7
            conv(8, 7x7, pad=0) -> flatten -> fc(10)
    """

    code = "E0401"
    layer: str
    size: int
    kernel: int
    stride: int
    pad: int
    dilation: int
    whole: Shape

    def message(self) -> str:
        return f"the kernel of {self.layer} does not fit: it is larger than its input"

    def label(self) -> str:
        reach = self.dilation * (self.kernel - 1) + 1
        return f"reaches over {reach}, but there are only {self.size + 2 * self.pad}"

    def notes(self) -> tuple[str, ...]:
        k = f"{self.kernel}" if self.dilation == 1 else f"({self.dilation}·({self.kernel} − 1) + 1)"
        reach = self.dilation * (self.kernel - 1) + 1
        result = (self.size + 2 * self.pad - reach) // self.stride + 1
        formula = f"floor(({self.size} + 2·{self.pad} − {k})/{self.stride}) + 1 = {result}"
        return (formula.replace("-", "−"),)

    def help(self) -> str:
        need = -(-(self.dilation * (self.kernel - 1) + 1 - self.size) // 2)
        return f"a smaller kernel, pad={need}, or less downsampling before this line"


class MergeShapes(Problem):
    """Tensors of unequal shape are added, subtracted or multiplied.

    A merge works number by number, so both sides need the same number of axes, and
    each axis the same size (or 1, which is repeated). Around a skip connection the
    usual reason is a stride or a change of channels on one path only. The other path
    then needs a matching operator W: `project` learns one (a 1x1 convolution), `pad`
    subsamples and pads with zero channels, `crop` and `resize` change the size alone.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3, stride=2) + x

    Right:
        let W = project

        network N:
            input 3x8x8
            conv(8, 3x3, stride=2) + W∘x
    """

    code = "E0402"
    symbol: str
    left: Shape
    right: Shape
    fits: str | None = None

    def message(self) -> str:
        what = {"+": "add", "-": "subtract", "*": "multiply", "mean": "average"}[self.symbol]
        return f"cannot {what} tensors of shape {times(self.left)} and {times(self.right)}"

    def label(self) -> str:
        return f"{times(self.left)} {self.symbol} {times(self.right)}"

    def help(self) -> str:
        if self.fits:
            return f"let W = {self.fits} would fit: write W∘ before the operand to be matched"
        if len(self.left) != len(self.right):
            return "bring both to the same number of axes first (flatten, gap, reshape)"
        if self.left[1:] == self.right[1:]:
            return "give both the same number of channels, or use W = project"
        return (
            "bring both to the same size: change a stride or padding, "
            "or use W = project, crop or resize"
        )


class ConcatShapes(Problem):
    """Maps of unequal size are concatenated.

    `a ++ b` puts the channels of b behind those of a. The numbers of channels may
    differ, but height and width must be equal. In a U-Net with valid convolutions
    the long skip is larger than the path it meets, and is cropped first: `crop∘e4 ++ …`.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3, pad=0) ++ x

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3, pad=0) ++ crop∘x
    """

    code = "E0403"
    left: Shape
    right: Shape

    def message(self) -> str:
        return (
            "cannot concatenate along the channels: "
            f"{times(self.left)} and {times(self.right)} differ behind the channels"
        )

    def label(self) -> str:
        return f"{times(self.left)} ++ {times(self.right)}"

    def help(self) -> str:
        return "crop∘ or resize∘ before one of them makes it fit the other"


class NeedsMap(Problem):
    """A layer that slides over a map is given something else.

    Convolutions and pooling move a window along 1 to 3 axes behind the channels: a
    signal 1x16000, an image 3x224x224, a volume 1x64x64x64. A vector such as 784 has no
    such axis. Note that `flatten`, and `fc` behind it, give vectors.

    Wrong:
        network N:
            input 784
            conv(8, 3x3)

    Right:
        network N:
            input 784
            reshape(1x28x28) -> conv(8, 3x3)
    """

    code = "E0404"
    layer: str
    got: Shape

    def message(self) -> str:
        return f"{self.layer} needs a map (channels and 1 to 3 axes), but gets {times(self.got)}"

    def label(self) -> str:
        return f"gets {times(self.got)}"

    def help(self) -> str:
        if len(self.got) == 1:
            return f"reshape it first, for example reshape({self.got[0]}x1x1), or use fc"
        return "reshape it first"


class NeedsVector(Problem):
    """A fully connected layer is given a map.

    `fc` multiplies a vector by a matrix. It does not flatten a map by itself, because
    there are two ways to make a vector of it, and they cost differently: `flatten`
    keeps every number (and needs a weight for each), `gap -> flatten` keeps the mean of
    each channel.

    Wrong:
        network N:
            input 1x28x28
            fc(10)

    Right:
        network N:
            input 1x28x28
            flatten -> fc(10)
    """

    code = "E0405"
    layer: str
    got: Shape

    def message(self) -> str:
        return f"{self.layer} needs a vector, but gets a map of {times(self.got)}"

    def label(self) -> str:
        return f"gets {times(self.got)}"

    def notes(self) -> tuple[str, ...]:
        product = 1
        for n in self.got:
            product *= n
        return (f"flattened, {times(self.got)} is a vector of {product}",)

    def help(self) -> str:
        after = f"flatten -> {self.layer}(…)"
        return f"{after}, or gap -> {after} for one number a channel"


class WrongRank(Problem):
    """A setting names another number of axes than the input has.

    A size such as 3x3 has one number for each axis behind the channels: one for a
    signal, two for an image, three for a volume. One number alone counts for all axes.

    Wrong:
        network N:
            input 1x16x16
            conv(8, 3x3x3)

    Right:
        network N:
            input 1x16x16
            conv(8, 3x3)
    """

    code = "E0406"
    what: str
    got: Shape
    rank: int

    def message(self) -> str:
        many = f"{len(self.got)} ax{'i' if len(self.got) == 1 else 'e'}s"
        return f"{self.what} {times(self.got) or '[]'} has {many}, but the input has {self.rank}"

    def help(self) -> str:
        if not self.got:
            return f"give {self.what} a number, or one for each axis: 3x3"
        one = self.got[0]
        return f"write {self.what}={one} for all axes, or {'x'.join([str(one)] * self.rank)}"


class EvenKernelNeedsPadding(Problem):
    """An even kernel is used without saying its padding.

    Without `pad=…` a layer keeps the size of its input (at stride 1) by padding (k − 1)/2
    on each side, times the dilation. For an even k that is not a whole number, so the
    padding has to be said. A kernel of 2 with stride 2 usually wants pad=0.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 2x2, stride=2)

    Right:
        network N:
            input 3x8x8
            conv(8, 2x2, stride=2, pad=0)
    """

    code = "E0407"
    layer: str
    kernel: Shape

    def message(self) -> str:
        return f"{self.layer} with the even kernel {times(self.kernel)} must say its padding"

    def label(self) -> str:
        return "no symmetric padding keeps the size here"

    def help(self) -> str:
        return "pad=0, or another number; an odd kernel keeps the size by itself"


class GroupsDoNotDivide(Problem):
    """The groups of a convolution do not divide its channels.

    With groups=g the incoming and the outgoing channels are cut into g equal parts, and
    each part of the output sees one part of the input. Both numbers have to be
    multiples of g.

    Wrong:
        network N:
            input 6x8x8
            conv(8, 3x3, groups=4)

    Right:
        network N:
            input 6x8x8
            conv(8, 3x3, groups=2)
    """

    code = "E0408"
    groups: int
    channels: int
    out: int

    def message(self) -> str:
        which = "incoming" if self.channels % self.groups else "outgoing"
        number = self.channels if self.channels % self.groups else self.out
        return f"groups={self.groups} does not divide the {number} {which} channels"

    def label(self) -> str:
        return f"{self.channels} channels in, {self.out} out"

    def notes(self) -> tuple[str, ...]:
        number = self.channels if self.channels % self.groups else self.out
        return (f"{number} mod {self.groups} = {number % self.groups}",)

    def help(self) -> str:
        from math import gcd

        return f"groups={gcd(gcd(self.channels, self.out), self.groups)} divides both"


class AscriptionDiffers(Problem):
    """The shape written behind a line is not the shape that comes out of it.

    `… : 8x4x4` states what a line gives, channels first and without the batch, so
    that a mistake shows where it is made and not ten lines later. Either the line or
    what is said of it is wrong.

    Wrong:
        network N:
            input 3x8x8
            conv(8, 3x3) : 8x4x4

    Right:
        network N:
            input 3x8x8
            conv(8, 3x3, stride=2) : 8x4x4
    """

    code = "E0409"
    said: Shape
    got: Shape

    def message(self) -> str:
        return f"this line is said to give {times(self.said)}, but gives {times(self.got)}"

    def label(self) -> str:
        return f"said {times(self.said)}"

    def help(self) -> str:
        return f"correct the line, or write : {times(self.got)}"


class DoesNotDivide(Problem):
    """A layer cuts an axis into equal parts, and it does not come out even.

    `channel_shuffle(g)` and `gn(g)` form g groups of channels, `split(n)` n parts, and
    `pixel_shuffle(r)` makes every r² channels into one: the channels have to be a
    multiple of that number.

    Wrong:
        network N:
            input 6x8x8
            channel_shuffle(4)

    Right:
        network N:
            input 6x8x8
            channel_shuffle(3)
    """

    code = "E0410"
    layer: str
    what: str
    number: int
    by: int

    def message(self) -> str:
        return f"{self.layer} cannot divide {self.number} {self.what} by {self.by}"

    def notes(self) -> tuple[str, ...]:
        return (f"{self.number} mod {self.by} = {self.number % self.by}",)

    def help(self) -> str:
        return f"a number of {self.what} that is a multiple of {self.by}"


class ReshapeDiffers(Problem):
    """A reshape asks for another number of elements than there are.

    `reshape` only reads the same numbers in another arrangement: the product of the
    sizes before and after is the same.

    Wrong:
        network N:
            input 784
            reshape(1x27x27)

    Right:
        network N:
            input 784
            reshape(1x28x28)
    """

    code = "E0411"
    got: Shape
    want: Shape
    have: int
    need: int

    def message(self) -> str:
        return f"cannot reshape {times(self.got)} to {times(self.want)}"

    def label(self) -> str:
        return f"{self.have} numbers come in, {self.need} are asked for"

    def notes(self) -> tuple[str, ...]:
        sides = ((self.got, self.have), (self.want, self.need))
        products = [f"{'·'.join(map(str, s))} = {n}" for s, n in sides if len(s) > 1]
        return (", ".join(products),) if products else ()

    def help(self) -> str:
        return "make the products equal"


class BadSetting(Problem):
    """A layer's setting does not make sense for the shape it is given.

    The value is one that the layer takes in general, but not for this input. The
    message says what does not fit, the help what would.

    Wrong:
        network N:
            input 3x8x8
            maxpool(3x3, stride=2, pad=2)

    Right:
        network N:
            input 3x8x8
            maxpool(3x3, stride=2, pad=1)
    """

    code = "E0412"
    layer: str
    reason: str
    way_out: str

    def message(self) -> str:
        return f"{self.layer}: {self.reason}"

    def help(self) -> str:
        return self.way_out


class NothingFits(Problem):
    """A matching operator W cannot make its operand fit the merge it stands in.

    W∘Y brings Y to the shape of what it is merged with (for `++` to its size alone).
    Each operator changes some things only: `identity` nothing; `crop` makes maps
    smaller; `resize` changes the size, not the channels; `pad` and `project` reach more
    channels and, by a stride, a smaller map. Choose the one that bridges the difference
    the label shows.

    Wrong:
        let W = identity

        network N:
            input 3x8x8
            conv(8, 3x3, stride=2) + W∘x

    Right:
        let W = project

        network N:
            input 3x8x8
            conv(8, 3x3, stride=2) + W∘x
    """

    code = "E0413"
    matching: str
    source: Shape
    target: Shape
    reason: str
    fits: str | None

    def message(self) -> str:
        source, target = times(self.source), times(self.target)
        return f"W = {self.matching} cannot make {source} fit {target}: {self.reason}"

    def label(self) -> str:
        return f"{times(self.source)} has to become {times(self.target)}"

    def help(self) -> str:
        if self.fits:
            return f"W = {self.fits} would fit"
        return "no matching operator fits; change the other path's strides, or use resize"


class InputShape(Problem):
    """A network used inside another is given something else than its input says.

    A network states the shape it takes. Used as a step of another one, it is given the
    previous line's result, which must have that shape. A part that is to work at any
    size is better written as a block, which has no `input` line; or make the sizes
    parameters of the network.

    Wrong:
        network Stem:
            input 3x8x8
            conv(4, 3x3)

        network N:
            input 3x16x16
            Stem -> relu

    Right:
        network Stem:
            input 3x8x8
            conv(4, 3x3)

        network N:
            input 3x16x16
            maxpool(2x2) -> Stem -> relu
    """

    code = "E0414"
    network: str
    want: Shape
    got: Shape

    def message(self) -> str:
        return f"{self.network} declares input {times(self.want)}, but gets {times(self.got)}"

    def help(self) -> str:
        return "make the sizes parameters of that network, or bring the tensor to its input's shape"
