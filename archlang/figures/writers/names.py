"""Names for the boxes of a scene that a person who edits the file can understand."""

from __future__ import annotations

import re
import unicodedata

from archlang.figures.scene.model import Group, Scene

_LONGEST = 40


def readable_names(scene: Scene) -> dict[str, str]:
    """The name of each box in the scene → a name of letters, digits and hyphens, all different.

    A box is called after the part of the network it stands for (`layer1-0-conv1`), else after what
    is written in it (`output`).
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for group in scene.groups:
        if group.role == "box" and group.name not in found:
            found[group.name] = _free(_wanted(group), taken)
            taken.add(found[group.name])
    return found


def _wanted(group: Group) -> str:
    said = [group.tip.split()[0]] if group.tip.split() else []
    said += [text.text for text in sorted(group.texts, key=lambda t: -t.size)]
    return next((slug for text in [*said, group.name] if (slug := _slug(text))), "box")


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text[: 2 * _LONGEST].replace("×", "x"))
    kept = plain.encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", kept)[:_LONGEST].strip("-")


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free
