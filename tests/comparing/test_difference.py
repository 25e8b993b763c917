"""What a comparison finds: on the zoo, against torchvision, and line by line in changed specs."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archlang.comparing.difference import compare
from archlang.comparing.groups import groups, joined
from archlang.comparing.model import Difference
from archlang.compiler import choose, complete, expanded, graph
from archlang.diagnostics.model import Diagnostics
from archlang.graph import Graph
from archlang.semantics.files import Loader
from archlang.source import Source
from archlang.zoo import zoo

OPPOSITE = {"came": "went", "went": "came"}


def network(text: str) -> Graph:
    sink = Diagnostics()
    module = Loader(sink).text(Source("net.arch", text))
    unit = choose(module, None)
    built = expanded(module, unit, unit.name, {}, sink)
    assert built is not None and not sink.has_errors, [d.message for d in sink]
    return built


def said(difference: Difference) -> list[tuple[str, str]]:
    return [(change.sort, change.place.text) for change in difference.changes]


def sorts(difference: Difference) -> Counter[tuple[str, str, str]]:
    return Counter(
        (c.sort, c.before.path if c.before else "", c.after.path if c.after else "")
        for c in (*difference.changes, *difference.follows)
    )


def mirrored(difference: Difference) -> Counter[tuple[str, str, str]]:
    return Counter({(OPPOSITE.get(s, s), b, a): n for (s, a, b), n in sorts(difference).items()})


def ready(names: list[str]) -> list[Graph]:
    return [g for name in names if (g := _graph(name)) is not None]


def _graph(name: str) -> Graph | None:
    module = Loader(Diagnostics()).file(zoo()[name])
    return graph(name) if complete(module.networks[name]) else None


FEW = ["LeNet5", "AlexNet", "ZFNet", "VGG16", "VGG16BN", "ResNet18", "ResNet50", "UNet", "NiN"]
SOME = [name for name in FEW if name in zoo()]


def hold_zoo(graphs: list[Graph]) -> None:
    for one in graphs:
        assert compare(one, one).same, one.name
    for a, b in pairwise(graphs):
        there, back = compare(a, b), compare(b, a)
        assert sorts(back) == mirrored(there), (a.name, b.name)
        changes = (*there.changes, *there.follows)
        before = there.before.params + there.before.frozen
        after = there.after.params + there.after.frozen
        assert sum(c.params for c in changes) == after - before, (a.name, b.name)
        assert sum(c.macs for c in changes) == there.after.macs - there.before.macs


def test_networks_of_the_zoo() -> None:
    hold_zoo(ready(SOME))


@pytest.mark.slow
def test_the_whole_zoo() -> None:
    hold_zoo(ready(list(zoo())))


def test_the_totals_are_those_of_torchvision() -> None:
    import torch
    from torchvision_shim import torchvision

    with torch.device("meta"):
        nets = torchvision.models.resnet34(), torchvision.models.resnet50()
    small, large = (sum(p.numel() for p in net.parameters()) for net in nets)
    found = compare(graph("ResNet34"), graph("ResNet50"))
    assert (found.before.params, found.after.params) == (small, large)
    assert sum(c.params for c in (*found.changes, *found.follows)) == large - small
    assert [g.text for g in groups(found.changes)] == [
        "Basic → Bottleneck ×4",
        "Basic → Bottleneck ×12",
    ]


def test_a_deeper_network_has_more_units() -> None:
    found = compare(graph("ResNet18"), graph("ResNet34"))
    (group,) = groups(found.changes)
    assert (group.sort, group.text) == ("came", "Basic ×8")
    assert group.where == "layer1.2, layer2.2–3, layer3.2–5, layer4.2"
    assert not found.follows


def test_batch_norm_came_and_nothing_else() -> None:
    (group,) = groups(compare(graph("VGG16"), graph("VGG16BN")).changes)
    assert (group.sort, group.text, len(group.changes)) == ("came", "bn ×13", 13)


@pytest.mark.parametrize(
    "pair", [("DenseNet121", "DenseNet201"), ("ResNet152", "ResNet101")], ids=" ".join
)
def test_large_networks_are_compared_at_once(pair: tuple[str, str]) -> None:
    a, b = map(graph, pair)
    start = perf_counter()
    compare(a, b)
    assert perf_counter() - start < 2


# ── edits, one line at a time ──────────────────────────────────────────────────────────────────

HEAD = "network Net:\n    input 3x32x32\n"
LINES = st.sampled_from(
    ["conv(8, 3x3)", "conv(16, 3x3)", "conv(8, 5x5)", "bn", "relu", "dropout", "sigmoid"]
)


def written(lines: list[str]) -> Graph:
    return network(HEAD + "".join(f"    {line}\n" for line in lines))


BODIES = st.lists(LINES, min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(BODIES, LINES, st.data())
def test_a_line_that_is_added_is_all_that_came(
    lines: list[str], line: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(lines)))
    longer = [*lines[:place], line, *lines[place:]]
    there, back = compare(written(lines), written(longer)), compare(written(longer), written(lines))
    assert said(there) == [("came", line)]
    assert said(back) == [("went", line)]
    assert {c.sort for c in there.follows} <= {"shape", "renamed"}


@settings(max_examples=150, deadline=None)
@given(BODIES, st.data())
def test_an_argument_that_is_changed_is_all_that_changed(
    lines: list[str], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(lines)))
    old, new = "conv(24, 7x7)", "conv(24, 1x1)"
    before = written([*lines[:place], old, *lines[place:]])
    (change,) = compare(before, written([*lines[:place], new, *lines[place:]])).changes
    assert change.before and change.after
    assert (change.sort, change.before.text, change.after.text) == ("changed", old, new)


BLOCK = """
block Unit(C):
    conv(C, 3x3) -> bn -> relu
    conv(C, 3x3) -> bn + project∘x -> relu

network Net:
    input 3x32x32
    stem = conv(16, 3x3) -> bn -> relu
    e1 = 3 * Unit(16)
    e2 = 3 * Unit(32)
    e2 ++ e1
    gap -> flatten -> fc(10)
"""


def edited(old: str, new: str) -> Difference:
    assert old in BLOCK
    return compare(network(BLOCK), network(BLOCK.replace(old, new)))


def test_a_line_of_a_block_is_one_line() -> None:
    (group,) = groups(edited("conv(C, 3x3) -> bn +", "conv(C, 5x5) -> bn +").changes)
    assert (group.sort, group.text) == ("changed", "conv(C, 3x3) → conv(C, 5x5) ×6")
    assert group.where == "e1.0–2.conv2, e2.0–2.conv2"


def test_a_skip_that_comes_from_elsewhere() -> None:
    found = edited("e2 ++ e1", "e2 ++ stem")
    (change,) = found.changes
    assert change.sort == "rewired"
    assert change.note == "takes stem.relu1 instead of e1.2.relu2"


def test_a_skip_that_is_taken_away() -> None:
    (*_, group) = groups(edited(" + project∘x", "").changes)
    assert {c.sort for c in edited(" + project∘x", "").changes} == {"went"}
    assert group.changes[0].place.kind in ("add", "W")


def test_the_arguments_of_a_block_are_one_change() -> None:
    found = edited("3 * Unit(32)", "3 * Unit(48)")
    (group,) = groups(found.changes)
    assert group.text == "Unit(C=32) → Unit(C=48) ×3"
    assert all(change.sort == "shape" for change in found.follows)


def test_a_layer_in_another_place_has_moved() -> None:
    before = written(["conv(8, 3x3)", "relu", "conv(16, 5x5)", "bn", "relu"])
    after = written(["conv(16, 5x5)", "conv(8, 3x3)", "relu", "bn", "relu"])
    assert {c.sort for c in compare(before, after).changes} == {"moved"}


def test_another_input() -> None:
    text = HEAD + "    conv(8, 3x3) -> relu\n"
    found = compare(network(text), network(text.replace("3x32x32", "3x64x64")))
    assert said(found) == [("changed", "input 3x64x64")]
    assert len(found.follows) == 2
    assert found.outputs == ("the output was 8x32x32 and is 8x64x64",)


def test_a_renamed_layer_is_no_other_layer() -> None:
    found = edited("stem = conv", "first = conv")
    assert not found.changes
    assert {c.sort for c in found.follows} == {"renamed"}
    assert not found.same


def test_paths_that_count_on_are_one() -> None:
    assert joined(["a.0", "a.1", "a.2", "b"]) == "a.0–2, b"
    assert joined(["l.0.conv1", "l.1.conv1", "l.3.conv1"]) == "l.0–1.conv1, l.3.conv1"
    assert joined(["s.bn1", "s.bn2"]) == "s.bn1–2"
    assert joined(list("abcdef")) == "a, b, c, d, … f"
