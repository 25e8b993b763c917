"""Two networks beside each other: exactly what differs is accented, and it can be read."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from torchvision_shim import torchvision
from typer.testing import CliRunner

from archlang import compiler
from archlang.cli.app import app
from archlang.figures import draw
from archlang.figures.errors import DrawingError
from archlang.figures.figure import Figure
from archlang.figures.options import FITS, Options
from archlang.figures.scene.joint import joint_steps
from archlang.figures.scene.model import Group, Route, Shape, frames
from archlang.figures.theme import THEMES
from archlang.figures.view.model import Panel
from archlang.figures.view.twins import Twins, twins
from archlang.figures.writers import FORMATS
from archlang.graph import Graph
from archlang.zoo import zoo
from tests.figures import checks

PAIRS = [
    ("ResNet34", "Plain34"),
    ("ResNet50", "ResNet50v1"),
    ("ResNet50", "Pets"),
    ("VGG16", "VGG16BN"),
    ("ResNet18", "PreActResNet18"),
    ("DenseNet121", "DenseNet169"),
    ("UNet", "UNetPadded"),
]
NAMES = ["-".join(pair) for pair in PAIRS]


@cache
def graph(name: str) -> Graph:
    return derived("ResNet50", "replace fc1: fc(37)") if name == "Pets" else compiler.graph(name)


def derived(base: str, surgery: str, name: str = "Pets") -> Graph:
    """A network of the zoo after surgery."""
    source = zoo()[base].read_text(encoding="utf-8")
    return written(f"{source}\nnetwork {name} from {base}:\n    {surgery}\n", name)


def written(text: str, name: str) -> Graph:
    """A network of a spec that is no file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "net.arch"
        path.write_text(text, encoding="utf-8")
        return compiler.graph(f"{path}:{name}")


@cache
def figure(left: str, right: str) -> Figure:
    return draw(graph(left), against=graph(right))


@cache
def first(left: str, right: str) -> Twins:
    return next(twins((graph(left), graph(right)), Options()))


def accents(pair: tuple[Graph, Graph], options: Options | None = None) -> list[list[str]]:
    """What is accented in the drawings of both networks, by the paths of the specs."""
    found = next(twins(pair, options or Options()))
    return [[*named(v.main, g)] for v, g in zip(found.views, pair, strict=True)]


def named(panel: Panel, net: Graph) -> Iterator[str]:
    """What is accented in one panel: boxes, loops and lines by the paths of the first layers."""

    def path(number: int) -> str:
        box = panel.boxes[number]
        return net.nodes[box.nodes[0]].path if box.nodes else box.caption.title

    for box in panel.boxes:
        if box.emphasis:
            yield path(box.id)
        yield from (f"{path(box.id)} skip {o.matching}".strip() for o in box.loops if o.emphasis)
    for line in panel.lines:
        if line.emphasis:
            yield f"{path(line.tail)} → {path(line.head)}"


SKIPS_34 = [
    "layer1.0.conv1 skip",
    *(f"layer{k}.{n}" for k in (2, 3, 4) for n in ("0.conv1 skip W", "1.conv1 skip")),
]
CONVS_VGG = [f"stage{k}.conv{n}" for k, m in enumerate((2, 2, 3, 3, 3), 1) for n in range(1, m + 1)]
DOUBLES = [f"double{k}.conv1" for k in (1, 2, 3, 4, 5)]
CROPS = [
    f"{e} → cat{k}" for k, e in enumerate(("e4.0.conv1", "e3.conv1", "e2.conv1", "e1.conv1"), 1)
]
DENSE = ["denseblock3.dense1.0.bn1", "transition3.bn1", "denseblock4.dense1.0.bn1"]
EXPECTED = {
    ("ResNet34", "Plain34"): (SKIPS_34, []),
    ("ResNet50", "ResNet50v1"): ([f"layer{k}.0.conv1" for k in (2, 3, 4)],) * 2,
    ("ResNet50", "Pets"): (["fc1", "output"],) * 2,
    ("VGG16", "VGG16BN"): (CONVS_VGG, CONVS_VGG),
    ("DenseNet121", "DenseNet169"): (DENSE, DENSE),
    ("UNet", "UNetPadded"): (
        ["x", "e1.conv1", "e2.conv1", "e3.conv1", "e4.0.conv1", *DOUBLES, "output", *CROPS],
        [
            "x", "e1.conv1", "e2.conv1", "e3.conv1", "e4.conv1",
            *(f"double_bn{k}.conv1" for k in (1, 2, 3, 4, 5)), "output",
            *(f"e{5 - k}.conv1 → cat{k}" for k in (1, 2, 3, 4)),
        ],
    ),
    ("ResNet18", "PreActResNet18"): (
        ["layer1.0.conv1", *(f"layer{k}.{n}.conv1" for k in (2, 3, 4) for n in (0, 1)), "gap1"],
        ["layer1.0.conv1", "layer1.1.bn1",
         *(f"layer{k}.{n}.bn1" for k in (2, 3, 4) for n in (0, 1)), "bn2"],
    ),
    ("ResNet50", "ResNet101"): (["layer3.1.conv1"],) * 2,
    ("ResNet34A", "ResNet34"): (
        [f"layer{k}.0.conv1 skip pad" for k in (2, 3, 4)],
        [f"layer{k}.0.conv1 skip W" for k in (2, 3, 4)],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("pair", "expected"), EXPECTED.items(), ids=map("-".join, EXPECTED))
def test_exactly_what_differs_is_accented(
    pair: tuple[str, str], expected: tuple[list[str], list[str]]
) -> None:
    assert accents((graph(pair[0]), graph(pair[1]))) == [*expected]


@pytest.mark.parametrize(("left", "right"), [*PAIRS, ("GoogLeNet", "ResNet50")])
def test_it_does_not_matter_which_comes_first(left: str, right: str) -> None:
    a, b = graph(left), graph(right)
    assert accents((a, b)) == accents((b, a))[::-1]


def test_of_two_layers_that_change_places_the_same_is_moved_whoever_comes_first() -> None:
    lines = "arch 1\nnetwork {}:\n    input 8x16x16\n    conv(8, 5x5)\n    bn -> {} -> {} -> gap\n"
    one = written(lines.format("One", "maxpool(2x2)", "conv(8, 3x3)"), "One")
    two = written(lines.format("Two", "conv(8, 3x3)", "maxpool(2x2)"), "Two")
    there, back = accents((one, two)), accents((two, one))
    assert there == back[::-1]
    assert any(there)


@pytest.mark.parametrize(
    "name", ["ResNet50", "UNet", "GoogLeNet", "DenseNet121", "FractalNet", "SkipChain"]
)
def test_nothing_is_accented_where_nothing_differs(name: str) -> None:
    found = draw(graph(name), against=compiler.graph(name))
    assert found.difference.endswith("No difference.")
    assert accents((graph(name), compiler.graph(name))) == [[], []]
    assert not any(differs(group) for group in found.scene.groups)
    assert all(group.name != "differs" for group in found.scene.groups)


def test_names_of_blocks_are_no_difference() -> None:
    """Nor are the names that the spec keeps parts under."""
    text = zoo()["ResNet50"].read_text(encoding="utf-8").replace("Bottleneck", "Unit")
    text = text.replace("layer[", "stage[")
    assert accents((graph("ResNet50"), written(text, "ResNet50"))) == [[], []]


SURGERY = {
    "replace conv1: conv(64, 7x7, stride=2, bias=true)": (["conv1"], ["conv1"]),
    "replace maxpool1: avgpool(3x3, stride=2, pad=1)": (["maxpool1"], ["maxpool1"]),
    "insert after layer4: dropout(0.2)": (["layer4.1.conv1"], ["layer4.1.conv1"]),
    "replace layer2.1.conv2: conv(128, 5x5, bias=false)": (
        ["layer2.1.conv1"], ["layer2.1.conv1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("surgery", "expected"), SURGERY.items(), ids=list(SURGERY))
def test_surgery_is_found_where_it_was_done(
    surgery: str, expected: tuple[list[str], list[str]]
) -> None:
    assert accents((graph("ResNet18"), derived("ResNet18", surgery))) == [*expected]


def test_the_first_inset_shows_where_the_stride_is() -> None:
    found = first("ResNet50", "ResNet50v1")
    panels = [view.insets[0] for view in found.views]
    accented = [[b.caption.title for b in panel.boxes if b.emphasis] for panel in panels]
    assert accented == [
        ["1×1 conv, 128", "3×3 conv, 128, /2"], ["1×1 conv, 128, /2", "3×3 conv, 128"],
    ]  # fmt: skip


def test_a_skip_alone_is_accented_in_the_inset() -> None:
    """In the plain block one box holds what the merge parts into two in the residual block."""
    found = first("ResNet34", "Plain34")
    residual, plain = (view.insets[0] for view in found.views)
    assert [b.caption.title for b in residual.boxes if b.emphasis] == ["+"]
    assert [line.kind for line in residual.lines if line.emphasis] == ["short"]
    assert not any(b.emphasis for b in plain.boxes) and not any(o.emphasis for o in plain.lines)


WIRING = """arch 1
network Wide:
    input 8
    a = fc(8)
    b = a -> sigmoid -> fc(8)
    c = a -> tanh -> fc(8)
    b ++ c -> fc(8)
"""


def test_other_wiring_of_the_same_layers_is_found() -> None:
    deep = WIRING.replace("Wide", "Deep").replace("c = a ->", "c = b ->")
    left, right = accents((written(WIRING, "Wide"), written(deep, "Deep")))
    assert left == ["a → c.tanh1"]
    assert right == ["b.fc1 → c.tanh1", "b.fc1 → cat1"]  # the skip past c


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ("ResNet34", "Plain34", "16 skips only in ResNet34."),
        ("ResNet50", "ResNet50v1", "as many parameters, −231 M MACs, as deep. 3 boxes differ."),
        ("ResNet50", "Pets", "2 boxes differ."),
        ("ResNet50", "ResNet101", "+51 layers. 1 box differs."),
        ("VGG16", "VGG16BN", "as deep. 13 boxes differ."),
        ("DenseNet121", "DenseNet169", "+48 layers. 3 boxes differ."),
        ("UNet", "UNetPadded", "11 boxes differ, 4 skips differ."),
    ],
)
def test_the_difference_is_said(left: str, right: str, said: str) -> None:
    found = figure(left, right)
    assert found.difference.endswith(said)
    assert found.difference in found.scene.description
    assert found.difference in {text.text for text in found.scene.texts}


@pytest.mark.parametrize(
    ("left", "right", "makers"),
    [
        ("VGG16", "VGG16BN", ("vgg16", "vgg16_bn")),
        ("DenseNet121", "DenseNet169", ("densenet121", "densenet169")),
    ],
)
def test_parameters_more_are_those_of_torchvision(
    left: str, right: str, makers: tuple[str, str]
) -> None:
    with torch.device("meta"):
        networks = [getattr(torchvision.models, maker)() for maker in makers]
    a, b = (sum(p.numel() for p in network.parameters()) for network in networks)
    said = figure(left, right).difference.split(": ")[1].split(" parameters")[0]
    number, unit = said.split()
    assert float(number) == pytest.approx((b - a) / {"k": 1e3, "M": 1e6}[unit], rel=0.005)


# ── the picture ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("pair", PAIRS, ids=NAMES)
def test_it_can_be_read_on_a_slide(pair: tuple[str, str]) -> None:
    found = figure(*pair)
    assert checks.smallest_text(found.scene, FITS["16:9"]) >= 9.999
    assert 1.0 <= checks.aspect(found.scene) <= 2.4
    assert not found.remarks


@pytest.mark.parametrize("pair", PAIRS, ids=NAMES)
def test_nothing_lies_on_anything_else(pair: tuple[str, str]) -> None:
    scene = figure(*pair).scene
    assert len(checks.boxes(scene)) > 10
    assert not checks.overlaps(scene)
    assert not checks.crossings(scene)
    assert not checks.loose_ends(scene)
    assert not checks.texts_outside(scene)
    assert not checks.labels_in_the_way(scene)


def differs(group: Group) -> bool:
    return group.role == "marker"


@pytest.mark.parametrize("pair", PAIRS, ids=NAMES)
def test_what_is_accented_lies_on_the_marker(pair: tuple[str, str]) -> None:
    """And nothing else does: as many marks as accented outlines, lines and loops."""
    scene, theme = figure(*pair).scene, THEMES["light"]
    marks = [m for g in scene.groups if differs(g) for m in g.marks]
    grounds = [m.rect for m in marks if isinstance(m, Shape)]
    strokes = [m.points for m in marks if isinstance(m, Route)]
    red = 0
    for group in scene.groups:
        body = next((m for m in reversed(group.marks) if isinstance(m, Shape)), None)
        if group.role == "box" and body is not None and body.stroke == theme.accent:
            red += 1
            assert sum(ground.holds(body.rect) for ground in grounds) == 1
        for mark in group.marks:
            if isinstance(mark, Route) and mark.colour == theme.accent and group.role != "box":
                assert mark.points in strokes
    assert red == len(grounds)
    assert any(group.name == "differs" for group in scene.groups)


@pytest.mark.parametrize("pair", PAIRS, ids=NAMES)
def test_names_say_which_network(pair: tuple[str, str]) -> None:
    scene = figure(*pair).scene
    names = [group.name for group in scene.groups if group.role == "box"]
    assert len(names) == len(set(names))
    for group in scene.groups:
        if group.role in ("box", "line"):
            side = pair["lr".index((group.ends or (group.name,))[0][0])]
            assert group.within[0].startswith(side)
        assert all(end in names for end in group.ends or ())


@pytest.mark.parametrize("pair", [PAIRS[0], PAIRS[1], PAIRS[4]], ids="-".join)
def test_the_block_that_differs_is_unfolded_on_the_slide(pair: tuple[str, str]) -> None:
    frames_ = [g.within[0] for g in figure(*pair).scene.groups if g.role == "frame"]
    assert [any(name.startswith(f"{net}, ") for name in frames_) for net in pair] == [True, True]


def test_both_networks_keep_to_their_half() -> None:
    scene = figure("ResNet34", "Plain34").scene
    found = checks.boxes(scene)
    assert max(r.right for n, r in found.items() if n[0] == "l") < min(
        r.x for n, r in found.items() if n[0] == "r"
    )


@pytest.mark.parametrize("pair", PAIRS, ids=NAMES)
def test_both_networks_appear_in_step(pair: tuple[str, str]) -> None:
    found = first(*pair)
    clocks = joint_steps(found)
    left, right = (clock[id(v.main)] for clock, v in zip(clocks, found.views, strict=True))
    together = sum(left[a] == right[b] for a, b in found.main.pairs.items())
    assert together >= 0.8 * len(found.main.pairs)
    shown = [len(scene.groups) for scene in frames(figure(*pair).scene)]
    assert shown == sorted(shown) and len(set(shown)) == len(shown)


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_the_marker_is_seen_in_every_theme(theme: str) -> None:
    """It differs from paper and stages by a contrast, and from the accent by a larger one."""
    look = THEMES[theme]
    assert contrast(look.marker, look.paper) > 1.15
    assert contrast(look.marker, look.stage) > 1.15
    assert contrast(look.accent, look.marker) > 2.0


def contrast(a: str, b: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("pair", [("ResNet50", "ResNet50v1"), ("UNet", "UNetPadded")], ids="-".join)
def test_bytes_are_the_same_on_every_run(pair: tuple[str, str]) -> None:
    call = f"draw({pair[0]!r}, against={pair[1]!r})"
    code = f"from archlang.figures import draw; print({call}.svg, end='')"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert other.stdout.decode() == figure(*pair).svg


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_is_written(suffix: str, tmp_path: Path) -> None:
    (path,) = figure("ResNet50", "ResNet50v1").save(tmp_path / f"pair{suffix}")
    assert path.stat().st_size > 2000


def test_networks_of_one_name_are_told_apart() -> None:
    other = compiler.graph("ResNet18", classes=10)
    found = draw(graph("ResNet18"), against=other)
    headings = [next(g.texts).text for g in found.scene.groups if g.role == "heading"]
    assert headings[:2] == ["ResNet18", "ResNet18 (classes=10)"]
    assert accents((graph("ResNet18"), other)) == [["fc1", "output"], ["fc1", "output"]]


# ── what is asked ────────────────────────────────────────────────────────────────────────────


def test_overview_has_no_insets_and_layers_folds_nothing() -> None:
    pair = graph("ResNet18"), graph("PreActResNet18")
    assert not any(v.insets for v in next(twins(pair, Options(view="overview"))).views)
    layers = next(twins(pair, Options(view="layers")))
    assert not any(box.folded for view in layers.views for box in view.main.boxes)
    assert layers.main.found


@pytest.mark.parametrize(
    ("wishes", "problem"),
    [
        ({"focus": "Basic"}, "--focus draws one block"),
        ({"highlight": ("fc1",)}, "--highlight accents"),
        ({"style": "volume"}, "--style volume"),
    ],
)
def test_what_makes_no_sense_together_is_said(wishes: dict[str, Any], problem: str) -> None:
    with pytest.raises(DrawingError, match=problem):
        draw(graph("ResNet18"), against=graph("ResNet34"), **wishes)


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["draw", *words])


def test_command_line(tmp_path: Path) -> None:
    path = tmp_path / "skips.svg"
    done = run("ResNet34", "Plain34", "--diff", "-o", str(path))
    assert done.exit_code == 0
    assert "16 skips only in ResNet34." in done.output and path.is_file()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("ResNet34", "Plain34"), "two networks need --diff"),
        (("ResNet34", "--diff"), "--diff needs two networks"),
        (("ResNet34", "Plain34", "--diff", "--style", "volume"), "--style volume"),
        (("ResNet34", "Plian34", "--diff"), "Plain34"),
    ],
)
def test_command_line_says_what_is_wrong(
    words: tuple[str, ...], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    assert done.exit_code != 0 and problem in done.output
    assert not [*tmp_path.iterdir()]


TIED = """
network Minus:
    input 8x8x8
    a = conv(8, 3x3)
    b = conv(8, 5x5)
    a - b -> gap

network Swapped:
    input 8x8x8
    a = conv(8, 3x3)
    b = conv(8, 5x5)
    b - a -> gap

network Shared:
    input 8x8x8
    shared S = conv(8, 3x3) -> relu
    S
    S

network Apart:
    input 8x8x8
    conv(8, 3x3) -> relu
    conv(8, 3x3) -> relu
"""


@pytest.mark.parametrize("pair", [("Minus", "Swapped"), ("Shared", "Apart")])
@pytest.mark.parametrize("view", ["blocks", "overview", "layers"])
def test_order_of_operands_and_shared_weights_differ(
    pair: tuple[str, str], view: str, tmp_path: Path
) -> None:
    path = tmp_path / "tied.arch"
    path.write_text(TIED, encoding="utf-8")
    left, right = (compiler.graph(f"{path}:{name}") for name in pair)
    assert "No difference" not in draw(left, against=right, view=view).difference
    assert "No difference" not in draw(right, against=left, view=view).difference
    assert "No difference" in draw(left, against=left, view=view).difference
