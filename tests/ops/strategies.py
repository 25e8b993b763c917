"""Layers with arguments and input shapes drawn at random, valid and invalid alike."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from archlang.ops import merging, resampling
from archlang.ops.base import Op, Shape
from archlang.ops.registry import layers

UNNAMED: tuple[type[Op], ...] = (
    merging.Add,
    merging.Subtract,
    merging.Multiply,
    merging.Mean,
    merging.Concat,
    merging.WithConstant,
    resampling.CropLike,
    resampling.ResizeLike,
    resampling.PadShortcut,
    resampling.Scale,
)
EVERY: tuple[type[Op], ...] = (*layers().values(), *UNNAMED)


def shapes(ranks: tuple[int, ...] = (0, 1, 2, 3)) -> SearchStrategy[Shape]:
    """Shapes of up to 8 channels, with `ranks` axes of up to 9 behind them."""
    sizes = st.integers(1, 9)
    channels = st.integers(1, 8)
    return st.sampled_from(ranks).flatmap(lambda r: st.tuples(channels, *[sizes] * r))


def per_axis(low: int, high: int) -> Callable[[Shape], SearchStrategy[object]]:
    """One number for all axes or one for each, now and then for one too many."""

    def draw(x: Shape) -> SearchStrategy[object]:
        one = st.integers(low, high)
        rank = max(len(x) - 1, 1)
        return st.one_of(one, one, st.tuples(*[one] * rank), st.tuples(*[one] * (rank + 1)))

    return draw


def _always(strategy: SearchStrategy[object]) -> Callable[[Shape], SearchStrategy[object]]:
    return lambda x: strategy


def _reshapes(x: Shape) -> SearchStrategy[object]:
    n = prod(x)
    factors = [d for d in range(1, n + 1) if n % d == 0]
    some = st.sampled_from([*factors, -1])
    return st.one_of(
        st.sampled_from([-1, n]),
        st.sampled_from(factors).map(lambda d: (d, n // d)),
        st.sampled_from(factors).map(lambda d: (-1, d)),
        st.lists(st.one_of(some, st.integers(-1, 5)), max_size=4).map(tuple),
    )


def _pads(x: Shape) -> SearchStrategy[object]:
    one = st.integers(0, 4)
    return st.one_of(per_axis(0, 4)(x), st.tuples(*[st.tuples(one, one)] * max(len(x) - 1, 1)))


def _splits(x: Shape) -> SearchStrategy[object]:
    cuts = st.integers(1, x[0]).map(lambda n: (n, x[0] - n) if n < x[0] else (n,))
    return st.one_of(st.integers(1, 4), cuts, st.tuples(st.integers(1, 4), st.integers(1, 4)))


def _tables(x: Shape) -> SearchStrategy[object]:
    line = st.lists(st.integers(0, x[0] - 1), min_size=1, max_size=4, unique=True).map(tuple)
    return st.lists(line, min_size=1, max_size=5).map(tuple)


_flag = _always(st.booleans())
_slope = _always(st.floats(0.01, 2.0))
_modes = _always(
    st.sampled_from(
        ["nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area"]
    )
)
_borders = _always(st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
_padding = lambda x: st.one_of(st.just("same"), per_axis(0, 3)(x))  # noqa: E731

BY_NAME: dict[str, Callable[[Shape], SearchStrategy[object]]] = {
    "out": _always(st.integers(1, 6)),
    "kernel": per_axis(1, 4),
    "stride": per_axis(1, 3),
    "pad": _padding,
    "output_pad": per_axis(0, 2),
    "dilation": per_axis(1, 2),
    "groups": _always(st.sampled_from([1, 1, 2, 3, 4])),
    "multiplier": _always(st.integers(1, 3)),
    "bias": _flag,
    "padding_mode": _borders,
    "init": _always(st.none()),
    "ceil": _flag,
    "count_pad": _flag,
    "size": per_axis(1, 9),
    "eps": _always(st.floats(1e-6, 1e-2)),
    "momentum": _always(st.floats(0.0, 1.0)),
    "affine": _flag,
    "track": _flag,
    "axes": _always(st.sampled_from(["channels", "all"])),
    "p": _always(st.sampled_from([0.0, 0.3, 1.0])),
    "alpha": _slope,
    "beta": _slope,
    "k": _always(st.integers(2, 3)),
    "slope": _slope,
    "approximate": _always(st.sampled_from(["none", "tanh"])),
    "low": _always(st.sampled_from([-1.0, 0.0])),
    "high": _always(st.sampled_from([-2.0, 0.5, 1.0])),
    "threshold": _slope,
    "r": _always(st.integers(1, 3)),
    "order": lambda x: st.permutations(range(len(x))).map(tuple),
    "amount": _pads,
    "mode": _modes,
    "value": _always(st.sampled_from([0.0, 1.5, -2.0])),
    "parts": _splits,
    "scale": _always(st.sampled_from([0.2, 0.5, 1.0, 1.7, 2.0])),
    "align_corners": _always(st.sampled_from([None, True, False])),
    "table": _tables,
    "fixed": _flag,
    "learn": _flag,
    "where": _always(st.sampled_from(["after", "both"])),
    "symbol": _always(st.sampled_from(["+", "-", "*"])),
    "reverse": _flag,
}
BY_LAYER: dict[tuple[str, str], Callable[[Shape], SearchStrategy[object]]] = {
    ("UpConv", "pad"): per_axis(0, 3),
    ("LpPool", "p"): _always(st.sampled_from([1.0, 2.0, 3.0])),
    ("LocalResponseNorm", "size"): _always(st.integers(1, 6)),
    ("LocalResponseNorm", "k"): _slope,
    ("Prelu", "channels"): _always(st.one_of(st.sampled_from(["one", "each"]), st.integers(1, 4))),
    ("Reshape", "size"): _reshapes,
    ("Pad", "mode"): _borders,
    ("Select", "channels"): _always(st.lists(st.integers(0, 7), min_size=1, max_size=6).map(tuple)),
    ("PadShortcut", "channels"): _always(st.integers(1, 12)),
    ("Upsample", "scale"): lambda x: st.one_of(
        st.sampled_from([0.2, 0.5, 1.0, 1.7, 2.0]),
        st.tuples(*[st.sampled_from([0.5, 1.0, 3.0])] * max(len(x) - 1, 1)),
    ),
}


def arguments(kind: type[Op], x: Shape) -> SearchStrategy[dict[str, object]]:
    """Arguments for a layer and its input; what has a default may be left out."""
    drawn = {
        name: (BY_LAYER.get((kind.__name__, name)) or BY_NAME[name])(x)
        for name in kind.model_fields
    }
    required = {n: s for n, s in drawn.items() if kind.model_fields[n].is_required()}
    optional = {n: s for n, s in drawn.items() if n not in required}
    return st.fixed_dictionaries(required, optional=optional).map(
        lambda found: _fitted(kind, found)
    )


def _fitted(kind: type[Op], found: dict[str, object]) -> dict[str, object]:
    table = found.get("table")
    return {**found, "out": len(table)} if isinstance(table, tuple) else found


@st.composite
def cases(draw: st.DrawFn, kind: type[Op], x: Shape | None = None) -> tuple[Op, tuple[Shape, ...]]:
    """A layer and the shapes of its inputs."""
    first = draw(shapes()) if x is None else x
    op = kind(**draw(arguments(kind, first)))
    return op, (first, *(draw(_near(first)) for _ in range(_others(draw, kind))))


def _others(draw: st.DrawFn, kind: type[Op]) -> int:
    return draw(st.integers(1, 3)) if kind.arity is None else kind.arity - 1


def _near(x: Shape) -> SearchStrategy[Shape]:
    """A shape like `x`, or with an axis of 1, other channels, other sizes, or quite another one."""
    axis = st.sampled_from(range(len(x)))
    return st.one_of(
        st.just(x),
        axis.map(lambda i: (*x[:i], 1, *x[i + 1 :])),
        st.integers(1, 8).map(lambda c: (c, *x[1:])),
        st.tuples(*[st.integers(1, n) for n in x]),
        shapes(),
    )
