"""Figures of archlang beside those of torchview and visualtorch. Run: python -m benchmarks.figures

Each tool draws each network in a process of its own, in turn, as a user would start it; how large
its text is follows from the size of the picture on a slide of 13.33 × 7.5 in. `--write` puts the
pictures and the page into docs/.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archlang.figures.options import FITS

ROOT = Path(__file__).parent.parent
NETWORKS = ("ResNet50", "GoogLeNet", "UNet", "DenseNet121")
INPUTS = {"UNet": (1, 1, 572, 572)}
ROUNDS = 5
SECONDS = 300
SLIDE = FITS["16:9"].room


@dataclass(frozen=True)
class Picture:
    """A picture as a tool made it; `text` is the size of its smallest text, in its own units."""

    tool: str
    network: str
    width: float = 0.0
    height: float = 0.0
    text: float | None = None
    seconds: float = 0.0
    """Median of whole processes."""
    failure: str = ""

    @property
    def points(self) -> float | None:
        """Size of the smallest text when the picture fills a slide."""
        if self.text is None:
            return None
        return self.text * min(SLIDE[0] / self.width, SLIDE[1] / self.height)


# ── what runs in the child process: one tool, one network, one file ─────────────────────────────


def archlang_picture(network: str, path: Path, view: str = "blocks") -> dict[str, Any]:
    """Ours, from the spec."""
    from archlang.figures import draw

    figure = draw(network, path.with_suffix(".svg"), view=view)
    texts = [text.size for text in figure.scene.texts]
    return {"width": figure.scene.width, "height": figure.scene.height, "text": min(texts)}


def module(network: str) -> Any:
    """The network as peers take it: torchvision's, or plain PyTorch source."""
    import torch

    sys.path.insert(0, str(ROOT / "tests"))
    from torchvision_shim import torchvision

    options = {"weights": None}
    if network == "UNet":
        return _generated(network)
    if network == "GoogLeNet":
        options |= {"init_weights": False, "aux_logits": False}
    with torch.device("cpu"):
        return getattr(torchvision.models, network.lower())(**options).eval()


def _generated(network: str) -> Any:
    """A network that torchvision lacks, as a class of nn.Modules."""
    from importlib.util import module_from_spec, spec_from_file_location

    import archlang
    from archlang.backends.python import write_python

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.py"
        path.write_text(write_python(archlang.network(network)), encoding="utf-8")
        spec = spec_from_file_location("network", path)
        assert spec is not None and spec.loader is not None
        loaded = module_from_spec(spec)
        sys.modules["network"] = loaded
        spec.loader.exec_module(loaded)
        return getattr(loaded, network)().eval()


def torchview_picture(network: str, path: Path) -> dict[str, Any]:
    """torchview's default: modules three levels deep, laid out by Graphviz."""
    import graphviz.backend.dot_command as dot
    import torchview

    from archlang.figures.layout.graphviz import binary

    dot.DOT_BINARY = binary()[0]
    shape = INPUTS.get(network, (1, 3, 224, 224))
    drawn = torchview.draw_graph(module(network), input_size=shape, device="meta")
    svg = drawn.visual_graph.pipe(format="svg").decode()
    path.with_suffix(".gv").write_text(drawn.visual_graph.source, encoding="utf-8")
    path.with_suffix(".svg").write_text(svg, encoding="utf-8")
    box = re.search(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)"', svg)
    assert box is not None
    sizes = map(float, re.findall(r'font-size="([\d.]+)"', svg))
    return {"width": float(box[1]), "height": float(box[2]), "text": min(sizes)}


def visualtorch_picture(network: str, path: Path) -> dict[str, Any]:
    """visualtorch's volumes, with the sizes written at them."""
    import visualtorch
    from PIL import ImageFont

    shape = INPUTS.get(network, (1, 3, 224, 224))
    image = visualtorch.render(module(network), shape, style="flow", show_dimension=True)
    image.convert("RGB").save(path.with_suffix(".png"))
    font: Any = ImageFont.load_default()
    return {"width": image.width, "height": image.height, "text": float(getattr(font, "size", 10))}


TOOLS: dict[str, Callable[[str, Path], dict[str, Any]]] = {
    "archlang": archlang_picture,
    "archlang, overview": lambda network, path: archlang_picture(network, path, "overview"),
    "torchview": torchview_picture,
    "visualtorch": visualtorch_picture,
}


# ── what runs in the parent ───────────────────────────────────────────────────────────────────


def picture(tool: str, network: str, folder: Path) -> Picture:
    """One run of one tool in a fresh process."""
    path = folder / f"{network.lower()}_{tool.partition(',')[0]}{'_overview' * (',' in tool)}"
    command = [sys.executable, "-m", "benchmarks.figures", "--child", tool, network, str(path)]
    start = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, cwd=ROOT, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Picture(tool, network, failure=f"not done after {SECONDS} s")
    seconds = time.perf_counter() - start
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return Picture(tool, network, failure=" ".join(last)[:120] or "crashed")
    return Picture(tool, network, **json.loads(done.stdout.splitlines()[-1]), seconds=seconds)


def measure(network: str, folder: Path, rounds: int) -> list[Picture]:
    """All tools on one network, in turn; medians of the times."""
    runs = [{tool: picture(tool, network, folder) for tool in TOOLS} for _ in range(rounds)]
    found: list[Picture] = []
    for tool in TOOLS:
        one = runs[0][tool]
        seconds = statistics.median(run[tool].seconds for run in runs)
        found.append(Picture(**{**_fields(one), "seconds": seconds}))
    return found


def _fields(one: Picture) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Picture.__match_args__}


def row(one: Picture) -> str:
    """A row of the page's table."""
    if one.failure:
        return f"| {one.network} | {one.tool} | – | – | {one.failure} |"
    ratio = one.width / one.height
    aspect = f"{ratio:.2f} : 1" if ratio >= 1 else f"1 : {1 / ratio:.2f}"
    points = "no text" if one.points is None else f"{one.points:.2g} pt"
    return f"| {one.network} | {one.tool} | {aspect} | {points} | {one.seconds:.2f} s |"


HEADER = (
    "| network | tool | aspect | smallest text on a slide | time |\n| --- | --- | --- | --- | --- |"
)


def thousand_layers(folder: Path, rounds: int) -> list[str]:
    """Overviews of the two largest networks against torchview on DenseNet-121, in one run."""
    ours = {n: [] for n in ("DenseNet121", "ResNet1202")}
    theirs: list[float] = []
    for _ in range(rounds):
        for name, seconds in ours.items():
            seconds.append(picture("archlang, overview", name, folder).seconds)
        theirs.append(picture("torchview", "DenseNet121", folder).seconds)
    peer = statistics.median(theirs)
    lines = [
        "| overview of | archlang | torchview, DenseNet121 | ratio | goal |",
        "| --- " * 5 + "|",
    ]
    for name, seconds in ours.items():
        mine = statistics.median(seconds)
        lines.append(f"| {name} | {mine:.2f} s | {peer:.2f} s | {mine / peer:.2f} | 1.00 |")
    return lines


def main() -> None:
    """Measure; with `--write`, write docs/comparison.md and its pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/comparison.md")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        tool, network, path = given.child
        print(json.dumps(TOOLS[tool](network, Path(path))))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = {n: measure(n, folder, given.rounds) for n in NETWORKS}
        table = [HEADER, *(row(p) for found in pictures.values() for p in found)]
        large = thousand_layers(folder, given.rounds)
        print("\n".join([*table, "", *large]))
        if given.write:
            from benchmarks.comparison_page import write_page

            write_page(folder, table, large)


if __name__ == "__main__":
    main()
