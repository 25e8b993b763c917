"""All that the page shows at one moment, as one answer: parts of different versions never mix."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any, cast, get_args

from archlang.analysis.grouping import By, Group, groups
from archlang.analysis.summary import Summary, summarise
from archlang.diagnostics.model import Severity
from archlang.diagnostics.render.display import visible_text
from archlang.figures.options import FitName, Options, ThemeName, ViewName
from archlang.graph import Graph
from archlang.ops.base import shape_text
from archlang.watching.follower import Follower, Good, Now
from archlang.watching.hints import LineEnds
from archlang.watching.picture import Picture, picture
from archlang.watching.spoken import spoken

_KEPT = 12
"""Figures that are remembered: folding and unfolding comes back to them."""
_MOST_PATHS, _MOST_ROWS = 400, 2_000


@dataclass(frozen=True, slots=True)
class Wish:
    """What the page asks to see."""

    network: str = ""
    by: By = "block"
    options: Options = Options()  # noqa: RUF009 — it is frozen

    @classmethod
    def of(cls, query: Mapping[str, Sequence[str]]) -> Wish:
        """The wish behind a query; what is unknown in it is left out."""

        def one(name: str, known: tuple[str, ...]) -> str:
            given = query.get(name, [""])[0]
            return given if given in known else known[0]

        return cls(
            query.get("network", [""])[0],
            cast(By, one("by", ("block", "layer", "stage"))),
            Options(
                view=cast(ViewName, one("view", ("blocks", *get_args(ViewName)))),
                theme=cast(ThemeName, one("theme", ("light", "dark"))),
                fit=cast(FitName, one("fit", ("16:9", "4:3"))),
                opened=tuple(query.get("open", []))[:_MOST_PATHS],
                closed=tuple(query.get("close", []))[:_MOST_PATHS],
            ),
        )


class _Drawn:
    """A good graph with what was made of it; its summary and each figure once."""

    def __init__(self, good: Good) -> None:
        self.good = good
        self._pictures: OrderedDict[Options, Future[Picture]] = OrderedDict()
        self._lock = Lock()

    @cached_property
    def summary(self) -> Summary:
        """The network in numbers."""
        return summarise(self.good.graph)

    def picture(self, options: Options, follower: Follower) -> Picture:
        """The figure; who asks for one that is being drawn waits for that.

        Raises:
            Superseded: there is a newer good graph, or nobody is there any more.
        """
        good = self.good

        def superseded() -> bool:
            now = follower.now()
            current = any(g is good for g in now.good.values()) if now else False
            return follower.closed or not current

        with self._lock:
            waiting = self._pictures.get(options)
            future = waiting or self._pictures.setdefault(options, Future())
            while len(self._pictures) > _KEPT:
                self._pictures.popitem(last=False)
        if waiting is None:
            try:
                future.set_result(picture(good.graph, self.summary, options, superseded))
            except BaseException as end:
                future.set_exception(end)
                with self._lock:
                    self._pictures.pop(options, None)
                raise
        return future.result()


class Showing:
    """Answers what the page asks."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._drawn: dict[str, _Drawn] = {}
        self._ends = LineEnds(follower.subject)

    def line_ends(self) -> dict[str, Any]:
        """The shapes at the ends of the lines; apart, as they must not keep the figure waiting."""
        now = self._follower.now()
        if now is None:
            return {"version": 0, "ends": {}}
        return {"version": now.edition.number, "ends": self._ends.of(now.edition)}

    def answer(self, wish: Wish) -> dict[str, Any]:
        """The whole page as data.

        Raises:
            Superseded: a newer version came while this one was drawn; ask again.
        """
        now = self._follower.now()
        if now is None:
            return {"version": 0, "file": self._follower.subject.name}
        edition = now.edition
        name = _network(now, wish.network)
        good = now.good.get(name) if name else None
        drawn = self._of(name, good) if name and good else None
        return {
            "version": edition.number,
            "file": visible_text(edition.name),
            "there": edition.there,
            "networks": list(now.names),
            "unset": edition.unset,
            "network": name or "",
            "stale": good is not None and good.edition is not edition,
            "errors": sum(d.severity is Severity.ERROR for d in edition.problems),
            "warnings": sum(d.severity is Severity.WARNING for d in edition.problems),
            "problems": spoken(edition.problems),
            "sources": [{"name": n, "text": s.text} for n, s in edition.sources.items()],
            "figure": drawn.picture(wish.options, self._follower).as_json() if drawn else None,
            "summary": _summary(drawn, wish.by) if drawn else None,
        }

    def _of(self, name: str, good: Good) -> _Drawn:
        drawn = self._drawn.get(name)
        if drawn is None or drawn.good is not good:
            drawn = self._drawn[name] = _Drawn(good)
        return drawn


def _network(now: Now, wanted: str) -> str | None:
    """The network to be shown: the one that is asked for, as long as there is one of that name."""
    wanted = now.called(wanted)
    if wanted and (wanted in now.names or wanted in now.good):
        return wanted
    chosen = now.edition.chosen
    if chosen in now.names or chosen in now.good or chosen in now.edition.unset:
        return chosen
    return next(iter(now.names), None)


def _summary(drawn: _Drawn, by: By) -> dict[str, Any]:
    """The table, and the totals as facts."""
    summary, graph = drawn.summary, drawn.good.graph
    found = groups(graph, summary, by)
    rows = [_row(group) for group in found[:_MOST_ROWS]]
    return {"rows": rows, "more": max(0, len(found) - _MOST_ROWS), "facts": _facts(summary, graph)}


def _row(group: Group) -> dict[str, Any]:
    return {
        "path": group.path,
        "label": group.label,
        "out": " ".join(map(shape_text, group.outputs)),
        "field": group.field.text(),
        "params": group.params,
        "macs": group.macs,
        "file": group.file,
        "line": group.line,
        "nodes": list(group.nodes[:1]),
    }


def _facts(summary: Summary, graph: Graph) -> list[tuple[str, str]]:
    frozen = f" + {summary.frozen:,} frozen" if summary.frozen else ""
    return [
        ("input", ", ".join(shape_text(end.shape) for end in summary.inputs)),
        ("output", ", ".join(shape_text(end.shape) for end in summary.outputs)),
        ("parameters", f"{summary.params:,}{frozen}"),
        ("MACs", f"{summary.macs:,}"),
        ("depth", str(summary.depth)),
        ("skips", f"{sum(group.count for group in summary.skips):,}"),
        ("field", summary.field.text() if summary.field.axes else "all"),
        ("layers", f"{len(graph.nodes) - len(graph.inputs):,}"),
    ]
