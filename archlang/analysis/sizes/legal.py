"""`archlang.sizes`: the sizes that a network takes, the nearest to a wrong one, what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from archlang.analysis.sizes.courses import Course, TooLongError, always, both
from archlang.analysis.sizes.families import Steps
from archlang.analysis.sizes.follow import Extents, UnfollowedError, Walk
from archlang.analysis.sizes.groups import Asked, Group, asked
from archlang.analysis.sizes.near import neighbours
from archlang.analysis.sizes.reinfer import Found, reinfer
from archlang.analysis.sizes.rules import rule_of
from archlang.analysis.sizes.sets import Legal
from archlang.graph import Graph
from archlang.ops.base import Shape, shape_text

if TYPE_CHECKING:
    from archlang.given import Given

Size = int | tuple[int, ...]
"""Of one input behind its channels: one number for all axes, or one for each."""
_TRIED = 512


def sizes(network: Given, /, **parameters: Any) -> Sizes:
    """Which input sizes a network takes: `sizes("UNet").nearest(570)` is `(556, 572)`.

    Args:
        network: a spec's address, or what else `archlang.network` takes.
        **parameters: the network's parameters, where it is not built already.

    Raises:
        SpecError: the spec has mistakes.
        TypeError: this is no network of archlang's, or is built already and takes no parameters.
    """
    from archlang.given import network as graph_of

    return Sizes(graph_of(network, **parameters))


class Sizes:
    """The legal sizes of a network as it is compiled, in evaluation and in training.

    A size is legal if every layer takes what it gets, and every centre crop is exactly in the
    centre. Sizes are given behind the channels: one number for all axes, or one for each
    (`legal(572)`, `legal(572, 588)`); where there are several inputs, a tuple for each.
    """

    def __init__(self, graph: Graph, *, baked: bool = True) -> None:
        """`baked=False`: as if the network were compiled anew for every size."""
        self.graph = graph
        self._baked = baked
        self.unproved = ""
        """Why the sizes were tried one by one, and not derived; empty where they are proved."""
        walk = Walk(graph)
        try:
            walk.run(rule_of)
            self.asked = asked(walk, baked=baked)
            self._evaluation = asked(walk, training=False, baked=baked)
        except (UnfollowedError, TooLongError) as error:
            self.unproved = str(error) or "the sizes repeat too late to be listed"
            self.asked = self._evaluation = self._tried()
        self._walk = walk

    # ── what is legal ────────────────────────────────────────────────────────────────────────

    @property
    def proved(self) -> bool:
        """Whether the rules hold for all sizes; else they were tried up to `tried`."""
        return not self.unproved

    @property
    def tried(self) -> int:
        """Up to which size was tried, where nothing could be derived."""
        return max(_TRIED, *(2 * axis.size for axis in self.asked.axes)) if self.unproved else 0

    @property
    def groups(self) -> tuple[Group, ...]:
        """The sizes by which of them are chosen together."""
        return self.asked.groups

    @property
    def training_differs(self) -> bool:
        """Whether more sizes are legal in evaluation than in training."""
        both_ways = (self.asked, self._evaluation)
        mine, others = ([(g.equal, g.box) for g in a.groups] for a in both_ways)
        return mine != others

    def in_evaluation(self) -> Sizes:
        """The same for a network that is never trained: without the parts for training alone."""
        other = object.__new__(Sizes)
        other.__dict__.update(self.__dict__)
        other.asked = self._evaluation
        return other

    def rule(self, input: str | None = None, axis: int = 0) -> Legal:  # noqa: A002 (what it is)
        """The legal sizes of an axis (0 is the first behind the channels) of an input.

        Of sizes that are tied, those that are legal for all of them at once.

        Raises:
            ValueError: there is no such input or axis.
        """
        name = self.inputs[0] if input is None else input
        for group in self.groups:
            for index, i in enumerate(group.axes):
                place = self.asked.axes[i]
                if (place.input, place.position) == (name, axis + 1):
                    return Legal(group.of(index))
        own = [(a.position - 1, a.letter) for a in self.asked.axes if a.input == name]
        has = ", ".join(f"{number} is {letter}" for number, letter in own) or "none"
        if name not in self.inputs:
            raise ValueError(f"there is no input {name!r}, but {', '.join(self.inputs)}")
        raise ValueError(f"the input {name} has no axis {axis} to choose the size of: {has}")

    @property
    def square(self) -> Legal:
        """The n that are legal for every size of every input at once."""
        whole = always(0)
        for group in self.groups:
            one = group.diagonal
            whole = both(whole, Course(0, one.start, one.growth, one.table))
        return Legal(whole)

    def legal(self, *size: Size, training: bool = True) -> bool:
        """Whether inputs of that size are legal; `training=False`: in evaluation at least."""
        return self.found(*size, training=training).legal

    def why_not(self, *size: Size) -> str:
        """Which node does not take that size, and why; empty where it is legal."""
        found = self.found(*size)
        misfit = found.misfit or (found.off_centre[0] if found.off_centre else None)
        if misfit is None:
            return ""
        span = misfit.node.span
        line = span.source.position(span.start)[0]
        return f"{misfit.node.path}, line {line}: {misfit.reason}"

    def found(self, *size: Size, training: bool = True) -> Found:
        """Shape inference over again, on inputs of that size."""
        return reinfer(self.graph, self._shapes(self.spatial(*size)), training=training)

    # ── the nearest ──────────────────────────────────────────────────────────────────────────

    def nearest(self, *size: Size) -> tuple[Any, ...]:
        """The legal sizes next to one: below and above it; it alone if it is legal.

        Numbers where one number is asked for and one fits all axes; else what stands for each input
        (`((556, 572), (572, 588))`), or, where there are several inputs, a tuple of these.
        """
        wanted = self.spatial(*size)
        if self.found(*wanted).legal:
            return (self._like(size, wanted),)
        if len(size) == 1 and isinstance(size[0], int) and self.is_square:
            both_sides = (self.square.below(size[0]), self.square.above(size[0]))
            return tuple(n for n in both_sides if n is not None)
        flat = [n for each in wanted for n in each]
        own = [axis.size for axis in self.asked.axes]
        sides = (self._joined(neighbours(self.asked, flat, up)) for up in (False, True))
        found = [s for s in sides if s and self.found(*s).legal] or [self._joined(own)]
        found = [s for s in found if self.found(*s).legal]
        return tuple(dict.fromkeys(self._like(size, s) for s in found))

    @property
    def is_square(self) -> bool:
        """Whether one number for all sizes is how they are chosen."""
        numbers = {axis.size for axis in self.asked.axes}
        square = self.square
        return square.minimum is not None or (len(numbers) == 1 and square.smallest is not None)

    def _joined(self, flat: Sequence[int]) -> tuple[Shape, ...]:
        """The sizes of all axes as one shape for each input; none where there are none."""
        ranks = [len(self.graph.nodes[n].shape) - 1 for n in self.graph.inputs]
        rest = iter(flat)
        return tuple(tuple(islice(rest, rank)) for rank in ranks) if flat else ()

    def _like(self, size: Sequence[Size], found: tuple[Shape, ...]) -> Any:
        """A size in the form in which it was asked for."""
        numbers = {n for each in found for n in each}
        if len(size) == 1 and isinstance(size[0], int) and len(numbers) == 1:
            return numbers.pop()
        return found[0] if len(found) == 1 else found

    # ── what comes out ───────────────────────────────────────────────────────────────────────

    def output(self, *size: Size) -> Shape:
        """The shape of the (main) output, channels first.

        Raises:
            ValueError: the size is not one that the network can run on; says why.
        """
        return next(iter(self.outputs(*size).values()))

    def outputs(self, *size: Size) -> dict[str, Shape]:
        """The shapes of all regular outputs by their names.

        Raises:
            ValueError: the size is not one that the network can run on; says why.
        """
        found = self.found(*size, training=False)
        if found.misfit is not None:
            raise ValueError(self.why_not(*size))
        results = [o for o in self.graph.outputs if not o.training]
        return {o.name: found.shapes[o.tensor.node][o.tensor.port] for o in results}

    def extents(self) -> dict[str, Extents] | None:
        """How the sizes of all outputs follow from the inputs'; None where that is not known."""
        if self.unproved:
            return None
        made = self._walk.extents
        return {o.name: made[o.tensor.node][o.tensor.port] for o in self.graph.outputs}

    # ── forms ────────────────────────────────────────────────────────────────────────────────

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs, in the order of the call."""
        return tuple(self.graph.nodes[n].path for n in self.graph.inputs)

    def spatial(self, *size: Size) -> tuple[Shape, ...]:
        """A size as it was given, for each input one number for each axis behind the channels.

        Raises:
            ValueError: it says more or fewer numbers than there are axes, or one below 1.
        """
        shapes = [self.graph.nodes[n].shape for n in self.graph.inputs]
        ranks = [len(shape) - 1 for shape in shapes]
        given: Sequence[Size] = size
        if len(size) == 1 and isinstance(size[0], int):
            given = [(size[0],) * rank for rank in ranks]
        elif len(ranks) == 1 and len(size) != 1 and all(isinstance(n, int) for n in size):
            given = [cast("tuple[int, ...]", size)]
        spread = [(s,) * r if isinstance(s, int) else s for s, r in zip(given, ranks, strict=False)]
        if len(given) != len(ranks) or [len(s) for s in spread] != ranks:
            want = ", ".join(shape_text(shape[1:]) or "nothing" for shape in shapes)
            raise ValueError(f"{self.graph.name} takes sizes like {want}, not {size_text(size)}")
        if any(type(n) is not int or n < 1 for s in spread for n in s):
            raise ValueError(f"sizes are whole numbers from 1, not {size_text(size)}")
        return tuple(spread)

    def _shapes(self, wanted: tuple[Shape, ...]) -> list[Shape]:
        nodes = [self.graph.nodes[n] for n in self.graph.inputs]
        return [(node.shape[0], *s) for node, s in zip(nodes, wanted, strict=True)]

    def _tried(self) -> Asked:
        """What is found by trying the same size on all axes, where nothing can be derived."""
        walk = Walk(self.graph)
        for node in self.graph.nodes:
            if node.role == "input":
                walk.add_input(node)
        count = len(walk.axes)
        if not count:
            return Asked((), (), (), ())
        own = [axis.size for axis in walk.axes]
        least = min(own)
        even = not any(size % least for size in own)
        steps = tuple((size // least, 0) if even else (1, size - least) for size in own)
        most = max(_TRIED, *(2 * axis.size for axis in walk.axes))
        plain = ((1, 0),) * count
        tried = {s: self._tried_on(s, most) for s in dict.fromkeys((plain, steps))}
        group = Group(tuple(range(count)), (tried[plain],) * count, (), tried[steps], steps,
                      tried[plain])  # fmt: skip
        return Asked(tuple(walk.axes), (group,), (), ())

    def _tried_on(self, steps: Steps, most: int) -> Course:
        """Which n up to `most` are legal on a line."""
        lines = ([a * n + b for a, b in steps] for n in range(1, most + 1))
        hits = [0, *(int(self.found(*self._joined(line)).legal) for line in lines), 0]
        return Course(0, len(hits) - 1, 0, tuple(hits))

    def __str__(self) -> str:
        from archlang.analysis.sizes.page import text

        return text(self)

    def __repr__(self) -> str:
        return f"<Sizes of {self.graph.name}>"


def size_text(size: Sequence[object]) -> str:
    """A size as it was given in words: `5x5`, or one for each input."""
    parts = ("x".join(map(str, cast("tuple[object, ...]", s))) if isinstance(s, tuple) else str(s)
             for s in size)  # fmt: skip
    return ", ".join(parts)
