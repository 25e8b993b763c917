"""Whatever a spec asks for, it is compiled or refused within seconds and bounded memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SECONDS, MEGABYTES = 30, 1500
"""Processor time (generous: a loaded machine is slow) and address space of one check."""
HEAD = "network N:\n    input 3x8x8\n"


def doubling(first: str, step: str) -> str:
    """Forty constants, each made of two of the one before."""
    lets = [f"let a{i + 1} = {step.replace('@', f'a{i}')}\n" for i in range(40)]
    return f"let a0 = {first}\n{''.join(lets)}"


def recursive(end: str, again: str) -> str:
    """A block that uses itself forty levels deep."""
    return (
        f"block Again(d):\n    if d == 0:\n        {end}\n    else:\n        {again}\n\n"
        f"{HEAD}    Again(40)\n    relu\n"
    )


BOMBS = {
    "repeated layers": (HEAD + "    10**9 * conv(8)\n", "E0601"),
    "nested repeats": (
        HEAD
        + "    repeat 1000:\n        repeat 1000:\n            repeat 999:\n                relu\n",
        "E0601",
    ),
    "nested repeats of nothing": (
        HEAD + "    repeat 1000:\n        repeat 1000:\n            identity\n    relu\n",
        "E0602",
    ),
    "a long loop": (HEAD + "    for i in range(10**9):\n        relu\n", "E0602"),
    "nested loops": (
        HEAD + "    for i in range(9999):\n        for j in range(9999):\n            let k = 1\n",
        "E0602",
    ),
    "dense": (HEAD + "    dense 10**6:\n        conv(3)\n", "E0601"),
    "wide dense": (HEAD + "    dense 3000:\n        conv(3)\n", "E0602"),
    "recursion of layers": (recursive("relu", "2 * Again(d - 1)"), "E0602"),
    "recursion of nothing": (recursive("identity", "Again(d - 1) -> Again(d - 1)"), "E0602"),
    "recursion without end": ("block A:\n    A -> A\n\n" + HEAD + "    A\n", "E0603"),
    "a pipe of itself": ("let F = relu -> F\n" + HEAD + "    F\n", "E0603"),
    "pipes of pipes": (doubling("relu", "@ -> @") + HEAD + "    a40\n", "E0602"),
    "repetitions of repetitions": (doubling("identity", "9 * @") + HEAD + "    a40\n", "E060"),
    "doubled list": (doubling("[1, 2]", "@ + @") + HEAD + "    conv(len(a40))\n", "E0605"),
    "nested list": (doubling("[1, 2]", "[@, @]") + HEAD + "    conv(a40)\n", "E0605"),
    "doubled text": (doubling('"ab"', "@ + @") + HEAD + "    conv(len(a40))\n", "E0605"),
    "multiplied list": (HEAD + "    conv(len([1] * 10**12))\n", "E0605"),
    "comprehension": ("let a = [i for i in range(10**9)]\n" + HEAD + "    relu\n", "E0602"),
    "nested comprehension": (
        "let a = [[j for j in range(9999)] for i in range(9999)]\n" + HEAD + "    relu\n",
        "E060",
    ),
    "maximum": (HEAD + "    conv(max(range(10**12)))\n", "E0602"),
    "many maxima": (
        HEAD + "    conv(max([max(range(10**6)) for i in range(10**5)]))\n",
        "E0602",
    ),
    "function of itself": ("let f(n) = f(n)\n" + HEAD + "    conv(f(1))\n", "E0603"),
    "function twice of itself": (
        "let f(n) = 1 if n == 0 else f(n - 1) + f(n - 1)\n" + HEAD + "    conv(f(99))\n",
        "E0602",
    ),
    "power": (HEAD + "    conv(9**9**9**9)\n", "E0605"),
    "huge size": (HEAD + "    conv(10**18)\n", "E0608"),
    "huge weights": (HEAD + "    conv(8, 999999999999x1, pad=999999999999x1)\n", "E0608"),
    "long number": (HEAD + f"    conv({'9' * 100_000})\n", "E0604"),
    "rounding": (HEAD + "    conv(round(8, -10**9))\n", "E0313"),
    "brackets": (HEAD + f"    conv({'(' * 5000}1{')' * 5000})\n", "E0606"),
    "long sum": (HEAD + f"    conv({'+'.join('1' * 20_000)})\n", "E0606"),
    "signs": (HEAD + f"    conv({'-' * 20_000}8)\n", "E0606"),
    "long pipe": (HEAD + f"    relu{' -> relu' * 20_000}\n", "E0606"),
    "attributes": (HEAD + f"    conv(x{'.channels' * 20_000})\n", "E0606"),
    "conditions": (HEAD + f"    conv({'1 if true else ' * 20_000}1)\n", "E0606"),
    "networks in a circle": ("network A = B\nnetwork B = A\n" + HEAD + "    relu\n", "E0603"),
    "a long chain of networks": (
        "".join(f"network A{i} = A{i + 1}\n" for i in range(100))
        + "network A100:\n    input 3x8x8\n    relu\n",
        "E0603",
    ),
    "thousands of mistakes": (HEAD + "    conv(8, strid=1)\n" * 10_000, "E0301"),
}

CHECK = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({MEGABYTES} << 20,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS},) * 2)
from archlang.compiler import check
from archlang.diagnostics.render import render_text
found = check(sys.argv[1])
render_text(found)
print(" ".join(d.code for d in found))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits a process as Linux does")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused(name: str, tmp_path: Path) -> None:
    text, code = BOMBS[name]
    path = tmp_path / "bomb.arch"
    path.write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", CHECK, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:] or f"ended by signal {-done.returncode}"
    found = done.stdout.split()
    assert found and found[0].startswith(code), found[:5]
