"""E092 and W0401: sizes of inputs that a network does not take, or not exactly."""

from __future__ import annotations

from archlang.diagnostics.model import Problem, Severity


class NoLegalSize(Problem):
    """No size of the input is legal.

    A size is legal if every layer takes what it gets, and every centre crop is exactly in the
    centre. Some networks run, but have a crop whose rest is odd whatever the size is: a kernel of
    even size without padding takes an odd number of pixels away.

    Wrong (shown in words):
        archlang sizes net.arch
        Its lines are `e = conv(8, 4x4, pad=0)`, `conv(8, 4x4, pad=0)`, `crop∘e ++ …`.

    Right (shown in words):
        archlang sizes net.arch
        With kernels of 3x3 or 5x5 the rest is even, so that both sides lose as much.
    """

    code = "E0921"
    network: str
    axes: str
    """The sizes of the input: `H, W`."""
    asked: tuple[str, ...]
    """What the layers ask for that cannot be had."""

    def message(self) -> str:
        return f"{self.network} takes no size of its input: nothing is legal for {self.axes}"

    def label(self) -> str:
        return "no size fits all of its layers"

    def notes(self) -> tuple[str, ...]:
        return self.asked

    def help(self) -> str:
        return "change the strides, paddings or kernels of these layers"


class OffCentre(Problem):
    """A centre crop leaves an odd rest, so that it cannot be in the centre.

    A crop to the centre takes as much from both sides. Where the sizes differ by an odd number, one
    side loses a pixel more: the skip lies half a pixel beside the path it meets. The network runs,
    but the U-Net paper (Ronneberger et al. 2015, arXiv:1505.04597) chooses its sizes so that this
    does not happen, and `archlang sizes` counts such sizes as not legal.

    Wrong:
        network N:
            input 1x21x21
            e = conv(8, 3x3, pad=0)
            d = maxpool(2x2) -> upconv(8) -> conv(8, 3x3, pad=0)
            crop∘e ++ d

    Right:
        network N:
            input 1x20x20
            e = conv(8, 3x3, pad=0)
            d = maxpool(2x2) -> upconv(8) -> conv(8, 3x3, pad=0)
            crop∘e ++ d
    """

    code = "W0401"
    severity = Severity.WARNING
    source: str
    """`65x65`"""
    target: str
    rest: str
    nearest: str
    """In words; empty where there is none."""

    def message(self) -> str:
        return f"the crop from {self.source} to {self.target} is half a pixel off the centre"

    def label(self) -> str:
        return f"{self.rest} to take away, which is odd: one side loses a pixel more"

    def help(self) -> str | None:
        return f"nearest sizes that fit: {self.nearest}" if self.nearest else None
