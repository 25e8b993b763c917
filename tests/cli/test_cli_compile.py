"""`archlang compile`: what it writes and prints, where to, and that nothing is half-written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from archlang.cli.files import module_name
from archlang.files import OutputError, write_all

FORWARD = """
import sys
sys.path.insert(0, sys.argv[1])
import torch, small
model = small.Small().eval()
print(tuple(model(torch.zeros(2, 3, 32, 32)).shape), sum(p.numel() for p in model.parameters()))
print("archlang" in sys.modules)
"""


def files_below(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_writes_a_module_and_a_figure_and_one_table(cli, small: Path, tmp_path: Path) -> None:
    result = cli("compile", small)
    assert result.exit_code == 0
    assert files_below(tmp_path) == ["build/small.py", "build/small.svg", "small.arch"]
    assert result.stdout.splitlines() == [
        "Small  small.arch",
        "input → output  3x32x32 → 10",
        "parameters      1,514 trainable",
        "MACs            1,400,912",
        "depth           4 weighted layers",
        "skips           2 short: s = 1; W = identity",
        "written         build/small.py",
        "                build/small.svg",
    ]
    assert ElementTree.parse("build/small.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_the_module_runs_without_archlang(cli, small: Path, tmp_path: Path) -> None:
    assert cli("compile", small).exit_code == 0
    done = subprocess.run(
        [sys.executable, "-I", "-c", FORWARD, str(tmp_path / "build")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["(2, 10) 1514", "False"]


def test_set(cli, small: Path) -> None:
    result = cli("compile", small, "--set", "classes=3", "--set", 'mode="a b"')
    assert result.exit_code == 0
    assert result.stdout.startswith('Small(classes=3, mode="a b")  small.arch\n')
    assert "3x32x32 → 3\n" in result.stdout


def test_out_is_a_folder(cli, small: Path, tmp_path: Path) -> None:
    assert cli("compile", small, "-o", "new/deep").exit_code == 0
    assert files_below(tmp_path / "new") == ["deep/small.py", "deep/small.svg"]


def test_out_is_a_python_file_with_the_figure_beside_it(cli, small: Path, tmp_path: Path) -> None:
    assert cli("compile", small, "-o", "models/net.v2.py").exit_code == 0
    assert files_below(tmp_path / "models") == ["net.v2.py", "net.v2.svg"]


@pytest.mark.parametrize(
    ("network", "module"),
    [
        ("ResNet50", "resnet50"),
        ("GoogLeNet", "googlenet"),
        ("Lambda", "lambda_net"),
        ("Torch", "torch_net"),
        ("Queue", "queue_net"),
    ],
)
def test_names_of_modules(network: str, module: str) -> None:
    assert module_name(network) == module


def test_a_network_must_be_named_where_there_are_several(cli, small: Path) -> None:
    text = small.read_text(encoding="utf-8") + "\nnetwork Other = Small(classes=2)\n"
    small.write_text(text, encoding="utf-8")
    result = cli("compile", small)
    assert result.exit_code == 1
    assert "Small, Other" in result.stderr
    assert cli("compile", "small.arch:Other").exit_code == 0


def test_a_name_of_the_zoo(cli, small: Path) -> None:
    assert cli("compile", "LeNet5").exit_code == 0
    assert Path("build/lenet5.py").is_file()


def test_a_broken_spec_writes_nothing(cli, wrong: Path, tmp_path: Path) -> None:
    result = cli("compile", wrong)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "error[E0202]" in result.stderr
    assert files_below(tmp_path) == ["wrong.arch"]


def test_a_figure_that_cannot_be_drawn_stops_everything(
    cli, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import archlang.figures

    def draw(graph: object) -> str:
        raise archlang.figures.DrawingError("no Graphviz")

    monkeypatch.setattr(archlang.figures, "draw_svg", draw)
    result = cli("compile", small)
    assert result.exit_code == 1
    assert result.stderr == "error: cannot draw Small: no Graphviz\n"
    assert files_below(tmp_path) == ["small.arch"]


@pytest.mark.parametrize("out", ["small.arch", "small.arch/x.py", "small.arch/deep"])
def test_an_output_that_cannot_be(cli, small: Path, tmp_path: Path, out: str) -> None:
    before = small.read_bytes()
    result = cli("compile", small, "-o", out)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: cannot write")
    assert files_below(tmp_path) == ["small.arch"]
    assert small.read_bytes() == before


def test_a_folder_in_the_place_of_the_figure(cli, small: Path, tmp_path: Path) -> None:
    (tmp_path / "build/small.svg").mkdir(parents=True)
    result = cli("compile", small)
    assert result.exit_code == 1
    assert "small.svg: it is a folder" in result.stderr
    assert files_below(tmp_path) == ["small.arch"]


def test_a_full_disk_leaves_the_old_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = tmp_path / "a.py", tmp_path / "b.svg"
    old.write_text("old", encoding="utf-8")
    opened = Path.open

    def fail(self: Path, *args: object, **kwargs: object) -> object:
        if self.name.startswith(".b.svg"):
            raise OSError(28, "No space left on device")
        return opened(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(OutputError, match=r"b\.svg: no space left"):
        write_all({old: "new", new: "new"})
    monkeypatch.undo()
    assert old.read_text(encoding="utf-8") == "old"
    assert files_below(tmp_path) == ["a.py"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_permissions_and_links_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.py", tmp_path / "link.py"
    real.write_text("old", encoding="utf-8")
    real.chmod(0o640)
    link.symlink_to(real)
    write_all({link: "new", tmp_path / "fresh.py": "new"})
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == "new"
    assert real.stat().st_mode & 0o777 == 0o640
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "fresh.py").stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(cli, small: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    result = cli("compile", small, "-o", locked)
    assert result.exit_code == 1
    assert "permission denied" in result.stderr
    assert files_below(tmp_path) == ["small.arch"]
