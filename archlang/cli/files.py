"""Files in and out: which specs are meant, and outputs that are written whole or not at all."""

from __future__ import annotations

import keyword
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from archlang.diagnostics.catalog.syntax import UnreadableFile
from archlang.diagnostics.model import Diagnostics
from archlang.source import Source, Span


class OutputError(Exception):
    """A file that cannot be written; its text says which and why."""


def spec_files(paths: Iterable[Path], sink: Diagnostics) -> list[Path]:
    """The specs at some paths, each once; of a folder all that lie in it, sorted.

    Hidden folders are left out. A folder without a spec is reported: checking nothing is not fine.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        inside = sorted(_specs_in(path)) if _is_folder(path) else [path]
        if not inside:
            problem = UnreadableFile(file=str(path), reason="the folder holds no .arch file")
            sink.report(problem, Span(Source(str(path), "", path), 0, 0))
        for file in inside:
            found.setdefault(file.absolute(), file)
    return list(found.values())


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that no file can have: reading it says so, with a code and a way out
        return False


def _specs_in(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*.arch"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file():
            yield path


def module_name(network: str) -> str:
    """The name of a generated module: `ResNet50` is written to `resnet50.py`.

    A name that Python or torch needs for itself gets `_net` behind it, so that the module can be
    imported and hides nothing.
    """
    name = network.lower()
    taken = keyword.iskeyword(name) or name in sys.stdlib_module_names or name == "torch"
    return f"{name}_net" if taken else name


def output_path(out: Path | None, network: str) -> Path:
    """The `.py` file to write: `-o` itself if it ends in `.py`, else a file in that folder.

    Raises:
        OutputError: `-o` names a file that is no Python file.
    """
    folder = Path("build") if out is None else out
    if folder.suffix == ".py" and not folder.is_dir():
        return folder
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"cannot write to {folder}: it is neither a folder nor a .py file")
    return folder / f"{module_name(network)}.py"


def write_all(texts: Mapping[Path, str]) -> None:
    """Write files so that all of them are there in full, or none.

    Every text is first written beside its target, then all are moved into place.

    Raises:
        OutputError: a file cannot be written; what was there before is as it was.
    """
    waiting: dict[Path, Path] = {}
    path = Path()
    try:
        for path, text in texts.items():
            target = path.resolve()  # a link is followed, not replaced
            if target.is_dir():
                raise OutputError(f"cannot write {path}: it is a folder")
            target.parent.mkdir(parents=True, exist_ok=True)
            waiting[target] = _beside(target)
            with waiting[target].open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        for path, aside in waiting.items():
            _hold_mode(path, aside)
        for path, aside in waiting.items():
            aside.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {_reason(error)}") from None
    finally:
        for aside in waiting.values():
            with suppress(OSError):
                aside.unlink()


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.urandom(4).hex()}.tmp")


def _hold_mode(target: Path, aside: Path) -> None:
    """A file that is replaced keeps its permissions; one that may not be written stays.

    Raises:
        PermissionError: the target is there and write-protected.
    """
    if not target.exists():
        return
    if not os.access(target, os.W_OK):
        raise PermissionError(13, os.strerror(13), str(target))
    aside.chmod(target.stat().st_mode & 0o777)


def _reason(error: OSError) -> str:
    match error:
        case FileExistsError() | NotADirectoryError():
            return "a part of the path is a file, not a folder"
        case _:
            return (error.strerror or str(error)).lower()
