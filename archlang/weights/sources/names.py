"""Torchvision's names of weights; torchvision itself is asked for an address alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from typing import Any

from archlang.diagnostics.catalog.checkpoints import UnknownWeights
from archlang.diagnostics.suggest import closest
from archlang.problems import about
from archlang.weights.sources.refusals import in_one_line

_NAME = re.compile(r"(?:(?P<enum>\w+)\.)?(?P<member>\w*)")
_MEMBER = re.compile(r"DEFAULT|[A-Z][A-Z0-9_]*")
_ENDINGS = ("_QuantizedWeights", "_Weights")


@dataclass(frozen=True)
class Named:
    """Weights that torchvision has."""

    url: str
    origin: str
    builder: str


def looks_like_name(text: str) -> bool:
    """Whether a string can be the name of a member, and not that of a file: `resnet.h5`."""
    found = _NAME.fullmatch(text)
    if found is None:
        return False
    enum, member = found["enum"], found["member"]
    return not enum or enum.lower().endswith("weights") or bool(_MEMBER.fullmatch(member))


def is_member(source: object) -> bool:
    """Whether it is a member of an enumeration of torchvision, by what such members have."""
    return isinstance(source, Enum) and bool(_url(source))


def of_member(member: Enum) -> Named:
    """What is known of a member of an enumeration of torchvision."""
    enum = type(member).__name__
    return Named(_url(member), f"torchvision {enum}.{member.name}", builder_of(enum))


def by_name(text: str, builders: Sequence[str]) -> Named:
    """The weights of a name.

    Args:
        text: `ResNet50_Weights.IMAGENET1K_V2`, or the member's name alone.
        builders: the builders of the network and of those it derives from, nearest first. A bare
            name is the first one's that has such weights.

    Raises:
        SpecError: torchvision has no such weights, or cannot be asked (E0710).
    """
    enum, _, name = text.rpartition(".")
    if not enum and not builders:
        raise about(text, _no_counterpart(text))
    known = _enumerations(text)
    if enum:
        return _member(text, name, [_enumeration(text, enum, known)])
    own = [e for e in map(builder_of, known) if e in builders]
    mine = sorted(own, key=list(builders).index)
    by_builder = {builder_of(e): kind for e, kind in known.items()}
    if not mine:
        raise about(text, _no_counterpart(text))
    return _member(text, name, [by_builder[b] for b in mine])


def builder_of(enum: str) -> str:
    """The builder of an enumeration, after torchvision's rule: `resnet50` of `ResNet50_Weights`."""
    for ending in _ENDINGS:
        if enum.endswith(ending):
            prefix = "quantized_" if ending == _ENDINGS[0] else ""
            return prefix + enum.removesuffix(ending).lower()
    return ""


def _url(member: Enum) -> str:
    url, meta = getattr(member, "url", None), getattr(member, "meta", None)
    return url if isinstance(url, str) and isinstance(meta, Mapping) else ""


def _member(text: str, name: str, enums: list[type[Enum]]) -> Named:
    """The member of the first enumeration that has it; `DEFAULT` is another name for one."""
    for enum in enums:
        if name in enum.__members__:
            return of_member(enum.__members__[name])
    enum = enums[0]
    bare = f"{name!r} is neither a file nor one of torchvision's {enum.__name__}"
    why = f"{enum.__name__} has no {name!r}" if "." in text else bare
    raise about(text, _unknown(why, name, enum.__members__))


def _enumeration(text: str, enum: str, known: Mapping[str, type[Enum]]) -> type[Enum]:
    if enum in known:
        return known[enum]
    builders = {builder_of(e): e for e in known}
    near = builders.get(enum.lower()) or closest(enum, known)
    problem = UnknownWeights(
        why=f"torchvision has no {enum}",
        suggestion=f"{near}.{text.rpartition('.')[2]}" if near else None,
    )
    raise about(text, problem)


def _enumerations(text: str) -> dict[str, type[Enum]]:
    """All enumerations of weights, by their names.

    Raises:
        SpecError: torchvision cannot be imported (E0710).
    """
    try:
        import_module("torchvision")
        models: Any = import_module("torchvision.models")
    except ModuleNotFoundError as error:
        if error.name != "torchvision":
            raise about(text, _no_torchvision(text, error)) from None
        raise about(text, _no_torchvision(text, None)) from None
    except (ImportError, RuntimeError, AttributeError, OSError) as error:
        # its compiled part was built for another torch
        raise about(text, _no_torchvision(text, error)) from None
    enums = (models.get_model_weights(name) for name in models.list_models())
    return {enum.__name__: enum for enum in enums}


def _no_torchvision(text: str, error: Exception | None) -> UnknownWeights:
    if error is None:
        why = f"{text!r} is a name of torchvision, which is not installed"
        way = "pip install torchvision, or pass a file"
    else:
        why = f"{text!r} is a name of torchvision, which cannot be imported: {in_one_line(error)}"
        way = "pip install -U torch torchvision gets two that fit; or pass a file"
    return UnknownWeights(why=why, way=way)


def _no_counterpart(text: str) -> UnknownWeights:
    return UnknownWeights(
        why=f"{text!r} is no file, and torchvision has no counterpart of this network",
        way=(
            "pass a file (.safetensors, .pth, .pt2), an https address with its hash, a state_dict, "
            "or the full name of other weights: ResNet50_Weights.IMAGENET1K_V2"
        ),
    )


def _unknown(why: str, name: str, members: Iterable[str]) -> UnknownWeights:
    known = tuple(members)
    return UnknownWeights(why=why, known=known, what="it has", suggestion=closest(name, known))
