"""The drawings a scene consists of: the network and each inset, with their boxes and lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from archlang.figures.scene.model import Group, Scene


@dataclass(frozen=True, slots=True)
class Drawing:
    """Groups that are drawn together, sorted by what they are; '' names what is in no drawing."""

    name: str
    groups: list[Group] = field(default_factory=list[Group])

    @property
    def backdrops(self) -> list[Group]:
        """What lies under the boxes: the frame of an inset, stages, units drawn open."""
        return [g for g in self.groups if g.role in ("ground", "frame")]

    @property
    def markers(self) -> list[Group]:
        """What lies under accented boxes and lines."""
        return [g for g in self.groups if g.role == "marker"]

    @property
    def lines(self) -> list[Group]:
        """What joins the boxes."""
        return [g for g in self.groups if g.role == "line"]

    @property
    def boxes(self) -> list[Group]:
        """The boxes; of what is in no drawing, heading and legend."""
        return [g for g in self.groups if g.role not in ("ground", "frame", "marker", "line")]


def drawings(scene: Scene) -> list[Drawing]:
    """The drawings in the scene's order, with what belongs to none (heading, legend) between them.

    Two insets may have the same name: each begins with its own frame.
    """
    found: list[Drawing] = []
    for group in scene.groups:
        name = group.within[0] if group.within else ""
        opens = group.role == "frame" and len(group.within) == 1
        if not found or found[-1].name != name or (opens and found[-1].boxes):
            found.append(Drawing(name))
        found[-1].groups.append(group)
    return found


def unique_groups(scenes: Sequence[Scene]) -> Iterable[Group]:
    """All groups of some scenes, those that are in several once."""
    return {id(group): group for scene in scenes for group in scene.groups}.values()
