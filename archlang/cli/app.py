"""The commands: options in, one call into the compiler, exit code out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from archlang import __version__
from archlang.cli import figure_options as figure
from archlang.cli.ablate_app import ablate
from archlang.cli.common_options import Set, Spec
from archlang.cli.compile_app import compile_
from archlang.cli.diff_app import diff as diff_command
from archlang.cli.explain_gradient_app import explain_gradient
from archlang.cli.failures import reported
from archlang.cli.fmt_app import fmt
from archlang.cli.gradients_app import gradients
from archlang.cli.lint_app import lint
from archlang.cli.lsp_app import lsp
from archlang.cli.new_app import new
from archlang.cli.passes_app import passes
from archlang.cli.paths_app import paths
from archlang.cli.plan_app import plan
from archlang.cli.receptive_app import receptive
from archlang.cli.sizes_app import sizes
from archlang.cli.summary_app import summary
from archlang.cli.watch_app import watch
from archlang.cli.weights_app import weights as weights_commands


class Commands(TyperGroup):
    """Runs a command; whatever goes wrong becomes one message and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        with reported():
            return super().invoke(ctx)


class Format(StrEnum):
    """How `check` shows what it found."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


PERSON = sys.stdout.isatty()
CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    cls=Commands,
    help="A language for neural network architectures, compiled to PyTorch.",
    epilog="Exit codes: 0 fine, 1 mistakes in a spec, 2 wrong usage.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich" if PERSON else None,
    context_settings=CONTEXT if PERSON else CONTEXT | {"terminal_width": 200},
)


def _version(asked: bool) -> None:
    if asked:
        print(f"archlang {__version__}")
        raise typer.Exit


app.add_typer(weights_commands, name="weights")


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """A language for neural network architectures, compiled to PyTorch."""


app.command("compile")(compile_)


@app.command("draw")
def draw(
    spec: Spec,
    other: figure.Other = None,
    out: figure.Out = None,
    view: figure.View = "blocks",
    focus: figure.Focus = "",
    depth: figure.Depth = None,
    fit: figure.Fit = "16:9",
    style: figure.Style = "flat",
    theme: figure.Theme = "light",
    highlight: figure.Highlight = None,
    steps: figure.Steps = False,
    diff: figure.Diff = False,
    parameters: Set = None,
) -> None:
    """Draw a network: for a slide, a paper, the web."""
    from archlang.cli.commands import draw_network

    if diff != (other is not None):
        problem = "--diff needs two networks" if diff else f"{other}: two networks need --diff"
        raise typer.BadParameter(problem)
    options = {
        "view": view, "focus": focus, "depth": depth, "fit": fit, "style": style,
        "theme": theme, "highlight": tuple(highlight or ()),
    }  # fmt: skip
    draw_network(spec, parameters or [], out, options, against=other, steps=steps)


@app.command("check")
def check(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Specs, or folders that hold some.", show_default=False),
    ],
    form: Annotated[
        Format, typer.Option("--format", help="For people, programs, or GitHub.")
    ] = Format.TEXT,
) -> None:
    """Find the mistakes of specs: names, shapes, and what they assert of themselves."""
    from archlang.cli.checking import check_files

    if not check_files(paths, form.value):
        raise typer.Exit(1)


@app.command("explain")
def explain(
    code: Annotated[
        str, typer.Argument(help="A code such as E0402, or the beginning of several.")
    ] = "",
) -> None:
    """Explain a diagnostic at length, with a wrong and a right example."""
    from archlang.cli.commands import explain_code

    explain_code(code)


@app.command("zoo")
def zoo(
    name: Annotated[str | None, typer.Argument(help="A network, or a file of the zoo.")] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The copy: an .arch file or a folder.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file.")] = False,
) -> None:
    """List the built-in networks; with a name, copy that spec to start from."""
    from archlang.cli.commands import copy_exhibit, list_zoo

    if name is None:
        list_zoo()
    else:
        copy_exhibit(name, out, force)


@app.command("layers")
def layers(
    name: Annotated[str | None, typer.Argument(help="One layer, to see all of it.")] = None,
) -> None:
    """List the layers of the language; with a name, show its arguments and an example."""
    from archlang.cli.commands import list_layers, show_layer

    if name is None:
        list_layers()
    else:
        show_layer(name)


app.command("fmt")(fmt)
app.command("lint")(lint)
app.command("watch")(watch)
app.command("new")(new)
app.command("diff")(diff_command)
app.command("lsp")(lsp)
app.command("summary")(summary)
app.command("gradients")(gradients)
app.command("paths")(paths)
app.command("passes")(passes)
app.command("sizes")(sizes)
app.command("plan")(plan)
app.command("receptive")(receptive)
app.command("ablate")(ablate)
app.command("explain-gradient")(explain_gradient)


def run(words: Sequence[str]) -> None:
    """Run a command line, and exit with its code.

    Typer prepares every parameter of every command it knows, which takes longer than to check a
    spec; so it is told of the one that is asked for alone, or of all if it is none of them.
    """
    commands, groups = app.registered_commands, app.registered_groups
    asked = next((word for word in words if not word.startswith("-")), None)
    command = [c for c in commands if c.name == asked]
    group = [g for g in groups if g.name == asked]
    if command or group:
        app.registered_commands, app.registered_groups = command, group
    try:
        app(list(words), prog_name="archlang")
    finally:
        app.registered_commands, app.registered_groups = commands, groups
