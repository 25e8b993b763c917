"""E09: networks that cannot be written for other programs to run."""

from __future__ import annotations

from archlang.diagnostics.model import Problem

_MOST_NAMES = 5


class NotForTarget(Problem):
    """A layer that a target cannot take.

    Each kind of file has operators of its own, and torch a translation for most of its own, not for
    all. The message names the layer, and the place is the line that it is written in.

    Wrong (shown in words):
        archlang compile net.arch -o net.onnx
        The network has an adaptive_maxpool(7x7), for which ONNX has no operator.

    Right (shown in words):
        archlang compile net.arch -o net.pt2
        Or with a layer that ONNX has: maxpool(4x4, stride=4) in the place of the other.
    """

    code = "E0911"
    target: str
    path: str
    """Of the layer; empty where it is not known."""
    operator: str
    """What torch calls it."""
    why: str
    way: str = ""

    def message(self) -> str:
        what = f"the layer {self.path}" if self.path else "this network"
        return f"{self.target} cannot take {what}"

    def label(self) -> str:
        return f"this is {self.operator} to torch" if self.operator else "cannot be exported"

    def notes(self) -> tuple[str, ...]:
        return (self.why,) if self.why else ()

    def help(self) -> str:
        return self.way or "write another layer here, or choose another target: --to py"


class WrongOpset(Problem):
    """A version of ONNX's operators that the network cannot be written in.

    ONNX numbers its sets of operators. torch writes version 18 and later, and translates to
    earlier ones where every operator of the network has an earlier form.

    Wrong (shown in words):
        archlang compile ResNet50 -o net.onnx --opset 9

    Right (shown in words):
        archlang compile ResNet50 -o net.onnx --opset 17
    """

    code = "E0912"
    asked: int
    limit: int
    """The lowest that works; or the highest there is, if that is less than was asked for."""

    def message(self) -> str:
        return f"this network cannot be written in ONNX opset {self.asked}"

    def label(self) -> str:
        side = "highest there is" if self.asked > self.limit else "lowest that works"
        return f"the {side} is {self.limit}"

    def help(self) -> str:
        return f"--opset {self.limit}, or leave it out for torch's own choice"


class NeedsPackages(Problem):
    """A target whose packages are not installed.

    archlang itself needs torch and nothing of ONNX; who writes ONNX needs `onnx` and `onnxscript`
    to write it, and `onnxruntime` to see whether what was written gives the same results.

    Wrong (shown in words):
        pip install archlang
        archlang compile ResNet50 -o net.onnx

    Right (shown in words):
        pip install "archlang[onnx]"
        archlang compile ResNet50 -o net.onnx
    """

    code = "E0913"
    target: str
    missing: tuple[str, ...]
    extra: str
    only_to_verify: bool = False

    def message(self) -> str:
        what = "verify" if self.only_to_verify else "write"
        return f"{', '.join(self.missing)} must be installed to {what} {self.target}"

    def help(self) -> str:
        command = f'pip install "archlang[{self.extra}]"'
        return f"{command}, or --no-verify" if self.only_to_verify else command


class NeedsCompiler(Problem):
    """AOTInductor without a C++ compiler.

    It writes C++ and has it compiled to machine code, by g++ or clang++, or by what the environment
    variable CXX names.

    Wrong (shown in words):
        CXX=no-such-compiler archlang compile ResNet50 --to aoti

    Right (shown in words):
        apt install g++
        archlang compile ResNet50 --to aoti
    """

    code = "E0914"
    tried: tuple[str, ...]

    def message(self) -> str:
        return "AOTInductor needs a C++ compiler, and there is none"

    def notes(self) -> tuple[str, ...]:
        return (f"looked for {', '.join(self.tried)}",) if self.tried else ()

    def help(self) -> str:
        return "install g++ or clang++, or name yours by CXX=…; without one: --to pt2"


class ResultsDiffer(Problem):
    """A file that was written gives other results than the network.

    Every file is read back, run on random inputs, and compared with the network it was made of. A
    difference that is more than rounding means that the file is wrong. It is not kept, nor are the
    others that were to be written with it.

    Wrong (shown in words):
        A program that writes files is at fault: an operator was translated wrongly.

    Right (shown in words):
        Another version of it, another --opset, or another target.
    """

    code = "E0915"
    name: str
    """Of the file."""
    what: str
    """What differs: `the results differ by 0.2 of their scale`."""
    limit: str = ""

    def message(self) -> str:
        return f"{self.name} is not the network: {self.what}"

    def label(self) -> str:
        return "the network that was written"

    def notes(self) -> tuple[str, ...]:
        kept = "no file was written"
        return (f"up to {self.limit} would be rounding", kept) if self.limit else (kept,)

    def help(self) -> str:
        return "choose another --opset or another target; --no-verify writes it all the same"


class SizesFixed(Problem):
    """`--dynamic sizes` for a network that takes inputs of one size alone.

    A linear layer behind a `flatten` has a weight for every position of the map, so the map has
    just one size, and the input too. `gap` makes one position of maps of every size.

    Wrong (shown in words):
        conv(8, 3x3) -> relu -> flatten -> fc(10)

    Right (shown in words):
        conv(8, 3x3) -> relu -> gap -> flatten -> fc(10)
    """

    code = "E0916"
    network: str
    path: str
    """Of the layer that fixes the size; empty where it is not known."""
    layer: str
    """Its name in the language."""

    def message(self) -> str:
        return f"the sizes of {self.network} cannot be left open"

    def label(self) -> str:
        if not self.path:
            return "its inputs have but one size"
        return f"{self.path} takes maps of one size alone"

    def help(self) -> str:
        if self.layer == "fc":
            return "write gap before flatten, or leave the batch alone open: --dynamic batch"
        return "leave the batch alone open: --dynamic batch"


class CannotExport(Problem):
    """A model that cannot be exported.

    `archlang.export` takes a model that `archlang.load` gave, trained meanwhile or not: the spec it
    comes from says what its inputs and outputs are called and how large they are.

    Wrong (shown in words):
        archlang.export(torch.nn.Linear(2, 2), "net.onnx")

    Right (shown in words):
        archlang.export(archlang.load("LeNet5"), "net.onnx")
    """

    code = "E0917"
    why: str
    way: str

    def message(self) -> str:
        return f"the model cannot be exported: {self.why}"

    def help(self) -> str:
        return self.way


class CannotRun(Problem):
    """A file that was written, but cannot be run here, so it is not known whether it is right.

    That the file is read back and compared is part of writing it. Some runtimes lack operators for
    some types, on a CPU above all. Then nothing is written.

    Wrong (shown in words):
        archlang compile net.arch -o net.onnx --dtype float64

    Right (shown in words):
        archlang compile net.arch -o net.onnx --dtype float64 --no-verify
        Or with --dtype float32, which every runtime has all operators for.
    """

    code = "E0918"
    name: str
    by: str
    why: str

    def message(self) -> str:
        return f"{self.name} cannot be verified: {self.by} does not run it here"

    def notes(self) -> tuple[str, ...]:
        return (self.why, "no file was written")

    def help(self) -> str:
        return "choose another --dtype, --opset or target; --no-verify writes it all the same"


class WeightsNotFinite(Problem):
    """The weights of a network that is to be exported hold NaN, or infinite values.

    Where NaN goes in, NaN comes out, of the network and of the file alike: to compare them says
    nothing of whether the file is right. Weights become NaN where training diverges.

    Wrong (shown in words):
        archlang.export(model, "net.onnx")
        The loss was NaN for the last epochs, and so are the model's weights.

    Right (shown in words):
        Load the weights of an epoch from before, and export those; `verify=False`, on the command
        line --no-verify, writes the model as it is.
    """

    code = "E0919"
    name: str
    nan: int
    infinite: int
    of: int
    """How many numbers the tensor has."""
    others: tuple[str, ...] = ()
    """Further tensors that hold such values."""

    def message(self) -> str:
        what = "NaN" if self.nan else "infinite values"
        return f"the network's weights hold {what}: {self.name}"

    def label(self) -> str:
        return "the layer of these weights"

    def notes(self) -> tuple[str, ...]:
        counts = {"NaN": self.nan, "infinite": self.infinite}
        found = ", ".join(f"{number:,} {what}" for what, number in counts.items() if number)
        first = f"of its {self.of:,} numbers: {found}"
        if not self.others:
            return (first,)
        shown = ", ".join(self.others[:_MOST_NAMES])
        more = len(self.others) - _MOST_NAMES
        return (first, f"others that do: {shown}" + (f" and {more:,} more" if more > 0 else ""))

    def help(self) -> str:
        return "export weights of before; --no-verify (verify=False) writes these as they are"
