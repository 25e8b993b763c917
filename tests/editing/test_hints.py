"""The shapes at the ends of lines: torch's own where the two can be compared."""

from __future__ import annotations

import pytest

from archlang.compiler import graph
from archlang.editing.document import Document
from archlang.editing.hints import Hint, hints
from archlang.zoo import zoo_folder

SPEC = """\
block Unit(C, stride=1):
    conv(C, 3x3, stride=stride) -> bn
    branch add:
        conv(C, 1x1)
        identity
    relu  # done

block Unused:
    relu

network N:
    input 3x32x32
    conv(16, 3x3) : 16x32x32
    for c in [16, 32]:
        Unit(c, stride=2)
    a, b = split(2)
    a + b
    repeat 2:
        conv(
            8, 3x3
        )
    output seg = relu
"""


def shown(text: str) -> dict[int, str]:
    document = Document("a.arch")
    document.update(text)
    return {hint.line: hint.label for hint in hints(document.analysis())}


def test_each_line_shows_what_it_gives() -> None:
    assert shown(SPEC) == {
        2: "16x16x16 +1",
        3: "16x16x16 +1",
        4: "16x16x16 +1",
        5: "16x16x16 +1",
        6: "16x16x16 +1",
        15: "16x16x16 +1",
        16: "16x8x8, 16x8x8",
        17: "16x8x8",
        18: "8x8x8",
        21: "8x8x8",
        22: "8x8x8",
    }


def test_a_hint_stands_behind_the_last_character() -> None:
    document = Document("a.arch")
    document.update(SPEC.replace("\n", "  \r\n"))
    found = hints(document.analysis(), 6, 6)
    assert found == [Hint(6, 17, "16x16x16 +1", ("16x16x16", "32x8x8"))]
    assert found[0].tooltip == "in other uses 32x8x8"


def test_lines_may_be_asked_for() -> None:
    document = Document("a.arch")
    document.update(SPEC)
    whole = hints(document.analysis())
    assert hints(document.analysis(), 4, 16) == [h for h in whole if 4 <= h.line <= 16]


@pytest.mark.parametrize(
    ("line", "gone"),
    [
        ("    relu  # done", {6}),
        ("        conv(C, 1x1)", {3, 4, 6, 15, 16, 17, 18, 21, 22}),
        ("    output seg = relu", {22}),
    ],
)
def test_a_half_written_line_is_passed_over_but_where_branches_meet(
    line: str, gone: set[int]
) -> None:
    before, after = (
        shown(SPEC),
        shown(SPEC.replace(line, line.split("#", maxsplit=1)[0].rstrip(" )") + " -> (")),
    )
    assert before.keys() - after.keys() == gone
    assert all(before[n].startswith(after[n].split(" ")[0]) for n in after)


def test_a_wrong_ascription_shows_what_there_is() -> None:
    assert shown(SPEC.replace(": 16x32x32", ": 16x32x31"))[13] == "16x32x32"


@pytest.mark.parametrize("name", ["LeNet5", "ResNet18", "UNet"])
def test_the_last_hint_of_a_network_of_the_zoo_is_its_output(name: str) -> None:
    path = next(p for p in zoo_folder().glob("*.arch") if f"network {name}" in p.read_text())
    document = Document(path.name, path)
    document.update(path.read_text(encoding="utf-8"))
    network = document.analysis().networks.get(name)
    assert network is not None
    assert network.graph is not None
    whole = graph(path.with_name(f"{path.name}:{name}"))
    assert [node.outputs for node in network.graph.nodes] == [n.outputs for n in whole.nodes]
    assert len(hints(document.analysis())) > 3


def test_many_tensors_are_counted() -> None:
    text = "network N:\n    input 16x8x8\n    split({})\n    cat\n"
    assert shown(text.format(8))[3] == "8 of 2x8x8"
    assert shown(text.format(2))[3] == "8x8x8, 8x8x8"


HALF_TYPED = {
    "a name": "con",
    "a kept name": "c = conv",
    "a layer": "foo(3)",
    "an attribute": "c = x.chan",
    "a bracket": "conv(",
}


@pytest.mark.parametrize("line", HALF_TYPED.values(), ids=HALF_TYPED)
def test_the_lines_below_a_half_typed_one_keep_their_shapes(line: str) -> None:
    text = f"network N:\n    input 3x8x8\n    conv(4)\n    {line}\n    conv(5)\n    gap\n"
    found = shown(text)
    assert found.pop(4, "") in ("", "4x8x8")
    assert found == {3: "4x8x8", 5: "5x8x8", 6: "5x1x1"}
