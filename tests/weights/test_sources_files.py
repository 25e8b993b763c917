"""Files of weights are read by what is in them, whole or not at all."""

from __future__ import annotations

import argparse
import json
import os
import pickle
import struct
import sys
import time
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor, nn

import archlang
from archlang.diagnostics.model import SpecError
from archlang.weights.sources import read_weights
from weights.source_errors import hold_equal, refused


def state() -> dict[str, Tensor]:
    torch.manual_seed(3)
    return {
        "conv1.weight": torch.randn(4, 3, 3, 3),
        "conv1.bias": torch.randn(4, dtype=torch.float64),
        "bn1.num_batches_tracked": torch.tensor(7),
        "fc.weight": torch.randn(2, 4, dtype=torch.bfloat16),
        "empty": torch.empty(0, 5),
    }


def save_legacy(value: object, path: Path) -> None:
    torch.save(value, path, _use_new_zipfile_serialization=False)


WRITERS = {
    "safetensors": save_file,
    "zip": torch.save,
    "before torch 1.6": save_legacy,
}


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pt2", ".bin", "", ".weights"])
@pytest.mark.parametrize("writer", WRITERS)
def test_the_contents_decide_not_the_suffix(tmp_path: Path, writer: str, suffix: str) -> None:
    path = tmp_path / f"net{suffix}"
    aside = tmp_path / "written.tmp"  # torch and safetensors are not asked about the suffix
    WRITERS[writer](state(), aside)
    aside.rename(path)
    for source in (path, str(path)):
        checkpoint = read_weights(source)
        hold_equal(checkpoint.tensors, state())
        assert checkpoint.origin == str(path)
        assert checkpoint.builder == ""


def test_a_state_dict_is_taken_as_it_is() -> None:
    own = nn.Linear(2, 3).state_dict()
    checkpoint = read_weights(own)
    assert checkpoint.tensors is own
    assert checkpoint.origin == "a state_dict"


def test_order_is_that_of_torch_save(tmp_path: Path) -> None:
    names = ["z", "a", "m"]
    torch.save(OrderedDict((n, torch.ones(1)) for n in names), tmp_path / "o.pth")
    assert list(read_weights(tmp_path / "o.pth").tensors) == names


def test_tensors_of_zipped_checkpoints_lie_in_the_file_which_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    torch.save(state(), path)
    before = path.read_bytes()
    weight = read_weights(path).tensors["conv1.weight"]
    assert isinstance(weight, Tensor)
    weight.zero_()
    assert path.read_bytes() == before


def save_packed(value: object, path: Path) -> None:
    """As somebody makes it who unpacks a checkpoint and zips it again."""
    torch.save(value, path)
    with zipfile.ZipFile(path) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in records.items():
            archive.writestr(name, content)


def test_a_repacked_zip_is_unpacked_not_misread(tmp_path: Path) -> None:
    save_packed(state(), tmp_path / "net.pth")
    hold_equal(read_weights(tmp_path / "net.pth").tensors, state())


# ---- parts -------------------------------------------------------------------------------------


def test_the_one_part_that_holds_weights_is_found(tmp_path: Path) -> None:
    path = tmp_path / "run.pth"
    model = nn.Linear(2, 2)
    optimiser = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 2)).sum().backward()
    optimiser.step()
    run = {"epoch": 3, "model": model.state_dict(), "optimizer": optimiser.state_dict()}
    torch.save(run | {"rng": torch.get_rng_state()}, path)
    checkpoint = read_weights(path)
    hold_equal(checkpoint.tensors, model.state_dict())
    assert checkpoint.origin == f"{path}#model"
    assert read_weights(f"{path}#model").origin == f"{path}#model"


def test_a_part_may_lie_deeper(tmp_path: Path) -> None:
    path = tmp_path / "run.pth"
    torch.save({"epoch": 1, "net": {"ema": state(), "decay": 0.9}}, path)
    assert read_weights(path).origin == f"{path}#net.ema"
    hold_equal(read_weights(f"{path}#net.ema").tensors, state())
    hold_equal(read_weights(f"{path}#net").tensors, state())


def test_several_parts_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "run.pth"
    other = {name: -value for name, value in state().items()}
    torch.save({"model": state(), "ema": other}, path)
    found = refused(path, "E0710", "more than once")
    assert found.notes == (f"they are {path}#model, {path}#ema",)
    hold_equal(read_weights(f"{path}#ema").tensors, other)


def test_an_unknown_part_is_said_with_those_there_are(tmp_path: Path) -> None:
    path = tmp_path / "run.pth"
    torch.save({"epoch": 3, "model": state()}, path)
    refused(f"{path}#modle", "E0710", f"did you mean {path}#model?", "it has epoch, model")
    refused(f"{path}#model.x", "E0710", "nothing under 'x'", "leave #x away")
    refused(f"{path}#epoch", "E0710", "holds a int")
    torch.save(state(), path)
    refused(f"{path}#model", "E0710", "nothing under 'model'", "holds weights alone")
    refused(f"{path}#fc.weight", "E0710", "Tensor")


@pytest.mark.parametrize(
    "value", [3, [torch.ones(1)], {"a": 1}, {}, torch.ones(2), {0: torch.ones(1)}]
)
def test_a_file_without_weights_is_told_apart(tmp_path: Path, value: object) -> None:
    torch.save(value, tmp_path / "x.pth")
    refused(tmp_path / "x.pth", "E0710", "state_dict()")


def test_a_file_with_a_hash_in_its_name_is_found(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(1)}, tmp_path / "run#3.pth")
    assert read_weights(str(tmp_path / "run#3.pth")).origin.endswith("run#3.pth")
    torch.save({"model": {"a": torch.ones(1)}, "b": {"a": torch.ones(1)}}, tmp_path / "run#4.pth")
    hold_equal(read_weights(f"{tmp_path}/run#4.pth#b").tensors, {"a": torch.ones(1)})


# ---- what is no file of weights ----------------------------------------------------------------


def test_mistaken_files(tmp_path: Path) -> None:
    cases = {
        b"": ("the file is empty", "once more"),
        b"\n<!DOCTYPE html><html>": ("it is a web page", "the file itself"),
        b"\xef\xbb\xbf<html>": ("it is a web page", "the file itself"),
        b"version https://git-lfs.github.com/spec/v1\noid": ("Git LFS pointer", "git lfs pull"),
        b"\x1f\x8b\x08rest": ("gzip", "unpack it"),
        b"\x89HDF\r\n\x1a\n": ("Keras", "safetensors"),
        bytes(4000): ("nothing but zeros", "once more"),
        b"these are my weights, honestly\n": ("nothing that torch.save wrote", "once more"),
        b"\x80\x04\x8d" + bytes(7) + b"\x40": ("a protocol above 2", "torch.save"),
        b"\x80\x02rubbish": ("nothing that torch.save wrote", "once more"),
    }
    for number, (content, words) in enumerate(cases.items()):
        path = tmp_path / f"{number}.pth"
        path.write_bytes(content)
        refused(path, "E0707", *words)


def test_missing_files_folders_and_rights(tmp_path: Path) -> None:
    (tmp_path / "resnet50.pth").write_bytes(b"x")
    refused(
        tmp_path / "resnet5.pth", "E0707", "there is no such file", "did you mean", "resnet50.pth?"
    )
    refused(tmp_path / "other" / "a.pth", "E0707", "there is no folder")
    refused(tmp_path / "resnet50.pth" / "a.pth", "E0707", "there is no")
    refused(tmp_path, "E0707", "it is a folder", "resnet50.pth")
    refused(str(tmp_path / "a\0.pth"), "E0707")
    refused(str(tmp_path / ("a" * 300 + ".pth")), "E0707", "name too long")
    refused("https", "E0710")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "E0707", "it is a folder", "pass a file")
    os.mkfifo(tmp_path / "pipe.pth")
    refused(tmp_path / "pipe.pth", "E0707", "pipe")
    refused("\ud800.pth", "E0707")


@pytest.mark.parametrize("suffix", [".safetensors", ".arch"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, suffix: str) -> None:
    pipe = tmp_path / f"net{suffix}"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        link = tmp_path / f"{path.name}-link{suffix}"
        link.symlink_to(path)
        with pytest.raises(SpecError, match="pipe"):
            archlang.load(link)
        if suffix != ".arch":
            refused(link, "E0707", "pipe")


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.pth"
    torch.save(state(), path)

    def denied(*_: object) -> None:  # root, who may run the tests, may read everything
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    refused(path, "E0707", "permission denied", f"chmod u+r {path}")


def test_other_zip_archives(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("weights/net.pth", b"")
    refused(
        tmp_path / "x.zip",
        "E0707",
        "none that PyTorch wrote",
        "unpack it, and pass weights/net.pth",
    )
    torch.jit.script(nn.Linear(2, 2)).save(tmp_path / "script.pt")
    refused(tmp_path / "script.pt", "E0707", "TorchScript", "torch.save(model.state_dict(), …)")


# ---- damage ------------------------------------------------------------------------------------


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("left", [0.02, 0.3, 0.7, 0.99])
def test_files_that_were_cut_off(tmp_path: Path, writer: str, left: float) -> None:
    path = tmp_path / "net.pth"
    WRITERS[writer](state(), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * left)])
    found = refused(path, "E0707", str(path))
    assert "Error" not in found.message


def test_a_damaged_number_is_found_by_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    torch.save({"a": torch.zeros(1000), "b": torch.ones(1000)}, path)
    content = bytearray(path.read_bytes())
    content[content.index(struct.pack("<f", 1.0) * 9)] ^= 1
    path.write_bytes(content)
    assert torch.load(path, weights_only=True)["b"][0] != 1, "torch does not look"
    refused(path, "E0707", "the checksum of", "does not fit")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("bytes_left", [8, 16, 24])
def test_tensors_that_go_on_behind_their_data(tmp_path: Path, method: int, bytes_left: int) -> None:
    """Each record has the checksum of what it holds, and yet the file is not whole."""
    path = tmp_path / "net.pth"
    torch.save({"a": torch.ones(4), "b": torch.arange(4.0), "c": torch.ones(4)}, path)
    with zipfile.ZipFile(path) as whole:
        records = {name: whole.read(name) for name in whole.namelist()}
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in records.items():
            cut = (content * 2)[:bytes_left] if name.endswith("data/1") else content
            archive.writestr(name, cut)
    if bytes_left == 16:
        tensors = read_weights(path).tensors
        hold_equal(tensors, {"a": torch.ones(4), "b": torch.arange(4.0), "c": torch.ones(4)})
    else:
        refused(path, "E0707", "it is damaged")


def test_views_and_shared_tensors_of_a_checkpoint(tmp_path: Path) -> None:
    whole = torch.arange(12.0)
    kinds = {"v": whole[3:9].view(2, 3).t(), "w": whole, "s": torch.eye(3).to_sparse()}
    torch.save(kinds, tmp_path / "net.pth")
    got = read_weights(tmp_path / "net.pth").tensors
    assert all(
        isinstance(t, Tensor) and torch.equal(t.to_dense(), kinds[n].to_dense())
        for n, t in got.items()
    )


def test_checkpoints_without_checksums_are_read(tmp_path: Path) -> None:
    before = torch.serialization.get_crc32_options()
    torch.serialization.set_crc32_options(False)
    try:
        torch.save(state(), tmp_path / "net.pth")
    finally:
        torch.serialization.set_crc32_options(before)
    hold_equal(read_weights(tmp_path / "net.pth").tensors, state())


def test_safetensors_headers_that_lie(tmp_path: Path) -> None:
    def header(offsets: tuple[int, int], shape: list[int], dtype: str = "F32") -> bytes:
        text = json.dumps({"a": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}).encode()
        return begun(text)

    def begun(text: bytes) -> bytes:
        return struct.pack("<Q", len(text)) + text + b"1234"

    tensor = b'{"dtype":"U8","shape":[4],"data_offsets":[0,4]}'
    path = tmp_path / "x.safetensors"
    for content, words in (
        (header((0, 8), [2]), "cut off"),
        (header((0, 4), [2]), "the shape of a tensor does not fit"),
        (header((0, 4), [2**62, 8]), "larger than can be"),
        (header((0, 4), [1], "F99"), "a type that is not known"),
        (struct.pack("<Q", 10) + b'{"a": oops}', "no list of tensors"),
        (struct.pack("<Q", 1 << 60) + b"{}", "first eight bytes"),
        (b"abc", "no header"),
        (header((0, 4), [1] * 65), "larger than can be"),
        (header((0, 4), [2**61, 0, 2**61]), "larger than can be"),
        (header((0, 4), [10**30]), "no list of tensors"),
        (header((1, 4), [3], "U8"), "overlap, or leave gaps"),
        (begun(b'{"\\ud800":%s}' % tensor), "no list of tensors"),
        (begun(b' {"a":%s}' % tensor), "no list of tensors"),
        (begun(b'{"a":%s,"__metadata__":{"b":1}}' % tensor), "no list of tensors"),
        (begun(b'{"a":%s,"__metadata__":{"b":"\\ud800"}}' % tensor), "no list of tensors"),
    ):
        path.write_bytes(content)
        refused(path, "E0707", words)


def test_types_that_torch_has_are_read(tmp_path: Path) -> None:
    types = "complex64 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu"
    types += " uint16 uint32 uint64 bool float16 bfloat16 int8"
    kinds = {name: torch.ones(3, dtype=getattr(torch, name)) for name in types.split()}
    save_file(kinds, tmp_path / "x.safetensors")
    got = read_weights(tmp_path / "x.safetensors").tensors
    for name, tensor in kinds.items():
        value = got[name]
        assert isinstance(value, Tensor) and value.dtype == tensor.dtype
        assert torch.equal(value.view(torch.uint8), tensor.view(torch.uint8)), name


def test_both_ways_of_reading_a_saved_file_say_the_same(tmp_path: Path) -> None:
    """As weights, and as a network."""
    path = tmp_path / "x.safetensors"
    save_file(state(), path)
    whole = path.read_bytes()
    for damaged in (b"", whole[:5], whole[:50], whole[:-1], whole + b"x", whole[:8] + b"[" * 999):
        path.write_bytes(damaged)
        with pytest.raises(SpecError) as caught:
            archlang.network(path)
        found = refused(path, "E0707")
        if damaged:
            assert caught.value.diagnostics[0].message == found.message


@pytest.mark.parametrize(("lengths", "digits"), [(1600, 4000), (1, 10**7)])
def test_long_numbers_in_a_header_take_no_time(tmp_path: Path, lengths: int, digits: int) -> None:
    """To multiply the former takes minutes, and to read the latter."""
    shape = ",".join(["9" * digits] * lengths)
    text = b'{"a":{"dtype":"F32","shape":[%s],"data_offsets":[0,4]}}' % shape.encode()
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(4))
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)  # as some programs do
    begun = time.process_time()
    try:
        refused(path, "E0707", "no list of tensors")
    finally:
        sys.set_int_max_str_digits(before)
    assert time.process_time() - begun < 2


def test_products_of_a_header_stay_small(tmp_path: Path) -> None:
    """Lengths that may be written, and of which too many come together."""
    shape = ",".join(["9" * 18] * 60_000)
    tensors = (f'"{n}":{{"dtype":"F32","shape":[{shape}],"data_offsets":[0,4]}}' for n in range(10))
    text = f"{{{','.join(tensors)}}}".encode()
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(4))
    begun = time.process_time()
    refused(path, "E0707", "larger than can be")
    assert time.process_time() - begun < 5


def _fuzzed(tmp_path: Path, whole: bytes, data: st.DataObject) -> None:
    """Whatever is done to a file, it is read or refused, and never half."""
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content)))) :]
    path = tmp_path / "fuzzed.pth"
    path.write_bytes(content)
    try:
        tensors = read_weights(path).tensors
    except SpecError as error:
        assert error.diagnostics[0].code in {"E0707", "E0708", "E0710"}
    else:
        assert all(value.numel() >= 0 for value in tensors.values() if isinstance(value, Tensor))


@pytest.mark.parametrize("writer", WRITERS)
def test_no_damage_makes_a_crash(tmp_path: Path, writer: str) -> None:
    path = tmp_path / "net.pth"
    small = {"model": {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(2)}, "epoch": 3}
    WRITERS[writer](small["model"] if writer == "safetensors" else small, path)
    whole = path.read_bytes()

    @settings(
        max_examples=150,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.data())
    def run(data: st.DataObject) -> None:
        _fuzzed(tmp_path, whole, data)

    run()


# ---- other sources -----------------------------------------------------------------------------


def test_what_is_no_source(tmp_path: Path) -> None:
    refused(None, "E0710", "from None")
    refused(7, "E0710", "the type int")
    refused(True, "E0710", 'pass weights="DEFAULT"')
    refused(nn.Linear(1, 1), "E0710", "pass model.state_dict()")
    refused([torch.ones(1)], "E0710", "the type list")
    with (tmp_path / "x").open("w") as file:
        refused(file, "E0710", "pass its name")
    for key in (0, None, ("a", "b")):
        refused({"a": torch.ones(1), key: torch.ones(1)}, "E0710", f"under {key!r}", "no name")


# ---- code --------------------------------------------------------------------------------------


class Creates:
    """A pickle that makes a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> object:
        return os.system, (f"touch {self.path}",)


def save_plain(protocol: int) -> Callable[[object, Path], object]:
    return lambda value, path: path.write_bytes(pickle.dumps(value, protocol=protocol))


PICKLERS = {"zip": torch.save, "compressed": save_packed, "before torch 1.6": save_legacy}
PICKLERS |= {f"pickle, protocol {p}": save_plain(p) for p in range(6)}


@pytest.mark.parametrize("pickler", PICKLERS)
@pytest.mark.parametrize("name", ["x.pth", "x.pt2", "x"])
def test_nothing_in_a_malicious_pickle_runs(tmp_path: Path, pickler: str, name: str) -> None:
    made, path = tmp_path / "made", tmp_path / name
    PICKLERS[pickler]({"weight": [1.0], "more": Creates(made)}, path)
    refused(path, "E0708", "posix.system", "nothing of it was run")
    path.rename(tmp_path / "x.safetensors")
    with pytest.raises(SpecError):  # a pickle of the first protocols is not told from a damaged one
        read_weights(tmp_path / "x.safetensors")
    assert not made.exists()


def test_the_malicious_pickle_does_what_it_says_if_one_lets_it(tmp_path: Path) -> None:
    made = tmp_path / "made"
    torch.save(Creates(made), tmp_path / "x.pth")
    torch.load(tmp_path / "x.pth", weights_only=False)
    assert made.exists()


def test_whole_modules_and_settings_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "m.pth"
    for save in (torch.save, save_legacy):
        save(nn.Sequential(nn.Linear(1, 1), nn.ReLU()), path)
        refused(path, "E0708", "torch.nn.modules.container.Sequential", "whole pickled module")
        save({"model": state(), "args": argparse.Namespace(lr=1)}, path)
        found = refused(path, "E0708", "argparse.Namespace", "weights_only=False")
        assert not any("whole" in note for note in found.notes)


def test_code_beside_a_module_is_not_called_a_module(tmp_path: Path) -> None:
    torch.save([Creates(tmp_path / "made"), nn.ReLU], tmp_path / "m.pth")
    found = refused(tmp_path / "m.pth", "E0708", "posix.system", "activation.ReLU")
    assert not any("whole" in note for note in found.notes)


def test_the_environment_does_not_let_code_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    made = tmp_path / "made"
    torch.save(Creates(made), tmp_path / "x.pth")
    refused(tmp_path / "x.pth", "E0708", "posix.system")
    assert not made.exists()
