"""What `archlang fmt` does: files, or stdin, in the one format."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import TextIO

from archlang.cli.files import spec_files
from archlang.cli.page import coloured, complain, show_mistakes, tracked
from archlang.diagnostics.catalog.syntax import NotText
from archlang.diagnostics.model import Diagnostics, Mistake, SpecError
from archlang.diagnostics.render.display import visible_text
from archlang.diagnostics.render.pen import Pen, Style
from archlang.files import OutputError, write_all
from archlang.formatting import format_text
from archlang.semantics.places import Disk
from archlang.source import Source, Span
from archlang.syntax.parse import MAX_BYTES

STDIN = "<stdin>"
_ENVIRONMENT = "pyvenv.cfg"
"""What lies in the folder of a virtual environment, whose specs are somebody else's."""


@dataclass(slots=True)
class _Count:
    """What became of the files."""

    changed: int = 0
    same: int = 0
    failed: int = 0


def format_files(paths: Sequence[Path], *, check: bool, diff: bool, at_sign: bool) -> bool:
    """Format files, and those in folders; say what was done. Whether all went well.

    A file that cannot be read, parsed or written does not keep the others from being formatted.
    With `check` or `diff` nothing is written; with `check` a file that would change is no success.
    """
    sink = Diagnostics()
    files = list(_own(spec_files(paths, sink), paths))
    show_mistakes(sink, sys.stderr)
    count = _Count(failed=len(sink))
    for file in tracked(files, "formatting"):
        try:
            before, after = _formatted(file, at_sign)
            if before == after:
                count.same += 1
                continue
            if diff:
                _show_diff(before, after, str(file))
            elif check:
                print(visible_text(f"would reformat {file}"))
            else:
                write_all({file: after})
            count.changed += 1
        except SpecError as error:
            show_mistakes(error.diagnostics, sys.stderr)
            count.failed += 1
        except OutputError as error:
            complain(str(error))
            count.failed += 1
    print(_result(count, only_said=check or diff), file=sys.stderr if diff else sys.stdout)
    return not count.failed and not (check and count.changed)


def format_stdin(*, check: bool, diff: bool, at_sign: bool) -> bool:
    """Format stdin to stdout; whether it went well, as of a file.

    Raises:
        SpecError: it is no spec; then nothing is written.
    """
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    before = _decoded(data)
    after = format_text(before, STDIN, ascii=at_sign)
    if diff:
        _show_diff(before, after, STDIN)
    elif not check:
        sys.stdout.buffer.write(after.encode())
    elif before != after:
        print(f"would reformat {STDIN}")
    return not check or before == after


def _own(files: Sequence[Path], given: Sequence[Path]) -> Iterator[Path]:
    """The files to format: a link is followed only where it is named itself, and what lies in a
    virtual environment is left alone, unless that is named."""
    seen: set[Path] = set()
    for file in files:
        found = file not in given
        roots = [path for path in given if path in file.parents or path == Path()]
        inner = [folder for folder in file.parents if folder not in given and folder not in roots]
        if found and (file.is_symlink() or any((f / _ENVIRONMENT).is_file() for f in inner)):
            continue
        if (place := file.resolve()) not in seen:
            seen.add(place)
            yield file


def _formatted(file: Path, at_sign: bool) -> tuple[str, str]:
    """The text of a file, with its byte-order mark and line ends, and its format.

    Raises:
        SpecError: it cannot be read, or does not parse.
    """
    source = Source(str(file), "", file)
    try:
        text = Disk().read(file, str(file), Span(source, 0, 0)).text
        before = file.read_bytes().decode("utf-8")
    except (Mistake, OSError) as error:
        sink = Diagnostics()
        if isinstance(error, OSError):  # it vanished meanwhile
            raise SpecError(sink) from None
        sink.report_mistake(error, Span(source, 0, 0))
        raise SpecError(sink) from None
    return before, format_text(text, str(file), ascii=at_sign)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        sink = Diagnostics()
        problem = NotText(offset=error.start, byte=data[error.start])
        sink.report(problem, Span(Source(STDIN, ""), 0, 0))
        raise SpecError(sink) from None


def _show_diff(before: str, after: str, name: str) -> None:
    pen = Pen(coloured(sys.stdout))
    rows = unified_diff(_rows(before), _rows(after), name, name, lineterm="")
    for row in rows:
        print(pen(_visible(row, sys.stdout), _style(row)))


def _rows(text: str) -> list[str]:
    """The lines of a text as a diff has them; one that is not ended says so."""
    *rows, last = text.split("\n")
    return [*rows, f"{last}\n\\ No newline at end of file"] if last else rows


def _style(row: str) -> Style:
    if row.startswith(("---", "+++")):
        return Style.BOLD
    if row.startswith("@@"):
        return Style.SECONDARY
    return {"+": Style.ADDED, "-": Style.REMOVED}.get(row[:1], Style.PLAIN)


def _visible(row: str, stream: TextIO) -> str:
    """On a terminal nothing is hidden; in a pipe the diff is one that can be applied."""
    return visible_text(row) if stream.isatty() else row


def _result(count: _Count, *, only_said: bool) -> str:
    """`3 files reformatted, 12 left as they were`."""
    would = "would be " if only_said else ""
    parts = [f"{_files(count.changed)} {would}reformatted"]
    if count.same:
        parts.append(f"{count.same} {'already formatted' if only_said else 'left as they were'}")
    if count.failed:
        parts.append(f"{count.failed} could not be formatted")
    return ", ".join(parts)


def _files(number: int) -> str:
    return f"{number} file{'' if number == 1 else 's'}"
