"""Weights out of a network, under the names that torchvision gives them."""

from __future__ import annotations

from torch import Tensor, nn

from archlang.diagnostics.model import Diagnostics
from archlang.weights.keys.torchvision import key_map
from archlang.weights.origin import origin_of


def torchvision_state_dict(model: nn.Module) -> dict[str, Tensor]:
    """The `state_dict` of a model under torchvision's names, for its own network of that kind.

    `torchvision.models.resnet50().load_state_dict(archlang.torchvision_state_dict(model))`

    Args:
        model: what `archlang.load` gave for a network of the zoo that torchvision has too, trained
            meanwhile.

    Returns:
        The very tensors of the model, uncopied and detached.

    Raises:
        ValueError: the model is of no network that torchvision has.
    """
    origin = origin_of(model)
    graph = origin.graph("", Diagnostics()) if origin is not None else None
    paths = key_map(graph) if graph is not None else None
    split = {key: key.rpartition(".") for key in model.state_dict()}
    if paths is None or any(path not in paths for path, _, _ in split.values()):
        name = graph.name if graph is not None else type(model).__name__
        raise ValueError(f"torchvision has no network like {name}, so there are no names of its")
    names = {key: f"{paths[path]}.{leaf}" for key, (path, _, leaf) in split.items()}
    return {names[key]: value.detach() for key, value in model.state_dict().items()}
