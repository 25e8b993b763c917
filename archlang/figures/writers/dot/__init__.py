"""Writes a scene as a Graphviz file: all in its place, and a graph that can be laid out anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from archlang.figures.geometry import Point, Rect, around
from archlang.figures.scene.model import Group, Polygon, Route, Scene, Shape, Text
from archlang.figures.theme import FONT_STACK, SMALL, TITLE
from archlang.figures.writers.dot.parts import holds, sign_of, spline, text_runs
from archlang.figures.writers.dot.text import (
    Usual,
    attributes,
    comment,
    entry,
    in_a_row,
    plain,
    quoted,
)
from archlang.figures.writers.drawings import Drawing, drawings
from archlang.figures.writers.names import readable_names
from archlang.figures.writers.strokes import head

_INCH = 72.0
_ARROW = 0.6
"""Size of arrow heads: Graphviz makes them 10 points long."""

_OUTLINE = 4.0
"""Distance of the two outlines of a node that has two."""
_NARROWER = 0.88
"""How wide Helvetica is, compared with the font that boxes are made for."""

_ABOUT = """\
// {title}
// As it was drawn:   neato -n2 -Tsvg FILE > figure.svg
// Laid out anew:     dot -Tsvg FILE > figure.svg
"""


def write_dot(scene: Scene) -> str:
    """The text of a Graphviz file: `neato -n2` shows the figure, `dot` arranges it in its way.

    Boxes are nodes named after what they stand for, stages and insets are clusters.
    """
    return _Dot(scene).text()


class _Dot:
    """One file; Graphviz counts y upwards."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.names = readable_names(scene)
        self._clusters = self._headed = 0
        self._ink, self._faint = _commonest(scene, TITLE), _commonest(scene, SMALL)
        self._in_box, self._beside_line = Usual(TITLE, self._ink), Usual(SMALL, self._faint)

    def text(self) -> str:
        scene = self.scene
        lines = [_ABOUT.format(title=comment(scene.title)) + f"digraph {quoted(scene.title)} {{"]
        lines += [f"  {line}" for line in self._defaults()]
        for drawing in drawings(scene):
            lines += ["", *(f"  {line}" for line in self._drawing(drawing))]
        return "\n".join([*lines, "}", ""])

    def _defaults(self) -> Iterator[str]:
        scene, font = self.scene, quoted(FONT_STACK[0])
        bounds = f'"0,0,{_n(scene.width)},{_n(scene.height)}"'
        yield (
            f"graph [bb={bounds}, pad=0.2, inputscale=72, notranslate=true, splines=true, "
            f'bgcolor="{scene.paper}", fontname={font}, fontsize={_n(SMALL)}, '
            f"fontcolor={quoted(self._faint)}];"
        )
        yield (
            f'node [shape=box, style="rounded,filled", fixedsize=true, penwidth=1.1, '
            f"fontname={font}, fontsize={_n(TITLE)}, fontcolor={quoted(self._ink)}];"
        )
        yield (
            f"edge [arrowsize={_ARROW}, fontname={font}, fontsize={_n(SMALL)}, "
            f"fontcolor={quoted(self._faint)}];"
        )

    def _drawing(self, drawing: Drawing) -> Iterator[str]:
        if not drawing.name:
            for role in dict.fromkeys(g.role for g in drawing.groups):
                groups = [g for g in drawing.groups if g.role == role]
                yield f"// {role}"
                yield from self._heading(groups) if role == "heading" else self._legend(groups)
            return
        yield f"// {comment(drawing.name)}"
        frame = [g for g in drawing.backdrops if len(g.within) == 1]
        inner = [g for g in drawing.backdrops if len(g.within) > 1]
        content = [*self._content(drawing.boxes, inner), *self._lines(drawing)]
        yield from self._cluster(frame[0], content) if frame else content

    def _content(self, boxes: list[Group], backdrops: list[Group]) -> Iterator[str]:
        """The boxes, those that lie on a stage or in a frame together."""
        homes: dict[int, list[Group]] = {}
        for box in boxes:
            under = [i for i, g in enumerate(backdrops) if holds(g, box)]
            homes.setdefault(under[-1] if under else -1, []).append(box)
        for number, inside in homes.items():
            lines = [line for box in inside for line in self._box(box)]
            yield from lines if number < 0 else self._cluster(backdrops[number], lines)

    def _cluster(self, group: Group, content: list[str]) -> Iterator[str]:
        shape = next((m for m in group.marks if isinstance(m, Shape)), None)
        self._clusters += 1
        yield f"subgraph cluster_{self._clusters} {{"
        if shape is not None:
            facts = {
                "bb": self._bounds(shape.rect),
                "style": quoted("rounded,filled" + ",dashed" * shape.dashed),
                "fillcolor": quoted(shape.fill or "none"),
                "color": quoted(shape.stroke or shape.fill or "none"),
                "penwidth": _n(shape.width),
            }
            yield f"  graph [{attributes(facts | self._title(group, shape.rect))}];"
        yield from (f"  {line}" for line in content)
        yield "}"

    def _title(self, group: Group, rect: Rect) -> dict[str, str]:
        """What is written at a backdrop. Graphviz turns no text, so what is read upwards at its
        left side stands at its upper left corner."""
        texts = [*group.texts]
        if not texts:
            return {"label": '""'}
        facts = self._beside_line.said(texts) | {"labeljust": "l"}
        if texts[0].turned:
            middle = rect.x + 8 + texts[0].width / 2, rect.y - 1
            return facts | {"lp": quoted(self._at(middle))}
        return facts | {"lp": quoted(self._centre(texts))}

    def _box(self, group: Group) -> Iterator[str]:
        name = self.names[group.name]
        shapes = [m for m in group.marks if isinstance(m, Shape)]
        polygons = [m for m in group.marks if isinstance(m, Polygon)]
        free = [m for m in group.marks if isinstance(m, Text)]
        caption, arcs = sign_of([m for m in group.marks if isinstance(m, Route)], group.bounds)
        beside, notes = free[: len(arcs)], text_runs(free[len(arcs) :])
        if shapes:
            facts = self._node(shapes[-1], stacked=len(shapes) > 1)
        else:
            facts = self._solid(polygons, group.bounds)
        if caption:
            facts["label"] = quoted(caption)
        if group.tip:
            facts["tooltip"] = quoted(group.tip)
        if notes:
            # where nothing is written in the box, its font is that of the text beside it
            font = {} if (shapes and shapes[-1].texts) or caption else self._in_box.said(notes[0])
            facts |= font | {"xlabel": plain(notes[0]), "xlp": quoted(self._centre(notes[0]))}
            facts |= {"label": '""'} if font else {}
        yield f"{quoted(name)} [{attributes(facts)}];"
        for number, arc in enumerate(arcs):
            facts = self._edge(arc) | self._beside(beside[number : number + 1])
            yield f"{quoted(name)} -> {quoted(name)} [{attributes(facts)}];"
        for number, note in enumerate(notes[1:], 1):
            yield from self._note(name, f"{name}-note-{number}", note)

    def _note(self, name: str, note: str, texts: list[Text]) -> Iterator[str]:
        """More text than a box can have at its side: a node of its own, which stays with it."""
        place = self._place(around([text.rect for text in texts]))
        facts = {"shape": "plaintext", "style": '""', "fixedsize": "false"} | place
        facts |= self._in_box.said(texts)
        yield f"{quoted(note)} [{attributes(facts)}];"
        at = self._centre(texts)
        yield f"{quoted(name)} -> {quoted(note)} [style=invis, pos={quoted(' '.join([at] * 4))}];"

    def _node(self, shape: Shape, *, stacked: bool = False) -> dict[str, str]:
        circle = abs(shape.rect.w - shape.rect.h) < 0.01 and shape.radius > shape.rect.w / 2 - 0.01
        style = ["filled" if circle or not shape.radius else "rounded,filled"]
        style += ["dashed"] if shape.dashed else []
        facts = {"shape": "circle"} if circle else {}
        if style != ["rounded,filled"]:
            facts["style"] = quoted(",".join(style))
        if stacked:
            facts["peripheries"] = "2"
        # the second outline lies outside of a node's width and height
        facts |= self._place(shape.rect.grown(-_OUTLINE) if stacked else shape.rect)
        facts |= {"fillcolor": quoted(shape.fill), "color": quoted(shape.stroke or shape.fill)}
        if shape.width != 1.1:
            facts["penwidth"] = _n(shape.width)
        return facts | self._in_box.said(shape.texts)

    def _solid(self, polygons: list[Polygon], bounds: Rect | None) -> dict[str, str]:
        """A box drawn in space, which Graphviz has a shape of its own for."""
        front = polygons[-1] if polygons else Polygon((), "")
        points = [Rect(x, y, 0, 0) for p in polygons for x, y in p.points]
        place = bounds or around(points or [Rect(0, 0, 1, 1)])
        paint = {"fillcolor": quoted(front.fill), "color": quoted(front.stroke or front.fill)}
        return {"shape": "box3d", "style": "filled", "label": '""'} | self._place(place) | paint

    def _place(self, rect: Rect) -> dict[str, str]:
        return {
            "pos": quoted(self._at(rect.centre) + "!"),
            "width": f"{rect.w / _INCH:.4f}",
            "height": f"{rect.h / _INCH:.4f}",
        }

    def _lines(self, drawing: Drawing) -> Iterator[str]:
        for group in drawing.lines:
            if group.ends is None or not all(end in self.names for end in group.ends):
                continue
            tail, head = (quoted(self.names[end]) for end in group.ends)
            texts = [m for m in group.marks if isinstance(m, Text)]
            for route in (m for m in group.marks if isinstance(m, Route)):
                facts = self._edge(route) | self._beside(texts)
                yield f"{tail} -> {head} [{attributes(facts)}];"
                texts = []

    def _edge(self, route: Route) -> dict[str, str]:
        points = spline(route)
        tip = head(route)
        if tip:
            # Graphviz draws the arrow from the spline's end on
            (ax, ay), (bx, by) = tip[1:]
            points[-1] = ((ax + bx) / 2, (ay + by) / 2)
        way = " ".join(map(self._at, points))
        way = f"e,{self._at(tip[0])} {way}" if tip else way
        facts = {"pos": quoted(way), "color": quoted(route.colour), "penwidth": _n(route.width)}
        facts |= {} if route.dash == "solid" else {"style": route.dash}
        return facts | ({} if tip else {"arrowhead": "none"})

    def _beside(self, texts: list[Text]) -> dict[str, str]:
        """The label of a line, and a second one."""
        facts: dict[str, str] = {}
        if texts:
            facts |= self._beside_line.said(texts[:1]) | {"lp": quoted(self._centre(texts[:1]))}
        if texts[1:]:
            facts |= {"xlabel": plain(texts[1:]), "xlp": quoted(self._centre(texts[1:]))}
        return facts

    def _heading(self, groups: list[Group]) -> Iterator[str]:
        for group in groups:
            texts = [*group.texts]
            if self._headed:  # a graph has one label: of two networks, the second gets a node
                place = self._place(around([text.rect for text in texts]))
                look = {"shape": "plaintext", "style": '""', "label": in_a_row(texts)}
                yield f"{quoted(f'heading-{self._headed}')} [{attributes(look | place)}];"
            else:
                facts = {"label": in_a_row(texts), "lp": quoted(self._centre(texts, left=True))}
                yield f"graph [{attributes(facts)}, labelloc=t, labeljust=l];"
            self._headed += 1

    def _legend(self, groups: list[Group]) -> Iterator[str]:
        rects = [text.rect for group in groups for text in group.texts]
        yield "subgraph cluster_legend {"
        if rects:
            facts = {"bb": self._bounds(around(rects)), "label": '""', "bgcolor": "transparent"}
            yield f"  graph [{attributes(facts)}, peripheries=0];"
        for number, group in enumerate(groups, 1):
            yield from (f"  {line}" for line in self._entry(group, f"legend-{number}"))
        yield "}"

    def _entry(self, group: Group, name: str) -> Iterator[str]:
        """A sign and what it means, as one node."""
        texts = [*group.texts]
        signs = [m for m in group.marks if isinstance(m, Shape | Route)]
        if not texts or not signs:
            return
        rects = [text.rect for text in texts]
        sign = next((m for m in reversed(signs) if isinstance(m, Shape)), signs[0])
        routes = [m for m in signs if isinstance(m, Route)]
        caption, _ = sign_of(routes, sign.rect) if isinstance(sign, Shape) else ("", [])
        rects += [sign.rect] if isinstance(sign, Shape) else [Rect(*p, 0, 0) for p in sign.points]
        facts = {
            "shape": "plaintext",
            "style": '""',
            "fixedsize": "false",
            "label": entry(sign, texts, caption),
        }
        yield f"{quoted(name)} [{attributes(facts | self._place(around(rects)))}];"

    def _bounds(self, rect: Rect) -> str:
        low, high = self._at((rect.x, rect.bottom)), self._at((rect.right, rect.y))
        return quoted(f"{low},{high}")

    def _centre(self, texts: list[Text], *, left: bool = False) -> str:
        """The middle of some texts; of texts that begin at the `left`, in Graphviz's own font."""
        r = around([text.rect for text in texts] or [Rect(0, 0, 0, 0)])
        return self._at((r.x + r.w / 2 * (_NARROWER if left else 1), r.centre[1]))

    def _at(self, point: Point) -> str:
        return f"{_n(point[0])},{_n(self.scene.height - point[1])}"


def _commonest(scene: Scene, size: float) -> str:
    colours = Counter(text.colour for text in scene.texts if text.size == size)
    return colours.most_common(1)[0][0] if colours else "#000000"


def _n(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
