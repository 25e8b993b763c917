"""Specs as a revision of a git repository has them; git is asked, and nothing is checked out."""

from __future__ import annotations

import os
import posixpath
import subprocess
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath

from archlang.diagnostics.catalog.comparing import NotInGit
from archlang.diagnostics.catalog.limits import FileTooLarge
from archlang.diagnostics.catalog.names import OutsideFolder
from archlang.diagnostics.catalog.syntax import NotText, UnreadableFile
from archlang.diagnostics.model import Mistake
from archlang.diagnostics.suggest import closest
from archlang.semantics.places import ZOO, Disk, Place
from archlang.source import Source, Span
from archlang.syntax.parse import MAX_BYTES
from archlang.zoo import zoo

_PATIENCE = 30
"""Seconds after which git is given up."""
_SETTINGS = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"}
_OF_A_HOOK = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"})
"""What git tells its hooks of one repository, which need not be that of the file."""
_LINK = "120000"
_COMMIT_LETTERS = 10


class GitError(Exception):
    """What git could not do; its text is the first line of what it said."""


def git(folder: Path, *words: str) -> bytes:
    """What git prints, run in a folder that exists.

    The words are an argument list, which no shell reads, and pathspecs mean what they say.

    Raises:
        GitError: it failed, is not installed, or took too long.
    """
    command = ["git", "--literal-pathspecs", "--no-pager", *words]
    inherited = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    try:
        done = subprocess.run(
            command,
            check=False,
            cwd=folder,
            capture_output=True,
            timeout=_PATIENCE,
            env=inherited | _SETTINGS,
        )
    except FileNotFoundError:
        raise GitError("git is not installed, or not on the PATH") from None
    except subprocess.TimeoutExpired:
        raise GitError(f"git did not answer within {_PATIENCE} seconds") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in a name
        raise GitError(str(error)) from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise GitError(said[0].removeprefix("fatal: ") if said else "git failed")
    return done.stdout


@dataclass(frozen=True)
class Commit:
    """The files of one commit, as a shelf that specs are read from."""

    revision: str
    """As the user wrote it: `HEAD~1`."""
    top: Path
    """The repository's work tree."""
    name: str
    """The commit's own name, which cannot change its meaning meanwhile."""
    _disk: Disk = field(default_factory=Disk, repr=False, compare=False)

    def place(self, path: PurePath) -> Place:
        """Its folder is the root that `use` stays below."""
        return Place(path, path.parent)

    def used(self, text: str, user: Place | None, at: Span) -> Place:
        """A file of the same commit; the zoo is the one that is installed."""
        if text.startswith(ZOO) or user is None or isinstance(user.path, Path):
            return self._disk.used(text, user, at)
        path = PurePosixPath(posixpath.normpath(posixpath.join(str(user.path.parent), text)))
        if "\0" in text or ".." in path.parts or not path.is_relative_to(user.root):
            raise Mistake(OutsideFolder(file=text.replace("\0", "\\0")), at)
        return Place(path, user.root)

    def read(self, path: PurePath, name: str, at: Span) -> Source:
        """A regular file of the commit, held to the size and the encoding of one on the disk."""
        if isinstance(path, Path):
            return self._disk.read(path, name, at)
        try:
            data = git(self.top, "cat-file", "blob", self._blob(path, name, at))
        except GitError as error:
            raise Mistake(UnreadableFile(file=name, reason=str(error)), at) from None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Mistake(NotText(offset=error.start, byte=data[error.start]), at) from None
        return Source(name, text)

    def shown(self, place: Place, text: str, user: Source) -> str:
        """`HEAD~1:nets/blocks.arch`."""
        return text if isinstance(place.path, Path) else f"{self.revision}:{place.path}"

    def named(self, place: Place) -> str:
        """Its name without its folder."""
        return self._disk.named(place) if isinstance(place.path, Path) else place.path.name

    def _blob(self, path: PurePath, name: str, at: Span) -> str:
        """The name of a file's content.

        Raises:
            Mistake: the commit has no such file, or it is none that can be read.
            GitError: git failed.
        """
        listed = git(self.top, "ls-tree", "-z", "-l", "--full-tree", self.name, "--", str(path))
        if not listed:
            problem = UnreadableFile(name, self._missing(path), self._near(path))
            raise Mistake(problem, at)
        mode, kind, blob, size = listed.partition(b"\t")[0].decode().split()
        if kind != "blob" or mode == _LINK:
            what = "a link" if mode == _LINK else "a folder"
            raise Mistake(UnreadableFile(name, f"in {self.revision} it is {what}"), at)
        if int(size) > MAX_BYTES:
            raise Mistake(FileTooLarge(size=int(size), limit=MAX_BYTES), at)
        return blob

    def _missing(self, path: PurePath) -> str:
        short = self.name[:_COMMIT_LETTERS]
        reason = f"{self.revision} ({short}) has no file {path}"
        if not Path(self.top, path).is_file():
            return reason
        return f"{reason}; it is in the folder, but was not committed by then"

    def _near(self, path: PurePath) -> str | None:
        """A spec of that commit which may be meant, as it would be asked for from the top."""
        listed = git(self.top, "ls-tree", "-r", "-z", "--name-only", "--full-tree", self.name)
        specs = [n for n in listed.decode("utf-8", "replace").split("\0") if n.endswith(".arch")]
        same = [name for name in specs if PurePosixPath(name).name == path.name]
        near = same[0] if len(same) == 1 else closest(str(path), specs)
        return f"{self.revision}:{os.path.relpath(self.top / near)}" if near else None


def commit_of(revision: str, file: Path) -> tuple[Commit, PurePosixPath]:
    """A commit of the repository that a file lies in, or lay in, and the file's path from its top.

    Raises:
        Mistake: it lies in no repository, or there is no such revision.
    """
    path = _resolved(file)
    folder = next(f for f in path.parents if f.is_dir())  # it may be gone since
    try:
        top = Path(os.fsdecode(git(folder, "rev-parse", "--show-toplevel").rstrip(b"\n"))).resolve()
    except GitError as error:
        raise Mistake(_no_repository(revision, file, str(error))) from None
    if not path.is_relative_to(top):
        raise Mistake(_no_repository(revision, file, "not a git repository"))
    below = PurePosixPath(path.relative_to(top).as_posix())
    return Commit(revision, top, _commit_name(revision, top)), below


def _resolved(file: Path) -> Path:
    """Links are followed to its folder; the file itself may be one in the commit alone."""
    try:
        return file.parent.resolve() / file.name
    except (OSError, ValueError, RuntimeError) as error:
        raise Mistake(UnreadableFile(str(file), str(error))) from None


def _commit_name(revision: str, top: Path) -> str:
    if revision.startswith("-") or "\0" in revision or not revision:
        why = "a revision begins with no dash" if revision else "no revision is named"
        raise Mistake(NotInGit(revision=revision, why=why))
    try:
        found = git(top, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    except GitError as error:
        why = "" if str(error) == "git failed" else f" ({error})"
        near = closest(revision, zoo())
        known = (near,) if near else ()
        problem = NotInGit(revision, f"the repository has no such revision{why}", known=known)
        raise Mistake(problem) from None
    return found.decode().strip()


def _no_repository(revision: str, file: Path, said: str) -> NotInGit:
    if "not a git repository" not in said:
        return NotInGit(revision, said)
    return NotInGit(revision, f"{file} lies in no git repository", outside=True)
