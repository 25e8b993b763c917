"""The import hook: specs as modules beside ordinary ones, reloaded after edits."""

from __future__ import annotations

import copy
import importlib
import inspect
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import archlang.importer
from archlang.diagnostics.model import SpecError

ROOT = Path(__file__).parents[1]
SPEC = '''\
let W = project

network Tiny(classes=10, width=4, factor=2*2, W=W, sizes=[1, 2]):
    """A tiny network."""
    input 3x8x8
    conv(width, 3x3) -> relu -> gap -> flatten
    fc(classes)

network Needs(classes):
    input 4
    fc(classes)
'''
NEEDS_NO_TORCH = """
import sys
import archlang.importer
from specs.resnet import ResNet50
import specs.resnet
assert ResNet50.graph(classes=10).outputs[0].tensor.shape == (10,)
print(sorted({"torch", "networkx"} & set(sys.modules)))
model = ResNet50(classes=10, device="meta")
import torch
print(isinstance(model, torch.fx.GraphModule), list(model.parameters())[-1].shape[0])
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on `sys.path`; what is imported from it is forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_from_specs_import_a_network() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NEEDS_NO_TORCH],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "[]"  # neither is imported before a network is built
    assert lines[1] == "True 10"


def test_a_network_is_called_like_a_class(folder: Path) -> None:
    write(folder / "arch_a.arch", SPEC)
    from arch_a import Tiny  # pyright: ignore[reportMissingImports]

    model = Tiny(classes=7, dtype=torch.float64)
    assert isinstance(model, torch.fx.GraphModule)
    assert model(torch.zeros(2, 3, 8, 8, dtype=torch.float64)).shape == (2, 7)
    again = Tiny(classes=7, dtype=torch.float64, weights=model.state_dict())
    x = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    assert torch.equal(again(x), model(x))
    assert all(p.is_meta for p in Tiny(device="meta").parameters())


def test_a_network_looks_like_a_class(folder: Path) -> None:
    path = write(folder / "arch_b.arch", SPEC)
    import arch_b  # pyright: ignore[reportMissingImports]

    tiny = arch_b.Tiny
    assert tiny.__name__ == tiny.__qualname__ == "Tiny"
    assert tiny.__module__ == "arch_b"
    assert tiny.__doc__.startswith("A tiny network.\n")
    assert "line 3" in tiny.__doc__
    assert str(inspect.signature(tiny)) == (
        "(*, classes=10, width=4, factor=2*2, W=W, sizes=[1, 2],"
        " weights=None, key_map=None, weights_of=None, device=None, dtype=None,"
        " optimize=None, train_memory=None, batch=None)"
    )
    assert repr(tiny).startswith("<network arch_b.Tiny(*, classes=10,")
    assert inspect.signature(arch_b.Needs).parameters["classes"].default is inspect.Parameter.empty
    assert pickle.loads(pickle.dumps(tiny)) is tiny
    assert copy.deepcopy(tiny) is tiny
    assert arch_b.__all__ == ["Tiny", "Needs"]
    assert arch_b.__file__ == str(path)
    assert inspect.getsource(arch_b) == SPEC
    assert arch_b.__loader__.get_source("arch_b") == SPEC


def test_the_graph_of_a_network(folder: Path) -> None:
    write(folder / "arch_c.arch", SPEC)
    import arch_c  # pyright: ignore[reportMissingImports]

    assert arch_c.Tiny.graph(classes=3, width=2).params == 2 * 27 + 2 + 3 * 2 + 3


def test_wrong_arguments_are_explained(folder: Path) -> None:
    write(folder / "arch_d.arch", SPEC)
    import arch_d  # pyright: ignore[reportMissingImports]

    with pytest.raises(SpecError, match="did you mean classes"):
        arch_d.Tiny(clases=10)
    with pytest.raises(SpecError, match="classes"):
        arch_d.Needs()
    assert arch_d.Needs(classes=2)(torch.zeros(1, 4)).shape == (1, 2)


def test_star_import_brings_the_networks_alone(folder: Path) -> None:
    write(folder / "arch_e.arch", SPEC)
    names: dict[str, object] = {}
    exec("from arch_e import *", names)
    assert {n for n in names if not n.startswith("__")} == {"Tiny", "Needs"}


def test_folders_are_packages(folder: Path) -> None:
    write(folder / "arch_pkg/deep/net.arch", SPEC)
    write(folder / "arch_real/__init__.py", "VALUE = 1\n")
    write(folder / "arch_real/net.arch", SPEC)
    write(folder / "arch_real/plain.py", "VALUE = 2\n")
    assert importlib.import_module("arch_pkg.deep.net").Tiny.__module__ == "arch_pkg.deep.net"
    assert importlib.import_module("arch_real.net").Tiny
    assert importlib.import_module("arch_real.plain").VALUE == 2


def test_specs_use_each_other(folder: Path) -> None:
    write(folder / "arch_use/parts.arch", "block Part(C):\n    conv(C, 3x3) -> relu\n")
    text = 'use Part from "parts.arch"\n\nnetwork Whole:\n    input 3x8x8\n    Part(5)\n'
    write(folder / "arch_use/whole.arch", text)
    whole = importlib.import_module("arch_use.whole")
    assert whole.Whole()(torch.zeros(1, 3, 8, 8)).shape == (1, 5, 8, 8)
    assert whole.__all__ == ["Whole"]


def test_python_goes_first(folder: Path) -> None:
    write(folder / "arch_f.arch", SPEC)
    write(folder / "arch_f.py", "VALUE = 3\n")
    write(folder / "arch_g.arch", SPEC)
    write(folder / "arch_g/__init__.py", "VALUE = 4\n")
    write(folder / "json.arch", SPEC)
    assert importlib.import_module("arch_f").VALUE == 3
    assert importlib.import_module("arch_g").VALUE == 4
    done = subprocess.run(
        [sys.executable, "-c", "import archlang.importer, json; print(json.dumps([1]))"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[1]\n"


def test_a_folder_alone_does_not_hide_a_spec(folder: Path) -> None:
    write(folder / "arch_h.arch", SPEC)
    write(folder / "arch_h/notes.txt", "figures of it")
    assert importlib.import_module("arch_h").Tiny


def test_reload_after_an_edit_within_the_same_second(folder: Path) -> None:
    path = write(folder / "arch_i.arch", SPEC)
    module = importlib.import_module("arch_i")
    time = path.stat().st_mtime_ns
    old = module.Tiny
    write(path, SPEC.replace("classes=10", "classes=11").replace("Needs", "Other"))
    os.utime(path, ns=(time, time))
    assert old.graph().outputs[0].tensor.shape == (10,)  # until it is reloaded
    assert importlib.reload(module) is module
    assert module.Tiny.graph().outputs[0].tensor.shape == (11,)
    assert module.__all__ == ["Tiny", "Other"]
    assert not hasattr(module, "Needs")
    assert not list(folder.rglob("*.pyc"))


def test_reload_after_an_edit_of_a_used_file(folder: Path) -> None:
    part = write(folder / "arch_j_part.arch", "block Part:\n    conv(5, 3x3)\n")
    text = 'use Part from "arch_j_part.arch"\n\nnetwork Whole:\n    input 3x8x8\n    Part\n'
    write(folder / "arch_j.arch", text)
    module = importlib.import_module("arch_j")
    write(part, "block Part:\n    conv(6, 3x3)\n")
    importlib.reload(module)
    assert module.Whole.graph().outputs[0].tensor.shape == (6, 8, 8)


def test_a_broken_spec_shows_its_diagnostics(folder: Path) -> None:
    path = write(folder / "arch_k.arch", "network Bad:\n    input 3x8x8\n    cnov(8, 3x3)\n")
    with pytest.raises(ImportError) as caught:
        importlib.import_module("arch_k")
    assert isinstance(caught.value, SpecError)
    assert (caught.value.name, caught.value.path) == ("arch_k", str(path))
    shown = str(caught.value)
    assert "error[E0202]" in shown
    assert "arch_k.arch:3:5" in shown
    assert "^^^^" in shown
    assert "did you mean conv?" in shown
    assert "arch_k" not in sys.modules
    write(path, SPEC)
    assert importlib.import_module("arch_k").Tiny


def test_a_broken_edit_leaves_the_module_as_it_was(folder: Path) -> None:
    path = write(folder / "arch_l.arch", SPEC)
    module = importlib.import_module("arch_l")
    write(path, "network Tiny:\n    nonsense(\n")
    with pytest.raises(archlang.importer.SpecImportError):
        importlib.reload(module)
    assert module.Tiny.graph().outputs[0].tensor.shape == (10,)


def test_what_is_no_text_is_shown_too(folder: Path) -> None:
    (folder / "arch_m.arch").write_bytes(b"network N:\n    # \xff\n")
    with pytest.raises(archlang.importer.SpecImportError, match="E0112"):
        importlib.import_module("arch_m")


def test_parameters_named_like_options(folder: Path) -> None:
    text = "network Odd(device=4, self=5):\n    input 4\n    fc(device + self)\n"
    write(folder / "arch_n.arch", text)
    odd = importlib.import_module("arch_n").Odd
    assert str(inspect.signature(odd)) == (
        "(*, self=5, weights=None, key_map=None, weights_of=None, device=None, dtype=None,"
        " optimize=None, train_memory=None, batch=None)"
    )
    assert odd.graph(device=1, self=2).outputs[0].tensor.shape == (3,)
    assert odd(self=1, device="cpu")(torch.zeros(1, 4)).shape == (1, 5)


def test_a_module_that_is_not_there(folder: Path) -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("arch_nowhere")
    write(folder / "arch_o.arch", SPEC)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("arch_o.deeper")


def test_install_and_uninstall(folder: Path) -> None:
    write(folder / "arch_p.arch", SPEC)
    archlang.importer.install()
    finders = [f for f in sys.meta_path if isinstance(f, archlang.importer.SpecFinder)]
    assert len(finders) == 1
    archlang.importer.uninstall()
    try:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("arch_p")
    finally:
        archlang.importer.install()
    assert importlib.import_module("arch_p").Tiny
