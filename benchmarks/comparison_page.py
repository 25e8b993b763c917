"""docs/comparison.md: the pictures that `benchmarks.figures` measured, side by side."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from PIL import Image

from archlang.figures.layout.graphviz import binary

DOCS = Path(__file__).parent.parent / "docs"
PICTURES = DOCS / "figures" / "comparison"
PIXELS = (1280, 720)
"""A slide, as it is shown on the page."""

TEXT = """# Side by side

The same four networks, drawn by archlang,
[torchview](https://github.com/mert-kurttutan/torchview) {torchview} and
[visualtorch](https://github.com/willyfh/visualtorch) {visualtorch}, each with its defaults
(visualtorch with its option for sizes, since it writes no text otherwise). Every picture is shown
as it looks when it fills a slide of 13.33 × 7.5 in. Peers are given torchvision's models, and for
U-Net the PyTorch source that `archlang compile` writes. Made by
`python -m benchmarks.figures --write`.

{table}

*Time* is that of a whole process, the median of several in turn: archlang reads a spec and needs
no torch, the others import torch, build the model and run it. *Smallest text* is what it comes to
on the slide; 10 pt can be read from the back of a room.

{large}

{pictures}"""


def write_page(folder: Path, table: Sequence[str], large: Sequence[str]) -> None:
    """Write the page and the pictures that the tools left in a folder."""
    from benchmarks.figures import NETWORKS

    PICTURES.mkdir(parents=True, exist_ok=True)
    parts = [part for network in NETWORKS for part in _network(network, folder)]
    page = TEXT.format(
        table="\n".join(table),
        large="\n".join(large),
        pictures="\n".join(parts),
        torchview=version("torchview"),
        visualtorch=version("visualtorch"),
    )
    (DOCS / "comparison.md").write_text(page, encoding="utf-8")


def _network(network: str, folder: Path) -> Iterator[str]:
    yield f"## {network}\n"
    for tool, shown in (
        ("archlang", _ours), ("torchview", _from_graphviz), ("visualtorch", _from_pixels),
    ):  # fmt: skip
        name = f"{network.lower()}_{tool}"
        target = shown(folder / name)
        yield f"**{tool}**\n"
        if target is None:
            yield "It drew nothing.\n"
        else:
            yield f"![{network}, drawn by {tool}]({target.relative_to(DOCS).as_posix()})\n"


def _ours(path: Path) -> Path | None:
    target = PICTURES / f"{path.name}.svg"
    target.write_bytes(path.with_suffix(".svg").read_bytes())
    return target


def _from_graphviz(path: Path) -> Path | None:
    """Graphviz shrinks a picture to a given size; only then is it made of pixels."""
    source = path.with_suffix(".gv")
    if not source.exists():
        return None
    target = PICTURES / f"{path.name}.png"
    scaling = ["-Gsize=13.33,7.5", "-Gdpi=96", "-Tpng", "-o", str(target)]
    subprocess.run([*binary(), *scaling, str(source)], check=True, capture_output=True)
    return _on_a_slide(target, target)


def _from_pixels(path: Path) -> Path | None:
    source = path.with_suffix(".png")
    return _on_a_slide(source, PICTURES / f"{path.name}.png") if source.exists() else None


def _on_a_slide(source: Path, target: Path) -> Path:
    """The picture as large as a slide allows, on white."""
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(source) as opened:
        image = opened.convert("RGB")
    image.thumbnail(PIXELS)
    slide = Image.new("RGB", PIXELS, "white")
    slide.paste(image, ((PIXELS[0] - image.width) // 2, (PIXELS[1] - image.height) // 2))
    slide.quantize(64).save(target, optimize=True)
    return target
