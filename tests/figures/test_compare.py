"""Two networks beside each other: exactly what differs is accented, and it can be read."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from archlang import compiler
from archlang.cli.app import app
from archlang.figures import draw
from archlang.figures.comparison import draw_pair
from archlang.figures.errors import DrawingError
from archlang.figures.figure import Figure
from archlang.figures.options import FITS, Options
from archlang.figures.scene.joint import joint_steps
from archlang.figures.scene.model import Group, Route, Shape, frames
from archlang.figures.theme import THEMES
from archlang.figures.view.model import Box, Panel
from archlang.figures.view.twins import Twins, twins
from archlang.figures.writers import FORMATS
from archlang.graph import Graph
from tests.figures import checks

PAIRS = [
    ("ResNet34", "Plain34"),
    ("ResNet50", "ResNet50v1"),
    ("ResNet50", "Pets"),
    ("VGG16", "VGG16BN"),
    ("ResNet18", "PreActResNet18"),
    ("DenseNet121", "DenseNet169"),
    ("UNet", "UNetPadded"),
]
NAMES = ["-".join(pair) for pair in PAIRS]
PETS = """
network Pets from ResNet50:
    replace fc1: fc(37)
"""


@cache
def graph(name: str) -> Graph:
    return surgery("ResNet50", "resnet", PETS) if name == "Pets" else compiler.graph(name)


def surgery(base: str, file: str, text: str) -> Graph:
    """A network derived from one of the zoo."""
    from archlang.zoo import zoo

    source = zoo()[base].read_text(encoding="utf-8")
    name = text.split("network ")[1].split()[0]
    return compiler.graph(source + text, name)


@cache
def figure(left: str, right: str) -> Figure:
    return draw(graph(left), against=graph(right))


@cache
def first(left: str, right: str) -> Twins:
    return next(twins((graph(left), graph(right)), Options()))


def accents(twins_: Twins, side: int, graph_: Graph) -> list[str]:
    """What is accented in the drawing of a network itself, by the paths of the spec."""
    return [*_accents(twins_.views[side].main, graph_)]


def _accents(panel: Panel, graph_: Graph) -> Iterator[str]:
    for box in panel.boxes:
        if box.emphasis:
            yield _path(box, graph_)
        yield from (f"{_path(box, graph_)} loop {o.matching}".strip() for o in box.loops if o.emphasis)
    for line in panel.lines:
        if line.emphasis:
            ends = (_path(panel.boxes[end], graph_) for end in (line.tail, line.head))
            yield f"{line.kind} {' '.join(ends)}"
