"""The boxes of the volume style: solids side by side, with sizes, skips within and a caption."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from archlang.figures.geometry import Point, Rect, around
from archlang.figures.layout.place import Placement, badge
from archlang.figures.layout.volume.solids import Scale, Solid, solids
from archlang.figures.metrics import width
from archlang.figures.scene.model import Text
from archlang.figures.theme import SMALL
from archlang.figures.view.model import Box, Panel

LEADING = SMALL * 1.22
_BESIDE = 5.0
"""Between a slab and the bar that stands behind it."""
_NEAR = 3.0
"""From a slab to the label of its size."""
FAR = 1e5
"""Further than anything of a figure."""
ARCH = 14.0
"""How high the arc of a skip within a folded unit stands over its slab."""
_LEG = 4.0
WIDEST = 62.0
"""A line of a caption may be so wide, if its words are not wider."""
_MOST_LINES = 4
_PILL, _BALL = 18.0, 20.0


@dataclass(frozen=True, slots=True)
class Letters:
    """A line of text by its middle and baseline; `look` says what it is."""

    x: float
    y: float
    text: str
    look: str
    """`size`, `title`, `note`, `count` or `inside` (written in the shape itself)."""

    math: bool = False
    """Whether `_{…}` in it is a subscript."""

    @property
    def bold(self) -> bool:
        return self.look == "count"

    @property
    def rect(self) -> Rect:
        w = Text(0, 0, self.text, SMALL, bold=self.bold, math=self.math).width
        return Rect(self.x - w / 2, self.y - 0.76 * SMALL, w, SMALL)

    def moved(self, dx: float, dy: float) -> Letters:
        """The same somewhere else."""
        return replace(self, x=self.x + dx, y=self.y + dy)


@dataclass(frozen=True, slots=True)
class Slab:
    """A box in its place: the front faces of its solids, and its texts.

    Before it has a place, its front begins at x = 0 and its axis is y = 0.
    """

    box: Box
    front: Rect
    """Around the front faces; the shape itself of a merge or a result."""
    solids: tuple[tuple[Solid, Rect], ...]
    sizes: tuple[Letters, ...]
    words: tuple[Letters, ...]
    """The caption."""

    @property
    def silhouette(self) -> Rect:
        """Around the front, top and side faces."""
        rects = [
            Rect(r.x, r.y - s.dy, r.w + s.dx, r.h + s.dy) for s, r in self.solids
        ]  # fmt: skip
        return around([self.front, *rects])

    @property
    def body(self) -> Rect:
        """The silhouette with the labels of its sizes and the arcs of its skips."""
        arcs = [self.arcs] if self.box.loops else []
        return around([self.silhouette, *arcs, *(text.rect for text in self.sizes)])

    @property
    def caption(self) -> Rect:
        """The room of its caption."""
        middle = self.front.centre[0]
        empty = Rect(middle, self.body.bottom, 0, 0)
        return around([text.rect for text in self.words]) if self.words else empty

    @property
    def room(self) -> Rect:
        """All of it."""
        return around([self.body, self.caption]) if self.words else self.body

    @property
    def parts(self) -> Iterator[tuple[Rect, bool]]:
        """All that others have to keep clear of, each with whether it is the slab itself.

        The caption is far below, for the captions of a row stand on one line.
        """
        yield self.silhouette, True
        yield from ((text.rect, False) for text in self.sizes)
        if self.box.loops:
            yield self.arcs, False
        if self.words:
            words = self.caption
            yield Rect(words.x, FAR, words.w, words.h), False

    @property
    def arcs(self) -> Rect:
        """The room of the skips of a folded unit over its slab."""
        r = self.silhouette
        wider = max((width(loop.matching, SMALL) for loop in self.box.loops), default=0.0)
        side = max(0.0, (wider - r.w) / 2)
        high = ARCH + (LEADING if wider else 0.0)
        return Rect(r.x - side, r.y - high, r.w + 2 * side, high)

    @property
    def leaving(self) -> Point:
        """Where a skip leaves: the middle of the front's upper edge, to the right of one that
        arrives at a merge."""
        aside = _LEG if not self.solids else 0.0
        return self.front.centre[0] + aside, self.front.y + (1.0 if aside else 0.0)

    @property
    def arriving(self) -> Point:
        """Where a skip lands: at the left edge of the top face, where that is not hidden."""
        if not self.solids:
            return self.front.centre[0], self.front.y
        solid, r = self.solids[0]
        x = min(r.w, solid.dx) / 2
        return r.x + x, r.y - solid.dy * x / solid.dx

    def moved(self, dx: float, dy: float) -> Slab:
        """The same somewhere else."""
        return Slab(
            self.box,
            self.front.moved(dx, dy),
            tuple((s, r.moved(dx, dy)) for s, r in self.solids),
            tuple(text.moved(dx, dy) for text in self.sizes),
            tuple(text.moved(dx, dy) for text in self.words),
        )

    def captioned(self, down: float) -> Slab:
        """The same with its caption further down."""
        lower = tuple(text.moved(0.0, down) for text in self.words)
        return replace(self, words=lower)


@dataclass(eq=False, slots=True)
class Volume(Placement):
    """A panel as slabs; `rects` are their front faces, `slabs` the rest, all in place."""

    slabs: dict[int, Slab] = field(default_factory=dict[int, Slab])
    letters: dict[int, Rect] = field(default_factory=dict[int, Rect])
    """Where the label of a line stands, by the line's index."""
    rows: int = 1
    """In how many rows the slabs stand; 0: where they branch they stand in several at a time."""

    @property
    def bounds(self) -> Rect:
        """What everything takes, texts included."""
        rects = [slab.room for slab in self.slabs.values()]
        rects += [*self.letters.values(), *(r for _, r in self.frames)]
        rects += [Rect(x, y, 0, 0) for placed in self.lines for x, y in placed.points]
        return around(rects)

    def moved(self, dx: float, dy: float) -> Volume:
        """The same somewhere else."""
        return Volume(
            self.panel,
            {i: r.moved(dx, dy) for i, r in self.rects.items()},
            [placed.moved(dx, dy) for placed in self.lines],
            [(f, r.moved(dx, dy)) for f, r in self.frames],
            [],
            {i: slab.moved(dx, dy) for i, slab in self.slabs.items()},
            {i: r.moved(dx, dy) for i, r in self.letters.items()},
            self.rows,
        )

    def sort(self) -> None:
        """Its lines in the order of the panel's."""
        order = {id(line): k for k, line in enumerate(self.panel.lines)}
        self.lines.sort(key=lambda placed: order[id(placed.line)])


def previous(panel: Panel) -> dict[int, Box]:
    """For each box that follows a single one, that one."""
    feeding: dict[int, list[int]] = {}
    for line in panel.lines:
        if line.kind == "flow":
            feeding.setdefault(line.head, []).append(line.tail)
    return {head: panel.boxes[tails[0]] for head, tails in feeding.items() if len(tails) == 1}


def slab(
    box: Box, scale: Scale, before: Box | None, *, legs: bool = False, widest: float = WIDEST
) -> Slab:
    """A box in space. `before`: the one it follows, whose resolution need not be said again;
    `legs`: lines leave or arrive at its top; `widest`: what a line of its caption may take."""
    made = solids(box, scale)
    if not made:
        return _plain(box, before)
    placed: list[tuple[Solid, Rect]] = []
    x = 0.0
    for solid in made:
        placed.append((solid, Rect(x, -solid.h / 2, solid.w, solid.h)))
        x += solid.w + solid.dx + _BESIDE
    front = around([r for _, r in placed])
    said = before.shape[1:] if before is not None else ()
    sizes = tuple(_sizes(box, placed, said, legs))
    low = max(text.rect.bottom for text in sizes) + _NEAR
    words = tuple(_words(box, front.centre[0], low, widest))
    return Slab(box, front, tuple(placed), sizes, words)


def _sizes(
    box: Box, placed: list[tuple[Solid, Rect]], said: tuple[int, ...], legs: bool
) -> Iterator[Letters]:
    """Channels below each front face, the resolution over the back one where it changes."""
    right = float("-inf")
    for solid, r in placed:
        text = Letters(0.0, r.bottom + _NEAR + 0.76 * SMALL, solid.channels, "size")
        x = max(r.centre[0], right + text.rect.w / 2 + 3)
        yield replace(text, x=x)
        right = x + text.rect.w / 2
        if solid.space and solid.shape[1:] != said:
            space = Letters(0.0, r.y - solid.dy - _NEAR - 2.0, solid.space, "size")
            middle = r.centre[0] + solid.dx / 2
            lift = 0.0
            if box.loops:
                lift = ARCH + (LEADING if any(n.matching for n in box.loops) else 0.0)
            if legs:  # beside the line, and over the labels of the neighbours
                middle = max(middle, r.centre[0] + space.rect.w / 2 + _LEG)
                lift += LEADING * 1.3
            yield replace(space, x=middle, y=space.y - lift)
        said = solid.shape[1:]


def _words(box: Box, x: float, low: float, widest: float) -> Iterator[Letters]:
    """The lines of a caption, downwards."""
    entry = box.form == "pill"
    y = low + LEADING
    rows = [("title", box.caption.title)]
    if not entry:
        rows = [("note", box.caption.over), *rows, ("note", box.caption.under)]
    for look, text in rows:
        for line in lines(text, widest) if text else ():
            yield Letters(x, y, line, look, look == "title" and box.caption.math)
            y += LEADING
    if box.count > 1:
        yield Letters(x, y, badge(box), "count")


def _plain(box: Box, before: Box | None) -> Slab:
    """A merge as a ball, a result as a pill, with what is written in them; new channels below."""
    text = Letters(0.0, 0.36 * SMALL, box.caption.title, "inside", box.caption.math)
    w, h = (_BALL, _BALL) if box.form == "circle" else (text.rect.w + 12, _PILL)
    front = Rect(0.0, -h / 2, w, h)
    sizes = [replace(text, x=w / 2)]
    if box.shape and (before is None or box.shape[0] != before.shape[0]):
        y = front.bottom + _NEAR + 0.76 * SMALL
        sizes.append(Letters(w / 2, y, str(box.shape[0]), "size"))
    return Slab(box, front, (), tuple(sizes), ())


def lines(text: str, widest: float) -> list[str]:
    """A text in as few lines as make it narrow enough, cut where it reads best."""
    words = text.split(" ")
    cut = [text]
    for count in range(1, min(len(words), _MOST_LINES) + 1):
        cut = min(_cuts(words, count), key=_badness)
        if max(width(line, SMALL) for line in cut) <= widest:
            break
    return [line.removesuffix(" ·").removeprefix("· ") for line in cut]


def _cuts(words: list[str], count: int) -> Iterator[list[str]]:
    if count == 1:
        yield [" ".join(words)]
        return
    for k in range(1, len(words) - count + 2):
        for rest in _cuts(words[k:], count - 1):
            yield [" ".join(words[:k]), *rest]


def _badness(cut: list[str]) -> float:
    """How wide it is, and how many lines end within a term."""
    within = sum(not line.endswith((",", "·")) for line, _ in pairwise(cut))
    return max(width(line, SMALL) for line in cut) + 15.0 * within
