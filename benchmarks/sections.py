"""Sections of a page that a benchmark writes anew, and the words for what it ran on."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import torch

from archlang.files import write_all


class SectionError(Exception):
    """A page has not the one section that is to be written; the text says which."""


def replaced(page: str, name: str, text: str) -> str:
    """A page with what stands between `<!-- name -->` and `<!-- /name -->` replaced.

    Raises:
        SectionError: the page has no such pair of marks, or several.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise SectionError(f"the page needs {begin} and, below it, {end}, each just once")
    before, rest = page.split(begin)
    after = rest.split(end)[1]
    return f"{before}{begin}\n{text.strip()}\n{end}{after}"


def write_section(path: Path, name: str, text: str) -> None:
    """Write a section of a page, and the rest of it as it is at this moment.

    Raises:
        SectionError: it has no such section.
        OutputError: it cannot be written.
    """
    write_all({path: replaced(path.read_text(encoding="utf-8"), name, text)})


def machine(device: torch.device, threads: Sequence[int]) -> str:
    """What was measured on: processor or GPU, system, versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    counts = " and ".join(map(str, sorted(set(threads))))
    parts = [f"{processor()}, {cores} cores, {counts} thread{'s' * (counts != '1')}"]
    if device.type == "cuda":
        about = torch.cuda.get_device_properties(device)
        memory = f"{about.total_memory / 2**30:.0f} GiB"
        parts = [f"{about.name}, {memory}, CUDA {torch.version.cuda}, no TF32", *parts]
    software = f"{platform.system()}, Python {platform.python_version()}"
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "torchvision", "archlang"))
    return "; ".join([*parts, software, versions])


def processor() -> str:
    """The model of the processor, with what sets its speed at matrices."""
    try:
        facts = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    name = re.search(r"model name\s*:\s*(.+)", facts)
    words = name[1] if name else platform.machine()
    return f"{words} ({torch.backends.cpu.get_cpu_capability()})"
