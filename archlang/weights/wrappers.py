"""What torch wraps a model in, and puts before its names: to compile, parallelise or average it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from torch import nn

PREFIXES = ("module.", "_orig_mod.")
"""What DataParallel, AveragedModel and the like, and torch.compile put before every name."""

_T = TypeVar("_T")


def unwrapped(model: nn.Module) -> nn.Module:
    """The model that was compiled, wrapped for parallel training, or averaged."""
    from torch import nn
    from torch.optim.swa_utils import AveragedModel

    wrappers: Any = (nn.DataParallel, nn.parallel.DistributedDataParallel, AveragedModel)
    inner: Any = getattr(model, "module" if isinstance(model, wrappers) else "_orig_mod", None)
    return unwrapped(inner) if isinstance(inner, nn.Module) else model


def without_prefixes(state: Mapping[str, _T]) -> dict[str, _T]:
    """A `state_dict` with the names of the model within, in whatever order it was wrapped."""
    names = dict(state)
    while prefix := next((p for p in PREFIXES if names and _all_begin(names, p)), ""):
        names = {name.removeprefix(prefix): value for name, value in names.items()}
    return names


def _all_begin(names: Mapping[str, object], prefix: str) -> bool:
    return all(name.startswith(prefix) for name in names)
