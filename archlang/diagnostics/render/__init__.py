"""How diagnostics are shown: for people, for programs, and for GitHub's annotations."""

from __future__ import annotations

from archlang.diagnostics.render.github import render_github
from archlang.diagnostics.render.json import render_json
from archlang.diagnostics.render.text import render_text

__all__ = ["render_github", "render_json", "render_text"]
