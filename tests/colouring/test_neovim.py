"""The plug-in in a real Neovim without a screen: file type, colours, the server's diagnostics."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[2] / "editors/neovim"
SPEC = "network Net:\n    input 3x8x8\n    conv(4, 3x3) -> relo\n"
SESSION = """
local out = {{ filetype = vim.bo.filetype, commentstring = vim.bo.commentstring }}
local group = vim.fn.synIDattr(vim.fn.synID(3, 5, 1), "name")
out.layer = group
vim.wait(30000, function() return #vim.diagnostic.get(0) > 0 end, 50)
local function told(d) return {{ d.lnum, d.col, d.message }} end
out.diagnostics = vim.tbl_map(told, vim.diagnostic.get(0))
vim.fn.writefile({{ vim.json and vim.json.encode(out) or vim.fn.json_encode(out) }}, "{out}")
vim.cmd("qall!")
"""


def session(
    folder: Path, program: str, spec: str = SPEC, steps: str = SESSION, place: str = "^="
) -> dict[str, object]:
    """Open a file in Neovim and tell what was seen, with the plug-in before Neovim's own or not."""
    nvim = shutil.which("nvim")
    if nvim is None:
        pytest.skip("no Neovim here")
    (folder / "net.arch").write_text(spec, encoding="utf-8")
    script = folder / "session.lua"
    script.write_text(steps.format(out=folder / "out.json"), encoding="utf-8")
    setup = f"lua require('archlang').setup({{cmd = {{'{program}', 'lsp'}}}})"
    done = subprocess.run(
        [nvim, "--headless", "-u", "NONE", "-i", "NONE", "-n",
         "--cmd", f"set rtp{place}{PLUGIN}",
         "--cmd", "filetype plugin indent on", "--cmd", "syntax on",
         "--cmd", setup, "net.arch", "-c", f"luafile {script}"],
        cwd=folder, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    out = folder / "out.json"
    assert out.is_file(), done.stderr
    return json.loads(out.read_text(encoding="utf-8"))


def test_a_file_is_known_coloured_and_checked(tmp_path: Path) -> None:
    seen = session(tmp_path, str(Path(sys.executable).with_name("archlang")))
    assert (seen["filetype"], seen["commentstring"], seen["layer"]) == (
        "arch",
        "# %s",
        "archLayer",
    )
    ((line, column, message),) = seen["diagnostics"]  # type: ignore[misc]  # json
    assert (line, column) == (2, 20)
    assert "relo" in message and "relu" in message


KEPT = """block U(C):
    conv(
        C,
        3x3,
    )
    if C > 3:
        relu
    else:
        if C > 2:
            relu

        elif C > 1:
            bn
    gap

network N:
    \'\'\'Said
  so\'\'\'
    input 3x8x8
    if true:
        relu
    conv(4)
    bn
""".replace("\\'", "'")
INDENT = """
local out = {{}}
local function typed(keys)
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(keys, true, true, true), "xt", false)
end
local function lines() return vim.api.nvim_buf_get_lines(0, 0, -1, false) end
vim.cmd("normal! gg=G")
out.again = lines()
vim.fn.search("conv(4)")
typed("A : 4x8x8<Esc>")
out.shape = vim.api.nvim_get_current_line()
vim.api.nvim_buf_set_lines(0, 0, -1, false, {{"network N:"}})
typed("ggA<CR>input 3x8x8<CR># note<CR>if true:<CR>conv(<CR>8,<CR>3x3,<CR>)<CR>else:<CR>relu<Esc>")
out.new = lines()
vim.cmd("silent write! again.arch")
vim.cmd("edit! net.arch")
out.reloaded = {{ vim.bo.shiftwidth, vim.bo.expandtab, vim.bo.softtabstop }}
vim.fn.writefile({{ vim.fn.json_encode(out) }}, "{out}")
vim.cmd("qall!")
"""


def test_indentation_is_kept_where_it_says_what_belongs_to_what(tmp_path: Path) -> None:
    seen = session(tmp_path, "true", KEPT, INDENT)
    assert seen["again"] == KEPT.split("\n")[:-1]
    assert seen["shape"] == "    conv(4) : 4x8x8"
    assert seen["new"] == [
        "network N:",
        "    input 3x8x8",
        "    # note",
        "    if true:",
        "        conv(",
        "            8,",
        "            3x3,",
        "        )",
        "    else:",
        "        relu",
    ]
    assert seen["reloaded"] == [4, True, 4]
