"""Frozen value classes that cost next to nothing to declare.

They behave like `@dataclass(frozen=True)`, which takes about half a millisecond a class; the front
end has well over a hundred, and `archlang check` starts cold. What is made once for every layer of
a network is a dataclass with slots all the same, which is the quicker one to make.
"""

from __future__ import annotations

from inspect import get_annotations
from typing import Any, ClassVar, NoReturn, dataclass_transform


@dataclass_transform(frozen_default=True)
class Record:
    """Base: the annotations of a subclass are its fields, in order, after those of its base."""

    record_fields: ClassVar[tuple[str, ...]] = ()
    compared: ClassVar[tuple[str, ...]] = ()
    """The fields that equality looks at: all but those named in `incidental`."""
    incidental: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        own = get_annotations(cls)
        names = [n for n, kind in own.items() if not str(kind).startswith("ClassVar")]
        cls.record_fields = cls.__match_args__ = (*cls.record_fields, *names)
        cls.compared = tuple(n for n in cls.record_fields if n not in cls.incidental)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        fields = self.record_fields
        given = self.__dict__
        given.update(zip(fields, args, strict=False))
        given.update(kwargs)
        if len(given) != len(args) + len(kwargs) or not given.keys() <= set(fields):
            raise TypeError(f"{type(self).__name__} takes {', '.join(fields)}")
        for name in fields[len(args) :]:
            if name not in given and not hasattr(self, name):  # a default is a class attribute
                raise TypeError(f"{type(self).__name__} needs {name}")

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.compared)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.compared)
        return f"{type(self).__name__}({inside})"
