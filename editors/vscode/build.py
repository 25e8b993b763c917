"""Build the extension: `python editors/vscode/build.py` writes editors/vscode/archlang.vsix."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STEPS = (("check",), ("bundle",), ("package",))


def main() -> int:
    """Install what is needed, check, bundle and package; the exit code."""
    npm = shutil.which("npm")
    if npm is None:
        print("npm is not installed: it comes with Node.js, https://nodejs.org", file=sys.stderr)
        return 1
    licence = HERE / "LICENSE"
    shutil.copyfile(ROOT / "LICENSE", licence)
    try:
        for step in (["ci"], *(["run", "--silent", *step] for step in STEPS)):
            done = subprocess.run([npm, *step], cwd=HERE, check=False)
            if done.returncode:
                print(f"npm {' '.join(step)} failed", file=sys.stderr)
                return 1
    finally:
        licence.unlink(missing_ok=True)
    print(f"wrote {HERE / 'archlang.vsix'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
