"""What `archlang draw` can be told, option by option."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Other = Annotated[
    str | None,
    typer.Argument(metavar="[OTHER]", help="A second network, for --diff.", show_default=False),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--out",
        help="The figure; .svg, .pdf, .png, .pptx, .tikz or .dot says the format.",
        show_default="build/NETWORK.svg",
    ),
]
View = Annotated[
    str,
    typer.Option(
        help="overview: all units folded; blocks: and each distinct one unfolded in an inset; "
        "layers: everything."
    ),
]
Focus = Annotated[str, typer.Option(metavar="BLOCK", help="One block alone, by name or path.")]
Depth = Annotated[
    int | None, typer.Option(help="How many levels of units to draw open.", show_default=False)
]
Fit = Annotated[str, typer.Option(help="Where it has to fit: 16:9, 4:3, a4 or column.")]
Style = Annotated[str, typer.Option(help="flat, or volume: tensors as boxes in space.")]
Theme = Annotated[str, typer.Option(help="Colours: light, dark or print.")]
Highlight = Annotated[
    list[str] | None,
    typer.Option(metavar="PATH", help="Accent a part, as layer3 or fc; repeatable."),
]
Steps = Annotated[
    bool, typer.Option("--steps", help="Step by step: slides, pages, or numbered files.")
]
Diff = Annotated[
    bool, typer.Option("--diff", help="Two networks side by side, what differs accented.")
]
