"""torchvision's models without its compiled extension, which has no build for every machine."""

from __future__ import annotations

from types import ModuleType

import torch

_SCHEMAS: list[torch.library.Library] = []


def torchvision_models() -> ModuleType:
    """`torchvision.models`; the schemas it looks for at import are declared if they are missing."""
    if not _SCHEMAS:
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _SCHEMAS.append(library)
    from torchvision import models

    return models
