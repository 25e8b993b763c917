"""The rows of a summary: by layer, block and stage, in order and sorted."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest

from archlang.analysis.activations import Memory, StepMemory
from archlang.analysis.grouping import By, Column, Group, groups, sorted_groups
from archlang.analysis.summary import summarise
from archlang.compiler import graph


def grouped(name: str, by: By) -> tuple[Group, ...]:
    network = graph(name)
    return groups(network, summarise(network), by)


def build(tmp_path: Path, text: str, by: By) -> tuple[Group, ...]:
    path = tmp_path / "net.arch"
    path.write_text(text, encoding="utf-8")
    return grouped(str(path), by)


@pytest.mark.parametrize("name", ["ResNet50", "GoogLeNet", "DenseNet121", "UNet", "FractalNet"])
@pytest.mark.parametrize("by", ["layer", "block", "stage"])
def test_every_step_is_in_one_row(name: str, by: By) -> None:
    network = graph(name)
    summary = summarise(network)
    found = groups(network, summary, by)
    nodes = sorted(chain.from_iterable(group.nodes for group in found))
    assert nodes == sorted(row.node for row in summary.rows)
    assert sum(group.params for group in found) == summary.params + summary.frozen
    assert len({group.path for group in found}) == len(found)
    whole = sum(row.macs for row in summary.rows if row.training is not None) + summary.macs
    assert sum(group.macs for group in found) == whole


def test_blocks_of_a_resnet_are_its_units() -> None:
    found = {group.path: group for group in grouped("ResNet50", "block")}
    units = [f"layer{i}.{j}" for i, n in enumerate((3, 4, 6, 3), 1) for j in range(n)]
    loose = ["conv1", "bn1", "relu1", "maxpool1", "gap1", "flatten1", "fc1"]
    assert list(found) == [*loose[:4], *units, *loose[4:]]
    unit = found["layer3.0"]
    assert unit.label == "Bottleneck(C=256, stride=2)"
    assert unit.outputs == ((1024, 14, 14),)
    # three convolutions with batch norms, and the projection
    convs = 512 * 256 + 256 * 256 * 9 + 256 * 1024 + 512 * 1024
    assert unit.params == convs + 2 * (256 + 256 + 1024 + 1024)
    assert found["layer4.2"].field.size == (427, 427)


def test_stages_say_what_they_are_made_of() -> None:
    found = {group.path: group.label for group in grouped("ResNet50", "stage")}
    assert list(found) == [
        "conv1–maxpool1", "layer1", "layer2", "layer3", "layer4", "gap1–fc1",
    ]  # fmt: skip
    assert found["layer3"] == "6 × Bottleneck"
    assert found["conv1–maxpool1"] == "conv, bn, relu, maxpool"


def test_blocks_within_a_block_are_part_of_it() -> None:
    paths = [group.path for group in grouped("GoogLeNet", "block")]
    assert "inception3a" in paths
    assert not any(path.startswith("inception3a.") for path in paths)


def test_a_block_that_only_repeats_others_is_no_row(tmp_path: Path) -> None:
    text = (
        "block Unit(C):\n    conv(C, 3x3) -> relu\n\nblock Part(C, n):\n    n * Unit(C)\n\n"
        "network N:\n    input 3x8x8\n    Part(4, 3)\n    Part(8, 2)\n    gap\n"
    )
    found = build(tmp_path, text, "block")
    labels = [group.label for group in found]
    assert labels == [*["Unit(C=4)"] * 3, *["Unit(C=8)"] * 2, "global avg pool"]


def test_groups_stand_where_they_are_used(tmp_path: Path) -> None:
    text = (
        "block Unit(C):\n    conv(C, 3x3) -> relu\n\nnetwork N:\n    input 3x8x8\n    Unit(4)\n"
        "    gap\n"
    )
    assert [group.line for group in build(tmp_path, text, "block")] == [6, 7]
    assert [group.line for group in build(tmp_path, text, "layer")] == [2, 2, 7]


@pytest.mark.parametrize("column", ["params", "macs", "field"])
def test_sorting_puts_the_greatest_first(column: Column) -> None:
    found = grouped("VGG11", "layer")
    ordered = sorted_groups(found, column)
    assert sorted(g.path for g in ordered) == sorted(g.path for g in found)
    if column == "field":
        assert ordered[0].field.whole
        widths = [g.field.size for g in ordered if not g.field.whole]
    else:
        widths = [getattr(g, column) for g in ordered]
    assert widths == sorted(widths, reverse=True)
    first = {"params": "fc1", "macs": "stage3.conv2", "field": "flatten1"}
    assert ordered[0].path == first[column]


def test_equal_rows_stay_in_the_order_of_the_network() -> None:
    ordered = [g.path for g in sorted_groups(grouped("VGG11", "layer"), "params") if not g.params]
    assert ordered == [g.path for g in grouped("VGG11", "layer") if not g.params]


def test_sorting_by_memory_needs_a_measurement() -> None:
    found = grouped("LeNet5", "layer")
    with pytest.raises(ValueError, match="measure it"):
        sorted_groups(found, "memory")
    steps = {n: StepMemory(0, n % 7) for group in found for n in group.nodes}
    ordered = sorted_groups(found, "memory", Memory(1, 0, 0, steps))
    sizes = [steps[group.nodes[0]].training for group in ordered]
    assert sizes == sorted(sizes, reverse=True)
