"""What goes wrong, as a message and an exit code; nobody is shown a traceback."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress

import typer

from archlang.cli.page import complain, show_mistakes
from archlang.diagnostics.model import SpecError
from archlang.diagnostics.suggest import closest
from archlang.figures.errors import DrawingError

MISTAKE = 1
INTERRUPTED = 130
"""128 and the signal's number, as shells have it."""
PIPE_CLOSED = 141
_NO_CHOICE = re.compile(r"'(.*)' is not one of ('.*')\.?", re.DOTALL)


@contextmanager
def reported() -> Generator[None]:
    """Run a command.

    Raises:
        typer.Exit: it failed; the message was printed.
    """
    try:
        yield
        sys.stdout.flush()
    except typer.BadParameter as error:
        error.message = plain_words(error.message)
        raise
    except SpecError as error:
        show_mistakes(error.diagnostics, sys.stderr)
        raise typer.Exit(MISTAKE) from None
    except BrokenPipeError:
        _forget_stdout()
        raise typer.Exit(PIPE_CLOSED) from None
    except (DrawingError, OSError) as error:
        complain(str(error))
        raise typer.Exit(MISTAKE) from None
    except KeyboardInterrupt:
        complain("interrupted")
        raise typer.Exit(INTERRUPTED) from None


def plain_words(message: str) -> str:
    """What typer says of a value, without the words of pydantic, which some versions check it by;
    of a choice that is none, with the one that may be meant."""
    message = message.removeprefix("Value error, ")
    found = _NO_CHOICE.fullmatch(message)
    if found is None:
        return message
    word, choices = found[1], re.findall(r"'([^']*)'", found[2])
    begun = [choice for choice in choices if word and choice.startswith(word)]
    near = begun[0] if len(begun) == 1 else closest(word, choices)
    meant = f"; did you mean {near}?" if near else ""
    return f"{word!r} is none of {', '.join(choices)}{meant}"


def _forget_stdout() -> None:
    """Nobody reads any more, so what Python would still write at its end goes nowhere."""
    with suppress(OSError):  # a test's stdout is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
