"""`.svg`: the figure of a network, as `archlang draw` makes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archlang.figures import draw_svg
from archlang.targets.registry import KINDS

if TYPE_CHECKING:
    from archlang.targets.job import Job, Runner


class Figure:
    """Draws; what is drawn is not run."""

    kind = KINDS["svg"]

    def prepare(self, job: Job) -> None:
        """Nothing is needed."""

    def write(self, job: Job, path: Path) -> tuple[Path, ...]:
        """The figure of the spec's network.

        Raises:
            DrawingError: it cannot be drawn.
        """
        path.write_text(draw_svg(job.graph), encoding="utf-8")
        return (path,)

    def runner(self, job: Job, path: Path) -> Runner:
        """There is none: `Kind.runs` says so."""
        raise NotImplementedError


TARGET = Figure()
