"""Which specs are meant, and where outputs go."""

from __future__ import annotations

import keyword
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from archlang.diagnostics.catalog.syntax import UnreadableFile
from archlang.diagnostics.model import Diagnostics
from archlang.files import OutputError
from archlang.mistaken import empty_folder
from archlang.source import Source, Span


def spec_files(paths: Iterable[Path], sink: Diagnostics) -> list[Path]:
    """The specs at some paths, each once; of a folder all that lie in it, sorted.

    Hidden folders are left out. A folder without a spec is reported: checking nothing is not fine.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        inside = sorted(_specs_in(path)) if _is_folder(path) else [path]
        if not inside:
            found_there = empty_folder(path)
            problem = UnreadableFile(str(path), found_there.reason, way=found_there.way)
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


def figure_path(out: Path | None, network: str) -> Path:
    """The figure to write: `-o` itself, or `NETWORK.svg` in that folder."""
    folder = Path("build") if out is None else out
    return folder / f"{module_name(network)}.svg" if out is None or out.is_dir() else out
