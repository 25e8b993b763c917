"""Did you mean …"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlang.diagnostics.suggest import (
    ARGUMENT_ALIASES,
    LAYER_ALIASES,
    REMARKS,
    closest,
    distance,
    remark,
)
from archlang.ops.registry import builtin

LAYERS = (  # noqa: SIM905 - a table reads better than forty quotes
    "conv upconv dwconv sepconv fc maxpool avgpool gap gmp adaptive_avgpool bn ln gn inorm lrn "
    "relu relu6 leaky_relu prelu elu gelu silu hardswish hardsigmoid sigmoid tanh softmax "
    "log_softmax dropout dropout2d drop_path affine flatten reshape permute upsample "
    "pixel_shuffle channel_shuffle pad crop split"
).split()
ARGUMENTS = "out kernel stride pad dilation groups bias p eps init".split()  # noqa: SIM905


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("cnv", "conv"),
        ("rleu", "relu"),
        ("ReLU", "relu"),
        ("softmx", "softmax"),
        ("flaten", "flatten"),
        ("max_pool", "maxpool"),
        ("maxpool2d", "maxpool"),
        ("MaxPool2d", "maxpool"),
        ("avg_pool", "avgpool"),
        ("Conv2d", "conv"),
        ("nn.Conv2d", "conv"),
        ("conv3d", "conv"),
        ("linear", "fc"),
        ("nn.Linear", "fc"),
        ("Dense", "fc"),
        ("lenear", "fc"),
        ("batchnorm", "bn"),
        ("BatchNorm2d", "bn"),
        ("batch_norm", "bn"),
        ("bn2d", "bn"),
        ("LayerNorm", "ln"),
        ("ConvTranspose2d", "upconv"),
        ("conv_transpose", "upconv"),
        ("deconv", "upconv"),
        ("GlobalAvgPool", "gap"),
        ("AdaptiveAvgPool2d", "adaptive_avgpool"),
        ("Dropout2d", "dropout2d"),
        ("swish", "silu"),
        ("concat", "++"),
        ("add", "+"),
        ("x", None),
        ("foo", None),
        ("bm", None),
        ("", None),
        ("_", None),
        ("q" * 100_000, None),
    ],
)
def test_layers(word: str, meant: str | None) -> None:
    assert closest(word, LAYERS, LAYER_ALIASES) == meant


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("padding", "pad"),
        ("kernel_size", "kernel"),
        ("out_channels", "out"),
        ("filters", "out"),
        ("channels", "out"),
        ("strides", "stride"),
        ("strde", "stride"),
        ("Stride", "stride"),
        ("rate", "p"),
        ("use_bias", "bias"),
        ("in_channels", None),
    ],
)
def test_arguments(word: str, meant: str | None) -> None:
    assert closest(word, ARGUMENTS, ARGUMENT_ALIASES) == meant


def test_an_alias_is_taken_only_where_its_meaning_is_known() -> None:
    assert closest("padding", ["out", "bias"], ARGUMENT_ALIASES) is None
    assert closest("rate", ["stride", "groups"], ARGUMENT_ALIASES) is None


def test_the_word_itself_is_no_suggestion() -> None:
    assert closest("conv", ["conv"]) is None
    assert closest("Conv", ["conv", "Conv"]) == "conv"


def test_the_first_of_equally_near_candidates() -> None:
    assert closest("cat1", ["cat2", "cat3"]) == "cat2"
    assert closest("ResNet05", ["ResNet34", "ResNet50"]) == "ResNet50"


def test_remarks_on_words_without_counterpart() -> None:
    assert "known from the line before" in (remark("in_channels") or "")
    assert remark("conv") is None


def test_the_tables_are_written_as_words_are_looked_up() -> None:
    for word in [*LAYER_ALIASES, *ARGUMENT_ALIASES, *REMARKS]:
        assert word == word.lower().replace("_", "")


def test_every_alias_leads_to_something_that_exists() -> None:
    layers = builtin()
    fields = {field for op in layers.values() for field in op.model_fields}
    matching = {"project", "identity"}
    for alias, meant in LAYER_ALIASES.items():
        assert meant in layers or meant in matching or meant in {"+", "++", "*"}, alias
        assert alias not in layers or alias == meant, alias
    assert set(ARGUMENT_ALIASES.values()) <= fields


@pytest.mark.parametrize(
    ("a", "b", "edits"),
    [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("ca", "ac", 1), ("ca", "abc", 3)],
)
def test_distance(a: str, b: str, edits: int) -> None:
    """Textbook values; `ca` and `abc` is what tells this distance from the unrestricted one."""
    assert distance(a, b) == edits


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_distance_is_symmetric_and_zero_only_for_equals(a: str, b: str) -> None:
    assert distance(a, b) == distance(b, a)
    assert (distance(a, b) == 0) == (a == b)
    assert abs(len(a) - len(b)) <= distance(a, b) <= max(len(a), len(b))
