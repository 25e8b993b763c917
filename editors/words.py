"""The vocabulary as a Python module, so that Pygments need not wait for the grammar."""

from __future__ import annotations

from editors.vocabulary import Vocabulary

_HEADER = '''"""The words of the language, for Pygments; written by `python -m editors.generate`."""

from __future__ import annotations

'''


def words_module(vocabulary: Vocabulary) -> str:
    """The source of `archlang/tooling/words.py`."""
    tables = {
        "KEYWORDS": {*vocabulary.heads, *vocabulary.runs, *vocabulary.phrases, "skips"},
        "SOFT": {"adapt", "weights"},
        "OPERATOR_WORDS": {*vocabulary.words} - {"for", "if", "else"},
        "CONSTANTS": {*vocabulary.booleans, *vocabulary.constants},
        "LAYERS": {*vocabulary.layers},
        "FUNCTIONS": {*vocabulary.functions},
    }
    return _HEADER + "\n".join(map(_table, tables, tables.values()))


def _table(name: str, words: set[str]) -> str:
    rows = "".join(f'        "{word}",\n' for word in sorted(words))
    return f"{name} = frozenset(\n    {{\n{rows}    }}\n)\n"
