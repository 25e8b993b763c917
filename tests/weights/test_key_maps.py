"""Key maps: written, read again, used; and each bad one refused at its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import typer
from torch import Tensor

import archlang
from archlang.cli.weights import match_weights
from archlang.files import OutputError
from archlang.weights.checkpoint import Checkpoint
from archlang.weights.keys import mapfile
from archlang.weights.keys.mapfile import KeyMap
from archlang.weights.keys.match import Theirs, propose

SPEC = """\
network Small(classes=5):
    input 3x8x8
    conv(4, 3x3, bias=false) -> bn -> relu
    conv(4, 3x3) -> relu -> conv(4, 3x3) -> relu
    flatten -> fc(classes)
"""
HEAD = '{"archlang key map": 1, "network": "Small", '


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("small.arch").write_text(SPEC, encoding="utf-8")
    return tmp_path


@pytest.fixture
def state(folder: Path) -> dict[str, Tensor]:
    """The network's weights in the names and shapes of somebody else."""
    torch.manual_seed(0)
    model = archlang.load("small.arch")
    model(torch.randn(4, 3, 8, 8))
    words = {"conv1": "stem", "bn1": "norm", "conv2": "p.1", "conv3": "p.2", "fc1": "head"}
    state = {}
    for name, tensor in model.state_dict().items():
        layer, _, leaf = name.partition(".")
        state[f"{words[layer]}.{leaf}"] = tensor
    state["head.weight"] = state["head.weight"].reshape(5, 4, 8, 8)
    return state


def shapes(state: dict[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def proposed(state: dict[str, Tensor]) -> KeyMap:
    own = archlang.load("small.arch", device="meta").state_dict()
    return KeyMap.of("Small", propose(shapes(own), shapes(state)))


def refused(act: Callable[[], object], code: str) -> tuple[str, str]:
    """The one diagnostic as it is shown, and what its carets are under."""
    with pytest.raises(archlang.SpecError) as caught:
        act()
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == code
    return str(caught.value), diagnostic.primary.span.text


def written(text: str | bytes) -> Path:
    path = Path("map.json")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# The way through


def test_a_map_is_json_with_one_tensor_a_line(state: dict[str, Tensor]) -> None:
    text = proposed(state).text()
    assert json.loads(text) == {
        "archlang key map": 1,
        "network": "Small",
        "tensors": {
            "conv1.weight": "stem.weight",
            **{
                f"bn1.{leaf}": f"norm.{leaf}"
                for leaf in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
            },
            "conv2.weight": "p.1.weight",
            "conv2.bias": "p.1.bias",
            "conv3.weight": "p.2.weight",
            "conv3.bias": "p.2.bias",
            "fc1.weight": {"from": "head.weight", "reshape": [5, 256]},
            "fc1.bias": "head.bias",
        },
        "ambiguous": {},
        "missing": [],
        "unused": [],
    }
    assert '\n    "conv1.weight": "stem.weight",\n' in text and text.endswith("\n}\n")


def test_a_map_reads_as_it_was_written(state: dict[str, Tensor]) -> None:
    for gone in ((), ("p.1.weight", "p.1.bias"), ("head.bias",)):
        keys = proposed({name: t for name, t in state.items() if name not in gone})
        assert KeyMap.read(written(keys.text())) == keys
        assert KeyMap.read(written(b"\xef\xbb\xbf" + keys.text().encode())) == keys, "a BOM"


def test_names_of_all_kinds_survive() -> None:
    names = ('quote"', "back\\slash", "Gewicht ß 重み", "\x1b[31m", "\ud800", "")
    keys = KeyMap("N", {f"ours {name}": Theirs(name) for name in names}, unused=("new\nline",))
    assert KeyMap.read(written_in_tmp(keys.text())) == keys


def written_in_tmp(text: str) -> Path:
    from tempfile import mkdtemp

    path = Path(mkdtemp()) / "map.json"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_renamed_checkpoint_is_the_network(state: dict[str, Tensor]) -> None:
    torch.manual_seed(0)
    original = archlang.load("small.arch")
    x = torch.randn(4, 3, 8, 8)
    original(x)
    renamed = proposed(state).rename(Checkpoint(state, "x.pth", builder="resnet18"))
    assert renamed.origin == "x.pth" and not renamed.builder
    ours = archlang.load("small.arch", weights=dict(renamed.tensors))
    assert torch.equal(ours.eval()(x), original.eval()(x))


def test_a_plain_dict_will_do(state: dict[str, Tensor]) -> None:
    plain = {f"mine.{name}": name for name in state}
    renamed = KeyMap.read(plain).rename(Checkpoint(state, "x.pth"))
    assert dict(renamed.tensors) == {f"mine.{name}": tensor for name, tensor in state.items()}
    content = json.loads(proposed(state).text())
    assert KeyMap.read(content) == proposed(state), "and so will the content of a file"


def test_unused_is_dropped_and_missing_stays_missing(state: dict[str, Tensor]) -> None:
    del state["head.bias"]
    state["ema.decay"] = torch.zeros(())
    keys = proposed(state)
    assert keys.missing == ("fc1.weight", "fc1.bias")
    assert keys.unused == ("head.weight", "ema.decay")
    renamed = keys.rename(Checkpoint(state, "x.pth"))
    assert "fc1.bias" not in renamed.tensors and len(renamed.tensors) == 10


def test_a_decided_map_works(state: dict[str, Tensor]) -> None:
    del state["p.1.weight"], state["p.1.bias"]
    content = json.loads(proposed(state).text())
    assert set(content["ambiguous"]) == {
        f"conv{i}.{leaf}" for i in (2, 3) for leaf in ("weight", "bias")
    }
    for leaf in ("weight", "bias"):
        content["tensors"][f"conv3.{leaf}"] = content["ambiguous"].pop(f"conv3.{leaf}")[0]
        content["ambiguous"].pop(f"conv2.{leaf}")
    renamed = KeyMap.read(written(json.dumps(content))).rename(Checkpoint(state, "x.pth"))
    assert renamed.tensors["conv3.weight"] is state["p.2.weight"]


def test_many_candidates_are_counted() -> None:
    own = {f"a{i}.weight": (4, 4) for i in range(31)}
    keys = KeyMap.of("N", propose(own, dict(list(own.items())[:-1])))
    first = json.loads(keys.text())["ambiguous"]["a0.weight"]
    assert first[0] == "a0.weight" and len(first) == 21
    assert first[-1] == "… and 10 more of this shape"


# Bad maps


@pytest.mark.parametrize(
    ("text", "shown", "at"),
    [
        (HEAD + '"tensors": {"a": "b",}}', "it is no valid JSON", "map.json:1:6"),
        ("", "it is no valid JSON", "map.json"),
        ("[" * 100_000, "not the JSON of a key map", "map.json"),
        ("{}", 'does not begin with {"archlang key map": 1', "map.json"),
        ("[1]", "does not begin with", "map.json"),
        ('{"archlang key map": 2}', "it is of version 2, and this is version 1", ":1:2"),
        ('{"archlang key map": true}', "it is of version true", ":1:2"),
        (HEAD + '"tensor": {}}', "no part 'tensor'", ":1:45"),
        (HEAD + '"tensor": {}}', "did you mean 'tensors'?", ":1:45"),
        (HEAD + '"tensors": []}', '"tensors" is no object', ":1:45"),
        (HEAD + '"missing": "a"}', '"missing" is no list of names', ":1:45"),
        (HEAD + '"unused": [1]}', '"unused" is no list of names', ":1:45"),
        ('{"archlang key map": 1, "network": 3}', "the network's name is no text", ":1:25"),
        (HEAD + '"tensors": {\n"a": "b", "a": "c"}}', "'a' stands there twice", ":2:11"),
        (HEAD + '"tensors": {\n"a": "b",\n"c": "b"}}', "'a' and 'c' are both 'b'", ":3:1"),
        (HEAD + '"tensors": {\n"a": 3}}', "what stands for 'a' is no tensor", ":2:1"),
        (HEAD + '"tensors": {"a": {"from": "b"}}}', "for 'a' is no tensor", ":1:57"),
        (HEAD + '"tensors": {"a": {"from": 1, "reshape": [2]}}}', "is no name", ":1:57"),
        *(
            (
                HEAD + f'"tensors": {{"a": {{"from": "b", "reshape": {shape}}}}}}}',
                "the shape for 'a' is no list of sizes",
                ":1:57",
            )
            for shape in ("[]", "[-1]", "[2.0]", "[true]", "3", "[1,1,1,1,1,1,1,1,1]")
        ),
        (HEAD + '"ambiguous": {"a": "b"}}', "'a' is ambiguous, but has no list", ":1:59"),
        (b'{\n"\xff": 1}', "line 2 is not UTF-8", "map.json"),
        (b" " * (mapfile.MAX_BYTES + 1), "it is larger than 16 MiB", "map.json"),
    ],
)
def test_a_bad_map_is_refused_at_its_place(
    folder: Path, text: str | bytes, shown: str, at: str
) -> None:
    page, _ = refused(lambda: KeyMap.read(written(text)), "E0712")
    assert shown in page
    assert at in page


def test_what_stands_twice_is_shown_twice(folder: Path) -> None:
    text = HEAD + '"tensors": {\n  "a.weight": "b",\n  "c": "d",\n  "a.weight": "e"\n}}\n'
    page, marked = refused(lambda: KeyMap.read(written(text)), "E0712")
    assert marked == '"a.weight"'
    assert "first" in page and "again" in page and "take one of them out" in page


@pytest.mark.parametrize("name", ["none.json", ".", "a\0b"])
def test_a_file_that_cannot_be_read(folder: Path, name: str) -> None:
    refused(lambda: KeyMap.read(name), "E0712")


def test_a_dict_is_checked_too(folder: Path) -> None:
    page, _ = refused(lambda: KeyMap.read({"a": "x", "b": "x"}), "E0712")
    assert "'a' and 'b' are both 'x'" in page and "key map" in page
    refused(lambda: KeyMap.read({"a": 3}), "E0712")  # type: ignore[dict-item]  # the mistake


def test_what_is_ambiguous_has_to_be_decided(state: dict[str, Tensor]) -> None:
    del state["p.1.weight"], state["p.1.bias"]
    keys = KeyMap.read(written(proposed(state).text()))
    page, marked = refused(lambda: keys.rename(Checkpoint(state, "x.pth")), "E0716")
    assert "4 tensors are still ambiguous" in page and marked == '"conv2.weight"'
    assert 'move each to "tensors"' in page


def test_a_map_of_another_checkpoint(state: dict[str, Tensor]) -> None:
    keys = KeyMap.read(written(proposed(state).text().replace("stem.w", "stam.w")))
    page, marked = refused(lambda: keys.rename(Checkpoint(state, "x.pth")), "E0717")
    assert "names 'stam.weight', which is not in x.pth" in page
    assert marked == '"stam.weight"' and "did you mean 'stem.weight'?" in page


def test_nothing_of_the_checkpoint_is_left_out_silently(state: dict[str, Tensor]) -> None:
    keys = KeyMap.read(written(proposed(state).text()))
    state["more"] = torch.zeros(3)
    page, _ = refused(lambda: keys.rename(Checkpoint(state, "x.pth")), "E0717")
    assert "says nothing of 'more', which is in x.pth" in page and '"unused"' in page


def test_a_shape_that_does_not_fit(state: dict[str, Tensor]) -> None:
    text = proposed(state).text().replace("[5, 256]", "[5, 255]")
    keys = KeyMap.read(written(text))
    page, marked = refused(lambda: keys.rename(Checkpoint(state, "x.pth")), "E0712")
    assert "'head.weight' is 5x4x8x8 and cannot be read as 5x255" in page
    assert "1,280 numbers, not 1,275" in page and marked == '"fc1.weight"'


# The command


def test_match_writes_a_map_that_loads(
    state: dict[str, Tensor], capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(state, "x.pth")
    match_weights("small.arch", [], "x.pth", Path("map.json"), force=False)
    out, err = capsys.readouterr()
    assert "Small from x.pth: 12 of 12 tensors matched" in out and not err
    assert "written map.json" in out
    assert 'archlang.load("small.arch", weights="x.pth", key_map="map.json")' in out
    assert "reshaped, of these" in out
    assert KeyMap.read("map.json") == proposed(state)


def test_match_says_what_is_left_to_do(
    state: dict[str, Tensor], capsys: pytest.CaptureFixture[str]
) -> None:
    del state["p.1.weight"], state["p.1.bias"], state["head.bias"]
    state["ema"] = torch.zeros(3)
    torch.save(state, "x.pth")
    with pytest.raises(typer.Exit) as exit_:
        match_weights("small.arch", ["classes=7"], "x.pth", None, force=False)
    assert exit_.value.exit_code == 1
    out, err = capsys.readouterr()
    assert set(json.loads(out)["ambiguous"]) >= {"conv2.weight"}, "stdout is the map alone"
    assert "ambiguous:\n  conv2.weight: p.2.weight\n" in err
    assert "missing:\n  fc1.weight  7x256\n" in err
    assert "unused:\n  head.weight  5x4x8x8\n  ema  3\n" in err
    assert "not complete: decide on the 4" in err and "classes=7)" in err


def test_match_overwrites_nothing(state: dict[str, Tensor]) -> None:
    torch.save(state, "x.pth")
    written("mine")
    with pytest.raises(OutputError, match="is there already; --force overwrites it"):
        match_weights("small.arch", [], "x.pth", Path("map.json"), force=False)
    assert Path("map.json").read_text(encoding="utf-8") == "mine"
    match_weights("small.arch", [], "x.pth", Path("map.json"), force=True)
    assert KeyMap.read("map.json").network == "Small"
