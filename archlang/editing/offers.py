"""What can be offered by itself: layers, operators, functions, statements, values of arguments."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from types import UnionType
from typing import Any, Literal, NamedTuple, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel

from archlang.ops.initial import INITIALISERS
from archlang.ops.registry import find, layers
from archlang.semantics.builtins import FUNCTIONS, MATCHING, MATCHING_LAYERS
from archlang.tooling.manual import call, page, written

OfferKind: TypeAlias = Literal[
    "layer", "block", "network", "operator", "function", "constant", "tensor", "parameter",
    "argument", "keyword", "value", "path", "file", "attribute",
]  # fmt: skip


class Offer(NamedTuple):
    """Something that may be written at a place."""

    label: str
    kind: OfferKind
    detail: str = ""
    doc: str = ""
    snippet: str = ""
    """What is written, with places to fill in; empty: the label."""
    rank: int = 5
    """What is most likely meant comes first: 0 before 9."""
    use: str = ""
    """The line that brings it in, where the file does not have that yet."""


STATEMENTS = {
    "input": ("input ${1:3x224x224}", "the shape of the input, channels first"),
    "output": ("output ${1:name} = $0", "a further output"),
    "let": ("let ${1:C} = $0", "a constant, an operator or a function of constants"),
    "for": ("for ${1:i} in ${2:range(3)}:\n\t$0", "lines for each value; unrolled while compiling"),
    "if": ("if ${1:condition}:\n\t$0", "lines under a condition"),
    "elif": ("elif ${1:condition}:\n\t$0", "another condition"),
    "else": ("else:\n\t$0", "otherwise"),
    "branch": ("branch:\n\t$0", "lines that all start from the same tensor, merged"),
    "dense": ("dense ${1:n}:\n\t$0", "rounds that each see all earlier ones"),
    "repeat": ("repeat ${1:n}:\n\t$0", "lines n times in a row, with parameters of their own"),
    "chain": ("chain:\n\t$0", "a run of lines where one line is expected"),
    "shared": ("shared ${1:name} = $0", "one layer whose parameters every use shares"),
    "assert": ("assert ${1:params} == $0", "what the network is expected to be"),
    "default": ("default ${1:conv}($0)", "arguments for the rest of the scope"),
}
SURGERY = {
    "replace": ("replace ${1:path}: $0", "other layers in the place of some of the base"),
    "insert": ("insert ${1|after,before|} ${2:path}: $0", "layers beside one of the base"),
    "remove": ("remove ${1:path}", "layers of the base that are left out"),
    "freeze": ("freeze ${1:path}", "layers of the base that are not trained"),
    "adapt": ("adapt ${1:conv1}: ${2:sum}", "make the weights of the base fit"),
    "weights": ('weights "$1"', "where the weights come from"),
}
DEFINITIONS = {
    "network": ("network ${1:Name}:\n\tinput ${2:3x224x224}\n\t$0", "a network"),
    "block": ("block ${1:Name}(${2:C}):\n\t$0", "a block of layers"),
    "let": STATEMENTS["let"],
    "default": STATEMENTS["default"],
    "use": ('use ${1:Name} from "${2:zoo/}"', "names of another file"),
    "arch": ("arch 1", "the version of the language"),
}
ATTRIBUTES = {
    "channels": "how many channels",
    "shape": "channels and size",
    "size": "height and width",
    "height": "rows of each map",
    "width": "columns of each map",
    "length": "of a signal",
    "depth": "of a volume",
    "features": "of a vector",
    "rank": "how many spatial dimensions",
}
METRICS = {
    "params": "parameters that are trained or not",
    "macs": "multiplications and additions",
    "depth": "weighted layers on the longest path",
    "receptive_field": "pixels of the input that one unit of the output sees",
    "input": "the shape of the input",
    "output": "the shape of the output",
}
OPERATORS = {
    "->": "hands on what flows",
    "+": "the sum",
    "*": "the product",
    "++": "one behind the other, by channels",
    "if": "a condition",
    "else": "otherwise",
    "for": "for each value",
    "in": "of a list",
    "and": "both",
    "or": "one of both",
    "when": "of an output: when training",
}
MERGES = {
    "add": "the sum of the branches",
    "mean": "their mean",
    "mul": "their product",
    "concat": "one behind the other, by channels",
}
_OPERATORS = {
    "project": "1x1 convolution where the shapes differ",
    "fixed": "another operator with its weights frozen",
    "scale": "multiplies by a number",
    "resize": "interpolates to the other operand's size",
    "identity": "nothing; the shapes must be equal",
    "pad": "subsamples and pads with zero channels",
    "crop": "centre crop",
}


def words(table: dict[str, tuple[str, str]], rank: int = 5) -> Iterator[Offer]:
    """Statements, each with places to fill in."""
    for word, (snippet, detail) in table.items():
        yield Offer(word, "keyword", detail, snippet=snippet, rank=rank)


def plain(table: dict[str, str], kind: OfferKind, rank: int = 2) -> Iterator[Offer]:
    """Words with what they mean."""
    for word, detail in table.items():
        yield Offer(word, kind, detail, rank=rank)


def layer_offers(rank: int = 4, *, with_call: bool = True) -> Iterator[Offer]:
    """Every layer there is."""
    for name, op in layers().items():
        snippet = _snippet(op, name) if with_call else ""
        yield Offer(name, "layer", call(op, name), snippet=snippet, rank=rank)


def operator_offers(rank: int = 3, *, ring: str = "") -> Iterator[Offer]:
    """The matching operators; with `ring`, ready for their operand."""
    for name in (*MATCHING, *MATCHING_LAYERS):
        needs = name in ("fixed", "scale")
        snippet = f"{name}(${{1}}){ring}$0" if needs else f"{name}{ring}"
        yield Offer(name, "operator", _OPERATORS[name], snippet=snippet, rank=rank)


def function_offers(rank: int = 7) -> Iterator[Offer]:
    """Functions of constants."""
    for name in FUNCTIONS:
        yield Offer(name, "function", "a function of constants", snippet=f"{name}($1)", rank=rank)


def documentation(name: str) -> str:
    """A layer's page, or an empty text."""
    op = find(name)
    return page(op) if op is not None else ""


def _snippet(op: type[BaseModel], name: str) -> str:
    required = [field for field, info in op.model_fields.items() if info.is_required()]
    places = ", ".join(f"${{{at}:{field}}}" for at, field in enumerate(required, 1))
    return f"{name}({places})" if places else ""


# ── arguments ────────────────────────────────────────────────────────────────────────────────


def arguments_of(name: str) -> list[Offer]:
    """The arguments of a layer, in their order."""
    op = find(name)
    fields = op.model_fields if op is not None else {}
    return [
        Offer(
            f"{field}=",
            "argument",
            "required" if info.is_required() else f"default {written(info.get_default())}",
            cleandoc(info.description or ""),
            rank=1,
        )
        for field, info in fields.items()
    ]


def values_of(name: str, argument: str) -> list[Offer]:
    """What an argument of a layer may be, as far as that can be listed."""
    op = find(name)
    info = op.model_fields.get(argument) if op is not None else None
    if info is None:
        return []
    found: dict[str, Offer] = {}
    for value in _choices(info.annotation):
        text = written(value)
        found[text] = Offer(text, "value", rank=0)
    if argument == "init":
        found |= {n: Offer(n, "function", "an initialiser", rank=0) for n in INITIALISERS}
    return list(found.values())


def texts_of(name: str, argument: str) -> list[Offer]:
    """The same between quotes: texts alone, without theirs."""
    quoted = (offer for offer in values_of(name, argument) if offer.label[:1] == '"')
    return [offer._replace(label=offer.label.strip('"')) for offer in quoted]


def _choices(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if annotation is bool:
        yield from (True, False)
    elif origin is Literal:
        yield from get_args(annotation)
    elif origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from _choices(part)
    elif hasattr(annotation, "__value__"):
        yield from _choices(annotation.__value__)
