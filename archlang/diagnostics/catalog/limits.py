"""E06: programs too large to be meant."""

from __future__ import annotations

from archlang.diagnostics.model import Problem


class TooManyLayers(Problem):
    """A network expands to more layers than the limit.

    Loops and repetitions are unrolled while compiling, and a few characters can ask for
    billions of layers. The limit stops that before memory runs out. If a network is meant to
    be that large, set ARCHLANG_MAX_LAYERS.

    Wrong:
        network N:
            input 3x8x8
            10**9 * conv(3, 3x3)

    Right:
        network N:
            input 3x8x8
            10 * conv(3, 3x3)
    """

    code = "E0601"
    limit: int
    expected: int | None = None

    def message(self) -> str:
        much = f"{self.expected:,}" if self.expected and self.expected < 10**15 else "far more"
        if self.expected is None:
            return f"this network has more than {self.limit:,} layers"
        return f"this would expand to {much} layers; the limit is {self.limit:,}"

    def help(self) -> str:
        return "if it is meant, raise the limit: ARCHLANG_MAX_LAYERS=N in the environment"


class TooManySteps(Problem):
    """Evaluating a spec takes more steps than the limit.

    Loops that add no layers cost time too, and so do blocks, functions and long lists. What
    they cost is counted over the whole network, so that every spec is compiled or refused
    within seconds.

    Wrong:
        network N:
            input 3x8x8
            for i in range(10**9):
                if i < 0:
                    conv(3, 3x3)
            relu

    Right:
        network N:
            input 3x8x8
            for i in range(10):
                if i < 3:
                    conv(3, 3x3)
            relu
    """

    code = "E0602"
    limit: int

    def message(self) -> str:
        return "compiling this takes too many steps: loops, blocks and functions add up"

    def label(self) -> str:
        return "the limit is reached here"

    def notes(self) -> tuple[str, ...]:
        return (f"the limit is about that of {self.limit:,} rounds of a loop",)

    def help(self) -> str:
        return "make it shorter; if it is meant, raise the limit: ARCHLANG_MAX_LAYERS=N"


class TooDeep(Problem):
    """Blocks use each other too deeply: most often a recursion without an end.

    A block may use itself, with a smaller argument each time, and an `if` that ends it. Without
    that, or if the argument steps past the value the `if` asks for, it would go on for ever.

    Wrong:
        block Fractal(C, depth):
            conv(C, 3x3) -> Fractal(C, depth - 1)

        network N:
            input 3x8x8
            Fractal(8, 3)

    Right:
        block Fractal(C, depth):
            if depth == 1:
                conv(C, 3x3)
            else:
                conv(C, 3x3) -> Fractal(C, depth - 1)

        network N:
            input 3x8x8
            Fractal(8, 3)
    """

    code = "E0603"
    name: str
    limit: int

    def message(self) -> str:
        return f"{self.name} is used inside itself, or nested, more than {self.limit} levels deep"

    def help(self) -> str:
        return "end the recursion with an if that does not use the block again"


class HugeLiteral(Problem):
    """A number with more digits than any network needs.

    Python itself needs long to read numbers of many thousand digits, so the language refuses
    them while reading.

    Wrong:
        network N:
            input 784
            fc(10000000000000000000000000000000000000000000000000000000000000000000000000000)

    Right:
        network N:
            input 784
            fc(1000)
    """

    code = "E0604"
    digits: int
    limit: int

    def message(self) -> str:
        return f"a number of {self.digits:,} digits"

    def help(self) -> str:
        return f"at most {self.limit} digits are allowed"


class HugeResult(Problem):
    """A constant's value grows beyond what any network needs.

    Powers, products and joined lists or texts can grow beyond all memory in a few characters.
    Values are bounded while they are computed.

    Wrong:
        network N:
            input 784
            fc(10**1_000_000)

    Right:
        network N:
            input 784
            fc(10**3)
    """

    code = "E0605"
    what: str
    limit: str

    def message(self) -> str:
        return f"{self.what} is too large"

    def help(self) -> str:
        return f"the limit is {self.limit}"


class NestedTooDeeply(Problem):
    """An expression is nested more deeply than the compiler follows.

    Brackets and bodies within each other are followed down to a fixed depth, which no
    readable spec comes near. Such a file was most often written by a program.

    Wrong (shown in words):
        A hundred opening brackets before one name.

    Right (shown in words):
        The same in several lines, each of which keeps its result under a name or in a let.
    """

    code = "E0606"

    def message(self) -> str:
        return "this is nested too deeply"

    def help(self) -> str:
        return "split it into several lines with names"


class FileTooLarge(Problem):
    """A file larger than any spec.

    Deep networks are short in this language, because what repeats is written once. A file of
    many megabytes is probably no spec, or was unrolled by a program.

    Wrong (shown in words):
        A thousand copies of the same three lines, and so for every stage.

    Right (shown in words):
        The three lines once, below `repeat 1000:`, or as a block: `1000 * Unit(64)`.
    """

    code = "E0607"
    size: int
    limit: int

    def message(self) -> str:
        return f"this file has {self.size:,} bytes; the limit is {self.limit:,}"

    def help(self) -> str:
        return "write repeated lines with repeat, for or n * Unit"


class TensorTooLarge(Problem):
    """A tensor larger than any machine's memory.

    The sizes of a spec multiply: a few zeros too many in an input or a number of channels
    give a tensor that no machine holds. Nothing is computed with it; it is refused.

    Wrong:
        network N:
            input 3x1000000x1000000x1000000
            relu

    Right:
        network N:
            input 3x100x100x100
            relu
    """

    code = "E0608"
    shape: tuple[int, ...]
    limit: int

    def message(self) -> str:
        return f"a tensor of {'x'.join(map(str, self.shape))} numbers for one sample"

    def help(self) -> str:
        return f"the limit is {self.limit:,} numbers; check the channels and sizes above"
