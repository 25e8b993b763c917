"""Names in `state_dict`: readable, and the same after an edit somewhere else."""

# ruff: noqa: SIM905  # lists of words read better as words

from __future__ import annotations

import pytest

from archlang.compiler import check_text

from .building import graph

SPEC = """
block Basic(C, stride=1):
    conv(C, 3x3, stride=stride) -> bn -> relu
    conv(C, 3x3) -> bn + project(bn)∘x -> relu

block Stem:
    conv(8, 3x3) -> bn
    relu

network N:
    input 3x16x16
    Stem
    for i in range(2):
        layer[i + 1] = chain:
            Basic(8 * 2**i, stride=2)
            2 * Basic(8 * 2**i)
    head = conv(4, 1x1)
    repeat 2:
        conv(4, 3x3) -> relu
    gap -> flatten -> fc(10)
"""


def paths(text: str) -> list[str]:
    """The paths of what has parameters."""
    return [n.path for n in graph(text).nodes if n.op.params(*[t.shape for t in n.inputs])]


def test_paths_read_as_an_engineer_would_write_them() -> None:
    found = paths(SPEC)
    assert found[:2] == ["stem1.conv1", "stem1.bn1"]
    assert "layer1.0.conv1" in found and "layer2.2.bn2" in found
    assert "layer2.0.project1.conv1" in found and "layer2.0.project1.bn1" in found
    assert found[-4:] == ["head", "repeat1.0.conv1", "repeat1.1.conv1", "fc1"]


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("conv(8, 3x3) -> bn\n    relu", "bn -> conv(8, 3x3) -> bn\n    conv(8) -> relu", "stem1"),
        ("head = conv(4, 1x1)", "relu -> conv(4, 1x1)", ""),
        ("conv(C, 3x3) -> bn +", "conv(C, 3x3) -> conv(C, 3x3) -> bn +", "layer"),
        ("2 * Basic(8 * 2**i)", "5 * Basic(8 * 2**i)", "layer"),
    ],
)
def test_an_edit_renames_nothing_elsewhere(old: str, new: str, where: str) -> None:
    assert old in SPEC
    before, after = paths(SPEC), paths(SPEC.replace(old, new))
    assert before != after
    changed = set(before) ^ set(after)
    assert all(path.startswith(where) for path in changed)
    if not where:
        assert changed == {"head", "conv1"}


def test_a_kept_name_is_never_given_to_another_layer() -> None:
    found = paths("network N:\n    input 3x8x8\n    conv(4)\n    conv1 = conv(5)\n    conv(6)\n")
    assert found == ["conv2", "conv1", "conv3"]


def test_only_shared_layers_share_a_path() -> None:
    found = graph("network N:\n    input 3x8x8\n    shared f = conv(3)\n    f -> f -> conv(3)\n")
    assert [n.path for n in found.nodes] == ["x", "f", "f", "conv1"]
    assert found.params == 2 * (3 * 3 * 9 + 3)


NAMES = """forward train eval state_dict _modules __init__ __class__ _ _x self super class
    lambda None True import def match case children
    parameters training named_modules to type half graph""".split()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", ["{} = conv(3)", "shared {} = conv(3)", "output {} = conv(3)"])
def test_names_that_torch_or_python_cannot_carry(name: str, place: str) -> None:
    line = place.format(name)
    found = check_text(f"network N:\n    input 3x8x8\n    {line}\n    x -> relu\n")
    if line == "_ = conv(3)":
        assert [d.code for d in found] == ["E0501"]
    else:
        assert [d.code for d in found][:1] == ["E0205"]


def test_a_named_branch_is_a_scope_as_any_named_line_is() -> None:
    text = """
network N:
    input 3x8x8
    branch:
        wide = conv(8, 3x3) -> relu
        conv(8, 1x1)
"""
    assert paths(text) == ["wide.conv1", "conv1"]


def test_a_path_is_a_layer_or_holds_layers_but_not_both() -> None:
    text = "network N:\n    input 3x8x8\n    e[0] = conv(8)\n    e[0][1] = conv(8)\n"
    assert [d.code for d in check_text(text)] == ["E0203"]
    swapped = text.replace("e[0] =", "e[?] =").replace("e[0][1]", "e[0]").replace("[?]", "[0][1]")
    assert [d.code for d in check_text(swapped)] == ["E0203"]
