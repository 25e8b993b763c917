"""The letters of a part's tensors, weights and activations: X, Z1, Y1, W1, f; G on the way back.

Z is what a weighted layer gives and Y what an activation makes of it; an index counts from the
input on, and s stands for what W in W∘X is made of. Unlike those of a figure (`Y_{l-2}`), these
name every step, so that each has a gradient of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from archlang.analysis.functions import curve_of
from archlang.analysis.skips import carried
from archlang.chainrule.model import Function, Symbol
from archlang.chainrule.part import Part
from archlang.graph import Node, Tensor
from archlang.ops.activation import Identity, Prelu, Sigmoid
from archlang.ops.base import Op
from archlang.ops.merging import Add, Concat, Mean, Multiply, Subtract, WithConstant
from archlang.ops.regularisation import (
    AlphaDropout,
    Dropout,
    Dropout1d,
    Dropout2d,
    Dropout3d,
    DropPath,
)
from archlang.ops.resampling import Scale

X, Y, G = "X", "Y", "G"
LOSS = Symbol("R")
MASKED = "D"
"""What a dropout leaves of a tensor; its mask M has the same index."""
_FAMILIES: Mapping[str, str] = MappingProxyType(
    {"conv": "Z", "linear": "Z", "norm": "N", "activation": "Y", "pool": "P", "shape": "V"}
)
_FUNCTIONS = "fghkpqrstuv"
_TAKEN = frozenset("XYZNPVCSWGRJMDLTHf") - frozenset("TH")
_MAPS = frozenset({"Up", "BN", "LN", "GN", "IN", "Pad", "GAP", "GMP", "LRN"})
"""Names of layers that one could take for a name of the author's."""
_LONGEST = 3
DROPPING = (Dropout, Dropout1d, Dropout2d, Dropout3d, AlphaDropout, DropPath)
"""The layers that draw a mask."""
_POINTWISE = (Add, Subtract, Multiply, Mean, WithConstant, Scale)


class Letters:
    """The symbols of one part. `names` has the tensors that stand on a line of their own."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.uses = _uses(part)
        self.names: dict[Tensor, Symbol] = {}
        self.numbers: dict[int, str] = {}
        """The index of each node's letter, which is that of its weights too."""
        self._counts: Counter[str] = Counter()
        self._weights: dict[tuple[str, str], Symbol] = {}
        self._masks: dict[tuple[int, str], Symbol] = {}
        self._layers: dict[str, str] = {}
        """The index of each layer's weights, by its path: a shared one has one."""
        self._functions: dict[Op, Function] = {}
        for number, tensor in enumerate(part.inputs, 1):
            self.names[tensor] = Symbol(X, "" if len(part.inputs) == 1 else str(number))
        self.aliases = self._aliases()
        self.results = tuple(dict.fromkeys(self.aliased(t) for t in part.results))
        for node in part.nodes:
            self._name(node)
        if len(self.results) == 1 and self.results[0].node in self.numbers:
            self.names[self.results[0]] = Symbol(Y)
        self._name_functions()

    def aliased(self, tensor: Tensor) -> Tensor:
        """The tensor that a step without a computation hands on."""
        return self.aliases.get(tensor, tensor)

    def gradient(self, result: Tensor) -> Symbol:
        """The symbol of what comes back to a result from the rest of the network."""
        index = "" if len(self.results) == 1 else str(self.results.index(result) + 1)
        return Symbol(G, index)

    def function(self, op: Op) -> Function:
        """The symbol of an activation: f where there is one kind."""
        return self._functions[op]

    def weight(self, node: Node, letter: str = "W", name: str = "") -> Symbol:
        """The symbol of a parameter of a layer; uses of a shared one have one symbol."""
        key = (node.path, name or letter)
        if key not in self._weights:
            self._weights[key] = self._free(letter, self._layers.get(node.path, ""))
        return self._weights[key]

    def mask(self, node: Node, letter: str) -> Symbol:
        """The symbol of what a dropout draws, anew for each use."""
        key = (node.id, letter)
        if key not in self._masks:
            self._masks[key] = self._free(letter, self.numbers.get(node.id, ""))
        return self._masks[key]

    def _free(self, letter: str, index: str) -> Symbol:
        symbol = Symbol(letter, index)
        taken = {*self._weights.values(), *self._masks.values(), *self.names.values()}
        while symbol in taken:
            symbol = Symbol(f"{symbol.letter}'", index)
        return symbol

    def _aliases(self) -> dict[Tensor, Tensor]:
        found: dict[Tensor, Tensor] = {}
        for node in self.part.nodes:
            if isinstance(node.op, Identity):
                found[node.outputs[0]] = found.get(node.inputs[0], node.inputs[0])
        return found

    def _name(self, node: Node) -> None:
        if isinstance(node.op, Identity):
            return
        letter = _letter(node)
        named = [t for t in node.outputs if not self._inlined(node, t)]
        own = self._own(node, named[0]) if len(node.outputs) == 1 and named else None
        kind = letter if named or letter == MASKED else f"inlined {letter}"
        index = own.letter if own else self._index(node, kind)
        self.numbers[node.id] = index
        if node.path not in self._layers:
            self._layers[node.path] = index if own else self._index(node, f"layer {kind}")
        for tensor in named:
            port = "abcdefghij"[tensor.port % 10] if len(node.outputs) > 1 else ""
            self.names[tensor] = own or Symbol(letter, index + port)

    def _index(self, node: Node, letter: str) -> str:
        """The next number of a letter; what stands for W in W∘X has s."""
        matched = node.role == "match"
        key = f"matched {letter}" if matched else letter
        self._counts[key] += 1
        number = self._counts[key]
        if matched:
            return "s" if number == 1 else f"s{number}"
        return str(number)

    def _own(self, node: Node, tensor: Tensor) -> Symbol | None:
        """The name that the spec's author gave: a capital letter or two, as H and T of a gate."""
        scope = node.scope
        named = scope.kind == "chain" and all(u.scope is not scope for u in self._users(tensor))
        name = scope.name if named else node.path.rpartition(".")[2]
        if scope.kind == "chain" and name == scope.name and not named:
            return None  # it is called after the chain, whose result is another
        fits = name[:1].isupper() and name.isalpha() and name.isascii() and len(name) <= _LONGEST
        symbol = Symbol(name)
        if not fits or name in _TAKEN | _MAPS or symbol in self.names.values():
            return None
        return symbol

    def _users(self, tensor: Tensor) -> list[Node]:
        return [n for n in self.part.nodes if tensor in n.inputs]

    def _inlined(self, node: Node, tensor: Tensor) -> bool:
        """Whether a step is written within the formula of the one step that takes it."""
        users = self.uses.get(tensor, [])
        if len(users) != 1 or tensor in self.results:
            return False
        pointwise = isinstance(users[0].op, _POINTWISE)
        if isinstance(node.op, (Concat, DROPPING)):
            return True
        if isinstance(node.op, _POINTWISE):
            return pointwise or users[0].op.style.family == "activation"
        plain = node.role == "match" and not node.op.params(*(t.shape for t in node.inputs))
        return plain and (pointwise or isinstance(users[0].op, Concat))

    def _name_functions(self) -> None:
        ops = dict.fromkeys(n.op for n in self.part.nodes if is_function(n.op))
        letters = iter(_FUNCTIONS * len(ops))
        for op in ops:
            sigma = isinstance(op, Sigmoid) and len(ops) > 1
            self._functions[op] = Function(Symbol("σ" if sigma else next(letters)), op)


def is_function(op: Op) -> bool:
    """Whether a layer works on each number by itself, so that f' is a function too."""
    return isinstance(op, Prelu) or (curve_of(op) is not None and not isinstance(op, Identity))


def _letter(node: Node) -> str:
    if isinstance(node.op, Concat):
        return "C"
    if isinstance(node.op, _POINTWISE):
        return "S"
    if isinstance(node.op, DROPPING):
        return MASKED
    return _FAMILIES.get(node.op.style.family, "L")


def _uses(part: Part) -> dict[Tensor, list[Node]]:
    """Who takes each tensor in the part: a node once for each use; steps without a computation
    stand for those behind them."""
    found: dict[Tensor, list[Node]] = {}
    for node in reversed(part.nodes):
        for tensor in carried(node):
            behind = found.get(node.outputs[0], []) if isinstance(node.op, Identity) else [node]
            found.setdefault(tensor, []).extend(behind)
    return found
