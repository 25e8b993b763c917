"""Writes a scene as PNG: its PDF page, rendered by PDFium."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import Any

from archlang.figures.scene.model import Group, Scene, Text, runs
from archlang.figures.writers.fonts import FACES, pieces, visible
from archlang.figures.writers.libraries import library
from archlang.figures.writers.pdf import write_pdf

LONGER_SIDE = 2880
"""Of the picture, in pixels: sharp on a slide that fills a screen of 3840 pixels."""


def write_png(scene: Scene) -> bytes:
    """A PNG file; the same bytes for the same scene and the same versions of the libraries.

    Raises:
        DrawingError: reportlab, pypdfium2 or Pillow is not installed.
    """
    scale = (LONGER_SIDE - 0.5) / max(scene.width, scene.height)
    picture = _rendered(scene, scale, asian=all(map(_seen, _borrowed(scene))))
    facts = library("PIL.PngImagePlugin", "pillow").PngInfo()
    facts.add_itxt("Title", visible(scene.title))
    facts.add_itxt("Description", visible(scene.description))
    facts.add_itxt("Software", "archlang")
    buffer = BytesIO()
    dots = 72 * scale
    picture.save(buffer, "PNG", optimize=True, dpi=(dots, dots), pnginfo=facts)
    return buffer.getvalue()


def _rendered(scene: Scene, scale: float, *, asian: bool) -> Any:
    """The picture of a scene, `scale` pixels a point; for `asian` see `write_pdf`."""
    document: Any = library("pypdfium2", "pypdfium2").PdfDocument(write_pdf([scene], asian=asian))
    try:
        return document[0].render(scale=scale).to_pil().convert("RGB")
    finally:
        document.close()


def _borrowed(scene: Scene) -> set[str]:
    """The fonts that are not embedded: of the machine that renders."""
    lines = ((run, text.bold) for text in scene.texts for run, _ in runs(text))
    return {piece.font for line in lines for piece in pieces(*line)} & FACES.keys()


@cache
def _seen(face: str) -> bool:
    """Whether this machine has a font for what is written in a font that is not embedded."""
    sample = Text(20, 30, FACES[face].sample, 20)
    scene = Scene(40, 40, "", "", "#FFFFFF", groups=[Group("box", "", (sample,))])
    return _rendered(scene, 1, asian=True).convert("L").getextrema()[0] < 128
