"""What a pickle asks for, found without running any of it."""

from __future__ import annotations

import pickletools
import sys
from collections.abc import Sequence
from typing import BinaryIO

_HARMLESS = (
    "collections.OrderedDict",
    "torch._utils.",
    "torch.storage.",
    "builtins.set",
    "__builtin__.set",
)
"""What every checkpoint asks for."""
_STRINGS = ("UNICODE", "STRING")


def asked_for(file: BinaryIO, pickles: int = 1) -> list[str]:
    """The functions and classes that pickles name, in their order: `posix.system`.

    Those that every checkpoint asks for are left out, and `torch`'s own types of storages and
    numbers. What does not read on as a pickle ends the list.

    Args:
        file: where the pickles lie one behind the other.
        pickles: how many there are at most.
    """
    found: dict[str, None] = {}
    for _ in range(pickles):
        try:
            found |= dict.fromkeys(_one(file))
        except (ValueError, IndexError, OverflowError, MemoryError):  # no pickle, or cut off
            break
    return [name for name in found if not _is_harmless(name)]


def is_module(names: Sequence[str]) -> bool:
    """Whether somebody saved a whole `nn.Module`, and its class, or its parts', was refused."""
    if names[0].partition(".")[0] in sys.stdlib_module_names:
        return False
    return any(name.startswith(("torch.nn.modules.", "torchvision.models.")) for name in names)


def _one(file: BinaryIO) -> list[str]:
    """What one pickle names. Module and name are one argument, or the last two strings."""
    names: list[str] = []
    strings: list[str] = []
    memo: dict[object, str] = {}
    for opcode, argument, _ in pickletools.genops(file):
        name = opcode.name
        if name in ("GLOBAL", "INST"):
            names.append(str(argument).replace(" ", ".", 1))
        elif name == "STACK_GLOBAL":
            names.append(".".join(strings[-2:]))
        elif name.endswith(_STRINGS) or "UNICODE" in name:
            strings.append(str(argument))
        elif name == "MEMOIZE" and strings:
            memo[len(memo)] = strings[-1]
        elif name in ("BINPUT", "LONG_BINPUT", "PUT") and strings:
            memo[argument] = strings[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET") and argument in memo:
            strings.append(memo[argument])
    return names


def _is_harmless(name: str) -> bool:
    return name.startswith(_HARMLESS) or (name.count(".") == 1 and name.startswith("torch."))
