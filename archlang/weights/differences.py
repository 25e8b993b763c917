"""Whether tensors are those of a network, told in one line for each that is not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from archlang.ops.base import shape_text
from archlang.weights.sources.header import Entry

NAMES = {
    "torch.float64": "F64", "torch.float32": "F32",
    "torch.float16": "F16", "torch.bfloat16": "BF16",
    "torch.float8_e4m3fn": "F8_E4M3", "torch.float8_e5m2": "F8_E5M2",
    "torch.int64": "I64", "torch.int32": "I32", "torch.int16": "I16", "torch.int8": "I8",
    "torch.uint64": "U64", "torch.uint32": "U32", "torch.uint16": "U16", "torch.uint8": "U8",
    "torch.bool": "BOOL",
}  # fmt: skip
"""torch's types and what safetensors calls them."""
_MODES = re.compile(r", inplace=\w+|inplace=\w+|Sync(?=BatchNorm)|(?<=BatchNorm)[123]d")
"""What of a module does not change what it computes."""


def entry_of(tensor: Tensor) -> Entry:
    """A tensor as the header of a file describes it; a type that no file has under torch's name."""
    return Entry(NAMES.get(str(tensor.dtype), str(tensor.dtype)), tuple(tensor.shape))


def entries(module: nn.Module) -> dict[str, Entry]:
    """The `state_dict` of a module, as a header describes it."""
    return {key: entry_of(value) for key, value in module.state_dict().items()}


def tensor_differences(got: Mapping[str, Entry], want: Mapping[str, Entry]) -> Iterator[str]:
    """Shapes that differ, then types, then what is missing, then what is not in the network."""
    both = [(name, got[name], entry) for name, entry in want.items() if name in got]
    for name, a, b in both:
        if a.shape != b.shape:
            yield f"{name} is {_shape(a)}, but {_shape(b)} by the spec"
    for name, a, b in both:
        if _is_real(a) != _is_real(b):
            yield f"{name} is of the type {a.dtype}, but {b.dtype} by the spec"
    yield from (f"{name} is missing" for name in want if name not in got)
    yield from (f"{name} is not in the spec" for name in got if name not in want)


def layer_differences(got: nn.Module, want: nn.Module) -> Iterator[str]:
    """Layers that are not those of the spec, though their weights, if any, have the same shapes."""
    theirs, ours = _modules(got), _modules(want)
    for path, module in ours.items():
        if path not in theirs or next(module.children(), None) is not None:
            continue
        a, b = (_MODES.sub("", str(m)) for m in (theirs[path], module))
        if a != b:
            yield f"{path} is {_one_line(a)}, but {_one_line(b)} by the spec"


def _modules(module: nn.Module) -> dict[str, nn.Module]:
    return dict(module.named_modules())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # torch leaves it open


def _one_line(text: str) -> str:
    return f"{' '.join(text.split()):.120}"


def _is_real(entry: Entry) -> bool:
    return entry.dtype.startswith(("F", "BF"))


def _shape(entry: Entry) -> str:
    return shape_text(entry.shape) or "a single number"
