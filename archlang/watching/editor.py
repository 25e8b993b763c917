"""Opens a line of a file in the user's editor, without a shell."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from threading import Thread

_PLACE = ("-g", "{file}:{line}:{column}")
_COLON = ("{file}:{line}:{column}",)
_LINE = ("--line", "{line}", "{file}")
_PLUS = ("+{line}", "{file}")
_WAYS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("code", "code-insiders", "codium", "vscodium", "cursor", "windsurf"), _PLACE),
    **dict.fromkeys(("subl", "sublime_text", "zed", "zeditor", "mate"), _COLON),
    **dict.fromkeys(("idea", "pycharm", "webstorm", "clion", "fleet"), _LINE),
    **dict.fromkeys(("gvim", "mvim", "geany", "gedit"), _PLUS),
    "emacsclient": ("-n", "+{line}:{column}", "{file}"),
    "kate": ("--line", "{line}", "--column", "{column}", "{file}"),
    "notepad++": ("-n{line}", "{file}"),
}
"""How editors with a window of their own are told a line. Those that need the terminal are not
here: it belongs to `archlang watch`."""


class EditorError(OSError):
    """A command that is no editor's; its text says why."""


class Editor:
    """A command with `{file}`, `{line}` and `{column}` in it."""

    def __init__(self, words: tuple[str, ...], neovim: str = "") -> None:
        self.words = words
        self._neovim = neovim

    @property
    def name(self) -> str:
        """The program's name."""
        return Path(self.words[0]).name

    def command(self, file: Path, line: int, column: int = 1) -> list[str]:
        """What is run for one place; each word reaches the editor as it is."""
        if self._neovim:
            return [*self.words, "--server", self._neovim, "--remote-expr", _edit(file, line)]
        values = {"{file}": str(file.absolute()), "{line}": str(line), "{column}": str(column)}
        return [self.words[0], *(_filled(word, values) for word in self.words[1:])]

    def open(self, file: Path, line: int, column: int = 1) -> None:
        """Start the editor.

        Raises:
            OSError: it cannot be started.
        """
        nothing = subprocess.DEVNULL
        started = subprocess.Popen(
            self.command(file, line, column),
            stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True,
        )  # fmt: skip
        Thread(target=started.wait, daemon=True).start()


def editor_for(option: str | None, environment: Mapping[str, str] = os.environ) -> Editor | None:
    """The editor of `--editor`, else of $VISUAL or $EDITOR; None where it would need the terminal.

    Raises:
        EditorError: the option is no command.
    """
    if option is not None:
        words = _words(option)
        if not words:
            raise EditorError(f"{option!r} is no command; as in 'code -g {{file}}:{{line}}'")
        return Editor(words if any("{file}" in w for w in words[1:]) else _known(words))
    for variable in ("VISUAL", "EDITOR"):
        words = _words(environment.get(variable, ""))
        name = _name(words)
        if name == "nvim" and environment.get("NVIM"):
            return Editor(words[:1], environment["NVIM"])
        if name in _WAYS:
            return Editor(_known(words))
    return None


def _known(words: tuple[str, ...]) -> tuple[str, ...]:
    kept = tuple(w for w in words if w not in ("--wait", "-w"))  # nobody waits here
    return (*kept, *_WAYS.get(_name(words), ("{file}",)))


def _name(words: tuple[str, ...]) -> str:
    return Path(words[0]).stem.lower() if words else ""


def _words(text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text, posix=os.name != "nt"))
    except ValueError:  # a quotation mark that is not closed
        return ()


def _filled(word: str, values: Mapping[str, str]) -> str:
    """A word with its placeholders filled, in one pass: a file may be called `{line}`."""
    before, brace, rest = word.partition("{")
    if not brace:
        return word
    for name, value in values.items():
        if ("{" + rest).startswith(name):
            return before + value + _filled(rest[len(name) - 1 :], values)
    return before + brace + _filled(rest, values)


def _edit(file: Path, line: int) -> str:
    """Neovim's expression that shows a line, the name quoted as its language has it."""
    name = str(file.absolute()).replace("'", "''")
    return f"execute('edit +{line} ' . fnameescape('{name}'))"
