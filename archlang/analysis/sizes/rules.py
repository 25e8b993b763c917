"""How the sizes of each layer's results follow from those of its inputs, one rule for a family."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from archlang.analysis.sizes.courses import Course, applied, difference, either, greatest
from archlang.analysis.sizes.follow import (
    ANY,
    Extent,
    Extents,
    Joint,
    Rule,
    Tie,
    UnfollowedError,
    Walk,
    axes_of,
    product,
)
from archlang.graph import Node
from archlang.ops import (
    activation,
    classic,
    convolution,
    linear,
    merging,
    normalisation,
    pooling,
    regularisation,
    resampling,
    reshaping,
)
from archlang.ops.base import Op

_FINEST = 1 << 12
"""Denominators of scales up to this are followed."""
Many = tuple[Extents, ...]


def rule_of(op: Op) -> Rule | None:
    """The rule of a layer; None for one of a package that is not known here."""
    return _RULES.get(type(op))


def _kept(walk: Walk, node: Node, xs: Many) -> Many:
    """What leaves the shape as it is."""
    return (xs[0],)


def _channels(walk: Walk, node: Node, xs: Many) -> Many:
    """What changes the channels alone, to one result or several."""
    if not isinstance(xs[0][0], int):
        raise UnfollowedError(node, "takes its channels from the size of an input")
    return tuple((t.shape[0], *xs[0][1:]) for t in node.outputs)


def _slid(walk: Walk, node: Node, xs: Many) -> Many:
    """A window that moves by a stride: S more of the input let it move once more."""
    return _along(walk, node, xs[0], [Fraction(s) for s in _strides(node)])


def _finer(walk: Walk, node: Node, xs: Many) -> Many:
    """A result that is a whole number of times finer."""
    return _along(walk, node, xs[0], [1 / Fraction(round(1 / s)) for s in _strides(node)])


def _strides(node: Node) -> tuple[float, ...]:
    strides = node.op.stride_of(len(node.shape) - 1)
    assert strides is not None, "such layers have strides"
    return strides


def _along(walk: Walk, node: Node, x: Extents, strides: list[Fraction]) -> Many:
    laws = [(s.numerator, s.denominator) for s in strides]
    sizes = (walk.along(node, i, x[i], law) for i, law in enumerate(laws, start=1))
    return ((_channels_of(node, x), *sizes),)


def _channels_of(node: Node, x: Extents) -> Extent:
    """The channels of a result, be those of the input the size of another one's axis."""
    before = node.inputs[0].shape[0]
    if isinstance(x[0], int) or node.shape[0] == before:
        return node.shape[0] if isinstance(x[0], int) else x[0]
    if isinstance(node.op, (reshaping.PixelShuffle, reshaping.PixelUnshuffle)):
        raise UnfollowedError(node, "takes its channels from the size of an input")
    return node.shape[0]  # torch's layer is built for the channels it has, which is asked for


def _upsampled(walk: Walk, node: Node, xs: Many) -> Many:
    op = node.op
    assert isinstance(op, resampling.Upsample)
    if op.size is not None:
        return ((xs[0][0], *node.shape[1:]),)
    rank = len(node.shape) - 1
    scale = 2.0 if op.scale is None else op.scale
    scales = [Fraction(s) for s in (scale if isinstance(scale, tuple) else (scale,) * rank)]
    if max(s.denominator for s in scales) > _FINEST:
        raise UnfollowedError(node, "has a scale that is no simple fraction")
    return _along(walk, node, xs[0], [1 / s for s in scales])


def _fixed(walk: Walk, node: Node, xs: Many) -> Many:
    """What gives the same size whatever comes in."""
    return ((_channels_of(node, xs[0]), *node.shape[1:]),)


def _cropped(walk: Walk, node: Node, xs: Many) -> Many:
    for extent, size in zip(xs[0][1:], node.shape[1:], strict=True):
        walk.centred(node, extent, size)
    return ((xs[0][0], *node.shape[1:]),)


def _cropped_like(walk: Walk, node: Node, xs: Many) -> Many:
    x, like = xs
    for extent, size in zip(x[1:], like[1:], strict=True):
        walk.centred(node, extent, size)
    return ((x[0], *like[1:]),)


def _resized_like(walk: Walk, node: Node, xs: Many) -> Many:
    return ((xs[0][0], *xs[1][1:]),)


def _flattened(walk: Walk, node: Node, xs: Many) -> Many:
    return ((product(xs[0]),),)


def _reshaped(walk: Walk, node: Node, xs: Many) -> Many:
    op = node.op
    assert isinstance(op, reshaping.Reshape)
    wanted = (op.size,) if isinstance(op.size, int) else op.size
    known = prod(n for n in wanted if n != -1)
    whole = product(xs[0])
    if -1 not in wanted:
        walk.equal(node, whole, known)
        return (wanted,)
    rest = _divided(walk, node, whole, known)
    return (tuple(rest if n == -1 else n for n in wanted),)


def _divided(walk: Walk, node: Node, whole: Extent, by: int) -> Extent:
    if isinstance(whole, Course):
        walk.demand(node, whole, lambda m: m % by == 0, by, ANY)
        return applied(whole, lambda m: m // by, by, 1, ANY)
    if isinstance(whole, Joint):
        if whole.scale % by:
            raise UnfollowedError(node, "divides the size of a map that was laid out as a vector")
        return Joint(whole.scale // by, whole.courses)
    return whole // by


def _permuted(walk: Walk, node: Node, xs: Many) -> Many:
    assert isinstance(node.op, reshaping.Permute)
    return (tuple(xs[0][i] for i in node.op.order),)


def _unshuffled(walk: Walk, node: Node, xs: Many) -> Many:
    assert isinstance(node.op, reshaping.PixelUnshuffle)
    sizes = (_divided(walk, node, extent, node.op.r) for extent in xs[0][1:])
    return ((_channels_of(node, xs[0]), *sizes),)


def _concatenated(walk: Walk, node: Node, xs: Many) -> Many:
    for x in xs[1:]:
        for a, b in zip(xs[0][1:], x[1:], strict=True):
            walk.equal(node, a, b)
    channels = [x[0] for x in xs]
    if not all(isinstance(c, int) for c in channels):
        raise UnfollowedError(node, "joins channels whose number is the size of an input")
    return ((node.shape[0], *xs[0][1:]),)


def _merged(walk: Walk, node: Node, xs: Many) -> Many:
    result = xs[0]
    for x in xs[1:]:
        result = tuple(_broadcast(walk, node, a, b) for a, b in zip(result, x, strict=True))
    return (result,)


def _broadcast(walk: Walk, node: Node, a: Extent, b: Extent) -> Extent:
    """Sizes that meet: equal, or one of them 1, which is repeated."""
    if b in (a, 1):
        return a
    if a == 1:
        return b
    grows = node.id not in walk.overwriting
    if isinstance(a, int):
        a, b = b, a
    if isinstance(a, Course) and isinstance(b, int):
        fits = (1, b) if grows else (b,)
        walk.demand(node, a, lambda m: m in fits, 1, b + 1)
        return b
    if isinstance(a, Course) and isinstance(b, Course) and a.axis == b.axis:
        _demand_broadcast(walk, node, a, b, grows=grows)
        return greatest(a, b)
    walk.equal(node, a, b)
    return a


def _demand_broadcast(walk: Walk, node: Node, a: Course, b: Course, *, grows: bool) -> None:
    equal = applied(difference(a, b), lambda m: int(m == 0), 1, 0, 1)
    repeated = (a, b) if grows else (b,)
    ones = [applied(c, lambda m: int(m == 1), 1, 0, 2) for c in repeated]
    walk.require(node, either(equal, *ones))


def _spread(walk: Walk, node: Node, xs: Many) -> Many:
    """Instance normalisation: a map must have more than one position."""
    whole = product(xs[0][1:])
    if isinstance(whole, Course):
        walk.demand(node, whole, lambda m: m != 1, 1, 2)
    elif isinstance(whole, Joint) and whole.scale == 1 and axes_of(whole):
        walk.ties.append(Tie(node, "spread", whole, 1))
    return (xs[0],)


def _maxout(walk: Walk, node: Node, xs: Many) -> Many:
    assert isinstance(node.op, classic.Maxout)
    return ((_divided(walk, node, xs[0][0], node.op.k), *xs[0][1:]),)


def _table() -> dict[type[Op], Rule]:
    families: list[tuple[Rule, tuple[type[Op], ...]]] = [
        (_kept, _keeping()),
        (_channels, (reshaping.Split, reshaping.Select, reshaping.ChannelShuffle)),
        (_slid, (
            convolution.Conv, convolution.DepthwiseConv, convolution.SeparableConv,
            classic.SparseConv, pooling.MaxPool, pooling.AvgPool, pooling.LpPool,
            resampling.PadShortcut, reshaping.Pad,
        )),
        (_finer, (convolution.UpConv, reshaping.PixelShuffle)),
        (_upsampled, (resampling.Upsample,)),
        (_fixed, (
            pooling.GlobalAvgPool, pooling.GlobalMaxPool, pooling.AdaptiveAvgPool,
            pooling.AdaptiveMaxPool, linear.FullyConnected, classic.Rbf,
        )),
        (_cropped, (resampling.Crop,)),
        (_cropped_like, (resampling.CropLike,)),
        (_resized_like, (resampling.ResizeLike,)),
        (_flattened, (reshaping.Flatten,)),
        (_reshaped, (reshaping.Reshape,)),
        (_permuted, (reshaping.Permute,)),
        (_unshuffled, (reshaping.PixelUnshuffle,)),
        (_concatenated, (merging.Concat,)),
        (_merged, (merging.Add, merging.Subtract, merging.Multiply, merging.Mean)),
        (_spread, (normalisation.InstanceNorm,)),
        (_maxout, (classic.Maxout,)),
    ]  # fmt: skip
    return {kind: rule for rule, kinds in families for kind in kinds}


def _keeping() -> tuple[type[Op], ...]:
    rooms = (activation, regularisation)
    layers = [
        kind
        for room in rooms
        for kind in vars(room).values()
        if isinstance(kind, type) and issubclass(kind, Op) and kind.__module__ == room.__name__
    ]
    others = (
        normalisation.BatchNorm,
        normalisation.LayerNorm,
        normalisation.GroupNorm,
        normalisation.LocalResponseNorm,
        classic.Affine,
        resampling.Scale,
        merging.WithConstant,
    )
    return (*layers, *others)


_RULES = _table()
