"""Random programs that parse, in random layout: blanks, line breaks, comments, tabs, CRLF."""

from __future__ import annotations

import random
from dataclasses import dataclass

NAMES = [
    "x",
    "y",
    "Z",
    "C",
    "conv",
    "bn",
    "relu",
    "Unit",
    "W",
    "adapt",
    "weights",
    "short",
    "input",
]
NUMBERS = ["0", "7", "1_000", ".5", "2.5e-3", "1e9", "3x3", "3xHxW", "64"]
STRINGS = ['"a"', "'b'", '"#no"', "'say \"hi\"'", '"über ∘ 漢字"', r"'it\'s'", '""', "''"]
BINARY = ["->", "->", "->", "+", "-", "++", "*", "/", "//", "%", "**", "∘", "@"]
WORDY = ["and", "or", "==", "!=", "<", "<=", ">=", "in", "not in"]
COMMENTS = ["# why", "#tight", "#", "#: odd ∘ 漢字", '# "quote', "## two", "# lint: ignore W0501"]


@dataclass
class Writer:
    """Grows a program; each method returns text with `·` where blanks may stand."""

    chance: random.Random
    indent: str

    def some(self, *choices: str) -> str:
        return self.chance.choice(choices)

    def atom(self) -> str:
        return self.some(self.some(*NAMES[:9]), self.some(*NUMBERS), self.some(*STRINGS), "true")

    def expression(self, depth: int) -> str:
        if depth <= 0 or self.chance.random() < 0.2:
            return self.atom()
        return getattr(self, self.some("joined", "call", "listed", "group", "other", "call"))(depth)

    def joined(self, depth: int) -> str:
        if self.chance.random() < 0.15:
            return f"({self.expression(depth - 1)}·~{self.some(*WORDY)}~·{self.atom()})"
        number = self.chance.choice([1, 1, 2, 3, 8])
        parts = [self.postfix(depth - 1) for _ in range(number + 1)]
        return "".join(p if i == 0 else f"·{self.some(*BINARY)}·{p}" for i, p in enumerate(parts))

    def postfix(self, depth: int) -> str:
        return self.some(self.atom(), f"({self.expression(depth)})", self.call(depth))

    def call(self, depth: int) -> str:
        given = [self.expression(depth - 1) for _ in range(self.chance.choice([0, 1, 1, 2, 3, 7]))]
        given += [
            f"{n}·=·{self.expression(depth - 1)}" for n in NAMES[:9][: self.chance.randrange(3)]
        ]
        comma = "·,·" if given and self.chance.random() < 0.3 else ""
        return f"{self.some(*NAMES[:9])}·(·{'·,·'.join(given)}{comma}·)"

    def listed(self, depth: int) -> str:
        if self.chance.random() < 0.3:
            tail = self.some("", f"·~if~·{self.atom()}")
            item = self.expression(depth - 1)
            return f"[·{item}·~for~·{self.some('i', 'i·,·n', '(·i·,·n·)·,·k')}·~in~·y{tail}·]"
        items = [self.expression(depth - 1) for _ in range(self.chance.choice([0, 1, 4, 40]))]
        return f"[·{'·,·'.join(items)}·]"

    def group(self, depth: int) -> str:
        return f"(·{self.expression(depth - 1)}·)"

    def other(self, depth: int) -> str:
        inner = self.postfix(depth - 1)
        return self.some(
            f"({inner}·~if~·{self.atom()}·~else~·{self.expression(depth - 1)})",
            f"-·{inner}", f"+·+·{inner}", f"-·-·{inner}", f"(~not~·{inner})",
            "Z·.·channels·.·e5", f"y·[·{self.expression(depth - 1)}·]",
        )  # fmt: skip

    def simple(self) -> str:
        e = self.expression
        return self.some(
            e(3), e(3), e(4), f"y·=·{e(3)}", f"y·,·e[·0·]·=·{e(2)}·:·3x8", f"{e(2)}·:·3x8x8",
            f"~let~C·=·{e(2)}", f"~let~f·(·a·,·b·=·{e(1)}·)·=·{e(2)}", f"~default~conv({e(1)})",
            f"~assert~{e(2)}·,·'because'", f"~shared~s·=·{e(2)}",
            f"~output~seg·=·{e(2)}~when~training",
            "~input~·[·3·,·8·]", "~input~left·:·3x8", "~remove~a.0.*·,·conv*", "~freeze~layer1·,·b",
            "~adapt~ conv1·:·sum", "~weights~ torchvision·'v1'", "~remove~long   skips~except~l.4",
            "~replace~all skips·:·W∘Z", f"~repeat~{e(1)}·:·{e(2)}",
            f"y·=·x·->·~branch~add·:·{e(2)}·:·3x8",
        )  # fmt: skip

    def suite(self, depth: int) -> list[tuple[int, str]]:
        rows: list[tuple[int, str]] = []
        for _ in range(self.chance.randint(1, 4)):
            rows += (
                self.nested(depth) if depth and self.chance.random() < 0.3 else [(0, self.simple())]
            )
        return rows

    def nested(self, depth: int) -> list[tuple[int, str]]:
        body = [(level + 1, text) for level, text in self.suite(depth - 1)]
        header = self.some(
            f"~for~i·,·(·c·,·n·)~in~{self.expression(2)}·:", f"~if~{self.expression(2)}·:",
            f"~dense~{self.expression(1)}·:", "x·->·~chain~·:", "~insert~after layer1.0·:",
        )  # fmt: skip
        rows = [(0, header), *body]
        if header.startswith("~if~") and self.chance.random() < 0.5:
            rows += [(0, "~else~·:"), *((n + 1, t) for n, t in self.suite(depth - 1))]
        return rows

    def definition(self) -> list[tuple[int, str]]:
        kind = self.chance.randrange(6)
        if kind == 0:
            return [(0, f"~let~{self.some('a', 'b')}·=·{self.expression(3)}")]
        if kind == 1:
            return [(0, self.some("~use~A·,·B~as~C~from~'f.arch'", "~arch~1"))]
        if kind == 2:
            return [(0, f"~network~N·=·{self.call(3)}")]
        header = self.some(
            "~block~B", "~network~N", f"~network~N·(·H·=·{self.expression(1)}·)~from~A"
        )
        doc = [(1, self.some('"""One."""', f"'''Said\n{self.indent}so'''"))] if kind == 3 else []
        return [(0, f"{header}·:"), *doc, *((n + 1, t) for n, t in self.suite(2))]


def laid_out(rows: list[tuple[int, str]], unit: str, chance: random.Random) -> str:
    """Rows as text, indented by units, in some layout."""
    wild = chance.choice([0.0, 0.02, 0.1])
    out: list[str] = []
    for level, row in rows:
        while chance.random() < 0.2:
            out.append(
                chance.choice(["", "  ", unit * chance.randrange(4) + chance.choice(COMMENTS)])
            )
        behind = chance.choice(["", "", "  # behind", "#behind", "        # far"])
        out.append(unit * level + _spaced(row, wild, unit, chance) + behind)
    end = chance.choice(["\n", "\n", "\r\n"])
    text = "\n".join(out) + chance.choice(["\n", "", "\n\n\n"])
    return text.replace("\n", end)


def _spaced(row: str, wild: float, unit: str, chance: random.Random) -> str:
    if row.startswith(('"""', "'''")):
        return row
    text, depth, quote = "", 0, ""
    for i, char in enumerate(row):
        if quote:
            text += char
            quote = "" if char == quote and row[i - 1] != "\\" else quote
            continue
        depth += (char in "([") - (char in ")]")
        if char in "\"'":
            quote = char
        if char == "~":
            text += " "
        elif char == "·":
            text += _blank(depth, wild, unit, chance)
        else:
            text += char
    return text.strip()


def _blank(depth: int, wild: float, unit: str, chance: random.Random) -> str:
    if chance.random() >= wild:
        return chance.choice(["", " ", " ", "  "])
    if not depth:
        return f" \\\n{unit}"
    comment = chance.choice(COMMENTS)
    return chance.choice(["\n", f"\n\n{unit}", f" {comment}\n", f"\n{unit}{comment}\n"])


def program(seed: int) -> str:
    """The random program of a number; not every one of them parses."""
    chance = random.Random(seed)
    unit = chance.choice(["  ", "    ", "\t", "   "])
    writer = Writer(chance, unit)
    rows = [row for _ in range(chance.randint(1, 4)) for row in writer.definition()]
    return laid_out(rows, unit, chance)
