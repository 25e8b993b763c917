"""The parameters that may still be given to a block or network, through every name it goes by."""

from __future__ import annotations

from archlang.semantics.limits import MAX_NESTING
from archlang.semantics.values import Unit
from archlang.syntax import tree


def open_parameters(unit: Unit) -> tuple[tree.Parameter, ...]:
    """The parameters that may still be given to a block or network.

    A network declared with `=` and without parameters of its own has those of what it stands for,
    less what is named there. Only the names matter here, so no value is computed.
    """
    calls: list[tree.Expression] = []
    target = _alias_target(unit)
    while target is not None and len(calls) < MAX_NESTING:
        assert isinstance(unit.declaration, tree.Network)
        calls.append(unit.declaration.alias or unit.declaration.base)  # pyright: ignore[reportArgumentType]  # it has a target
        unit, target = target, _alias_target(target)
    parameters = unit.declaration.parameters
    for call in reversed(calls):
        taken = _named_in(call, parameters)
        parameters = tuple(p for p in parameters if p.name not in taken)
    return parameters


def _alias_target(unit: Unit) -> Unit | None:
    """What a network without parameters of its own stands for; None if nothing, or unclear."""
    declaration = unit.declaration
    if not isinstance(declaration, tree.Network) or declaration.parameters:
        return None
    behind = declaration.alias or declaration.base
    callee = behind.callee if isinstance(behind, tree.Call) else behind
    target = unit.env.find(callee.id) if isinstance(callee, tree.Name) else None
    return target if isinstance(target, Unit) else None


def _named_in(call: tree.Expression, parameters: tuple[tree.Parameter, ...]) -> set[str]:
    """The parameters that a call gives, by name or by place."""
    if not isinstance(call, tree.Call):
        return set()
    by_place = zip(call.arguments, parameters, strict=False)
    return {a.name or p.name for a, p in by_place} | {a.name for a in call.arguments if a.name}
