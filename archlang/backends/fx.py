"""Graph to torch.fx: a GraphModule whose modules, and so `state_dict`, carry the graph's paths."""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from itertools import groupby
from typing import Any

import torch
from torch import fx, nn

from archlang.analysis.inplace import inplace_nodes
from archlang.backends.calls import network
from archlang.backends.outputs import Outputs
from archlang.backends.recipes import build, fill, recipe_of, resolve
from archlang.backends.recompute import RunAgain
from archlang.backends.training import Folded, Step, TrainingOnly, Wire
from archlang.collector import collector_paused
from archlang.graph import Again, Graph, Node, Tensor
from archlang.ops.recipe import Fold, Function, Module, PassThrough, Recipe

OUTPUTS = "_outputs"
"""The module that names several results. No name of a spec begins with an underscore."""
TRAINING = "_training_"
"""What the names of modules begin with that run a part only while training."""
AGAIN = "_again_"
"""What the names of modules begin with that run a part again in the backward pass."""
PATH = "archlang_path"
"""The key in an fx node's `meta` for the path of the step that it computes."""


def to_fx(
    graph: Graph,
    *,
    device: torch.device | str | None = None,
    dtype: torch.dtype | None = None,
) -> fx.GraphModule:
    """The network as an `nn.Module`, freshly initialised and in training mode.

    It takes the network's inputs in order, each with the batch in front, and returns the output;
    several outputs come as a named tuple. Outputs `when training` are there only while training.

    Args:
        graph: the network.
        device: where the parameters are made.
        dtype: their floating-point type.
    """
    with collector_paused():
        module = _Emitter(graph, device).module()
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
                self._emit_main(list(nodes))
            else:
                self._emit_training_part(training, list(nodes))
        self._emit_outputs()
        return network(self._root, self._fx, self._graph)

    # ── modules ──────────────────────────────────────────────────────────────────────────────

    def _recipe(self, node: Node) -> Recipe:
        recipe = recipe_of(node)
        if node.id not in self._overwriting:
            return recipe
        if isinstance(recipe, Module):
            return Module(recipe.target, recipe.args, (*recipe.kwargs, ("inplace", True)))
        assert isinstance(recipe, Fold)
        return Fold("operator.iadd")

    def _attach(self, node: Node, recipe: Module) -> None:
        """Put a node's module at its path, once: later users of a shared path find it there."""
        if self._owners[node.path] is node:
            attach(self._root, node.path, _layer(node, recipe, self._device))

    # ── the main graph ───────────────────────────────────────────────────────────────────────

    def _emit(self, node: Node) -> None:
        inputs = [self._value(tensor) for tensor in node.inputs]
        recipe = self._recipe(node)
        if isinstance(recipe, Module):
            self._attach(node, recipe)
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
            if result is not None:
                result.meta.setdefault(PATH, node.path)
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

    # ── parts that run again ─────────────────────────────────────────────────────────────────

    def _emit_main(self, nodes: list[Node]) -> None:
        """Steps that run in evaluation too; those that run again are in one call."""
        again = {number: part for part in self._graph.again for number in part.nodes}
        for part, steps in groupby(nodes, key=lambda n: again.get(n.id)):
            if part is None:
                for node in steps:
                    self._emit(node)
            else:
                self._emit_again(part, list(steps))

    def _emit_again(self, again: Again, nodes: list[Node]) -> None:
        part, values = self._part(nodes)
        inside = {node.id for node in nodes}
        outside = (n for n in self._graph.nodes if n.id not in inside)
        used = [*(t for n in outside for t in n.inputs), *(o.tensor for o in self._graph.outputs)]
        results = [t for t in dict.fromkeys(used) if t.node in inside]
        wires = [part.wires[t.node, t.port] for t in results]
        path = f"{AGAIN}{nodes[0].id}"
        self._root.add_module(path, RunAgain(part.steps, wires, whole=again.whole))
        given = self._fx.call_module(path, values)
        for number, tensor in enumerate(results):
            alone = len(results) == 1
            item = given if alone else self._fx.call_function(operator.getitem, (given, number))
            self._values[tensor.node, tensor.port] = item

    # ── parts that run while training ────────────────────────────────────────────────────────

    def _emit_training_part(self, name: str, nodes: list[Node]) -> None:
        """One call holds the whole part, and does nothing in evaluation."""
        part, values = self._part(nodes)
        output = next(o.tensor for o in self._graph.outputs if o.name == name)
        path = f"{TRAINING}{name}"
        self._root.add_module(path, TrainingOnly(part.steps, part.wires[output.node, output.port]))
        self._values[output.node, output.port] = self._fx.call_module(path, values)

    def _part(self, nodes: list[Node]) -> tuple[_Part, tuple[Any, ...]]:
        """Steps that run within one module, and the values that it has to be called with."""
        inside = {node.id for node in nodes}
        recipes = {node.id: self._recipe(node) for node in nodes}
        taken = dict.fromkeys(t for n in nodes for t in n.inputs if t.node not in inside)
        modules = dict.fromkeys(n.path for n in nodes if isinstance(recipes[n.id], Module))
        part = _Part(taken, modules)
        for node in nodes:
            recipe = recipes[node.id]
            if isinstance(recipe, Module):
                self._attach(node, recipe)
            part.add(node, recipe)
        tensors = [self._value(t) for t in taken]
        return part, (*tensors, *map(self._fx.get_attr, modules))


class _Part:
    """The steps of a part that runs while training, as wires between them."""

    def __init__(self, tensors: Iterable[Tensor], modules: Iterable[str]) -> None:
        self.wires = {(t.node, t.port): Wire(i) for i, t in enumerate(tensors)}
        self._modules = {p: Wire(i) for i, p in enumerate(modules, start=len(self.wires))}
        self._taken = len(self.wires) + len(self._modules)
        self.steps: list[Step] = []

    def add(self, node: Node, recipe: Recipe) -> None:
        """Append what computes a node."""
        inputs = [self.wires[t.node, t.port] for t in node.inputs]
        if isinstance(recipe, PassThrough):
            self.wires[node.id, 0] = inputs[0]
            return
        result = self._step(node, recipe, inputs)
        if not _is_tuple(node):
            self.wires[node.id, 0] = result
            return
        for port in range(len(node.outputs)):
            self.wires[node.id, port] = self._append(resolve("operator.getitem"), (result, port))

    def _step(self, node: Node, recipe: Module | Function | Fold, inputs: list[Wire]) -> Wire:
        if isinstance(recipe, Module):
            return self._append(self._modules[node.path], tuple(inputs))
        if isinstance(recipe, Fold):
            return self._append(Folded(recipe.target), tuple(inputs))
        kwargs = {key: fill(a, inputs) for key, a in recipe.kwargs}
        return self._append(
            resolve(recipe.target), tuple(fill(a, inputs) for a in recipe.args), kwargs
        )

    def _append(
        self, target: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None
    ) -> Wire:
        self.steps.append(Step(target, args, kwargs or {}))
        return Wire(self._taken + len(self.steps) - 1)


def _is_tuple(node: Node) -> bool:
    """Whether torch gives several results, be it a list of one."""
    from archlang.ops.reshaping import Split

    return len(node.outputs) > 1 or isinstance(node.op, Split)


def renew(
    module: fx.GraphModule,
    graph: Graph,
    paths: Collection[str],
    device: torch.device | str | None,
    dtype: torch.dtype | None = None,
) -> None:
    """Initialise some layers of a network's module anew, where it was built without memory."""
    for node in graph.owners:
        if node.path in paths:
            recipe = recipe_of(node)
            assert isinstance(recipe, Module), "only modules have weights"
            attach(module, node.path, _layer(node, recipe, device).to(dtype))


def _layer(node: Node, recipe: Module, device: torch.device | str | None) -> nn.Module:
    module = new_module(node, recipe, device)
    return module.requires_grad_(False) if node.frozen else module


def new_module(node: Node, recipe: Module, device: torch.device | str | None) -> nn.Module:
    """A node's module with its initial weights: torch's own, or those of `init=`."""
    initialiser = getattr(node.op, "init", None)
    if initialiser is None:
        return _on(device, recipe)
    # Built without memory first: torch's own initial values would only be overwritten.
    module = _on("meta", recipe)
    place = torch.get_default_device() if device is None else torch.device(device)
    if place.type == "meta":
        return module  # there is nothing to fill
    module.to_empty(device=place)
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
