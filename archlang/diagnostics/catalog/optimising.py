"""E09: models that cannot be optimised, or not be saved because they are."""

from __future__ import annotations

from archlang.diagnostics.model import Problem

_SHOWN = 4
"""How many differences a message lists."""


class CannotOptimise(Problem):
    """A model that cannot be optimised as it is.

    `archlang.optimize` works on the network's graph, so it has to know the spec: the model is one
    of `archlang.load`, still has the layers of its spec, and no hooks: the layers on which they
    were put may be gone. Batch norm and the like are multiplied into other weights, which is done
    once: what is optimised for inference cannot be again.

    Wrong (shown in words):
        model = archlang.load("ResNet50")
        model.fc = torch.nn.Linear(2048, 5)
        archlang.optimize(model, "inference")

    Right (shown in words):
        model = archlang.load("ResNet50", classes=5)
        archlang.optimize(model, "inference")
    """

    code = "E0901"
    model: str
    why: str
    facts: tuple[str, ...] = ()
    way: str = (
        "load the network with the model's weights, such as archlang.load("
        '"ResNet18", weights=model.state_dict(), optimize="inference")'
    )

    def message(self) -> str:
        return f"{self.model} cannot be optimised: {self.why}"

    def notes(self) -> tuple[str, ...]:
        rest = len(self.facts) - _SHOWN
        return (*self.facts[:_SHOWN], *([f"and {rest} more"] if rest > 0 else []))

    def help(self) -> str:
        return self.way


class SavesOptimised(Problem):
    """A model that is optimised for inference is not saved.

    The weights of such a model are those of several layers multiplied together, so they fit the
    spec no more: nothing could be loaded from the file, or trained further. The model that it was
    made of can be saved, and optimised again in no time when it is loaded.

    Wrong (shown in words):
        fast = archlang.optimize(model, "inference")
        archlang.save(fast, "net.safetensors")

    Right (shown in words):
        archlang.save(model, "net.safetensors")
        fast = archlang.load("net.safetensors", optimize="inference")
    """

    code = "E0902"
    model: str

    def message(self) -> str:
        return f"{self.model} is optimised for inference, so its weights are no longer its spec's"

    def help(self) -> str:
        return (
            "save the model that it was made of, and optimise that when it is loaded: "
            'archlang.load("net.safetensors", optimize="inference")'
        )
