"""E080: receptive fields that there are none of, or that cannot be shown."""

from __future__ import annotations

from dataclasses import dataclass

from archlang.diagnostics.model import Problem

_SHOWN = 8
"""How many names a message lists."""


@dataclass(frozen=True)
class NoPlace(Problem):
    """A receptive field is asked for of a network whose input has no places.

    A receptive field is a part of an image, a signal or a volume: of an input with axes behind its
    channels. A vector has none, and every unit of a network on vectors may see all of it.

    Wrong:
        network N:
            input 784
            fc(10)
            assert receptive_field == 28

    Right:
        network N:
            input 1x28x28
            conv(8, 3x3) -> gap -> flatten
            fc(10)
            assert receptive_field == 3
    """

    code = "E0801"
    network: str
    features: int

    def message(self) -> str:
        return f"the units of {self.network} have no receptive field: its input is a vector"

    def notes(self) -> tuple[str, ...]:
        return (f"a vector of {self.features} numbers has no neighbours and no places",)

    def help(self) -> str:
        return "give it a map, such as  input 1x28x28, and flatten it where a layer needs a vector"


@dataclass(frozen=True)
class UnknownLayerPath(Problem):
    """`--at` names a layer or a part that the network does not have.

    What can be named are the paths that `archlang summary` lists, and the parts that they begin
    with: `layer3.0.conv1`, and `layer3` or `layer3.0`, which stand for their last step.

    Wrong (shown in words):
        archlang receptive ResNet50 --at layer5
        A ResNet50 has four stages, layer1 to layer4.

    Right (shown in words):
        archlang receptive ResNet50 --at layer4
    """

    code = "E0802"
    network: str
    path: str
    suggestion: str | None = None
    parts: tuple[str, ...] = ()
    """What the network is made of, where nothing is near."""
    alike: tuple[str, ...] = ()
    """What is called so but for the number at its end."""

    def message(self) -> str:
        return f"{self.network} has no layer and no part {self.path!r}"

    def notes(self) -> tuple[str, ...]:
        if self.alike:
            return (f"there {'is' if len(self.alike) == 1 else 'are'} {_listed(self.alike)}",)
        if self.suggestion or not self.parts:
            return ()
        return (f"its parts are {_listed(self.parts)}",)

    def help(self) -> str:
        meant = f"did you mean {self.suggestion}? " if self.suggestion else ""
        return f"{meant}archlang summary lists all paths"


@dataclass(frozen=True)
class CannotShow(Problem):
    """A picture is asked for of receptive fields in a volume, or an image under those of a signal.

    Fields are drawn over the plane of an image, or as intervals over a signal. What is seen of a
    volume is a box, which a picture cannot show; the table says its sizes all the same.

    Wrong (shown in words):
        archlang receptive volume.arch -o field.svg
        The input is 1x64x64x64.

    Right (shown in words):
        archlang receptive volume.arch
    """

    code = "E0803"
    network: str
    shape: tuple[int, ...]

    def message(self) -> str:
        shape = "x".join(map(str, self.shape))
        return f"the receptive fields of {self.network} cannot be drawn: its input is {shape}"

    def notes(self) -> tuple[str, ...]:
        if len(self.shape) == 2:
            return ("an image lies under fields in a plane (CxHxW); these are on a line",)
        return ("a picture shows fields in a plane (CxHxW) or on a line (CxN), not in a volume",)

    def help(self) -> str:
        if len(self.shape) == 2:
            return "leave out --image: the intervals are drawn on a line"
        return "leave out -o: the table and --json say all there is"


@dataclass(frozen=True)
class UnreadableImage(Problem):
    """A file given as `--image` that is no image, or cannot be read.

    Any image that Pillow opens will do: PNG, JPEG, WebP, TIFF, GIF, BMP. It is scaled to the size
    of the network's input.

    Wrong (shown in words):
        archlang receptive VGG16 --image cat.txt -o field.png
        The file is a text.

    Right (shown in words):
        archlang receptive VGG16 --image cat.jpg -o field.png
    """

    code = "E0804"
    file: str
    reason: str

    def message(self) -> str:
        return f"cannot read the image {self.file}: {self.reason}"

    def help(self) -> str:
        return (
            "a file of the kind PNG, JPEG, WebP, TIFF, GIF or BMP; leave it out for a plain plane"
        )


@dataclass(frozen=True)
class NoSuchUnit(Problem):
    """`--unit` names a unit that a tensor does not have.

    Units are counted from 0 on every axis: a map of 14x14 has units 0x0 to 13x13. Without
    `--unit`, the middle one is taken, which every tensor has.

    Wrong (shown in words):
        archlang receptive ResNet50 --at layer4 --unit 7x7
        The output of layer4 is 7x7.

    Right (shown in words):
        archlang receptive ResNet50 --at layer4 --unit 6x6
    """

    code = "E0805"
    path: str
    unit: tuple[int, ...]
    size: tuple[int, ...]

    def message(self) -> str:
        unit = "x".join(map(str, self.unit))
        return f"{self.path} has no unit {unit}"

    def notes(self) -> tuple[str, ...]:
        if not self.size:
            return ("it is a vector: its units have no place",)
        last = "x".join(str(n - 1) for n in self.size)
        size = "x".join(map(str, self.size))
        return (f"its size is {size}: units go from {'x'.join('0' for _ in self.size)} to {last}",)

    def help(self) -> str:
        return "leave --unit out for the middle one, or name layers of one size with --at"


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f", and {more:,} more" if more > 0 else "")
