"""What the tests of sources of weights share: the one diagnostic of what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
import torch

from archlang.diagnostics.model import Diagnostic, SpecError
from archlang.weights.sources import read_weights


def refused(source: object, code: str, *words: str, builders: Sequence[str] = ()) -> Diagnostic:
    """The diagnostic, which has to have that code and to say all of the words."""
    with pytest.raises(SpecError) as caught:
        read_weights(source, builders, progress=False)
    (diagnostic,) = caught.value.diagnostics
    shown = str(caught.value)
    assert diagnostic.code == code, shown
    for word in words:
        assert word in shown, f"{word!r} is not in:\n{shown}"
    assert diagnostic.help, "there is always a way out"
    return diagnostic


def hold_equal(got: Mapping[str, object], want: Mapping[str, torch.Tensor]) -> None:
    """Same names, same types, same numbers to the last bit."""
    assert set(got) == set(want)
    for name, tensor in want.items():
        value = got[name]
        assert isinstance(value, torch.Tensor)
        assert value.dtype == tensor.dtype, name
        assert value.shape == tensor.shape, name
        assert torch.equal(value, tensor), name
