"""The formulas carried out by torch, rule by rule, and the reference: autograd through the nodes.

Every transpose is computed by what it is said to be (a transposed convolution, a matrix product, a
scatter), not by autograd; only layers of which nothing is said but their Jacobian ask autograd.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)

from archlang.backends.recipes import call, recipe_of
from archlang.chainrule.derive import Derivation
from archlang.chainrule.evaluate import Evaluator
from archlang.chainrule.model import Function, Map, Symbol
from archlang.chainrule.part import Part, parts_of
from archlang.graph import Graph, Node
from archlang.graph import Tensor as Wire
from archlang.loading import to_module
from archlang.ops.recipe import Module

SAMPLES = 3
LETTERS = {
    "W": "weight", "b": "bias", "γ": "weight", "β": "bias", "a": "weight",
    "Ddepthwise": "0.weight", "ddepthwise": "0.bias",
    "Wpointwise": "1.weight", "wpointwise": "1.bias",
}  # fmt: skip


def apply_node(model: nn.Module, node: Node, xs: Sequence[Tensor]) -> Tensor | tuple[Tensor, ...]:
    """A node of the graph, with the parameters of a built network; chance is the same each time."""
    torch.manual_seed(node.id)
    recipe = recipe_of(node)
    if isinstance(recipe, Module):
        return model.get_submodule(node.path)(*xs)
    return call(recipe, xs)


def vjp(function: Callable[[Tensor], Tensor], x: Tensor, gradient: Tensor) -> Tensor:
    """The transposed Jacobian of one function, by autograd."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        (found,) = torch.autograd.grad(function(x), x, gradient)
    return found


class TorchEvaluator(Evaluator):
    """Tensors of shape (batch, …), parameters of a module."""

    def __init__(self, model: nn.Module, derivation: Derivation) -> None:
        super().__init__()
        self.model = model
        self.letters = derivation.letters
        derivation.weights  # noqa: B018 (all weights have their symbols)
        for (path, name), symbol in self.letters._weights.items():
            value = torch.cat([p.detach() for p in parameters(model, path, name)])
            node = next(n for n in derivation.part.nodes if n.path == path)
            if type(node.op).__name__ == "Affine":
                value = value.view(-1, *(1 for _ in node.shape[1:]))
            self.values[symbol] = value
        for (number, name), symbol in self.letters._masks.items():
            node = derivation.part.graph.nodes[number]
            shape = (SAMPLES, *node.inputs[0].shape)
            zero, one = (
                apply_node(model, node, [full(shape, dtype=torch.float64)])
                for full in (torch.zeros, torch.ones)
            )
            self.values[symbol] = zero if name == "K" else one - zero

    def apply(self, function: Function, x: Tensor) -> Tensor:
        return self._function(function)(x)

    def _function(self, function: Function) -> Callable[[Tensor], Tensor]:
        node = next(n for n in self.letters.part.nodes if n.op == function.op)
        return lambda x: apply_node(self.model, node, [x])

    def slope(self, function: Function, x: Tensor) -> Tensor:
        return vjp(self._function(function), x, torch.ones_like(x))

    def slope_weight(self, function: Function, weight: Symbol, gradient: Tensor, x: Tensor):
        found = (gradient * x.clamp(max=0)).sum(dim=[d for d in range(x.dim()) if d != 1])
        node = next(n for n in self.letters.part.nodes if n.op == function.op)
        return found if node.op.params(*(t.shape for t in node.inputs)) > 1 else found.sum()[None]

    def image(self, kind: Map, xs: Sequence[Tensor]) -> Tensor:
        if kind.part:
            module = self.model.get_submodule(kind.node.path)
            return module[0 if kind.part == "depthwise" else 1](*xs)
        more = [self._like(kind.node)] if len(kind.node.inputs) > len(xs) else []
        found = apply_node(self.model, kind.node, [*xs, *more])
        assert isinstance(found, Tensor)
        return found

    def _like(self, node: Node) -> Tensor:
        """What a crop or a resize looks at: any tensor of that size."""
        return torch.zeros(1, *node.inputs[1].shape, dtype=torch.float64)

    def normal(self, kind: Map, x: Tensor) -> Tensor:
        module = self.model.get_submodule(kind.node.path)
        name = kind.name.letter
        if name == "BN":
            return F.batch_norm(x, None, None, training=True, eps=module.eps)
        if name == "GN":
            return F.group_norm(x, module.num_groups, eps=module.eps)
        if name == "IN":
            return F.instance_norm(x, eps=module.eps)
        if len(module.normalized_shape) == x.dim() - 1:
            return F.layer_norm(x, x.shape[1:], eps=module.eps)
        last = x.movedim(1, -1)
        return F.layer_norm(last, last.shape[-1:], eps=module.eps).movedim(-1, 1)

    # ── back ─────────────────────────────────────────────────────────────────────────────────

    def pullback(self, kind: Map, operand: int, gradient: Tensor, xs: Sequence[Tensor]) -> Tensor:
        x = xs[operand]
        match kind.kind, kind.name.letter:
            case "fc", _:
                return gradient @ self.values[kind.weight]
            case "conv", "Conv" | "DWConv" | "UpConv":
                return self._transposed(kind, gradient, x)
            case "norm", _:
                return self._norm_back(kind, gradient, x)
            case _, "GAP":
                return (gradient / x[0, 0].numel()).expand_as(x)
            case _, "Flatten" | "Reshape":
                return gradient.reshape(x.shape)
            case _, "MaxPool" if hasattr(self._module(kind), "kernel_size"):
                return self._unpooled(kind, gradient, x)
            case _:
                others = list(xs)

                def alone(value: Tensor) -> Tensor:
                    others[operand] = value
                    return self.image(kind, others)

                return vjp(alone, x, gradient)

    def _module(self, kind: Map) -> nn.Module:
        module = self.model.get_submodule(kind.node.path)
        return module[0 if kind.part == "depthwise" else 1] if kind.part else module

    def _transposed(self, kind: Map, gradient: Tensor, x: Tensor) -> Tensor:
        """Conv(∇Z | W†) as torch.nn.functional.conv_transpose, UpConv's as conv."""
        module = self._module(kind)
        rank = x.dim() - 2
        weight = self.values[kind.weight]
        settings = {"stride": module.stride, "padding": module.padding}
        settings |= {"dilation": module.dilation, "groups": module.groups}
        if kind.transposed:
            return getattr(F, f"conv{rank}d")(gradient, weight, **settings)
        reached = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                gradient.shape[2:], module.stride, module.padding, module.dilation,
                module.kernel_size, strict=True,
            )
        ]  # fmt: skip
        missing = [n - m for n, m in zip(x.shape[2:], reached, strict=True)]
        function = getattr(F, f"conv_transpose{rank}d")
        return function(gradient, weight, output_padding=missing, **settings)

    def _norm_back(self, kind: Map, a: Tensor, x: Tensor) -> Tensor:
        """The formula that stands under the page: 1/σ ⊙ (B − mean(B) − Ẑ ⊙ mean(B ⊙ Ẑ))."""
        module = self._module(kind)
        weight = getattr(module, "weight", None)
        z = self.normal(kind, x)
        b = a if weight is None else a * _beside(weight.detach(), a)
        axes = {"BN": [0, *range(2, x.dim())], "IN": [*range(2, x.dim())], "LN": [1]}
        if kind.name.letter == "GN":
            shape = (x.shape[0], module.num_groups, -1)
            parts = [t.reshape(shape) for t in (x, z, b)]
            return _normal_back(*parts, [2], module.eps).reshape(x.shape)
        whole = kind.name.letter == "LN" and len(module.normalized_shape) == x.dim() - 1
        over = [*range(1, x.dim())] if whole else axes[kind.name.letter]
        return _normal_back(x, z, b, over, module.eps)

    def _unpooled(self, kind: Map, gradient: Tensor, x: Tensor) -> Tensor:
        """Each gradient to the place of the maximum."""
        m = self._module(kind)
        _, places = F.max_pool2d(
            x, m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode, return_indices=True
        )
        found = torch.zeros_like(x).flatten(2)
        return found.scatter_add(2, places.flatten(2), gradient.flatten(2)).reshape(x.shape)

    def weight(self, kind: Map, weight: Symbol, gradient: Tensor, xs: Sequence[Tensor]) -> Tensor:
        (x, *_) = xs
        if kind.kind == "fc":
            return gradient.T @ x if weight == kind.weight else gradient.sum(0)
        if kind.kind == "conv" and weight == kind.bias:
            return gradient.sum(dim=[d for d in range(gradient.dim()) if d != 1])
        if kind.kind == "conv" and kind.name.letter != "SparseConv":
            module = self._module(kind)
            function = getattr(torch.nn.grad, f"conv{x.dim() - 2}d_weight")
            shape, settings = self.values[kind.weight].shape, _settings(module)
            pair = (gradient, x) if kind.transposed else (x, gradient)
            return function(pair[0], shape, pair[1], **settings)
        module = self._module(kind)
        name = "bias" if weight == kind.bias else "weight"
        if hasattr(module, "convs"):
            pairs = zip(
                module.convs,
                module.channels,
                gradient.split([c.out_channels for c in module.convs], 1),
                strict=True,
            )
            return torch.cat(
                [
                    torch.nn.grad.conv2d_weight(x[:, seen], c.weight.shape, g, **_settings(c))
                    for c, seen, g in pairs
                ]
            )

        def by(value: Tensor) -> Tensor:
            return torch.func.functional_call(module, {name: value}, (x,))

        return vjp(by, dict(module.named_parameters())[name], gradient)

    # ── pieces ───────────────────────────────────────────────────────────────────────────────

    def cut(self, x: Tensor, start: int, stop: int) -> Tensor:
        return x[:, start:stop]

    def place(self, x: Tensor, start: int, stop: int, channels: int) -> Tensor:
        found = x.new_zeros((x.shape[0], channels, *x.shape[2:]))
        found[:, start:stop] = x
        return found

    def total(self, x: Tensor, shape: tuple[int, ...], batch: bool) -> Tensor:
        if batch:
            x = x.sum(0)
            return x.sum_to_size(shape) if shape else x.sum()
        return x.sum_to_size((x.shape[0], *shape))

    def stack(self, parts: Sequence[Tensor]) -> Tensor:
        return torch.cat(list(parts), dim=1)


def parameters(model: nn.Module, path: str, name: str) -> list[nn.Parameter]:
    """The parameter of a letter; a sparse convolution keeps its filters in several tensors."""
    module = model.get_submodule(path)
    if hasattr(module, "convs"):
        return [getattr(conv, LETTERS[name]) for conv in module.convs]
    one = model.get_parameter(f"{path}.{LETTERS[name]}")
    return [one if one.dim() else one.view(1)]  # a learned scale is a single number


def _grad(parameter: Tensor) -> Tensor:
    base = parameter._base if parameter._base is not None else parameter
    assert base.grad is not None
    return base.grad.view(parameter.shape)


def _settings(module: nn.Module) -> dict[str, object]:
    return {k: getattr(module, k) for k in ("stride", "padding", "dilation", "groups")}


def _beside(weight: Tensor, x: Tensor) -> Tensor:
    """A parameter for each channel, or for each entry, so that it multiplies x."""
    if weight.dim() > 1 or x.dim() == 2:
        return weight
    return weight.view(-1, *(1 for _ in x.shape[2:]))


def _normal_back(x: Tensor, z: Tensor, b: Tensor, over: list[int], eps: float) -> Tensor:
    sigma = (x.var(dim=over, unbiased=False, keepdim=True) + eps).sqrt()
    mean = b.mean(dim=over, keepdim=True)
    return (b - mean - z * (b * z).mean(dim=over, keepdim=True)) / sigma


class Compared:
    """A part, its formulas' gradients and autograd's, by what they are gradients of."""

    def __init__(self, graph: Graph, focus: str | None = None, seed: int = 0, which: int = 0):
        torch.manual_seed(seed)
        self.part: Part = parts_of(graph, focus)[which]
        self.derivation = Derivation(self.part)
        self.model = to_module(graph, dtype=torch.float64).train()
        for module in self.model.modules():
            if getattr(module, "inplace", False):  # every value is looked at afterwards
                module.inplace = False
        for parameter in self.model.parameters():  # no scale is 1, no shift is 0
            parameter.data += 0.1 * torch.randn_like(parameter)
        self.inputs = [
            torch.randn(SAMPLES, *t.shape, dtype=torch.float64) for t in self.part.inputs
        ]  # fmt: skip
        self._reference()
        self._formulas()

    def _reference(self) -> None:
        inputs = zip(self.part.inputs, self.inputs, strict=True)
        self.wires: dict[Wire, Tensor] = {t: x.clone().requires_grad_() for t, x in inputs}
        for node in self.part.nodes:
            found = apply_node(self.model, node, [self._wire(node, t) for t in node.inputs])
            results = found if isinstance(found, tuple) else (found,)
            for wire, value in zip(node.outputs, results, strict=True):
                self.wires[wire] = value.clone()  # a dropout hands on what it got
                self.wires[wire].retain_grad()
        results = [self.wires[t] for t in self.derivation.letters.results]
        self.given = [torch.randn_like(r) for r in results]
        torch.autograd.backward(results, self.given)

    def _wire(self, node: Node, tensor: Wire) -> Tensor:
        if tensor in self.wires:
            return self.wires[tensor]
        return torch.zeros(
            SAMPLES, *tensor.shape, dtype=torch.float64
        )  # only its size is looked at

    def _formulas(self) -> None:
        derivation, letters = self.derivation, self.derivation.letters
        evaluator = TorchEvaluator(self.model, derivation)
        with torch.no_grad():
            for tensor, x in zip(self.part.inputs, self.inputs, strict=True):
                evaluator.values[letters.names[tensor]] = x
            evaluator.run(derivation.forward)
            for tensor, g in zip(letters.results, self.given, strict=True):
                evaluator.values[letters.gradient(tensor)] = g
            evaluator.run(derivation.backward)
            evaluator.run(derivation.weights)
        self.evaluator = evaluator

    def differences(self) -> dict[str, float]:
        """For each value and gradient, how far the formula is from autograd, relatively."""
        found: dict[str, float] = {}
        letters, numbers = self.derivation.letters, self.evaluator
        for tensor, symbol in letters.names.items():
            name = symbol.letter + symbol.index
            found[name] = _apart(numbers.values[symbol], self.wires[tensor])
            if symbol in numbers.gradients:
                found[f"∇{name}"] = _apart(numbers.gradients[symbol], self.wires[tensor].grad)
        for (path, name), symbol in letters._weights.items():
            if symbol in numbers.gradients:
                wanted = torch.cat([_grad(p) for p in parameters(self.model, path, name)])
                key = f"∇{symbol.letter}{symbol.index}"
                found[key] = _apart(numbers.gradients[symbol].reshape(wanted.shape), wanted)
        return found

    def assert_equal(self) -> None:
        """Hold that every formula agrees, and that none is missing."""
        differences = self.differences()
        assert all(d < 1e-9 for d in differences.values()), differences
        owners = {n.path for n in self.part.nodes if not n.frozen}
        for name, parameter in self.model.named_parameters():
            path = name.rpartition(".")[0]
            inside = any(path == p or path.startswith(f"{p}.") for p in owners)
            symbols = self.derivation.letters._weights
            heard = {p for p, n in symbols if symbols[p, n] in self.evaluator.gradients}
            known = any(path == p or path.startswith(f"{p}.") for p in heard)
            assert not inside or parameter.grad is None or known, name


def _apart(found: Tensor, wanted: Tensor | None) -> float:
    assert wanted is not None
    assert found.shape == wanted.shape
    scale = wanted.abs().max().clamp(min=0.1)  # a bias before a batch norm hears nothing
    return float((found - wanted).detach().abs().max() / scale.detach())
