"""Which targets there are, and which one a file name or a word of the user means; no torch."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING

from archlang.diagnostics.suggest import closest
from archlang.record import Record

if TYPE_CHECKING:
    from archlang.targets.job import Target


class UnknownTargetError(ValueError):
    """A target or a suffix that there is none of; its text says which are meant."""


class Kind(Record):
    """A target as it is listed; what it does is in a module of its own name."""

    name: str
    suffix: str
    does: str
    runs: bool = True
    """Whether what is written can be run, and so compared with the network."""


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind("py", ".py", "standalone PyTorch source"),
            Kind("pt2", ".pt2", "a program of torch.export"),
            Kind("aoti", ".aoti.pt2", "machine code of AOTInductor"),
            Kind("onnx", ".onnx", "an ONNX model"),
            Kind("safetensors", ".safetensors", "the weights and the spec"),
            Kind("svg", ".svg", "the figure", runs=False),
        )
    }
)
"""All targets, in the order in which they are written."""
_MODULES = {name: name for name in KINDS} | {"py": "source", "svg": "figure", "onnx": "onnx_file"}


def kind_named(name: str) -> Kind:
    """The target of a name.

    Raises:
        UnknownTargetError: there is none.
    """
    if name in KINDS:
        return KINDS[name]
    bare = name.strip().lower().removeprefix(".")
    near = closest(bare, KINDS)
    meant = f"did you mean {near}?" if near else f"there are {', '.join(KINDS)}"
    raise UnknownTargetError(f"there is no target {name!r}; {meant}")


def kind_of(path: PurePath) -> Kind | None:
    """The target that the suffix of a file means, the longest that fits; None if none does."""
    fitting = [kind for kind in KINDS.values() if path.name.endswith(kind.suffix)]
    return max(fitting, key=lambda kind: len(kind.suffix), default=None)


def kind_for(path: PurePath) -> Kind:
    """The target that the suffix of a file means.

    Raises:
        UnknownTargetError: it means none.
    """
    if kind := kind_of(path):
        return kind
    suffixes = {kind.suffix: kind for kind in KINDS.values()}
    near = closest(path.suffix, suffixes) if path.suffix else None
    meant = f"did you mean {near}?" if near else f"there are {', '.join(suffixes)}"
    what = f"no target writes {path.suffix} files" if path.suffix else "the file has no suffix"
    raise UnknownTargetError(f"{path}: {what}; {meant}")


def target_of(kind: Kind) -> Target:
    """What does the work; importing it may import torch."""
    return import_module(f"archlang.targets.{_MODULES[kind.name]}").TARGET
