"""`archlang watch`: serve the page of a spec until Ctrl-C."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event

import typer

from archlang.cli.settings import BadFormError, settings
from archlang.compiler import Address, build, is_saved
from archlang.diagnostics.model import Diagnostics, SpecError
from archlang.diagnostics.render.display import visible_text
from archlang.watching import serve
from archlang.watching.editor import EditorError, editor_for


def watch_spec(
    spec: str, given: Sequence[str], *, port: int, open_browser: bool, editor: str | None
) -> None:
    """Serve the page, and wait for Ctrl-C.

    Raises:
        SpecError: there is no such file, or a value of `--set` has mistakes.
        PortError: the port cannot be had.
        typer.BadParameter: wrong usage.
    """
    address = Address.parse(spec)
    if is_saved(address.file):
        raise typer.BadParameter("a saved file does not change; watch its .arch file")
    try:
        parameters = settings(given)
        opened_in = editor_for(editor)
    except BadFormError as error:
        raise typer.BadParameter(str(error), param_hint="--set") from None
    except EditorError as error:
        raise typer.BadParameter(str(error), param_hint="--editor") from None
    _hold_there(address)
    watcher = serve(
        address.file, address.network, port=port, open_browser=open_browser,
        parameters=parameters, editor=opened_in,
    )  # fmt: skip
    with watcher:
        print(f"watching {visible_text(spec)} at {watcher.url} (Ctrl-C to stop)", flush=True)
        try:
            Event().wait()
        except KeyboardInterrupt:
            print("\nstopped")


def _hold_there(address: Address) -> None:
    """Hold that there is a file; one with mistakes is watched, one that is mistyped is not.

    Raises:
        SpecError: there is none, or it is no spec.
    """
    if not address.file.is_file() or address.file.suffix != ".arch":
        sink = Diagnostics()
        if build(address, {}, sink) is None:
            raise SpecError(sink)
