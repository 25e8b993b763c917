"""Key maps: a file that says which tensor of a foreign checkpoint is which of the network's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from os import PathLike, fspath
from pathlib import Path

from archlang.diagnostics.catalog.keymaps import BadKeyMap, OtherCheckpoint, UnfinishedKeyMap
from archlang.diagnostics.suggest import closest
from archlang.files import open_regular
from archlang.source import Source, Span
from archlang.weights.checkpoint import Checkpoint
from archlang.weights.keys.entries import (
    TITLE,
    VERSION,
    check_entries,
    place,
    read_entries,
    refuse,
    wrong,
)
from archlang.weights.keys.match import Proposal, Theirs

MAX_BYTES = 16 * 2**20
MAX_CANDIDATES = 20
"""How many candidates of one tensor are written; networks may have hundreds of like layers."""
_NOWHERE = Source("key map", "")


@dataclass(frozen=True)
class KeyMap:
    """For each tensor of a network the tensor of a checkpoint that it is."""

    network: str
    tensors: Mapping[str, Theirs]
    """By our names; no tensor of theirs is there twice."""
    ambiguous: Mapping[str, tuple[Theirs, ...]] = field(
        default_factory=dict[str, tuple[Theirs, ...]]
    )
    """What is still to be decided: for tensors of ours what they may be."""
    missing: tuple[str, ...] = ()
    """Tensors of ours that the checkpoint has nothing for. They are listed for the reader."""
    unused: tuple[str, ...] = ()
    """Tensors of theirs that the network has no use for."""
    source: Source = field(default=_NOWHERE, compare=False, repr=False)
    """The text it was read from, which mistakes are shown in."""

    @classmethod
    def of(cls, network: str, proposal: Proposal) -> KeyMap:
        """The map that a proposal makes."""
        return cls(
            network=network,
            tensors={pair.ours: Theirs(pair.theirs, pair.reshape) for pair in proposal.pairs},
            ambiguous=proposal.ambiguous,
            missing=proposal.missing,
            unused=proposal.unused,
        )

    @classmethod
    def read(cls, source: str | PathLike[str] | Mapping[str, str]) -> KeyMap:
        """Read a map from a file; or take a dict, from our names to theirs.

        Raises:
            SpecError: the file cannot be read, is no key map or contradicts itself (E0712).
        """
        if isinstance(source, Mapping):
            content = source if TITLE in source else {TITLE: VERSION, "tensors": source}
            return cls(*check_entries(content, _NOWHERE))
        text = _text(Path(fspath(source)))
        return cls(*read_entries(text), source=text)

    def rename(self, checkpoint: Checkpoint) -> Checkpoint:
        """The tensors of a checkpoint under our names, in the shapes that the map says.

        What is listed as unused is left out. Tensors of ours that the map does not have are not
        there either; loading will complain of them.

        Raises:
            SpecError: something is still ambiguous (E0716), the map names tensors that the
                checkpoint lacks or lacks some that it has (E0717), or a shape does not fit (E0712).
        """
        self._hold_decided()
        self._hold_same_names(checkpoint)
        tensors = {
            ours: self._reshaped(ours, theirs, checkpoint.tensors[theirs.name])
            for ours, theirs in self.tensors.items()
        }
        return replace(checkpoint, tensors=tensors, builder="")

    def _hold_decided(self) -> None:
        names = tuple(name for name in self.ambiguous if name not in self.tensors)
        if names:
            raise wrong(UnfinishedKeyMap(names), place(self.source, names[0]))

    def _hold_same_names(self, checkpoint: Checkpoint) -> None:
        named = [theirs.name for theirs in self.tensors.values()] + list(self.unused)
        lacking = tuple(name for name in named if name not in checkpoint.tensors)
        known = set(named)
        unnamed = tuple(name for name in checkpoint.tensors if name not in known)
        if lacking:
            near = closest(lacking[0], unnamed) or ""
            problem = OtherCheckpoint(checkpoint.origin, lacking, unnamed, near)
            raise wrong(problem, place(self.source, lacking[0], value=True))
        if unnamed:
            problem = OtherCheckpoint(checkpoint.origin, (), unnamed)
            raise wrong(problem, Span(self.source, 0, 0))

    def _reshaped(self, ours: str, theirs: Theirs, tensor: object) -> object:
        if theirs.reshape is None:
            return tensor
        from torch import Tensor

        if not isinstance(tensor, Tensor):
            return tensor  # refused when it is loaded
        if tensor.numel() != prod(theirs.reshape):
            have, want = _shape(tensor.shape), _shape(theirs.reshape)
            refuse(
                self.source,
                f"{theirs.name!r} is {have} and cannot be read as {want}",
                ours,
                f"{tensor.numel():,} numbers, not {prod(theirs.reshape):,}",
                f"write the shape of {ours!r} in the network; archlang weights match knows it",
            )
        return tensor.reshape(theirs.reshape)

    def text(self) -> str:
        """The map as a file: JSON, one tensor a line, in the order of the network."""
        tensors = [f"{_json(ours)}: {_entry(theirs)}" for ours, theirs in self.tensors.items()]
        ambiguous = [f"{_json(ours)}: [{_choice(some)}]" for ours, some in self.ambiguous.items()]
        parts = (
            f"{_json(TITLE)}: {VERSION}",
            f'"network": {_json(self.network)}',
            f'"tensors": {_block("{}", tensors)}',
            f'"ambiguous": {_block("{}", ambiguous)}',
            f'"missing": {_block("[]", map(_json, self.missing))}',
            f'"unused": {_block("[]", map(_json, self.unused))}',
        )
        return "{\n" + ",\n".join(f"  {part}" for part in parts) + "\n}\n"


def _text(path: Path) -> Source:
    """The text of a map file.

    Raises:
        SpecError: it cannot be read, is too large, or is no text.
    """
    try:
        data = _bytes(path)
        if len(data) <= MAX_BYTES:
            return Source(str(path), data.decode("utf-8-sig"), path)
        reason = f"it is larger than {MAX_BYTES // 2**20} MiB"
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        reason = f"line {line} is not UTF-8, so it is no text"
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    except ValueError:  # a name with a null in it
        reason = "no file can have this name"
    raise wrong(BadKeyMap(reason), Span(Source(str(path), "", path), 0, 0))


def _bytes(path: Path) -> bytes:
    """What a file holds, as far as it may."""
    with open_regular(path) as file:
        return file.read(MAX_BYTES + 1)


def _block(brackets: str, lines: Iterable[str]) -> str:
    inside = ",\n".join(f"    {line}" for line in lines)
    return f"{brackets[0]}\n{inside}\n  {brackets[1]}" if inside else brackets


def _entry(theirs: Theirs) -> str:
    if theirs.reshape is None:
        return _json(theirs.name)
    return f'{{"from": {_json(theirs.name)}, "reshape": {list(theirs.reshape)}}}'


def _choice(several: Sequence[Theirs]) -> str:
    return ", ".join(_shortened(several))


def _shortened(several: Sequence[Theirs]) -> Iterator[str]:
    yield from map(_entry, several[:MAX_CANDIDATES])
    if len(several) > MAX_CANDIDATES:
        yield _json(f"… and {len(several) - MAX_CANDIDATES} more of this shape")


def _json(text: str) -> str:
    """A text in quotes, readable where it can be printed."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _shape(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "a single number"
