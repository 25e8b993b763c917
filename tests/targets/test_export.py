"""Files against the programs that others run them by, and what is refused."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import torch

import archlang
from archlang.diagnostics.model import SpecError
from archlang.files import OutputError
from archlang.passes.model import Goal
from archlang.targets import onnx_file, program
from archlang.targets.aoti import without_roots
from archlang.targets.job import Dynamic
from archlang.targets.layout import plain_layout
from archlang.targets.registry import KINDS, UnknownTargetError

from .conftest import NAMED, SMALL, by_onnxruntime

Spec = Callable[[str], Path]
COARSE = """\
block Unit(C):
    conv(C, 3x3) -> bn + x -> relu

network Coarse:
    input 3x32x32
    conv(8, 3x3, stride=2) -> bn -> relu
    Unit(8)
    Unit(8)
    conv(16, 1x1, stride=2) -> bn -> relu
    conv(16, 3x3, stride=2) -> bn -> relu
    gap -> flatten
    fc(5)
"""
ALONE = """
import sys, torch
x, want = torch.load(sys.argv[2])
{how}
with torch.no_grad():
    assert torch.allclose(run(x), want, rtol=1e-4, atol=1e-5)
assert "archlang" not in sys.modules
"""
PT2 = "run = torch.export.load(sys.argv[1]).module()"
AOTI = "run = torch._inductor.aoti_load_package(sys.argv[1])"


def alone(how: str, path: Path, model: torch.nn.Module, x: torch.Tensor) -> None:
    """Run a file in a process that knows nothing of archlang."""
    data = path.with_name("data.pt")
    with torch.no_grad():
        torch.save((x, model.eval()(x)), data)
    words = [sys.executable, "-I", "-c", ALONE.format(how=how), str(path), str(data)]
    subprocess.run(words, check=True, timeout=300)


def codes(error: pytest.ExceptionInfo[SpecError]) -> list[str]:
    return [diagnostic.code for diagnostic in error.value.diagnostics]


def test_onnx_is_run_by_onnxruntime_with_the_names_of_the_spec(spec: Spec, tmp_path: Path) -> None:
    model = archlang.load(spec(NAMED))
    path = tmp_path / "two.onnx"
    done = archlang.export(model, path)
    assert model.training, "the model stays in the mode it was in"
    assert done.difference is not None
    assert done.difference.relative < 1e-5
    x, y = torch.randn(4, 3, 8, 8), torch.randn(4, 3, 8, 8)
    want = model.eval()(x, y)
    for got, value in zip(by_onnxruntime(path, x, y), want, strict=True):
        assert torch.allclose(got, value, atol=1e-5)
    proto = onnx.load(path)
    assert [i.name for i in proto.graph.input] == ["left", "right"]
    assert [o.name for o in proto.graph.output] == ["sums", "both"]
    assert proto.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    said = {p.key: p.value for p in proto.metadata_props}
    assert said["archlang.network"] == "Two"
    assert len(said["archlang.hash"]) == 64


def test_pt2_is_run_without_archlang(spec: Spec, tmp_path: Path) -> None:
    model = archlang.load(spec(SMALL))
    archlang.export(model, tmp_path / "small.pt2")
    alone(PT2, tmp_path / "small.pt2", model, torch.randn(5, 3, 16, 16))


def test_several_results_of_pt2_come_under_their_names(spec: Spec, tmp_path: Path) -> None:
    archlang.export(archlang.load(spec(NAMED)), tmp_path / "two.pt2")
    module = torch.export.load(tmp_path / "two.pt2").module()
    result = module(torch.randn(1, 3, 8, 8), torch.randn(1, 3, 8, 8))
    assert list(result) == ["sums", "both"]


@pytest.mark.slow
def test_aoti_is_run_without_archlang(spec: Spec, tmp_path: Path) -> None:
    from torch._inductor import config

    before = config.freezing
    model = archlang.load(spec(SMALL))
    archlang.export(model, tmp_path / "small.aoti.pt2")
    assert config.freezing == before
    alone(AOTI, tmp_path / "small.aoti.pt2", model, torch.randn(5, 3, 16, 16))
    data = (tmp_path / "small.aoti.pt2").read_bytes()
    for folder in (str(Path(torch.__file__).parents[1]), str(Path.home()), tempfile.gettempdir()):
        assert folder.encode() + b"/" not in data


def test_names_of_folders_are_blotted_out() -> None:
    data = b"\0/home/me/torch/lib\0/home/meadow\0"
    clean = without_roots(data, [b"/home/me"])
    assert len(clean) == len(data)
    assert b"/home/me/" not in clean
    assert b"/home/meadow" in clean


@pytest.mark.parametrize("suffix", [".pt2", ".onnx", ".py", ".safetensors"])
def test_equal_bytes_without_a_path_of_this_machine(
    spec: Spec, tmp_path: Path, suffix: str
) -> None:
    import zipfile

    model = archlang.load(spec(SMALL))
    paths = [tmp_path / f"{name}/net{suffix}" for name in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        archlang.export(model, path)
    first = paths[0].read_bytes()
    assert first == paths[1].read_bytes()
    if suffix == ".pt2":
        with zipfile.ZipFile(paths[0]) as archive:
            first = b"".join(archive.read(name) for name in archive.namelist())
    for word in (
        str(Path(torch.__file__).parents[1]),
        str(tmp_path),
        str(Path(__file__).parents[2]),
    ):
        assert word.encode() not in first


@pytest.mark.parametrize("suffix", [kind.suffix for kind in KINDS.values() if kind.name != "aoti"])
def test_every_target_from_python(spec: Spec, tmp_path: Path, suffix: str) -> None:
    done = archlang.export(archlang.load(spec(SMALL)), tmp_path / f"net{suffix}")
    assert done.path.stat().st_size == done.bytes > 0
    assert (done.difference is None) == (suffix == ".svg")


def test_open_sizes_at_other_legal_sizes(spec: Spec, tmp_path: Path) -> None:
    model = archlang.load(spec(SMALL)).eval()
    archlang.export(model, tmp_path / "net.onnx", dynamic="sizes")
    for shape in ((1, 3, 16, 16), (2, 3, 40, 24), (1, 3, 17, 31)):
        x = torch.randn(shape)
        (got,) = by_onnxruntime(tmp_path / "net.onnx", x)
        assert torch.allclose(got, model(x), atol=1e-5)


@pytest.mark.parametrize("goal", ["inference", "training"])
def test_open_sizes_of_an_optimised_network(spec: Spec, tmp_path: Path, goal: Goal) -> None:
    """Its maps lie with the channels last, and become one pixel wide."""
    path = spec(COARSE)
    model = archlang.load(path, optimize=goal).eval()
    before = {key: (id(w), w.data_ptr(), w.stride()) for key, w in model.named_parameters()}
    archlang.export(model, tmp_path / "net.pt2", dynamic="sizes")
    module = torch.export.load(tmp_path / "net.pt2").module()
    for shape in ((1, 3, 2, 2), (4, 3, 3, 2), (1, 3, 7, 40), (2, 3, 65, 64)):
        x = torch.randn(shape)
        with torch.no_grad():
            assert torch.allclose(module(x), model(x), atol=1e-5)
    after = {key: (id(w), w.data_ptr(), w.stride()) for key, w in model.named_parameters()}
    assert after == before, "the model itself keeps its weights where and as they lie"
    assert any(not w.is_contiguous() for w in model.parameters())


def test_a_filter_of_two_layers_stays_one_while_it_lies_otherwise(spec: Spec) -> None:
    """And even 1x1 filters, which count as contiguous either way, have the strides of theirs."""
    model = archlang.load(spec(COARSE), optimize="inference")
    twins = [layer for layer in model.modules() if isinstance(layer, torch.nn.Conv2d)][1:3]
    shared = twins[1].weight = twins[0].weight
    small = next(p for p in model.parameters() if p.shape[1:] == (8, 1, 1))
    small.data = torch.empty_strided(small.shape, (8, 1, 8, 8))
    assert small.is_contiguous()
    with plain_layout(model):
        assert twins[0].weight is twins[1].weight is not shared
        for weight in model.parameters():
            assert weight.stride() == torch.empty(weight.shape).stride()
    assert twins[0].weight is twins[1].weight is shared


@pytest.mark.parametrize("dynamic", ["batch", "sizes"])
def test_torch_is_quiet(
    spec: Spec, tmp_path: Path, dynamic: Dynamic, capfd: pytest.CaptureFixture[str]
) -> None:
    """It would warn of filters that lie with the channels last, and log what it cannot solve."""
    text = COARSE.replace("    gap", "    maxpool(3x3, stride=2, ceil=true)\n    gap")
    model = archlang.load(spec(text), optimize="inference")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        archlang.export(model, tmp_path / "net.pt2", dynamic=dynamic)
    assert capfd.readouterr().err == ""


def test_the_sizes_of_some_inputs_alone(spec: Spec, tmp_path: Path) -> None:
    """One input goes through an fc, which fixes it; the other stays open."""
    text = """\
network Part:
    input map: 3x16x16
    input mask: 1x8x8
    a = map -> conv(4, 3x3, stride=2) -> gap -> flatten
    b = mask -> flatten -> fc(4)
    output both = a + b
"""
    model = archlang.load(spec(text)).eval()
    archlang.export(model, tmp_path / "net.pt2", dynamic="sizes")
    module = torch.export.load(tmp_path / "net.pt2").module()
    mask = torch.randn(2, 1, 8, 8)
    for size in ((2, 2), (3, 50), (16, 16)):
        x = torch.randn(2, 3, *size)
        assert torch.allclose(module(x, mask), model(x, mask), atol=1e-5)


def test_a_file_that_refuses_a_legal_size_is_not_kept(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary of open sizes: torch is told a least size that is too large."""
    least = ({2: 12, 3: 12},)
    monkeypatch.setattr(program, "open_axes", lambda _: least)
    with pytest.raises(SpecError, match="does not take") as error:
        archlang.export(archlang.load(spec(SMALL)), tmp_path / "net.pt2", dynamic="sizes")
    assert codes(error) == ["E0915"]


def test_bfloat16_that_is_no_onnx(spec: Spec, tmp_path: Path) -> None:
    model = archlang.load(spec(SMALL), dtype=torch.bfloat16)
    done = archlang.export(model, tmp_path / "net.pt2")
    assert done.difference is not None
    with pytest.raises(SpecError) as error:
        archlang.export(model, tmp_path / "net.onnx", verify=False)
    assert codes(error) == ["E0911"]


def test_a_fixed_batch(spec: Spec, tmp_path: Path) -> None:
    archlang.export(archlang.load(spec(SMALL)), tmp_path / "net.onnx", dynamic="none")
    dims = onnx.load(tmp_path / "net.onnx").graph.input[0].type.tensor_type.shape.dim
    assert [d.dim_value for d in dims] == [1, 3, 16, 16]


@pytest.mark.slow
def test_unet_with_open_sizes(tmp_path: Path) -> None:
    model = archlang.load("UNet").eval()
    archlang.export(model, tmp_path / "u.pt2", dynamic="sizes", verify=False)
    module = torch.export.load(tmp_path / "u.pt2").module()
    for height, width in ((188, 188), (204, 188), (220, 252)):
        x = torch.randn(1, 1, height, width)
        with torch.no_grad():
            assert torch.allclose(module(x), model(x), atol=1e-5)


def test_weights_in_a_file_beside(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_file, "INLINE", 100)
    model = archlang.load(spec(SMALL)).eval()
    archlang.export(model, tmp_path / "net.onnx")
    assert (tmp_path / "net.onnx.data").is_file()
    x = torch.randn(2, 3, 16, 16)
    assert torch.allclose(by_onnxruntime(tmp_path / "net.onnx", x)[0], model(x), atol=1e-5)


# ── what is refused ──────────────────────────────────────────────────────────────────────────────


def test_a_wrong_weight_is_found_and_nothing_is_left(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary: what is written is spoilt on its way."""
    write = onnx_file.Onnx.write

    def spoil(self: onnx_file.Onnx, job: object, path: Path) -> tuple[Path, ...]:
        done = write(self, job, path)  # pyright: ignore[reportArgumentType]
        proto = onnx.load(path)
        tensor = next(t for t in proto.graph.initializer if t.name == "fc1.weight")
        values = bytearray(tensor.raw_data)
        values[2:4] = b"\x80\x3f"  # one number of it is about one now
        tensor.raw_data = bytes(values)
        onnx.save(proto, path)
        return done

    model = archlang.load(spec(SMALL))
    old = tmp_path / "net.onnx"
    old.write_text("old", encoding="utf-8")
    monkeypatch.setattr(onnx_file.Onnx, "write", spoil)
    with pytest.raises(SpecError) as error:
        archlang.export(model, old)
    assert codes(error) == ["E0915"]
    assert old.read_text(encoding="utf-8") == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.arch", "net.onnx"]
    archlang.export(model, old, verify=False)
    assert old.stat().st_size > 1000


def test_a_layer_without_an_operator_is_shown_at_its_line(spec: Spec, tmp_path: Path) -> None:
    path = spec("network T:\n    input 3x16x16\n    conv(4, 3x3)\n    adaptive_maxpool(7x7)\n")
    with pytest.raises(SpecError) as error:
        archlang.export(archlang.load(path), tmp_path / "net.onnx")
    (found,) = error.value.diagnostics
    assert found.code == "E0911"
    assert "adaptive_maxpool1" in found.message
    assert found.primary.span.text == "adaptive_maxpool(7x7)"


def test_the_layer_that_fixes_the_size_is_shown(spec: Spec, tmp_path: Path) -> None:
    path = spec("network T:\n    input 1x8x8\n    conv(4, 3x3) -> relu -> flatten\n    fc(3)\n")
    with pytest.raises(SpecError) as error:
        archlang.export(archlang.load(path), tmp_path / "net.pt2", dynamic="sizes")
    (found,) = error.value.diagnostics
    assert found.code == "E0916"
    assert found.primary.span.text == "fc(3)"
    assert not (tmp_path / "net.pt2").exists()


@pytest.mark.parametrize("opset", [9, 999])
def test_an_opset_that_is_none(
    tmp_path: Path, opset: int, capfd: pytest.CaptureFixture[str]
) -> None:
    limit = "15" if opset == 9 else str(onnx.defs.onnx_opset_version())
    with pytest.raises(SpecError) as error:
        archlang.export(archlang.load("LeNet5"), tmp_path / "net.onnx", opset=opset)
    (found,) = error.value.diagnostics
    assert found.code == "E0912"
    assert found.primary.text.endswith(limit)
    assert "Traceback" not in capfd.readouterr().err


def test_an_older_opset(tmp_path: Path) -> None:
    archlang.export(archlang.load("LeNet5"), tmp_path / "net.onnx", opset=16)
    assert onnx.load(tmp_path / "net.onnx").opset_import[0].version == 16


def test_without_the_packages(spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = archlang.load(spec(SMALL))
    for package, said in (("onnxruntime", "to verify ONNX"), ("onnx", "to write ONNX")):
        monkeypatch.setitem(sys.modules, package, None)  # an import of it fails
        with pytest.raises(SpecError, match=rf"{said}[^$]*archlang\[onnx\]") as error:
            archlang.export(model, tmp_path / "net.onnx")
        assert codes(error) == ["E0913"]


def test_without_a_compiler(spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import config

    monkeypatch.setattr(config.cpp, "cxx", ("no-such-compiler",))
    with pytest.raises(SpecError, match="no-such-compiler") as error:
        archlang.export(archlang.load(spec(SMALL)), tmp_path / "net.aoti.pt2")
    assert codes(error) == ["E0914"]


def test_models_that_are_none_of_ours(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="does not know its spec") as error:
        archlang.export(torch.nn.Linear(2, 2), tmp_path / "net.onnx")
    assert codes(error) == ["E0917"]
    with pytest.raises(SpecError, match="no weights"):
        archlang.export(archlang.load("LeNet5", device="meta"), tmp_path / "net.onnx")


def test_wrong_use(tmp_path: Path) -> None:
    model = archlang.load("LeNet5")
    with pytest.raises(UnknownTargetError, match=r"did you mean \.onnx"):
        archlang.export(model, tmp_path / "net.onx")
    with pytest.raises(ValueError, match="dynamic"):
        archlang.export(model, tmp_path / "net.onnx", dynamic="size")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="opset"):
        archlang.export(model, tmp_path / "net.onnx", opset=0)
    (tmp_path / "net.pt2").mkdir()
    with pytest.raises(OutputError, match="it is a folder"):
        archlang.export(model, tmp_path / "net.pt2")
