"""Themes: text can be read, and what differs in meaning looks different, to readers of any colour
vision and on a printer without colours.

Colour vision is simulated after Machado et al. (2009) and colours are compared in CAM02-UCS, both
as colorspacious has them; contrast is that of WCAG 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import combinations
from typing import Any, get_args

import numpy as np
import pytest

from archlang import compiler
from archlang.figures import draw_scene
from archlang.figures.options import Options, ThemeName
from archlang.figures.scene.model import Route, Scene, Shape, Text
from archlang.figures.scene.paint import STROKES
from archlang.figures.theme import DARK, LIGHT, PRINT, THEMES, Paint, Theme

colours: Any = pytest.importorskip("colorspacious")

VISIONS = ("normal", "protanomaly", "deuteranomaly", "tritanomaly")
MATTER = ("conv", "linear", "pool", "unit", "activation", "skip")
"""The families that a reader has to tell apart at a glance."""
APART = 10.0
"""Distance in CAM02-UCS at which colours are plainly different; 1 is just noticeable."""
GREY_APART = 6.0
"""The same for the lightness (L* of CIE 1976) of printed greys."""


def rgb(colour: str) -> list[float]:
    return [byte / 255 for byte in bytes.fromhex(colour[1:])]


@cache
def seen(colour: str, vision: str) -> tuple[float, ...]:
    """A colour as someone sees it, in CAM02-UCS."""
    space: Any = "sRGB1"
    if vision != "normal":
        space = {"name": "sRGB1+CVD", "cvd_type": vision, "severity": 100}
    shown = np.clip(colours.cspace_convert(rgb(colour), space, "sRGB1"), 0, 1)
    return tuple(colours.cspace_convert(shown, "sRGB1", "CAM02-UCS"))


def distance(a: str, b: str, vision: str) -> float:
    pairs = zip(seen(a, vision), seen(b, vision), strict=True)
    return sum((x - y) ** 2 for x, y in pairs) ** 0.5


def too_close(paints: Mapping[str, Iterable[str]], vision: str) -> list[tuple[str, str]]:
    """Pairs of which no colour differs plainly."""
    return [
        (a, b)
        for (a, first), (b, second) in combinations(paints.items(), 2)
        if max(distance(x, y, vision) for x, y in zip(first, second, strict=True)) < APART
    ]


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb(colour)]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def lightness(colour: str) -> float:
    return float(colours.cspace_convert(rgb(colour), "sRGB1", "CIELab")[0])


def outlines(theme: Theme) -> dict[str, tuple[str, str]]:
    return {f: (theme.families[f].fill, theme.families[f].stroke) for f in MATTER}


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_families_and_skips_differ_to_everyone(theme: Theme, vision: str) -> None:
    assert too_close(outlines(theme), vision) == []
    lines = {"flow": theme.line} | theme.skips
    assert too_close({kind: (colour,) for kind, colour in lines.items()}, vision) == []


def test_red_and_green_would_not_do() -> None:
    """Canary: equally light, they differ to most readers, but not to all."""
    paints = {"red": ("#B85A4A",), "green": ("#6E8A2E",)}
    assert too_close(paints, "normal") == []
    assert too_close(paints, "deuteranomaly") == [("red", "green")]


def test_known_contrasts() -> None:
    """Canary: black on white, and the grey that WCAG's own examples call just enough."""
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)
    assert contrast("#777777", "#FFFFFF") < 4.5


@pytest.mark.parametrize("name", get_args(ThemeName))
def test_everything_stands_out(name: ThemeName) -> None:
    theme = THEMES[name]
    grounds = (theme.paper, theme.stage)
    strokes = [p.stroke for p in theme.families.values()] + [theme.line, theme.accent]
    assert [s for s in strokes for g in grounds if contrast(s, g) < 3] == []
    texts = [theme.ink, theme.faint, *theme.skips.values()]
    assert [t for t in texts for g in grounds if contrast(t, g) < 4.5] == []
    fills = {p.fill for p in theme.families.values()}
    assert [f for f in fills for t in (theme.ink, theme.faint) if contrast(t, f) < 4.5] == []


@pytest.mark.parametrize("name", get_args(ThemeName))
@pytest.mark.parametrize(
    "network", ["ResNet50", "UNet", pytest.param("GoogLeNet", marks=pytest.mark.slow)]
)
def test_text_of_figures_can_be_read(network: str, name: ThemeName) -> None:
    """Each text against what it is written on."""
    scene = draw_scene(compiler.graph(network), Options(theme=name))
    assert unreadable(scene) == []


def test_unreadable_text_is_found() -> None:
    """Canary: a figure in the light theme's ink on the dark theme's paper."""
    scene = draw_scene(compiler.graph("LeNet5"))
    scene.paper = DARK.paper
    assert "LeNet5" in unreadable(scene)


def unreadable(scene: Scene) -> list[str]:
    """Texts whose contrast to their shape, or to the paper, is too low."""
    found: list[str] = []
    for group in scene.groups:
        for mark in group.marks:
            if isinstance(mark, Shape):
                found += [t.text for t in mark.texts if contrast(t.colour, mark.fill) < 4.5]
            elif isinstance(mark, Text) and contrast(mark.colour, scene.paper) < 4.5:
                found.append(mark.text)
    return found


def alike_in_print(one: Paint, other: Paint) -> bool:
    """Whether neither the greys nor the weights of the outlines differ plainly."""
    thin, thick = sorted((one.width, other.width))
    return abs(lightness(one.fill) - lightness(other.fill)) < GREY_APART and thick < 1.5 * thin


def test_print_needs_no_colour() -> None:
    painted = [*PRINT.families.values()]
    used = {c for p in painted for c in (p.fill, p.stroke)} | {*PRINT.skips.values(), PRINT.line}
    assert [c for c in used if len(set(bytes.fromhex(c[1:]))) > 1] == []
    pairs = combinations(MATTER, 2)
    assert [p for p in pairs if alike_in_print(*(PRINT.families[f] for f in p))] == []


def test_light_needs_its_colours() -> None:
    """Canary: printed without them, families look alike."""
    pairs = combinations(MATTER, 2)
    assert [p for p in pairs if alike_in_print(*(LIGHT.families[f] for f in p))]


def test_skips_are_told_apart_without_colour() -> None:
    """By pattern, else by width; a dashed line is one of training."""
    for one, other in combinations(STROKES.values(), 2):
        thin, thick = sorted((one[0], other[0]))
        assert one[1] != other[1] or thick >= 1.45 * thin
    assert "dashed" not in {dash for _, dash in STROKES.values()}


@pytest.mark.parametrize("name", get_args(ThemeName))
def test_a_theme_changes_colours_alone(name: ThemeName) -> None:
    """All themes are the same figure: shapes, lines and texts in the same places."""
    network = compiler.graph("UNet")
    plain = draw_scene(network, Options(theme="light"))
    themed = draw_scene(network, Options(theme=name))
    for one, other in zip(plain.groups, themed.groups, strict=True):
        assert (one.role, one.name, one.bounds, one.tip) == (
            other.role, other.name, other.bounds, other.tip,
        )  # fmt: skip
        for a, b in zip(one.marks, other.marks, strict=True):
            assert isinstance(b, type(a))
            if isinstance(a, Route) and isinstance(b, Route):
                assert (a.points, a.width, a.dash) == (b.points, b.width, b.dash)
    assert [t.text for t in plain.texts] == [t.text for t in themed.texts]
    assert themed.paper == THEMES[name].paper
