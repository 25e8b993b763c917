"""What the pages show is what happens: specs compile, Python runs, commands print what is shown."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from page_blocks import Block, Command, agrees, blocks, commands, printed, run_python
from PIL import Image
from typer.core import TyperGroup

import archlang
from archlang import check_text
from archlang.cli.app import app
from archlang.diagnostics.render import render_text

DOCS = Path(__file__).parents[2] / "docs"
QUICK = ["index", "tutorial", "lecture", "guide", "sizes", "figures", "counting"]
LONG = ["export", "speed", "weights", "depth", "distributed"]
NOT_RUN = {
    "authoring": "its commands wait, or need a repository; tests/cli, tests/comparing, …",
    "editors": "its commands need an editor; tests/server and tests/colouring",
    "transfer": "it trains; tests/test_examples.py",
    "gallery": "its figures are held by tests/figures",
    "comparison": "its figures are held by tests/figures",
    "benchmarks": "it shows what benchmarks/ measured",
}
"""Pages of which only specs and the options of commands are held here, and who holds the rest."""
PAGES = sorted(DOCS.glob("*.md"))
SHELL = {"text", "sh"}

MY_NET = """network MyNet(classes=10):
    input 3x32x32
    y = conv(8, 3x3) -> relu
    conv(8, 3x3) + y -> relu -> gap -> flatten -> fc(classes)
"""


def picture(path: Path) -> None:
    """A photograph to look at."""
    Image.new("RGB", (224, 224), (120, 90, 60)).save(path)


def resnet_weights(path: Path) -> None:
    """What someone saved of a ResNet-50."""
    torch.save(archlang.load("ResNet50").state_dict(), path)


# The files of which a page speaks without showing them: the reader's own.
OWN: dict[str, Callable[[Path], object]] = {
    "my_net.arch": lambda path: path.write_text(MY_NET),
    "cat.jpg": picture,
    "batch.npz": lambda path: np.savez(path, x=np.ones((4, 3, 32, 32), np.float32)),
    "mnist.safetensors": lambda path: archlang.save(archlang.load("LeNet5"), path),
    "net.pth": resnet_weights,
    "somebodys.pth": resnet_weights,
}


def run_command(command: Command, page: str, folder: Path) -> None:
    """Runs a command; its output is what the page shows, if it shows one."""
    output, code = printed(command.words, folder)
    where = f"{page}.md:{command.line}: archlang {' '.join(command.words)}"
    if command.shown.strip():
        assert agrees(command.shown, output), f"{where} prints\n{output}"
    else:
        assert code == 0, f"{where}\n{output}"


def run_block(block: Block, page: str, folder: Path, names: dict[str, object]) -> None:
    """Saves a file, runs Python, or runs the commands of a block."""
    if block.title:
        (folder / block.title).write_text(block.body, encoding="utf-8")
    if block.runs and block.language == "python":
        run_python(block, page, folder, names)
    if block.runs and block.language in SHELL:
        for command in commands(block):
            run_command(command, page, folder)


def run_page(page: str, folder: Path) -> None:
    """Runs a page from its first block to its last."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    for name, make in OWN.items():
        if name in text:
            make(folder / name)
    names: dict[str, object] = {"__name__": "page"}
    for block in blocks(text):
        run_block(block, page, folder, names)


@pytest.mark.parametrize("page", QUICK)
def test_a_page_does_what_it_shows(page: str, tmp_path: Path) -> None:
    run_page(page, tmp_path)
    for figure in tmp_path.glob("*.svg"):
        kept = DOCS / "figures" / "tutorial" / figure.name
        if page in {"index", "tutorial"}:
            assert figure.read_bytes() == kept.read_bytes(), f"{figure.name} was drawn otherwise"


@pytest.mark.slow
@pytest.mark.parametrize("page", LONG)
def test_a_long_page_does_what_it_shows(page: str, tmp_path: Path) -> None:
    run_page(page, tmp_path)


def test_every_page_is_run_or_says_who_does() -> None:
    assert {page.stem for page in PAGES} == {*QUICK, *LONG, *NOT_RUN}


def shown_commands() -> list[tuple[str, list[str]]]:
    """All commands of all pages, with the page and line of each."""
    return [
        (f"{page.name}:{command.line}", command.words)
        for page in [DOCS.parent / "README.md", *PAGES]
        for block in blocks(page.read_text(encoding="utf-8"))
        if block.language in SHELL
        for command in commands(block)
    ]


@pytest.mark.parametrize(("where", "words"), shown_commands())
def test_a_command_has_the_options_it_is_given(where: str, words: list[str]) -> None:
    if words == ["--version"]:
        return
    command = typer.main.get_command(app)
    while isinstance(command, TyperGroup):
        context = command.make_context(where, [], resilient_parsing=True)
        _, command, words = command.resolve_command(context, words)
        assert command is not None
    command.make_context(where, list(words))  # raises what a user would read


def test_every_spec_of_the_site_compiles() -> None:
    for page in PAGES:
        for block in blocks(page.read_text(encoding="utf-8")):
            if block.language == "arch":
                found = check_text(block.body)
                assert not found, f"{page.name}:{block.line}\n{render_text(found)}"


def test_output_that_differs_is_noticed(tmp_path: Path) -> None:
    shutil.copy(DOCS.parent / "specs" / "lenet.arch", tmp_path)
    output, code = printed(["summary", "lenet.arch:LeNet5"], tmp_path)
    assert code == 0
    assert agrees(output, output)
    assert agrees("LeNet5 …\n…\ntotal  …  61,706  …\n…\n", output)
    assert not agrees("LeNet5 …\n…\ntotal  …  61,707  …\n…\n", output)
    assert not agrees("LeNet5 …\n", output)
