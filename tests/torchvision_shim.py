"""Imports torchvision where its compiled operators do not fit the torch that is installed.

Detection operators are all that is missing then, and no classifier uses them: declaring them is
enough for the import to go through.
"""

from __future__ import annotations

import torch

DETECTION = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def _declare() -> torch.library.Library | None:
    """The operators that torchvision registers kernels for, if nobody declared them.

    The library must be kept: what it declares goes with it.
    """
    try:
        import torchvision  # noqa: F401
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    else:
        return None
    library = torch.library.Library("torchvision", "DEF")
    for operator in DETECTION:
        library.define(operator)
    return library


_library = _declare()

import torchvision  # noqa: E402 (only now can it be imported)

__all__ = ["torchvision"]
