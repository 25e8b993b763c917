"""A compiled network that is called with something else than it takes, and those left in peace."""

from __future__ import annotations

import copy
import io
import pickle
import warnings
from collections.abc import Iterator

import pytest
import torch
from torch import fx, nn

import archlang
from archlang.backends.calls import CallError, OffCentreWarning

SPEC = """
network Small(H=32):
    input [3, H, H]
    a = conv(4, 3x3)
    b = maxpool(2x2) -> upconv(4)
    a ++ b

network Cropped:
    input 1x14x14
    a = conv(4, 3x3, pad=0)
    b = maxpool(2x2) -> upconv(4) -> conv(4, 3x3, pad=0)
    crop∘a ++ b
"""


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("sizes") / "small.arch"
    file.write_text(SPEC, encoding="utf-8")
    return str(file)


@pytest.fixture
def small(spec: str) -> fx.GraphModule:
    return archlang.load(f"{spec}:Small").eval()


@pytest.fixture
def cropped(spec: str) -> fx.GraphModule:
    return archlang.load(f"{spec}:Cropped").eval()


@pytest.fixture(autouse=True)
def strict() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", OffCentreWarning)
        yield


def test_a_wrong_size_names_the_nearest(small: fx.GraphModule) -> None:
    with pytest.raises(CallError) as caught:
        small(torch.zeros(1, 3, 31, 32))
    text = str(caught.value)
    assert "Small does not take 31x32" in text
    assert "cat1, line 6 of the spec" in text
    assert "n ≡ 0 (mod 2), n ≥ 2" in text
    assert "30x32 or 32x32" in text
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert "Sizes of tensors must match" in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("shape", "words"),
    [((3, 32, 32), "has no batch axis"), ((1, 1, 32, 32), "has 1 instead of 3 channels"),
     ((1, 32, 32, 3), "channels stand last"), ((32,), "has 1 axes")],
)  # fmt: skip
def test_a_wrong_form_is_named(small: fx.GraphModule, shape: tuple[int, ...], words: str) -> None:
    if shape == (3, 32, 32):
        small = archlang.load("LeNet5", channels=3).eval()
    with pytest.raises(CallError, match=words):
        small(torch.zeros(shape))


def test_a_wrong_type_and_number(small: fx.GraphModule) -> None:
    with pytest.raises(CallError, match="x is uint8, the weights float32"):
        small(torch.zeros(1, 3, 32, 32, dtype=torch.uint8))
    with pytest.raises(CallError, match=r"takes 1 input .*, not 2"):
        small(torch.zeros(1, 3, 32, 32), torch.zeros(1))
    with pytest.raises(TypeError, match=r"takes 1 input .*, not 0"):
        small()


def test_other_errors_stay_as_they_are(small: fx.GraphModule) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("mine")

    small.conv1 = nn.Identity()
    small.a.register_forward_hook(broken) if hasattr(small, "a") else None
    next(small.children()).register_forward_hook(broken)
    with pytest.raises(RuntimeError, match="mine") as caught:
        small(torch.zeros(1, 3, 32, 32))
    assert not isinstance(caught.value, CallError)


def test_off_centre_warns_once(cropped: fx.GraphModule) -> None:
    cropped(torch.zeros(1, 1, 14, 14))
    with pytest.warns(OffCentreWarning, match="off centre at 15x15") as caught:
        cropped(torch.zeros(2, 1, 15, 15))
    assert caught[0].filename == __file__
    cropped(torch.zeros(2, 1, 15, 15))


def test_copies_explain_too(small: fx.GraphModule) -> None:
    with pytest.raises(CallError, match="does not take 31x31"):
        copy.deepcopy(small)(torch.zeros(1, 3, 31, 31))


def test_a_pickle_is_a_plain_graph_module(cropped: fx.GraphModule) -> None:
    x = torch.rand(1, 1, 14, 14)
    again = pickle.loads(pickle.dumps(cropped))
    assert torch.equal(again(x), cropped(x))
    file = io.BytesIO()
    torch.save(cropped, file)
    file.seek(0)
    assert torch.equal(torch.load(file, weights_only=False)(x), cropped(x))


def test_tracing_and_exporting_see_forward(cropped: fx.GraphModule) -> None:
    x = torch.rand(2, 1, 16, 16)
    y = cropped(x)
    exported = torch.export.export(cropped, (x,)).module()
    assert torch.allclose(exported(x), y)
    strictly = torch.export.export(cropped, (x,), strict=True).module()
    assert torch.allclose(strictly(x), y)
    assert torch.equal(fx.symbolic_trace(cropped)(x), y)
    assert torch.equal(fx.symbolic_trace(nn.Sequential(cropped))(x), y)
    assert torch.equal(torch.func.vmap(cropped)(x.unsqueeze(1)).squeeze(1), y)


@pytest.mark.parametrize("inside", [False, True])
def test_compiling_breaks_no_graph(cropped: fx.GraphModule, inside: bool) -> None:
    x = torch.rand(2, 1, 16, 16)
    model = nn.Sequential(cropped) if inside else cropped
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    assert torch.equal(compiled(x), cropped(x))
    other = torch.rand(2, 1, 18, 18)
    assert torch.equal(compiled(other), cropped(other))


def test_a_graph_module_as_any_other(cropped: fx.GraphModule) -> None:
    assert isinstance(cropped, fx.GraphModule)
    assert type(cropped).__name__ == "Cropped"
    assert "_archlang_seen" not in cropped.state_dict()
