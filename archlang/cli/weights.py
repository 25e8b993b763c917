"""What the `weights` commands do."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import typer

from archlang.cli.commands import network_of
from archlang.cli.failures import MISTAKE
from archlang.cli.page import Table, plain, remind, working
from archlang.cli.settings import settings
from archlang.compiler import is_saved
from archlang.diagnostics.render.display import visible_lines, visible_text
from archlang.files import OutputError, write_all
from archlang.graph import Graph

if TYPE_CHECKING:
    from archlang.weights.checkpoint import Checkpoint
    from archlang.weights.keys.groups import Shape
    from archlang.weights.keys.match import Proposal, Theirs

_SHOWN = 6
"""How many tensors of each kind the page lists; the map has all of them."""
_SHOWN_CANDIDATES = 3
_RESHAPED = "a convolution there, a linear layer here, or the other way round"


def report_weights(
    spec: str,
    given: Sequence[str],
    source: str | None,
    key_map: Path | None,
    weights_of: str | None,
    *,
    every: bool,
    as_json: bool,
) -> None:
    """Print what would become of every tensor, were a network loaded with weights.

    Without a source: with those that the network declares, or that lie in a saved file with it.

    Raises:
        SpecError: the spec has mistakes, or the weights cannot be had or do not fit.
    """
    graph = network_of(spec, given)
    with working("reading the weights"):
        from archlang.loading import load, to_module
        from archlang.weights.report import weights_report

        if source is None and is_saved(spec):
            model = load(spec, device="meta")
        else:
            # without memory of its own: only the tensors of the checkpoint are looked at
            model = to_module(
                graph,
                weights=source or "DEFAULT",
                key_map=key_map,
                weights_of=weights_of,
                device="meta",
            )
    report = weights_report(model)
    if as_json:
        print(json.dumps(report.as_json(), indent=2))
    else:
        print(visible_lines(report.text(every)))


def match_weights(
    spec: str, given: Sequence[str], source: str, out: Path | None, force: bool
) -> None:
    """Propose which tensor of a foreign checkpoint is which of a network's, as a key map.

    The map goes to `out`, else to stdout; what was found is said beside it.

    Raises:
        SpecError: the spec has mistakes, or the weights cannot be read.
        OutputError: the map cannot be written, or is there already.
        typer.Exit: something is left to do (1).
    """
    if out is not None and out.exists() and not force:
        raise OutputError(f"{out} is there already; --force overwrites it")
    graph = network_of(spec, given)
    own, theirs = _own(graph), _theirs(graph, source)
    with working("matching"):
        from archlang.weights.keys.mapfile import KeyMap
        from archlang.weights.keys.match import propose

        proposal = propose(own, theirs)
        text = KeyMap.of(graph.name, proposal).text()
    if out is None:
        print(text, end="")
    else:
        write_all({out: text})
    page = sys.stderr if out is None else sys.stdout
    _say(_page(graph, source, proposal, own, theirs), page)
    _say(_next_step(_call(spec, source, given, out), proposal, out), page)
    if graph.bases:
        base = graph.bases[-1].name
        remind(f"{graph.name} is derived; where the checkpoint is one of {base}, match that")
    if not proposal.complete:
        raise typer.Exit(MISTAKE)


def _own(graph: Graph) -> dict[str, Shape]:
    """The network's tensors with their shapes."""
    with working("building the network"):
        from archlang.backends.fx import to_fx

        state = to_fx(graph, device="meta").state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def _theirs(graph: Graph, source: str) -> dict[str, Shape]:
    """The checkpoint's tensors with their shapes.

    Raises:
        SpecError: it cannot be read, or holds something else than tensors.
    """
    from archlang.weights.keys.torchvision import COUNTERPARTS
    from archlang.weights.sources import read_weights

    builder = COUNTERPARTS.get(graph.name)
    return dict(_shapes(read_weights(source, (builder,) if builder else ())))


def _shapes(checkpoint: Checkpoint) -> Iterator[tuple[str, Shape]]:
    from torch import Tensor

    from archlang.diagnostics.catalog.values import NoTensors
    from archlang.problems import about

    for name, tensor in checkpoint.tensors.items():
        if not isinstance(tensor, Tensor):
            what = f"no tensor but of the type {type(tensor).__name__}"
            raise about(checkpoint.origin, NoTensors(name, what))
        yield name, tuple(tensor.shape)


def _page(
    graph: Graph,
    source: str,
    proposal: Proposal,
    own: Mapping[str, Shape],
    theirs: Mapping[str, Shape],
) -> Iterator[str]:
    """What was found: numbers, then what is left to look at."""
    pairs = proposal.pairs
    found = [
        ("by order", sum(pair.by == "order" for pair in pairs), ""),
        ("by a shape of its own", sum(pair.by == "shape" for pair in pairs), ""),
        ("by the numbers in their names", sum(pair.by == "numbers" for pair in pairs), ""),
        ("reshaped, of these", sum(pair.reshape is not None for pair in pairs), _RESHAPED),
        ("ambiguous", len(proposal.ambiguous), "may be one of several"),
        ("missing", len(proposal.missing), "nothing in the checkpoint fits"),
        ("unused", len(proposal.unused), "nothing in the network fits; left out"),
    ]
    rows = [(what, f"{number:>7,}", note if number else "") for what, number, note in found]
    title = f"{graph.name} from {source}: {len(pairs):,} of {len(own):,} tensors matched"
    yield from plain(Table(("", "", ""), rows, title=title))
    if not proposal.ordered:
        yield ""
        numbered = any(pair.by == "numbers" for pair in pairs)
        count = "shapes and numbers count" if numbered else "only shapes count"
        yield f"the checkpoint is in no order of layers (sorted by name, perhaps): {count}"
    ambiguous = [f"{ours}: {_several(some)}" for ours, some in proposal.ambiguous.items()]
    yield from _listed("ambiguous", ambiguous)
    missing = [f"{name}  {_shape(own[name])}" for name in proposal.missing]
    unused = [f"{name}  {_shape(theirs[name])}" for name in proposal.unused]
    yield from _listed("missing", missing)
    yield from _listed("unused", unused)


def _listed(kind: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield f"{kind}:"
        yield from (f"  {line}" for line in lines[:_SHOWN])
        if len(lines) > _SHOWN:
            yield f"  … and {len(lines) - _SHOWN:,} more"


def _several(candidates: Sequence[Theirs]) -> str:
    shown = ", ".join(candidate.name for candidate in candidates[:_SHOWN_CANDIDATES])
    more = len(candidates) - _SHOWN_CANDIDATES
    return f"{shown}, … {more:,} more" if more > 0 else shown


def _next_step(call: str, proposal: Proposal, out: Path | None) -> Iterator[str]:
    yield ""
    if out is not None:
        yield f"written {out}"
    if proposal.complete:
        yield f"complete; next: {call}"
        return
    settled, open_ = len(proposal.pairs), len(proposal.ambiguous) + len(proposal.missing)
    if len(proposal.missing) > settled:
        yield "most of the network finds nothing here: is this a checkpoint of it?"
        return
    if proposal.ambiguous:
        yield (
            f'not complete: decide on the {len(proposal.ambiguous):,} under "ambiguous" (the '
            'likeliest stands first), move them to "tensors", and list what is left over under '
            '"unused"'
        )
    if open_ > len(proposal.ambiguous):
        yield (
            f"what is missing ({len(proposal.missing):,}) is needed, but for what a derived "
            "network replaces"
        )
    yield f"then: {call}"


def _call(spec: str, source: str, given: Sequence[str], out: Path | None) -> str:
    """The line of Python that loads the checkpoint by the map."""
    arguments = [
        _quoted(spec),
        f"weights={_quoted(source)}",
        f"key_map={_quoted(out or 'map.json')}",
    ]
    arguments += [f"{name}={value!r}" for name, value in settings(given).items()]
    return f"archlang.load({', '.join(arguments)})"


def _quoted(text: object) -> str:
    return json.dumps(str(text), ensure_ascii=False)


def _shape(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "a single number"


def _say(lines: Iterator[str], stream: IO[str]) -> None:
    for line in lines:
        print(visible_text(line), file=stream)
