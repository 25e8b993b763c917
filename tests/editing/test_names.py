"""Names: where they are mentioned, where they come from, and what becomes of a program renamed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path, PurePath

import pytest

from archlang.diagnostics.model import Fix
from archlang.editing.document import Analysis, Document
from archlang.editing.library import Library
from archlang.editing.meanings import mentions
from archlang.editing.navigation import definition, highlights, references
from archlang.editing.renaming import CannotRenameError, rename, replaced
from archlang.source import Position
from archlang.zoo import zoo_folder

ZOO = sorted(zoo_folder().glob("*.arch"))
FRESH = "Brandnew"


class Folder:
    """A copy of the zoo that may be changed."""

    def __init__(self, root: Path) -> None:
        for file in ZOO:
            text = file.read_text(encoding="utf-8").replace('"zoo/', '"')
            (root / file.name).write_text(text, encoding="utf-8")
        self.library = Library()
        self.library.folders = [root]
        self.documents = {file.name: self._open(root / file.name) for file in ZOO}

    def _open(self, path: Path) -> Document:
        document = self.library.open(path, str(path))
        self.library.update(document, path.read_text(encoding="utf-8"))
        return document

    def apply(self, edits: dict[PurePath | None, list[Fix]], own: Document) -> None:
        """Make the edits of several files."""
        for path, fixes in edits.items():
            document = own if path is None else self.library.document(path)
            assert document is not None
            self.library.update(document, replaced(document.text, fixes))

    def meaning(self) -> dict[str, object]:
        """What the files say, names left out."""
        return {name: said(doc.analysis()) for name, doc in self.documents.items()}

    def texts(self) -> dict[str, str]:
        return {name: document.text for name, document in self.documents.items()}


def said(analysis: Analysis) -> object:
    """Mistakes and graphs: layers, where their inputs come from, shapes."""
    graphs = [
        [(n.op, [(t.node, t.port) for t in n.inputs], [t.shape for t in n.outputs]) for n in nodes]
        for expansion in analysis.networks.values()
        if expansion.graph is not None
        for nodes in [expansion.graph.nodes]
    ]
    return [p.code for p in analysis.problems], graphs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return Folder(tmp_path_factory.mktemp("zoo"))


def bound(document: Document) -> Iterator[tuple[str, Position]]:
    """The names that a file gives a meaning to."""
    for read in document.reads():
        for mention in mentions(read):
            if mention.binds:
                yield mention.name, mention.span.begin


def renamed_and_back(folder: Folder, file: str, seed: int, most: int) -> int:
    """Rename some names of a file and hold that only names change, and back; how many."""
    document = folder.documents[file]
    names = sorted(set(bound(document)))
    chosen = random.Random(seed).sample(names, min(most, len(names)))
    before, texts = folder.meaning(), folder.texts()
    done = 0
    for name, at in chosen:
        fresh = FRESH if name[0].isupper() else FRESH.lower()
        try:
            edits = rename(folder.library, document, at, fresh)
        except CannotRenameError as error:
            assert name in str(error) or fresh in str(error)
            continue
        folder.apply(edits, document)
        assert folder.texts() != texts, name
        assert folder.meaning() == before, (file, name, at)
        folder.apply(rename(folder.library, document, at, name), document)
        assert folder.texts() == texts, (file, name, at)
        done += 1
    return done


@pytest.mark.parametrize("file", ["resnet.arch", "unet.arch"])
def test_a_renamed_program_is_the_same_program(folder: Folder, file: str) -> None:
    assert renamed_and_back(folder, file, 1, 6) >= 4


@pytest.mark.slow
@pytest.mark.parametrize("file", [file.name for file in ZOO])
def test_every_name_can_be_renamed(folder: Folder, file: str) -> None:
    assert renamed_and_back(folder, file, 0, 1_000) > 0


@pytest.mark.parametrize("file", ["densenet.arch", "googlenet.arch", "resnet.arch"])
def test_references_are_what_has_to_change_together(folder: Folder, file: str) -> None:
    """One mention renamed alone breaks the file; all of them do not (that is renaming)."""
    document = folder.documents[file]
    text, sound = document.text, said(document.analysis())
    rng = random.Random(3)
    for name, at in rng.sample(sorted(set(bound(document))), 6):
        found = references(folder.library, document, at)
        assert all(f.span.text == name for f in found)
        here = [f for f in found if f.document is document]
        assert {f.span.begin for f in here} == {
            f.span.begin for f in highlights(folder.library, document, at)
        }
        if len(here) < 2:
            continue
        for other in here:
            back = definition(folder.library, document, other.span.begin)
            assert back is not None and back.span.text == name
        alone = rng.choice([f for f in here if not f.binds] or here)
        changed = Document(document.name, document.path, folder.library.shelf)
        changed.update(replaced(text, [Fix(alone.span, "Qqqq" if name[0].isupper() else "qqqq")]))
        assert said(changed.analysis()) != sound, (name, at)


def document_of(text: str) -> tuple[Library, Document]:
    library = Library()
    document = library.open(None, "a.arch")
    library.update(document, text)
    return library, document


SHADOWED = """\
let C = 8

block Unit(C, W=C):
    y = conv(C, 3x3)
    conv(W, 1x1) + y

network Net:
    input 3x8x8
    Unit(C)
    for C in [1, 2]:
        conv(C, 1x1)
    conv(C, 1x1)
"""


@pytest.mark.parametrize(
    ("at", "lines"),
    [((1, 5), [1, 9, 12]), ((3, 12), [3, 3, 4]), ((10, 9), [10, 11]), ((4, 5), [4, 5])],
)
def test_shadowed_names_are_told_apart(at: tuple[int, int], lines: list[int]) -> None:
    library, document = document_of(SHADOWED)
    found = references(library, document, Position(*at))
    assert sorted(f.span.begin.line for f in found) == lines


@pytest.mark.parametrize(
    ("at", "name", "why"),
    [
        ((3, 8), "conv", "of the language"),
        ((3, 8), "unit", "capital"),
        ((3, 8), "Net", "taken"),
        ((3, 8), "1x", "no name"),
        ((4, 9), "Other", "of the language"),
        ((8, 7), "Other", "no name here"),
        ((4, 5), "W", "taken"),
    ],
)
def test_why_a_name_cannot_be_given(at: tuple[int, int], name: str, why: str) -> None:
    library, document = document_of(SHADOWED)
    with pytest.raises(CannotRenameError, match=why):
        rename(library, document, Position(*at), name)


UNREAD = """\
block Basic(C):
    conv(C)

network N:
    input 3x8x8
    a = conv(4)
    a + \\
    Basic(4) -> conv(
"""


@pytest.mark.parametrize(("at", "line"), [((1, 7), 8), ((6, 5), 7)])
def test_what_may_be_meant_in_a_line_that_cannot_be_read_is_not_renamed(
    at: tuple[int, int], line: int
) -> None:
    library, document = document_of(UNREAD.replace("a + \\", "a + * 3"))
    with pytest.raises(CannotRenameError, match=f"Line {line} cannot be read"):
        rename(library, document, Position(*at), "Fresh" if line == 8 else "fresh")


def test_a_name_that_another_network_names_by_number_is_not_given() -> None:
    text = "network A:\n    input 3x8x8\n    a = conv(8)\n    conv(8)\n\n"
    library, document = document_of(f"{text}network B from A:\n    freeze conv1\n")
    with pytest.raises(CannotRenameError):
        rename(library, document, Position(3, 5), "conv1")
