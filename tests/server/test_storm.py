"""A storm of edits, with questions among them: nothing breaks, nothing is stale, nothing grows."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable
from pathlib import Path

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from archlang.compiler import check_text
from archlang.diagnostics.model import SpecError

from .client import Editor, edit

CONTENT_MODIFIED = -32801
_UNIT = """\
block Unit{i}(C, stride=1):
    conv(C, 3x3, stride=stride, bias=false) -> bn -> relu
    conv(C, 3x3, bias=false) -> bn + project∘x -> relu

network Net{i}(classes=10):
    input 3x32x32
    for c in [8, 16]:
        Unit{i}(c, stride=2)
    gap -> flatten -> fc(classes)

"""
WORDS = (
    "conv(",
    ")",
    "relu",
    " -> ",
    "\n",
    "\n    ",
    "x",
    "8",
    "👋",
    "'",
    '"""',
    ":",
    "#",
    "=",
    "é",
)


def big(lines: int) -> str:
    """A sound text of many definitions."""
    return "".join(_UNIT.format(i=i) for i in range(lines // _UNIT.count("\n")))


def memory(pid: int) -> int:
    """What a process holds in memory, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no such line")


Said = tuple[str, int, int]
"""A code, and the line and the column, from 0, where it stands."""


def checked(text: str) -> list[Said]:
    """What the compiler says of a text."""
    try:
        found = check_text(text)
    except SpecError as error:
        found = error.diagnostics
    places = [(d.code, d.primary.span.begin) for d in found]
    return sorted((code, at.line - 1, at.column - 1) for code, at in places)


def said(found: list[lsp.Diagnostic]) -> list[Said]:
    """What an editor was told, without what is merely not meant."""
    mistakes = [d for d in found if not str(d.code).startswith("W05")]
    return sorted((str(d.code), d.range.start.line, d.range.start.character) for d in mistakes)


MISTAKES = [("relu", "relo"), ("3x3", "0"), ("stride=2", "strid=2"), ("classes)", "clases)")]


def mistype(editor: Editor, rng: random.Random) -> None:
    """Spoil words here and there, so that each line can still be read."""
    for right, wrong in MISTAKES * 3:
        text = editor.texts["a.arch"]
        at = text.index(right, rng.randrange(len(text) // 2))
        editor.replace("a.arch", at, at + len(right), wrong)


async def answered(question: Awaitable[object]) -> None:
    """Wait for an answer; that a text was edited meanwhile is one."""
    try:
        await asyncio.wait_for(question, 60)
    except JsonRpcException as error:
        assert error.code == CONTENT_MODIFIED, error


def ask(editor: Editor, rng: random.Random) -> Awaitable[object]:
    """A question at a random place."""
    item, client = editor.item("a.arch"), editor.client
    text = editor.texts["a.arch"]
    place = editor.place(text, rng.randrange(len(text)))
    return rng.choice(
        [
            lambda: client.text_document_hover_async(lsp.HoverParams(item, place)),
            lambda: client.text_document_completion_async(lsp.CompletionParams(item, place)),
            lambda: client.text_document_definition_async(lsp.DefinitionParams(item, place)),
            lambda: client.text_document_signature_help_async(lsp.SignatureHelpParams(item, place)),
            lambda: client.text_document_document_symbol_async(lsp.DocumentSymbolParams(item)),
            lambda: client.text_document_folding_range_async(lsp.FoldingRangeParams(item)),
            lambda: client.text_document_inlay_hint_async(
                lsp.InlayHintParams(item, lsp.Range(lsp.Position(0, 0), lsp.Position(60, 0)))
            ),
            lambda: client.text_document_semantic_tokens_full_async(lsp.SemanticTokensParams(item)),
        ]
    )()


def type_something(editor: Editor, rng: random.Random, sound: str) -> None:
    """A random edit; now and then what was broken is repaired at once."""
    text = editor.texts["a.arch"]
    if rng.random() < 0.05:
        editor.put("a.arch", sound)
        return
    start = rng.randrange(len(text))
    end = min(len(text), start + rng.choice([0, 0, 0, 1, 1, 3, 12]))
    editor.replace("a.arch", start, end, rng.choice(WORDS) if rng.random() < 0.8 else "")


async def storm(editor: Editor, edits: int, lines: int) -> None:
    """Edit after edit; what is said in the end is what the compiler says."""
    rng = random.Random(7)
    sound = big(lines)
    editor.open("a.arch", sound)
    assert await editor.codes("a.arch") == []
    settled = 0
    for number in range(1, edits + 1):
        type_something(editor, rng, sound)
        if rng.random() < 0.2:
            await answered(ask(editor, rng))
        if number % 50 == 0:
            await editor.diagnostics("a.arch")
        if number == edits // 5:
            settled = memory(editor.pid)
    versions = [p.version for p in editor.said[editor.uri("a.arch")]]
    assert versions == sorted(v for v in versions if v is not None)
    grown = memory(editor.pid) - settled
    assert grown < 40e6, f"{grown / 1e6:.0f} MB more"
    found = await editor.diagnostics("a.arch")
    assert bool(found) == bool(checked(editor.texts["a.arch"]))
    editor.put("a.arch", sound)
    mistype(editor, rng)
    found = await editor.diagnostics("a.arch")
    assert said(found) == checked(editor.texts["a.arch"]) != []
    editor.put("a.arch", sound)
    assert await editor.diagnostics("a.arch", lambda found: not found) == []


def test_a_shower(tmp_path: Path) -> None:
    edit(tmp_path, lambda editor: storm(editor, 60, 100))


@pytest.mark.slow
def test_a_storm_of_a_thousand_edits(tmp_path: Path) -> None:
    edit(tmp_path, lambda editor: storm(editor, 1_000, 2_000))
