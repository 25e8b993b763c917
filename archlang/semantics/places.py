"""Where a file lies that `use` names: on the disk, or among the texts that came with a network."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from pathlib import Path, PurePath, PurePosixPath
from typing import NamedTuple, Protocol

from archlang.diagnostics.catalog.limits import FileTooLarge
from archlang.diagnostics.catalog.names import OutsideFolder
from archlang.diagnostics.catalog.syntax import NotText, UnreadableFile
from archlang.diagnostics.model import Mistake
from archlang.diagnostics.suggest import closest
from archlang.files import open_regular
from archlang.mistaken import in_place_of_spec
from archlang.source import Source, Span
from archlang.syntax.parse import MAX_BYTES
from archlang.zoo import zoo_folder

ZOO = "zoo/"


class Place(NamedTuple):
    """Where a file lies, and the folder that what it uses has to stay below."""

    path: PurePath
    root: PurePath


class Shelf(Protocol):
    """Where the files of one run of the compiler are read from."""

    def place(self, path: PurePath) -> Place:
        """Where the file lies that is compiled."""
        ...

    def used(self, text: str, user: Place | None, at: Span) -> Place:
        """Where the file lies that `use` names in another one.

        Raises:
            Mistake: outside of the folder of the file that is compiled, and not in the zoo.
        """
        ...

    def read(self, path: PurePath, name: str, at: Span) -> Source:
        """Its text, which diagnostics call `name`.

        Raises:
            Mistake: it cannot be read, is too large, or no text.
        """
        ...

    def shown(self, place: Place, text: str, user: Source) -> str:
        """How diagnostics call the file that `use` names by `text`."""
        ...

    def named(self, place: Place) -> str:
        """What the file that is compiled is called among the texts of a network."""
        ...


class Disk:
    """Files below the folder of the spec, and those of the zoo."""

    def place(self, path: PurePath) -> Place:
        """Its folder is the root that `use` stays below."""
        resolved = Path(path).resolve()
        return Place(resolved, resolved.parent)

    def used(self, text: str, user: Place | None, at: Span) -> Place:
        """Links are followed before it is asked where a file lies."""
        if "\0" in text:
            raise Mistake(OutsideFolder(file=text.replace("\0", "\\0")), at)
        if text.startswith(ZOO):
            root: PurePath = zoo_folder().resolve()
            path = Path(root, text.removeprefix(ZOO)).resolve()
        elif user is not None:
            root = user.root
            path = Path(user.path.parent, text).resolve()
        else:
            raise Mistake(OutsideFolder(file=text, no_folder=True), at)
        if not path.is_relative_to(root):
            raise Mistake(OutsideFolder(file=text), at)
        return Place(path, root)

    def read(self, path: PurePath, name: str, at: Span) -> Source:
        """A regular file of UTF-8, with or without a byte order mark."""
        return _read(Path(path), name, at)

    def shown(self, place: Place, text: str, user: Source) -> str:
        """Beside the name of the file that uses it."""
        return text if text.startswith(ZOO) else str(Path(user.name).parent / text)

    def named(self, place: Place) -> str:
        """Its name without its folder; files of the zoo are called as `use` calls them."""
        in_zoo = place.root == zoo_folder().resolve()
        return f"{ZOO}{place.path.name}" if in_zoo else place.path.name


class Bundle:
    """Texts by the names that `use` finds them under; nothing on the disk is looked at.

    Names count from the folder of the spec that was compiled; those of the zoo begin with `zoo/`.
    """

    def __init__(self, files: Mapping[str, str], holder: str) -> None:
        self._files = files
        self._holder = holder

    def place(self, path: PurePath) -> Place:
        """The place of the text of that name."""
        return Place(path, PurePosixPath())

    def used(self, text: str, user: Place | None, at: Span) -> Place:
        """Names are put together as paths are, without a look at any disk."""
        name = None if user is None else joined(str(user.path), text)
        if name is None:
            raise Mistake(OutsideFolder(file=text.replace("\0", "\\0")), at)
        return Place(PurePosixPath(name), PurePosixPath())

    def read(self, path: PurePath, name: str, at: Span) -> Source:
        """A text of the bundle, held to the same size as a file."""
        text = self._files.get(str(path))
        if text is None:
            raise Mistake(UnreadableFile(file=name, reason="its text is not in the file"), at)
        if len(text.encode()) > MAX_BYTES:
            raise Mistake(FileTooLarge(size=len(text.encode()), limit=MAX_BYTES), at)
        return Source(name, text)

    def shown(self, place: Place, text: str, user: Source) -> str:
        """Behind the name of what holds the texts: `mnist.safetensors: resnet.arch`."""
        return self.called(str(place.path))

    def called(self, name: str) -> str:
        """How diagnostics call the text of a name."""
        return f"{self._holder}: {name}" if self._holder else name

    def named(self, place: Place) -> str:
        """The name it has already."""
        return str(place.path)


def joined(user: str, text: str) -> str | None:
    """The name in a bundle of the file that `text` means behind a `use` in the file `user`.

    None where it has none: an absolute path, one that leads out of the folder, or one to a folder
    beside the spec that is called as the zoo is.
    """
    in_zoo = user.startswith(ZOO)
    folder = posixpath.dirname(user.removeprefix(ZOO))
    if text.startswith(ZOO):
        folder, in_zoo = "", True
    path = posixpath.normpath(posixpath.join(folder, text.removeprefix(ZOO)))
    if "\0" in path or path == ".." or path.startswith(("../", "/")):
        return None
    if in_zoo:
        return ZOO + path
    return None if path.startswith(ZOO) else path


_FROM_HERE = (
    "check its name and folder: paths count from the current folder, behind use … from, from the "
    "file they stand in"
)


def _read(path: Path, name: str, at: Span) -> Source:
    try:
        if path.is_dir() or path.suffix != ".arch":
            raise Mistake(_no_spec(path, name, at), at)
        with open_regular(path) as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise Mistake(FileTooLarge(size=path.stat().st_size, limit=MAX_BYTES), at)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        missing = isinstance(error, FileNotFoundError)
        reason = "there is no such file" if missing else _reason(error)
        near = _near(path) if missing else None
        problem = UnreadableFile(name, reason, near, _FROM_HERE if missing and not near else "")
        raise Mistake(problem, at) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = data[error.start]
        if not at.source.text:  # else a line with `use` is what is shown
            begun = len(data[: error.start].decode("utf-8-sig"))
            at = Span(Source(name, data.decode("utf-8-sig", "replace"), path), begun, begun + 1)
        raise Mistake(NotText(offset=error.start, byte=byte), at) from None
    return Source(name, text, path)


def _no_spec(path: Path, name: str, at: Span) -> UnreadableFile:
    """What to say of a folder, or of a file of another name."""
    found = in_place_of_spec(path)
    if found is None:
        ending = "the name of a spec ends in .arch"
        if path.exists():
            return UnreadableFile(file=name, reason=ending)
        return UnreadableFile(name, f"there is no such file, and {ending}", _near(path))
    way = "" if at.source.text else found.way  # what to pass is no help to a line with use
    return UnreadableFile(file=name, reason=found.reason, way=way)


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or "it cannot be read"


def _near(path: Path) -> str | None:
    """A spec of a similar name in the same folder; that all end in .arch is no likeness."""
    try:
        names = {p.stem: p.name for p in path.parent.iterdir() if p.suffix == ".arch"}
    except OSError:
        return None
    near = closest(path.stem, names)
    return names[near] if near else None
