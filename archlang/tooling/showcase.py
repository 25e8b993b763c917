"""The zoo as a list to choose from, and single specs of it to start from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archlang.diagnostics.model import Diagnostics
from archlang.semantics.places import ZOO
from archlang.source import Source
from archlang.syntax import tree
from archlang.syntax.parse import parse
from archlang.zoo import zoo, zoo_folder


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A network of the zoo."""

    name: str
    file: Path
    params: int | None
    """As its spec asserts; None where it does not say."""
    about: str
    """The first line of its documentation, or else of its file's opening comment."""


def exhibits() -> Iterator[Exhibit]:
    """The networks of the zoo, file by file; the files are parsed, no network is built.

    Patterns for others, which cannot be built without arguments, are left out.
    """
    for path in sorted(zoo_folder().glob("*.arch")):
        file = _parsed(path)
        about = _opening_comment(file.source.text)
        for definition in file.definitions:
            if isinstance(definition, tree.Network) and _is_ready(definition):
                doc = definition.body.doc.partition("\n")[0]
                params = _asserted_params(definition)
                yield Exhibit(definition.name.id, path, params, doc or about)


def find_spec(name: str) -> Path | None:
    """The zoo's file for the name of a network (`ResNet50`) or of a file (`resnet`)."""
    if name in zoo():
        return zoo()[name]
    stem = name.removesuffix(".arch")
    return next((p for p in zoo_folder().glob("*.arch") if p.stem == stem), None)


def starting_point(path: Path) -> str:
    """The text of a zoo's file to be put anywhere: what it uses comes from the zoo."""
    file = _parsed(path)
    text = file.source.text
    uses = [d for d in file.definitions if isinstance(d, tree.Use)]
    for use in reversed(uses):
        if not str(use.file.value).startswith(ZOO):
            quote = use.file.span.start + 1
            text = text[:quote] + ZOO + text[quote:]
    return text


def _parsed(path: Path) -> tree.File:
    source = Source(str(path), path.read_text(encoding="utf-8"), path)
    return parse(source, Diagnostics()) or tree.File(source, ())


def _is_ready(network: tree.Network) -> bool:
    return all(parameter.default is not None for parameter in network.parameters)


def _opening_comment(text: str) -> str:
    lines = (line.strip() for line in text.splitlines())
    return next((line.lstrip("# ") for line in lines if line.startswith("#")), "")


def _asserted_params(network: tree.Network) -> int | None:
    for statement in network.body.statements:
        match statement:
            case tree.Assert(
                test=tree.Compare(
                    first=tree.Name(id="params"),
                    rest=(("==", tree.Constant(value=int() as number)),),
                )
            ):
                return number
            case _:
                pass
    return None
