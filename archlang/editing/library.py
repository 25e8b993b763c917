"""The files that are open in an editor, and those on the disk around them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath

from archlang.diagnostics.model import Mistake
from archlang.editing.document import Analysis, Document
from archlang.semantics.places import Disk
from archlang.source import Source, Span
from archlang.syntax import tree
from archlang.zoo import zoo_folder

MAX_FILES = 2_000
"""More `.arch` files of a workspace are not looked through."""
_LEFT_OUT = frozenset({"node_modules", "__pycache__", "venv", "build", "dist"})


class OpenTexts(Disk):
    """The disk, but that the texts of some files are those of the editor."""

    def __init__(self, texts: Mapping[PurePath, str]) -> None:
        self.texts = texts

    def read(self, path: PurePath, name: str, at: Span) -> Source:
        """The editor's text where it has one."""
        text = self.texts.get(path)
        return super().read(path, name, at) if text is None else Source(name, text, Path(path))


def analysed(document: Document, text: str, texts: Mapping[PurePath, str]) -> Analysis:
    """What a document would say with another text, and with others in the files it uses."""
    other = Document(document.name, document.path, OpenTexts(texts))
    other.update(text)
    return other.analysis()


class Library:
    """Documents by their paths."""

    def __init__(self) -> None:
        self.folders: list[Path] = []
        """Those of the workspace."""
        self._open: dict[PurePath, Document] = {}
        self._texts: dict[PurePath, str] = {}
        self._disk: dict[PurePath, Document] = {}
        self._taken: dict[PurePath, frozenset[str]] = {}
        self.shelf = OpenTexts(self._texts)

    def open(self, path: Path | None, name: str) -> Document:
        """A document that the editor has; one without a path is kept by whoever opened it."""
        resolved = path.resolve() if path else None
        document = Document(name, resolved, self.shelf)
        if resolved is not None:
            self._open[resolved] = document
        return document

    def update(self, document: Document, text: str) -> None:
        """The editor's text of a document; nothing happens if it is the one it has."""
        path = document.path
        if document.text == text and (path is None or self._texts.get(path) == text):
            return
        document.update(text)
        if path is not None:
            self._texts[path] = text
            self.forget(but=document)

    def forget(self, but: Document | None = None) -> None:
        """A file has changed that documents may use; they are looked into again."""
        for document in (*self._open.values(), *self._disk.values()):
            if document is not but:
                document.forget_files()

    def close(self, document: Document) -> None:
        """The file on the disk counts again."""
        if document.path is not None:
            self._open.pop(document.path, None)
            self._texts.pop(document.path, None)

    @property
    def texts(self) -> Mapping[PurePath, str]:
        """The texts of the editor."""
        return self._texts

    def document(self, path: PurePath) -> Document | None:
        """That of a file: the editor's, or what lies on the disk; None if that cannot be read."""
        if path in self._open:
            return self._open[path]
        try:
            text = self.shelf.read(path, str(path), Span(Source("", ""), 0, 0)).text
        except Mistake:
            self._disk.pop(path, None)
            return None
        known = self._disk.get(path)
        if known is None:
            known = self._disk[path] = Document(str(path), path, self.shelf)
        if known.text != text:
            known.update(text)
        return known

    def used(self, document: Document, use: tree.Use) -> Document | None:
        """The document of the file that a line with `use` names."""
        user = None if document.path is None else self.shelf.place(document.path)
        try:
            place = self.shelf.used(str(use.file.value), user, use.file.span)
        except Mistake:
            return None
        return None if place.path == document.path else self.document(place.path)

    def survey(self) -> None:
        """Look who uses what of whom; files are read, so not at every edit."""
        found: dict[PurePath, set[str]] = {}
        for document in self.documents(*self._open.values()):
            for read in document.reads():
                if isinstance(read.tree, tree.Use):
                    other = self.used(document, read.tree)
                    if other is not None and other.path is not None:
                        names = {there.id for there, _ in read.tree.names}
                        found.setdefault(other.path, set()).update(names)
        self._taken = {path: frozenset(names) for path, names in found.items()}

    def taken(self, document: Document) -> frozenset[str]:
        """The names at the top of a document that other files used when last looked at."""
        path = document.path
        return frozenset() if path is None else self._taken.get(path, frozenset())

    def documents(self, *more: Document) -> Iterator[Document]:
        """Those of the editor and of the files of the workspace, each once."""
        seen: set[int] = set()
        for document in (*more, *self._open.values(), *self._on_disk(more)):
            if id(document) not in seen:
                seen.add(id(document))
                yield document

    def _on_disk(self, near: Iterable[Document]) -> Iterator[Document]:
        beside = [Path(d.path).parent for d in near if d.path is not None]
        for path in spec_files([*self.folders, *([] if self.folders else beside)]):
            found = self.document(path)
            if found is not None:
                yield found


def in_zoo(document: Document) -> bool:
    """Whether a document is one of the zoo as it is installed, which is not to be edited."""
    return document.path is not None and document.path.is_relative_to(zoo_folder().resolve())


def spec_files(folders: Iterable[Path]) -> list[Path]:
    """The `.arch` files below some folders, at most `MAX_FILES`."""
    found: dict[Path, None] = {}
    for folder in folders:
        for root, below, names in os.walk(folder):
            below[:] = sorted(d for d in below if d not in _LEFT_OUT and not d.startswith("."))
            for name in sorted(names):
                if name.endswith(".arch"):
                    found[Path(root, name).resolve()] = None
            if len(found) >= MAX_FILES:
                return list(found)[:MAX_FILES]
    return list(found)
