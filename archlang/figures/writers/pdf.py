"""Writes scenes as PDF, a page each, with the fonts embedded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from archlang.figures.geometry import Point
from archlang.figures.scene.model import (
    PATTERNS,
    SUB_DROP,
    SUB_SIZE,
    Dash,
    Mark,
    Polygon,
    Route,
    Scene,
    Shape,
    Text,
    runs,
)
from archlang.figures.writers.fonts import REGULAR, Piece, pieces, shipped, visible
from archlang.figures.writers.libraries import library
from archlang.figures.writers.strokes import Curve, Line, Move, head, path

_DATE = re.compile(rb"/(?:CreationDate|ModDate) \([^)]*\)")
_ROUND = 1
_INVISIBLE = 3
_SHARE = {"start": 0.0, "middle": 0.5, "end": 1.0}


def write_pdf(scenes: Sequence[Scene], *, asian: bool = True) -> bytes:
    """A PDF file, a page for each scene and as large; the same bytes for the same scenes.

    `asian`: whether the viewer's own fonts may be used for Chinese, Japanese and Korean; without
    them, boxes stand for what the embedded fonts lack.

    Raises:
        DrawingError: reportlab is not installed.
    """
    buffer = BytesIO()
    canvas: Any = library("reportlab.pdfgen.canvas", "reportlab").Canvas(
        buffer, invariant=1, pageCompression=1, pdfVersion=(1, 5), initialFontName=shipped()
    )
    _describe(canvas, scenes[0])
    for number, scene in enumerate(scenes, 1):
        canvas.setPageSize((scene.width, scene.height))
        if len(scenes) > 1:
            canvas.bookmarkPage(f"page{number}")
            entry = f"{number}. {visible(scene.title)}"
            canvas.addOutlineEntry(entry, f"page{number}")
        _Page(canvas, scene, asian).draw()
        canvas.showPage()
    canvas.save()
    # the date that reportlab puts there is made up; blanks in its place keep all offsets
    return _DATE.sub(lambda found: b" " * len(found[0]), buffer.getvalue())


def _describe(canvas: Any, scene: Scene) -> None:
    canvas.setTitle(visible(scene.title))
    canvas.setSubject(visible(scene.description))
    canvas.setCreator("archlang")
    canvas.setAuthor("")
    canvas.setViewerPreference("DisplayDocTitle", "true")


class _Page:
    """Draws a scene on the page that a canvas is at."""

    def __init__(self, canvas: Any, scene: Scene, asian: bool) -> None:
        self.canvas = canvas
        self.scene = scene
        self.asian = asian

    def draw(self) -> None:
        scene = self.scene
        self.canvas.setLineJoin(_ROUND)
        self.canvas.setFillColor(scene.paper)
        self.canvas.rect(0, 0, scene.width, scene.height, stroke=0, fill=1)
        for group in scene.groups:
            for mark in group.marks:
                self._mark(mark)

    def _mark(self, mark: Mark) -> None:
        match mark:
            case Shape():
                self._shape(mark)
                for text in mark.texts:
                    self._text(text)
            case Polygon():
                self._polygon(mark)
            case Route():
                self._route(mark)
            case Text():
                self._text(mark)

    def _at(self, point: Point) -> Point:
        """A point of the scene on the page, where y grows upwards."""
        return point[0], self.scene.height - point[1]

    def _shape(self, shape: Shape) -> None:
        r = shape.rect
        x, y = self._at((r.x, r.bottom))
        radius = min(shape.radius, r.w / 2, r.h / 2)
        self._paint(shape)
        painted = {"stroke": bool(shape.stroke), "fill": bool(shape.fill)}
        if radius > 0:
            self.canvas.roundRect(x, y, r.w, r.h, radius, **painted)
        else:
            self.canvas.rect(x, y, r.w, r.h, **painted)

    def _polygon(self, polygon: Polygon) -> None:
        self._paint(polygon)
        self._closed(polygon.points, stroke=bool(polygon.stroke), fill=bool(polygon.fill))

    def _paint(self, mark: Shape | Polygon) -> None:
        if mark.fill:
            self.canvas.setFillColor(mark.fill)
        if mark.stroke:
            self._stroke(mark.stroke, mark.width, "dashed" if mark.dashed else "solid")

    def _stroke(self, colour: str, width: float, dash: Dash) -> None:
        self.canvas.setStrokeColor(colour)
        self.canvas.setLineWidth(width)
        self.canvas.setDash(list(PATTERNS[dash]))

    def _closed(self, points: Sequence[Point], *, stroke: bool, fill: bool) -> None:
        outline = self.canvas.beginPath()
        outline.moveTo(*self._at(points[0]))
        for point in points[1:]:
            outline.lineTo(*self._at(point))
        outline.close()
        self.canvas.drawPath(outline, stroke=stroke, fill=fill)

    def _route(self, route: Route) -> None:
        line = self.canvas.beginPath()
        for command in path(route):
            match command:
                case Move(to):
                    line.moveTo(*self._at(to))
                case Line(to):
                    line.lineTo(*self._at(to))
                case Curve(first, second, to):
                    line.curveTo(*self._at(first), *self._at(second), *self._at(to))
        self._stroke(route.colour, route.width, route.dash)
        self.canvas.drawPath(line, stroke=1, fill=0)
        if triangle := head(route):
            self.canvas.setFillColor(route.colour)
            self._closed(triangle, stroke=False, fill=True)

    def _text(self, text: Text) -> None:
        if text.halo:
            self._paper(text)
        letters = [
            (piece, low) for run, low in runs(text) for piece in pieces(run, text.bold, self.asian)
        ]
        widths = [p.width(text.size * (SUB_SIZE if low else 1)) for p, low in letters]
        canvas = self.canvas
        canvas.saveState()
        canvas.translate(*self._at((text.x, text.y)))
        if text.turned:
            canvas.rotate(90)
        canvas.translate(-sum(widths) * _SHARE[text.anchor], 0)
        canvas.setFillColor(text.colour or "#000000")
        x = 0.0
        for (piece, low), width in zip(letters, widths, strict=True):
            self._write(piece, x, text.size, low)
            x += width
        canvas.restoreState()

    def _paper(self, text: Text) -> None:
        """What text over lines stands on; an outline of the letters would be found as text, too."""
        x, y = self._at((text.rect.x, text.rect.bottom))
        self.canvas.setFillColor(text.halo)
        self.canvas.rect(x, y, text.rect.w, text.rect.h, stroke=0, fill=1)

    def _write(self, piece: Piece, x: float, size: float, low: bool) -> None:
        small = size * (SUB_SIZE if low else 1)
        line = self.canvas.beginText(x, 0)
        line.setFont(piece.font, small)
        line.setRise(-size * SUB_DROP if low else 0)
        line.textOut(piece.text)
        line.setRise(0)
        if not piece.read:
            self.canvas.drawText(line)
            return
        said = ("\ufeff" + piece.read).encode("utf-16-be").hex().upper()
        self.canvas.addLiteral(f"/Span <</ActualText <{said}>>> BDC")
        self.canvas.drawText(line)
        self._spacer(x, piece.width(small), small)
        self.canvas.addLiteral("EMC")

    def _spacer(self, x: float, width: float, size: float) -> None:
        """A space, as wide as a piece: viewers without the piece's font find its text there."""
        line = self.canvas.beginText(x, 0)
        line.setFont(REGULAR, size)
        line.setTextRenderMode(_INVISIBLE)
        line.setHorizScale(100 * width / Piece(" ", REGULAR).width(size))
        line.textOut(" ")
        line.setHorizScale(100)
        line.setTextRenderMode(0)
        self.canvas.drawText(line)
