"""The LaTeX says the same as the text, and pdflatex takes it with amsmath and amssymb alone."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import archlang
from archlang.chainrule.latex import latex_of
from archlang.chainrule.page import explain

DOCUMENT = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath,amssymb}
\usepackage[margin=2cm]{geometry}
\setlength{\parindent}{0pt}
\begin{document}
%s
\end{document}
"""
STRANGE = """\
block Odd_Unit_1(C):
    H = conv(C, 3x3) -> tanh -> dropout(0.2)
    T = x -> gap -> flatten -> fc(C) -> sigmoid -> reshape(4x1x1)
    a, b = x -> split(2)
    c = a ++ b -> prelu -> bn -> maxpool(3x3, stride=1, pad=1)
    T * H + (1 - T) * c + scale(0.5, learn=true)∘x -> upconv(4) -> avgpool(2x2)

network Odd_Net:
    input 4x8x8
    first_unit = Odd_Unit_1(4)
    flatten -> fc(4) -> rbf(3) -> softmax
"""


def document(tmp_path: Path) -> str:
    path = tmp_path / "odd_100%_#1.arch"
    path.write_text(STRANGE, encoding="utf-8")
    asked = [
        (archlang.network(str(path)), None, None),
        (archlang.network("Chain", L=3), None, [1.0]),
        (archlang.network("SkipChain", L=50, f="relu", weight=1.5), None, [1.0]),
        (archlang.network("ResNet18"), "Basic", None),
        (archlang.network("GoogLeNet"), "Inception", None),
        (archlang.network("DenseNet121"), "denseblock1", None),
        (archlang.network("Highway", L=4), "gated1.0", None),
    ]
    pages = [page for graph, focus, at in asked for page in explain(graph, focus, at)]
    return DOCUMENT % "\n\\newpage\n".join(map(latex_of, pages))


def test_the_residual_units_lines() -> None:
    text = latex_of(explain(archlang.network("ResNet18"), "Basic")[0])
    assert r"\begin{align*}" in text
    assert r"  \nabla X &= \mathrm{Conv}(\nabla Z_{1} \mid W_{1}^{\dagger}) + " in text
    assert r"G \odot f'(N_{2} + X)" in text


def test_the_chains_product() -> None:
    text = latex_of(explain(archlang.network("SkipChain", L=3))[0])
    product = r"f'(w_{1}\,x) \cdot \prod_{l=2}^{L+1} w_{l}\,f'(w_{l}\,y_{l-1})"
    assert rf"\bar{{\theta}} \cdot x \cdot \Bigl( {product} + 1 \Bigr)" in text


def test_nothing_of_a_spec_is_run_by_tex(tmp_path: Path) -> None:
    text = document(tmp_path)
    for line in text.splitlines():
        assert not re.search(r"(?<!\\)#|first_unit_|odd_100%_", line.partition("%")[0])


def test_it_is_plain_ascii_for_any_encoding() -> None:
    for spec, focus, at in (("ResNet18", "Basic", None), ("SkipChain", None, [0.5])):
        for page in explain(archlang.network(spec), focus, at):
            text = latex_of(page)
            assert text.isascii(), [c for c in text if ord(c) > 127]
            assert r"\textquotesingle" not in text
            assert text.count(r"\begingroup") == text.count(r"\endgroup") == 1


FRAME = r"""\documentclass[aspectratio=%s]{beamer}
\usepackage{amsmath,amssymb}
\begin{document}\begin{frame}{Backward pass}
%s
\end{frame}\end{document}
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
@pytest.mark.parametrize("aspect", [43, 169])
@pytest.mark.parametrize(
    ("spec", "focus", "at"),
    [("ResNet18", "layer1.0", None), ("ResNet18", "layer2.0", None), ("SkipChain", None, [1.0])],
)
def test_a_units_formulas_fit_one_frame(
    spec: str, focus: str | None, at: list[float] | None, aspect: int, tmp_path: Path
) -> None:
    if subprocess.run(["kpsewhich", "beamer.cls"], capture_output=True, check=False).returncode:
        pytest.skip("needs beamer")
    settings = {"L": 3} if at else {}
    (page,) = explain(archlang.network(spec, **settings), focus, at)
    text = FRAME % (aspect, latex_of(page, formulas=True))
    (tmp_path / "frame.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "frame.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=120)
    log = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, log[-2000:]
    assert "Overfull" not in log


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_pdflatex_takes_it(tmp_path: Path) -> None:
    (tmp_path / "page.tex").write_text(document(tmp_path), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=120)
    log = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, log[-2000:]
    assert "Missing character" not in log
    assert r"Overfull \vbox" not in log  # long passes go on on the next page
    wide = [float(n) for n in re.findall(r"Overfull \\hbox \((\d+\.\d+)pt", log)]
    assert all(n < 20 for n in wide), wide
