"""What stands before TikZ pictures: the document around them, and the lines that any talk needs."""

from __future__ import annotations

from collections.abc import Iterator

from archlang.figures.scene.model import Scene
from archlang.figures.writers.tikz.styles import number, shared_styles
from archlang.figures.writers.tikz.tex import comment

_HEAD = r"""% {title}
%
% A complete document for pdflatex, lualatex and xelatex. In a talk or a paper of your own, copy
%   - into the preamble what stands between the lines of ====, once for all figures: it is the same
%     in each (twice does no harm),
%   - to where the picture belongs, say a frame of beamer, what stands between the lines of ----.
% Where there is less room than the picture needs, \archfit makes it smaller, text and all.
\RequirePackage{{fix-cm}}
\documentclass{{article}}
\usepackage[paperwidth={width}pt, paperheight={height}pt, margin=0pt]{{geometry}}
\pagestyle{{empty}}
\setlength{{\parindent}}{{0pt}}
\setlength{{\topskip}}{{0pt}}
\usepackage{{iftex}}
\ifpdftex
  \usepackage[T1]{{fontenc}}
  \usepackage[utf8]{{inputenc}}
  \usepackage{{helvet}}
\else
  \usepackage{{fontspec}}
\fi
\newcommand{{\archfit}}[2][]{{#2}} % the paper of this document fits the picture"""

_STEPS = r"""% \archfrom{n}{...} is there from page n on
\newcount\archstep
\newcommand{\archfrom}[2]{\ifnum\archstep<#1\relax\else#2\fi}"""

_COMMON = r"""\usepackage{tikz}
\usetikzlibrary{arrows.meta, backgrounds, shadows}
% \archfit{picture} is at most as wide as a line and 0.8\textheight high, which leaves a frame of
% beamer its title; for another height: \archfit[5cm]{picture}
\providecommand{\archfit}[2][0.8\textheight]{{\sbox0{#2}%
  \ifdim\wd0>\linewidth \sbox0{\resizebox{\linewidth}{!}{\usebox0}}\fi%
  \ifdim\ht0>\dimexpr#1\relax \sbox0{\resizebox{!}{#1}{\usebox0}}\fi%
  \leavevmode\usebox0}}
% \archfrom{n}{...} is there from step n on: in beamer; elsewhere it is there at once
\ifdefined\only
  \providecommand{\archfrom}[2]{\only<#1->{#2}}
\else
  \providecommand{\archfrom}[2]{#2}
\fi
% \archtext{size}{colour}{face}{text} is a line of text; \archroom is kept free beside it
\newdimen\archroom
\providecommand{\archtext}[4]{{\sffamily\fontsize{#1}{#1}#3\selectfont\color{#2}%
  \rule[-0.265em]{0pt}{1.25em}#4\kern\archroom}}
% \archsign{sign}{code} names a sign that pdflatex has no letter for; lualatex, xelatex show it
\providecommand{\archsign}[2]{\ifcsname u8:\detokenize{#1}\endcsname\else
  \expandafter\def\csname u8:\detokenize{#1}\endcsname{{[}U+#2{]}}\fi}"""

_RULE = "% " + 83 * "="


def preamble(scene: Scene, *, steps: bool) -> Iterator[str]:
    """The lines before the pictures; those between the rules are the same for every figure."""
    size = {"width": number(scene.width), "height": number(scene.height)}
    yield _HEAD.format(title=comment(scene.title), **size)
    if steps:
        yield _STEPS
    yield _RULE
    yield _COMMON
    yield r"\tikzset{"
    yield from (f"  {style}," for style in shared_styles())
    yield "}"
    yield _RULE
