"""Batches of a user's: what is read from files, and what is said of those that do not fit."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

import archlang
from archlang.diagnostics.model import SpecError
from archlang.measuring.gradients import gradients

SPECS = """\
network Net:
    input 3x8x8
    conv(4, 3x3) -> relu -> gap -> flatten
    fc(3)

network Map:
    input 1x6x6
    conv(4, 3x3) -> relu
    conv(3, 1x1)

network Number:
    input 4
    fc(8) -> tanh
    fc(1)

network Two:
    input left: 4
    input right: 5
    z = left -> fc(6)
    right -> fc(6) + z
    fc(3)
"""
X = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
Y = torch.tensor([0, 1, 2, 1])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("nets.arch").write_text(SPECS, encoding="utf-8")


def measured(network: str, **options):
    return gradients(f"nets.arch:{network}", seeds=1, **options)


def refused(network: str, data, **options) -> tuple[str, str, tuple[str, ...], str | None]:
    with pytest.raises(SpecError) as raised:
        measured(network, data=data, **options)
    (found,) = raised.value.diagnostics
    return found.code, found.message, found.notes, found.help


def test_three_kinds_of_files_hold_the_same_batch() -> None:
    np.savez("batch.npz", x=X.numpy(), y=Y.numpy())
    save_file({"x": X, "y": Y}, "batch.safetensors")
    torch.save({"x": X, "y": Y}, "batch.pt")
    expected = measured("Net", data={"x": X, "y": Y})
    for name in ("batch.npz", "batch.safetensors", "batch.pt"):
        report = measured("Net", data=name)
        assert report.layers == expected.layers and report.loss == expected.loss
        assert report.setting.data == name and report.setting.batch == 4
        assert f"4 samples of {name}" in report.text()


def test_the_loss_is_that_of_torch() -> None:
    torch.manual_seed(0)
    model = archlang.load("nets.arch:Net")
    loss = functional.cross_entropy(model(X), Y).item()
    assert measured("Net", data={"x": X, "y": Y}).loss[0] == pytest.approx(loss, rel=1e-6)


def test_labels_of_every_place_of_a_map() -> None:
    torch.manual_seed(0)
    model = archlang.load("nets.arch:Map")
    x, y = torch.randn(2, 1, 6, 6), torch.randint(3, (2, 6, 6), dtype=torch.uint8)
    loss = functional.cross_entropy(model(x), y.long()).item()
    assert measured("Map", data={"x": x, "y": y}).loss[0] == pytest.approx(loss, rel=1e-6)
    assert measured("Map", batch=2).loss[0] > 0


def test_numbers_to_be_given_are_compared_by_squares() -> None:
    torch.manual_seed(0)
    model = archlang.load("nets.arch:Number")
    x, y = torch.randn(5, 4), torch.randn(5)
    loss = functional.mse_loss(model(x)[:, 0], y).item() / 2
    for labels in (y, y[:, None], y.double().numpy()):
        data = {"x": x, "y": torch.as_tensor(labels)}
        assert measured("Number", data=data).loss[0] == pytest.approx(loss, rel=1e-6)


def test_inputs_by_name_and_whole_numbers() -> None:
    data = {"left": torch.randint(9, (6, 4)), "right": torch.randn(6, 5, dtype=torch.float64)}
    assert measured("Two", data=data).setting.batch == 6
    assert measured("Two", data=data, batch=2).setting.batch == 2
    image = {"x": (X.abs() * 50).to(torch.uint8), "y": Y}
    assert measured("Net", data=image, batch=3).setting.batch == 3


def test_big_endian_numbers() -> None:
    np.savez("batch.npz", x=X.numpy().astype(">f4"), y=Y.numpy().astype(">i8"))
    assert measured("Net", data="batch.npz").loss == measured("Net", data={"x": X, "y": Y}).loss


@pytest.mark.parametrize(
    ("network", "data", "words", "expected", "way"),
    [
        ("Net", {"y": Y}, "there is no array 'x'", "Nx3x8x8", None),
        ("Net", {"images": X}, "no array", "Nx3x8x8", None),
        ("Net", {"x": X[0]}, "x has the shape 3x8x8", "Nx3x8x8", "x[None]"),
        ("Net", {"x": X[:0]}, "0x3x8x8", "Nx3x8x8", "put samples"),
        ("Net", {"x": X.movedim(1, 3)}, "4x8x8x3", "Nx3x8x8", "x.transpose(0, 3, 1, 2)"),
        ("Net", {"x": X[:, :1]}, "4x1x8x8", "Nx3x8x8", None),
        ("Net", {"x": X.to(torch.complex64)}, "complex", "Nx3x8x8", None),
        ("Net", {"x": X / 0}, "NaN or infinity", "finite", None),
        ("Net", {"x": X, "y": Y[:2]}, "y has the shape 2", "y of the shape 4", None),
        ("Net", {"x": X, "y": Y + 1}, "a label is 3", "from 0 to 2", "counted from 0"),
        ("Net", {"x": X, "y": Y - 1}, "a label is -1", "from 0 to 2", None),
        ("Net", {"x": X, "y": Y.float()}, "type float32", "whole numbers", 'astype("int64")'),
        ("Net", {"x": X, "y": torch.eye(4, 3)}, "for each class", "whole", "y.argmax(1)"),
        ("Number", {"x": X[:, 0, 0, :4], "y": torch.ones(3)}, "y has the shape 3", "4x1", None),
        ("Two", {"left": torch.ones(2, 4)}, "no array 'right'", "Nx5", None),
        ("Two", {"left": torch.ones(2, 4), "rigth": torch.ones(2, 5)}, "'right'", "Nx5", "rigth"),
        ("Two", {"left": torch.ones(2, 4), "right": torch.ones(3, 5)}, "left 2, right 3", "", None),
    ],
)
def test_batches_that_do_not_fit(network, data, words, expected, way) -> None:
    code, message, notes, help_ = refused(network, data)
    assert code == "E0823" and words in message and network in message
    assert expected in notes[0] and way in (help_ or "") if way else help_ is None
    assert all(name in notes[1] for name in data)


def test_more_samples_than_there_are() -> None:
    _, message, notes, _ = refused("Net", {"x": X}, batch=5)
    assert "4 samples, not 5" in message and "at most --batch 4" in notes[0]


def write(name: str, content: bytes) -> str:
    Path(name).write_bytes(content)
    return name


def test_files_that_cannot_be_read() -> None:
    np.savez("pickled.npz", x=np.array([{"a": 1}], dtype=object))
    np.savez("words.npz", x=np.array(["cat"]))
    np.savez("whole.npz", x=X.numpy())
    whole = Path("whole.npz").read_bytes()
    torch.save(X, "bare.pt")
    torch.save({"x": torch.nn.Linear(2, 2)}, "code.pt")
    with zipfile.ZipFile("text.npz", "w") as archive:
        archive.writestr("x.npy", "no array")
    middle = len(whole) // 2
    cases = {
        "nowhere.npz": "there is no such file",
        "pickled.npz": "could run code",
        "words.npz": "x holds <U3",
        "text.npz": "damaged",
        write("cut.npz", whole[:-30]): "numpy.savez",
        write("bent.npz", whole[:middle] + b"\0\1\2\3" + whole[middle + 4 :]): "damaged",
        write("empty.npz", b""): "numpy.savez",
        write("empty.pt", b""): "empty",
        write("odd.safetensors", b"\x07" * 40): "",
        write("batch.csv", b"1,2"): "ends in .npz",
        "bare.pt": "holds a Tensor",
        "code.pt": "to read it is to run",
        ".": "ends in .npz",
    }
    for name, words in cases.items():
        code, message, _, help_ = refused("Net", name)
        assert code == "E0822" and words in message and "weights from" not in message, name
        assert help_ and "savez" in help_


def test_arrays_of_other_kinds() -> None:
    expected = measured("Net", data={"x": X, "y": Y}).loss
    assert measured("Net", data={"x": X.numpy(), "y": Y.numpy()}).loss == expected
    assert "with random labels" in measured("Net", data={"x": X}).head()
    with pytest.raises(TypeError, match="NumPy"):
        measured("Net", data={"x": [1]})
    with torch.inference_mode():
        assert measured("Net", data={"x": X.clone(), "y": Y.clone()}).loss == expected
    assert refused("Net", {"x": X.to_sparse()})[:2] == (
        "E0822", "cannot read a batch from data: x is sparse",
    )  # fmt: skip
    assert refused("Net", {"x": X.double() * 1e300})[0] == "E0823"
    torch.save({"x": X, "y": [1, 2, 0, 1]}, "list.pt")
    assert "y is a list" in refused("Net", "list.pt")[1]
