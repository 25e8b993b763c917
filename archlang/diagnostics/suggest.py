"""Did you mean …: the nearest known word, and the words other libraries use for the same thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

LAYER_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "linear": "fc",
        "dense": "fc",
        "fullyconnected": "fc",
        "innerproduct": "fc",
        "lazylinear": "fc",
        "convolution": "conv",
        "conv2dtranspose": "upconv",
        "convtranspose": "upconv",
        "transposedconv": "upconv",
        "transposeconv": "upconv",
        "deconv": "upconv",
        "deconvolution": "upconv",
        "depthwise": "dwconv",
        "depthwiseconv": "dwconv",
        "separableconv": "sepconv",
        "separable": "sepconv",
        "batchnorm": "bn",
        "batchnormalization": "bn",
        "norm": "bn",
        "layernorm": "ln",
        "layernormalization": "ln",
        "groupnorm": "gn",
        "instancenorm": "inorm",
        "localresponsenorm": "lrn",
        "pool": "maxpool",
        "maxpooling": "maxpool",
        "mp": "maxpool",
        "averagepool": "avgpool",
        "averagepooling": "avgpool",
        "avgpooling": "avgpool",
        "meanpool": "avgpool",
        "ap": "avgpool",
        "adaptiveavgpool": "adaptive_avgpool",
        "globalavgpool": "gap",
        "globalaveragepool": "gap",
        "globalaveragepooling": "gap",
        "globalpool": "gap",
        "globalmaxpool": "gmp",
        "globalmaxpooling": "gmp",
        "swish": "silu",
        "leakyrelu": "leaky_relu",
        "lrelu": "leaky_relu",
        "hswish": "hardswish",
        "hsigmoid": "hardsigmoid",
        "logistic": "sigmoid",
        "drop": "dropout",
        "droppath": "drop_path",
        "stochasticdepth": "drop_path",
        "spatialdropout": "dropout2d",
        "channeldropout": "dropout2d",
        "view": "reshape",
        "transpose": "permute",
        "interpolate": "upsample",
        "upsampling": "upsample",
        "pixelshuffle": "pixel_shuffle",
        "depthtospace": "pixel_shuffle",
        "channelshuffle": "channel_shuffle",
        "zeropad": "pad",
        "zeropadding": "pad",
        "centercrop": "crop",
        "cropping": "crop",
        "chunk": "split",
        "concat": "++",
        "concatenate": "++",
        "cat": "++",
        "add": "+",
        "sum": "+",
        "multiply": "*",
        "mul": "*",
        "skip": "identity",
        "shortcut": "project",
        "projection": "project",
        "identity": "identity",
    }
)
"""Layers by the names torch, Keras, Caffe and papers give them, in lower case without `_`."""

ARGUMENT_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "padding": "pad",
        "kernelsize": "kernel",
        "kernelshape": "kernel",
        "poolsize": "kernel",
        "windowsize": "kernel",
        "window": "kernel",
        "ksize": "kernel",
        "k": "kernel",
        "outchannels": "out",
        "outfeatures": "out",
        "outplanes": "out",
        "filters": "out",
        "channels": "out",
        "features": "out",
        "units": "out",
        "numclasses": "out",
        "width": "out",
        "strides": "stride",
        "step": "stride",
        "subsample": "stride",
        "dilationrate": "dilation",
        "rate": "p",
        "prob": "p",
        "probability": "p",
        "dropprob": "p",
        "droprate": "p",
        "numgroups": "groups",
        "group": "groups",
        "usebias": "bias",
        "epsilon": "eps",
        "negativeslope": "slope",
        "alpha": "slope",
        "scalefactor": "scale",
        "factor": "scale",
        "outputsize": "size",
        "kernelinitializer": "init",
        "initializer": "init",
        "paddingmode": "padding_mode",
        "ceilmode": "ceil",
        "countincludepad": "count_pad",
        "outputpadding": "output_pad",
        "depthmultiplier": "multiplier",
        "upscalefactor": "r",
        "downscalefactor": "r",
        "chunks": "parts",
        "sections": "parts",
        "dims": "order",
        "normtype": "p",
        "numparameters": "channels",
        "trackrunningstats": "track",
        "elementwiseaffine": "affine",
        "minval": "low",
        "maxval": "high",
    }
)
"""Arguments by the names torch, Keras and papers give them, in lower case without `_`."""

REMARKS: Mapping[str, str] = MappingProxyType(
    {
        "true": "write true, in small letters",
        "false": "write false, in small letters",
        "nn": "layers are written without their library: conv(64, 3x3), relu, fc(10)",
        "f": "layers are written without their library: relu, maxpool(2x2), flatten",
        "torch": "layers are written without their library: flatten, relu, cat is ++",
        "tf": "layers are written without their library: conv(64, 3x3), relu, fc(10)",
        "inchannels": "leave it out: the incoming channels are known from the line before",
        "infeatures": "leave it out: the incoming features are known from the line before",
        "inplanes": "leave it out: the incoming channels are known from the line before",
        "numfeatures": "leave it out: the channels are known from the line before",
        "numchannels": "leave it out: the channels are known from the line before",
        "normalizedshape": "leave it out: the shape is known from the line before",
        "inputshape": "leave it out: write input 3x224x224 as the network's first line",
        "inplace": "leave it out: the compiler works in place wherever that is safe",
        "activation": "write the activation as a step of its own: … -> relu",
        "dataformat": "leave it out: channels always come first",
        "device": "leave it out: it is chosen when the network is loaded",
        "dtype": "leave it out: it is chosen when the network is loaded",
        "sequential": "write the steps below each other, or join them by ->",
        "residual": "keep the input under a name, or use x, and add it: … + W∘x",
        "forward": "there is no forward: each line takes what the line before it made",
        "return": "the last line is the output; further ones are written output name = …",
    }
)
"""What to do about words that have no counterpart in the language."""

_LIBRARIES = ("torch.nn.functional.", "torch.nn.", "torch.", "tf.keras.layers.", "keras.layers.")
_SHORT_FORMS = ("layers.", "nn.", "f.")
_LONGEST = 60
_LONG_ENOUGH = 5
"""Letters that an alias needs for a misspelling of it to be understood."""


def closest(
    word: str, candidates: Iterable[str], aliases: Mapping[str, str] | None = None
) -> str | None:
    """The best "did you mean" for a word that is not known, or None if nothing is near.

    None too where `remark` knows that the language has no such thing.

    Args:
        word: What was written.
        candidates: The words that would be right here; of equally near ones the first wins.
        aliases: `LAYER_ALIASES`, `ARGUMENT_ALIASES` or None. An alias is taken only if what it
            stands for is a candidate or an operator such as `++`.
    """
    known = [name for name in candidates if name != word]
    plain = _plain(word)
    if not plain or len(plain) > _LONGEST or plain in REMARKS:
        return None
    for name in known:
        if _plain(name) == plain:
            return name
    usable = {
        alias: meant
        for alias, meant in (aliases or {}).items()
        if meant != word and (meant in known or not meant[0].isalpha())
    }
    bare = _without_rank(plain)
    if meant := usable.get(plain) or usable.get(bare):
        return meant
    if near := _nearest(bare, known) or _nearest(plain, known):
        return near
    misspelt = _nearest(bare, [alias for alias in usable if len(alias) >= _LONG_ENOUGH])
    return usable[misspelt] if misspelt else None


def remark(word: str) -> str | None:
    """What to do about a word of another library that has no counterpart here, if that is known."""
    return REMARKS.get(_plain(word))


def distance(a: str, b: str) -> int:
    """Edits from `a` to `b`: insert, delete or replace a letter, or swap two neighbours.

    The optimal string alignment distance (Damerau 1964; Boytsov 2011, "Indexing methods").
    """
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            edits = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                edits = min(edits, before[j - 2] + 1)
            row.append(edits)
        before, last = last, row
    return last[-1]


def _nearest(plain: str, known: list[str]) -> str | None:
    """The candidate with the fewest edits: at most one for every three letters."""
    best, least = None, max(1, len(plain) // 3) + 1
    for name in known:
        other = _plain(name)
        if abs(len(other) - len(plain)) >= least:
            continue
        edits = distance(plain, other)
        # One edit turns any two-letter word into any other that shares a letter: say nothing then.
        if edits < least and edits < max(len(plain), len(other)) - 1:
            best, least = name, edits
    return best


def _plain(word: str) -> str:
    """In lower case, without a library's prefix and underscores: `nn.Batch_Norm` is `batchnorm`."""
    lower = word.lower()
    for prefix in (*_LIBRARIES, *_SHORT_FORMS):
        if lower.startswith(prefix):
            lower = lower.removeprefix(prefix)
            break
    return lower.replace("_", "").replace("-", "")


def _without_rank(plain: str) -> str:
    """`batchnorm` of `batchnorm2d`."""
    return plain[:-2] if plain[-2:] in ("1d", "2d", "3d") and len(plain) > 3 else plain
