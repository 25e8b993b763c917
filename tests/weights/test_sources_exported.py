"""Weights of exported programs, against `torch.export.load` of the same file."""

from __future__ import annotations

import copy
import json
import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from archlang.diagnostics.model import SpecError
from archlang.weights.sources import read_weights
from weights.source_errors import hold_equal, refused


class Small(nn.Module):
    """Shared, strided, single, empty and differently typed tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        self.bn = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 4)
        self.tied = nn.Linear(4, 4, bias=False)
        self.tied.weight = self.fc.weight
        self.short = nn.Parameter(torch.randn(4, dtype=torch.bfloat16))
        self.scale = nn.Parameter(torch.tensor(2.5))
        shared = torch.arange(24.0)
        self.register_buffer("whole", shared)
        self.register_buffer("middle", shared[4:16].view(3, 4).t())
        self.register_buffer("count", torch.tensor(5))
        self.register_buffer("flags", torch.tensor([True, False, True]))
        self.register_buffer("none", torch.empty(0, 4))
        self.register_buffer("passing", torch.ones(4), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn(self.conv(x)).mean((2, 3)) * self.scale + self.short.float() + self.passing
        y = self.tied(self.fc(y)) + self.whole.sum() + self.middle.sum() + self.count
        return y + self.flags.sum() + self.none.sum()


@pytest.fixture(scope="module")
def program() -> torch.export.ExportedProgram:
    torch.manual_seed(0)
    return torch.export.export(Small().eval(), (torch.randn(2, 3, 8, 8),))


@pytest.fixture(scope="module")
def whole(program: torch.export.ExportedProgram) -> bytes:
    buffer = BytesIO()
    torch.export.save(program, buffer)
    return buffer.getvalue()


def test_parameters_and_buffers_are_those_that_torch_loads(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "net.pt2"
    path.write_bytes(whole)
    want = torch.export.load(path).state_dict
    checkpoint = read_weights(path)
    hold_equal(checkpoint.tensors, want)
    assert checkpoint.origin == str(path)
    assert {"conv.weight", "tied.weight", "short", "scale", "middle", "count"} <= set(want)
    assert "passing" not in checkpoint.tensors
    got = checkpoint.tensors
    assert got["conv.weight"].stride() == want["conv.weight"].stride()
    assert got["tied.weight"].data_ptr() == got["fc.weight"].data_ptr(), "they share a record"
    assert got["middle"].data_ptr() == got["whole"].data_ptr() + 16
    got["fc.weight"].zero_()
    assert path.read_bytes() == whole


def test_nothing_of_the_program_is_looked_at(
    tmp_path: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.pt2"
    path.write_bytes(whole)
    monkeypatch.setattr(torch.export, "load", None)
    monkeypatch.setattr("torch._export.serde.serialize.deserialize", None)
    assert read_weights(path).tensors


def test_the_archive_of_torch_up_to_2_7(
    tmp_path: Path, program: torch.export.ExportedProgram
) -> None:
    from torch._export.serde.schema import SCHEMA_VERSION
    from torch._export.serde.serialize import serialize

    artifact = serialize(program)
    path = tmp_path / "old.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("version", ".".join(map(str, SCHEMA_VERSION)))
        archive.writestr("serialized_exported_program.json", artifact.exported_program)
        archive.writestr("serialized_state_dict.pt", artifact.state_dict)
        archive.writestr("serialized_constants.pt", artifact.constants)
        archive.writestr("serialized_example_inputs.pt", artifact.example_inputs)
    hold_equal(read_weights(path).tensors, torch.export.load(path).state_dict)


def test_several_programs_are_told_apart(tmp_path: Path, program: Any) -> None:
    from torch.export.pt2_archive._package import package_pt2

    path = tmp_path / "two.pt2"
    package_pt2(str(path), exported_programs={"student": program, "teacher": program})
    refused(path, "E0710", f"{path}#student", f"{path}#teacher")
    hold_equal(read_weights(f"{path}#teacher").tensors, program.state_dict)


# ---- archives that lie -------------------------------------------------------------------------

CONFIG = "net/data/weights/model_weights_config.json"


def entry(
    sizes: list[int], strides: list[int], offset: int = 0, /, **changes: Any
) -> dict[str, Any]:
    meta = {
        "dtype": 7,
        "sizes": [{"as_int": n} for n in sizes],
        "requires_grad": True,
        "device": {"type": "cpu", "index": None},
        "strides": [{"as_int": n} for n in strides],
        "storage_offset": {"as_int": offset},
        "layout": 7,
    }
    used = {"path_name": "weight_0", "is_param": True, "use_pickle": False, "tensor_meta": meta}
    for key, value in changes.items():
        (meta if key in meta else used)[key] = value
    return used


def write(path: Path, config: object, payload: bytes = bytes(24), method: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("net/archive_format", "pt2")
        archive.writestr("net/data/weights/weight_0", payload)
        archive.writestr(CONFIG, config if isinstance(config, str) else json.dumps(config))
    return path


def test_a_small_archive_of_our_own_is_read(tmp_path: Path) -> None:
    payload = struct.pack("<6f", *range(6))
    for config, want in (
        (entry([2, 3], [3, 1]), [[0, 1, 2], [3, 4, 5]]),
        (entry([2], [3], 1), [1, 4]),
        (entry([], [], 5), 5),
        (entry([0, 7], [7, 1]), torch.empty(0, 7).tolist()),
        (entry([3, 2], [0, 1]), [[0, 1]] * 3),
    ):
        path = write(tmp_path / "x.pt2", {"config": {"a": config}}, payload)
        got = read_weights(path).tensors["a"]
        assert isinstance(got, Tensor)
        assert got.tolist() == want


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (entry([2, 4], [4, 1]), "behind the end of its data"),
        (entry([6], [1], 1), "behind the end of its data"),
        (entry([2], [6]), "behind the end of its data"),
        (entry([1 << 61], [1 << 61]), "behind the end of its data"),
        (entry([3], [-1], 2), "-1 for a size"),
        (entry([-3], [1]), "-3 for a size"),
        (entry([1], [1], -1), "-1 for a size"),
        (entry([1 << 40, 1 << 40], [0, 0]), "a size that cannot be"),
        (entry([0, 1 << 61, 1 << 61], [1, 1, 1]), "a size that cannot be"),
        (entry([1 << 61, 1 << 61, 0], [1, 1, 1]), "a size that cannot be"),
        (entry([2], [1, 1]), "more sizes than strides"),
        (entry([2], [1], dtype=99), "a type that is not known"),
        (entry([2], [1], layout=1), "no dense tensor"),
        (entry([2], [1], sizes=[{"as_expr": "s0"}]), "lacks as_int"),
        (entry([2], [1], sizes=[{"as_int": True}]), "has True for as_int"),
        (entry([2], [1], tensor_meta=None), "lacks tensor_meta"),
        (entry([2], [1], path_name="weight_9"), "lacks net/data/weights/weight_9"),
        (entry([2], [1], path_name="../../archive_format"), "lacks"),
        (entry([2], [1], use_pickle=True), "damaged"),
        ([], "lacks path_name"),
        (None, "lacks path_name"),
    ],
)
def test_entries_that_lie(tmp_path: Path, config: object, words: str) -> None:
    path = write(tmp_path / "x.pt2", {"config": {"layer.weight": config}})
    refused(path, "E0707", words)


@pytest.mark.parametrize(
    "config", ["", "{", "[]", "3", '{"config": []}', "[" * 100_000, "\x00", "9" * 10**6]
)
def test_lists_that_are_none(tmp_path: Path, config: str) -> None:
    refused(write(tmp_path / "x.pt2", config), "E0707", "it is damaged")


def test_compressed_archives_and_compiled_ones(tmp_path: Path) -> None:
    config = {"config": {"a": entry([2], [1])}}
    path = write(tmp_path / "x.pt2", config, method=zipfile.ZIP_DEFLATED)
    refused(path, "E0707", "compressed", "zip -0")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/archive_format", "pt2")
        archive.writestr("net/data/aotinductor/model/x.so", b"")
    refused(path, "E0707", "no exported program", "AOTInductor")


def test_a_pickle_within_runs_no_code(tmp_path: Path) -> None:
    from weights.test_sources_files import Creates

    made = tmp_path / "made"
    buffer = BytesIO()
    torch.save(Creates(made), buffer)
    config = {"config": {"a": entry([2], [1], use_pickle=True)}}
    path = write(tmp_path / "x.pt2", config, buffer.getvalue())
    refused(path, "E0708", "posix.system")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("version", "8.2")
        archive.writestr("serialized_state_dict.pt", buffer.getvalue())
    refused(path, "E0708", "posix.system")
    assert not made.exists()


def test_a_tensor_of_a_class_of_its_own(tmp_path: Path) -> None:
    buffer = BytesIO()
    torch.save(nn.Parameter(torch.arange(3.0)), buffer)
    config = {"config": {"a": entry([3], [1], use_pickle=True)}}
    path = write(tmp_path / "x.pt2", config, buffer.getvalue())
    hold_equal(read_weights(path).tensors, {"a": torch.arange(3.0)})


def _changed(config: dict[str, Any], data: st.DataObject) -> object:
    """The list with one value in it replaced."""
    spots: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            spots.append((value, key))
            if isinstance(inner, dict | list):
                walk(inner)

    config = copy.deepcopy(config)
    walk(config)
    where, key = data.draw(st.sampled_from(spots))
    scalars = st.one_of(st.integers(), st.integers(-2, 70), st.text(), st.none(), st.booleans())
    where[key] = data.draw(st.one_of(scalars, st.lists(scalars, max_size=2), st.floats()))
    return config


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_no_list_makes_a_crash_or_reads_beyond(tmp_path: Path, data: st.DataObject) -> None:
    config = {"config": {"a": entry([2, 3], [3, 1]), "b": entry([2], [2], 1)}}
    path = write(tmp_path / "x.pt2", _changed(config, data))
    try:
        tensors = read_weights(path).tensors
    except SpecError as error:
        assert error.diagnostics[0].code in {"E0707", "E0710"}
        return
    for tensor in tensors.values():
        if isinstance(tensor, Tensor) and tensor.numel():
            last = sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True))
            end = (tensor.storage_offset() + last + 1) * tensor.element_size()
            assert end <= tensor.untyped_storage().nbytes() == 24


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "half": lambda whole: whole[: len(whole) // 2],
    "no end": lambda whole: whole[:-1],
    "a bit": lambda whole: whole.replace(
        struct.pack("<6f", *range(6)), struct.pack("<6f", 0, 1, 2, 3, 4, 7), 1
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_programs(tmp_path: Path, whole: bytes, damage: str) -> None:
    broken = DAMAGE[damage](whole)
    assert broken != whole
    (tmp_path / "x.pt2").write_bytes(broken)
    refused(tmp_path / "x.pt2", "E0707", "damaged")
