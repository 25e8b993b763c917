"""Which command opens a line: known editors, templates, and none where the terminal is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlang.watching.editor import EditorError, editor_for

FILE = Path("/home/a b/$(touch x);'{line}.arch")
F = str(FILE)


@pytest.mark.parametrize(
    ("environment", "command"),
    [
        ({"EDITOR": "code --wait"}, ["code", "-g", f"{F}:7:3"]),
        ({"VISUAL": "/usr/bin/subl -w"}, ["/usr/bin/subl", f"{F}:7:3"]),
        ({"VISUAL": "vim", "EDITOR": "idea"}, ["idea", "--line", "7", F]),
        ({"EDITOR": "gvim"}, ["gvim", "+7", F]),
        ({"EDITOR": "emacsclient"}, ["emacsclient", "-n", "+7:3", F]),
    ],
)
def test_known_editors(environment: dict[str, str], command: list[str]) -> None:
    editor = editor_for(None, environment)
    assert editor is not None and editor.command(FILE, 7, 3) == command


@pytest.mark.parametrize("name", ["vim", "nano", "nvim", "emacs -nw", "", "'", "unheard-of"])
def test_none_where_the_terminal_would_be_taken(name: str) -> None:
    assert editor_for(None, {"EDITOR": name}) is None


def test_templates_fill_words_and_no_shell() -> None:
    editor = editor_for("my-editor --at={line},{column} {file} '{other}'", {})
    assert editor is not None
    assert editor.command(FILE, 7, 3) == ["my-editor", "--at=7,3", F, "{other}"]
    bare = editor_for("unheard-of -x", {})
    assert bare is not None and bare.command(FILE, 7) == ["unheard-of", "-x", F]


def test_neovim_quotes_the_name() -> None:
    editor = editor_for(None, {"EDITOR": "nvim", "NVIM": "/run/nvim.sock"})
    assert editor is not None
    *start, expression = editor.command(FILE, 7)
    assert start == ["nvim", "--server", "/run/nvim.sock", "--remote-expr"]
    assert expression == f"execute('edit +7 ' . fnameescape('{F.replace(chr(39), chr(39) * 2)}'))"


@pytest.mark.parametrize("text", ["", "  ", "code 'x"])
def test_what_is_no_command(text: str) -> None:
    with pytest.raises(EditorError):
        editor_for(text, {})
