"""Files of `archlang.save`, read as far as the network goes, for which torch is not needed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import cast

from archlang.diagnostics.catalog.saved import NotSaved, SavedDiffers, SavedIsFixed
from archlang.diagnostics.model import Diagnostics, SpecError
from archlang.graph import Graph
from archlang.problems import about
from archlang.record import Record
from archlang.semantics.files import LANGUAGE_VERSION
from archlang.weights.origin import NoSuchNetworkError, Origin, constant
from archlang.weights.sources.header import Entry, read_header

FORMAT = "1"
PREFIX = "archlang."
"""What our keys in the metadata begin with."""
MOST_FILES = 1000


class Saved(Record):
    """What a saved file says of itself."""

    name: str
    """Of the file, as it was given."""
    origin: Origin
    tensors: Mapping[str, Entry]


def metadata_of(origin: Origin, version: str) -> dict[str, str]:
    """What is noted in a file: texts alone, so that any reader of safetensors shows them."""
    return {
        "format": "pt",
        f"{PREFIX}version": version,
        f"{PREFIX}format": FORMAT,
        f"{PREFIX}language": str(origin.language),
        f"{PREFIX}network": origin.network,
        f"{PREFIX}parameters": json.dumps(dict(origin.parameters)),
        f"{PREFIX}spec": next(iter(origin.files)),
        f"{PREFIX}files": json.dumps(dict(origin.files)),
        f"{PREFIX}sha256": origin.hash,
    }


def read_saved(path: str | PathLike[str], given: tuple[str, ...] = ()) -> Saved:
    """The header of a saved file; `given` is what the caller would have set.

    Raises:
        SpecError: it cannot be read (E0707), is none of `archlang.save` (E0718), was changed since
            (E0713), or something is given (E0720).
    """
    name = fspath(path)
    header = read_header(Path(name), name)
    if not is_of_save(header.metadata):
        raise about(name, NotSaved(name=Path(name).name, why="there is no spec in it"))
    if given:
        raise about(name, SavedIsFixed(name=Path(name).name, given=given))
    return Saved(name, origin_in(header.metadata, name), header.tensors)


def saved_graph(saved: Saved, sink: Diagnostics) -> Graph | None:
    """The network in a saved file, from its own text; None if that has mistakes: they are reported.

    Raises:
        SpecError: the text does not have the network (E0713).
    """
    try:
        return saved.origin.graph(saved.name, sink)
    except NoSuchNetworkError:
        raise _differing(saved.name, f"no network {saved.origin.network!r} is in it") from None


def is_of_save(metadata: Mapping[str, str]) -> bool:
    """Whether a file with these notes is one of `archlang.save`."""
    return f"{PREFIX}format" in metadata


def origin_in(texts: Mapping[str, str], name: str) -> Origin:
    """What is noted in a file of `archlang.save` of its network.

    Raises:
        SpecError: it is damaged (E0718), or was changed since (E0713).
    """
    try:
        _hold_known(texts, name)
        origin = _read(texts)
        unchanged = texts[f"{PREFIX}sha256"] == origin.hash
    except KeyError as error:
        raise _damaged(name, f"{error.args[0]} is missing") from None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(name, str(error).splitlines()[0]) from None
    if not unchanged:
        raise _differing(name, "the text of its spec was changed after it was saved")
    return origin


def _read(texts: Mapping[str, str]) -> Origin:
    """What is noted, read as data.

    Raises:
        KeyError: something is missing.
        ValueError, TypeError, AttributeError, RecursionError: it is not in the form it should be.
    """
    files = json.loads(texts[f"{PREFIX}files"])
    parameters = json.loads(texts[f"{PREFIX}parameters"])
    first = texts[f"{PREFIX}spec"]
    _hold_files(files)
    for value in parameters.values():
        constant(value)
    return Origin(
        network=texts[f"{PREFIX}network"],
        parameters=parameters,
        files={first: files[first], **files},
        language=int(texts[f"{PREFIX}language"]),
    )


def _damaged(name: str, why: str) -> SpecError:
    why = f"its metadata is damaged: {why:.160}"
    return about(name, NotSaved(name=Path(name).name, why=why))


def _differing(name: str, what: str) -> SpecError:
    return about(name, SavedDiffers(name=Path(name).name, what=what))


def _hold_known(texts: Mapping[str, str], name: str) -> None:
    """Refuse what a later version wrote.

    Raises:
        SpecError: it is of a later version (E0718).
        KeyError, ValueError: it does not say of which it is.
    """
    form, language = texts[f"{PREFIX}format"], int(texts[f"{PREFIX}language"])
    if form == FORMAT and 1 <= language <= LANGUAGE_VERSION:
        return
    writer = texts.get(f"{PREFIX}version", "another version")
    why = f"archlang {writer:.20} wrote it, in a form that is not known here"
    way = "install a newer archlang: pip install --upgrade archlang"
    raise about(name, NotSaved(name=Path(name).name, why=why, way=way))


def _hold_files(files: object) -> None:
    """Refuse what are no texts by name, or too many.

    Raises:
        ValueError: it is something else; says what.
    """
    if not isinstance(files, dict) or not 0 < len(files) <= MOST_FILES:  # pyright: ignore[reportUnknownArgumentType]
        raise ValueError("its texts are not what they should be")
    for name, text in cast("dict[str, object]", files).items():
        if not isinstance(text, str) or not name.endswith(".arch"):
            raise ValueError(f"{name!r:.60} is no text of a spec")
        f"{name}{text}".encode()  # half a character is no text
