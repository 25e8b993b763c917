"""The numbers in the prose of a page, each asked of the tool again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import archlang

FACT = re.compile(r"(?P<said>\d[\d,.]*)(?P<marks>(?:<!-- [a-z]+ \w+(?: [\w.]+)? -->)+)")
MARK = re.compile(r"<!-- (?P<what>[a-z]+) (?P<network>\w+)(?: (?P<path>[\w.]+))? -->")
TABLE = re.compile(
    r"^<!-- facts -->\n\|(?P<head>[^\n]*)\|\n\|[^\n]*\n(?P<rows>(?:\|[^\n]*\n)+)", re.M
)


@dataclass(frozen=True)
class Fact:
    """What a page says of a network: a number, and what it counts."""

    said: str
    what: str
    network: str
    path: str | None = None

    @property
    def holds(self) -> bool:
        """Whether the tool says so too."""
        if (
            self.what == "said"
        ):  # a result of the paper, which the zoo's spec states with its source
            return self.said in documentation(self.network)
        return self.said.replace(",", "") == measured(self.what, self.network, self.path)


def facts(text: str) -> Iterator[Fact]:
    """The numbers of a page: those with a mark behind them, and those of the table of facts."""
    for found in FACT.finditer(text):
        for mark in MARK.finditer(found["marks"]):
            yield Fact(found["said"], mark["what"], mark["network"], mark["path"])
    for table in TABLE.finditer(text):
        head = [cell.strip() for cell in table["head"].split("|")]
        for line in table["rows"].splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            for what, said in zip(head[2:], cells[2:], strict=True):
                yield Fact(said, COLUMNS[what], cells[0].strip("`"))


COLUMNS = {"parameters": "params", "MACs": "macs", "depth": "depth", "field": "field"}


def measured(what: str, network: str, path: str | None) -> str:
    """A number of a network, as the tool counts it."""
    found = archlang.summary(network)
    if what == "field":
        return str(max(found.field.size))
    if what in {"input", "output"}:
        shapes = found.inputs if what == "input" else found.outputs
        return str(shapes[0].shape[-1])
    if what == "weights":
        row = next(row for row in found.rows if row.path == path)
        return str(row.macs)
    return str(getattr(found, what))


def documentation(network: str) -> str:
    """What the zoo's spec says of a network."""
    return archlang.summary(network).doc or ""


def unmarked(text: str) -> list[str]:
    """The numbers of the prose that nothing checks; years, sizes and names do not count."""
    prose = re.sub(
        r"^```.*?^```|`[^`\n]*`|<!-- facts -->\n(?:\|.*\n)+", "", text, flags=re.M | re.S
    )
    prose = prose.partition("## References")[0]
    prose = FACT.sub("", prose)
    prose = re.sub(r"\]\([^)]*\)", "", prose)
    harmless = r"\b(?:19|20)\d\d\b|\b\d+×\d+\b|[A-Za-z]+-?\d+|\b[0-9]\b(?![.,]\d)"
    return re.findall(r"\d[\d,.]*", re.sub(harmless, "", prose))
