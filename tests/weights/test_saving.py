"""Saved models come back as they were, and files that contradict themselves do not come at all."""

from __future__ import annotations

import copy
import hashlib
import importlib
import importlib.util
import json
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

import archlang
from archlang.files import OutputError
from archlang.weights import saving

SPEC = """
network Small(classes=5, kernel=3x3, widths=[4, 8], f=relu, biased=true):
    input 3x8x8
    for w in widths:
        conv(w, kernel, bias=biased) -> bn -> f
    gap -> flatten -> fc(classes)

let Tiny = Small(classes=2)

network Frozen from Small(classes=3):
    replace fc1: dropout(0.5) -> fc(3)
    freeze conv1
"""
SHARED = """
network Twins:
    input a: 2x4x4
    input b: 2x4x4
    shared Tower = conv(3, 3x3) -> bn -> relu
    x = a -> Tower
    y = b -> Tower
    x + y
"""
SEVERAL = """
network Several:
    input 3x8x8
    stem = conv(4, 3x3) -> relu
    output side = stem -> gap -> flatten -> fc(2) when training
    output map = stem -> conv(4, 3x3)
    output kind = stem -> gap -> flatten -> fc(3)
"""


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "small.arch"
    path.write_text(SPEC, encoding="utf-8")
    return f"{path}:Small"


@pytest.fixture
def saved(spec: str, tmp_path: Path) -> Path:
    """A model that was run a little, saved; its spec is gone."""
    path = tmp_path / "small.safetensors"
    archlang.save(trained(spec), path)
    Path(spec.rpartition(":")[0]).unlink()
    return path


def trained(spec: str, *inputs: Tensor, **options: Any) -> nn.Module:
    """A network whose running statistics have moved."""
    torch.manual_seed(0)
    model = archlang.load(spec, **options)
    model(*(inputs or (torch.randn(4, 3, 8, 8),)))
    return model


def hold_equal(a: nn.Module, b: nn.Module) -> None:
    ours, theirs = a.state_dict(), b.state_dict()
    assert list(ours) == list(theirs)
    for key, value in ours.items():
        assert theirs[key].dtype == value.dtype, key
        assert torch.equal(theirs[key], value), key
    frozen = {name: p.requires_grad for name, p in a.named_parameters()}
    assert frozen == {name: p.requires_grad for name, p in b.named_parameters()}


def refused(code: str, do: Callable[..., object], *args: object, **options: object) -> str:
    """What the error shows, in which that code is the only one."""
    with pytest.raises(archlang.SpecError) as caught:
        do(*args, **options)
    assert [d.code for d in caught.value.diagnostics] == [code], str(caught.value)
    return str(caught.value)


def header(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])


def with_header(path: Path, head: object) -> Path:
    """The file with another header in front of its numbers."""
    data = path.read_bytes()
    numbers = data[8 + int.from_bytes(data[:8], "little") :]
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + numbers)
    return path


def noted(path: Path, rehash: bool = False, **changes: str | None) -> Path:
    """The file with other metadata; `rehash`: by somebody who knows how the hash is made."""
    head = header(path)
    notes = head["__metadata__"] | {f"archlang.{key}": value for key, value in changes.items()}
    if rehash:
        whole = {
            "files": json.loads(notes["archlang.files"]),
            "language": int(notes["archlang.language"]),
            "network": notes["archlang.network"],
            "parameters": json.loads(notes["archlang.parameters"]),
            "spec": notes["archlang.spec"],
        }
        text = json.dumps(whole, sort_keys=True, separators=(",", ":"))
        notes["archlang.sha256"] = hashlib.sha256(text.encode()).hexdigest()
    head["__metadata__"] = {key: value for key, value in notes.items() if value is not None}
    return with_header(path, head)


# ── there and back ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("address", "parameters"),
    [
        ("LeNet5", {}),
        ("ResNet20", {}),
        pytest.param("ResNet18", {"classes": 7}, marks=pytest.mark.slow),
        pytest.param("DenseNet121", {}, marks=pytest.mark.slow),
        pytest.param("GoogLeNet", {}, marks=pytest.mark.slow),
        pytest.param("VGG11", {"classes": 3}, marks=pytest.mark.slow),
    ],
)
def test_networks_of_the_zoo(address: str, parameters: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    model = archlang.load(address, **parameters)
    graph = archlang.network(address, **parameters)
    x = torch.randn(2, *graph.nodes[graph.inputs[0]].shape)
    model(x)
    archlang.save(model, path)
    again = archlang.load(path)
    hold_equal(model, again)
    assert torch.equal(model.eval()(x), again.eval()(x))
    assert archlang.network(path).params == graph.params


@pytest.mark.parametrize("network", ["Small", "Tiny", "Frozen"])
def test_networks_of_a_file(spec: str, network: str, tmp_path: Path) -> None:
    address = spec.replace("Small", network) if network != "Small" else spec
    model = trained(address)
    archlang.save(model, tmp_path / "net.safetensors")
    (tmp_path / "small.arch").unlink()
    again = archlang.load(str(tmp_path / "net.safetensors"))
    hold_equal(model, again)
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(model.eval()(x), again.eval()(x))
    assert again.conv1.weight.requires_grad == (network != "Frozen")


@pytest.mark.parametrize("text", [SHARED, SEVERAL])
def test_shared_layers_and_several_outputs(text: str, tmp_path: Path) -> None:
    (tmp_path / "net.arch").write_text(text, encoding="utf-8")
    graph = archlang.network(tmp_path / "net.arch")
    inputs = [torch.randn(2, *graph.nodes[n].shape) for n in graph.inputs]
    model = trained(str(tmp_path / "net.arch"), *inputs)
    archlang.save(model, tmp_path / "net.safetensors")
    again = archlang.load(tmp_path / "net.safetensors")
    hold_equal(model, again)
    for mode in (True, False):
        a, b = model.train(mode)(*inputs), again.train(mode)(*inputs)
        pairs = zip(a, b, strict=True) if isinstance(a, tuple) else [(a, b)]
        assert all(torch.equal(p, q) for p, q in pairs)


def test_parameters_of_every_kind_come_back(spec: str, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    chosen = {"classes": 4, "kernel": (1, 3), "widths": [2], "f": "gelu", "biased": False}
    model = archlang.load(spec, **chosen)
    archlang.save(model, path)
    assert json.loads(header(path)["__metadata__"]["archlang.parameters"]) == {
        **chosen, "kernel": [1, 3],
    }  # fmt: skip
    hold_equal(model, archlang.load(path))
    from archlang.ops.base import Dims

    archlang.save(archlang.load(spec, kernel=Dims((5, 5))), path)
    assert type(archlang.network(path).parameters["kernel"]) is Dims
    assert archlang.load(path).conv1.kernel_size == (5, 5)


def test_the_file_is_what_safetensors_reads(spec: str, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    model = trained(spec)
    archlang.save(model, path)
    theirs = load_file(path)
    assert theirs.keys() == model.state_dict().keys()
    for key, value in model.state_dict().items():
        assert torch.equal(theirs[key], value) and theirs[key].dtype == value.dtype
    with safe_open(path, framework="np") as file:
        notes = file.metadata()
    assert notes["format"] == "pt" and notes["archlang.network"] == "Small"
    assert notes["archlang.version"] == archlang.__version__
    assert json.loads(notes["archlang.files"]) == {"small.arch": SPEC}
    assert str(tmp_path) not in path.read_bytes().decode("latin-1")


def test_equal_models_give_equal_files(spec: str, tmp_path: Path) -> None:
    model = trained(spec)
    archlang.save(model, tmp_path / "a.safetensors")
    archlang.save(archlang.load(tmp_path / "a.safetensors"), tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


@pytest.mark.parametrize(
    "dtype", [torch.bfloat16, torch.float16, torch.float64, torch.float8_e4m3fn]
)
def test_types_come_back_unless_others_are_asked_for(
    spec: str, dtype: torch.dtype, tmp_path: Path
) -> None:
    path = tmp_path / "net.safetensors"
    model = archlang.load(spec).to(dtype)
    archlang.save(model, path)
    hold_equal(model, archlang.load(path))
    assert archlang.load(path, dtype=torch.float32).conv1.weight.dtype == torch.float32
    assert archlang.load(path, dtype=torch.float32).bn1.num_batches_tracked.dtype == torch.int64


def test_mixed_types_come_back(spec: str, tmp_path: Path) -> None:
    model = archlang.load(spec).half()
    model.bn1.float()
    archlang.save(model, tmp_path / "net.safetensors")
    hold_equal(model, archlang.load(tmp_path / "net.safetensors"))


def test_loading_on_meta_and_without_the_file(saved: Path) -> None:
    assert archlang.load(saved, device="meta").conv1.weight.is_meta
    model = archlang.load(saved)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    saved.write_bytes(bytes(saved.stat().st_size))  # the same file, overwritten where it lies
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_odd_memory_is_written_all_the_same(spec: str, tmp_path: Path) -> None:
    model = archlang.load(spec).to(memory_format=torch.channels_last)
    whole = torch.randn(5, 16)
    model.fc1.weight = nn.Parameter(whole[:, ::2])  # neither contiguous nor alone in its memory
    model.bn1.running_mean = model.bn1.running_var
    archlang.save(model, tmp_path / "net.safetensors")
    hold_equal(model, archlang.load(tmp_path / "net.safetensors"))


# ── the texts ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A spec of several files, one of which reaches upwards, and one of the zoo."""
    files = {
        "main.arch": 'use Net as Inner from "parts/net.arch"\nuse LeNet5 from "zoo/lenet.arch"\n'
        "network Main = Inner(classes=4)\n"
        "network Digits from LeNet5(classes=7):\n    freeze conv1\n",
        "parts/net.arch": 'use Part from "../common.arch"\n'
        "network Net(classes=2):\n    input 3x8x8\n    Part -> gap -> flatten -> fc(classes)\n",
        "common.arch": "block Part:\n    conv(4, 3x3) -> relu\n",
        "unused.arch": "block Other:\n    relu\n",
    }
    for name, text in files.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "project" / "main.arch"


@pytest.mark.parametrize(
    ("network", "names"),
    [
        ("Main", ["main.arch", "parts/net.arch", "zoo/lenet.arch", "common.arch"]),
        ("Inner", ["parts/net.arch", "common.arch"]),
        ("Digits", ["main.arch", "parts/net.arch", "zoo/lenet.arch", "common.arch"]),
        ("LeNet5", ["zoo/lenet.arch"]),
    ],
)
def test_a_network_of_several_files(
    project: Path, network: str, names: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address = f"{project}:{network}"
    assert list(archlang.network(address).files) == names
    model = archlang.load(address)
    path = tmp_path / "net.safetensors"
    archlang.save(model, path)
    for file in project.parent.rglob("*.arch"):
        file.unlink()
    # neither the zoo of another version nor anything else on the disk plays a part
    monkeypatch.setattr("archlang.semantics.places.zoo_folder", lambda: tmp_path / "nowhere")
    hold_equal(model, archlang.load(path))
    assert list(archlang.network(path).files) == names


def test_networks_of_the_zoo_and_of_modules_know_their_texts(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = archlang.network("ResNet20").files
    assert list(files) == ["zoo/resnet_cifar.arch", "zoo/resnet.arch"]
    importlib.import_module("archlang.importer")  # installs the hook
    monkeypatch.syspath_prepend(str(project.parent))
    main = importlib.import_module("main").Main
    model = main()
    assert list(main.graph().files) == list(archlang.network(f"{project}:Main").files)
    archlang.save(model, tmp_path / "net.safetensors")
    hold_equal(model, archlang.load(tmp_path / "net.safetensors"))
    sys.modules.pop("main")


def test_files_that_cannot_be_found_again_are_not_saved(project: Path, tmp_path: Path) -> None:
    text = project.read_text(encoding="utf-8")
    absolute = text.replace("parts/net.arch", (project.parent / "parts/net.arch").as_posix())
    project.write_text(absolute, encoding="utf-8")
    model = archlang.load(f"{project}:Main")
    shown = refused("E0714", archlang.save, model, tmp_path / "net.safetensors")
    assert "absolute paths" in shown


def test_linked_files_are_saved_under_the_names_they_are_used_by(
    project: Path, tmp_path: Path
) -> None:
    (project.parent / "linked.arch").symlink_to(project.parent / "common.arch")
    net = project.parent / "parts" / "net.arch"
    net.write_text(net.read_text().replace("common", "linked"), encoding="utf-8")
    model = archlang.load(f"{project}:Main")
    archlang.save(model, tmp_path / "net.safetensors")
    assert "linked.arch" in archlang.network(tmp_path / "net.safetensors").files
    hold_equal(model, archlang.load(tmp_path / "net.safetensors"))


# ── models of all sorts ──────────────────────────────────────────────────────────────────────────

COPIES: dict[str, Callable[[nn.Module], nn.Module]] = {
    "copied": copy.deepcopy,
    "pickled": lambda m: pickle.loads(pickle.dumps(m)),
    "pickled, then copied": lambda m: copy.deepcopy(pickle.loads(pickle.dumps(m))),
    "copied, then pickled twice": lambda m: COPIES["pickled"](COPIES["pickled"](copy.deepcopy(m))),
    "in parallel": nn.DataParallel,
    "averaged": torch.optim.swa_utils.AveragedModel,
    "averaged, in parallel": lambda m: nn.DataParallel(torch.optim.swa_utils.AveragedModel(m)),
    "compiled": lambda m: torch.compile(m, backend="eager"),  # type: ignore[return-value]  # a Module
}


@pytest.mark.parametrize(
    "way", [pytest.param(w, marks=pytest.mark.slow if w == "compiled" else ()) for w in COPIES]
)
def test_copied_and_wrapped_models_know_their_spec(spec: str, way: str, tmp_path: Path) -> None:
    model = trained(spec)
    archlang.save(COPIES[way](model), tmp_path / "net.safetensors")
    hold_equal(model, archlang.load(tmp_path / "net.safetensors"))


def test_the_generated_class_is_saved_with_its_spec(spec: str, tmp_path: Path) -> None:
    from archlang.backends.python import write_python

    file = tmp_path / "generated.py"
    file.write_text(write_python(archlang.network(spec, classes=3)), encoding="utf-8")
    found = importlib.util.spec_from_file_location("generated", file)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    model = module.Small()
    path = tmp_path / "net.safetensors"
    assert "does not know its spec" in refused("E0714", archlang.save, model, path)
    refused("E0719", archlang.save, model, path, spec=spec)
    archlang.save(model, path, spec=spec, classes=3)
    again = archlang.load(path)
    assert all(torch.equal(v, again.state_dict()[k]) for k, v in model.state_dict().items())
    archlang.save(nn.DataParallel(model), tmp_path / "b.safetensors", spec=spec, classes=3)
    assert path.read_bytes() == (tmp_path / "b.safetensors").read_bytes()


# ── what is not saved ────────────────────────────────────────────────────────────────────────────


def _exchanged(model: Any) -> None:
    model.fc1 = nn.Linear(8, 7)


def _activated(model: Any) -> None:
    model.relu1 = nn.GELU()


def _extended(model: Any) -> None:
    model.fc1 = nn.Sequential(nn.Dropout(), model.fc1)


def _diverged(model: Any) -> None:
    with torch.no_grad():
        model.bn1.running_var[0] = float("inf")


def _quantised(model: Any) -> None:
    model.fc1.weight = nn.Parameter(torch.ones(5, 8, dtype=torch.int8), requires_grad=False)


def _noting(model: Any) -> None:
    model.fc1.__class__ = type("Counted", (nn.Linear,), {"get_extra_state": lambda _: 3})


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (_noting, "E0719", "fc1._extra_state is not in the spec"),
        (_exchanged, "E0719", "fc1.weight is 7x8, but 5x8 by the spec"),
        (_activated, "E0719", "relu1 is GELU(approximate='none'), but ReLU() by the spec"),
        (_extended, "E0719", "fc1.weight is missing"),
        (_quantised, "E0719", "fc1.weight is of the type I8, but F32 by the spec"),
        (_diverged, "E0714", "bn1.running_var holds values that are no numbers"),
        (lambda m: m.to("meta"), "E0714", 'is on the device "meta"'),
    ],
)
def test_a_model_that_is_not_its_spec_leaves_the_file(
    spec: str, change: Callable[[Any], None], code: str, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "net.safetensors"
    archlang.save(trained(spec), path)
    before = path.read_bytes()
    model = trained(spec)
    change(model)
    shown = refused(code, archlang.save, model, path)
    assert words in shown and "nothing was written" in shown
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.safetensors", "small.arch"]


def test_synchronised_norms_are_those_of_the_spec(spec: str, tmp_path: Path) -> None:
    model = nn.SyncBatchNorm.convert_sync_batchnorm(trained(spec))
    archlang.save(model, tmp_path / "net.safetensors")
    hold_equal(model, archlang.load(tmp_path / "net.safetensors"))


def test_wrong_calls(spec: str, tmp_path: Path) -> None:
    model = archlang.load(spec)
    assert "ends in .safetensors" in refused("E0714", archlang.save, model, tmp_path / "net.pth")
    shown = refused("E0714", archlang.save, model, tmp_path / "net.safetensors", classes=3)
    assert "classes is given without a spec" in shown
    shown = refused("E0714", archlang.save, nn.Linear(2, 2), tmp_path / "net.safetensors")
    assert "spec=" in shown
    state = model.state_dict()
    shown = refused("E0714", archlang.save, state, tmp_path / "net.safetensors", spec=spec)
    assert "it is no torch.nn.Module but of the type OrderedDict" in shown
    whole = nn.Sequential(archlang.load(spec), nn.ReLU())
    refused("E0714", archlang.save, whole, tmp_path / "net.safetensors")


def test_paths_that_cannot_be_written(spec: str, tmp_path: Path) -> None:
    model = archlang.load(spec)
    folder = tmp_path / "folder.safetensors"
    folder.mkdir()
    (tmp_path / "file").write_text("")
    for path in (folder, tmp_path / "file" / "net.safetensors"):
        with pytest.raises(OutputError, match="cannot write"):
            archlang.save(model, path)


def test_a_file_that_is_replaced_keeps_its_permissions(spec: str, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    archlang.save(archlang.load(spec), path)
    path.chmod(0o640)
    archlang.save(trained(spec), path)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_failure_half_way_leaves_the_file(
    spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.safetensors"
    archlang.save(archlang.load(spec), path)
    before = path.read_bytes()
    pieces = saving._pieces

    def failing(*args: Any) -> Any:
        for number, piece in enumerate(pieces(*args)):
            if number == 3:
                raise error
            yield piece

    monkeypatch.setattr(saving, "_pieces", failing)
    for error in (OSError(28, os.strerror(28)), RuntimeError("the device is gone")):
        with pytest.raises(type(error), match="device"):
            archlang.save(trained(spec), path)
        assert path.read_bytes() == before
        assert sorted(p.name for p in tmp_path.iterdir()) == ["net.safetensors", "small.arch"]


# ── what is not loaded ───────────────────────────────────────────────────────────────────────────


def test_a_saved_file_holds_one_network(saved: Path) -> None:
    for do in (archlang.load, archlang.network):
        shown = refused("E0116", do, f"{saved}:Small")
        assert "a saved file holds one network, so leave :Small out" in shown
        assert f"did you mean {saved}?" in shown


def test_one_changed_character_of_the_spec_is_refused(saved: Path) -> None:
    data = saved.read_bytes()
    assert data.count(b"classes=5") == 1
    saved.write_bytes(data.replace(b"classes=5", b"classes=6"))
    for do in (archlang.load, archlang.network):
        shown = refused("E0713", do, saved)
        assert "the text of its spec was changed after it was saved" in shown


def test_tensors_that_are_not_those_of_the_spec_are_refused(saved: Path) -> None:
    files = header(saved)["__metadata__"]["archlang.files"]
    noted(saved, rehash=True, files=files.replace("classes=5", "classes=6"))
    shown = refused("E0713", archlang.load, saved)
    assert "fc1.weight is 5x8, but 6x8 by the spec" in shown
    assert "fc1.bias is 5, but 6 by the spec" in shown


def _renamed(head: dict[str, Any]) -> None:
    head["fc2.weight"] = head.pop("fc1.weight")


def _reshaped(head: dict[str, Any]) -> None:
    head["fc1.weight"]["shape"] = [8, 5]


def _retyped(head: dict[str, Any]) -> None:
    head["fc1.weight"]["dtype"] = "I32"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_renamed, ["fc1.weight is missing", "fc2.weight is not in the spec"]),
        (_reshaped, ["fc1.weight is 8x5, but 5x8 by the spec"]),
        (_retyped, ["fc1.weight is of the type I32, but F32 by the spec"]),
    ],
)
def test_changed_tensors_are_refused(
    saved: Path, change: Callable[[dict[str, Any]], None], words: list[str]
) -> None:
    head = header(saved)
    change(head)
    shown = refused("E0713", archlang.load, with_header(saved, head))
    assert all(word in shown for word in words)


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"network": "Other"}, "E0713", "no network 'Other' is in it"),
        ({"spec": "other.arch"}, "E0718", "other.arch is missing"),
        ({"format": "2"}, "E0718", "install a newer archlang"),
        ({"language": "2"}, "E0718", "install a newer archlang"),
        ({"language": "two"}, "E0718", "metadata is damaged"),
        ({"files": "[]"}, "E0718", "metadata is damaged"),
        ({"files": "{}"}, "E0718", "metadata is damaged"),
        ({"files": "{"}, "E0718", "metadata is damaged"),
        ({"files": "[" * 100_000}, "E0718", "metadata is damaged"),
        ({"files": '{"small.arch": 3}'}, "E0718", "metadata is damaged"),
        ({"files": '{"small.arch": "\\ud800"}'}, "E0718", "metadata is damaged"),
        ({"files": '{"small.arch": "x", "/etc/passwd": ""}'}, "E0718", "is no text of a spec"),
        ({"parameters": '{"classes": {"a": 1}}'}, "E0718", "is no constant"),
        ({"parameters": "5"}, "E0718", "metadata is damaged"),
        ({"parameters": '{"clases": 5}'}, "E0301", "small.safetensors: small.arch:2"),
        ({"parameters": '{"classes": "__import__(\'os\')"}'}, "E0305", "__import__"),
    ],
)
def test_damaged_metadata_is_refused(
    saved: Path, changes: dict[str, str], code: str, words: str
) -> None:
    rehash = "parameters" in changes or "network" in changes
    try:
        noted(saved, rehash=rehash, **changes)
    except (TypeError, ValueError, AttributeError):
        noted(saved, **changes)
    shown = refused(code, archlang.network, saved)
    assert words in shown
    with pytest.raises(archlang.SpecError):
        archlang.load(saved)


@pytest.mark.parametrize("key", ["network", "files", "spec", "parameters", "language"])
def test_missing_metadata_is_refused(saved: Path, key: str) -> None:
    shown = refused("E0718", archlang.load, noted(saved, **{key: None}))
    assert f"archlang.{key}" in shown and "is missing" in shown


def test_a_spec_with_mistakes_is_shown(saved: Path) -> None:
    files = {"small.arch": 'use A from "../secret.arch"\n' + SPEC.replace("gap", "gapp")}
    noted(saved, rehash=True, files=json.dumps(files))
    with pytest.raises(archlang.SpecError) as caught:
        archlang.load(saved)
    assert {d.code for d in caught.value.diagnostics} == {"E0209", "E0201"}
    assert "small.safetensors: small.arch:1:12" in str(caught.value)


def test_nothing_beside_the_file_is_read(saved: Path) -> None:
    (saved.parent / "beside.arch").write_text("block A:\n    relu\n", encoding="utf-8")
    files = {"small.arch": 'use A from "beside.arch"\n' + SPEC}
    noted(saved, rehash=True, files=json.dumps(files))
    shown = refused("E0116", archlang.load, saved)
    assert "cannot read small.safetensors: beside.arch: its text is not in the file" in (
        shown.replace(f"{saved.parent}/", "")
    )


def test_plain_checkpoints_and_parameters_are_refused(saved: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.safetensors"
    save_file(load_file(saved), plain)
    shown = refused("E0718", archlang.load, plain)
    assert "there is no spec in it" in shown and "weights=…" in shown
    for do in (archlang.load, archlang.network):
        assert "classes cannot be given" in refused("E0720", do, saved, classes=5)
    assert "weights cannot be given" in refused("E0720", archlang.load, saved, weights=plain)


@pytest.mark.parametrize("length", [0, 4, 8, 100, 3000, -1, -400])
def test_files_that_are_cut_off_are_refused(saved: Path, length: int) -> None:
    saved.write_bytes(saved.read_bytes()[:length])
    for do in (archlang.load, archlang.network):
        assert "cannot read weights" in refused("E0707", do, saved)


@pytest.mark.parametrize(
    "head",
    [b"", b"{", b"[]", b"{}x", b"\xff" * 20, b"[" * 10**6, b'{"__metadata__": 3}',
     b'{"a": 1}', b'{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}',
     b'{"a": {"dtype": [], "shape": [1], "data_offsets": [0, 4]}}',
     b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4]}}'],
)  # fmt: skip
def test_damaged_headers_are_refused(saved: Path, head: bytes) -> None:
    with_header(saved, head)
    for do in (archlang.load, archlang.network):
        refused("E0707", do, saved)


def test_an_absurd_length_is_refused_at_once(saved: Path) -> None:
    saved.write_bytes((2**62).to_bytes(8, "little") + saved.read_bytes()[8:])
    refused("E0707", archlang.load, saved)
    assert "no such file" in refused("E0707", archlang.load, saved.with_name("not.safetensors"))
    saved.unlink()
    saved.mkdir()
    assert "it is a folder" in refused("E0707", archlang.load, saved)


def test_a_huge_bundle_is_refused(saved: Path) -> None:
    files = {"small.arch": SPEC} | {f"n{i}.arch": "" for i in range(2000)}
    noted(saved, rehash=True, files=json.dumps(files))
    refused("E0718", archlang.load, saved)
    noted(saved, rehash=True, files=json.dumps({"small.arch": SPEC + "#" * 10**7}))
    refused("E0607", archlang.load, saved)


def test_values_that_are_no_numbers_are_refused(saved: Path) -> None:
    data = bytearray(saved.read_bytes())
    begin = header(saved)["fc1.bias"]["data_offsets"][0] + 8 + int.from_bytes(data[:8], "little")
    data[begin : begin + 4] = b"\xff" * 4
    saved.write_bytes(data)
    shown = refused("E0706", archlang.load, saved)
    assert "in the weight 'fc1.bias' 1 of 5 values is NaN or infinite" in shown
    assert str(saved) in shown


def test_the_network_of_a_file_needs_no_torch(saved: Path) -> None:
    code = f"""
import sys, archlang
graph = archlang.network({str(saved)!r})
print(graph.name, {{"torch", "safetensors"}} & sys.modules.keys())
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "Small set()\n"


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_byte_is_an_error_or_harmless(saved: Path, seed: int) -> None:
    """Anything may be wrong in a header; whatever it is, it is said in a diagnostic."""
    data = saved.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    chance = random.Random(seed)
    for _ in range(25):
        damaged = bytearray(data)
        damaged[chance.randrange(end)] = chance.randrange(256)
        saved.write_bytes(damaged)
        try:
            assert archlang.load(saved)(torch.randn(2, 3, 8, 8)).shape == (2, 5)
        except archlang.SpecError as error:
            assert "error[E0" in str(error)


def test_the_commands_take_a_saved_file(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from archlang.cli.compile import compile_network
    from archlang.cli.summary import Wanted, summarise_network

    summarise_network(str(saved), [], Wanted(form="json"))
    assert json.loads(capsys.readouterr().out)["name"] == "Small"
    compile_network(str(saved), [], tmp_path / "out")
    written = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert written == ["small.py", "small.safetensors", "small.svg"]
    assert (tmp_path / "out" / "small.safetensors").read_bytes() == saved.read_bytes()
    with pytest.raises(archlang.SpecError, match="classes cannot be given"):
        summarise_network(str(saved), ["classes=3"], Wanted())


def test_the_weights_of_a_saved_file_go_into_a_spec(spec: str, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    model = trained(spec)
    archlang.save(model, path)
    again = archlang.load(spec, weights=path)
    hold_equal(model, again)
    archlang.save(again, tmp_path / "again.safetensors")
    assert path.read_bytes() == (tmp_path / "again.safetensors").read_bytes()
