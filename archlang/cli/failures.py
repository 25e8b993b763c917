"""What goes wrong, as a message and an exit code; nobody is shown a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress

import typer

from archlang.cli.page import complain, show_mistakes
from archlang.diagnostics.model import SpecError
from archlang.figures.errors import DrawingError

MISTAKE = 1
INTERRUPTED = 130
"""128 and the signal's number, as shells have it."""
PIPE_CLOSED = 141


@contextmanager
def reported() -> Generator[None]:
    """Run a command.

    Raises:
        typer.Exit: it failed; the message was printed.
    """
    try:
        yield
        sys.stdout.flush()
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


def _forget_stdout() -> None:
    """Nobody reads any more, so what Python would still write at its end goes nowhere."""
    with suppress(OSError):  # a test's stdout is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
