"""Weights of a base in a derived network: what fits is loaded, all else was asked for."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torchvision_shim import torchvision

import archlang
from archlang.weights.report import Report

Entries = dict[str, str]


def write(folder: Path, text: str) -> str:
    path = folder / "mine.arch"
    path.write_text(text, encoding="utf-8")
    return str(path)


SMALL = """\
network Small(classes=5, channels=3, width=4):
    input [channels, 8, 8]
    conv(width, 3x3) -> bn -> relu
    conv(2 * width, 3x3) -> relu
    gap -> flatten -> fc(classes)

"""


@pytest.fixture
def state(tmp_path: Path) -> dict[str, Tensor]:
    """Weights of Small, as declared."""
    torch.manual_seed(0)
    return archlang.load(write(tmp_path, SMALL)).state_dict()


def derived(folder: Path, lines: str, arguments: str = "") -> str:
    """A network derived from Small."""
    body = "".join(f"\n    {line}" for line in lines.splitlines())
    head = f"network Mine from Small({arguments})" if arguments else "network Mine from Small"
    return write(folder, SMALL + head + (f":{body}\n" if body else "\n")) + ":Mine"


def named(report: Report, status: str) -> list[str]:
    return [e.name for e in getattr(report, status)]


def refused(spec: str, state: dict[str, Tensor], **options: object) -> str:
    with pytest.raises(archlang.SpecError) as caught:
        archlang.load(spec, weights=state, **options)
    return str(caught.value)


# ── the measured one: a derived ResNet-50 ────────────────────────────────────────────────────

MNIST = """\
use ResNet50 from "zoo/resnet.arch"

network MnistResNet from ResNet50(classes=10):
    input 1x28x28
    replace conv1: conv(64, 3x3, bias=false)
    remove maxpool1
    insert after layer4: dropout(0.2)
    freeze layer1, layer2
"""


def test_a_derived_resnet50_is_new_where_it_was_changed_and_equal_elsewhere(
    tmp_path: Path,
) -> None:
    torch.manual_seed(0)
    theirs = torchvision.models.resnet50().state_dict()
    model = archlang.load(write(tmp_path, MNIST), weights=theirs)
    report = archlang.weights_report(model)
    assert named(report, "new") == ["conv1.weight", "fc1.weight", "fc1.bias"]
    assert named(report, "adapted") == []
    assert named(report, "unused") == ["conv1.weight", "fc.weight", "fc.bias"]
    ours = model.state_dict()
    assert {e.name for e in report.loaded} == ours.keys() - {e.name for e in report.new}
    for entry in report.loaded:
        assert torch.equal(ours[entry.name], theirs[entry.source]), entry.name
    frozen = {k for k, p in model.named_parameters() if not p.requires_grad}
    named_so = {k for k, _ in model.named_parameters() if k.startswith(("layer1.", "layer2."))}
    assert frozen == named_so and len(frozen) == 3 * 3 * 3 + 3 + 4 * 3 * 3 + 3
    assert {e.name for e in report.frozen} >= frozen
    assert isinstance(model.after_layer4, torch.nn.Dropout) and model.after_layer4.p == 0.2
    assert ours["fc1.weight"].abs().sum() > 0 and ours["fc1.weight"].isfinite().all()
    reasons = {e.name: e.reason for e in report.new}
    assert reasons["conv1.weight"] == "replace conv1, line 5"
    assert reasons["fc1.bias"] == "classes=10"


def test_the_report_is_a_page_json_and_an_object_that_stays_with_the_model(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    model = archlang.load(derived(tmp_path, "freeze conv1", "classes=2"), weights=state)
    report = archlang.weights_report(model)
    assert str(report).startswith("Mine, derived from Small; weights: a state_dict\n")
    assert "fc1.weight 2x8: classes=2" in str(report) and "in conv1" in str(report)
    plain = json.loads(json.dumps(report.as_json()))
    assert plain["counts"] == {"loaded": 9, "adapted": 0, "new": 2, "unused": 2, "frozen": 2}
    assert [t["status"] for t in plain["tensors"]].count("loaded") == 9
    assert archlang.weights_report(copy.deepcopy(model)) == report
    assert archlang.weights_report(pickle.loads(pickle.dumps(model))) == report
    with pytest.raises(ValueError, match="no report"):
        archlang.weights_report(archlang.load("LeNet5"))


# ── what is asked for ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("lines", "arguments", "new", "unused"),
    [
        ("", "classes=2", ["fc1.weight", "fc1.bias"], ["fc1.weight", "fc1.bias"]),
        ("replace fc1: fc(5)", "", ["fc1.weight", "fc1.bias"], ["fc1.weight", "fc1.bias"]),
        ("remove fc1", "", [], ["fc1.weight", "fc1.bias"]),
        (
            "insert before fc1: fc(8, bias=false)",
            "",
            ["before_fc1.weight"],
            [],
        ),
        (
            "replace gap1: conv(8, 1x1) -> gap",
            "",
            ["gap1.conv1.weight", "gap1.conv1.bias"],
            [],
        ),
    ],
)
def test_what_a_line_changes_is_new(
    tmp_path: Path,
    state: dict[str, Tensor],
    lines: str,
    arguments: str,
    new: list[str],
    unused: list[str],
) -> None:
    spec = derived(tmp_path, lines, arguments)
    model = archlang.load(spec, weights=state, weights_of="Small")
    report = archlang.weights_report(model)
    assert named(report, "new") == new and named(report, "unused") == unused
    for entry in report.loaded:
        assert torch.equal(model.state_dict()[entry.name], state[entry.source])


def test_only_what_is_new_is_drawn_at_random(tmp_path: Path, state: dict[str, Tensor]) -> None:
    spec = derived(tmp_path, "replace fc1: fc(3)")
    torch.manual_seed(5)
    head = torch.nn.Linear(8, 3)
    after = torch.get_rng_state()
    torch.manual_seed(5)
    model = archlang.load(spec, weights=state)
    assert torch.equal(model.fc1.weight, head.weight) and torch.equal(model.fc1.bias, head.bias)
    assert torch.equal(torch.get_rng_state(), after)


def test_arguments_from_outside_count_as_the_derivations_own(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    model = archlang.load(derived(tmp_path, ""), classes=7, weights=state)
    assert {e.name: e.reason for e in archlang.weights_report(model).new} == {
        "fc1.weight": "classes=7",
        "fc1.bias": "classes=7",
    }


def test_each_argument_is_blamed_for_its_own_tensors(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    lines = "adapt conv1: mean"
    model = archlang.load(derived(tmp_path, lines, "classes=2, channels=1"), weights=state)
    report = archlang.weights_report(model)
    assert {e.reason for e in report.new} == {"classes=2"}
    assert [e.reason for e in report.adapted] == ["adapt conv1: mean, line 8"]


def test_weights_made_for_an_argument_are_taken_with_it(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    wide = archlang.load(derived(tmp_path, ""), width=6).state_dict()
    spec = derived(tmp_path, "", "width=6, classes=2")
    report = archlang.weights_report(archlang.load(spec, weights=wide))
    assert named(report, "new") == ["fc1.weight", "fc1.bias"]
    assert {e.reason for e in report.new} == {"classes=2"}


def test_a_derivation_of_a_derivation_takes_the_weights_of_each(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    text = SMALL + (
        "network Middle from Small:\n    insert after relu1: conv(4, 1x1)\n\n"
        "network Mine from Middle(classes=2):\n    freeze conv1\n"
    )
    path = write(tmp_path, text)
    from_small = archlang.weights_report(archlang.load(f"{path}:Mine", weights=state))
    assert from_small.base == "Small"
    assert named(from_small, "new")[:2] == ["after_relu1.weight", "after_relu1.bias"]
    middle = archlang.load(f"{path}:Middle").state_dict()
    from_middle = archlang.weights_report(archlang.load(f"{path}:Mine", weights=middle))
    assert from_middle.base == "Middle"
    assert named(from_middle, "new") == ["fc1.weight", "fc1.bias"]
    own = archlang.load(f"{path}:Mine").state_dict()
    assert named(archlang.weights_report(archlang.load(f"{path}:Mine", weights=own)), "new") == []


def test_the_auxiliary_heads_are_left_out_of_googlenet() -> None:
    with torch.device("meta"):
        theirs = torchvision.models.googlenet(init_weights=False).state_dict()
    state = {key: torch.zeros(value.shape, dtype=value.dtype) for key, value in theirs.items()}
    report = archlang.weights_report(archlang.load("GoogLeNetInference", weights=state))
    assert not report.new
    assert {e.name.partition(".")[0] for e in report.unused} == {"aux1", "aux2"}
    assert {e.reason for e in report.unused} == {"aux=false"}


# ── adapt ────────────────────────────────────────────────────────────────────────────────────


def first_layer(tmp_path: Path, state: dict[str, Tensor], how: str, channels: int) -> Tensor:
    spec = derived(tmp_path, f"input {channels}x8x8\nadapt conv1: {how}")
    model = archlang.load(spec, weights=state)
    assert named(archlang.weights_report(model), "adapted") == ["conv1.weight"]
    return model.conv1.weight.detach()


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_sum_gives_what_the_base_gave_for_equal_channels(
    tmp_path: Path, state: dict[str, Tensor], channels: int
) -> None:
    first_layer(tmp_path, state, "sum", channels)
    base = archlang.load(write(tmp_path, SMALL), weights=state).double().eval()
    spec = derived(tmp_path, f"input {channels}x8x8\nadapt conv1: sum")
    mine = archlang.load(spec, weights=state, dtype=torch.float64).eval()
    grey = torch.randn(2, 1, 8, 8, dtype=torch.float64)
    ours, theirs = mine(grey.expand(-1, channels, -1, -1)), base(grey.expand(-1, 3, -1, -1))
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_the_other_ways_do_what_they_say(tmp_path: Path, state: dict[str, Tensor]) -> None:
    old = state["conv1.weight"]
    mean = first_layer(tmp_path, state, "mean", 2)
    torch.testing.assert_close(mean[:, 1], (old[:, 0] + old[:, 1] + old[:, 2]) / 3)
    repeat = first_layer(tmp_path, state, "repeat", 5)
    torch.testing.assert_close(repeat[:, 4], old[:, 1] * 3 / 5)
    pad = first_layer(tmp_path, state, "pad", 4)
    assert torch.equal(pad[:, :3], old) and pad[:, 3].abs().sum() == 0


def test_keep_takes_the_weights_into_a_layer_that_was_replaced(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    spec = derived(tmp_path, "replace conv1: conv(4, 3x3, stride=2)\nadapt conv1: keep")
    model = archlang.load(spec, weights=state, weights_of="Small")
    assert torch.equal(model.conv1.weight, state["conv1.weight"])
    assert torch.equal(model.conv1.bias, state["conv1.bias"])
    assert not archlang.weights_report(model).new
    assert model.conv1.stride == (2, 2)


def test_keep_asks_nobody_where_both_readings_load_the_same(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    spec = derived(tmp_path, "replace conv1: conv(4, 3x3, stride=2)\nadapt conv1: keep")
    model = archlang.load(spec, weights=state)
    assert torch.equal(model.conv1.weight, state["conv1.weight"])


def test_a_way_that_cannot_do_it_names_both_shapes(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    shown = refused(derived(tmp_path, "input 2x8x8\nadapt conv1: pad"), state)
    assert "E0724" in shown and "4x3x3x3" in shown and "4x2x3x3" in shown and "only adds" in shown
    lines = "replace conv1: conv(4, 5x5)\nadapt conv1: sum"
    shown = refused(derived(tmp_path, lines), state)
    assert "E0724" in shown and "4x3x5x5" in shown


def test_adapt_speaks_of_what_the_base_has_there(tmp_path: Path, state: dict[str, Tensor]) -> None:
    """A line that adapts a layer does not speak of what another one replaces it by later."""
    text = SMALL + (
        "network Grey from Small:\n    input 1x8x8\n    adapt conv1: sum\n\n"
        "network Mine from Grey:\n    replace conv1: conv(4, 3x3, stride=2)\n"
    )
    spec = write(tmp_path, text) + ":Mine"
    report = archlang.weights_report(archlang.load(spec, weights=state))
    assert named(report, "new") == ["conv1.weight", "conv1.bias"] and not report.adapted


def test_adapt_of_what_the_base_has_not_is_refused(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    spec = derived(tmp_path, "insert before conv2: conv(4, 1x1)\nadapt before_conv2: keep")
    shown = refused(spec, state)
    assert "E0724" in shown and "the base has no such weights" in shown
    assert "mine.arch:9:11" in shown, "it is shown at the line that asks for it"


def test_the_lines_of_a_part_speak_of_the_part_alone(tmp_path: Path) -> None:
    text = """\
network Inner(c=3):
    input [c, 8, 8]
    conv(4, 3x3) -> relu

network Adapted(c=3) from Inner(c=c):
    adapt conv1: sum

network Whole(c=3):
    input [c, 8, 8]
    part = Adapted(c)
    gap -> flatten -> fc(2)

network Mine from Whole(c=1)
"""
    spec = write(tmp_path, text)
    state = archlang.load(f"{spec}:Whole").state_dict()
    report = archlang.weights_report(archlang.load(f"{spec}:Mine", weights=state))
    assert named(report, "new") == ["part.conv1.weight", "part.conv1.bias"]
    assert not report.adapted and {e.reason for e in report.new} == {"c=1"}


PARTS = """\
network P:
    input 4x8x8
    conv(4, 3x3)
    relu

network Q from P:
    {line}

network Base:
    input 4x8x8
    Q
    gap -> flatten -> fc(2)

network Mine from Base:
    {mine}
"""


def test_lines_of_a_part_leave_alone_what_is_put_into_it(tmp_path: Path) -> None:
    lines = {"line": "insert after *: conv(4, 1x1)", "mine": "insert before q1.relu1: dropout(0.1)"}
    graph = archlang.network(write(tmp_path, PARTS.format(**lines)) + ":Mine")
    put_in = [n.path for n in graph.nodes if n.change is not None]
    assert put_in == ["q1.before_relu1"]
    assert [n.path for n in graph.nodes if n.op.name == "conv"] == [
        "q1.conv1",
        "q1.after_conv1",
        "q1.after_relu1",
    ]
    lines = {"line": "freeze relu1, conv1", "mine": "remove q1.relu1"}
    graph = archlang.network(write(tmp_path, PARTS.format(**lines)) + ":Mine")
    assert "q1.relu1" not in {n.path for n in graph.nodes}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("freeze relu1", "remove relu1"),
        ("replace fc1: fc(5)\n    adapt fc1: keep", "remove fc1"),
        ("insert after conv1: gelu", "remove conv1"),
    ],
)
def test_lines_of_a_base_are_no_mistake_of_what_derives_from_it(
    tmp_path: Path, state: dict[str, Tensor], first: str, second: str
) -> None:
    text = SMALL + f"network A from Small:\n    {first}\n\nnetwork Mine from A:\n    {second}\n"
    if second == "remove conv1":
        text = text.replace("width=4", "width=3")
        state = archlang.load(write(tmp_path, text) + ":Small").state_dict()
    model = archlang.load(write(tmp_path, text) + ":Mine", weights=state)
    path = second.split()[1]
    assert not hasattr(model, path)


def test_freezing_does_not_reach_what_is_put_in_later(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    text = SMALL + (
        "network A from Small:\n    freeze *\n\nnetwork Mine from A:\n    replace fc1: fc(7)\n\n"
        "network Own from Small:\n    freeze *\n    replace fc1: fc(7)\n\n"
        "network Named from Small:\n    freeze fc1\n    replace fc1: fc(7)\n"
    )
    spec = write(tmp_path, text)
    for name, trained in (("Mine", True), ("Own", True), ("Named", False)):
        model = archlang.load(f"{spec}:{name}", weights=state)
        assert model.fc1.weight.requires_grad is trained, name
        assert model.conv1.weight.requires_grad is (name == "Named")


def test_inputs_are_changed_by_their_names(tmp_path: Path) -> None:
    text = """\
network Siamese:
    input left: 1x8x8
    input right: 1x8x8
    a = left -> conv(4, 3x3) -> gap -> flatten
    b = right -> conv(4, 3x3) -> gap -> flatten
    a ++ b -> fc(3)

network Mine from Siamese:
    input right: 1x16x16

network Further from Mine:
    input left: 1x12x12

network Wrong from Siamese:
    input middle: 1x8x8
"""
    spec = write(tmp_path, text)

    def inputs(name: str) -> list[tuple[int, ...]]:
        graph = archlang.network(f"{spec}:{name}")
        return [graph.nodes[i].shape for i in graph.inputs]

    assert inputs("Mine") == [(1, 8, 8), (1, 16, 16)]
    assert inputs("Further") == [(1, 12, 12), (1, 16, 16)]
    with pytest.raises(archlang.SpecError, match="nothing at 'middle'"):
        archlang.network(f"{spec}:Wrong")


def test_outer_lines_reach_into_a_derived_network_that_is_a_part(tmp_path: Path) -> None:
    text = """\
network Inner:
    input 4x8x8
    conv(4, 3x3) -> bn -> relu
    conv(4, 3x3)

network Part from Inner:
    freeze conv2

network Whole:
    input 4x8x8
    stage = chain:
        Part()
        conv(4, 3x3)
    gap -> flatten -> fc(3)

network Frozen from Whole:
    freeze stage

network Edited from Whole:
    replace stage.0.conv1: conv(4, 5x5)
"""
    spec = write(tmp_path, text)
    frozen = archlang.load(f"{spec}:Frozen")
    assert {k for k, p in frozen.named_parameters() if p.requires_grad} == {
        "fc1.weight",
        "fc1.bias",
    }
    state = archlang.load(f"{spec}:Whole").state_dict()
    edited = archlang.load(f"{spec}:Edited", weights=state)
    assert edited.stage.get_submodule("0").conv1.kernel_size == (5, 5)
    report = archlang.weights_report(edited)
    assert named(report, "new") == ["stage.0.conv1.weight", "stage.0.conv1.bias"]


def test_a_network_that_was_changed_since_its_weights_were_saved_says_so(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    file = str(tmp_path / "small.safetensors")
    archlang.save(archlang.load(write(tmp_path, SMALL), weights=state), file)
    spec = write(tmp_path, "# a comment changes nothing\n" + SMALL)
    assert archlang.weights_report(archlang.load(spec, weights=file)).notes == ()
    spec = write(tmp_path, SMALL.replace("conv(2 * width, 3x3) -> relu", "conv(8, 3x3) -> tanh"))
    notes = archlang.weights_report(archlang.load(spec, weights=file)).notes
    assert notes == (
        "relu2: ReLU when the weights were saved, nothing here",
        "tanh1: nothing when the weights were saved, tanh here",
    )
    spec = write(tmp_path, SMALL.replace("conv(2 * width, 3x3)", "conv(8, 3x3, dilation=2)"))
    (note,) = archlang.weights_report(archlang.load(spec, weights=file)).notes
    assert note.startswith("conv2: 3×3 conv, 8 when the weights were saved, 3×3 conv, 8, dil")


# ── what arguments change ────────────────────────────────────────────────────────────────────


def test_a_name_that_another_layer_has_now_is_no_match(tmp_path: Path) -> None:
    text = """\
network Loop(n=2):
    input 4x8x8
    for i in range(n):
        conv(4, 3x3) -> relu
    conv(4, 3x3)
    gap -> flatten -> fc(3)

network Mine from Loop(n=1)
"""
    spec = write(tmp_path, text)
    torch.manual_seed(0)
    state = archlang.load(f"{spec}:Loop").state_dict()
    report = archlang.weights_report(archlang.load(f"{spec}:Mine", weights=state))
    assert named(report, "new") == ["conv2.weight", "conv2.bias"]
    assert {e.name.partition(".")[0] for e in report.unused} == {"conv2", "conv3"}
    assert {e.reason for e in (*report.new, *report.unused)} == {"n=1"}


@pytest.mark.parametrize(
    "twice",
    [
        "    if deep:\n        B\n    relu\n    B\n",
        "    if deep:\n        g\n    relu\n    g\n",
        "    for i in range(3):\n        if deep or i:\n            conv(4, 3x3)\n",
        "    for i in range(0 if deep else 1, 3):\n        conv(4, 3x3)\n",
    ],
)
def test_another_use_of_the_same_line_is_another_layer(tmp_path: Path, twice: str) -> None:
    head = "block B:\n    conv(4, 3x3)\n    bn\n\nlet g = conv(4, 3x3) -> bn\n\n"
    text = (
        f"{head}network Base(deep=true):\n    input 4x8x8\n{twice}"
        "    gap -> flatten -> fc(2)\n\nnetwork Mine from Base(deep=false)\n"
    )
    spec = write(tmp_path, text)
    state = archlang.load(f"{spec}:Base").state_dict()
    report = archlang.weights_report(archlang.load(f"{spec}:Mine", weights=state))
    assert named(report, "loaded") == ["fc1.weight", "fc1.bias"]
    assert report.new and {e.reason for e in report.new} == {"deep=false"}


def test_a_layer_is_loaded_whole_or_not_at_all(tmp_path: Path) -> None:
    text = """\
network Act(act=relu):
    input 4x8x8
    conv(4, 3x3) -> act -> conv(4, 3x3)
    gap -> flatten -> fc(3)

network Mine from Act(act=conv(4, 1x1))
"""
    spec = write(tmp_path, text)
    state = archlang.load(f"{spec}:Act").state_dict()
    report = archlang.weights_report(archlang.load(f"{spec}:Mine", weights=state))
    assert named(report, "loaded") == ["conv1.weight", "conv1.bias", "fc1.weight", "fc1.bias"]


@pytest.mark.parametrize(
    ("arguments", "made"),
    [
        ("classes=2, channels=1, width=6", {"width": 6}),
        ("classes=2, channels=1, width=6", {"width": 6, "classes": 3}),
        ("classes=2", {"classes": 9}),
    ],
)
def test_weights_made_with_some_of_the_arguments_are_taken(
    tmp_path: Path, arguments: str, made: dict[str, int]
) -> None:
    spec = derived(tmp_path, "adapt conv1: mean", arguments)
    weights = archlang.load(spec.replace(":Mine", ":Small"), **made).state_dict()
    report = archlang.weights_report(archlang.load(spec, weights=weights))
    assert named(report, "new") == ["fc1.weight", "fc1.bias"]
    assert {e.reason for e in report.new} == {"classes=2"}


def test_a_parameter_without_a_default_may_differ_too(tmp_path: Path) -> None:
    text = SMALL.replace("classes=5", "classes") + "network Mine(k) from Small(classes=k)\n"
    spec = write(tmp_path, text)
    state = archlang.load(f"{spec}:Small", classes=7).state_dict()
    report = archlang.weights_report(archlang.load(f"{spec}:Mine", k=5, weights=state))
    assert {e.reason for e in report.new} == {"classes=5"} and len(report.new) == 2


def test_what_is_replaced_may_have_any_shape_or_be_missing(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    spec = derived(tmp_path, "replace fc1: fc(7)")
    torch.manual_seed(0)
    ten = archlang.load(spec.replace(":Mine", ":Small"), classes=10).state_dict()
    report = archlang.weights_report(archlang.load(spec, weights=ten))
    assert named(report, "new") == ["fc1.weight", "fc1.bias"]
    body = {key: value for key, value in state.items() if not key.startswith("fc1.")}
    model = archlang.load(spec, weights=body)
    assert torch.equal(model.conv2.weight, state["conv2.weight"])
    del body["conv2.bias"]
    shown = refused(spec, body)
    assert "E0701" in shown and "missing: conv2.bias" in shown


def test_weights_of_which_nothing_fits_are_refused(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    text = """\
network Small(width=4):
    input 3x8x8
    conv(width, 3x3) -> relu

network Mine from Small(width=8)
"""
    spec = write(tmp_path, text)
    weights = archlang.load(f"{spec}:Small").state_dict()
    assert "E0726" in refused(f"{spec}:Mine", weights)


def test_a_base_of_the_same_name_is_called_as_it_is_imported(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    (tmp_path / "base.arch").write_text(SMALL, encoding="utf-8")
    text = 'use Small as Base from "base.arch"\nnetwork Small from Base:\n    replace fc1: fc(5)\n'
    spec = write(tmp_path, text)
    assert "of Small or of Base?" in refused(spec, state)
    assert (
        len(archlang.weights_report(archlang.load(spec, weights=state, weights_of="Base")).new) == 2
    )
    assert not archlang.weights_report(archlang.load(spec, weights=state, weights_of="Small")).new


def test_what_is_new_and_frozen_is_pointed_out(tmp_path: Path, state: dict[str, Tensor]) -> None:
    spec = derived(tmp_path, "replace conv1: conv(4, 5x5)\nfreeze conv1")
    report = archlang.weights_report(archlang.load(spec, weights=state))
    assert [e.name for e in report.new if e.is_stuck] == ["conv1.weight", "conv1.bias"]
    assert "2 tensors are new and frozen" in str(report)


# ── what is not asked for ────────────────────────────────────────────────────────────────────


def test_another_input_needs_a_word(tmp_path: Path, state: dict[str, Tensor]) -> None:
    shown = refused(derived(tmp_path, "input 1x8x8"), state)
    assert "E0704" in shown and "adapt conv1: sum" in shown
    assert "'conv1.weight' is 4x1x3x3 in Mine, but 4x3x3x3 in the weights of Small" in shown


def test_what_follows_from_a_wider_layer_needs_a_word(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    shown = refused(derived(tmp_path, "replace conv1: conv(6, 3x3)"), state)
    assert "E0704" in shown and "'bn1.weight' is 6 in Mine, but 4 in the weights" in shown
    assert "replace bn1: …" in shown


def test_weights_of_another_network_are_told_which_would_do(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    other = archlang.load("LeNet5").state_dict()
    shown = refused(derived(tmp_path, "freeze conv1"), other)
    assert "E0701" in shown and "weights of Mine or Small would do" in shown
    bent = state | {"conv2.weight": torch.zeros(9, 4, 3, 3)}
    shown = refused(derived(tmp_path, "freeze conv1"), bent)
    assert "E0702" in shown and "'conv2.weight' is 9x4x3x3, but the network's is 8x4x3x3" in shown


def test_weights_that_could_be_of_both_are_asked_about(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    spec = derived(tmp_path, "replace fc1: fc(5)")
    shown = refused(spec, state)
    assert "E0725" in shown and "the weights of Mine or of Small?" in shown
    own = archlang.load(spec, weights=state, weights_of="Mine")
    assert torch.equal(own.fc1.weight, state["fc1.weight"])
    base = archlang.load(spec, weights=state, weights_of="Small")
    assert not torch.equal(base.fc1.weight, state["fc1.weight"])
    assert "no weights of Tiny" in refused(spec, state, weights_of="Tiny")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused(
    tmp_path: Path, state: dict[str, Tensor], value: float
) -> None:
    state["conv2.bias"][3] = value
    shown = refused(write(tmp_path, SMALL), state)
    assert "E0706" in shown and "'conv2.bias' 1 of 8 values is NaN or infinite" in shown


def test_great_weights_are_numbers(tmp_path: Path, state: dict[str, Tensor]) -> None:
    state["conv2.bias"][:] = 3e38  # their sum is infinite
    model = archlang.load(write(tmp_path, SMALL), weights=state)
    assert torch.equal(model.conv2.bias, state["conv2.bias"])


def test_values_of_another_kind_are_refused(tmp_path: Path, state: dict[str, Tensor]) -> None:
    spec = write(tmp_path, SMALL)
    shown = refused(spec, state | {"fc1.bias": torch.zeros(5, dtype=torch.int8)})
    assert "E0703" in shown and "int8" in shown and "float32" in shown
    assert "E0703" in refused(spec, state | {"fc1.bias": torch.zeros(5).to_sparse()})
    half = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    model = archlang.load(spec, weights=half)
    assert torch.equal(model.fc1.bias, state["fc1.bias"].half().float())


@pytest.mark.parametrize(
    ("key", "value", "dtype"),
    [("conv2.bias", 1e6, torch.float16), ("conv1.weight", 3e38, torch.float32)],
)
def test_numbers_that_become_infinite_are_refused(
    tmp_path: Path, state: dict[str, Tensor], key: str, value: float, dtype: torch.dtype
) -> None:
    state[key].fill_(value)
    spec = derived(tmp_path, "input 1x8x8\nadapt conv1: sum")
    with pytest.raises(archlang.SpecError, match=rf"of '{key}' are too great for"):
        archlang.load(spec, weights=state, dtype=dtype)


def test_parameters_lie_in_memory_as_usual(tmp_path: Path, state: dict[str, Tensor]) -> None:
    state["fc1.weight"] = state["fc1.weight"].t().contiguous().t()
    model = archlang.load(write(tmp_path, SMALL), weights=state)
    assert model.fc1.weight.is_contiguous() and torch.equal(model.fc1.weight, state["fc1.weight"])


def test_two_names_for_one_tensor_are_refused(tmp_path: Path) -> None:
    theirs = torchvision.models.densenet121().state_dict()
    key = "features.denseblock1.denselayer1.norm1.weight"
    theirs[key.replace("norm1", "norm.1")] = theirs[key] + 1
    assert "E0701" in refused("DenseNet121", theirs)


def test_what_is_said_of_weights_needs_weights(tmp_path: Path) -> None:
    for option in ({"key_map": {}}, {"weights_of": "Small"}):
        with pytest.raises(TypeError, match="say which, by weights="):
            archlang.load(write(tmp_path, SMALL), **option)


def test_counters_that_became_real_numbers_are_taken(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    state["bn1.num_batches_tracked"] += 7
    halved = {key: value.half() for key, value in state.items()}
    model = archlang.load(write(tmp_path, SMALL), weights=halved)
    assert model.bn1.num_batches_tracked == 7
    assert model.bn1.num_batches_tracked.dtype == torch.int64


def test_older_files_lack_the_counters_of_batches(tmp_path: Path, state: dict[str, Tensor]) -> None:
    del state["bn1.num_batches_tracked"]
    model = archlang.load(write(tmp_path, SMALL), weights=state)
    assert model.bn1.num_batches_tracked == 0
    assert torch.equal(model.bn1.running_var, state["bn1.running_var"])
    assert named(archlang.weights_report(model), "new") == ["bn1.num_batches_tracked"]


def test_the_files_of_densenet_have_older_names() -> None:
    with torch.device("meta"):
        theirs = torchvision.models.densenet121().state_dict()
    old = {}
    for key, value in theirs.items():
        for number in "12":
            for kind in ("norm", "conv"):
                if "denselayer" in key:
                    key = key.replace(f".{kind}{number}.", f".{kind}.{number}.")  # noqa: PLW2901
        if not key.endswith("num_batches_tracked"):
            old[key] = torch.rand(value.shape)
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    model = archlang.load("DenseNet121", weights=old)
    reference = torchvision.models.densenet121()
    import re

    new = {re.sub(r"(denselayer\d+\.(?:norm|conv))\.(\d)", r"\1\2", k): v for k, v in old.items()}
    reference.load_state_dict(new)
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(model.eval()(x), reference.eval()(x))


def test_the_checkpoint_is_not_touched_and_not_shared(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    before = {key: value.clone() for key, value in state.items()}
    model = archlang.load(derived(tmp_path, "adapt conv1: keep", "classes=2"), weights=state)
    with torch.no_grad():
        for value in model.state_dict().values():
            value.fill_(3)
    bad = state | {"fc1.bias": torch.full((5,), torch.nan)}
    refused(write(tmp_path, SMALL), bad)
    for key, value in state.items():
        assert torch.equal(value, before[key]), key
