"""Running a script in several processes on this machine, with a time after which it is ended."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TRAIN = ROOT / "examples" / "distributed" / "train.py"
LONGEST = 120.0
"""Seconds; nothing here takes a quarter of it on a machine that is not busy."""


def command(script: Path, arguments: Sequence[str], processes: int) -> list[str]:
    """The command line of torchrun; of Python itself for one process."""
    if processes == 1:
        return [sys.executable, str(script), *arguments]
    run = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    return [sys.executable, *run, str(script), *arguments]


def environment() -> dict[str, str]:
    """That of the tests, in which the package and the examples are found."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    found = {k: v for k, v in os.environ.items() if not k.startswith(("RANK", "WORLD", "LOCAL_"))}
    return found | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def launch(
    script: Path, *arguments: str, processes: int = 2, cwd: Path
) -> subprocess.CompletedProcess[str]:
    """Run a script to its end; AssertionError if it does not come to one."""
    with subprocess.Popen(
        command(script, arguments, processes),
        cwd=cwd,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as running:
        try:
            out, err = running.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, 9)
            raise AssertionError(f"{arguments} did not end; {running.communicate()}") from None
    return subprocess.CompletedProcess(running.args, running.returncode, out, err)
