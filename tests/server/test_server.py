"""Sessions of an editor with `archlang lsp`, over its stdin and stdout."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from archlang.formatting import format_text

from .client import Editor, edit

NET = '''\
let width = 16

block Unit(C, stride=1):
    """A unit."""
    conv(C, 3x3, stride=stride, bias=false) -> bn
    relu

network Net(classes=10):
    input 3x32x32
    Unit(width)
    Unit(2 * width, stride=2)
    gap -> flatten
    fc(classes)
'''
HALF = NET.replace("    Unit(width)\n", "    Unit(width)\n    conv(8, \n")


def everything(editor: Editor) -> lsp.Range:
    return lsp.Range(lsp.Position(0, 0), lsp.Position(1_000, 0))


def test_mistakes_come_with_the_version_and_go_when_mended(tmp_path: Path) -> None:
    async def session(editor: Editor) -> None:
        editor.open("a.arch", NET)
        assert await editor.codes("a.arch") == []
        at = NET.index("gap")
        editor.replace("a.arch", at, at + 3, "gep")
        (found,) = await editor.diagnostics("a.arch", lambda found: len(found) == 1)
        assert found.code == "E0201" and "gap" in found.message
        assert editor.inside("a.arch", found.range) == "gep"
        assert editor.said[editor.uri("a.arch")][-1].version == 2
        editor.replace("a.arch", at, at + 3, "gap")
        assert await editor.codes("a.arch") == []

    edit(tmp_path, session)


def test_a_half_written_line_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    async def session(editor: Editor) -> None:
        editor.open("a.arch", HALF)
        (found,) = await editor.diagnostics("a.arch", bool)
        assert found.code == "E0102"
        labels = await hints(editor)
        assert labels["    Unit(width)"] == "16x32x32"
        assert labels["    gap -> flatten"] == "32"

    edit(tmp_path, session)


async def hints(editor: Editor, name: str = "a.arch") -> dict[str, str]:
    """Line to what stands at its end."""
    params = lsp.InlayHintParams(editor.item(name), everything(editor))
    found = await editor.client.text_document_inlay_hint_async(params)
    lines = editor.texts[name].split("\n")
    for hint in found or ():
        assert hint.position.character == editor.units(lines[hint.position.line])
    return {lines[h.position.line]: str(h.label) for h in found or ()}


def test_shapes_stand_at_the_ends_of_lines(tmp_path: Path) -> None:
    async def session(editor: Editor) -> None:
        editor.open("a.arch", NET)
        labels = await hints(editor)
        assert labels["    Unit(2 * width, stride=2)"] == "32x16x16"
        assert labels["    relu"].startswith("16x32x32")
        at = NET.index("3x32x32")
        editor.replace("a.arch", at, at + 7, "3x64x64")
        assert (await hints(editor))["    Unit(width)"] == "16x64x64"

    edit(tmp_path, session)


def test_hover_and_arguments(tmp_path: Path) -> None:
    async def session(editor: Editor) -> None:
        editor.open("a.arch", NET)
        place = editor.at("a.arch", "conv", 1)
        hover = await editor.client.text_document_hover_async(
            lsp.HoverParams(editor.item("a.arch"), place)
        )
        assert hover is not None and isinstance(hover.contents, lsp.MarkupContent)
        assert "3x32x32" in hover.contents.value and "16x32x32" in hover.contents.value
        assert hover.range is not None and editor.inside("a.arch", hover.range) == "conv"
        blank = lsp.HoverParams(editor.item("a.arch"), lsp.Position(1, 0))
        assert await editor.client.text_document_hover_async(blank) is None
        help_ = await editor.client.text_document_signature_help_async(
            lsp.SignatureHelpParams(editor.item("a.arch"), editor.at("a.arch", "stride=2)", 7))
        )
        assert help_ is not None
        (signature,) = help_.signatures
        assert signature.label == "Unit(C, stride=1)"
        assert help_.active_parameter == 1

    edit(tmp_path, session)


def test_completion(tmp_path: Path) -> None:
    async def session(editor: Editor) -> None:
        editor.open("a.arch", NET.replace("    gap -> flatten", "    gap -> fla"))
        place = editor.at("a.arch", "-> fla", 6)
        found = await editor.client.text_document_completion_async(
            lsp.CompletionParams(editor.item("a.arch"), place)
        )
        assert isinstance(found, lsp.CompletionList)
        items = {item.label: item for item in found.items}
        assert {"flatten", "Unit", "conv", "width"} <= set(items)
        chosen = items["flatten"].text_edit
        assert isinstance(chosen, lsp.TextEdit)
        assert "gap -> flatten" in editor.edited(editor.texts["a.arch"], [chosen])
        full = await editor.client.completion_item_resolve_async(items["conv"])
        assert isinstance(full.documentation, lsp.MarkupContent)
        assert "filters" in full.documentation.value
        half = "arch 1\n\nnetwork Mine from ResN\n"
        editor.put("a.arch", half)
        place = editor.at("a.arch", "from ResN", 9)
        found = await editor.client.text_document_completion_async(
            lsp.CompletionParams(editor.item("a.arch"), place)
        )
        assert isinstance(found, lsp.CompletionList)
        (item,) = (item for item in found.items if item.label == "ResNet18")
        edits = [item.text_edit, *(item.additional_text_edits or ())]
        assert editor.edited(half, [e for e in edits if isinstance(e, lsp.TextEdit)]) == (
            'arch 1\nuse ResNet18 from "zoo/resnet.arch"\n\nnetwork Mine from ResNet18\n'
        )

    edit(tmp_path, session)


def test_names_across_files(tmp_path: Path) -> None:
    (tmp_path / "units.arch").write_text(
        "block Unit(C):\n    conv(C, 3x3) -> relu\n", encoding="utf-8"
    )
    use = 'use Unit from "units.arch"\n\n'
    net = f"{use}network Net:\n    input 3x8x8\n    Unit(4)\n    gap -> flatten -> fc(2)\n"

    async def session(editor: Editor) -> None:
        editor.open("net.arch", net)
        assert await editor.codes("net.arch") == []
        item, place = editor.item("net.arch"), editor.at("net.arch", "Unit", 1, number=1)
        found = await editor.client.text_document_definition_async(
            lsp.DefinitionParams(item, place)
        )
        assert isinstance(found, lsp.Location)
        assert found.uri == editor.uri("units.arch")
        assert (found.range.start.line, found.range.start.character) == (0, 6)
        context = lsp.ReferenceContext(include_declaration=True)
        places = await editor.client.text_document_references_async(
            lsp.ReferenceParams(context=context, text_document=item, position=place)
        )
        assert sorted((p.uri.rsplit("/", 1)[1], p.range.start.line) for p in places or ()) == [
            ("net.arch", 0),
            ("net.arch", 4),
            ("units.arch", 0),
        ]
        prepared = await editor.client.text_document_prepare_rename_async(
            lsp.PrepareRenameParams(item, place)
        )
        assert isinstance(prepared, lsp.PrepareRenamePlaceholder)
        assert prepared.placeholder == "Unit"
        renamed = await editor.client.text_document_rename_async(
            lsp.RenameParams(item, place, "Stage")
        )
        assert renamed is not None and renamed.changes is not None
        own = editor.edited(net, list(renamed.changes[editor.uri("net.arch")]))
        assert own == net.replace("Unit", "Stage")
        assert len(renamed.changes[editor.uri("units.arch")]) == 1
        with pytest.raises(JsonRpcException, match="conv"):
            await editor.client.text_document_rename_async(lsp.RenameParams(item, place, "conv"))
        with pytest.raises(JsonRpcException):
            await editor.client.text_document_prepare_rename_async(
                lsp.PrepareRenameParams(item, editor.at("net.arch", "input", 1))
            )

    edit(tmp_path, session)


def test_unsaved_text_counts_in_the_files_that_use_it(tmp_path: Path) -> None:
    units = "block Unit(C):\n    conv(C, 3x3)\n"
    (tmp_path / "units.arch").write_text(units, encoding="utf-8")
    net = 'use Unit from "units.arch"\n\nnetwork Net:\n    input 3x8x8\n    Unit(4)\n'

    async def session(editor: Editor) -> None:
        editor.open("net.arch", net)
        editor.open("units.arch", units)
        assert await editor.codes("net.arch") == []
        editor.replace("units.arch", 6, 10, "Block")
        (found,) = await editor.diagnostics("net.arch", bool)
        assert "Unit" in found.message
        editor.close("units.arch")  # without saving: what lies on the disk counts again
        assert await editor.diagnostics("net.arch", lambda found: not found) == []
        (tmp_path / "units.arch").unlink()
        change = lsp.FileEvent(editor.uri("units.arch"), lsp.FileChangeType.Deleted)
        editor.client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams([change]))
        found = await editor.diagnostics("net.arch", bool)
        assert "units.arch" in found[0].message

    edit(tmp_path, session)


def test_shapes_of_a_file_that_is_used_are_asked_for_again(tmp_path: Path) -> None:
    units = "block Unit(C, stride=1):\n    conv(C, 3x3, stride=stride)\n"
    (tmp_path / "units.arch").write_text(units, encoding="utf-8")
    net = 'use Unit from "units.arch"\n\nnetwork Net:\n    input 3x8x8\n    Unit(4)\n'

    async def session(editor: Editor) -> None:
        editor.open("net.arch", net)
        editor.open("units.arch", units)
        assert await editor.codes("net.arch") == []
        before = editor.refreshed
        editor.put("units.arch", units.replace("stride=1", "stride=2"))
        while editor.refreshed == before:
            await asyncio.sleep(0.01)
        params = lsp.InlayHintParams(editor.item("net.arch"), everything(editor))
        found = await editor.client.text_document_inlay_hint_async(params)
        assert [hint.label for hint in found or ()] == ["4x4x4"]

    edit(tmp_path, session)


@pytest.mark.parametrize("position", [{"line": -1, "character": 0}, "here", None])
def test_a_request_that_cannot_be_read_is_answered(tmp_path: Path, position: object) -> None:
    async def session(editor: Editor) -> None:
        editor.open("a.arch", NET)
        item = {"uri": editor.uri("a.arch")}
        sent = {"jsonrpc": "2.0", "id": 77, "method": "textDocument/hover"}
        message = json.dumps({**sent, "params": {"textDocument": item, "position": position}})
        answer = asyncio.get_running_loop().create_future()
        protocol: Any = editor.client.protocol
        protocol._request_futures[77] = answer  # as for a request of its own
        protocol.writer.write(f"Content-Length: {len(message)}\r\n\r\n{message}".encode())
        with pytest.raises(JsonRpcException, match="Invalid Params"):
            await asyncio.wait_for(answer, 20)
        assert await editor.codes("a.arch") == []

    edit(tmp_path, session)


def test_an_edit_of_a_file_that_is_not_open_is_nothing_to_tell_the_author(tmp_path: Path) -> None:
    async def session(editor: Editor) -> None:
        document = lsp.VersionedTextDocumentIdentifier(uri=editor.uri("none.arch"), version=3)
        whole = lsp.TextDocumentContentChangeWholeDocument("let a = 1\n")
        change = lsp.DidChangeTextDocumentParams(document, [whole])
        editor.client.text_document_did_change(change)
        editor.open("a.arch", NET)
        assert await editor.codes("a.arch") == []
        assert editor.shown == []

    edit(tmp_path, session)


def test_outline_folds_and_colours(tmp_path: Path) -> None:
    async def session(editor: Editor) -> None:
        editor.open("a.arch", NET)
        item = editor.item("a.arch")
        symbols = await editor.client.text_document_document_symbol_async(
            lsp.DocumentSymbolParams(item)
        )
        assert [s.name for s in symbols or ()] == ["width", "Unit", "Net"]
        folds = await editor.client.text_document_folding_range_async(lsp.FoldingRangeParams(item))
        assert {(f.start_line, f.end_line) for f in folds or ()} >= {(2, 5), (7, 12)}
        tokens = await editor.client.text_document_semantic_tokens_full_async(
            lsp.SemanticTokensParams(item)
        )
        assert tokens is not None and len(tokens.data) % 5 == 0 and len(tokens.data) > 100
        assert decoded(editor, list(tokens.data))[:4] == ["let", "width", "=", "16"]
        found = await editor.client.workspace_symbol_async(lsp.WorkspaceSymbolParams("unt"))
        assert "Unit" in [s.name for s in found or ()]

    edit(tmp_path, session)


def decoded(editor: Editor, data: list[int], name: str = "a.arch") -> list[str]:
    """The words that tokens lie on."""
    words: list[str] = []
    line = column = 0
    for i in range(0, len(data), 5):
        column = data[i + 1] if data[i] else column + data[i + 1]
        line += data[i]
        end = lsp.Position(line, column + data[i + 2])
        words.append(editor.inside(name, lsp.Range(lsp.Position(line, column), end)))
    return words


def test_formatting_is_that_of_fmt(tmp_path: Path) -> None:
    ugly = NET.replace(", ", ",").replace(" -> ", "->")

    async def session(editor: Editor) -> None:
        editor.open("a.arch", ugly)
        params = lsp.DocumentFormattingParams(editor.item("a.arch"), lsp.FormattingOptions(2, True))
        edits = await editor.client.text_document_formatting_async(params)
        assert editor.edited(ugly, list(edits or ())) == format_text(ugly) == NET
        editor.put("a.arch", HALF)
        assert not await editor.client.text_document_formatting_async(params)
        windows, neat = ugly.replace("\n", "\r\n"), NET.replace("\n", "\r\n")
        editor.put("a.arch", windows)
        edits = await editor.client.text_document_formatting_async(params)
        assert editor.edited(windows, list(edits or ())) == neat
        editor.put("a.arch", neat)
        assert not await editor.client.text_document_formatting_async(params)

    edit(tmp_path, session)


def test_repairs_of_mistakes_and_of_findings(tmp_path: Path) -> None:
    async def session(editor: Editor) -> None:
        wrong = NET.replace("gap ->", "gep ->")
        editor.open("a.arch", wrong)
        found = await editor.diagnostics("a.arch", bool)
        assert "gap ->" in editor.edited(wrong, await repair(editor, found[0]))
        biased = NET.replace(", bias=false", "")
        editor.put("a.arch", biased)
        (finding,) = await editor.diagnostics("a.arch", lambda f: [d.code for d in f] == ["W0501"])
        assert finding.severity is lsp.DiagnosticSeverity.Warning
        mended = editor.edited(biased, await repair(editor, finding))
        editor.put("a.arch", mended)
        assert await editor.codes("a.arch") == []

    edit(tmp_path, session)


async def repair(editor: Editor, found: lsp.Diagnostic) -> list[lsp.TextEdit]:
    """The edits of the quick fix of a diagnostic."""
    context = lsp.CodeActionContext([found], only=[lsp.CodeActionKind.QuickFix])
    params = lsp.CodeActionParams(editor.item("a.arch"), found.range, context)
    actions = await editor.client.text_document_code_action_async(params)
    (action,) = [a for a in actions or () if isinstance(a, lsp.CodeAction)]
    assert action.edit is not None and action.edit.changes is not None
    assert action.diagnostics and action.diagnostics[0].code == found.code
    return list(action.edit.changes[editor.uri("a.arch")])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_columns_are_those_of_the_editor(
    tmp_path: Path, encoding: str, end: str, mark: str
) -> None:
    lines = ["network Net:", "\tinput 3x8x8  # 👋 漢字", '\tassert true, "👋🏽 é" ; relo']
    lines[2] = "\tconv(4, 3x3) + foo('👋漢') -> relo  # 👋"
    text = mark + end.join([*lines, ""])

    async def session(editor: Editor) -> None:
        editor.open("a.arch", text)
        found = await editor.diagnostics("a.arch", bool)
        words = {editor.inside("a.arch", d.range) for d in found}
        assert "relo" in words, words
        at = text.index("relo")
        editor.replace("a.arch", at, at + 4, "rela")
        found = await editor.diagnostics("a.arch", bool)
        assert {editor.inside("a.arch", d.range) for d in found} == words - {"relo"} | {"rela"}
        editor.replace("a.arch", at, at + 4, "relu")
        found = await editor.diagnostics(
            "a.arch", lambda f: all(editor.inside("a.arch", d.range) != "relo" for d in f)
        )
        assert {editor.inside("a.arch", d.range) for d in found} == words - {"relo"}

    edit(tmp_path, session, encoding)


def test_texts_that_lie_nowhere_and_files_that_are_not_open(tmp_path: Path) -> None:
    async def session(editor: Editor) -> None:
        item = lsp.TextDocumentItem("untitled:Untitled-1", "arch", 1, NET.replace("gap", "gep"))
        editor.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        editor.open("a.arch", NET)
        await editor.codes("a.arch")
        assert [d.code for d in editor.said["untitled:Untitled-1"][-1].diagnostics] == ["E0201"]
        gone = lsp.HoverParams(editor.item("b.arch"), lsp.Position(0, 0))
        assert await editor.client.text_document_hover_async(gone) is None

    edit(tmp_path, session)


def test_a_used_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "bad.arch").write_bytes(b"block A:\n    relu # \xff\n")

    async def session(editor: Editor) -> None:
        editor.open("a.arch", 'use A from "bad.arch"\n' + NET)
        found = await editor.diagnostics("a.arch", bool)
        assert any("UTF-8" in d.message for d in found)
        assert (await hints(editor))["    gap -> flatten"] == "32"

    edit(tmp_path, session)


def test_places_beyond_the_text_and_closing_what_is_not_open(tmp_path: Path) -> None:
    async def session(editor: Editor) -> None:
        editor.open("a.arch", NET)
        item, far = editor.item("a.arch"), lsp.Position(99_999, 99_999)
        assert await editor.client.text_document_hover_async(lsp.HoverParams(item, far)) is None
        await editor.client.text_document_completion_async(lsp.CompletionParams(item, far))
        unknown = lsp.DidCloseTextDocumentParams(editor.item("never.arch"))
        editor.client.text_document_did_close(unknown)
        with pytest.raises(JsonRpcException):
            await editor.client.workspace_execute_command_async(
                lsp.ExecuteCommandParams("archlang.preview", ["untitled:Untitled-1"])
            )
        change = lsp.TextDocumentContentChangePartial(text="# end\n", range=lsp.Range(far, far))
        version = lsp.VersionedTextDocumentIdentifier(2, editor.uri("a.arch"))
        editor.client.text_document_did_change(lsp.DidChangeTextDocumentParams(version, [change]))
        editor.texts["a.arch"] += "# end\n"
        editor.versions["a.arch"] = 2
        at = editor.texts["a.arch"].index("gap")
        editor.replace("a.arch", at, at + 3, "gep")
        assert await editor.codes("a.arch") == ["E0201"]

    edit(tmp_path, session)


def test_an_editor_that_is_gone_takes_the_server_with_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "archlang", "lsp"],
        input=b"Content-Length: 9\r\n\r\n{broken!}",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stdout
    assert not done.stdout or done.stdout.startswith(b"Content-Length:")


def test_the_address_of_the_live_page(tmp_path: Path) -> None:
    (tmp_path / "a.arch").write_text(NET, encoding="utf-8")

    async def session(editor: Editor) -> None:
        editor.open("a.arch", NET)
        params = lsp.ExecuteCommandParams("archlang.preview", [editor.uri("a.arch")])
        url = await editor.client.workspace_execute_command_async(params)
        assert str(url).startswith("http://127.0.0.1:") and "token=" in str(url)
        again = await editor.client.workspace_execute_command_async(params)
        assert again == url

    edit(tmp_path, session)


def test_without_pygls_the_way_out_is_said(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['pygls'] = None\n"
        "import importlib.util as u; u.find_spec = lambda name, f=u.find_spec: "
        "None if name == 'pygls' else f(name)\n"
        "from archlang.cli import main; sys.argv = ['archlang', 'lsp']; main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install 'archlang[lsp]'" in done.stderr
