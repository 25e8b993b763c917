"""Writes scenes as PowerPoint slides of native shapes, with connectors glued to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from archlang.figures.scene.model import Scene
from archlang.figures.writers.libraries import library
from archlang.figures.writers.pptx.parts import Numbers
from archlang.figures.writers.pptx.slide import shapes
from archlang.figures.writers.pptx.xml import EMU, NAMESPACES, clean, element

_TITLE_ONLY = 5
"""The layout with nothing but a title."""
_DATE = datetime(2000, 1, 1)
_FIRST = ("[Content_Types].xml", "_rels/.rels")
"""What readers of the package look for at its beginning."""


def write_pptx(scenes: Sequence[Scene]) -> bytes:
    """A PowerPoint file, a slide for each scene; the same bytes for the same scenes.

    Raises:
        DrawingError: python-pptx is not installed.
    """
    deck: Any = library("pptx", "python-pptx").Presentation()
    if scenes:
        _resize(deck, scenes[0].page)
        _describe(deck, scenes[0])
    numbers = Numbers()
    for scene in scenes:
        _add(deck, scene, numbers)
    written = BytesIO()
    deck.save(written)
    return _repacked(written)


def _resize(deck: Any, page: tuple[float, float]) -> None:
    """Slides as large as the page; the places of the template's placeholders go with them."""
    width, height = (round(length * EMU) for length in page)
    stretch = {"x": width / deck.slide_width, "y": height / deck.slide_height}
    deck.slide_width, deck.slide_height = width, height
    master = deck.slide_master
    for part in (master, *master.slide_layouts):
        for place in part._element.iter(f"{{{NAMESPACES['a']}}}off", f"{{{NAMESPACES['a']}}}ext"):
            for key, value in place.items():
                if key in ("x", "y", "cx", "cy"):
                    place.set(key, str(round(int(value) * stretch[key[-1]])))


def _describe(deck: Any, scene: Scene) -> None:
    about = deck.core_properties
    about.title, about.comments = clean(scene.title)[:255], clean(scene.description)[:255]
    about.author = about.last_modified_by = "archlang"
    about.subject = about.keywords = about.category = ""
    about.created = about.modified = _DATE
    about.revision = 1


def _add(deck: Any, scene: Scene, numbers: Numbers) -> None:
    """A slide of a scene, with what the scene says about itself as the speaker's notes."""
    slide = deck.slides.add_slide(deck.slide_layouts[_TITLE_ONLY])
    slide.background.fill.solid()
    slide.background.fill.fore_color.rgb = library("pptx.dml.color", "python-pptx").RGBColor(
        *bytes.fromhex(scene.paper[1:])
    )
    tree = slide.shapes._spTree
    for placeholder in slide.placeholders:
        tree.remove(placeholder._element)
    spaces = {f"xmlns:{prefix}": name for prefix, name in NAMESPACES.items()}
    found = element("p:spTree", *(part.xml for part in shapes(scene, numbers)), **spaces)
    for shape in library("pptx.oxml", "python-pptx").parse_xml(found):
        tree.append(shape)
    notes = "\n".join((scene.description, *scene.notes))
    slide.notes_slide.notes_text_frame.text = clean(notes)


def _repacked(written: BytesIO) -> bytes:
    """The package in an order and with dates that do not depend on when it is written."""
    result = BytesIO()
    with ZipFile(written) as old, ZipFile(result, "w", ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda n: (n not in _FIRST, n)):
            entry = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.create_system = ZIP_DEFLATED, 0
            new.writestr(entry, old.read(name))
    return result.getvalue()
