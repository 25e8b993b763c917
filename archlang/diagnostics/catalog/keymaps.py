"""E0712, E0716, E0717: maps from a network's names to those of a foreign checkpoint."""

from __future__ import annotations

from archlang.diagnostics.model import Problem

_SHOWN = 4
"""How many names a message lists."""


class BadKeyMap(Problem):
    """A key map cannot be read, or contradicts itself.

    A key map is a JSON file that `archlang weights match` writes and you may edit. Under "tensors"
    it has for each tensor of the network the name of the one in the checkpoint, in double quotes.
    Each name stands there once, on either side of the colon. Where a convolution of one network is
    a linear layer of the other, {"from": …, "reshape": …} says the shape to read it in.

    Wrong (shown in words):
        {"archlang key map": 1, "network": "N", "tensors": {
            "conv1.weight": "stem.weight",
            "conv2.weight": "stem.weight"
        }}

    Right (shown in words):
        {"archlang key map": 1, "network": "N", "tensors": {
            "conv1.weight": "stem.weight",
            "conv2.weight": "body.weight"
        }}
    """

    code = "E0712"
    reason: str
    mark: str = ""
    """The words beside the carets."""
    way_out: str = "archlang weights match NETWORK CHECKPOINT -o map.json writes a new one"

    def message(self) -> str:
        return f"the key map cannot be used: {self.reason}"

    def label(self) -> str:
        return self.mark

    def help(self) -> str:
        return self.way_out


class UnfinishedKeyMap(Problem):
    """A key map still lists tensors that may be one of several.

    `archlang weights match` decides by the order and the shapes of the layers alone. What these
    leave open it lists under "ambiguous", each with the tensors that it may be, the likeliest
    first. Nothing is guessed: look at the code that the checkpoint comes from, put each of them
    under "tensors" with its one counterpart, and take it out of "ambiguous".

    Wrong (shown in words):
        "tensors": {"conv1.weight": "stem.weight"},
        "ambiguous": {"conv2.weight": ["a.weight", "b.weight"]}

    Right (shown in words):
        "tensors": {"conv1.weight": "stem.weight", "conv2.weight": "a.weight"},
        "unused": ["b.weight"]
    """

    code = "E0716"
    names: tuple[str, ...]

    def message(self) -> str:
        if len(self.names) == 1:
            return "the key map is not complete: a tensor is still ambiguous"
        return f"the key map is not complete: {len(self.names)} tensors are still ambiguous"

    def label(self) -> str:
        return "may be one of these"

    def notes(self) -> tuple[str, ...]:
        return (f"still open: {_some(self.names)}",)

    def help(self) -> str:
        return (
            'move each to "tensors" with the one name that is right, as '
            f'"{self.names[0]}": "…", and what then is left over to "unused"'
        )


class OtherCheckpoint(Problem):
    """A key map and the checkpoint that it is used for do not belong together.

    Each name behind a colon has to be in the checkpoint, and each tensor of the checkpoint in the
    map: under "tensors", or under "unused", where what the network has no use for is listed. So
    nothing is left out that nobody knows of.

    Wrong (shown in words):
        "tensors": {"fc1.weight": "haed.weight"}
        The checkpoint has head.weight, and head.bias too.

    Right (shown in words):
        "tensors": {"fc1.weight": "head.weight"},
        "unused": ["head.bias"]
    """

    code = "E0717"
    checkpoint: str
    lacking: tuple[str, ...]
    """Names of the map that the checkpoint does not have."""
    unnamed: tuple[str, ...]
    """Tensors of the checkpoint that the map does not name."""
    near: str = ""
    """What may have been meant by the first that is lacking."""

    def message(self) -> str:
        if self.lacking:
            return f"the key map names {self.lacking[0]!r}, which is not in {self.checkpoint}"
        first, *others = self.unnamed
        if not others:
            return f"the key map says nothing of {first!r}, which is in {self.checkpoint}"
        return (
            f"the key map says nothing of {len(self.unnamed)} tensors that are in {self.checkpoint}"
        )

    def label(self) -> str:
        return "not in the checkpoint" if self.lacking else ""

    def notes(self) -> tuple[str, ...]:
        listed = (
            ("not in the checkpoint", self.lacking),
            ("not in the key map", self.unnamed),
        )
        return tuple(f"{what}: {_some(names)}" for what, names in listed if names)

    def help(self) -> str:
        if self.near:
            return f"did you mean {self.near!r}?"
        if self.lacking:
            return "use the map with the checkpoint that it was made for"
        return 'give each to a tensor of the network, or list it under "unused"'


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{shown}, and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown
