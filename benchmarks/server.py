"""How fast the language server answers an edit. Run: python -m benchmarks.server"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

from benchmarks.editing import edits, many, one

ROUNDS = 25
GOAL = 0.1
"""Seconds."""
URI = "file:///a.arch"


def typed(before: str, after: str) -> lsp.TextDocumentContentChangePartial:
    """The change that an editor sends for what was typed."""
    start = _alike(before, after)
    same = _alike(before[:start:-1], after[:start:-1])
    ends = (start, len(before) - same)
    places = [
        lsp.Position(before.count("\n", 0, at), at - before.rfind("\n", 0, at) - 1) for at in ends
    ]
    new = after[start : len(after) - same]
    return lsp.TextDocumentContentChangePartial(text=new, range=lsp.Range(*places))


def _alike(a: str, b: str) -> int:
    """How many characters two texts begin with alike."""
    return next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )


async def answered(text: str) -> list[float]:
    """Seconds from an edit until its diagnostics are there, and then until its hints are."""
    client = LanguageClient("benchmark", "1")
    news: asyncio.Queue[lsp.PublishDiagnosticsParams] = asyncio.Queue()

    @client.feature(  # pyright: ignore[reportUntypedFunctionDecorator]  # pygls
        lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS
    )
    def said(params: lsp.PublishDiagnosticsParams) -> None:  # pyright: ignore[reportUnusedFunction]
        news.put_nowait(params)

    await client.start_io(  # pyright: ignore[reportUnknownMemberType]  # pygls
        sys.executable, "-m", "archlang", "lsp"
    )
    await client.initialize_async(lsp.InitializeParams(capabilities=lsp.ClientCapabilities()))
    client.initialized(lsp.InitializedParams())
    item = lsp.TextDocumentItem(URI, "arch", 0, text)
    client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
    await news.get()
    version, now = edits(text), text
    taken: list[float] = []
    for number in range(1, ROUNDS + 1):
        change = typed(now, now := version())
        start = time.perf_counter()
        client.text_document_did_change(
            lsp.DidChangeTextDocumentParams(
                lsp.VersionedTextDocumentIdentifier(number, URI), [change]
            )
        )
        while (await news.get()).version != number:
            pass
        screen = lsp.Range(lsp.Position(1000, 0), lsp.Position(1060, 0))
        await client.text_document_inlay_hint_async(
            lsp.InlayHintParams(lsp.TextDocumentIdentifier(URI), screen)
        )
        taken.append(time.perf_counter() - start)
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()
    return taken


def main() -> None:
    """Print the medians."""
    for name, text in (("many definitions", many()), ("one network", one())):
        taken = sorted(asyncio.run(answered(text)))
        middle, worst = statistics.median(taken), taken[-1]
        met = "met" if middle <= GOAL else "missed"
        print(
            f"edit → diagnostics and hints in the editor, 2,000 lines, {name}: "
            f"median {middle * 1e3:.0f} ms, worst {worst * 1e3:.0f} ms; goal {GOAL * 1e3:.0f} {met}"
        )


if __name__ == "__main__":
    main()
