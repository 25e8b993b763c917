"""The rules, one a file; a new one is found by itself."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from archlang.diagnostics.model import Problem
from archlang.linting.model import Rule, StepRule, TextRule


def _rules() -> Iterator[Rule]:
    for info in iter_modules(__path__):
        module = import_module(f"{__name__}.{info.name}")
        for value in vars(module).values():
            own = isinstance(value, type) and value.__module__ == module.__name__
            if own and issubclass(value, Rule):
                yield value()


RULES: tuple[Rule, ...] = tuple(sorted(_rules(), key=lambda rule: rule.problem.code))
TEXT_RULES: tuple[TextRule, ...] = tuple(rule for rule in RULES if isinstance(rule, TextRule))
STEP_RULES: dict[str, tuple[StepRule, ...]] = {
    family: tuple(r for r in RULES if isinstance(r, StepRule) and family in r.families)
    for family in {f for r in RULES if isinstance(r, StepRule) for f in r.families}
}
"""The rules that look at each family of layers."""


def problems() -> tuple[type[Problem], ...]:
    """What the rules can say."""
    return tuple(rule.problem for rule in RULES)
