"""Write what editors know of the words of the language. Run: python -m editors.generate"""

from __future__ import annotations

from pathlib import Path

from editors.textmate import textmate
from editors.vim import vim_syntax
from editors.vocabulary import vocabulary
from editors.words import words_module

ROOT = Path(__file__).parents[1]


def generated() -> dict[Path, str]:
    """Files with their texts."""
    words = vocabulary()
    return {
        ROOT / "archlang/tooling/words.py": words_module(words),
        ROOT / "editors/vscode/syntaxes/arch.tmLanguage.json": textmate(words),
        ROOT / "editors/neovim/syntax/arch.vim": vim_syntax(words),
    }


def main() -> None:
    """Write all of them."""
    for path, text in generated().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
