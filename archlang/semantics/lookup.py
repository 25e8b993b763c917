"""What a name, an attribute or an index stands for, and what to say where it stands for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from archlang.diagnostics.catalog.names import UnboundIndex, UnknownLayer, UnknownName
from archlang.diagnostics.model import Fix, Mistake
from archlang.diagnostics.suggest import LAYER_ALIASES, closest, remark
from archlang.graph import Tensor
from archlang.ops.base import Dims
from archlang.semantics.builtins import METRICS
from archlang.semantics.joining import is_operator, joined
from archlang.semantics.values import PartialIndex, Target, Value
from archlang.syntax import tree
from archlang.zoo import zoo

_CONSTANTS = frozenset({"True", "False", "None"})


def unknown_name(e: tree.Name, visible: Iterable[str]) -> Mistake:
    """The mistake of a name without a meaning."""
    hint = _from_zoo(e.id)
    near = None if hint else closest(e.id, list(visible), LAYER_ALIASES)
    hint = hint or remark(e.id)
    if e.id in METRICS:
        hint = f"{e.id} is known only in an assert; the tensor that flows in is called x"
    fix = Fix(e.span, near) if near and not is_operator(near) else None
    if e.id in _CONSTANTS:
        fix = Fix(e.span, e.id.lower())
    return Mistake(UnknownName(name=e.id, suggestion=near, hint=hint), e.span, fix=fix)


def unknown_layer(
    call: tree.Call, visible: Iterable[str], before: tree.Expression | None = None
) -> Mistake:
    """The mistake of a call of a layer that does not exist; `before` is what flows into it."""
    name = call.callee
    assert isinstance(name, tree.Name)
    hint = _from_zoo(name.id)
    near = None if hint else closest(name.id, list(visible), LAYER_ALIASES)
    fix = Fix(name.span, near) if near else None
    if near and is_operator(near):
        fix = joined(call, near, before)
    problem = UnknownLayer(name=name.id, suggestion=near, hint=hint or remark(name.id))
    return Mistake(problem, name.span, fix=fix)


def _from_zoo(name: str) -> str | None:
    """How a network of the zoo is brought in."""
    if not name[:1].isupper() or name not in zoo():
        return None
    return f'bring it in from the zoo: use {name} from "zoo/{zoo()[name].name}"'


def attributes(value: Tensor | Target) -> dict[str, Value]:
    shape = value.shape
    found: dict[str, Value] = {"channels": shape[0], "shape": Dims(shape), "rank": len(shape) - 1}
    if isinstance(value, Target):
        found["stride"] = value.stride
    if len(shape) == 1:
        found["features"] = shape[0]
    else:
        found["size"] = Dims(shape[1:])
    if len(shape) == 2:
        found["length"] = shape[1]
    if len(shape) >= 3:
        found["height"], found["width"] = shape[-2], shape[-1]
    if len(shape) == 4:
        found["depth"] = shape[1]
    return found


def indexed(partial: PartialIndex, index: Value, e: tree.Index) -> Value:
    path = (*partial.index, index)
    tensors = partial.indexed.tensors
    if path in tensors:
        return tensors[path]
    if any(key[: len(path)] == path for key in tensors):
        return PartialIndex(partial.indexed, path)

    def written(key: tuple[Any, ...]) -> str:
        return partial.indexed.name + "".join(f"[{i}]" for i in key)

    known = tuple(written(key) for key in tensors)
    raise Mistake(UnboundIndex(name=written(path), known=known), e.span)
