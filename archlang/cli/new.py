"""What `archlang new` does: a spec is made, checked and written, and it is said how to go on."""

from __future__ import annotations

import os
import re
from pathlib import Path
from shlex import quote

import typer

from archlang.cli.page import Table, show, working
from archlang.compiler import check_text
from archlang.diagnostics.model import SpecError
from archlang.diagnostics.render.display import visible_text
from archlang.diagnostics.suggest import closest
from archlang.files import OutputError, write_all
from archlang.tooling.beginnings import DEFAULT, derived, network_name, templates
from archlang.tooling.showcase import exhibits
from archlang.zoo import zoo

SUFFIX = ".arch"
_UNSAFE = re.compile(r"[^\w./\\:+@,=-]" if os.name == "nt" else r"[^\w./:+@,=-]")
"""What a shell does not leave as it is."""
NEXT = (
    ("check", "find its mistakes"),
    ("summary", "what each line makes of the input"),
    ("draw", "the figure"),
    ("watch", "figure and mistakes on a page that follows each save"),
    ("compile", "the network as Python for PyTorch"),
)
"""The commands that a beginner needs, in the order of their use."""


def list_templates() -> None:
    """Print the templates."""
    rows = [(t.name, t.about) for t in templates().values()]
    show(Table(("template", "what it is"), rows))


def begin(path: Path, *, base: str | None, template: str | None, force: bool) -> None:
    """Write a spec from a template, or one that derives from a network of the zoo.

    Raises:
        OutputError: it cannot be written, or is there already.
        SpecError: what was to be written has mistakes, so that nothing was.
        typer.BadParameter: there is no such template or network, or no such name for a spec.
    """
    target = _target(path)
    if target.exists() and not force:
        raise OutputError(f"{target} is there already; --force overwrites it")
    if base is not None:
        _hold_network(base)
        with working(f"reading {base}"):
            text, name = derived(base, network_name(target))
    else:
        text, name = _template_text(template or DEFAULT, network_name(target))
    if mistakes := check_text(text, str(target)):
        raise SpecError(mistakes)
    write_all({target: text})
    _tell(target, name)


def _target(path: Path) -> Path:
    """The file to write; the suffix is added where there is none.

    Raises:
        typer.BadParameter: it is a folder, or a file of another kind.
    """
    if path.is_dir():
        problem = f"{path} is a folder; name a file in it, as {path / 'net.arch'}"
        raise typer.BadParameter(visible_text(problem), param_hint="PATH")
    if SUFFIX in (path.suffix, path.name):
        if path.name == SUFFIX:
            raise typer.BadParameter("the file needs a name before .arch", param_hint="PATH")
        return path
    if path.suffix:
        problem = f"the name of a spec ends in .arch, as {path.with_suffix(SUFFIX)}"
        raise typer.BadParameter(visible_text(problem), param_hint="PATH")
    return path.with_name(f"{path.name}{SUFFIX}")


def _template_text(template: str, wish: str) -> tuple[str, str]:
    found = templates().get(template)
    if found is not None:
        return found.text(wish)
    near = closest(template, templates())
    if template in zoo():
        help_ = f"it is a network of the zoo: --from {template}"
    else:
        help_ = f"did you mean {near}?" if near else f"there are {', '.join(templates())}"
    problem = f"there is no template {template!r}; {help_}"
    raise typer.BadParameter(visible_text(problem), param_hint="--template")


def _hold_network(base: str) -> None:
    """Hold that the zoo has a network of that name, which needs no arguments.

    Raises:
        typer.BadParameter: it has none.
    """
    ready = {e.name: e.file.stem for e in exhibits()}
    if base in ready:
        return
    near = closest(base, ready)
    inside = [name for name, stem in ready.items() if stem == base.removesuffix(SUFFIX).lower()]
    if inside:
        help_ = f"of the file {base} there are {', '.join(inside)}"
    elif base in zoo():
        help_ = "it is a pattern for others; archlang zoo lists the networks"
    elif base in templates():
        help_ = f"it is a template: --template {base}"
    else:
        help_ = f"did you mean {near}?" if near else "archlang zoo lists the networks"
    problem = f"the zoo has no network {base!r}; {help_}"
    raise typer.BadParameter(visible_text(problem), param_hint="--from")


def _tell(target: Path, name: str) -> None:
    """What was written, and what can be done with it."""
    print(visible_text(f"written {target}, with the network {name}; go on with"))
    plain = f"./{target}" if str(target).startswith("-") else str(target)  # it is no option
    shown = quote(plain) if _UNSAFE.search(plain) else plain
    rows = [(f"  archlang {command} {shown}", what) for command, what in NEXT]
    width = max(len(line) for line, _ in rows)
    for line, what in rows:
        print(visible_text(f"{line:<{width}}   {what}"))
