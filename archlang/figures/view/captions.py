"""What stands in the boxes: layers as papers write them, units with the arguments that matter."""

from __future__ import annotations

import re
from collections.abc import Sequence

from archlang.figures.view.model import Caption
from archlang.figures.view.units import Part
from archlang.graph import Node, Scope, shapes
from archlang.ops.base import Shape

_CHANNEL_NAMES = frozenset({"c", "channels", "out", "width", "features", "planes", "filters"})
_PARAMETER_LIMIT = 3
_LONGEST = 34
"""Longer texts are cut; the tooltip has the whole."""
_HEADS = ("conv", "linear", "pool")


def shape_text(shape: Shape) -> str:
    """A shape as papers write it: `64×56×56`."""
    return "×".join(map(str, shape))


def short(text: str, limit: int = _LONGEST) -> str:
    """A text cut to what a box can hold."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def count_text(count: float) -> str:
    """A number as people say it: 25.6 M."""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:g}"


def caption(part: Part) -> Caption:
    """The text of a part's box."""
    if part.scope is None:
        return _layers(part.copy)
    unit = unit_caption(part.scope)
    if part.count > 1:
        unit = _without_stride(unit, _last_unit(part))
    last = _last_copy(part)
    if unit.under and last is not None and unit_caption(last).under != unit.under:
        unit = Caption(unit.title, under=_from_to(unit.under, unit_caption(last).under))
    under = " · ".join(text for text in (unit.under, _joined(part.tail)) if text)
    return Caption(unit.title, under=short(under))


def _without_stride(unit: Caption, last: Scope) -> Caption:
    """Of a whole stage, what all its units are: its first alone has a stride."""
    rest = unit_caption(last)
    strided = unit.title.startswith(f"{rest.title}, /")
    return rest if strided or (unit.title == rest.title and not rest.under) else unit


def _last_unit(part: Part) -> Scope:
    """The last of a run of units of one block."""
    assert part.scope is not None
    first = part.scope
    alike = [
        s for s in part.nodes[-1].scope.ancestors() if (s.kind, s.name) == (first.kind, first.name)
    ]
    return alike[-1] if alike else first


def _from_to(first: str, last: str) -> str:
    """Two names as a range: `inception4b … 4d`."""
    word = re.match(r"[^\W\d]*", first)
    same = word is not None and last.startswith(word[0]) and last[word.end() :][:1].isdigit()
    return f"{first} … {last[word.end() :] if same and word else last}"


def _last_copy(part: Part) -> Scope | None:
    """The unit at the end of a run."""
    first = part.scope
    ancestors = part.nodes[-1].scope.ancestors() if first and part.count > 1 else ()
    return next((s for s in ancestors if first and s.parent is first.parent), None)


def unit_caption(scope: Scope) -> Caption:
    """`Bottleneck 512, /2`; arguments that need their names stand below: `layers=6, k=32`."""
    name = {"round": "round", "dense": "dense"}.get(scope.kind, scope.name)
    numbers = [(k, v) for k, v in scope.arguments if isinstance(v, (int, float, str))]
    title, stride = name, dict(numbers).get("stride", 1)
    rest = [(k, v) for k, v in numbers if k != "stride"]
    if rest and (rest[0][0].lower() in _CHANNEL_NAMES or (len(rest) == 1 and _counts(rest[0][1]))):
        title = f"{name} {_value(rest.pop(0)[1])}"
    if stride != 1:
        title += f", /{_value(stride)}"
    return Caption(short(title), under=short(_arguments(rest) or _given_name(scope)))


def _counts(value: object) -> bool:
    """Whether a number can stand behind a name without saying what it is."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def _arguments(rest: Sequence[tuple[str, object]]) -> str:
    if len(rest) > _PARAMETER_LIMIT:
        return ""
    return ", ".join(f"{k}={_value(v)}" for k, v in rest)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _given_name(scope: Scope) -> str:
    """The name the spec keeps a unit under, where arguments do not tell units apart."""
    last = scope.path.rpartition(".")[2]
    return last if len(scope.arguments) > _PARAMETER_LIMIT and not last.isdigit() else ""


def _layers(nodes: Sequence[Node]) -> Caption:
    heads = [i for i, n in enumerate(nodes) if n.op.style.family in _HEADS]
    head = heads[0] if heads else 0
    return Caption(short(_label(nodes[head])), _joined(nodes[:head]), _joined(nodes[head + 1 :]))


def _joined(nodes: Sequence[Node]) -> str:
    return short(" · ".join(n.op.label() for n in nodes))


def _label(node: Node) -> str:
    if node.role == "merge":
        return node.op.label().replace("⊕", "+").replace("⊗", "×").replace("⊖", "−")
    return node.op.label()


def tip(part: Part) -> str:
    """The tooltip of a box: paths, layers, shapes and parameters."""
    first, last = part.nodes[0], part.nodes[-1]
    path = part.scope.path if part.scope is not None else first.path
    lines = [path if part.count == 1 else f"{path} and {part.count - 1} like it"]
    lines += _what(part)
    entering = " and ".join(shape_text(s) for s in shapes(first)[:4])
    lines.append(f"{entering} → {shape_text(last.shape)}" if entering else shape_text(last.shape))
    owned = {n.path: n.op.params(*shapes(n)) for n in part.nodes}
    params = sum(owned.values())
    lines.append(f"{params:,} parameters" if params else "no parameters")
    return "\n".join(lines)


def _what(part: Part) -> list[str]:
    if part.scope is None:
        return [" → ".join(n.op.label() for n in part.copy)]
    numbers = [(k, v) for k, v in part.scope.arguments if isinstance(v, (int, float, str))]
    arguments = ", ".join(f"{k}={_value(v)}" for k, v in numbers)
    doc = part.scope.doc.strip().partition("\n")[0]
    return [f"{part.scope.name}({arguments})", *([doc] if doc else [])]
