"""Lines in a real Neovim: where they begin, what a reload and Vim's own `arch` leave."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.colouring.test_neovim import SPEC, session

UNMOVED = """'''A note (with
if a bracket:
  else: words
 and
'''
use a from "x#y("
let C = 8

network Empty:
let D = 9

network N:
    \"\"\"It's
  (so\"\"\"
    input 3x8x8
    if true:
        relu
        elsewhere(3)
    weights "hf://x(#a"
    conv(4)
    foo("it's (", 'a#b')
    conv(4, name="\\"(")
    for i in range(2):
        if true:
            relu
    # note (
    if true:
        relu
    else:
        if true:
            relu
        gap
      # out of line
    long(
        8,
      9
    )
    call(a,
         b)
    conv(4 -> bn

network M:
    gap
"""
AGAIN = """
vim.cmd("silent normal! gg=G")
vim.fn.writefile({{ vim.fn.json_encode(vim.api.nvim_buf_get_lines(0, 0, -1, false)) }}, "{out}")
vim.cmd("qall!")
"""
SPECS = Path(__file__).parents[2] / "specs"


@pytest.mark.parametrize("name", ["", "resnet", "densenet"])
def test_indenting_anew_moves_nothing(tmp_path: Path, name: str) -> None:
    spec = (SPECS / f"{name}.arch").read_text(encoding="utf-8") if name else UNMOVED
    assert session(tmp_path, "true", spec, AGAIN) == spec.splitlines()


BODY = ["network N:", "    input 3x8x8"]
IF = [*BODY, "    if true:", "        relu"]
NESTED = [*BODY, "    if true:", "        if false:", "            relu"]
TYPED: dict[str, tuple[list[str], str, list[str]]] = {
    "a shape": ([*IF, "    conv(4)"], "GA : 4x8x8", [*IF, "    conv(4) : 4x8x8"]),
    "a colon at column 0": (
        ["block U(C):", "    conv(C)", "network N"],
        "GA:",
        ["block U(C):", "    conv(C)", "network N:"],
    ),
    "else": (IF, "Goelse:<CR>bn", [*IF, "    else:", "        bn"]),
    "elif": (IF, "Goelif C > 1:<CR>bn", [*IF, "    elif C > 1:", "        bn"]),
    "else of the inner if": (NESTED, "Goelse:", [*NESTED, "        else:"]),
    "else of the outer if": (NESTED, "Go<BS><BS>else:", [*NESTED, "    else:"]),
    "else of the if that has none yet": (
        [*NESTED, "        else:", "            bn"],
        "Goelse:",
        [*NESTED, "        else:", "            bn", "    else:"],
    ),
    "else after an ended if": ([*IF, "    bn"], "Goelse:", [*IF, "    bn", "    else:"]),
    "a name that begins so": (IF, "Goelsewhere(3)<CR>elif_(2)", [
        *IF, "        elsewhere(3)", "        elif_(2)",
    ]),
    "a comment": (BODY, "Go# note<CR>relu", [*BODY, "    # note", "    relu"]),
    "a comment, then o": ([*BODY, "    # note"], "Gorelu", [*BODY, "    # note", "    relu"]),
    "a comment above a body": (
        ["network N:", "# note"], "Gorelu", ["network N:", "# note", "    relu"],
    ),
    "a call": (BODY, "Goconv(<CR>8,<CR>3x3,<CR>)<CR>relu", [
        *BODY, "    conv(", "        8,", "        3x3,", "    )", "    relu",
    ]),
    "a hanging call": ([*BODY, "    call(a,", "         b,"], "Goc,<CR>)<CR>relu", [
        *BODY, "    call(a,", "         b,", "         c,", "    )", "    relu",
    ]),
    "a call in a call": ([*BODY, "    f(", "        g("], "Go1,<CR>),<CR>2,<CR>)", [
        *BODY, "    f(", "        g(", "            1,", "        ),", "        2,", "    )",
    ]),
    "a broken header": (["block U("], "GoC,<CR>):<CR>relu", [
        "block U(", "    C,", "):", "    relu",
    ]),
    "a line broken in a call": ([*BODY, "    conv(8, 3x3)"], "Gf8i<CR>", [
        *BODY, "    conv(", "        8, 3x3)",
    ]),
    "a line broken after a colon": ([*BODY, "    if true:relu"], "G012li<CR>", IF),
    "signs in texts": ([*BODY, "    use('(#', \"it's [\")"], "Gorelu", [
        *BODY, "    use('(#', \"it's [\")", "    relu",
    ]),
    "in a note": (["network N:", "    '''One (", "      two"], "Gothree:<CR>four", [
        "network N:", "    '''One (", "      two", "      three:", "      four",
    ]),
    "after a note": (["network N:", "    '''One", "      two'''"], "Gorelu", [
        "network N:", "    '''One", "      two'''", "    relu",
    ]),
}  # fmt: skip
TYPING = """
local out = {{}}
for name, case in pairs(vim.fn.json_decode(vim.fn.readfile("cases.json"))) do
  vim.api.nvim_buf_set_lines(0, 0, -1, false, case[1])
  local keys = vim.api.nvim_replace_termcodes("gg" .. case[2] .. "<Esc>", true, true, true)
  vim.api.nvim_feedkeys(keys, "xt", false)
  out[name] = vim.api.nvim_buf_get_lines(0, 0, -1, false)
end
vim.fn.writefile({{ vim.fn.json_encode(out) }}, "{out}")
vim.cmd("qall!")
"""


def test_typed_lines_begin_where_they_belong(tmp_path: Path) -> None:
    (tmp_path / "cases.json").write_text(json.dumps(TYPED), encoding="utf-8")
    seen = session(tmp_path, "true", SPEC, TYPING)
    assert seen == {name: lines for name, (_, _, lines) in TYPED.items()}


RELOAD = """
local function seen()
  vim.wait(30000, function() return #vim.diagnostic.get(0) > 0 end, 50)
  local clients = vim.tbl_count(vim.lsp.buf_get_clients(0))
  local options = {{ vim.bo.shiftwidth, vim.bo.expandtab, vim.bo.indentexpr }}
  return {{ options, clients, #vim.diagnostic.get(0) }}
end
local out = {{ first = seen() }}
vim.cmd("edit")
out.edit = seen()
vim.cmd("normal! Goconv(4)")
vim.cmd("edit!")
out.forced = seen()
vim.fn.writefile({{ vim.fn.json_encode(out) }}, "{out}")
vim.cmd("qall!")
"""


def test_reading_again_keeps_options_and_server(tmp_path: Path) -> None:
    seen = session(tmp_path, str(Path(sys.executable).with_name("archlang")), SPEC, RELOAD)
    options, clients, diagnostics = seen["first"]  # type: ignore[misc]  # json
    assert (options[:2], clients, diagnostics) == ([4, True], 1, 1)
    assert seen["edit"] == seen["forced"] == seen["first"]
