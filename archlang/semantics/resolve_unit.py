"""Networks that stand for others, `network A = B(…)` and `network A from B(…)`, down to a body."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archlang.diagnostics.catalog.limits import TooDeep
from archlang.diagnostics.catalog.names import NotALayer
from archlang.diagnostics.catalog.syntax import MisplacedStatement
from archlang.diagnostics.model import Mistake
from archlang.graph import Change, Pretrained
from archlang.semantics.bases import Base
from archlang.semantics.builtins import what_is
from archlang.semantics.limits import MAX_NESTING, Unresolved
from archlang.semantics.pretrained import declared, way
from archlang.semantics.surgery import Edit, Edits, InputEdit, SkipLine
from archlang.semantics.values import UNKNOWN, Env, Unit, describe
from archlang.syntax import tree

if TYPE_CHECKING:
    from archlang.semantics.evaluate import Evaluator

TAKEN = "input, replace, insert, remove, freeze, adapt, weights, let and assert"


@dataclass
class Lineage:
    """What a block or network stands for, with all that was gathered on the way."""

    unit: Unit
    """The one with a body of its own."""
    edits: Edits = field(default_factory=Edits)
    bases: list[Base] = field(default_factory=list[Base])
    """Those it derives from, the nearest first."""
    pretrained: Pretrained | None = None
    """The weights that the first of them declares that does."""


def resolve(unit: Unit, evaluator: Evaluator) -> Lineage:
    """The block or network with a body of its own behind `unit`.

    Raises:
        Mistake: it stands for something that is no network, or for itself.
        Unresolved: what it stands for is undefined by a mistake that is reported already.
    """
    lineage = Lineage(unit)
    for _ in range(MAX_NESTING):
        declaration = lineage.unit.declaration
        if not isinstance(declaration, tree.Network):
            return lineage
        lineage.pretrained = lineage.pretrained or declared(declaration)
        behind = declaration.alias or declaration.base
        if behind is None:
            return lineage
        if not isinstance(declaration.alias, (tree.Unread, type(None))):
            _hold_to_asserts(declaration)
        env = parameters(lineage.unit, evaluator)
        target = _target(lineage.unit, behind, env, evaluator)
        if declaration.base is not None:
            bare = Unit(target.declaration, target.env)
            base = Base(bare, target.arguments, behind.span)
            gather(declaration, env, lineage, base, evaluator)
            lineage.bases.append(base)
        lineage.unit = target
    raise Mistake(TooDeep(name=unit.name, limit=MAX_NESTING), unit.declaration.span)


def _hold_to_asserts(declaration: tree.Network) -> None:
    """What stands for another network has no lines of its own that could run."""
    for s in declaration.body.statements:
        if not isinstance(s, (tree.Assert, tree.Weights)):
            name = declaration.name.id
            raise _misplaced(s, f"{name} stands for another network, and takes assert and weights")


def _misplaced(s: tree.Statement, reason: str) -> Mistake:
    return Mistake(MisplacedStatement(statement=tree.word(s), reason=reason), s.span)


def _target(unit: Unit, behind: tree.Expression, env: Env, evaluator: Evaluator) -> Unit:
    """What a network stands for, with the arguments that are not its own handed on."""
    target = evaluator.value(behind, env)
    if target is UNKNOWN:
        raise Unresolved
    if not isinstance(target, Unit):
        raise Mistake(NotALayer(what=describe(target)), behind.span)
    own = {p.name for p in unit.declaration.parameters}
    passed = {n: v for n, v in unit.arguments.items() if n not in own}
    return Unit(target.declaration, target.env, {**target.arguments, **passed}, complete=True)


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


def gather(
    declaration: tree.Network, env: Env, lineage: Lineage, base: Base, evaluator: Evaluator
) -> None:
    """Put the edits of a derived network before those that derive from it further.

    Raises:
        Mistake: a statement that has no meaning in a derived network.
    """
    found = Edits()
    for s in declaration.body.statements:
        match s:
            case tree.Input():
                shape = evaluator.shape(s.shape or s.names[0], env)
                name = s.names[0] if s.shape is not None else None
                called = name.id if isinstance(name, tree.Name) else None
                if shape is not None:
                    found.inputs.append(InputEdit(called, len(found.inputs), shape, s.span))
            case tree.Let():
                from archlang.semantics.expand import let_value

                env.names[s.name.id] = let_value(s, env, evaluator)
            case tree.Assert() | tree.Weights():
                pass  # asserts are held by the network itself, when it is whole
            case tree.Replace() | tree.Insert() | tree.Remove() | tree.Freeze() | tree.Adapt():
                found.edits += _edits(s, env, len(lineage.bases))
            case tree.RemoveSkips() | tree.ReplaceSkips():
                found.edits.append(_skip_edit(s, env, len(lineage.bases), base, evaluator))
            case _:
                raise _misplaced(s, f"a derived network takes {TAKEN}")
    lineage.edits.put_below(found)


def _hold_to_layers(body: tree.Suite) -> None:
    """What an edit puts in are layers; all else belongs to the network as a whole."""
    for s in body.statements:
        if isinstance(s, (tree.Input, tree.Output, tree.Assert)):
            reason = "what an edit puts in are layers; this belongs to the whole network"
            raise _misplaced(s, reason)


def _edits(
    s: tree.Replace | tree.Insert | tree.Remove | tree.Freeze | tree.Adapt, env: Env, level: int
) -> list[Edit]:
    """The edits that a line asks for: one for each of its paths."""
    if isinstance(s, (tree.Replace, tree.Insert)):
        _hold_to_layers(s.body)
    match s:
        case tree.Replace():
            return [Edit(Change("replace", s.path.path, level, s.path.span), s.body, env)]
        case tree.Insert():
            word = "after" if s.after else "before"
            return [Edit(Change(word, s.path.path, level, s.path.span), s.body, env)]
        case tree.Remove():
            return [Edit(Change("remove", p.path, level, p.span)) for p in s.paths]
        case tree.Freeze():
            return [Edit(Change("freeze", p.path, level, p.span)) for p in s.paths]
        case tree.Adapt():
            how = way(s.how)
            return [Edit(Change("adapt", p.path, level, p.span, how)) for p in s.paths]


def _skip_edit(
    s: tree.RemoveSkips | tree.ReplaceSkips,
    env: Env,
    level: int,
    base: Base,
    evaluator: Evaluator,
) -> Edit:
    """The edit that a line about skips asks for.

    Raises:
        Mistake: what it gives as W is none.
        Unresolved: a mistake that is reported already left that undefined.
    """
    matching, written, at, source = None, "", s.span, ""
    if isinstance(s, tree.ReplaceSkips):
        source = s.source.id if s.source is not None else ""
        if s.operator is not None:
            value = evaluator.value(s.operator, env)
            if value is UNKNOWN:
                raise Unresolved
            written, at = s.operator.span.text, s.operator.span
            matching = evaluator.calls.as_matching(value, env, at)
    word = "remove skips" if isinstance(s, tree.RemoveSkips) else "replace skips"
    change = Change(word, f"{s.skips.kind} skips", level, s.span)
    excepted = s.skips.excepted
    line = SkipLine(base, s.skips.kind, excepted, matching, source, written, at)
    return Edit(change, skips=line)
