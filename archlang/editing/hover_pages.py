"""The pages of hover, in Markdown: layers, units, tensors, constants, operators."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from inspect import cleandoc

from archlang.analysis.receptive import Field
from archlang.diagnostics.render.display import visible_text
from archlang.editing.bindings import Symbol
from archlang.editing.document import Analysis, Result
from archlang.editing.hints import different_shapes, value_text
from archlang.editing.places import Use
from archlang.editing.signatures import parameter_text
from archlang.editing.uses import entering, field_of, matches_at, nodes_at, params_of
from archlang.graph import Graph, Node, shapes
from archlang.ops.base import Dims, Op, shape_text
from archlang.ops.initial import Initialiser
from archlang.semantics.matching import KINDS, Matching
from archlang.semantics.parameters import open_parameters
from archlang.semantics.values import (
    UNKNOWN,
    Unit,
    Value,
    describe,
    is_constant,
    is_tensors,
    several,
)
from archlang.source import Span
from archlang.syntax import tree
from archlang.tooling.manual import call, written

_MOST_USES = 6
_MOST_TEXT = 400
_MOST_ITEMS = 50
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


def code(text: str) -> str:
    """A text as code of the language, in a box of its own."""
    fence = "````" if "```" in text else "```"
    return f"{fence}arch\n{visible_text(text)}\n{fence}"


def inline(text: str) -> str:
    """A text as code within a line."""
    return f"`{visible_text(text).replace('`', chr(39))}`"


def plain(text: str) -> str:
    """A text of the spec, in which no character means anything to Markdown."""
    lines = (_MARKS.sub(r"\\\1", visible_text(line)) for line in cleandoc(text).split("\n"))
    return "\n".join(lines).strip()


def titled(head: str, doc: str) -> str:
    """How it is written, and what it is."""
    return f"{code(head)}\n\n{doc}" if doc else code(head)


def points(facts: Iterable[tuple[str, str]]) -> str:
    """A list of facts; those without a text are left out."""
    return "\n".join(f"- {name} {text}" for name, text in facts if text)


# ── layers ───────────────────────────────────────────────────────────────────────────────────


def layer(op: type[Op]) -> str:
    """How a layer is called, with its defaults, and what it does."""
    return titled(call(op, op.name), cleandoc(op.__doc__ or "").strip())


def here(analysis: Analysis, at: Span) -> str:
    """What a layer does where it is written; empty where it is nowhere applied."""
    found = nodes_at(analysis, at)
    if not found:
        return ""
    node, graph = found[0]
    return points([*_of_node(node, graph), ("in all uses", _all_uses([n for n, _ in found]))])


def _of_node(node: Node, graph: Graph) -> list[tuple[str, str]]:
    given = shapes(node)
    params, macs = node.op.params(*given), node.op.macs(*given)
    frozen = " (frozen)" if node.frozen else ""
    taken, gives = ", ".join(map(shape_text, given)), value_text(node.outputs)
    return [
        ("shape", f"{inline(taken)} → {inline(gives)}"),
        ("parameters", f"{params:,}{frozen}" if params else ""),
        ("MACs", f"{macs:,}" if macs else ""),
        ("receptive field", _field(field_of(node, graph))),
        ("path", inline(node.path)),
    ]


def _field(field: Field | None) -> str:
    if field is None or not field.axes:
        return ""
    strides = {str(stride) for stride in field.stride if stride}
    stride = f", stride {strides.pop()}" if len(strides) == 1 and not field.whole else ""
    return f"{field.text()}{stride}"


def _all_uses(nodes: Sequence[Node]) -> str:
    if len(nodes) == 1:
        return ""
    owners = {(id(n.scope), n.path): n.op.params(*shapes(n)) for n in nodes}
    kinds = dict.fromkeys(value_text(n.outputs) for n in nodes)
    names = [inline(kind) for kind in list(kinds)[:_MOST_USES]]
    more = [f"{len(kinds) - _MOST_USES} more"] if len(kinds) > _MOST_USES else []
    total = f", {sum(owners.values()):,} parameters" if any(owners.values()) else ""
    return f"({len(nodes):,}): {', '.join([*names, *more])}{total}"


# ── blocks and networks ──────────────────────────────────────────────────────────────────────


def unit(value: Unit, found: Sequence[Use]) -> str:
    """A block or network: header, documentation and uses."""
    declaration = value.declaration
    parts = [code(_header(value)), plain(declaration.body.doc)]
    own = [use for use in found if use.scope.kind == "network"]
    others = [use for use in found if use.scope.kind != "network"]
    parts += [_network(use.graph) for use in own[:1]]
    if others:
        parts.append(_uses(others))
    elif isinstance(declaration, tree.Block):
        parts.append("No network uses it.")
    return "\n\n".join(filter(None, parts))


def _header(value: Unit) -> str:
    declaration = value.declaration
    word = type(declaration).__name__.lower()
    own = ", ".join(map(parameter_text, declaration.parameters))
    head = f"{word} {declaration.name.id}" + (f"({own})" if own else "")
    if isinstance(declaration, tree.Network) and (behind := declaration.alias or declaration.base):
        sign = "=" if declaration.alias else "from"
        text = " ".join(behind.span.text.split())
        still = ", ".join(map(parameter_text, open_parameters(value))) if not own else ""
        return f"{head} {sign} {text}" + (f"  # takes {still}" if still else "")
    return head


def _network(graph: Graph) -> str:
    ends = [graph.nodes[number].shape for number in graph.inputs]
    taken = ", ".join(inline(shape_text(shape)) for shape in ends)
    if not graph.outputs:
        return points([("input", taken)])
    outputs = ", ".join(inline(shape_text(o.tensor.shape)) for o in graph.outputs)
    return points(
        [
            ("shape", f"{taken} → {outputs}"),
            ("parameters", f"{graph.params:,}"),
            ("MACs", f"{graph.macs:,}"),
            ("depth", f"{graph.depth:,}"),
        ]
    )


def _uses(found: Sequence[Use]) -> str:
    count = f"{len(found):,} use{'' if len(found) == 1 else 's'}"
    lines = [_use(use) for use in found[:_MOST_USES]]
    more = [f"- and {len(found) - _MOST_USES:,} more"] if len(found) > _MOST_USES else []
    return "\n".join([f"{count}:", "", *lines, *more])


def _use(use: Use) -> str:
    taken = entering(use.scope, use.graph)
    given = [f"{n}={_value(v)}" for n, v in use.scope.arguments if _value(v)]
    called = f" ({inline(', '.join(given))})" if given else ""
    flows = f" on {inline(shape_text(taken))}" if taken else ""
    params = params_of(use.scope, use.graph)
    path = inline(f"{use.graph.name}: {use.scope.path}")
    return f"- {path}{called}{flows}, {params:,} parameters"


# ── names ────────────────────────────────────────────────────────────────────────────────────


def tensor(analysis: Analysis, symbol: Symbol) -> str:
    """A kept tensor: its shape, and the line that makes it."""
    statement = symbol.statement
    if not isinstance(statement, (tree.Step, tree.Output, tree.Input)):
        return ""
    found = [_own(statement, symbol, result) for result in analysis.results(statement)]
    different = different_shapes(found)
    head = f"{symbol.name} : {different[0]}" if different else symbol.name
    others = ", ".join(map(inline, different[1 : _MOST_USES + 1]))
    begin = symbol.spans[0].begin if symbol.spans else statement.span.begin
    line = symbol.spans[0].source.line(begin.line) if symbol.spans else ""
    made = f"made in line {begin.line}: {inline(_short(line.strip()))}"
    elsewhere = f"in other uses {others}" if others else ""
    return "\n\n".join(filter(None, [code(head), elsewhere, made]))


def _own(statement: tree.Syntax, symbol: Symbol, result: Result) -> Result:
    """Of a line that makes several tensors, the one of that name."""
    targets: tuple[tree.Expression, ...] = ()
    if isinstance(statement, tree.Step):
        targets = statement.targets
    elif isinstance(statement, tree.Input):
        targets = statement.names
    names = [t.id if isinstance(t, tree.Name) else "" for t in targets]
    value = result.value
    if len(names) > 1 and symbol.name in names and is_tensors(value):
        items = several(value)
        at = names.index(symbol.name)
        return result._replace(value=items[at] if at < len(items) else UNKNOWN)
    return result


def given(name: str, found: Sequence[Use]) -> str:
    """`x`, what flows in."""
    if name != "x":
        return ""
    flows = [entering(use.scope, use.graph) for use in found]
    different = list(dict.fromkeys(shape_text(shape) for shape in flows if shape))
    head = f"x : {different[0]}" if different else "x"
    others = ", ".join(map(inline, different[1 : _MOST_USES + 1]))
    return titled(head, "what flows in" + (f"; in other uses {others}" if others else ""))


def parameter(symbol: Symbol, found: Sequence[Use]) -> str:
    """A parameter, and what the uses of its unit give for it."""
    declared = symbol.statement
    head = parameter_text(declared) if isinstance(declared, tree.Parameter) else symbol.name
    default = declared.default if isinstance(declared, tree.Parameter) else None
    unsaid = default.span.text if default is not None else ""
    given = (dict(use.scope.arguments) for use in found)
    values = [_value(g[symbol.name]) if symbol.name in g else unsaid for g in given]
    counts = Counter(value for value in values if value)
    texts = [f"{inline(v)} ({n:,})" for v, n in counts.most_common(_MOST_USES)]
    return titled(head, "a parameter" + (f"; the uses give {', '.join(texts)}" if texts else ""))


def variable(symbol: Symbol) -> str:
    """What a loop binds."""
    return titled(symbol.name, "runs through the items of the loop")


def constant(statement: tree.Let, value: Value) -> str:
    """A `let` as it is written, and its value where that says more."""
    text = " ".join(statement.span.text.split())
    said = _value(value)
    says_more = said and said != " ".join(statement.value.span.text.split())
    return "\n\n".join([code(_short(text)), *([f"= {inline(_short(said))}"] if says_more else [])])


def stated(statement: tree.Syntax, doc: str) -> str:
    """A statement as it is written."""
    return titled(_short(" ".join(statement.span.text.split())), doc)


def value(name: str, known: Value) -> str:
    """A constant that another file, or the language, gives."""
    return code(f"{name} = {_short(_value(known))}")


def _value(known: Value) -> str:  # noqa: PLR0911  # one case a kind
    """A value as the language writes it; empty where that is unknown."""
    match known:
        case None:
            return ""
        case range():
            return f"range({known.start}, {known.stop})"
        case Dims():
            return str(known)
        case tuple() if is_constant(known):
            return f"[{', '.join(map(_value, several(known)[:_MOST_ITEMS]))}]"
        case _ if is_constant(known):
            return written(known)
        case Unit():
            return known.name
        case Matching():
            return known.text()
        case _:
            return "" if known is UNKNOWN else describe(known)


def _short(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"


# ── operators and initialisers ───────────────────────────────────────────────────────────────


def operator(name: str) -> str:
    """A matching operator of the language."""
    kind = KINDS[name]
    return titled(call(kind, name), cleandoc(kind.__doc__ or "").strip())


def matched(analysis: Analysis, node: tree.Matched) -> str:
    """What an operator W did in the merges around it."""
    found = matches_at(analysis, node.span, node.operator.span.text)
    if not found:
        return ""
    kinds = Counter((m.operator, m.source.shape, shape) for m, shape in found)
    lines = [
        f"- {inline(did)}: {inline(shape_text(source))} → {inline(shape_text(shape))}"
        + (f" ({count:,} times)" if count > 1 else "")
        for (did, source, shape), count in kinds.most_common(_MOST_USES)
    ]
    return "\n".join(["here W is", "", *lines])


def initialiser(kind: type[Initialiser]) -> str:
    """An initialiser, with torch's function that it stands for."""
    doc = cleandoc(kind.__doc__ or "").strip()
    return titled(call(kind, kind.name), f"{doc}\n\n`torch.nn.init.{kind.function}`")
