"""`archlang.param_groups`: the parameters of a model in groups for an optimiser, by path."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from math import inf
from numbers import Real
from typing import TYPE_CHECKING, Any

from archlang.diagnostics.suggest import closest
from archlang.paths import prefixes, without_indices, without_numbers
from archlang.weights.wrappers import unwrapped

if TYPE_CHECKING:
    from torch import nn

_MOST_NAMES = 3
_REST = "*"
"""The pattern that takes whatever is left."""
_OURS = ("params", "param_names")
"""Options that say which parameters a group has."""


class TrainingError(ValueError):
    """The parameters of a model cannot be grouped as asked for; its text says why."""


def param_groups(
    model: nn.Module, options: Mapping[str, float | Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Groups of parameters for any optimiser of `torch.optim`, a group for each pattern.

    ```python
    groups = archlang.param_groups(model, {"fc": 1e-3, "*.bias": {"weight_decay": 0.0}, "*": 1e-4})
    optimiser = torch.optim.AdamW(groups)
    ```

    Args:
        model: any module. Of one that is compiled, averaged or wrapped for parallel training the
            names are those of the model within.
        options: for each pattern a learning rate, or options of the optimiser. A pattern is a path
            (`layer4`), the name of a parameter (`fc1.bias`), or either with `*` for anything, dots
            too (`layer4.*.conv1`); where nothing is called so, a path without its indices
            (`layer4.conv1`), and then without any numbers (`fc`, for `fc1`). The first pattern that
            fits a parameter decides.

    Returns:
        In the order of the patterns, `{"params": […], "name": pattern, "lr": …}`, or with the
        options given. A parameter that has several names is there once, a frozen one
        (`requires_grad=False`) not at all.

    Raises:
        TrainingError: an option is no learning rate and no mapping, a pattern other than `*` leaves
            a group empty, or a parameter that is trained fits none.
    """
    settings = {pattern: _settings(pattern, value) for pattern, value in _items(options)}
    model = _model(model)
    names = _names(model)
    trained = {p: None for p in names if p.requires_grad}
    if not trained:
        raise TrainingError(f"all parameters of {type(model).__name__} are frozen: none to train")
    groups: list[dict[str, Any]] = []
    for pattern, setting in settings.items():
        if pattern == _REST and not trained:
            continue  # who says what becomes of the rest need not know whether there is any
        group = _members(pattern, model, names, trained)
        groups.append({"params": group, "name": pattern, **setting})
        for parameter in group:
            del trained[parameter]
    if trained:
        raise TrainingError(_left_over([names[p][0] for p in trained]))
    return groups


# ── options ──────────────────────────────────────────────────────────────────────────────────────


def _items(options: Mapping[str, Any]) -> list[tuple[str, Any]]:
    if not isinstance(options, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # who calls may not check types
        what = type(options).__name__
        raise TrainingError(f"patterns and learning rates come as a mapping, and not as {what}")
    return list(options.items())


def _settings(pattern: str, value: Any) -> dict[str, Any]:
    """What the optimiser is told of a group."""
    if not isinstance(pattern, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # who calls may not check types
        raise TrainingError(f"a pattern is a text such as 'layer4', and not {pattern!r}")
    given: dict[str, Any] = dict(value) if isinstance(value, Mapping) else {"lr": value}  # pyright: ignore[reportUnknownArgumentType]
    for key in _OURS:
        if key in given:
            raise TrainingError(f"{key!r} cannot be an option of {pattern!r}: the pattern decides")
    if "lr" in given:
        _check_rate(pattern, given["lr"])
    return given


def _check_rate(pattern: str, value: Any) -> None:
    """A number, or a tensor of one, as some optimisers take it."""
    from torch import Tensor

    is_rate = value.numel() == 1 if isinstance(value, Tensor) else isinstance(value, Real)
    if not is_rate or isinstance(value, bool):
        raise TrainingError(
            f"{pattern!r} has {value!r}, where a learning rate stands (1e-3), or a mapping with "
            f'options of the optimiser ({{"lr": 1e-3, "weight_decay": 0.0}})'
        )
    if not 0 <= value < inf:  # which a NaN is not
        raise TrainingError(
            f"the learning rate of {pattern!r} is {value}: it has to be ≥ 0, finite"
        )


# ── parameters ───────────────────────────────────────────────────────────────────────────────────


def _names(model: nn.Module) -> dict[nn.Parameter, list[str]]:
    """All names of each parameter."""
    names: dict[nn.Parameter, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(parameter, []).append(name)
    if not names:
        raise TrainingError(f"{type(model).__name__} has no parameters")
    return names


def _model(model: nn.Module) -> nn.Module:
    """The model itself, where it was compiled or wrapped."""
    from torch import nn

    if not isinstance(model, nn.Module):  # pyright: ignore[reportUnnecessaryIsInstance]  # who calls may not check types
        raise TrainingError(f"a model is an nn.Module, and not {type(model).__name__}")
    return unwrapped(model)


def _members(
    pattern: str,
    model: nn.Module,
    names: Mapping[nn.Parameter, list[str]],
    trained: Collection[nn.Parameter],
) -> list[nn.Parameter]:
    """The parameters of a pattern that are trained and that no earlier pattern took."""
    fits = _fitting(pattern, [name for several in names.values() for name in several])
    called = [p for p, several in names.items() if not fits.isdisjoint(several)]
    members = [p for p in called if p in trained]
    if members:
        return members
    if not called:
        raise TrainingError(_unknown(pattern, model, names.values()))
    if not any(p.requires_grad for p in called):
        raise TrainingError(
            f"all parameters of {pattern!r} are frozen ({_few(sorted(fits))}): leave it out, or "
            f"unfreeze them with requires_grad_(True)"
        )
    raise TrainingError(
        f"nothing is left for {pattern!r}: the first pattern that fits decides, and earlier ones "
        f"fit all of it; write {pattern!r} before them"
    )


def _fitting(pattern: str, names: Iterable[str]) -> set[str]:
    """The names that a pattern means: exactly, else without indices, else without numbers."""
    fits = re.compile(".*".join(map(re.escape, re.split(r"\*+", pattern)))).fullmatch
    forms: tuple[Callable[[str], str], ...] = (str, without_indices, without_numbers)
    for form in forms:
        found = {n for n in names if any(path and fits(path) for path in prefixes(form(n)))}
        if found:
            return found
    return set()


# ── messages ─────────────────────────────────────────────────────────────────────────────────────


def _unknown(pattern: str, model: nn.Module, names: Iterable[list[str]]) -> str:
    paths: list[str] = [path for path, _ in model.named_modules() if path]  # pyright: ignore[reportUnknownVariableType]  # torch does not say what it yields
    if _fitting(pattern, paths):
        return f"{pattern!r} has no parameters: leave it out"
    known = dict.fromkeys(p for several in names for name in several for p in prefixes(name))
    near = closest(pattern, known)
    top = [path for path in known if "." not in path]
    hint = f"did you mean {near!r}? " if near else ""
    return f"no parameter fits the pattern {pattern!r}; {hint}at the top level are {_few(top, 12)}"


def _left_over(names: list[str]) -> str:
    return (
        f"no pattern fits {_few(names)}; a pattern '*' at the end takes all the rest "
        f'({{…, "*": 1e-4}}), and requires_grad_(False) excludes what shall not be trained'
    )


def _few(names: list[str], most: int = _MOST_NAMES) -> str:
    """The first few names, and how many more there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
