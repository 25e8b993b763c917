"""Pairs of networks with the same weights, ours and torchvision's, and how they are compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchvision_shim import torchvision

import archlang
from archlang.weights.keys.torchvision import COUNTERPARTS, key_map

RATE = 0.01
"""Learning rate of the training step that is compared."""


def reference(name: str) -> nn.Module:
    """torchvision's network; no weight has a value that another one has."""
    extra = {}
    if name.startswith("GoogLeNet"):
        # its own initial values differ from the default ones, which torchvision warns of
        extra = {"init_weights": True, "aux_logits": name == "GoogLeNet"}
    model = getattr(torchvision.models, COUNTERPARTS[name])(**extra)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return model


@dataclass
class Pair:
    """The same network twice, with the same weights."""

    ours: nn.Module
    theirs: nn.Module
    keys: dict[str, str]
    """For each key of ours the one of torchvision."""

    @classmethod
    def of(cls, name: str, spec: str | None = None) -> Pair:
        """A network of the zoo (or the one of another spec) and torchvision's."""
        torch.manual_seed(0)
        theirs = reference(name)
        ours = archlang.load(spec or name, weights=theirs.state_dict())
        return cls(ours, theirs, keys(name, ours))

    def outputs(self, x: Tensor, training: bool) -> Iterator[tuple[str, Tensor, Tensor]]:
        """Each result with its name, ours and theirs; dropouts draw the same numbers."""
        results = []
        for model in (self.ours, self.theirs):
            model.train(training)
            torch.manual_seed(1)
            results.append(model(x))
        ours, theirs = results
        if isinstance(ours, Tensor):
            assert theirs.isfinite().all(), "nothing would equal it"
            yield "output", ours, theirs
            return
        their_names = {"output": "logits", "aux1": "aux_logits1", "aux2": "aux_logits2"}
        assert set(ours._fields) == set(their_names)
        for field, their_field in their_names.items():
            yield field, getattr(ours, field), getattr(theirs, their_field)

    def hold_in_eval(self, x: Tensor) -> None:
        """The same output in evaluation, to the last bit."""
        with torch.no_grad():
            for name, ours, theirs in self.outputs(x, training=False):
                assert torch.equal(ours, theirs), f"{name} differs in evaluation"

    def hold_in_training(self, x: Tensor) -> None:
        """The same outputs, gradients, running statistics and new weights in a training step."""
        losses = [torch.zeros(()), torch.zeros(())]
        for name, ours, theirs in self.outputs(x, training=True):
            assert torch.equal(ours, theirs), f"{name} differs while training"
            direction = torch.randn_like(theirs)
            losses = [losses[0] + (ours * direction).sum(), losses[1] + (theirs * direction).sum()]
        for loss in losses:
            loss.backward()
        self._hold_gradients()
        for model in (self.ours, self.theirs):
            torch.optim.SGD(model.parameters(), lr=RATE).step()
        self.hold_state()

    def _hold_gradients(self) -> None:
        theirs = dict(self.theirs.named_parameters())
        ours = dict(self.ours.named_parameters())
        assert {self.keys[key] for key in ours} == set(theirs)
        for key, parameter in ours.items():
            other = theirs[self.keys[key]]
            assert parameter.grad is not None and other.grad is not None, f"{key} has no gradient"
            assert torch.equal(parameter.grad, other.grad), f"the gradient of {key} differs"

    def hold_state(self) -> None:
        """The same parameters and buffers."""
        ours, theirs = self.ours.state_dict(), self.theirs.state_dict()
        assert {self.keys[key] for key in ours} == set(theirs)
        for key, value in ours.items():
            assert torch.equal(value, theirs[self.keys[key]]), f"{key} differs"


def keys(name: str, ours: nn.Module) -> dict[str, str]:
    """For each key of our state_dict the one of torchvision."""
    paths = key_map(archlang.network(name))
    assert paths is not None
    split = {key: key.rpartition(".") for key in ours.state_dict()}
    return {key: f"{paths[path]}.{leaf}" for key, (path, _, leaf) in split.items()}
