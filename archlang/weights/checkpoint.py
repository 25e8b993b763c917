"""What every source of weights gives: tensors under the names of whoever saved them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NETWORK = "archlang.network"
"""The key of the metadata under which `archlang.save` notes the network."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Weights from a file, from torchvision or from a `state_dict`, before they meet a network."""

    tensors: Mapping[str, object]
    """By name, in the order of the source. What is no tensor is refused when it is loaded."""
    origin: str
    """Where they come from, in words: `my.safetensors`, `torchvision ResNet50_Weights.DEFAULT`."""
    builder: str = ""
    """The function of `torchvision.models` whose network they are of, where that is known."""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    """What a safetensors file notes beside its tensors."""

    @property
    def network(self) -> str:
        """The network they were saved from, where a file of `archlang.save` says so."""
        return self.metadata.get(NETWORK, "")
