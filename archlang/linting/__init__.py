"""Rules for what is legal in a spec, but probably not meant; some with a repair."""

from __future__ import annotations

from archlang.linting.linter import lint, lint_file, lint_text

__all__ = ["lint", "lint_file", "lint_text"]
