"""A network as standalone Python: plain `nn.Module` classes, as an engineer would write them."""

from archlang.backends.python.module import write_python

__all__ = ["write_python"]
