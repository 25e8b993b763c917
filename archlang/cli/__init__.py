"""The command line: `main` starts it; the commands stand in `app`."""

from __future__ import annotations

import gc
import io
import os
import sys


def main() -> None:
    """Run the command that the arguments of the process name, and exit with its code."""
    # A command makes many small objects, keeps nearly all of them and ends: looking for garbage
    # every few hundred of them, as Python does, takes a tenth of the time of a check.
    gc.set_threshold(100_000, 20, 20)
    # pydantic would look through all installed packages for plugins; a spec has no use for them
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # `→` must not stop a pipe that knows only ASCII
            stream.reconfigure(errors="replace")
    try:
        from archlang.cli.app import run

        run(sys.argv[1:])
    except KeyboardInterrupt:  # while Python still imports; later ones are reported by the commands
        sys.exit(130)
