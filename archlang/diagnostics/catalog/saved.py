"""E07: files of `archlang.save`: weights together with the spec they belong to."""

from __future__ import annotations

from archlang.diagnostics.model import Problem

_SHOWN = 4
"""How many differences a message lists of each kind."""


class SavedDiffers(Problem):
    """A saved file contradicts itself: its parts do not belong together.

    A file of `archlang.save` holds the tensors of a network, the text of its spec, and a hash of
    that text. It is refused if the text was changed after it was saved, if the network is not in
    it, or if a tensor is missing, is not in the network, or has another shape than in the spec.

    Wrong (shown in words):
        mnist.safetensors was edited: its text says fc(12) now, but its weights are those of fc(10).

    Right (shown in words):
        Change the spec instead, and take the weights that still fit from the file:
        archlang.load("mnist12.arch", weights="mnist.safetensors")
    """

    code = "E0713"
    name: str
    """Of the file."""
    what: str
    """What contradicts what: `its fc1.weight is 10x512, but 12x512 by its spec`."""
    facts: tuple[str, ...] = ()

    def message(self) -> str:
        return f"{self.name} contradicts itself: {self.what}"

    def notes(self) -> tuple[str, ...]:
        return self.facts

    def help(self) -> str:
        return (
            "get the file as it was saved; or load the weights in it into a spec of yours: "
            "archlang.load(spec, weights=…)"
        )


class CannotSave(Problem):
    """A model that cannot be saved as it is, or not there.

    `archlang.save` writes a file from which the model can be built again without anything else, so
    it has to know the spec: that of `archlang.load`, or the one named by `spec=`. The weights are
    numbers: a tensor without data, or with NaN or infinity in it, is refused, and so no good
    checkpoint is overwritten by a run that diverged. Nothing is written then.

    Wrong (shown in words):
        archlang.save(torchvision.models.resnet18(), "net.safetensors")

    Right (shown in words):
        model = archlang.load("ResNet18")
        archlang.save(model, "net.safetensors")
    """

    code = "E0714"
    name: str
    """Of the file."""
    why: str
    way: str
    """The way out."""

    def message(self) -> str:
        return f"cannot save {self.name}: {self.why}"

    def notes(self) -> tuple[str, ...]:
        return ("nothing was written",)

    def help(self) -> str:
        return self.way


class NotSaved(Problem):
    """A safetensors file does not say which network its weights belong to.

    `archlang.save` puts the spec into the metadata of the file. A file that something else wrote
    holds tensors alone: to build a network takes a spec, and such a file can be its weights.

    Wrong (shown in words):
        safetensors.torch.save_file(model.state_dict(), "net.safetensors")
        archlang.load("net.safetensors")

    Right (shown in words):
        archlang.load("net.arch", weights="net.safetensors")
    """

    code = "E0718"
    name: str
    why: str
    way: str = ""

    def message(self) -> str:
        return f"cannot build a network from {self.name}: {self.why}"

    def help(self) -> str:
        return self.way or (
            "the weights in it can be loaded into a spec of yours: archlang.load(spec, weights=…)"
        )


class ModelDiffers(Problem):
    """A model is not, or no longer, what its spec says.

    What is saved is the spec and the weights, so both have to fit. A layer that is exchanged in
    Python is in no spec: the file could not be loaded again. Write it as a derived network, which
    keeps the weights of all that it does not change.

    Wrong (shown in words):
        model = archlang.load("ResNet18")
        model.fc1 = torch.nn.Linear(512, 10)
        archlang.save(model, "digits.safetensors")

    Right (shown in words):
        network Digits from ResNet18(classes=10)
        and in Python: model = archlang.load("digits.arch", weights="DEFAULT")
    """

    code = "E0719"
    network: str
    differences: tuple[str, ...]
    """`fc1.weight is 10x512, but 1000x512 by the spec`, and so on."""

    def message(self) -> str:
        return f"the model is not what the spec of {self.network} says: {self.differences[0]}"

    def label(self) -> str:
        return "its spec"

    def notes(self) -> tuple[str, ...]:
        others = self.differences[1 : 1 + _SHOWN]
        left = len(self.differences) - 1 - len(others)
        return (*others, *((f"and {left} more",) if left else ()), "nothing was written")

    def help(self) -> str:
        return (
            "write what differs as a derived network (network Mine from …, with replace, insert or "
            "remove) and load that; or name the spec the model has: archlang.save(…, spec=…)"
        )


class SavedIsFixed(Problem):
    """A saved network is asked to be built in another way than it was.

    The parameters of a saved network, and its weights, are those in its file. To build it with
    others takes its spec.

    Wrong (shown in words):
        archlang.load("mnist.safetensors", classes=5)

    Right (shown in words):
        archlang.load("mnist.arch", classes=5)
    """

    code = "E0720"
    name: str
    given: tuple[str, ...]

    def message(self) -> str:
        return f"{self.name} is loaded as it was saved: {', '.join(self.given)} cannot be given"

    def help(self) -> str:
        if self.given == ("weights",):
            return "name the spec itself to load other weights: archlang.load(spec, weights=…)"
        return "name the spec itself to build the network with other parameters"
