"""E09: sides of a comparison that git does not have."""

from __future__ import annotations

from archlang.diagnostics.model import Problem


class NotInGit(Problem):
    """A side of a comparison that cannot be had from git.

    `archlang diff HEAD~1:net.arch net.arch` asks git for the file as a revision has it. The file
    has to lie in a git repository (paths count from the current folder), and the revision has to be
    one that git knows: a branch, a tag, a commit's name, `HEAD~1`. A name of a file ends in
    `.arch`; what is none, and no network of the zoo, is taken for a revision.

    Wrong (shown in words):
        archlang diff HEAD~99:net.arch net.arch, in a repository of three commits

    Right (shown in words):
        archlang diff HEAD~2:net.arch net.arch
    """

    code = "E0950"
    revision: str
    why: str
    outside: bool = False
    """Whether there is no repository at all."""
    known: tuple[str, ...] = ()
    """Networks of the zoo that may be meant instead."""

    def message(self) -> str:
        return f"cannot read {self.revision or 'a revision'} from git: {self.why}"

    def help(self) -> str:
        if self.known:
            return f"did you mean the network {' or '.join(self.known)}?"
        if self.outside:
            return "run it in the repository, or compare two files: archlang diff old.arch new.arch"
        return "git log --oneline shows the revisions; archlang diff HEAD net.arch takes the last"


class NoFileForRevision(Problem):
    """A comparison names a revision, but no file to read from it.

    A revision alone stands for the file on the other side, as that revision has it. So the other
    side has to be a file, and not a network of the zoo or a revision too.

    Wrong (shown in words):
        archlang diff HEAD~1 HEAD

    Right (shown in words):
        archlang diff HEAD~1:net.arch HEAD:net.arch
    """

    code = "E0951"
    revision: str
    other: str
    known: tuple[str, ...] = ()
    """Networks of the zoo that may be meant instead."""

    def message(self) -> str:
        return f"{self.revision} is no network of the zoo, and no file to read from it is named"

    def notes(self) -> tuple[str, ...]:
        return () if self.known else (f"the other side, {self.other}, is no file",)

    def help(self) -> str:
        if self.known:
            return f"did you mean {' or '.join(self.known)}?"
        return f"name the file: archlang diff {self.revision}:net.arch net.arch"
