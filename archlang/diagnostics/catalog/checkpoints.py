"""E07: weights that cannot be had: files, downloads, names."""

from __future__ import annotations

from archlang.diagnostics.model import Problem

_SHOWN = 8
"""How many names a message lists."""


class UnreadableWeights(Problem):
    """A file does not hold weights that can be read.

    Weights are read from safetensors files, from what `torch.save` wrote (`.pth`, `.pt`, `.bin`,
    `.ckpt`), and from exported programs (`.pt2`). The first bytes of a file say which it is, not
    its name. A file is read whole or not at all: one that was cut off while it was copied, or
    whose checksums do not fit, gives nothing.

    Wrong (shown in words):
        archlang.load("ResNet50", weights="resnet50.pth")
        The browser saved the page that links to the file, under the name of the file.

    Right (shown in words):
        Download the file itself, and look at its size: a ResNet50 has about 98 MB.
    """

    code = "E0707"
    name: str
    why: str
    way: str = ""

    def message(self) -> str:
        return f"cannot read weights from {self.name}: {self.why}"

    def help(self) -> str:
        return self.way or "get the file once more, from where it came from"


class UnsafeWeights(Problem):
    """A checkpoint wants to run code when it is read.

    What `torch.save` writes is a pickle, and a pickle may call any function of any Python package.
    Weights need none but those that put tensors together, so nothing else is let in: the file is
    refused before any of it has run. Most often it is harmless, and somebody saved more than
    weights: a whole module, or settings as a Python object.

    Wrong (shown in words):
        torch.save(model, "model.pth")
        archlang.load("ResNet50", weights="model.pth")

    Right (shown in words):
        torch.save(model.state_dict(), "model.pth")
        archlang.load("ResNet50", weights="model.pth")
    """

    code = "E0708"
    name: str
    wanted: tuple[str, ...]
    """What it asked for: `posix.system`; the first is what was refused."""
    module: bool = False
    """Whether it is a whole `nn.Module`."""

    def message(self) -> str:
        return f"{self.name} is not only weights: to read it is to run {self.wanted[0]}"

    def notes(self) -> tuple[str, ...]:
        also = (f"it also asks for {_listed(self.wanted[1:])}",) if self.wanted[1:] else ()
        module = ("it is a whole pickled module, not its weights",) if self.module else ()
        return ("nothing of it was run", *module, *also)

    def help(self) -> str:
        if self.module:
            return "where the model was made: torch.save(model.state_dict(), …), and load that file"
        return (
            "have it saved again with tensors alone: torch.save(model.state_dict(), …). If you "
            "trust whoever made it, read it yourself with torch.load(…, weights_only=False) and "
            "pass the state_dict that is in it"
        )


class WrongHash(Problem):
    """What was downloaded is not what was to be downloaded.

    The address says which file is meant by the SHA-256 of its contents: all 64 digits behind
    `#sha256=`, or the first of them in its name, as PyTorch's own files have it
    (`resnet50-0676ba61.pth`). A file that differs is thrown away.

    Wrong (shown in words):
        archlang.load("ResNet50", weights="https://example.org/resnet50-0676ba61.pth")
        The file at this address was exchanged for another one.

    Right (shown in words):
        archlang.load("ResNet50", weights="https://example.org/resnet50-11ad3fa6.pth")
    """

    code = "E0709"
    address: str
    want: str
    got: str
    named: bool = False
    """Whether the hash was read from the name of the file."""
    page: bool = False
    """Whether a web page came instead of a file."""

    def message(self) -> str:
        return f"what came from {self.address} is not the file that was asked for: its hash differs"

    def notes(self) -> tuple[str, ...]:
        where = "in the name of the file" if self.named else "behind #sha256="
        page = ("what came is a web page",) if self.page else ()
        return (f"SHA-256 {where}: {self.want}", f"SHA-256 of what came: {self.got}", *page)

    def help(self) -> str:
        if self.page:
            return "find the address of the file itself; that page may link to it"
        if self.named:
            return (
                "ask whoever offers the file; if the digits in its name are no hash but a date, "
                "say, write #sha256= and all 64 digits of the hash behind the address"
            )
        return "ask whoever offers the file which hash it has now, and why it changed"


class MissingHash(Problem):
    """An address of weights does not say which file is meant.

    A file at an address can be exchanged at any time, and what a network computes with it. So an
    address comes with the SHA-256 of the file: behind `#sha256=`, or the first eight digits or more
    in its name, as PyTorch has it (`resnet50-0676ba61.pth`).

    Wrong (shown in words):
        archlang.load("ResNet50", weights="https://example.org/resnet50.pth")

    Right (shown in words):
        archlang.load("ResNet50", weights="https://example.org/resnet50.pth#sha256=9b0f…")
        with all 64 digits, as sha256sum prints them
    """

    code = "E0715"
    address: str
    written: str = ""
    """What stands behind `#sha256=`, if it is not a hash."""

    def message(self) -> str:
        if self.written:
            return f"#sha256={self.written} is no hash: a SHA-256 has 64 digits of 0-9 and a-f"
        return f"{self.address} comes without a hash"

    def notes(self) -> tuple[str, ...]:
        return (f"there are {len(self.written)} characters",) if self.written else ()

    def help(self) -> str:
        return (
            "write #sha256=… behind the address, with the 64 digits that its publisher gives, or "
            "those of sha256sum for a copy that you trust; or download the file and pass its name"
        )


class UnknownWeights(Problem):
    """It is not clear which weights are meant.

    Weights are a `state_dict`, the name of a file, an address, or a member of torchvision's
    enumerations: by its full name (`ResNet50_Weights.IMAGENET1K_V2`), or by its own name alone
    where the network has a counterpart in torchvision (`IMAGENET1K_V2`, `DEFAULT`). If a file holds
    several sets of weights, `run.pth#ema` says which.

    Wrong (shown in words):
        archlang.load("ResNet50", weights="IMAGENET_V2")

    Right (shown in words):
        archlang.load("ResNet50", weights="IMAGENET1K_V2")
    """

    code = "E0710"
    why: str
    """The message."""
    known: tuple[str, ...] = ()
    what: str = "there are"
    """The words before the list of what is known."""
    suggestion: str | None = None
    way: str = ""

    def message(self) -> str:
        return self.why

    def notes(self) -> tuple[str, ...]:
        return (f"{self.what} {_listed(self.known)}",) if self.known else ()

    def help(self) -> str:
        if self.suggestion:
            return f"did you mean {self.suggestion}?"
        return self.way or (
            "pass a file (.safetensors, .pth, .pt2), an https address with its hash, "
            "or a state_dict"
        )


class DownloadFailed(Problem):
    """A file of weights cannot be downloaded.

    Downloads are kept in PyTorch's cache (`torch.hub.get_dir()`; the environment variable
    `TORCH_HOME` moves it), so a file that was there once needs no network. A download that breaks
    off leaves nothing behind.

    Wrong (shown in words):
        archlang.load("ResNet50", weights="DEFAULT")
        The computer is not connected.

    Right (shown in words):
        Download the file on another computer, copy it, and pass its name:
        archlang.load("ResNet50", weights="resnet50-11ad3fa6.pth")
    """

    code = "E0711"
    address: str
    why: str
    way: str = ""

    def message(self) -> str:
        return f"cannot download {self.address}: {self.why}"

    def help(self) -> str:
        return self.way or "try again later, or get the file in another way and pass its name"


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{shown}, and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown
