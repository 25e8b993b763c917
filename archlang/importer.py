"""The import hook: after `import archlang.importer`, `from specs.resnet import ResNet50` works.

A module `a.b` is looked for as `a/b.arch` wherever Python looks for modules. What Python itself
finds under that name comes first, so no module or package is ever hidden by a spec.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib.abc import ExecutionLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from archlang.diagnostics.model import Diagnostic, Diagnostics, SpecError

__all__ = ["SpecFinder", "SpecImportError", "SpecLoader", "install", "uninstall"]

SUFFIX = ".arch"


class SpecImportError(SpecError, ImportError):
    """A spec that cannot be imported, for its mistakes. Its text is the rendered diagnostics."""

    def __init__(self, diagnostics: Sequence[Diagnostic], name: str, path: str) -> None:
        super().__init__(diagnostics)
        self.name = name
        self.path = path


class SpecFinder(MetaPathFinder):
    """Finds specs where Python finds no module."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """How to import the spec of that name; None if there is none, or Python has a module."""
        name = fullname.rpartition(".")[2] + SUFFIX
        for file in _candidates(name, sys.path if path is None else path):
            if self._is_taken(fullname, path, target):
                return None
            loader = SpecLoader(fullname, str(file))
            return spec_from_file_location(fullname, file, loader=loader)
        return None

    def _is_taken(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> bool:
        """Whether any other finder knows a module of that name. A folder alone is none."""
        for finder in sys.meta_path:
            if finder is not self:
                found = finder.find_spec(fullname, path, target)
                if found is not None and found.loader is not None:
                    return True
        return False


def _candidates(name: str, folders: Sequence[str]) -> Iterator[Path]:
    for folder in folders:
        file = Path(folder or ".").absolute() / name
        try:
            # The folder is listed because some file systems take `Unet.arch` for `unet.arch`.
            is_there = file.is_file() and file in file.parent.iterdir()
        except OSError:  # a folder that may not be read, or a name that no file can have
            continue
        if is_there:
            yield file


class SpecLoader(ExecutionLoader):
    """Makes a spec a module whose names are its networks. No bytecode is kept, so none gets old."""

    def __init__(self, fullname: str, path: str) -> None:
        self._name = fullname
        self._path = path

    def exec_module(self, module: ModuleType) -> None:
        """Check the spec and put its networks into the module.

        Raises:
            SpecImportError: the spec has mistakes; a module that is reloaded stays as it was.
        """
        from archlang.compiler import examine
        from archlang.tooling.factory import NetworkFactory

        sink = Diagnostics()
        spec = examine(Path(self._path), sink, _shown(self._path))
        if sink.has_errors:
            raise SpecImportError(list(sink), self._name, self._path)
        for name in getattr(module, "__all__", ()):
            vars(module).pop(name, None)
        module.__doc__ = f"Networks of {_shown(self._path)}."
        networks = {
            n: NetworkFactory(spec, unit, module.__name__) for n, unit in spec.networks.items()
        }
        vars(module).update(networks, __all__=list(networks))

    def get_filename(self, fullname: str) -> str:
        """The path of the spec."""
        return self._path

    def get_source(self, fullname: str) -> str:
        """The text of the spec.

        Raises:
            ImportError: it cannot be read.
        """
        try:
            return Path(self._path).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ImportError(str(error), name=fullname, path=self._path) from error

    def get_code(self, fullname: str) -> None:
        """None: a spec is data, there is no Python in it."""

    def is_package(self, fullname: str) -> bool:
        """A spec has no modules below it."""
        return False


def _shown(path: str) -> str:
    """How diagnostics call a spec: from the current folder, where it lies below that."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return path


def install() -> None:
    """Let `import` find specs. Doing it again does nothing."""
    if not any(isinstance(finder, SpecFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, SpecFinder())


def uninstall() -> None:
    """Let `import` find no specs any more; modules that were imported stay."""
    sys.meta_path[:] = [f for f in sys.meta_path if not isinstance(f, SpecFinder)]


install()
