"""Words to brackets and what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from archlang.formatting.lines import Comment
from archlang.formatting.words import CLOSING, OPENING, SIGN, Word, width


@dataclass
class Group:
    """A pair of brackets."""

    opening: Word
    closing: Word
    items: list[Item]

    @property
    def blank(self) -> bool:
        """Whether a blank stands before it."""
        return self.opening.blank

    @property
    def comments(self) -> list[Comment]:
        """Those behind it."""
        return self.closing.comments

    @cached_property
    def flat(self) -> str:
        """On one line."""
        inside = ", ".join(flat_of(item.nodes) for item in self.items)
        return f"{self.opening.text}{inside}{self.closing.text}"

    @cached_property
    def forced(self) -> bool:
        """Whether it holds a comment, so that it cannot stay on one line."""
        if self.opening.comments:
            return True
        return any(item.comments or has_comment(item.nodes) for item in self.items)

    @cached_property
    def openings(self) -> list[Node]:
        """What stands on its first row when it is broken."""
        return [self.opening, *(self.only.openings if self.only else ())]

    @property
    def kind(self) -> str:
        """Of its first word."""
        return self.opening.kind

    @cached_property
    def takes_comma(self) -> bool:
        """Whether a comma may stand before its closing bracket."""
        is_call = self.opening.kind == "LPAR"
        return self.opening.called is is_call and not is_loop(self.items)

    @cached_property
    def is_numbers(self) -> bool:
        """Whether it is a list of plain numbers, which is filled, not written one a line."""
        plain = all(_is_number(item.nodes) and not item.comments for item in self.items)
        return self.takes_comma and self.kind == "LSQB" and plain

    @property
    def only(self) -> Group | None:
        """The bracket that is all that it holds."""
        if len(self.items) != 1 or len(self.items[0].nodes) != 1 or self.opening.comments:
            return None
        node = self.items[0].nodes[0]
        alone = isinstance(node, Group) and node.items and not self.items[0].comments
        return node if alone and isinstance(node, Group) else None


Node: TypeAlias = Word | Group


@dataclass
class Item:
    """What stands between two commas, and the comments behind it."""

    nodes: list[Node] = field(default_factory=list[Node])
    comments: list[Comment] = field(default_factory=list[Comment])


def nodes_of(words: list[Word]) -> list[Node]:
    """The words of a line, those in brackets as groups."""
    return list(_nodes(iter(words)))


def _nodes(words: Iterator[Word]) -> Iterator[Node]:
    for word in words:
        if word.kind in OPENING:
            yield _group(word, words)
        else:
            yield word


def _group(opening: Word, words: Iterator[Word]) -> Group:
    items = [Item()]
    for word in words:
        if word.kind in CLOSING:
            if not items[-1].nodes and not items[-1].comments:
                items.pop()  # nothing stands behind the last comma
            return Group(opening, word, _joined_loop(items))
        if word.kind == "COMMA":
            items[-1].comments += _alone_after_first(word.comments, bool(items[-1].comments))
            items.append(Item())
            continue
        node = _group(word, words) if word.kind in OPENING else word
        items[-1].nodes.append(node)
        _take_over(items[-1], node)
    raise AssertionError("brackets are closed in what parses")


def _take_over(item: Item, node: Node) -> None:
    """Comments behind the last node of an item are the item's, so that its comma comes first."""
    if item.comments:  # the node before was not the last one
        _behind(item.nodes[-2]).comments = item.comments
    item.comments = node.comments
    _behind(node).comments = []


def _behind(node: Node) -> Word:
    return node.closing if isinstance(node, Group) else node


def _alone_after_first(comments: list[Comment], follows: bool) -> list[Comment]:
    """Only one comment can stand behind a row."""
    if follows and comments and not comments[0].alone:
        comments[0].alone = True
    return comments


def is_loop(items: list[Item]) -> bool:
    """Whether these are the items of a comprehension."""
    return any(node.kind == "FOR" for item in items for node in item.nodes)


def _joined_loop(items: list[Item]) -> list[Item]:
    """The commas of a comprehension separate what the loop binds, no items."""
    if len(items) < 2 or not is_loop(items):
        return items
    joined = Item()
    for item in items:
        if joined.nodes:
            comma = Word(",", "COMMA", blank=False, comments=joined.comments)
            joined.nodes.append(comma)
        joined.nodes += item.nodes
        joined.comments = item.comments
    return [joined]


def has_comment(nodes: list[Node]) -> bool:
    """Whether a comment stands in or behind one of them."""
    return any(node.comments or node.forced for node in nodes)


def flat_of(nodes: list[Node]) -> str:
    """Nodes on one line, without the blank before the first."""
    return "".join(
        f" {node.flat}" if node.blank and i else node.flat for i, node in enumerate(nodes)
    )


def width_of_nodes(nodes: list[Node]) -> int:
    """The columns of nodes on one line."""
    return width(flat_of(nodes))


def _is_number(nodes: list[Node]) -> bool:
    return nodes[-1].kind in ("INT", "FLOAT", "DIMS") and all(n.kind == SIGN for n in nodes[:-1])
