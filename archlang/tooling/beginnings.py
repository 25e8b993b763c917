"""Specs to begin with: the templates, and what derives from a network of the zoo."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from keyword import iskeyword
from pathlib import Path
from unicodedata import normalize

from archlang.compiler import graph_of
from archlang.diagnostics.model import Diagnostics
from archlang.graph import Graph, shapes
from archlang.semantics.builtins import what_is
from archlang.semantics.files import Loader
from archlang.semantics.parameters import open_parameters
from archlang.semantics.places import ZOO
from archlang.source import Source
from archlang.syntax import tree
from archlang.syntax.parse import parse
from archlang.zoo import zoo

DEFAULT = "cnn"
"""The template that is taken where none is named."""
PLACEHOLDER = "Mine"
"""What every template calls its network."""
CLASSES = 10
"""How many a derived network tells apart, where nothing else is said."""
_WORD = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Template:
    """A spec of one network, explained line by line."""

    name: str
    about: str
    """The first line of its network's documentation."""
    file: tree.File

    def text(self, wish: str) -> tuple[str, str]:
        """Its text with another name for the network, and that name: `wish`, or near to it."""
        name = free_name(wish, _names(self.file))
        return re.sub(rf"\b{PLACEHOLDER}\b", name, self.file.source.text), name


@cache
def templates() -> dict[str, Template]:
    """All templates by name, that to begin with first."""
    folder = Path(__file__).parents[1] / "templates"
    found = {path.stem: _template(path) for path in sorted(folder.glob("*.arch"))}
    return {DEFAULT: found.pop(DEFAULT)} | found


def network_name(path: Path) -> str:
    """A name for the network of a file: `my-net.arch` has MyNet.

    Letters with accents lose them; of other scripts nothing is left, and the name is Net then.
    """
    stem = normalize("NFKD", path.stem.replace("ß", "ss"))
    plain = stem.encode("ascii", "ignore").decode()
    name = "".join(word[0].upper() + word[1:] for word in _WORD.findall(plain))
    return name if name[:1].isalpha() else f"Net{name}"


def free_name(wish: str, taken: Iterable[str]) -> str:
    """The name itself, or one made of it that neither the spec, the language nor Python has."""
    used = set(taken)
    candidates = (wish, f"{wish}Net", f"My{wish}", *(f"{wish}Net{n}" for n in range(2, 1000)))
    return next(name for name in candidates if name not in used and not _is_word(name))


def derived(base: str, wish: str) -> tuple[str, str]:
    """A spec that derives from a network of the zoo, and the name of its network.

    What can be done to that network stands in it as comments, with the paths that it has.

    Raises:
        KeyError: there is no such network.
        SpecError: it cannot be built as it is.
    """
    file = zoo()[base]
    module = Loader(Diagnostics()).file(file)
    unit = module.networks[base]
    classes = any(p.name == "classes" for p in open_parameters(unit))
    graph = graph_of(module, unit, {"classes": CLASSES} if classes else {})
    name = free_name(wish, [base])
    opening = _opening(base, file.name, name, classes)
    lines = chain(opening, _changes(graph), _closing(graph, classes))
    return "\n".join(lines) + "\n", name


def _opening(base: str, file: str, name: str, classes: bool) -> Iterator[str]:
    yield from ("arch 1", "", f"# {base} of the zoo, made for a task of your own.", "")
    yield from (f'use {base} from "{ZOO}{file}"', "")
    if classes:
        yield f"# As many outputs as there are classes: {CLASSES}, or what is given for it."
        yield f"network {name}(classes={CLASSES}) from {base}(classes=classes):"
    else:
        yield f"network {name} from {base}:"
    yield f'    """{base}, made for a task of your own."""'
    yield ""


def _changes(base: Graph) -> Iterator[str]:
    """What a beginner may want to change, as comments that become lines without their `# `."""
    weighted = [n for n in base.owners if n.training is None and n.op.params(*shapes(n))]
    yield "    # Changes, to be had by taking away the # before them. The names are those of"
    yield "    # state_dict; archlang summary shows all of them. The first is for a network with"
    yield "    # weights that were learned already: the beginning of it stays as it is."
    yield f"    # freeze {weighted[0].path}"
    if len(weighted) > 1:
        yield f"    # insert before {weighted[-1].path}: dropout(0.2)"
    dropout = next((n for n in base.nodes if n.kind == "dropout" and n.training is None), None)
    if dropout is not None:
        yield f"    # remove {dropout.path}"
    yield ""


def _closing(base: Graph, classes: bool) -> Iterator[str]:
    yield "    # What should hold is said as well; archlang check says so when it does not."
    shape = base.nodes[base.outputs[0].tensor.node].shape
    if not classes or shape[0] != CLASSES:
        yield f"    assert output == {'x'.join(map(str, shape))}"
    elif len(shape) == 1:
        yield "    assert output == classes"
    else:
        yield f"    assert output == [classes, {', '.join(map(str, shape[1:]))}]"


def _template(path: Path) -> Template:
    source = Source(path.name, path.read_text(encoding="utf-8"), path)
    file = parse(source, Diagnostics())
    assert file is not None, path
    networks = [d for d in file.definitions if isinstance(d, tree.Network)]
    return Template(path.stem, networks[0].body.doc.partition("\n")[0], file)


def _names(file: tree.File) -> set[str]:
    """What a template calls its own, but its network."""
    named = (tree.Let, tree.Block, tree.Network)
    return {d.name.id for d in file.definitions if isinstance(d, named)} - {PLACEHOLDER}


def _is_word(name: str) -> bool:
    return what_is(name) is not None or iskeyword(name)
