"""AOTInductor: machine code for this kind of machine, which C++ can run without Python."""

from __future__ import annotations

import os
import re
import tempfile
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from subprocess import SubprocessError
from typing import Any

import torch
from torch import Tensor

from archlang.diagnostics.catalog.targets import CannotRun, NeedsCompiler, NotForTarget
from archlang.problems import about_network
from archlang.targets.job import Job, Runner, results
from archlang.targets.metadata import metadata
from archlang.targets.program import REFUSALS, reason
from archlang.targets.registry import KINDS

_SOURCES = (".cpp", "_CxxBuild")
"""What of a package is not needed to run it: the C++ that was compiled."""
_STAMP = (1980, 1, 1, 0, 0, 0)


class Aoti:
    """Compiles by AOTInductor, with the weights frozen into the code."""

    kind = KINDS["aoti"]

    def prepare(self, job: Job) -> None:
        """
        Raises:
            SpecError: there is no C++ compiler (E0914).
        """
        from torch._inductor import config, exc
        from torch._inductor.cpp_builder import get_cpp_compiler

        try:
            get_cpp_compiler()
        except exc.InvalidCxxCompiler:
            asked: Any = config.cpp.cxx
            names = (asked,) if isinstance(asked, str) else asked
            tried = tuple(str(name) for name in names if name)
            raise about_network(job.graph, NeedsCompiler(tried)) from None

    def write(self, job: Job, path: Path) -> tuple[Path, ...]:
        """The package, without the sources and the paths that inductor leaves in it."""
        from torch._inductor import aoti_compile_and_package, config  # pyright: ignore[reportUnknownVariableType]  # torch leaves out types

        raw = path.with_name("compiled.pt2")
        settings = {
            "freezing": True,
            "aot_inductor.metadata": metadata(job),
            "aot_inductor.enable_line_tables": False,
        }
        program = job.program
        try:
            with _set(config, settings), torch.no_grad(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                aoti_compile_and_package(program, package_path=str(raw))
        except (*REFUSALS, OSError, SubprocessError) as error:
            problem = NotForTarget("AOTInductor", "", "", reason(error), "choose --to pt2")
            raise about_network(job.graph, problem) from None
        _repack(raw, path)
        raw.unlink()
        return (path,)

    def runner(self, job: Job, path: Path) -> Runner:
        """By `torch._inductor.aoti_load_package`.

        Raises:
            SpecError: torch does not load it (E0918).
        """
        from torch._inductor import aoti_load_package

        try:
            model = aoti_load_package(str(path))
        except RuntimeError as error:
            problem = CannotRun(path.name, "torch", reason(error))
            raise about_network(job.graph, problem) from None

        def run(inputs: Sequence[Tensor]) -> Sequence[Tensor]:
            with torch.no_grad():
                return results(model(*inputs))

        return run


def _set(config: Any, settings: dict[str, Any]) -> Any:
    """Inductor's settings for a while: they are global."""
    return config.patch(settings)


def _repack(raw: Path, path: Path) -> None:
    """The same package with neither sources nor paths, its folder called after the file."""
    roots = _roots()
    folder = path.name.removesuffix(".pt2")
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.infolist():
            if entry.filename.endswith(_SOURCES):
                continue
            inside = PurePosixPath(folder, *PurePosixPath(entry.filename).parts[1:])
            item = zipfile.ZipInfo(str(inside), _STAMP)
            with old.open(entry) as source, new.open(item, "w", force_zip64=True) as target:
                target.write(without_roots(source.read(), roots))


def _roots() -> tuple[bytes, ...]:
    """The folders of this machine that a compiler may have left in what it wrote."""
    from torch._inductor.runtime.cache_dir_utils import cache_dir

    torch_home = Path(torch.__file__).parents[1]
    folders = {
        cache_dir(),
        str(torch_home),
        tempfile.gettempdir(),
        str(Path.home()),
        str(Path.cwd()),
    }
    return tuple(sorted((os.fsencode(f) for f in folders if len(f) > 3), key=len, reverse=True))


def without_roots(data: bytes, roots: Sequence[bytes]) -> bytes:
    """The same bytes with the names of folders blotted out, each by as many letters.

    In machine code they stand in messages of failed checks, and in where to look for torch, which
    has been loaded already by whoever loads the package.
    """
    for root in roots:
        data = re.sub(re.escape(root) + rb"(?=[/\x00])", b"/" + b"_" * (len(root) - 1), data)
    return data


TARGET = Aoti()
