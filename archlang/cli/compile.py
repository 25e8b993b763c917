"""What `compile` does: decide what to write where, have it written, say what became of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from archlang.cli.commands import network_of
from archlang.cli.compile_training import hold_for_training, made_for_training
from archlang.cli.files import output_path
from archlang.cli.page import Table, remind, show, working
from archlang.compiler import is_saved
from archlang.diagnostics.render.display import visible_lines
from archlang.files import Content, OutputError, write_all
from archlang.graph import Graph
from archlang.record import Record
from archlang.targets.registry import (
    KINDS,
    Kind,
    UnknownTargetError,
    kind_for,
    kind_named,
    kind_of,
)

if TYPE_CHECKING:
    from torch import fx

    from archlang.targets.export import Exported


class Wishes(Record):
    """The options of `compile` that say for whom it writes, and how."""

    to: tuple[str, ...] = ()
    """As given: names, or several with commas between."""
    optimize: str | None = None
    dynamic: str | None = None
    opset: int | None = None
    dtype: str | None = None
    verify: bool = True
    train_memory: str | None = None
    batch: int | None = None


def compile_network(
    spec: str,
    given: Sequence[str],
    out: Path | None,
    weights: str | None = None,
    key_map: Path | None = None,
    weights_of: str | None = None,
    wishes: Wishes | None = None,
) -> None:
    """Write a network for others to run, or its source and figure; print its figures.

    Raises:
        SpecError: the spec has mistakes, the weights cannot be had or do not fit, a target cannot
            take the network, or what was written gives other results.
        OutputError: a file cannot be written; then none is.
        typer.BadParameter: options that contradict each other or the spec.
    """
    from archlang.analysis.summary import summarise
    from archlang.cli.tables import figures

    wishes = wishes or Wishes()
    if weights is None and (key_map is not None or weights_of is not None):
        raise typer.BadParameter("say which weights: --weights SOURCE")
    if weights is not None and is_saved(spec):
        raise typer.BadParameter(f"{spec} has its own weights; leave out --weights")
    kinds = _kinds(wishes, out)
    names = {kind.name for kind in kinds}
    budget = hold_for_training(wishes.optimize, wishes.train_memory, wishes.batch, names)
    _hold_sensible(wishes, names)
    graph = network_of(spec, given)
    source = _Weights(spec, weights, key_map, weights_of)
    written, passes = graph, None
    if budget is not None or wishes.optimize == "training":
        written, passes = made_for_training(graph, budget, wishes.dtype)
    if not kinds:
        _write_source(graph, written, out, source)
    else:
        done, report = _export(written, _places(kinds, out, graph.name), source, wishes)
        show(figures(summarise(graph)))
        print()
        show(_verified(done))
        if report:
            print(f"\n{report}")
    if passes is not None:
        print()
        show(passes)


class _Weights(Record):
    """Where the weights come from."""

    spec: str
    weights: str | None
    key_map: Path | None
    weights_of: str | None

    @property
    def known(self) -> bool:
        """Whether there are any: of `--weights`, or of a saved file."""
        return self.weights is not None or is_saved(self.spec)

    def model(self, graph: Graph, **options: Any) -> fx.GraphModule:
        """The network with these weights, or freshly initialised, the same every time."""
        from archlang.loading import load, to_module

        if is_saved(self.spec):
            return load(self.spec, **options)
        if self.weights is None:
            import torch

            with torch.random.fork_rng(devices=[]):  # pyright: ignore[reportUnknownMemberType]  # as above
                torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]  # torch leaves out a type
                return to_module(graph, **options)
        return to_module(
            graph,
            weights=self.weights,
            key_map=self.key_map,
            weights_of=self.weights_of,
            **options,
        )


# ── what is written, and where to ────────────────────────────────────────────────────────────────


def _kinds(wishes: Wishes, out: Path | None) -> list[Kind]:
    """The targets; none: what `compile` writes where nothing is said.

    Raises:
        typer.BadParameter: there is no such target, or `--to` and the suffix of `-o` differ.
    """
    words = [word.strip() for text in wishes.to for word in text.split(",")]
    try:
        asked = dict.fromkeys(kind_named(word) for word in words)
    except UnknownTargetError as error:
        raise typer.BadParameter(str(error), param_hint="--to") from None
    meant = _meant(out) if out is not None else None
    if not asked:
        return [] if meant is None or meant.name == "py" else [meant]
    if meant is not None and list(asked) != [meant]:
        if len(asked) > 1:
            problem = f"{len(asked)} targets need a folder, and {out} is a file"
        else:
            (kind,) = asked
            problem = f"--to {kind.name} writes {kind.suffix} files, and {out} is none"
        raise typer.BadParameter(problem, param_hint="--out")
    return [kind for kind in KINDS.values() if kind in asked]


def _meant(out: Path) -> Kind | None:
    """The target that `-o` means; None if it is a folder.

    Raises:
        typer.BadParameter: it has the suffix of a file, but of none that is written here.
    """
    if out.is_dir():
        return None
    kind = kind_of(out)
    if kind is not None or out.exists() or not out.suffix[1:].isalpha():
        return kind  # what exists and is no folder is said to be in the way
    try:
        return kind_for(out)
    except UnknownTargetError as error:
        folder = "(a folder of that name has to be there already)"
        raise typer.BadParameter(f"{error} {folder}", param_hint="--out") from None


def _places(kinds: Iterable[Kind], out: Path | None, network: str) -> dict[Kind, Path]:
    """Where each goes: `-o` itself if it is a file, else below it."""
    if out is not None and not out.is_dir() and kind_of(out) is not None:
        return dict.fromkeys(kinds, out)
    stem = output_path(out, network).with_suffix("")
    return {kind: stem.with_name(f"{stem.name}{kind.suffix}") for kind in kinds}


def _hold_sensible(wishes: Wishes, names: Collection[str]) -> None:
    """
    Raises:
        typer.BadParameter: an option that nothing that is written has a use for.
    """
    if wishes.opset is not None and "onnx" not in names:
        raise typer.BadParameter("only .onnx has an opset: -o NAME.onnx", param_hint="--opset")
    if wishes.dynamic is not None and not {"pt2", "aoti", "onnx"}.intersection(names):
        problem = "only .pt2, .onnx and aoti fix what is not left open"
        raise typer.BadParameter(problem, param_hint="--dynamic")
    if wishes.optimize == "inference" and {"py", "safetensors"}.intersection(names):
        problem = ".py and .safetensors hold the network of the spec: choose pt2, onnx or aoti"
        raise typer.BadParameter(problem, param_hint="--optimize")
    fast = wishes.optimize if wishes.optimize == "inference" else None
    changing = {"--optimize": fast, "--dtype": wishes.dtype}
    for option, value in changing.items():
        if value is not None and not names:
            problem = "say what to write: --to pt2, or -o NAME.pt2"
            raise typer.BadParameter(problem, param_hint=option)


# ── writing for others ───────────────────────────────────────────────────────────────────────────


def _export(
    graph: Graph, places: Mapping[Kind, Path], source: _Weights, wishes: Wishes
) -> tuple[list[Exported], str]:
    """The files, and what became of each tensor of the weights."""
    from archlang.targets.places import hold_writable

    hold_writable(places.values())
    with working("loading the network"):
        import torch

        from archlang.targets.export import export_all

        options: dict[str, Any] = {}
        if wishes.dtype is not None:
            options["dtype"] = getattr(torch, wishes.dtype)
        if wishes.optimize == "inference":
            options["optimize"] = wishes.optimize
        model = source.model(graph, **options)
    names = ", ".join(kind.name for kind in places)
    with working(f"writing {names}"):
        done = export_all(
            graph,
            model,
            places,
            wishes.dynamic or "batch",  # pyright: ignore[reportArgumentType]  # one of the options'
            wishes.opset,
            verify=wishes.verify,
        )
    if not source.known and any(kind.name not in ("py", "svg") for kind in places):
        remind("the weights are freshly initialised; others are written with --weights SOURCE")
    return done, _report(model) if source.weights is not None else ""


def _verified(done: Iterable[Exported]) -> Table:
    """What was written, and how far its results are from the network's."""
    rows = [
        (
            str(file.path),
            f"{file.bytes:,}",
            f"{file.seconds:.1f} s",
            *(
                (f"{file.difference.absolute:.1e}", f"{file.difference.relative:.1e}")
                if file.difference
                else ("–", "–")
            ),
        )
        for file in done
    ]
    headings = ("written", "bytes", "time", "largest difference", "of the largest result")
    return Table(headings, rows, frozenset(headings[1:]))


def _report(model: fx.GraphModule) -> str:
    from archlang.weights.report import weights_report

    return visible_lines(weights_report(model).text())


# ── source and figure ────────────────────────────────────────────────────────────────────────────


def _write_source(graph: Graph, written: Graph, out: Path | None, source: _Weights) -> None:
    """Write `written` as Python, beside the figure and the weights of the network itself."""
    from archlang.analysis.summary import summarise
    from archlang.cli.tables import figures

    path = output_path(out, graph.name)
    files: dict[Path, Content] = {path: _python(written), path.with_suffix(".svg"): _figure(graph)}
    report = ""
    if source.known:
        with working("loading the weights"):
            from archlang.weights.saving import saved_content

            model = source.model(graph)
            beside = path.with_suffix(".safetensors")
            files[beside] = saved_content(model, str(beside))
            report = _report(model) if source.weights is not None else ""
    write_all(files)
    show(figures(summarise(graph), tuple(files)))
    if report:
        print(f"\n{report}")


def _python(graph: Graph) -> str:
    with working("writing Python"):
        from archlang.backends.python import write_python

        return write_python(graph)


def _figure(graph: Graph) -> str:
    with working("drawing"):
        from archlang.figures import DrawingError, draw_svg

        try:
            return draw_svg(graph)
        except DrawingError as error:
            raise OutputError(f"cannot draw {graph.name}: {error}") from None
