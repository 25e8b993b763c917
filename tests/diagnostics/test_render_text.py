"""What a person sees of a diagnostic, to the last character."""

from __future__ import annotations

import re
import subprocess
import sys
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlang.diagnostics.model import Diagnostic, Fix, Label, Severity, SpecError
from archlang.diagnostics.render import render_text
from archlang.source import Source, Span

SPEC = Source(
    "resnet.arch",
    dedent("""\
        network N:
            input 3x8x8
            Y = x
            conv(8, 3x3, stride=2)
            bn

            relu + Y -> relu
        """),
)


def at(source: Source, text: str, number: int = 0) -> Span:
    """The span of an occurrence of `text`."""
    start = [m.start() for m in re.finditer(re.escape(text), source.text)][number]
    return Span(source, start, start + len(text))


def diagnostic(
    primary: Label,
    *secondary: Label,
    message: str = "cannot add",
    severity: Severity = Severity.ERROR,
    notes: tuple[str, ...] = (),
    help: str | None = None,  # noqa: A002 - the field's name
    fix: Fix | None = None,
) -> Diagnostic:
    return Diagnostic("E0402", severity, message, primary, secondary, notes, help, fix)


def shown(expected: str, *found: Diagnostic, width: int | None = None) -> None:
    """Compare; the expected text is indented for the reader's sake."""
    assert render_text(found, width=width) == dedent(expected).strip("\n")


def test_a_message_a_caret_a_note_a_help() -> None:
    shown(
        """
        error[E0402]: cannot add
         --> resnet.arch:4:13
          |
        4 |     conv(8, 3x3, stride=2)
          |             ^^^ reaches over 3
          |
          = note: floor((8 + 2·1 − 3)/2) + 1 = 4
          = help: drop the stride
        """,
        diagnostic(
            Label(at(SPEC, "3x3"), "reaches over 3"),
            notes=("floor((8 + 2·1 − 3)/2) + 1 = 4",),
            help="drop the stride",
        ),
    )


def test_labels_without_words() -> None:
    shown(
        """
        error[E0402]: cannot add
         --> resnet.arch:4:13
          |
        4 |     conv(8, 3x3, stride=2)
          |     ----    ^^^
        """,
        diagnostic(Label(at(SPEC, "3x3")), Label(at(SPEC, "conv"))),
    )


def test_both_sides_of_a_merge_hang_below_it() -> None:
    shown(
        """
        error[E0402]: cannot add
         --> resnet.arch:7:5
          |
        7 |     relu + Y -> relu
          |     ----^^^-
          |     |   |  |
          |     |   |  3x8x8
          |     |   8x4x4 + 3x8x8
          |     8x4x4
        """,
        diagnostic(
            Label(at(SPEC, "relu + Y"), "8x4x4 + 3x8x8"),
            Label(at(SPEC, "relu"), "8x4x4"),
            Label(at(SPEC, "Y", 1), "3x8x8"),
        ),
    )


def test_the_last_label_stands_beside_if_nothing_overlaps() -> None:
    shown(
        """
        error[E0402]: cannot add
         --> resnet.arch:7:12
          |
        7 |     relu + Y -> relu
          |     ----   ^ 3x8x8
          |     |
          |     8x4x4
        """,
        diagnostic(Label(at(SPEC, "Y", 1), "3x8x8"), Label(at(SPEC, "relu"), "8x4x4")),
    )


def test_labels_on_other_lines_leave_out_what_lies_between() -> None:
    shown(
        """
        error[E0402]: cannot add
         --> resnet.arch:7:12
          |
        2 |     input 3x8x8
          |           ----- declared here
        3 |     Y = x
        4 |     conv(8, 3x3, stride=2)
          |             --- shrinks it
        ...
        7 |     relu + Y -> relu
          |            ^ 3x8x8
        """,
        diagnostic(
            Label(at(SPEC, "Y", 1), "3x8x8"),
            Label(at(SPEC, "3x3"), "shrinks it"),
            Label(at(SPEC, "3x8x8"), "declared here"),
        ),
    )


def test_a_label_in_another_file_has_its_own_header() -> None:
    other = Source("blocks.arch", "# one\nblock B(C):\n    conv(C)\n")
    shown(
        """
        error[E0402]: cannot add
         --> resnet.arch:7:12
          |
        7 |     relu + Y -> relu
          |            ^ 3x8x8
         ::: blocks.arch:3:5
          |
        3 |     conv(C)
          |     ------- made here
          |
          = help: match it
        """,
        diagnostic(
            Label(at(SPEC, "Y", 1), "3x8x8"),
            Label(at(other, "conv(C)"), "made here"),
            help="match it",
        ),
    )


def test_the_gutter_is_as_wide_as_the_greatest_number() -> None:
    source = Source("long.arch", "x\n" * 9 + "bad\n")
    shown(
        """
        error[E0402]: cannot add
          --> long.arch:10:1
           |
         1 | x
           | - made here
        ...
        10 | bad
           | ^^^ used here
           |
           = help: no
        """,
        diagnostic(
            Label(at(source, "bad"), "used here"), Label(at(source, "x"), "made here"), help="no"
        ),
    )


def test_a_span_over_several_lines_shows_the_first_to_its_end() -> None:
    shown(
        """
        error[E0402]: cannot add
         --> resnet.arch:4:5
          |
        4 |     conv(8, 3x3, stride=2)
          |     ^^^^^^^^^^^^^^^^^^^^^^ unused (up to line 5)
        """,
        diagnostic(Label(at(SPEC, "conv(8, 3x3, stride=2)\n    bn\n"), "unused")),
    )


def test_the_line_break_of_a_statement_does_not_make_it_two_lines_long() -> None:
    shown(
        """
        error[E0402]: cannot add
         --> resnet.arch:5:5
          |
        5 |     bn
          |     ^^ unused
        """,
        diagnostic(Label(at(SPEC, "bn\n\n"), "unused")),
    )


def test_a_fix_shows_the_repaired_line() -> None:
    span = at(SPEC, "Y", 1)
    shown(
        """
        error[E0402]: cannot add
         --> resnet.arch:7:12
          |
        7 |     relu + Y -> relu
          |            ^ 3x8x8
          |
          = help: W = project would fit
          |
        7 | +     relu + W∘Y -> relu
        """,
        diagnostic(Label(span, "3x8x8"), help="W = project would fit", fix=Fix(span, "W∘Y")),
    )


def test_a_fix_without_help_is_announced() -> None:
    span = at(SPEC, "2", 0)
    shown(
        """
        error[E0402]: cannot add
         --> resnet.arch:4:25
          |
        4 |     conv(8, 3x3, stride=2)
          |                         ^
          |
          = fix:
          |
        4 | +     conv(8, 3x3, stride=1)
        """,
        diagnostic(Label(span), fix=Fix(span, "1")),
    )


@pytest.mark.parametrize("text", ["    Y = x\n", "Y = x", "    Y = x"])
def test_a_fix_that_removes_a_line(text: str) -> None:
    shown(
        """
        error[E0402]: cannot add
         --> resnet.arch:3:5
          |
        3 |     Y = x
          |     ^
          |
          = help: remove it
          |
        3 | -     Y = x
        """,
        diagnostic(Label(at(SPEC, "Y")), help="remove it", fix=Fix(at(SPEC, text), "")),
    )


def test_a_fix_of_several_lines_in_another_file() -> None:
    other = Source("blocks.arch", "block B(C): conv(C)\n")
    shown(
        """
        error[E0402]: cannot add
         --> resnet.arch:5:5
          |
        5 |     bn
          |     ^^
          |
         ::: blocks.arch:1:12
          |
        1 | + block B(C):
        2 | +     conv(C)
        """,
        diagnostic(Label(at(SPEC, "bn")), fix=Fix(at(other, " conv"), "\n    conv")),
    )


def test_a_long_fix_is_cut() -> None:
    span = Span(SPEC, 0, 0)
    text = render_text([diagnostic(Label(span), fix=Fix(span, "relu\n" * 20))])
    assert text.count("+ relu") == 6
    assert text.endswith("\n...")


def test_an_empty_span_at_the_end_of_the_file() -> None:
    shown(
        """
        error[E0402]: cannot add
         --> resnet.arch:8:1
          |
        7 |     relu + Y -> relu
        8 |
          | ^ here it ends
        """,
        diagnostic(Label(Span(SPEC, len(SPEC.text), len(SPEC.text)), "here it ends")),
    )


def test_the_end_of_a_file_without_a_last_line_break() -> None:
    source = Source("n.arch", "network N:")
    shown(
        """
        error[E0402]: cannot add
         --> n.arch:1:11
          |
        1 | network N:
          |           ^ a body is missing
        """,
        diagnostic(Label(Span(source, 10, 10), "a body is missing")),
    )


def test_an_empty_file_has_no_line_to_show() -> None:
    source = Source("empty.arch", "")
    shown(
        """
        error[E0402]: no network
         --> empty.arch
          = note: nothing here
          = help: begin with: network Name:
        """,
        diagnostic(
            Label(Span(source, 0, 0), "nothing here"),
            message="no network",
            help="begin with: network Name:",
        ),
    )


def test_crlf_line_ends_do_not_show() -> None:
    source = Source("dos.arch", "network N:\r\n    input 3\r\n    bad\r\n")
    expected = """
        error[E0402]: cannot add
         --> dos.arch:2:5
          |
        2 |     input 3
          |     ^^^^^^^ a vector
    """
    shown(expected, diagnostic(Label(at(source, "input 3"), "a vector")))
    shown(expected, diagnostic(Label(at(source, "input 3\r\n"), "a vector")))


def test_tabs_are_drawn_as_spaces() -> None:
    source = Source("tabs.arch", "\tx =\tbad")
    shown(
        """
        error[E0402]: cannot add
         --> tabs.arch:1:6
          |
        1 |     x = bad
          | ----    ^^^ here
          | |
          | a tab
        """,
        diagnostic(Label(at(source, "bad"), "here"), Label(Span(source, 0, 1), "a tab")),
    )


@pytest.mark.parametrize(
    ("before", "columns"),
    [("日本", 4), ("🙂", 2), ("e\u0301", 1), ("ｗ", 2), ("ﾊ", 1), ("한", 2), ("W∘", 2), ("é", 1)],
)
def test_carets_stand_below_wide_and_combining_characters(before: str, columns: int) -> None:
    source = Source("wide.arch", f"{before}bad")
    *_, line, carets = render_text([diagnostic(Label(at(source, "bad"), "here"))]).split("\n")
    assert line == f"1 | {before}bad"
    assert carets == f"  | {' ' * columns}^^^ here"


def test_wide_characters_have_wide_carets() -> None:
    source = Source("wide.arch", "= 日本 e\u0301")
    *_, carets = render_text([diagnostic(Label(at(source, "日本")))]).split("\n")
    assert carets == "  |   ^^^^"
    *_, carets = render_text([diagnostic(Label(at(source, "\u0301")))]).split("\n")
    assert carets == "  |        ^"


def test_hidden_characters_are_made_visible() -> None:
    source = Source("evil\x1b.arch", "a\x1b[31m\u202eb\x00\x7f\ud800c")
    shown(
        """
        error[E0402]: no ␛[0m
         --> evil␛.arch:1:12
          |
        1 | a␛[31m<U+202E>b␀␡<U+D800>c
          |                          ^ ␇
        """,
        diagnostic(Label(at(source, "c"), "\x07"), message="no \x1b[0m"),
    )


def test_a_long_line_is_cut_around_the_span() -> None:
    source = Source("long.arch", "a" * 300 + " + " + "b" * 300)
    shown(
        """
        error[E0402]: cannot add
         --> long.arch:1:301
          |
        1 | …aaaaaaaaaaaaaaa + bbbbbbbbbbbbbbb…
          |                 ^^^ here
        """,
        diagnostic(Label(at(source, " + "), "here")),
        width=39,
    )


def test_a_long_line_is_cut_on_one_side_only_at_its_ends() -> None:
    source = Source("long.arch", "x" + "a" * 300 + "y")
    shown(
        """
        error[E0402]: cannot add
         --> long.arch:1:1
          |
        1 | xaaaaaaaaaaaaaaaaa…
          | ^ first

        error[E0402]: cannot add
         --> long.arch:1:302
          |
        1 | …aaaaaaaaaaaaaaaaay
          |                   ^ last

        2 errors
        """,
        diagnostic(Label(at(source, "x"), "first")),
        diagnostic(Label(at(source, "y"), "last")),
        width=24,
    )


def test_a_label_outside_of_the_cut_points_at_the_dots() -> None:
    source = Source("long.arch", "Z" + "a" * 300 + "y")
    shown(
        """
        error[E0402]: cannot add
         --> long.arch:1:302
          |
        1 | …aaaaaaaaaaaaaaaaay
          | -                 ^ last
          | |
          | first
        """,
        diagnostic(Label(at(source, "y"), "last"), Label(at(source, "Z"), "first")),
        width=24,
    )


def test_piled_up_combining_characters_are_cut_too() -> None:
    source = Source("pile.arch", "a" + "\u0301" * 10_000)
    text = render_text([diagnostic(Label(Span(source, 0, 1), "here"))])
    assert len(text) < 300
    assert text.endswith("…\n  | ^ here")


def test_notes_of_several_lines_are_aligned() -> None:
    text = render_text([diagnostic(Label(at(SPEC, "bn")), notes=("one\ntwo",), help="three\nfour")])
    assert text.endswith("  = note: one\n          two\n  = help: three\n          four")


def test_several_diagnostics_are_counted() -> None:
    error = diagnostic(Label(at(SPEC, "bn")))
    warning = diagnostic(Label(at(SPEC, "bn")), severity=Severity.WARNING)
    text = render_text([error, warning, error])
    assert text.endswith("\n\n2 errors, 1 warning")
    assert text.count("\n\n") == 3
    assert text.count("warning[E0402]: cannot add\n") == 1
    assert render_text([warning, warning]).endswith("\n\n2 warnings")
    assert "1 error" not in render_text([error])
    assert render_text([]) == ""


def test_colour_adds_codes_and_changes_nothing_else() -> None:
    found = diagnostic(
        Label(at(SPEC, "relu + Y"), "both"),
        Label(at(SPEC, "Y", 1), "3x8x8"),
        Label(at(SPEC, "x", 1), "from"),
        notes=("n",),
        help="h",
        fix=Fix(at(SPEC, "Y", 1), "W∘Y"),
    )
    coloured = render_text([found, found], colour=True)
    assert coloured.startswith("\x1b[1;31merror[E0402]\x1b[0m\x1b[1m: cannot add\x1b[0m\n")
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == render_text([found, found])


def test_a_spec_error_shows_its_diagnostics() -> None:
    found = diagnostic(Label(at(SPEC, "bn"), "here"))
    assert str(SpecError([found])) == "\n" + render_text([found])


@given(
    text=st.text(max_size=200),
    ends=st.lists(st.integers(0, 200), min_size=6, max_size=6),
    width=st.integers(1, 120),
)
def test_any_spans_of_any_text_can_be_shown(text: str, ends: list[int], width: int) -> None:
    source = Source("any.arch", text)
    places = [min(end, len(text)) for end in ends]
    spans = [
        Span(source, min(a, b), max(a, b)) for a, b in zip(places[::2], places[1::2], strict=True)
    ]
    rendered = render_text(
        [
            diagnostic(
                Label(spans[0], text),
                Label(spans[1], "other"),
                message=text,
                fix=Fix(spans[2], text[:20]),
            )
        ],
        width=width,
    )
    assert not [c for c in rendered if (ord(c) < 0x20 and c != "\n") or 0x7F <= ord(c) < 0xA0]
    for line in rendered.split("\n"):
        marks = re.fullmatch(r" +\| ([ ^-]+)", line)
        assert marks is None or marks[1].strip()
    rendered.encode()


def test_rendering_costs_no_heavy_import() -> None:
    script = (
        "import sys, archlang.diagnostics.render as r; r.render_text([]);"
        "print([m for m in ('torch', 'rich', 'pydantic', 'json', 'networkx') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
