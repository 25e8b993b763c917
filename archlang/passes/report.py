"""What passes changed in a network, as a page to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archlang.passes.model import Applied, Goal
from archlang.record import Record

PASSES = "archlang_passes"
"""The key under which a module notes its report."""


class PassesReport(Record):
    """The passes that ran for a network, in their order, and what each of them changed."""

    network: str
    goal: Goal
    applied: tuple[Applied, ...]

    def text(self, every: bool = False) -> str:
        """A table; with `every` change, one a line, below its pass."""
        return "\n".join([f"{self.network}, optimised for {self.goal}", *self._lines(every)])

    def _lines(self, every: bool) -> Iterator[str]:
        width = max((len(a.name) for a in self.applied), default=0)
        for applied in self.applied:
            count = len(applied.changes)
            yield f"  {applied.name:{width}}  {count:5}  {applied.does}"
            if applied.remark:
                yield f"  {'':{width}}         {applied.remark}"
            if every:
                yield from (f"  {'':{width}}         {change}" for change in applied.changes)

    def as_json(self) -> dict[str, Any]:
        """Everything, in lists and dictionaries that `json` can write."""
        passes = [
            {"name": a.name, "does": a.does, "count": len(a.changes), "changes": list(a.changes)}
            | ({"remark": a.remark} if a.remark else {})
            for a in self.applied
        ]
        return {"network": self.network, "optimize": self.goal, "passes": passes}

    def __str__(self) -> str:
        return self.text()
