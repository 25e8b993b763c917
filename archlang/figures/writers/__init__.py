"""One file format each, all of the same scene; a format is chosen by the suffix of a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from archlang.figures.errors import DrawingError
from archlang.figures.scene.model import Scene


@dataclass(frozen=True, slots=True)
class Format:
    """How scenes become files of one kind. `paged`: one file holds several scenes."""

    suffix: str
    paged: bool
    about: str

    def write(self, scenes: Sequence[Scene]) -> bytes:
        """A whole file: one scene, or several where the format is paged.

        The same scenes give the same bytes.

        Raises:
            DrawingError: what the format needs is not installed.
        """
        name = self.suffix.removeprefix(".")
        module = import_module(f"archlang.figures.writers.{name}")
        writer: Callable[..., bytes | str] = getattr(module, f"write_{name}")
        written = writer(scenes) if self.paged else writer(*scenes)
        return written.encode() if isinstance(written, str) else written


FORMATS = {
    f.suffix: f
    for f in (
        Format(".svg", False, "for the web and for drawing programs"),
        Format(".pdf", True, "for LaTeX and for printing"),
        Format(".png", False, "pixels, for whatever takes nothing better"),
        Format(".pptx", True, "slides with shapes that can be moved and edited"),
        Format(".tikz", True, "LaTeX source that can be read and edited"),
        Format(".dot", False, "Graphviz, everything already in its place"),
    )
}


_OTHER_NAMES = {".tex": ".tikz", ".gv": ".dot"}
"""Suffixes that people are used to as well."""


def format_of(suffix: str) -> Format:
    """The format of files that end so.

    Raises:
        DrawingError: there is none.
    """
    found = FORMATS.get(_OTHER_NAMES.get(suffix.lower(), suffix.lower()))
    if found is None:
        known = ", ".join(FORMATS)
        what = f"no figure can be written as {suffix!r}" if suffix else "the file has no suffix"
        raise DrawingError(f"{what}; it says the format, one of {known}")
    return found
