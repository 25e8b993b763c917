"""Lines that do not fit: where they are broken, and how what follows is indented.

A line is broken before its operators, the loosest first, as words are in a sentence; if that does
not help, at a bracket, whose items then stand one to a row.
"""

from __future__ import annotations

from collections.abc import Sequence

from archlang.formatting.groups import Group, Item, Node, flat_of, width_of_nodes
from archlang.formatting.lines import Comment
from archlang.formatting.rows import COLUMNS, INDENT, Row
from archlang.formatting.words import SIGN, width

_PREFERRED = (
    frozenset({"->"}),
    frozenset({"for"}),
    frozenset({"if", "else"}),
    frozenset({"or"}),
    frozenset({"and"}),
    frozenset({"+", "-", "++"}),
    frozenset({","}),
)
_AT_WORST = (frozenset({"==", "!=", "<", "<=", ">", ">="}), frozenset({"*", "/", "//", "%"}))
_CONTINUED = " \\"
"""At the end of a row whose line goes on outside of brackets."""


class Breaker:
    """Writes one line into several rows."""

    def __init__(self, indent: int, *, opens: bool) -> None:
        self.rows = [Row(" " * indent)]
        self._indent = indent
        self._further = indent + INDENT * (2 if opens else 1)  # a body is not taken for its header

    def lay(self, nodes: list[Node]) -> None:
        """Write the whole line."""
        self._lay(nodes, self._indent, self._further, 0, _CONTINUED)

    # ── what stands between two commas ───────────────────────────────────────────────────────

    def _lay(self, nodes: list[Node], indent: int, further: int, tail: int, end: str) -> None:
        """Write nodes from where the last row ends; `tail` columns have to follow on the last.

        What stands in brackets is indented from `indent`, what begins with an operator to
        `further`. `end` is what a row ends with that goes on: nothing inside of brackets.
        """
        commented = next((i for i, n in enumerate(nodes[:-1]) if n.comments), None)
        if commented is not None:
            self._lay(nodes[: commented + 1], indent, further, 0, end)
            self._remark(nodes[commented].comments, further)
            self._lay(nodes[commented + 1 :], indent, further, tail, end)
        elif self._fits(nodes, tail):
            self._put(nodes)
        elif (pieces := self._good_pieces(nodes, further, tail, end)) is not None:
            self._fill(pieces, indent, further, tail, end)
        elif not self._break_one(nodes, indent, tail):
            self._break_any(nodes, indent, further, tail, end)

    def _fits(self, nodes: list[Node], tail: int) -> bool:
        if any(node.forced for node in nodes):
            return False
        return self._column + self._lead(nodes) + width_of_nodes(nodes) + tail <= COLUMNS

    def _good_pieces(
        self, nodes: list[Node], further: int, tail: int, end: str
    ) -> list[list[Node]] | None:
        """The pieces at the loosest operators that leave nothing too long."""
        if any(node.forced for node in nodes):
            return None
        room = COLUMNS - max(tail, len(end))
        for level in _PREFERRED:
            pieces = _split(nodes, level)
            if len(pieces) < 2 or self._column + width_of_nodes(pieces[0]) + 1 > room:
                continue
            if all(further + width_of_nodes(piece) <= room for piece in pieces[1:]):
                return pieces
        return None

    def _fill(
        self, pieces: list[list[Node]], indent: int, further: int, tail: int, end: str
    ) -> None:
        """Write pieces one behind the other, on a new row where the next one does not fit."""
        for i, piece in enumerate(pieces):
            behind = tail if i == len(pieces) - 1 else len(end)
            if i and not self._begins_here(piece, behind):
                self.rows[-1].code += end
                self._row(further)
            self._lay(piece, indent if not i else further, further, behind, end)

    def _begins_here(self, piece: list[Node], tail: int) -> bool:
        """Whether a piece fits, up to the first bracket that has to be broken."""
        head = _to_break(piece)
        return self._fits(head, tail if len(head) == len(piece) else 0)

    def _break_one(self, nodes: list[Node], indent: int, tail: int) -> bool:
        """Break the one bracket that has to be, or the widest, if the rest then fits."""
        groups = [i for i, n in enumerate(nodes) if isinstance(n, Group) and (n.items or n.forced)]
        forced = [i for i in groups if nodes[i].forced]
        if not groups or len(forced) > 1:
            return False
        at = forced[0] if forced else max(groups, key=lambda i: len(nodes[i].flat))
        group, rest = nodes[at], nodes[at + 1 :]
        assert isinstance(group, Group)
        closings = indent + len(group.openings)
        last = closings + self._blank_before(rest) + width_of_nodes(rest) + tail
        if not self._fits([*nodes[:at], *group.openings], 0) or last > COLUMNS:
            return False
        self._put([*nodes[:at]])
        self._break(group, indent)
        self._put(rest)
        return True

    def _break_any(self, nodes: list[Node], indent: int, further: int, tail: int, end: str) -> None:
        """Write what no single break makes fit: break wherever that helps."""
        for level in (*_PREFERRED, *_AT_WORST):
            pieces = _split(nodes, level)
            if len(pieces) > 1:
                self._fill(pieces, indent, further, tail, end)
                return
        for i, node in enumerate(nodes):
            rest = _to_break(nodes[i + 1 :])
            behind = self._blank_before(rest) + width_of_nodes(rest) + tail
            fits = not node.forced and self._fits([node], behind)
            if isinstance(node, Group) and not fits and (node.items or node.forced):
                self._break(node, indent)
            else:
                self._put([node])

    # ── brackets ─────────────────────────────────────────────────────────────────────────────

    def _break(self, group: Group, indent: int) -> None:
        """Write a bracket with its items on rows of their own."""
        self._put([group.opening])
        inside = indent + INDENT
        if group.only is not None:
            self._break(group.only, indent)
        elif group.is_numbers and not group.forced:
            self._numbers(group.items, inside)
            self._row(indent)
        else:
            self._remark(group.opening.comments, inside, more=False)
            alone = len(group.items) == 1 and not group.takes_comma
            for i, item in enumerate(group.items):
                comma = group.takes_comma or i < len(group.items) - 1
                self._item(item, inside, inside if alone else inside + INDENT, comma)
            self._row(indent)
        self.rows[-1].code += group.closing.text

    def _item(self, item: Item, inside: int, further: int, comma: bool) -> None:
        if item.nodes:
            self._row(inside)
            self._lay(item.nodes, inside, further, int(comma), "")
            self.rows[-1].code += "," if comma else ""
        self._remark(item.comments, inside, more=False)

    def _numbers(self, items: Sequence[Item], inside: int) -> None:
        self._row(inside)
        for item in items:
            text = f"{flat_of(item.nodes)},"
            if self._column + 1 + len(text) > COLUMNS:
                self._row(inside)
            self.rows[-1].code += f" {text}" if self._column > inside else text

    # ── rows ─────────────────────────────────────────────────────────────────────────────────

    @property
    def _column(self) -> int:
        return width(self.rows[-1].code)

    def _row(self, indent: int) -> None:
        self.rows.append(Row(" " * indent))

    def _blank_before(self, nodes: Sequence[Node]) -> int:
        return int(bool(nodes) and nodes[0].blank)

    def _lead(self, nodes: Sequence[Node]) -> int:
        """The blank before nodes; none at the start of a row."""
        return self._blank_before(nodes) if self.rows[-1].code.strip() else 0

    def _put(self, nodes: list[Node]) -> None:
        lead = " " * self._lead(nodes)
        self.rows[-1].code += lead + flat_of(nodes)

    def _remark(self, comments: Sequence[Comment], indent: int, more: bool = True) -> None:
        """Write comments, the first behind the row if it stood so; `more`: code follows them."""
        for comment in comments:
            if comment.alone:
                self.rows.append(Row(" " * indent + comment.text))
            else:
                self.rows[-1].comment = comment
        if comments and more:
            self._row(indent)


def _split(nodes: list[Node], level: frozenset[str]) -> list[list[Node]]:
    """Cut nodes before the operators of a level; behind the comma."""
    pieces: list[list[Node]] = [[]]
    for i, node in enumerate(nodes):
        if i and (_is_comma(nodes[i - 1]) if "," in level else _is_operator(node, level)):
            pieces.append([])
        pieces[-1].append(node)
    return pieces


def _to_break(nodes: list[Node]) -> list[Node]:
    """Nodes up to the first bracket that has to be broken, of which its first row is there."""
    for i, node in enumerate(nodes):
        if isinstance(node, Group) and node.forced:
            return [*nodes[:i], *node.openings]
    return nodes


def _is_comma(node: Node) -> bool:
    return node.kind == "COMMA"


def _is_operator(node: Node, level: frozenset[str]) -> bool:
    """Whether a word is an operator of the level, not a sign, a name or a bracket."""
    return node.flat in level and node.kind not in (SIGN, "NAME", "STRING")
