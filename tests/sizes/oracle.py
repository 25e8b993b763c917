"""The oracle of legal sizes: torch runs the network, and every centre crop has an even rest."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import fx, nn

from archlang.analysis.sizes.legal import Sizes
from archlang.backends import runtime
from archlang.backends.fx import to_fx
from archlang.compiler import graph
from archlang.diagnostics.model import Diagnostics
from archlang.diagnostics.render import render_text
from archlang.graph import Graph
from archlang.semantics.files import Loader
from archlang.semantics.network import expand_network
from archlang.source import Source


class OffCentreError(RuntimeError):
    """A crop with an odd rest."""


class _Centred(fx.Interpreter):
    """Runs a module's graph and holds every crop to the centre, by the tensors themselves."""

    def call_function(self, target: object, args: tuple, kwargs: dict) -> object:
        result = super().call_function(target, args, kwargs)  # type: ignore[arg-type]
        if target in (runtime.crop, runtime.crop_like):
            rests = zip(args[0].shape[2:], result.shape[2:], strict=True)
            if any((n - m) % 2 for n, m in rests):
                raise OffCentreError
        return result


def built(text: str) -> Graph:
    """The graph of the network N of a text."""
    sink = Diagnostics()
    made = expand_network(Loader(sink).text(Source("n.arch", text)).networks["N"], {}, sink)
    assert made is not None and not sink.has_errors, render_text(sink)
    return made


def torch_output(model: nn.Module, shapes: Iterable[tuple[int, ...]]) -> tuple[int, ...] | None:
    """The shape of the (first) result that torch gives, in training too; None where it fails."""
    inputs = [torch.empty(2, *shape, device="meta") for shape in shapes]
    shape = None
    for training in (True, False):
        model.train(training)
        try:
            result = _Centred(model).run(*inputs)  # type: ignore[arg-type]
        except (RuntimeError, ValueError, IndexError):
            return None
        result = result[0] if isinstance(result, tuple) else result
        shape = tuple(result.shape[1:])
    return shape


def disagreements(made: Graph, sizes: Iterable[tuple[tuple[int, ...], ...]]) -> list[str]:
    """Where torch and the rules do not agree on a size, or on what comes out."""
    found = Sizes(made)
    assert found.proved, found.unproved
    model = to_fx(made, device="meta")
    wrong: list[str] = []
    for size in sizes:
        shapes = [(made.nodes[i].shape[0], *s) for i, s in zip(made.inputs, size, strict=True)]
        ran = torch_output(model, shapes)
        if found.legal(*size) != (ran is not None):
            wrong.append(f"{size}: torch {ran}, we {found.why_not(*size) or 'legal'}")
        elif ran is not None and found.output(*size) != ran:
            wrong.append(f"{size}: torch gives {ran}, we {found.output(*size)}")
        by_rule = ruled(found, size)
        if by_rule is not None and by_rule != (ran is not None):
            wrong.append(f"{size}: torch {ran}, but the rule says {by_rule}\n{found}")
    return wrong


def ruled(found: Sizes, size: tuple[tuple[int, ...], ...]) -> bool | None:
    """What the derived rules say of a size; None where sizes are tied and it is no plain case."""
    given = dict(zip(found.inputs, size, strict=True))
    verdict = True
    for group in found.groups:
        places = [found.asked.axes[i] for i in group.axes]
        values = [given[p.input][p.position - 1] for p in places]
        scaled = {v / f for v, f in zip(values, group.factors, strict=False)}
        if len(group.axes) > 1 and (len(scaled) != 1 or not group.factors):
            return None
        n = scaled.pop()
        verdict = verdict and n == int(n) and bool(group.equal(int(n)))
    return verdict


def zoo_graph(name: str) -> Graph:
    """A network of the zoo."""
    return graph(name)
