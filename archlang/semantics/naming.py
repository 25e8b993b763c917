"""Paths: how layers are called in `state_dict`.

A kept name is the name. Without one it is the kind and a count from 1 (`conv1`, `bn1`, `conv2`);
copies of a repeated unit, and the units of a named run, count from 0 (`layer1.0.conv1`).
"""

from __future__ import annotations

import keyword
import re
from collections import defaultdict
from collections.abc import Collection
from functools import cache
from itertools import count

from archlang.diagnostics.catalog.names import BoundTwice, ReservedName
from archlang.diagnostics.model import Mistake
from archlang.graph import Scope
from archlang.semantics.kept import Kept
from archlang.source import Span

# Attributes that torch's modules and graph modules have already; a child would hide them.
TAKEN_BY_TORCH = frozenset(
    [
        "add_module",
        "apply",
        "bfloat16",
        "buffers",
        "call_super_init",
        "children",
        "code",
        "compile",
        "cpu",
        "cuda",
        "delete_all_unused_submodules",
        "delete_submodule",
        "double",
        "dump_patches",
        "eval",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_extra_state",
        "get_parameter",
        "get_submodule",
        "graph",
        "half",
        "ipu",
        "load_state_dict",
        "meta",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "print_readable",
        "recompile",
        "register_backward_hook",
        "register_buffer",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_module",
        "register_parameter",
        "register_state_dict_post_hook",
        "register_state_dict_pre_hook",
        "requires_grad_",
        "set_extra_state",
        "set_submodule",
        "shape_env",
        "share_memory",
        "state_dict",
        "to",
        "to_empty",
        "to_folder",
        "train",
        "training",
        "type",
        "xpu",
        "zero_grad",
        "add_submodule",
        "T_destination",
    ]
)
SELF_NAMES = frozenset({"self", "super", "torch", "nn", "F", "operator", "Tensor", "runtime"})


def reserved(name: str) -> str | None:
    """Why a name cannot be carried into Python and `state_dict`; None if it can."""
    if keyword.iskeyword(name) or name in ("match", "case"):
        return "it is a word of Python, and the compiled module is Python"
    if name.startswith("_"):
        return "names of a compiled module do not begin with an underscore"
    if name in TAKEN_BY_TORCH:
        return f"every PyTorch module already has .{name}"
    if name in SELF_NAMES:
        return "generated Python uses this name itself"
    return None


@cache
def kind_of(name: str) -> str:
    """A block's name as a kind: `DoubleConv` → `double_conv`."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    return f"{snake}_" if snake[-1].isdigit() else snake


class Naming:
    """Hands out the names within the scopes of one network; none twice."""

    def __init__(self) -> None:
        self._counts: defaultdict[int, defaultdict[str, int]] = defaultdict(
            lambda: defaultdict(int)
        )
        self._kept: defaultdict[int, set[str]] = defaultdict(set)
        self._indexed: defaultdict[int, set[str]] = defaultdict(set)
        self._given: defaultdict[int, set[str]] = defaultdict(set)

    def reserve(self, scope: Scope, kept: Kept) -> None:
        """Keep automatic names away from names that the lines of a scope keep themselves."""
        self._kept[id(scope)] |= kept.names
        self._indexed[id(scope)] |= kept.indexed

    def automatic(self, scope: Scope, kind: str) -> str:
        """The next free name of a kind: kind and count from 1.

        Where the spec itself counts under that word (`stage[i] = …`), `stage_1`, `stage_2`, ….
        """
        counts, given, kept = self._counts[id(scope)], self._given[id(scope)], self._kept[id(scope)]
        if kind in self._indexed[id(scope)]:
            kind = f"{kind}_"
        while True:
            counts[kind] += 1
            name = f"{kind}{counts[kind]}"
            if name not in given and name not in kept:
                given.add(name)
                return name

    def beside(self, scope: Scope, kind: str, avoid: Collection[str]) -> str:
        """A name of a kind for what is put in later: one that nothing else will ask for."""
        taken = self._given[id(scope)] | self._kept[id(scope)] | set(avoid)
        chosen = next(n for i in count(1) if (n := f"{kind}{i}") not in taken)
        self._given[id(scope)].add(chosen)
        return chosen

    def hold(self, scope: Scope, name: str) -> None:
        """Keep a name that nothing has any more, so that what comes after keeps its own."""
        if name.isdigit():
            self._counts[id(scope)][""] += 1
        self._given[id(scope)].add(name)

    def position(self, scope: Scope) -> str:
        """The next position of a unit in a named run, from 0."""
        counts = self._counts[id(scope)]
        counts[""] += 1
        return str(counts[""] - 1)

    def claim(self, scope: Scope, name: str, span: Span) -> None:
        """Take a name given by the spec.

        Raises:
            Mistake: it is taken, or Python and torch cannot carry it.
        """
        why = reserved(name)
        if why is not None:
            raise Mistake(ReservedName(name=name, why=why), span)
        given = self._given[id(scope)]
        above = name.rpartition(".")[0]
        if {name, f"{name}.…"} & given or (above and above in given):
            raise Mistake(BoundTwice(name=name), span)
        given |= {name} | ({f"{above}.…"} if above else set())

    def fresh(self, scope: Scope, name: str) -> str:
        """A name, or the first of `name_2`, `name_3`, … that is free."""
        taken = self._given[id(scope)] | self._kept[id(scope)]
        names = (name if i == 1 else f"{name}_{i}" for i in count(1))
        chosen = next(n for n in names if n not in taken)
        self._given[id(scope)].add(chosen)
        return chosen


def join(path: str, name: str) -> str:
    """A path one level down."""
    return f"{path}.{name}" if path else name
