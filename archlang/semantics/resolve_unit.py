"""Networks that stand for others, `network A = B(…)` and `network A from B(…)`, down to a body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlang.diagnostics.catalog.limits import TooDeep
from archlang.diagnostics.catalog.names import NotALayer
from archlang.diagnostics.catalog.syntax import MisplacedStatement
from archlang.diagnostics.model import Mistake
from archlang.semantics.builtins import what_is
from archlang.semantics.limits import MAX_NESTING, Unresolved
from archlang.semantics.surgery import Edit, Edits
from archlang.semantics.values import UNKNOWN, Env, Unit, describe
from archlang.syntax import tree

if TYPE_CHECKING:
    from archlang.semantics.evaluate import Evaluator


def resolve(unit: Unit, evaluator: Evaluator) -> tuple[Unit, Edits]:
    """The block or network with a body of its own behind `unit`, and the edits gathered on the way.

    Raises:
        Mistake: it stands for something that is no network, or for itself.
        Unresolved: what it stands for is undefined by a mistake that is reported already.
    """
    edits = Edits()
    for _ in range(MAX_NESTING):
        declaration = unit.declaration
        if not isinstance(declaration, tree.Network):
            return unit, edits
        behind = declaration.alias or declaration.base
        if behind is None:
            return unit, edits
        env = parameters(unit, evaluator)
        target = evaluator.value(behind, env)
        if target is UNKNOWN:
            raise Unresolved
        if not isinstance(target, Unit):
            raise Mistake(NotALayer(what=describe(target)), behind.span)
        if declaration.base is not None:
            gather(declaration, env, edits, evaluator)
        own = {p.name for p in declaration.parameters}
        passed = {n: v for n, v in unit.arguments.items() if n not in own}
        unit = Unit(target.declaration, target.env, {**target.arguments, **passed}, complete=True)
    raise Mistake(TooDeep(name=unit.name, limit=MAX_NESTING), unit.declaration.span)


def parameters(unit: Unit, evaluator: Evaluator) -> Env:
    """The scope of a body, with the parameters bound; defaults may use earlier parameters."""
    env = Env(unit.env)
    for parameter in unit.declaration.parameters:
        if what_is(parameter.name) is not None:
            continue  # it keeps its meaning; that this is a mistake was reported with the names
        if parameter.name in unit.arguments:
            env.names[parameter.name] = unit.arguments[parameter.name]
        elif parameter.default is not None:
            env.names[parameter.name] = evaluator.value(parameter.default, env)
    return env


def gather(declaration: tree.Network, env: Env, edits: Edits, evaluator: Evaluator) -> None:
    """Put the edits of a derived network before those that derive from it further.

    Raises:
        Mistake: a statement that has no meaning in a derived network.
    """
    found = Edits()
    for s in declaration.body.statements:
        match s:
            case tree.Replace():
                found.replaced.append(Edit(s.path, s.body, env))
            case tree.Insert():
                (found.after if s.after else found.before).append(Edit(s.path, s.body, env))
            case tree.Remove():
                found.removed.extend(s.paths)
            case tree.Freeze():
                found.frozen.extend(s.paths)
            case tree.Input():
                shape = evaluator.shape(s.shape or s.names[0], env)
                if shape is not None:
                    found.inputs.append((shape, s.span))
            case tree.Let():
                from archlang.semantics.expand import let_value

                env.names[s.name.id] = let_value(s, env, evaluator)
            case tree.Assert():
                pass  # held by the network itself, when it is whole
            case _:
                word = "a step" if isinstance(s, tree.Step) else type(s).__name__.lower()
                reason = (
                    "a derived network takes input, replace, insert, remove, freeze, let and assert"
                )
                raise Mistake(MisplacedStatement(statement=word, reason=reason), s.span)
    edits.put_below(found)
