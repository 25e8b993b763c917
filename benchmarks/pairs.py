"""torchvision's networks as peers, and what compiled networks are compared by."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

import archlang
from archlang.weights.keys.torchvision import COUNTERPARTS, key_map
from benchmarks.contest import images
from benchmarks.vision import torchvision_models

NETWORKS = ("ResNet50", "VGG16", "GoogLeNet", "DenseNet121")
SIZE = 224
_AUXILIARY = 0.3
"""Weight of GoogLeNet's auxiliary losses (Szegedy et al. 2015, section 5)."""


def reference(name: str, device: torch.device, **options: bool) -> nn.Module:
    """torchvision's network in training mode, its running statistics those of a batch.

    Untouched, they would be 0 and 1: batch norm would do nothing, and folding it no harm.
    """
    torch.manual_seed(0)
    if name == "GoogLeNet":
        options = {"init_weights": False, **options}
    model: nn.Module = getattr(torchvision_models(), COUNTERPARTS[name])(**options).to(device)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, std=0.1)
        norm.momentum = None  # the average of all batches
    with torch.no_grad():
        model.train()(images(4, SIZE, device, seed=7))
    for norm in norms:
        norm.momentum = 0.1
    return model


def predictions(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """What inference is compared by: the outputs of a network that is in evaluation mode."""

    def run(x: Tensor) -> Tensor:
        with torch.inference_mode():
            return model(x)

    return run


def loss(model: nn.Module, x: Tensor) -> Tensor:
    """A loss as in training, of all outputs; each picture is of a class of its own."""
    outputs = model(x)
    classes = torch.arange(len(x), device=x.device)
    if isinstance(outputs, Tensor):
        return functional.cross_entropy(outputs, classes)
    main, *others = (output for output in outputs if output is not None)
    losses = [functional.cross_entropy(output, classes) for output in others]
    # torchvision names its auxiliary outputs in the other order: the sum is the same
    return functional.cross_entropy(main, classes) + _AUXILIARY * sum(
        losses, torch.zeros_like(main[0, 0])
    )


def gradients(name: str, model: nn.Module, *, theirs: bool) -> Callable[[Tensor], Tensor]:
    """What training is compared by: loss and gradients of a step, by torchvision's names."""
    paths = key_map(archlang.network(name))
    assert paths is not None, name

    def run(x: Tensor) -> Tensor:
        torch.manual_seed(1)  # dropout draws the same for both
        model.zero_grad(set_to_none=True)
        value = loss(model, x)
        value.backward()
        found = {_key(key, {} if theirs else paths): p.grad for key, p in model.named_parameters()}
        model.zero_grad(set_to_none=True)
        pieces = [found[key] for key in sorted(found)]
        return torch.cat([value.detach()[None], *(p.flatten() for p in pieces if p is not None)])

    return run


def _key(ours: str, paths: Mapping[str, str]) -> str:
    path, _, leaf = ours.rpartition(".")
    return f"{paths.get(path, path)}.{leaf}"
