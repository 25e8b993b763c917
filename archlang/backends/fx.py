"""Graph to torch.fx: a GraphModule whose modules carry the graph's paths, so `state_dict` does too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import groupby
from typing import Any

import torch
from torch import fx, nn

from archlang.backends.inplace import inplace_nodes
from archlang.backends.outputs import Outputs
from archlang.backends.recipes import build, fill, resolve
from archlang.backends.training import Step, TrainingOnly, Wire
from archlang.graph import Graph, Node, Tensor, shapes
from archlang.ops.recipe import Fold, Function, Module, PassThrough, Recipe

OUTPUTS = "_outputs"
"""The module that names several results. No name of a spec begins with an underscore."""


def to_fx(
    graph: Graph, *, device: torch.device | str | None = None, dtype: torch.dtype | None = None
) -> fx.GraphModule:
    """The network as an `nn.Module`, freshly initialised and in training mode.

    It takes the network's inputs in order, each with the batch in front, and returns the output;
    several outputs come as a named tuple. Outputs `when training` are there only while training.
    """
    emitter = _Emitter(graph, device)
    module = emitter.module()
    if dtype is not None:
        module.to(dtype)
    return module


class _Emitter:
    """Emits one graph. `values` maps a node of ours to what holds its result in fx."""

    def __init__(self, graph: Graph, device: torch.device | str | None) -> None:
        self._graph = graph
        self._device = device
        self._overwriting = inplace_nodes(graph)
        self._owners = {node.path: node for node in graph.owners}
        self._root = nn.Module()
        self._fx = fx.Graph()
        self._values: dict[tuple[int, int], fx.Node | None] = {}

    def module(self) -> fx.GraphModule:
        """The whole network."""
        for number in self._graph.inputs:
            node = self._graph.nodes[number]
            self._values[number, 0] = self._fx.placeholder(node.path)
        rest = (n for n in self._graph.nodes if n.role != "input")
        for training, nodes in groupby(rest, key=lambda n: n.training):
            if training is None:
                for node in nodes:
                    self._emit(node)
            else:
                self._emit_training_part(training, list(nodes))
        self._emit_outputs()
        return fx.GraphModule(self._root, self._fx, class_name=self._graph.name)

    # ── modules ──────────────────────────────────────────────────────────────────────────────

    def _recipe(self, node: Node) -> Recipe:
        recipe = node.op.recipe(*shapes(node))
        if node.id not in self._overwriting:
            return recipe
        if isinstance(recipe, Module):
            return Module(recipe.target, recipe.args, (*recipe.kwargs, ("inplace", True)))
        assert isinstance(recipe, Fold)
        return Fold("operator.iadd")

    def _built(self, node: Node, recipe: Module) -> nn.Module:
        module = new_module(node, recipe, self._device)
        return module.requires_grad_(False) if node.frozen else module

    def _attach(self, node: Node, recipe: Module, root: nn.Module, path: str) -> None:
        """Put a node's module at its path, once: later users of a shared path find it there."""
        if self._owners[node.path] is node:
            attach(root, path, self._built(node, recipe))

    # ── the main graph ───────────────────────────────────────────────────────────────────────

    def _emit(self, node: Node) -> None:
        inputs = [self._value(tensor) for tensor in node.inputs]
        recipe = self._recipe(node)
        if isinstance(recipe, Module):
            self._attach(node, recipe, self._root, node.path)
            result = self._fx.call_module(node.path, tuple(inputs))
        elif isinstance(recipe, PassThrough):
            result = inputs[0]
        else:
            result = self._function(recipe, inputs)
        self._keep(node, result)

    def _function(self, recipe: Function | Fold, inputs: Sequence[Any]) -> fx.Node:
        target = resolve(recipe.target)
        if isinstance(recipe, Fold):
            return reduce(lambda a, b: self._fx.call_function(target, (a, b)), inputs)
        kwargs = {name: fill(a, inputs) for name, a in recipe.kwargs}
        return self._fx.call_function(target, tuple(fill(a, inputs) for a in recipe.args), kwargs)

    def _keep(self, node: Node, result: Any) -> None:
        if not _is_tuple(node):
            self._values[node.id, 0] = result
            return
        for port in range(len(node.outputs)):
            item = self._fx.call_function(resolve("operator.getitem"), (result, port))
            self._values[node.id, port] = item

    def _value(self, tensor: Tensor) -> fx.Node | None:
        return self._values[tensor.node, tensor.port]

    def _emit_outputs(self) -> None:
        outputs = self._graph.outputs
        values = tuple(self._value(o.tensor) for o in outputs)
        if len(outputs) == 1:
            self._fx.output(values[0])
            return
        names = [o.name for o in outputs]
        training = [o.name for o in outputs if o.training]
        self._root.add_module(OUTPUTS, Outputs(f"{self._graph.name}Output", names, training))
        self._fx.output(self._fx.call_module(OUTPUTS, values))

    # ── parts that run while training ────────────────────────────────────────────────────────

    def _emit_training_part(self, name: str, nodes: list[Node]) -> None:
        """One module holds the whole part, and does nothing in evaluation."""
        inside = {node.id for node in nodes}
        taken = dict.fromkeys(t for n in nodes for t in n.inputs if t.node not in inside)
        wires = {(t.node, t.port): Wire(i) for i, t in enumerate(taken)}
        part = TrainingOnly()
        for node in nodes:
            self._step(node, name, part, wires)
        output = next(o.tensor for o in self._graph.outputs if o.name == name)
        part.result = wires[output.node, output.port]
        attach(self._root, name, part)
        result = self._fx.call_module(name, tuple(self._value(t) for t in taken))
        self._values[output.node, output.port] = result

    def _step(
        self, node: Node, name: str, part: TrainingOnly, wires: dict[tuple[int, int], Wire]
    ) -> None:
        inputs = [wires[t.node, t.port] for t in node.inputs]
        recipe = self._recipe(node)
        if isinstance(recipe, PassThrough):
            wires[node.id, 0] = inputs[0]
            return
        wire = Wire(len(wires))
        if isinstance(recipe, Module):
            path = node.path.removeprefix(f"{name}.")
            self._attach(node, recipe, part, path)
            part.steps.append(Step(path, tuple(inputs), {}, wire))
        elif isinstance(recipe, Fold):
            part.steps.append(Step(fold(recipe.target), tuple(inputs), {}, wire))
        else:
            args = tuple(fill(a, inputs) for a in recipe.args)
            kwargs = {key: fill(a, inputs) for key, a in recipe.kwargs}
            part.steps.append(Step(resolve(recipe.target), args, kwargs, wire))
        wires[node.id, 0] = wire


def fold(target: str) -> Any:
    """A function of several tensors that joins them by a binary operator from the left."""
    from archlang.backends.training import Folded

    return Folded(target)


def _is_tuple(node: Node) -> bool:
    """Whether torch gives several results, be it a list of one."""
    from archlang.ops.reshaping import Split

    return len(node.outputs) > 1 or isinstance(node.op, Split)


def new_module(node: Node, recipe: Module, device: torch.device | str | None) -> nn.Module:
    """A node's module with its initial weights: torch's own, or those of `init=`."""
    initialiser = getattr(node.op, "init", None)
    if initialiser is None:
        return _on(device, recipe)
    # Built without memory first: torch's own initial values would only be overwritten.
    module = _on("meta", recipe)
    module.to_empty(device=device or torch.get_default_device())
    initialise(module.modules(), initialiser.function, initialiser.arguments())
    return module


def _on(device: torch.device | str | None, recipe: Module) -> nn.Module:
    if device is None:
        return build(recipe)
    with torch.device(device):
        return build(recipe)


def initialise(
    modules: Iterable[nn.Module], function: str, arguments: Mapping[str, float | str]
) -> None:
    """Fill the weights of modules by a function of `torch.nn.init`, and their biases with zeros."""
    for module in modules:
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(weight, torch.Tensor):
            getattr(nn.init, function)(weight, **arguments)
        if isinstance(bias, torch.Tensor):
            nn.init.zeros_(bias)


def attach(root: nn.Module, path: str, module: nn.Module) -> None:
    """Put a module at a dotted path; what lies between is made as needed."""
    *between, name = path.split(".")
    for part in between:
        if part not in root._modules:  # pyright: ignore[reportPrivateUsage]  # hasattr would find torch's own attributes
            root.add_module(part, nn.Module())
        root = root.get_submodule(part)
    root.add_module(name, module)
