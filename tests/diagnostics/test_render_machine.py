"""What programs read: JSON, and GitHub's workflow commands."""

from __future__ import annotations

import json

from archlang.diagnostics.model import Diagnostic, Fix, Label, Severity
from archlang.diagnostics.render import render_github, render_json
from archlang.source import Source, Span

TEXT = "network N:\n    input 3x8x8\n    conf(8)\n"
SOURCE = Source("specs/n.arch", TEXT)


def span(text: str, source: Source = SOURCE) -> Span:
    start = source.text.index(text)
    return Span(source, start, start + len(text))


FOUND = Diagnostic(
    "E0201",
    Severity.ERROR,
    "unknown layer conf",
    Label(span("conf"), "not a layer"),
    (Label(span("3x8x8"), "made here"),),
    ("50% of layers: conv, fc",),
    "did you mean conv?",
    Fix(span("conf"), "conv"),
)


def test_json_has_every_field() -> None:
    place = {
        "file": "specs/n.arch",
        "line": 3,
        "column": 5,
        "end_line": 3,
        "end_column": 9,
    }
    made = {"file": "specs/n.arch", "line": 2, "column": 11, "end_line": 2, "end_column": 16}
    assert json.loads(render_json([FOUND])) == [
        {
            "code": "E0201",
            "severity": "error",
            "message": "unknown layer conf",
            **place,
            "help": "did you mean conv?",
            "labels": [
                {**place, "text": "not a layer", "primary": True},
                {**made, "text": "made here", "primary": False},
            ],
            "notes": ["50% of layers: conv, fc"],
            "fix": {**place, "replacement": "conv"},
        }
    ]


def test_json_without_help_and_fix() -> None:
    source = Source("e.arch", "")
    found = Diagnostic("W0001", Severity.WARNING, "empty", Label(Span(source, 0, 0)))
    (entry,) = json.loads(render_json([found]))
    assert entry["severity"] == "warning"
    assert (entry["help"], entry["fix"], entry["notes"]) == (None, None, [])
    assert (entry["line"], entry["column"], entry["end_line"], entry["end_column"]) == (1, 1, 1, 1)
    assert json.loads(render_json([])) == []


def test_json_is_ascii_and_keeps_every_character() -> None:
    message = 'W∘x "quoted" \x1b[1m \ud800 \u202e'
    rendered = render_json([Diagnostic("E0201", Severity.ERROR, message, Label(span("conf")))])
    assert rendered.isascii()
    assert json.loads(rendered)[0]["message"] == message


def test_github_gives_one_command_a_diagnostic() -> None:
    assert (
        render_github([FOUND, FOUND]).split("\n")
        == [
            "::error file=specs/n.arch,line=3,endLine=3,col=5,endColumn=9,title=E0201"
            "::unknown layer conf%0Anot a layer%0A50%25 of layers: conv, fc"
            "%0Ahelp: did you mean conv?"
        ]
        * 2
    )


def test_github_escapes_what_would_end_a_property() -> None:
    source = Source("a,b:c%\r\n.arch", "x")
    found = Diagnostic("W0001", Severity.WARNING, "a::b\r\n::error::no", Label(span("x", source)))
    assert render_github([found]) == (
        "::warning file=a%2Cb%3Ac%25%0D%0A.arch,line=1,endLine=1,col=1,endColumn=2,title=W0001"
        "::a::b%0A::error::no"
    )


def test_github_has_no_columns_for_several_lines() -> None:
    found = Diagnostic("E0201", Severity.ERROR, "no", Label(span("input 3x8x8\n    conf")))
    assert render_github([found]) == ("::error file=specs/n.arch,line=2,endLine=3,title=E0201::no")
    assert render_github([]) == ""
