"""The shape at the end of each line of the file that is watched, as an editor shows it."""

from __future__ import annotations

from threading import Lock
from typing import Any

from archlang.editing.document import Document
from archlang.editing.hints import hints
from archlang.watching.edition import Edition, Subject


class LineEnds:
    """Works out the hints of one edition after the other, each again only where lines changed."""

    def __init__(self, subject: Subject) -> None:
        self._document = Document(subject.name, subject.file)
        self._lock = Lock()
        self._known: tuple[int, dict[str, Any]] = 0, {}

    def of(self, edition: Edition) -> dict[str, Any]:
        """By lines, from 1: what stands there, and what a pointer over it shows."""
        with self._lock:
            if self._known[0] != edition.number:
                self._document.update(edition.sources[edition.name].text)
                self._document.forget_files()
                found = hints(self._document.analysis())
                ends = {str(h.line): {"label": h.label, "tip": h.tooltip} for h in found}
                self._known = edition.number, ends
            return self._known[1]
