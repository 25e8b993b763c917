"""A network's module as one module for each stage of a plan, which share its layers."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import fx, nn

from archlang.backends.fx import TRAINING
from archlang.diagnostics.catalog.distribution import OtherNetwork
from archlang.distributed.planning.planner import Stage
from archlang.problems import about_network

if TYPE_CHECKING:
    from archlang.distributed.planning.plan import Plan


def split(model: fx.GraphModule, plan: Plan) -> list[fx.GraphModule]:
    """See `Plan.split`.

    Raises:
        SpecError: the module is not of the network that the plan is of.
    """
    numbers = _Assigned(model, plan).numbers
    last_use = _last_uses(model.graph, numbers, len(plan.stages) - 1)
    stages: list[fx.GraphModule] = []
    for stage in plan.stages:
        nodes = [node for node in model.graph.nodes if numbers.get(node) == stage.number]
        maker = _Maker(model, plan, stage)
        stages.append(maker.module(nodes, numbers, last_use))
    return stages


class _Assigned:
    """Which stage each step of a module belongs to, by the paths of the layers it calls.

    A step that is no layer lies between two: with the one before it if the stage that follows
    begins right `before` a layer, else with the one behind it.
    """

    def __init__(self, model: fx.GraphModule, plan: Plan) -> None:
        self._model = model
        self._plan = plan
        self.numbers: dict[fx.Node, int] = {}
        steps = [n for n in model.graph.nodes if n.op not in ("placeholder", "output")]
        waiting: list[fx.Node] = []
        now = 0
        for node in steps:
            waiting.append(node)
            found = self._of(node)
            if found is not None:
                now = self._place(waiting, now, max(now, found))
                waiting = []
        self.numbers.update(dict.fromkeys(waiting, now))
        self.numbers.update((node, 0) for node in model.graph.nodes if node.op == "placeholder")
        self._keep_together(steps)
        self._hold_all()

    def _place(self, waiting: list[fx.Node], now: int, found: int) -> int:
        """Assign a layer, the last of these steps, and what stands between it and the last one."""
        *between, layer = waiting
        after = found > now and self._plan.stages[now + 1].side == "after"
        self.numbers.update(dict.fromkeys(between, found if after else now))
        self.numbers[layer] = found
        return found

    def _of(self, node: fx.Node) -> int | None:
        """The first stage that any layer in a step is of; None if none is."""
        if node.op not in ("call_module", "get_attr"):
            return None
        owners, path = self._plan.owners, str(node.target)
        if path in owners:
            return owners[path]
        if node.op == "get_attr":  # a tensor of a layer
            return owners.get(path.rpartition(".")[0])
        inside = _names(self._model.get_submodule(path))
        return min(
            (owners[p] for p in (f"{path}.{n}" for n in inside) if p in owners), default=None
        )

    def _keep_together(self, steps: Iterable[fx.Node]) -> None:
        """Modules are no values: what names one stands with the step that takes it, and a part of
        several results with these."""
        for node in steps:
            if node.op == "get_attr" and node.users:
                self.numbers[node] = min(self.numbers[user] for user in node.users)
            if node.target is operator.getitem:
                source = node.args[0]
                assert isinstance(source, fx.Node)
                self.numbers[node] = self.numbers[source]

    def _hold_all(self) -> None:
        """Hold that every stage has a layer of the module."""
        layers = {n for node, n in self.numbers.items() if node.op in ("call_module", "get_attr")}
        for stage in self._plan.stages:
            if stage.number not in layers:
                missing = [p for p, number in self._plan.owners.items() if number == stage.number]
                problem = OtherNetwork(self._plan.graph.name, stage.number, tuple(missing))
                raise about_network(self._plan.graph, problem)


def _last_uses(graph: fx.Graph, numbers: dict[fx.Node, int], last: int) -> dict[fx.Node, int]:
    """The last stage that takes each value; results of the network are taken by the last one."""
    return {
        node: max((numbers.get(user, last) for user in node.users), default=number)
        for node, number in numbers.items()
    }


class _Maker:
    """Makes the module of one stage."""

    def __init__(self, model: fx.GraphModule, plan: Plan, stage: Stage) -> None:
        self._model = model
        self._stage = stage
        self._is_last = stage.number == len(plan.stages) - 1
        self._root = nn.Module()
        self._graph = fx.Graph()
        self._values: dict[fx.Node, fx.Node] = {}
        self._heads = {
            f"{TRAINING}{output.name}": output.tensor.shape
            for output in plan.graph.outputs
            if output.training
        }
        self._name = f"{plan.graph.name}Stage{stage.number}"

    def module(
        self, nodes: list[fx.Node], numbers: dict[fx.Node, int], last_use: dict[fx.Node, int]
    ) -> fx.GraphModule:
        """The stage of some steps of the whole module.

        Args:
            nodes: its steps.
            numbers: the stage of every step of the network.
            last_use: the last stage that takes a value.
        """
        here = self._stage.number
        for node in self._model.graph.nodes:
            received = node in numbers and numbers[node] < here <= last_use[node]
            if received and node.op != "get_attr":
                self._values[node] = self._graph.placeholder(node.name)
        taken = set(self._values)
        for node in nodes:
            self._copy(node, taken)
        if self._is_last:
            output = next(n for n in self._model.graph.nodes if n.op == "output")
            self._graph.output(fx.map_arg(output.args[0], self._value))
        else:
            self._graph.output(self._sent(numbers, last_use))
        made = fx.GraphModule(self._root, self._graph, class_name=self._name)
        # children that are shared keep their mode; only the new module itself is told
        made.training = self._model.training
        return made

    def _value(self, node: fx.Node) -> fx.Node:
        return self._values[node]

    def _copy(self, node: fx.Node, received: set[fx.Node]) -> None:
        if node.op in ("call_module", "get_attr"):
            share(self._root, self._model, str(node.target))
        if node.op == "placeholder":
            self._values[node] = self._graph.placeholder(str(node.target))
            return
        given = dict(self._values)
        if self._overwrites(node):
            taken = node.args if node.op == "call_module" else node.args[:1]
            for value in taken:
                if isinstance(value, fx.Node) and value in received:
                    # it is a leaf of autograd's graph here, and is sent on, perhaps
                    given[value] = self._graph.call_function(torch.clone, (self._values[value],))
        self._values[node] = self._graph.node_copy(node, given.__getitem__)

    def _overwrites(self, node: fx.Node) -> bool:
        if node.op == "call_module":
            module = self._model.get_submodule(str(node.target))
            return any(getattr(m, "inplace", False) is True for m in module.modules())
        return getattr(node.target, "__name__", "") in _OVERWRITING

    def _sent(
        self, numbers: dict[fx.Node, int], last_use: dict[fx.Node, int]
    ) -> tuple[fx.Node, ...]:
        here = self._stage.number
        return tuple(
            self._present(node)
            for node in self._model.graph.nodes
            if node.op != "get_attr" and numbers.get(node, here + 1) <= here < last_use.get(node, 0)
        )

    def _present(self, node: fx.Node) -> fx.Node:
        """A value as it is sent: in evaluation, a head for training has zeros in its place.

        Stages exchange tensors, always the same ones.
        """
        value = self._values[node]
        name = str(node.target)
        if node.op != "call_module" or name not in self._heads:
            return value
        anchor = next(
            self._values[a] for a in node.args if isinstance(a, fx.Node) and a.op != "get_attr"
        )
        self._root.add_module(f"_sent{name}", StandIn(self._heads[name]))
        return self._graph.call_module(f"_sent{name}", (value, anchor))


_OVERWRITING = frozenset({"iadd", "isub", "imul"})
"""Of `operator`."""


class StandIn(nn.Module):
    """Gives zeros, one row for each sample, where a head for training gives nothing."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, value: torch.Tensor | None, like: torch.Tensor) -> torch.Tensor:
        """The value itself, if there is one."""
        return like.new_zeros((like.shape[0], *self.shape)) if value is None else value


def _names(module: nn.Module) -> list[str]:
    """The paths of all modules within one, its own empty one first."""
    return list(dict[str, nn.Module](module.named_modules()))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # torch has no type


def share(root: nn.Module, model: nn.Module, target: str) -> None:
    """Put what a module has at a path at the same path of another one, which shares it."""
    *between, name = target.split(".")
    source = model
    for part in between:
        source = source.get_submodule(part)
        if part not in dict(root.named_children()):
            # what lies between belongs to the one module that it is part of
            root.add_module(part, nn.Module().train(source.training))
        root = root.get_submodule(part)
    thing = getattr(source, name)
    if isinstance(thing, nn.Module):
        root.add_module(name, thing)
    elif isinstance(thing, nn.Parameter):
        root.register_parameter(name, thing)
    else:
        root.register_buffer(name, thing, persistent=name not in _fleeting(source))


def _fleeting(module: nn.Module) -> set[str]:
    """The buffers of a module that its `state_dict` leaves out."""
    return module._non_persistent_buffers_set  # pyright: ignore[reportPrivateUsage]  # the only way
