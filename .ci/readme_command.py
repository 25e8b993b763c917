"""Print one of the two commands of the README: `readme_command.py main` or `… tests`."""

import re
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def commands() -> dict[str, str]:
    """The README's `sh` blocks by the word in the comment above them."""
    text = README.read_text(encoding="utf-8")
    blocks = re.findall(r"<!-- command: (\w+) -->\s*```sh\n(.*?)```", text, re.DOTALL)
    return {name: body.strip() for name, body in blocks}


if __name__ == "__main__":
    print(commands()[sys.argv[1]])
