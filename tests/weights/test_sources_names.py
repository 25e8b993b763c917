"""Torchvision's names and members, against torchvision's own enumerations."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import pytest
import torch
from torchvision_shim import torchvision

from archlang.weights.sources import names, read_weights
from archlang.weights.sources.addresses import parse_address
from weights.source_errors import hold_equal, refused

models = torchvision.models
WANTED = {"a": torch.ones(2)}


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The addresses that are asked for, where each has the same small file."""
    torch.save(WANTED, tmp_path / "net.pth")
    asked: list[str] = []

    def download(address: object, progress: bool | None) -> Path:
        asked.append(address.url)  # type: ignore[attr-defined]  (an Address)
        return tmp_path / "net.pth"

    monkeypatch.setattr("archlang.weights.sources.download", download)
    yield asked


def test_every_enumeration_belongs_to_the_builder_of_its_name() -> None:
    for builder in models.list_models():
        assert names.builder_of(models.get_model_weights(builder).__name__) == builder


def test_the_addresses_of_all_classifiers_have_their_hash() -> None:
    for builder in models.list_models(module=models):
        for member in models.get_model_weights(builder):
            address = parse_address(member.url)
            assert re.fullmatch("[0-9a-f]{8,10}", address.sha256)
            assert address.kept_as == member.url.rpartition("/")[2], "shared with torch.hub"


@pytest.mark.parametrize(
    ("text", "builders", "member"),
    [
        ("DEFAULT", ["resnet50"], models.ResNet50_Weights.IMAGENET1K_V2),
        ("IMAGENET1K_V1", ["resnet50", "resnet101"], models.ResNet50_Weights.IMAGENET1K_V1),
        ("IMAGENET1K_FEATURES", ["vgg11", "vgg16"], models.VGG16_Weights.IMAGENET1K_FEATURES),
        ("DEFAULT", ["no_such_builder", "vgg16"], models.VGG16_Weights.DEFAULT),
        ("ResNet18_Weights.DEFAULT", ["resnet50"], models.ResNet18_Weights.IMAGENET1K_V1),
        ("ResNet50_Weights.IMAGENET1K_V2", [], models.ResNet50_Weights.IMAGENET1K_V2),
    ],
)
def test_names(fetched: list[str], text: str, builders: list[str], member: Enum) -> None:
    checkpoint = read_weights(text, builders)
    hold_equal(checkpoint.tensors, WANTED)
    assert fetched == [member.value.url]
    assert checkpoint.origin == f"torchvision {member!r}"
    assert models.get_model_weights(checkpoint.builder) is type(member)


def test_members(fetched: list[str]) -> None:
    checkpoint = read_weights(models.ResNet152_Weights.IMAGENET1K_V2)
    assert fetched == [models.ResNet152_Weights.IMAGENET1K_V2.url]
    assert checkpoint.origin == "torchvision ResNet152_Weights.IMAGENET1K_V2"
    assert checkpoint.builder == "resnet152"


def test_misspelt_names() -> None:
    own = ["resnet50"]
    refused(
        "IMAGENET_V2", "E0710", "did you mean IMAGENET1K_V2?", "it has IMAGENET1K_V1", builders=own
    )
    refused("default", "E0710", "did you mean DEFAULT?", builders=own)
    refused("whatever", "E0710", "neither a file nor one of", "DEFAULT", builders=own)
    refused("ResNet50_Weights.IMAGENET1K_V3", "E0710", "did you mean IMAGENET1K_V1?")
    refused("ResNet5_Weights.DEFAULT", "E0710", "no ResNet5_Weights", "ResNet50_Weights.DEFAULT")
    refused("resnet50.DEFAULT", "E0710", "did you mean ResNet50_Weights.DEFAULT?")
    refused("Nonsense_Weights.DEFAULT", "E0710", "torchvision has no Nonsense_Weights")
    refused(models.ResNet50_Weights, "E0710", "name one: ResNet50_Weights.DEFAULT")


def test_a_network_without_a_counterpart() -> None:
    refused("DEFAULT", "E0710", "no counterpart of this network", "pass a file")
    refused("DEFAULT", "E0710", "no counterpart of this network", builders=["no_such_builder"])
    refused("", "E0710")


def test_names_of_files_are_files() -> None:
    refused("resnet50.h5", "E0707", "no such file")
    refused("runs/best", "E0707", "no such file")
    refused("IMAGENET1K_V1.pth", "E0707", "no such file", builders=["resnet50"])


def test_a_file_comes_before_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(WANTED, tmp_path / "DEFAULT")
    assert read_weights("DEFAULT", ["resnet50"]).origin == "DEFAULT"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("operator torchvision::nms does not exist\nand more"), "torchvision::nms"),
        (ImportError("libcudart.so: cannot open"), "libcudart.so"),
        (ModuleNotFoundError("No module named 'PIL'", name="PIL"), "No module named 'PIL'"),
        (ModuleNotFoundError("…", name="torchvision"), "pip install torchvision"),
    ],
)
def test_a_torchvision_that_is_broken_or_missing(
    monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def broken(name: str) -> None:
        raise error

    monkeypatch.setattr(names, "import_module", broken)
    found = refused("DEFAULT", "E0710", words, "pass a file", builders=["resnet50"])
    assert "and more" not in found.message


@pytest.mark.slow
def test_files_are_read_where_torchvision_is_broken(tmp_path: Path) -> None:
    torch.save(WANTED, tmp_path / "net.pth")
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text("raise RuntimeError('no nms')")
    path = [str(tmp_path), str(Path(names.__file__).parents[3])]
    script = f"""
import sys
sys.path[:0] = {path!r}
from archlang.diagnostics.model import SpecError
from archlang.weights.sources import read_weights
print(list(read_weights({str(tmp_path / "net.pth")!r}).tensors))
try:
    read_weights("DEFAULT", ["resnet50"])
except SpecError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("['a']")
    assert "which cannot be imported: no nms" in done.stdout
