"""E0119: formatting that went wrong."""

from __future__ import annotations

from archlang.diagnostics.model import Problem


class WouldChange(Problem):
    """Formatting would have changed more than the layout of a file.

    The formatter compares the words, bodies and comments of what it made with those of the file,
    and keeps its hands off where they differ. That is a mistake in archlang, not in the file:
    please report it, with the file if you can.

    Wrong (shown in words):
        A formatter that writes something else than it was given.

    Right (shown in words):
        The file as it was, and this message.
    """

    code = "E0119"
    before: str

    def message(self) -> str:
        return f"formatting would change what this file says, from {self.before!r} on"

    def help(self) -> str:
        return "the file was left as it is; this is a mistake in archlang: please report it"
