"""Which part of one network is which of another: alignment, scope by scope, outside in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from archlang.comparing.alignment import best_pairs
from archlang.comparing.parts import Part
from archlang.ops.base import Op

_MOST_CELLS = 250_000
"""Up to which size two sequences are aligned exactly; longer ones by what they have in common."""
_SAME_NAME = 0.2
"""What a name weighs that its author chose."""
_SAME_NUMBER = 0.01
"""What `conv2` weighs, which becomes `conv3` as soon as a line is added above."""
_LEAST = 0.25
"""Parts that are less alike are not the same part."""


class Matching:
    """The pairs of parts of two networks, and what has no partner."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Part, Part]] = []
        """Scopes and layers, the outer ones first."""
        self.went: list[Part] = []
        """Parts of the first alone; nothing in them has a partner."""
        self.came: list[Part] = []
        self.moved: list[tuple[Part, Part]] = []
        """Equal parts that stand elsewhere."""

    @property
    def layers(self) -> dict[int, int]:
        """The id of each paired layer of the first network, and its partner's."""
        found = [*self.pairs]
        for a, b in self.moved:
            found += zip(a.leaves, b.leaves, strict=True)
        return {a.node.id: b.node.id for a, b in found if a.node and b.node}


def match(a: Part, b: Part) -> Matching:
    """Pair the parts of two networks.

    The parts of two paired scopes stay in order (Needleman and Wunsch's alignment, 1970,
    doi:10.1016/0022-2836(70)90057-4); what is left and equal has moved.
    """
    found = Matching()
    _pair(a, b, found)
    _find_moved(found)
    return found


def _pair(a: Part, b: Part, found: Matching) -> None:
    found.pairs.append((a, b))
    if a.node is not None or b.node is not None:
        return
    pairs = aligned(a.parts, b.parts)
    left, right = {i for i, _ in pairs}, {j for _, j in pairs}
    found.went += [part for i, part in enumerate(a.parts) if i not in left]
    found.came += [part for j, part in enumerate(b.parts) if j not in right]
    for i, j in pairs:
        _pair(a.parts[i], b.parts[j], found)


def _find_moved(found: Matching) -> None:
    """Pair what went with what came, where both are equal and worth a name.

    A relu here and another one there are two relus; a block, or a layer that learns, has moved.
    """
    places: defaultdict[str, list[Part]] = defaultdict(list)
    for part in found.came:
        if any(node.op.weighted for node in part.nodes):
            places[part.key].append(part)
    for part in list(found.went):
        if places[part.key]:
            other = places[part.key].pop(0)
            found.moved.append((part, other))
            found.went.remove(part)
            found.came.remove(other)


def likeness(a: Part, b: Part) -> float:
    """From 0, nothing in common, to 1: the same layers under the same name."""
    named = _named(a, b)
    if a.key == b.key:
        return 1 - _SAME_NAME + named
    if (a.node is None) != (b.node is None):
        return 0.0
    if a.node is None or b.node is None:
        return 0.4 * _share(a, b) + 0.2 * (a.kind == b.kind) + named
    if a.node.role != b.node.role:
        return 0.0
    if a.kind == b.kind:
        arguments = 0.2 * _agreement(a.node.op, b.node.op)
        return 0.3 + arguments + 0.05 * (a.node.shape == b.node.shape) + named
    same_family = a.node.op.style.family == b.node.op.style.family
    return (0.25 + named) * same_family


def _named(a: Part, b: Part) -> float:
    if a.name != b.name:
        return 0.0
    counted = a.name.rstrip("0123456789") in ("", a.kind, a.kind.lower())
    return _SAME_NUMBER if counted else _SAME_NAME


def _agreement(a: Op, b: Op) -> float:
    """How many of the arguments of two layers of one kind are equal, from 0 to 1."""
    names = list(type(a).model_fields)
    return sum(getattr(a, n) == getattr(b, n) for n in names) / len(names) if names else 1.0


def _share(a: Part, b: Part) -> float:
    """How many of their layers are of the same kinds, from 0 to 1."""
    common = Counter(a.kinds) & Counter(b.kinds)
    return 2 * common.total() / max(1, len(a.kinds) + len(b.kinds))


def aligned(left: Sequence[Part], right: Sequence[Part]) -> list[tuple[int, int]]:
    """The pairs of places, in order in both sequences, that are most alike together."""
    if [part.key for part in left] > [part.key for part in right]:
        # the same pairs whoever comes first
        return [(i, j) for j, i in aligned(right, left)]
    start = _common_start(left, right)
    end = _common_start(left[start:][::-1], right[start:][::-1])
    a, b = left[start : len(left) - end], right[start : len(right) - end]
    middle = _aligned(a, b) if len(a) * len(b) <= _MOST_CELLS else _roughly_aligned(a, b)
    return [
        *((i, i) for i in range(start)),
        *((start + i, start + j) for i, j in middle),
        *((len(left) - end + i, len(right) - end + i) for i in range(end)),
    ]


def _common_start(left: Sequence[Part], right: Sequence[Part]) -> int:
    """How many parts at the beginning are equal, names too."""
    pairs = zip(left, right, strict=False)
    return next(
        (i for i, (a, b) in enumerate(pairs) if (a.name, a.key) != (b.name, b.key)),
        min(len(left), len(right)),
    )


def _aligned(left: Sequence[Part], right: Sequence[Part]) -> list[tuple[int, int]]:
    known: dict[tuple[str, str, str, str], float] = {}

    def score(i: int, j: int) -> float:
        a, b = left[i], right[j]
        key = (a.key, b.key, a.name, b.name)
        if key not in known:
            value = likeness(a, b)
            known[key] = value if value >= _LEAST else 0.0
        return known[key]

    return best_pairs(len(left), len(right), score)


def _roughly_aligned(left: Sequence[Part], right: Sequence[Part]) -> list[tuple[int, int]]:
    """By longest common runs of equal parts; between those, place by place where kinds agree."""
    a, b = [part.key for part in left], [part.key for part in right]
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    return [pair for block in blocks for pair in _run(*block, left=left, right=right)]


def _run(
    word: str, i: int, i2: int, j: int, j2: int, *, left: Sequence[Part], right: Sequence[Part]
) -> Iterator[tuple[int, int]]:
    for x, y in zip(range(i, i2), range(j, j2), strict=False):
        if word == "equal" or likeness(left[x], right[y]) >= _LEAST:
            yield x, y
