"""How the layers and parameters of a network can be called: `layer1.0.conv1`, and short for it."""

from __future__ import annotations

from collections.abc import Iterator


def prefixes(path: str) -> Iterator[str]:
    """`a`, `a.b` and `a.b.c` of `a.b.c`: all that it lies in, and itself."""
    steps = path.split(".")
    return (".".join(steps[: k + 1]) for k in range(len(steps)))


def under(path: str, prefix: str) -> bool:
    """Whether a path is `prefix` or lies in it."""
    return path == prefix or path.startswith(f"{prefix}.")


def without_indices(path: str) -> str:
    """`layer1.conv2` of `layer1.0.conv2`."""
    return ".".join(step for step in path.split(".") if not step.isdigit())


def without_numbers(path: str) -> str:
    """`layer.conv` of `layer1.0.conv2`."""
    return ".".join(step.rstrip("0123456789") for step in without_indices(path).split("."))
