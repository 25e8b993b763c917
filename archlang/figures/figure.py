"""A drawn network: look at it in a notebook, or write it to a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from archlang.figures.options import Fit
from archlang.figures.scene.compose import smallest_text
from archlang.figures.scene.model import Scene, frames
from archlang.figures.writers import format_of


@dataclass(eq=False, slots=True)
class Figure:
    """A figure of a network, everything in its place."""

    scene: Scene
    fit: Fit
    remarks: list[str] = field(default_factory=list[str])
    """What one should know of it: text too small to be read where it has to fit, …"""
    difference: str = ""
    """Of two networks: how they differ, in a sentence or two."""

    @property
    def svg(self) -> str:
        """The text of an SVG file."""
        return format_of(".svg").write([self.scene]).decode()

    @property
    def smallest_text(self) -> float:
        """Size of the smallest text, in points, when the figure fills its place."""
        return smallest_text(self.scene, self.fit)

    def save(self, path: str | PathLike[str], *, steps: bool = False) -> list[Path]:
        """Write a file; its suffix says the format. Returns what was written.

        `steps`: every frame of the step-by-step figure, as slides or pages of one file, or as
        files numbered like `net-01.svg` where the format has no pages.

        Raises:
            DrawingError: there is no such format, or what it needs is not installed.
            OSError: a file cannot be written; then none is.
        """
        from archlang.files import write_all

        files = self.files(Path(path), steps=steps)
        write_all(files)
        return list(files)

    def files(self, path: Path, *, steps: bool = False) -> Mapping[Path, bytes]:
        """What `save` would write.

        Raises:
            DrawingError: there is no such format, or what it needs is not installed.
        """
        form = format_of(path.suffix)
        scenes = frames(self.scene) if steps else [self.scene]
        if form.paged or not steps:
            return {path: form.write(scenes)}
        digits = max(2, len(str(len(scenes))))
        return {
            path.with_stem(f"{path.stem}-{number:0{digits}}"): form.write([scene])
            for number, scene in enumerate(scenes, 1)
        }

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, str]:
        """What a notebook shows; it may name the types of data it takes, or does not."""
        wanted = set(include or ("image/svg+xml", "text/plain")) - set(exclude or ())
        bundle = {"text/plain": repr(self)} if "text/plain" in wanted else {}
        return bundle | ({"image/svg+xml": self.svg} if "image/svg+xml" in wanted else {})

    def __repr__(self) -> str:
        w, h = self.scene.width, self.scene.height
        return f"<Figure of {self.scene.title}, {w:.0f} × {h:.0f} pt>"
