"""The walk over a graph that follows each size from the inputs, and notes what layers ask of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from archlang.analysis.inplace import inplace_nodes
from archlang.analysis.sizes.courses import Course, applied, difference, identity
from archlang.diagnostics.model import Mistake
from archlang.graph import Graph, Node, shapes
from archlang.ops.base import Op, Shape
from archlang.record import Record

ANY = -(10**18)
"""For a rule that repeats everywhere."""


class Joint(Record):
    """A size that is `scale` times a product of several: that of a map laid out as a vector."""

    scale: int
    courses: tuple[Course, ...]


Extent: TypeAlias = int | Course | Joint
"""A size as it follows from those of the inputs."""
Extents: TypeAlias = tuple[Extent, ...]
Rule: TypeAlias = Callable[["Walk", Node, tuple[Extents, ...]], tuple[Extents, ...]]


class Axis(Record):
    """A size of an input that is not fixed by the layer that takes it: not the channels."""

    input: str
    position: int
    """Behind which axis of the input it comes: 1 is the first behind the channels."""
    letter: str
    """H, W, …"""
    size: int
    """In the spec."""


class Demand(Record):
    """What a node asks of one size of an input: a condition with the values 0 and 1."""

    node: Node
    holds: Course
    baked: bool
    """Whether another size could be compiled, but not be given to what is."""


class Tie(Record):
    """What a node asks of sizes that follow from several of the inputs'.

    `equal`: they are; `fits`: the left is no smaller; `even`: so is their difference; `product`:
    the left is a product which is the right; `spread`: the product is not 1.
    """

    node: Node
    kind: Literal["equal", "fits", "even", "product", "spread"]
    left: Extent
    right: Extent
    baked: bool = False

    @property
    def axes(self) -> frozenset[int]:
        """The sizes that it ties."""
        return axes_of(self.left) | axes_of(self.right)


class UnfollowedError(Exception):
    """A layer whose sizes cannot be followed; its text says why."""

    def __init__(self, node: Node, why: str) -> None:
        super().__init__(f"{node.path} ({node.kind}) {why}")
        self.node = node


def letters(rank: int) -> tuple[str, ...]:
    """What the axes behind the channels are called."""
    usual = {1: "N", 2: "HW", 3: "DHW"}.get(rank)
    return tuple(usual or (f"n{i + 1}" for i in range(rank)))


def axes_of(extent: Extent) -> frozenset[int]:
    """Which sizes of the inputs an extent follows from."""
    if isinstance(extent, Course):
        return frozenset() if extent.constant is not None else frozenset((extent.axis,))
    if isinstance(extent, Joint):
        return frozenset(course.axis for course in extent.courses)
    return frozenset()


class Walk:
    """One walk: `extents` is what is known of each node's results, the rest what they ask."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.overwriting = inplace_nodes(graph)
        """The steps that put their result where their first input is, so that it may not grow."""
        self.axes: list[Axis] = []
        self.extents: list[tuple[Extents, ...]] = []
        self.demands: list[Demand] = []
        self.ties: list[Tie] = []
        self._baked: dict[tuple[int, tuple[Shape, ...], int, int], bool] = {}
        self._applied: dict[tuple[object, ...], Course] = {}

    def run(self, rules: Callable[[Op], Rule | None]) -> None:
        """Follow every node.

        Raises:
            UnfollowedError: a node's rule is not known, or too much at once depends on it.
            TooLongError: a size repeats too late.
        """
        for node in self.graph.nodes:
            if node.role == "input":
                self.extents.append((self.add_input(node),))
                continue
            xs = tuple(self.extents[t.node][t.port] for t in node.inputs)
            if all(isinstance(e, int) for x in xs for e in x):
                self.extents.append(tuple(t.shape for t in node.outputs))
                continue
            rule = rules(node.op)
            if rule is None:
                raise UnfollowedError(node, "does not say how its size follows from its input's")
            self._hold_built(node, xs)
            self.extents.append(tuple(tuple(map(_simplified, y)) for y in rule(self, node, xs)))

    def add_input(self, node: Node) -> Extents:
        """An input, whose sizes are what all others follow from."""
        first, rest = node.shape[0], node.shape[1:]
        extents: list[Extent] = [first]
        for i, (letter, size) in enumerate(zip(letters(len(rest)), rest, strict=True)):
            extents.append(identity(len(self.axes)))
            self.axes.append(Axis(node.path, i + 1, letter, size))
        return tuple(extents)

    # ── what layers ask ──────────────────────────────────────────────────────────────────────

    def _hold_built(self, node: Node, xs: tuple[Extents, ...]) -> None:
        """A size that torch's layer is built for stays as it is."""
        before = shapes(node)
        for k, x in enumerate(xs):
            for i, extent in enumerate(x):
                if not isinstance(extent, int) and self._is_built_in(node, before, k, i):
                    self.equal(node, extent, before[k][i], baked=True)

    def _is_built_in(self, node: Node, before: tuple[Shape, ...], k: int, i: int) -> bool:
        key = (id(node.op), before, k, i)
        if key not in self._baked:
            other = (*before[k][:i], before[k][i] + 1, *before[k][i + 1 :])
            changed = (*before[:k], other, *before[k + 1 :])
            try:
                self._baked[key] = node.op.recipe(*changed) != node.op.recipe(*before)
            except Mistake:
                self._baked[key] = False  # its shape rule says so too
        return self._baked[key]

    def demand(
        self, node: Node, course: Course, rule: Callable[[int], bool], step: int, low: int,
        *, baked: bool = False,
    ) -> None:  # fmt: skip
        """Ask that a rule hold for a size; it repeats every `step` sizes from `low` on."""
        holds = applied(course, lambda m: int(rule(m)), step, 0, low)
        self.require(node, holds, baked=baked)

    def require(self, node: Node, holds: Course, *, baked: bool = False) -> None:
        """Ask that a condition hold."""
        if holds.constant != 1:
            self.demands.append(Demand(node, holds, baked))

    def equal(self, node: Node, a: Extent, b: Extent, *, baked: bool = False) -> None:
        """Ask that two sizes be equal."""
        a, b = _simplified(a), _simplified(b)
        if a == b:
            return
        if isinstance(a, int):
            a, b = b, a
        if isinstance(a, Course) and isinstance(b, int):
            self.demand(node, a, lambda m: m == b, 1, abs(b) + 1, baked=baked)
        elif isinstance(a, Course) and isinstance(b, Course) and a.axis == b.axis:
            self.demand(node, difference(a, b), lambda m: m == 0, 1, 1, baked=baked)
        elif isinstance(a, Joint) and isinstance(b, int):
            self.ties.append(Tie(node, "product", a, b, baked))
        else:
            self.ties.append(Tie(node, "equal", a, b, baked))

    def centred(self, node: Node, a: Extent, b: Extent) -> None:
        """Ask that the middle of `a` can be cut out to be as large as `b`."""
        if a == b:
            return
        if isinstance(a, Joint) or isinstance(b, Joint):
            raise UnfollowedError(node, "crops a map that was laid out as a vector")
        if isinstance(a, int):
            a = Course(_axis(b), 0, 0, (a,))
        if isinstance(b, int):
            b = Course(a.axis, 0, 0, (b,))
        if a.axis == b.axis:
            rest = difference(a, b)
            self.demand(node, rest, lambda m: m >= 0, 1, 1)
            self.require(node, applied(rest, lambda m: int(m % 2 == 0), 2, 0, ANY))
        else:
            self.ties += [Tie(node, "fits", a, b), Tie(node, "even", a, b)]

    # ── sizes ────────────────────────────────────────────────────────────────────────────────

    def along(self, node: Node, i: int, extent: Extent, law: tuple[int, int]) -> Extent:
        """Axis `i` of a result that follows from that of the only input alone.

        `law` is (S, E): from the smallest size on that the layer takes, S more of the input make
        E more of the result.
        """
        if isinstance(extent, int):
            return node.shape[i]
        if isinstance(extent, Joint):
            raise UnfollowedError(node, "works on a map that was laid out as a vector")
        before = shapes(node)[0]
        others = (*before[:i], 0, *before[i + 1 :])
        kept = (extent.start, extent.growth, extent.table)
        low = self._smallest(node, before, i)
        key = (id(node.op), others, i, law, *kept)
        if key not in self._applied:
            self._applied[key] = applied(extent, _size_rule(node.op, before, i), *law, low)
        self.demand(node, extent, lambda m: m >= low, 1, low)
        made = self._applied[key]
        return Course(extent.axis, made.start, made.growth, made.table)

    def _smallest(self, node: Node, before: Shape, i: int) -> int:
        """The smallest size of an axis that a layer takes; it takes all larger ones."""
        rule = _size_rule(node.op, before, i)
        low, high = 0, before[i]
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if rule(middle) else (middle, high)
        return high


def _size_rule(op: Op, before: Shape, i: int) -> Callable[[int], int]:
    """An axis of the result as a function of that of the input; 0 where the layer takes none."""

    def rule(n: int) -> int:
        if n < 1:
            return 0
        try:
            result = op.infer((*before[:i], n, *before[i + 1 :]))
        except Mistake:
            return 0
        size = result[i]
        assert isinstance(size, int), "it has one result"
        return size

    return rule


def _axis(extent: Extent) -> int:
    assert isinstance(extent, Course)
    return extent.axis


def _simplified(extent: Extent) -> Extent:
    """A product of one size as that size, and a size that is always the same as a number."""
    if isinstance(extent, Joint) and len(extent.courses) < 2:
        if not extent.courses:
            return extent.scale
        scale = extent.scale
        extent = applied(extent.courses[0], lambda m: scale * m, 1, scale, ANY)
    if isinstance(extent, Course) and extent.constant is not None:
        return extent.constant
    return extent


def product(extents: Extents) -> Extent:
    """How many numbers a tensor has."""
    scale, courses = 1, list[Course]()
    for extent in extents:
        if isinstance(extent, int):
            scale *= extent
        elif isinstance(extent, Course):
            courses.append(extent)
        else:
            scale *= extent.scale
            courses += extent.courses
    return _simplified(Joint(scale, tuple(courses)))
