"""One format for all specs: tokens of a text that parses in, the same tokens well laid out."""

from archlang.formatting.texts import format_text

__all__ = ["format_text"]
