"""Writes a scene as PNG: its PDF page, rendered by PDFium."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from archlang.figures.scene.model import Scene
from archlang.figures.writers.fonts import visible
from archlang.figures.writers.libraries import library
from archlang.figures.writers.pdf import write_pdf

LONGER_SIDE = 2880
"""Of the picture, in pixels: sharp on a slide that fills a screen of 3840 pixels."""


def write_png(scene: Scene) -> bytes:
    """A PNG file; the same bytes for the same scene and the same versions of the libraries.

    Raises:
        DrawingError: reportlab, pypdfium2 or Pillow is not installed.
    """
    pdfium = library("pypdfium2", "pypdfium2")
    facts = library("PIL.PngImagePlugin", "pillow").PngInfo()
    scale = LONGER_SIDE / max(scene.width, scene.height)
    document: Any = pdfium.PdfDocument(write_pdf([scene]))
    try:
        picture = document[0].render(scale=scale).to_pil().convert("RGB")
    finally:
        document.close()
    facts.add_itxt("Title", visible(scene.title))
    facts.add_itxt("Description", visible(scene.description))
    facts.add_itxt("Software", "archlang")
    buffer = BytesIO()
    dots = 72 * scale
    picture.save(buffer, "PNG", optimize=True, dpi=(dots, dots), pnginfo=facts)
    return buffer.getvalue()
