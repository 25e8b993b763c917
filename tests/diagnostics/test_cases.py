"""Every case file gives exactly the diagnostics that its comments announce, and no others.

`# error: E0402 12-20` at the end of a line announces an error from column 12 up to, not including,
column 20 of that line; `# error at 3: …` in a line of its own speaks of another line.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from archlang.compiler import check, check_text
from archlang.diagnostics.catalog import problems
from archlang.diagnostics.explain import examples
from archlang.diagnostics.model import Diagnostic
from archlang.diagnostics.render import render_text

CASES = sorted((Path(__file__).parent / "cases").glob("*.arch"))
_MARK = re.compile(r"#\s*error(?: at (?P<line>\d+))?: (?P<what>.*)$")
ELSEWHERE = {"E0112", "E0116", "E0119", "E0208", "E0210", "E0211", "E0315", "E0606", "E0607"}
"""Codes that need files, a command line or a text too long to be read: see the other tests."""


def announced(text: str) -> Counter[str]:
    """`line: code columns` for each announced diagnostic."""
    found: Counter[str] = Counter()
    for number, line in enumerate(text.split("\n"), start=1):
        mark = _MARK.search(line)
        if mark:
            found.update(f"{mark['line'] or number}: {what}" for what in mark["what"].split(", "))
    return found


def as_announced(diagnostic: Diagnostic) -> str:
    """A diagnostic in the words of an announcement."""
    begin, end = diagnostic.primary.span.begin, diagnostic.primary.span.finish
    last = f"{end.column}" if end.line == begin.line else f"{end.line}:{end.column}"
    return f"{begin.line}: {diagnostic.code} {begin.column}-{last}"


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.stem)
def test_a_case_gives_what_it_announces(case: Path) -> None:
    text = case.read_text(encoding="utf-8")
    found = check_text(text, case.name)
    assert Counter(map(as_announced, found)) == announced(text), render_text(found)
    assert found, "a case without a mistake belongs to another test"


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.stem)
def test_the_way_out_is_said_and_a_fix_is_applicable(case: Path) -> None:
    text = case.read_text(encoding="utf-8")
    for diagnostic in check_text(text, case.name):
        assert diagnostic.message and "\n" not in diagnostic.message
        assert diagnostic.help or diagnostic.primary.text
        if diagnostic.fix is not None:
            span = diagnostic.fix.span
            mended = text[: span.start] + diagnostic.fix.replacement + text[span.end :]
            assert as_announced(diagnostic) not in map(as_announced, check_text(mended))


def test_every_code_is_shown_by_a_case_or_an_example() -> None:
    shown = {d.code for case in CASES for d in check_text(case.read_text(encoding="utf-8"))}
    shown |= {code for code, cls in problems().items() if examples(cls).wrong is not None}
    # E07 is about weights, E08 and E09 about what is asked of a network: none is part of a text.
    spoken = {code for code in problems() if not code.startswith(("E07", "E08", "E09"))}
    assert spoken <= shown | ELSEWHERE


def write(folder: Path, **files: str) -> Path:
    """Spec files in a folder; the first one's path."""
    for name, text in files.items():
        path = folder / f"{name}.arch"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / f"{next(iter(files))}.arch"


def codes(path: Path) -> list[str]:
    """The codes that checking a file gives."""
    return [d.code for d in check(path)]


NET = "network N:\n    input 3x8x8\n    relu\n"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    latin = tmp_path / "latin.arch"
    latin.write_bytes("# après\n".encode("latin-1") + NET.encode())
    binary = tmp_path / "binary.arch"
    binary.write_bytes(bytes(range(256)))
    folder = tmp_path / "folder.arch"
    folder.mkdir()
    large = tmp_path / "large.arch"
    large.write_text(NET + "#\n" * 1_000_000)
    other = tmp_path / "net.txt"
    other.write_text(NET)
    assert codes(latin) == codes(binary) == ["E0112"]
    assert codes(folder) == codes(tmp_path / "missing.arch") == codes(other) == ["E0116"]
    assert codes(large) == ["E0607"]
    assert codes(tmp_path / "\0.arch") == codes(tmp_path / ("a" * 5000 + ".arch")) == ["E0116"]


def test_a_missing_file_suggests_its_neighbour(tmp_path: Path) -> None:
    write(tmp_path, resnet=NET)
    (found,) = check(tmp_path / "resnet5.arch")
    assert found.help == "did you mean resnet.arch?"


def test_empty_files(tmp_path: Path) -> None:
    for text in ("", "\n\n", "   ", "# words\n", "let a = 1\n", "\ufeff", "arch 1\n"):
        path = tmp_path / "empty.arch"
        path.write_text(text, encoding="utf-8")
        assert codes(path) == ["E0113"], repr(text)


def test_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    long = 'network N:\n    """Doc."""\n    input 3x8x8\n\n    # words\n    conv(\n        8\n    )'
    for text in (NET, long):
        for variant in (
            text,
            text.replace("\n", "\r\n"),
            "\ufeff" + text,
            text + "   ",
            text + "#",
        ):
            path.write_bytes(variant.encode())
            assert codes(path) == [], repr(variant)


def test_a_nul_byte_is_a_character_without_use(tmp_path: Path) -> None:
    path = tmp_path / "nul.arch"
    path.write_bytes(NET.encode() + b"\0")
    assert codes(path) == ["E0107"]


def test_use_stays_below_the_folder_of_the_spec(tmp_path: Path) -> None:
    write(tmp_path / "outside", secret="block Secret:\n    relu\n")
    inside = tmp_path / "inside"
    write(inside / "parts", part="block Part:\n    relu\n")
    (inside / "link.arch").symlink_to(tmp_path / "outside" / "secret.arch")
    body = "\nnetwork N:\n    input 3x8x8\n    {}\n"
    fine = write(inside, fine='use Part from "parts/part.arch"' + body.format("Part"))
    assert codes(fine) == []
    absolute = (tmp_path / "outside" / "secret.arch").as_posix()
    for file in (
        "../outside/secret.arch",
        absolute,
        "link.arch",
        "parts/../../outside/secret.arch",
    ):
        bad = write(inside, bad=f'use Secret from "{file}"' + body.format("Secret"))
        assert codes(bad) == ["E0209"], file


def test_a_used_file_may_not_reach_further_than_the_spec(tmp_path: Path) -> None:
    write(tmp_path, top="block Top:\n    relu\n")
    inside = tmp_path / "inside"
    write(inside / "parts", part='use Base from "../base.arch"\nblock Part:\n    Base\n')
    write(inside, base="block Base:\n    relu\n")
    main = write(inside, main='use Part from "parts/part.arch"\n' + NET.replace("relu", "Part"))
    assert codes(main) == []


def test_circular_use_is_named_in_full(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        a='use B from "b.arch"\nblock A:\n    B\n' + NET,
        b='use C from "c.arch"\nblock B:\n    C\n',
        c='use A from "a.arch"\nblock C:\n    A\n',
    )
    (found,) = check(main)
    assert found.code == "E0208"
    assert found.notes == ("a.arch uses b.arch uses c.arch uses a.arch",)
    assert found.primary.span.source.name.endswith("c.arch")


def test_a_mistake_in_a_used_file_is_reported_there_once(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        main='use A, B from "parts.arch"\n' + NET.replace("relu", "A -> B -> A"),
        parts="block A:\n    conv(8, strid=1)\n\nblock B:\n    reluu\n",
    )
    found = check(main)
    assert [d.code for d in found] == ["E0301", "E0201"]
    assert {Path(d.primary.span.source.name).name for d in found} == {"parts.arch"}


def test_a_used_file_that_does_not_parse_is_the_only_mistake(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        main='use A from "parts.arch"\n' + NET.replace("relu", "A -> fc(3)"),
        parts="block A:\n    conv(8\n",
    )
    assert codes(main) == ["E0102"]
