"""Layers by name, and layers of other packages."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest

from archlang.ops import registry
from archlang.ops.base import Op, Shape, Style
from archlang.ops.recipe import Recipe, module


class Softsign(Op):
    """x / (1 + |x|)."""

    name = "softsign"
    style = Style(family="activation", label="softsign")
    example = "softsign"

    def recipe(self, *xs: Shape) -> Recipe:
        return module("nn.Softsign")


class OtherConv(Softsign):
    """A layer that wants the name of a built-in one."""

    name = "conv"


class Point:
    """An entry point, as importlib.metadata gives it."""

    def load(self) -> ModuleType:
        plugin = ModuleType("plugin")
        vars(plugin).update(Softsign=Softsign, OtherConv=OtherConv)
        return plugin


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Which entry points were asked for, with one package installed that adds layers."""
    groups: list[str] = []

    def entry_points(group: str) -> list[Point]:
        groups.append(group)
        return [Point()]

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    registry.layers.cache_clear()
    yield groups
    registry.layers.cache_clear()


def test_a_package_adds_a_layer(asked: list[str]) -> None:
    assert registry.find("softsign") is Softsign
    assert asked == ["archlang.layers"]
    assert "softsign" in registry.layers()


def test_a_package_never_replaces_a_layer(asked: list[str]) -> None:
    assert registry.layers()["conv"] is registry.builtin()["conv"]
    assert registry.find("conv") is not OtherConv


def test_built_in_layers_ask_no_package(asked: list[str]) -> None:
    assert all(registry.find(name) is kind for name, kind in registry.builtin().items())
    assert asked == []


def test_unknown_name_is_nothing(asked: list[str]) -> None:
    assert registry.find("convolve") is None


def test_names_of_the_language_are_there() -> None:
    promised = (
        "conv upconv dwconv sepconv fc maxpool avgpool gap gmp adaptive_avgpool bn ln gn inorm lrn "
        "relu relu6 leaky_relu prelu elu gelu silu hardswish hardsigmoid sigmoid tanh softmax "
        "log_softmax dropout dropout2d drop_path affine flatten reshape permute upsample "
        "pixel_shuffle channel_shuffle pad crop split select identity"
    )
    assert set(promised.split()) <= set(registry.builtin())
