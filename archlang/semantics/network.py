"""One network from declaration to graph: expanded, checked as a whole, held to its asserts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

from archlang.collector import collector_paused
from archlang.diagnostics.catalog.arguments import MissingArgument, UnknownArgument
from archlang.diagnostics.catalog.declared import CannotAdapt
from archlang.diagnostics.catalog.graph import NoInput, SaidTwice, UnusedInput, UnusedResult
from archlang.diagnostics.catalog.limits import NestedTooDeeply
from archlang.diagnostics.catalog.names import BoundTwice
from archlang.diagnostics.model import Diagnostics, Label, Mistake
from archlang.diagnostics.suggest import closest
from archlang.graph import Graph, Node, Scope, Tensor, shapes
from archlang.ops.convolution import Conv
from archlang.paths import prefixes
from archlang.semantics.bases import Base
from archlang.semantics.blame import blamed
from archlang.semantics.deep import deep_recursion
from archlang.semantics.evaluate import Evaluator
from archlang.semantics.expand import Expander, Witness
from archlang.semantics.limits import Budget, TooManyMistakes, Unresolved
from archlang.semantics.matching import Matching
from archlang.semantics.parameters import open_parameters
from archlang.semantics.resolve_unit import Lineage, parameters, resolve
from archlang.semantics.surgery import Edits, is_at
from archlang.semantics.values import MatchingKind, Unit, Value, is_layer
from archlang.semantics.workshop import Workshop
from archlang.syntax import tree


def expand_network(
    unit: Unit,
    settings: Mapping[str, Value],
    sink: Diagnostics,
    workshop: Workshop | None = None,
    witness: Witness | None = None,
) -> Graph | None:
    """The graph of a network, some parameters set; None if it has mistakes: they are reported."""
    span = unit.declaration.span
    try:
        with deep_recursion(), collector_paused():
            values = _read_settings(unit, settings)
            graph = _expand(unit, values, sink, workshop or Workshop(), witness)
            if graph is not None:
                graph.parameters.update(settings)
            return graph
    except Mistake as mistake:
        sink.report_mistake(mistake, span)
    except (Unresolved, TooManyMistakes):
        pass
    except RecursionError:
        sink.report(NestedTooDeeply(), span)
    return None


def _read_settings(unit: Unit, settings: Mapping[str, Value]) -> dict[str, Value]:
    """Parameters set from outside. There a layer is given by its name: `f="relu"`.

    Raises:
        Mistake: the network has no such parameter.
    """
    known = {p.name: p for p in open_parameters(unit)}
    for name in settings:
        if name not in known:
            near = closest(name, known)
            problem = UnknownArgument(
                callee=unit.name, name=name, suggestion=near, known=tuple(known)
            )
            raise Mistake(problem, unit.declaration.name.span)
    return {name: _setting(known[name], value, unit) for name, value in settings.items()}


def _setting(parameter: tree.Parameter, value: Value, unit: Unit) -> Value:
    is_text = isinstance(parameter.default, tree.Constant)
    named = unit.env.find(value) if isinstance(value, str) and not is_text else None
    return named if is_layer(named) or isinstance(named, (Matching, MatchingKind)) else value


def _expand(
    unit: Unit,
    settings: Mapping[str, Value],
    sink: Diagnostics,
    workshop: Workshop,
    witness: Witness | None,
) -> Graph | None:
    top = Unit(unit.declaration, unit.env, {**unit.arguments, **settings})
    lineage = resolve(top, Evaluator(Budget(), workshop))
    if not lineage.edits:
        return _run(top, lineage, sink, workshop, bool(settings), witness=witness)

    def again(edits: Edits) -> Diagnostics:
        rest = Diagnostics()
        with suppress(Mistake, Unresolved, TooManyMistakes):
            _run(top, replace(lineage, edits=edits), rest, workshop, bool(settings))
        return rest

    found = Diagnostics()
    try:
        return _run(top, lineage, found, workshop, bool(settings), witness=witness)
    finally:
        for diagnostic in blamed(found, lineage.edits, again):
            sink.add(diagnostic)


def _run(
    top: Unit,
    lineage: Lineage,
    sink: Diagnostics,
    workshop: Workshop,
    changed: bool,
    *,
    held: bool = True,
    witness: Witness | None = None,
) -> Graph | None:
    """Expand what a network stands for.

    `changed` from outside, it is not held to its own asserts; unless `held`, to none at all.
    """
    edits = lineage.edits
    filled = _filled(top, lineage, workshop)
    graph = _empty_graph(top, filled, lineage)
    as_declared = not edits and _as_declared(filled)
    expander = Expander(graph, sink, edits, workshop, as_declared, witness)
    if witness is not None:
        witness.begun(graph)
    before = len(sink)
    expander.skips.prepare(edits)
    expander.body(filled, None, graph.root, is_root=True)
    if not expander.complete:
        edits.report_unused(sink, _paths_of_base(lineage))
        return None
    edits.report_unused(sink)
    mistakes = len(sink)
    _check_whole(expander, graph, sink)
    if len(sink) == mistakes and graph.outputs and held:
        if not changed:
            _add_own_assertions(top, expander)
        expander.assertions.hold(graph)
    if len(sink) == before:
        expander.skips.report_unknown()
    return graph if len(sink) == before else None


def _filled(top: Unit, lineage: Lineage, workshop: Workshop) -> Unit:
    """What a network stands for, all its parameters given.

    Raises:
        Mistake: one is not.
    """
    try:
        calls = Evaluator(Budget(), workshop).calls
        return calls.filled(lineage.unit, top.declaration.name.span)
    except Mistake as mistake:
        problem = mistake.problem
        if not isinstance(problem, MissingArgument):
            raise
        settable = {p.name for p in open_parameters(top)}.issuperset(problem.names)
        problem = MissingArgument(problem.callee, problem.names, problem.known, settable)
        raise Mistake(problem, mistake.at, mistake.secondary) from None


def graph_of_base(base: Base, workshop: Workshop) -> Graph | None:
    """The graph of a base, whatever it asserts of itself; None if it has mistakes."""
    return workshop.base_graph(base, lambda: _bare(base, workshop))


def _bare(base: Base, workshop: Workshop) -> Graph | None:
    unit = Unit(base.unit.declaration, base.unit.env, base.arguments)
    with suppress(Mistake, Unresolved, TooManyMistakes):
        lineage = resolve(unit, Evaluator(Budget(), workshop))
        return _run(unit, lineage, Diagnostics(), workshop, changed=True, held=False)
    return None


def kept_skips(unit: Unit, workshop: Workshop) -> tuple[str, ...]:
    """The merges of a derived network with skips that the W of a line about them does not fit.

    Raises:
        Mistake: it stands for no network.
        Unresolved: what it stands for is undefined by a mistake.
    """
    lineage = resolve(unit, Evaluator(Budget(), workshop))
    lineage.edits.kept_skips = set()
    with suppress(Mistake, Unresolved, TooManyMistakes):
        _run(unit, lineage, Diagnostics(), workshop, changed=True)
    return tuple(lineage.edits.kept_skips)


def _paths_of_base(lineage: Lineage) -> set[str]:
    """What can be edited of the base, also where the expansion stopped before it came there."""
    graph = lineage.bases[0].graph() if lineage.bases else None
    return {path for node in (graph.nodes if graph else ()) for path in prefixes(node.path)}


def _empty_graph(unit: Unit, filled: Unit, lineage: Lineage) -> Graph:
    declaration = unit.declaration
    doc = declaration.body.doc or filled.declaration.body.doc
    root = Scope("", "network", declaration.name.id, declaration.span, doc=doc)
    return Graph(
        declaration.name.id,
        root,
        bases=tuple(lineage.bases),
        changes=lineage.edits.changes,
        pretrained=lineage.pretrained,
    )


def _as_declared(unit: Unit) -> bool:
    """Whether every parameter that has a default is left at it."""
    return not any(p.default and p.name in unit.arguments for p in unit.declaration.parameters)


def _add_own_assertions(top: Unit, expander: Expander) -> None:
    """Those of a network declared with `=` or `from`, which has no body that runs."""
    declaration = top.declaration
    assert isinstance(declaration, tree.Network)
    if declaration.alias is None and declaration.base is None:
        return
    env = parameters(top, expander.evaluator)
    for statement in declaration.body.statements:
        if isinstance(statement, tree.Assert):
            expander.assertions.expect(statement, env)


def _check_whole(expander: Expander, graph: Graph, sink: Diagnostics) -> None:
    if not graph.inputs:
        at = graph.root.span
        assert at is not None
        sink.report(NoInput(network=graph.name), at)
        return
    _check_paths(expander, graph, sink)
    _check_adapted(graph, sink)
    used = _reaching_outputs(graph)
    for tensor in _dead_ends(graph, used):
        node = graph.producer(tensor)
        if node.role == "input":
            sink.report(UnusedInput(name=node.path), node.span)
        elif len(node.outputs) == 1 or (node.id, tensor.port) not in expander.discarded:
            name = expander.kept.get((node.id, tensor.port))
            sink.report(UnusedResult(name=name, shape=tensor.shape), node.span)


def _check_paths(expander: Expander, graph: Graph, sink: Diagnostics) -> None:
    """Every path is one layer's alone, unless it is shared, and no layer lies below another."""
    first: dict[str, Node] = {}
    for node in graph.nodes:
        known = first.setdefault(node.path, node)
        if known is not node and not expander.weaver.is_shared(node.path):
            sink.report(BoundTwice(name=node.path), node.span, [Label(known.span, "first here")])
    above = {node.path.rpartition(".")[0] for node in graph.nodes}
    for path in above & first.keys() - {""}:
        sink.report(BoundTwice(name=path), first[path].span)


def _check_adapted(graph: Graph, sink: Diagnostics) -> None:
    """Only what has weights of a suitable form can be adapted."""
    for node in graph.nodes:
        if node.adapt is None:
            continue
        name = node.op.name or "a merge"
        lines = [c for c in graph.changes if c.word == "adapt" and is_at(c, node.path)]
        for a, b in pairwise(lines):
            if a.level == b.level:
                label = Label(a.span, "first here")
                sink.report(SaidTwice(node.path, f"adapt {a.path}: {a.how}"), b.span, [label])
        if not node.op.params(*shapes(node)):
            sink.report(CannotAdapt(node.path, f"{name} has no weights"), node.adapt.span)
        elif node.adapt.how != "keep" and not (isinstance(node.op, Conv) and node.op.groups == 1):
            what = f"{node.adapt.how} is for convolutions that see all input channels, not for"
            sink.report(CannotAdapt(node.path, f"{what} {name}"), node.adapt.span)


def _reaching_outputs(graph: Graph) -> bytearray:
    """For each node id, whether an output depends on it."""
    used = bytearray(len(graph.nodes))
    for output in graph.outputs:
        used[output.tensor.node] = 1
    for node in reversed(graph.nodes):
        if used[node.id]:
            for tensor in node.inputs:
                used[tensor.node] = 1
    return used


def _dead_ends(graph: Graph, used: bytearray) -> Iterator[Tensor]:
    """The last results of whatever is not used: what leads to them follows from them."""
    taken = bytearray(len(graph.nodes))
    ports = {(o.tensor.node, o.tensor.port) for o in graph.outputs}
    for node in graph.nodes:
        for tensor in node.inputs:
            taken[tensor.node] = 1
            ports.add((tensor.node, tensor.port))
    for node in graph.nodes:
        if not used[node.id] and not taken[node.id]:
            yield node.outputs[0]
        elif len(node.outputs) > 1:
            yield from (t for t in node.outputs if (node.id, t.port) not in ports)
