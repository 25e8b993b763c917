"""Ablated networks: their specs say what was asked, check, and are what the compiler makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlang import SpecError, network
from archlang.ablation.derived import Ablation, ablate, written
from archlang.ablation.wish import BadWishError, Wish, operator_of
from archlang.analysis.skips import skips
from archlang.compiler import check
from archlang.compiler import graph as compiled
from archlang.figures import draw_svg
from archlang.ops.base import Dims

NET = """\
let Half = scale(0.5)

block Unit(C, f=relu):
    conv(C, 3x3) -> bn -> f
    conv(C, 3x3) -> bn + project(bn)∘x -> f

network Net(C=4, f=relu, name="a", sizes=[1, 2]):
    input 3x8x8
    conv(C, 3x3) -> bn -> relu
    Unit(C, f=f)
    Unit(2 * C, f=f)
    gap -> flatten -> fc(3)
"""


@pytest.fixture
def net(tmp_path: Path) -> str:
    """The address of a network of two units, the second of which widens."""
    (tmp_path / "inner").mkdir()
    path = tmp_path / "inner" / "net.arch"
    path.write_text(NET, encoding="utf-8")
    return f"{path}:Net"


def as_written(found: Ablation) -> None:
    """Write the spec: it has no mistake, and the network is the one that was shown."""
    found.target.write_text(found.text, encoding="utf-8")
    assert not check(found.target)
    graph = compiled(found.target)
    assert graph.name == found.graph.name
    assert [(n.path, n.op, n.shape) for n in graph.nodes] == [
        (n.path, n.op, n.shape) for n in found.graph.nodes
    ]


def test_a_network_of_the_zoo(tmp_path: Path) -> None:
    found = ablate("ResNet20", Wish("short"), target=tmp_path / "bare.arch")
    assert found.text == (
        'arch 1\n\nuse ResNet20 from "zoo/resnet_cifar.arch"\n\n'
        "network ResNet20NoShort from ResNet20:\n"
        '    """ResNet20 without its short skips."""\n'
        "    remove short skips\n"
    )
    assert not skips(found.graph)
    assert found.graph.params == network("Plain20").params
    as_written(found)


def test_what_is_kept_and_given_is_said(tmp_path: Path) -> None:
    wish = Wish("all", ("layer3", "layer2.0"), operator_of("scale(0.5)", "Z"), "Mine")
    found = ablate("ResNet20", wish, {"classes": 7}, tmp_path / "m.arch")
    assert "network Mine from ResNet20(classes=7):" in found.text
    assert "replace all skips except layer3, layer2.0: scale(0.5)∘Z" in found.text
    assert found.graph.outputs[0].tensor.shape == (7,)
    as_written(found)


def test_skips_that_w_does_not_fit_keep_theirs(tmp_path: Path) -> None:
    found = ablate(
        "ResNet20", Wish("short", (), operator_of("identity")), target=tmp_path / "i.arch"
    )
    assert found.kept == ("layer2.0", "layer3.0")
    assert "another W for its short skips, but for layer2.0, layer3.0." in found.text
    assert [s.operator for s in skips(found.graph)].count("pad") == 2
    as_written(found)
    merges = ablate("UNetPadded", Wish("long", ("cat1",), operator_of("crop")))
    assert merges.kept == ()


def test_kept_paths_are_as_short_as_they_can_be(net: str) -> None:
    found = ablate(net, Wish("short", (), operator_of("scale(2.0)")))
    assert found.kept == ("unit2",)
    found = ablate("ResNet20", Wish("short", ("layer1", "layer2"), operator_of("identity")))
    assert found.kept == ("layer3.0",)


def test_a_w_that_fits_none_is_a_mistake() -> None:
    with pytest.raises(SpecError) as error:
        ablate("UNet", Wish("long", (), operator_of("identity")))
    assert [d.code for d in error.value.diagnostics] == ["E0413"]


def test_where_no_activation_takes_the_source_the_skip_stays(tmp_path: Path) -> None:
    text = """\
network Net:
    input 4x8x8
    y = conv(4, 3x3)
    relu
    conv(4, 3x3) + y
    z = conv(4, 3x3)
    conv(4, 3x3) + z
"""
    (tmp_path / "net.arch").write_text(text, encoding="utf-8")
    found = ablate(str(tmp_path / "net.arch"), Wish("short", (), operator_of("", "Y")))
    assert found.kept == ("add2",)
    as_written(found)


def test_a_file_of_ones_own_is_used_from_where_the_spec_lies(net: str, tmp_path: Path) -> None:
    wish = Wish("short")
    beside = ablate(net, wish)
    assert beside.target == tmp_path / "inner" / "netnoshort.arch"
    assert 'use Net from "net.arch"' in beside.text
    above = ablate(net, wish, target=tmp_path / "a.arch")
    assert 'use Net from "inner/net.arch"' in above.text
    as_written(beside)
    as_written(above)
    for target in ("inner/deeper/a.arch", "inner/net.arch", "a.txt"):
        with pytest.raises(BadWishError):
            ablate(net, wish, target=tmp_path / target)


def test_names_of_the_file_come_along(net: str, tmp_path: Path) -> None:
    wish = Wish("short", ("unit2",), operator_of("Half"))
    found = ablate(net, wish, {"f": "tanh", "name": 'b"\n', "sizes": (3, (4, 0.5))})
    assert "use Net, Half from" in found.text
    assert 'from Net(f=tanh, name="b\\"\\n", sizes=[3, [4, 0.5]]):' in found.text
    as_written(found)


def test_constants_are_written_as_the_language_has_them() -> None:
    values = [None, True, 3, -0.5, 1e-7, 'a"\\b', Dims((3, 3)), [1, (2,)]]
    assert [written(v) for v in values] == [
        "none", "true", "3", "-0.5", "1e-07", '"a\\"\\\\b"', "3x3", "[1, [2]]",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "source", "said"),
    [
        ("scale(0.5)", "", "scale(0.5)"),
        (" project ( bn ) ", "Z", "project ( bn )∘Z"),
        ("project∘Y", "", "project∘Y"),
        ("project @ Z", "", "project∘Z"),
        ("(project)∘Z", "", "(project)∘Z"),
        ("Z", "", "Z"),
        ("", "Y", "Y"),
        ("conv(4, 1x1) -> bn", "", "conv(4, 1x1) -> bn"),
    ],
)
def test_w_as_text(text: str, source: str, said: str) -> None:
    assert str(operator_of(text, source)) == said


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("scale(0.5)\n    remove conv1", ""), ("scale(0.5) # half", ""), ("", ""),
        ("pad, crop", ""), ("project∘Z", "Y"), ("Z", "Z"), ("project∘x", ""), ("(project∘Z)", ""),
        ("scale(", ""), ('"""', ""), ("W: 3x3", ""), ("a = b", ""),
        ("pad)\r    freeze *", ""), ("\u2028pad", ""),
    ],
)  # fmt: skip
def test_what_is_no_w(text: str, source: str) -> None:
    with pytest.raises(BadWishError):
        operator_of(text, source)


@pytest.mark.parametrize(
    "wish",
    [
        {"kind": "some"}, {"kind": "all", "keep": ("layer1: pad",)},
        {"kind": "all", "keep": ("layer1\n",)}, {"kind": "all", "keep": ("",)},
        {"kind": "all", "name": "net"}, {"kind": "all", "name": "Net:\n    relu"},
    ],
)  # fmt: skip
def test_what_the_language_cannot_say(wish: dict[str, object]) -> None:
    with pytest.raises(BadWishError):
        Wish(**wish)  # pyright: ignore[reportArgumentType]


def test_what_is_kept_is_in_the_name() -> None:
    assert Wish("short", ("res3",)).called("MyRes") == "MyResNoShortButRes3"
    assert Wish("all", ("layer2.0", "a")).called("N") == "NNoSkipsButLayer20A"
    assert Wish("short", ("*",), operator_of("pad", "Z")).called("N") == "NShortPadZButAny"
    many = tuple(f"layer{n}" for n in range(30))
    assert Wish("all", many).called("N") == "NNoSkipsButLayer0AndMore"
    assert len(Wish("all", ("x" * 500,)).called("N")) < 40


def test_mistakes_at_options_are_shown_there(net: str) -> None:
    for wish, place, help_ in (
        (Wish("short", (), operator_of("foo(2)")), "--with", "resize; of this file: Half, Unit"),
        (Wish("short", (), operator_of("halb")), "--with", "did you mean Half? W may be identity"),
        (Wish("short", ("unit9",)), "--keep", "did you mean unit1?"),
    ):
        with pytest.raises(SpecError) as error:
            ablate(net, wish)
        (found,) = error.value.diagnostics
        span = found.primary.span
        assert span.source.name == place and help_ in (found.help or "")
        assert span.text == ("foo" if "foo" in span.source.text else span.source.text)


def test_the_parts_that_skips_end_in_are_listed() -> None:
    with pytest.raises(SpecError) as error:
        ablate("ResNet34", Wish("short", ("stage9",)))
    (found,) = error.value.diagnostics
    assert found.notes == ("they end in layer1, layer2, layer3, layer4, as layer1.0.add1 does",)


def test_mistakes_are_those_of_the_spec(tmp_path: Path) -> None:
    for wish, code in (
        (Wish("dense"), "E0516"),
        (Wish("short", ("layer9",)), "E0517"),
        (Wish("short", (), operator_of("nothing")), "E0201"),
    ):
        with pytest.raises(SpecError) as error:
            ablate("ResNet20", wish, target=tmp_path / "x.arch")
        assert [d.code for d in error.value.diagnostics] == [code]
    with pytest.raises(SpecError):
        ablate("ResNet2O", Wish("all"))
    with pytest.raises(SpecError):
        ablate("ResNet20", Wish("all"), {"clases": 3})


@pytest.mark.parametrize("wish", [Wish("dense"), Wish("dense", ("denseblock1",)),
                                  Wish("dense", (), operator_of("scale(0.5)"))])  # fmt: skip
def test_dense_blocks_without_their_skips_are_drawn(wish: Wish) -> None:
    text = draw_svg(ablate("DenseNet40k12", wish).graph)
    whole = wish.operator is not None or bool(wish.keep)
    assert ("12 rounds, 78 dense skips" in text) == whole
