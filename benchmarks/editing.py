"""How fast an edit is answered, against checking it all anew. Run: python -m benchmarks.editing"""

from __future__ import annotations

from collections.abc import Callable

from archlang.compiler import check_text
from archlang.editing.document import Document
from archlang.editing.hints import hints
from benchmarks.common import HEADER, Ratio, paired

LINES = 2_000
ROUNDS = 15
_UNIT = '''\
block Unit{i}(C, stride=1):
    """Unit {i}."""
    Y = x
    conv(C, 3x3, stride=stride) -> bn -> relu
    conv(C, 3x3) -> bn
    Z = relu -> conv(C, 1x1)
    Z + project∘Y -> relu

network Net{i}(classes=10):
    input 3x32x32
    conv(16, 3x3) -> bn -> relu
    for c in [16, 32, 64]:
        Unit{i}(c)
        Unit{i}(c, stride=2)
    branch add:
        conv(64, 3x3)
        conv(64, 1x1)
    gap -> flatten
    fc(classes)

'''
_STRETCH = """\
    s{i} = conv(16, 3x3) -> bn -> relu
    conv(16, 3x3) -> bn
    relu + s{i}
    relu
"""


def many() -> str:
    """A file of many definitions."""
    return "".join(_UNIT.format(i=i) for i in range(LINES // _UNIT.count("\n")))


def one() -> str:
    """A file of one network, every line of which is written out."""
    middle = "".join(_STRETCH.format(i=i) for i in range(LINES // 4))
    return f"network Long:\n    input 3x64x64\n    conv(16, 3x3)\n{middle}    gap -> fc(10)\n"


def edits(text: str) -> Callable[[], str]:
    """Versions of a text, each with another kernel in a line in its middle."""
    at = text.index("conv(C, 3x3)" if "conv(C, 3x3)" in text else "conv(16, 3x3)", len(text) // 2)
    kernel = text.index("3x3", at)
    count = 0

    def version() -> str:
        nonlocal count
        count += 1
        return f"{text[:kernel]}{(5, 7, 9, 11)[count % 4]}{text[kernel + 3 :]}"

    return version


def answered(text: str, goal: float, name: str) -> Ratio:
    """An edit answered with mistakes and hints, against the compiler's check of the same text."""
    version, fresh = edits(text), edits(text)
    document = Document("a.arch")
    document.update(text)
    hints(document.analysis())

    def edit() -> None:
        document.update(version())
        hints(document.analysis())

    return paired(name, edit, lambda: check_text(fresh()), goal=goal, rounds=ROUNDS)


def main() -> None:
    """Print the measurements."""
    print(HEADER)
    many_name = f"edit → mistakes and hints, {LINES:,} lines of definitions (s)"
    one_name = f"edit → mistakes and hints, one network of {LINES:,} lines (s)"
    print(answered(many(), 0.15, many_name).row())
    print(answered(one(), 0.5, one_name).row())


if __name__ == "__main__":
    main()
