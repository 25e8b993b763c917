"""TikZ: what pdflatex makes of it is the figure, and text of a spec stays text."""

from __future__ import annotations

import re
import subprocess
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest

from archlang.figures import draw
from archlang.figures.geometry import Rect
from archlang.figures.scene.model import Group, Polygon, Route, Scene, Shape, Text, frames
from archlang.figures.writers.svg import write_svg
from archlang.figures.writers.tikz import write_tikz
from archlang.figures.writers.tikz.tex import KNOWN, MATH, comment, tex
from tests.figures.programs import program

ALIKE = 0.0001
"""How much two pictures of the same thing differ when a renderer has rounded differently."""
HOSTILE = [
    r"\input{/etc/hostname} \write18{touch pwned}",
    r"}\end{document}{\catcode`\%=12 $x^2$ & #1 ~ ^^41 ^^M \par",
    "a%b\n\\undefined\r\\undefined\u2028x\x00\x07\x7f",
    "-- --- `` '' << >> ,, !` ?` \" ' [0pt] | * [",
    "中文 🙂 عربى \u202etxet e\u0301 \u200b ﷽ ∄",
    "Ω α→β ⊕ ⊗ ≤ … × · − ∘ é ß Łódź",
    "_{x} a_{b}",
]


def compiled(text: str, folder: Path, name: str = "figure", *, strict: bool = True) -> Path:
    """The PDF that pdflatex makes; if `strict`, it must have nothing to complain about."""
    (folder / f"{name}.tex").write_text(text, "utf-8")
    command = [program("pdflatex"), "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    log = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, log[-1500:]
    assert not strict or not re.search(
        r"(Overfull|Underfull|Missing character|LaTeX Warning)", log
    ), log
    return folder / f"{name}.pdf"


def words(pdf: Path) -> str:
    """The text of a PDF without spaces: how wide they are is for the reader of a PDF to guess."""
    done = subprocess.run([program("pdftotext"), pdf, "-"], capture_output=True, check=True)
    return _squeezed(done.stdout.decode())


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).replace("⋅", "·")


def grey(pdf: Path, page: int = 1) -> bytes:
    """A small picture of a page."""
    command = [program("pdftoppm"), "-gray", "-singlefile", "-f", str(page), "-scale-to-x", "240"]
    done = subprocess.run(
        [*command, "-scale-to-y", "160", pdf], capture_output=True, check=True
    ).stdout
    assert done.startswith(b"P5\n240 160\n255\n")
    return done.split(b"\n", 3)[3]


def difference(one: bytes, other: bytes) -> float:
    """Mean difference of the pixels, from 0 to 1."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one) / 255


def svg_picture(scene: Scene, folder: Path) -> bytes:
    svg, pdf = folder / "scene.svg", folder / "scene.pdf"
    svg.write_text(write_svg(scene), "utf-8")
    subprocess.run([program("rsvg-convert"), "-f", "pdf", svg, "-o", pdf], check=True)
    return grey(pdf)


def boxes(texts: Sequence[str], name: str = "b") -> Scene:
    """A scene with a box for each text, all with everything hostile in it."""
    scene = Scene(1500, 40.0 * len(texts) + 20, texts[0], "d", "#FFFFFF")
    for i, text in enumerate(texts):
        rect = Rect(10, 10 + 40 * i, 1480, 30)
        row = Text(750, rect.y + 19.3, text, 12, colour="#1A1A1A")
        shape = Shape(rect, "#D9EEFB", "#56B4E9", 4, 1.1, texts=(row,))
        group = Group("box", f"{name}{i}", (shape,), text, bounds=rect, within=(text, text))
        scene.groups.append(group)
    return scene


@pytest.mark.parametrize(
    "network",
    [
        "LeNet5",
        *(
            pytest.param(n, marks=pytest.mark.slow)
            for n in ("ResNet50", "GoogLeNet", "UNet", "DenseNet121")
        ),
    ],
)
def test_pdflatex_shows_the_same_picture(network: str, tmp_path: Path) -> None:
    scene = draw(network).scene
    pdf = compiled(write_tikz([scene]), tmp_path)
    found = words(pdf)
    missing = [t.text for t in scene.texts if _squeezed(t.text) not in found]
    assert not missing
    assert difference(grey(pdf), svg_picture(scene, tmp_path)) < 0.03


def test_another_network_is_another_picture(tmp_path: Path) -> None:
    one, other = (svg_picture(draw(n).scene, tmp_path) for n in ("LeNet5", "AlexNet"))
    assert difference(one, other) > 0.05


def test_a_page_for_each_step(tmp_path: Path) -> None:
    scenes = frames(draw("LeNet5").scene)
    text = write_tikz(scenes)
    assert text.count(r"\begin{tikzpicture}") == 1
    pdf = compiled(text, tmp_path)
    assert pages(pdf) == len(scenes)
    said: list[str] = []
    for page in (1, len(scenes)):
        command = [program("pdftotext"), "-f", str(page), "-l", str(page), pdf, "-"]
        done = subprocess.run(command, capture_output=True, check=True)
        said.append(_squeezed(done.stdout.decode()))
    assert "input" in said[0] and "fc,10" not in said[0]
    assert "input" in said[1] and "fc,10" in said[1]


def parts(text: str) -> tuple[str, list[str]]:
    """What the file says to copy into the preamble of a talk, and its pictures."""
    _, preamble, body = re.split(r"% ={20,}\n", text)
    return preamble, re.split(r"% -{20,}\n", body)[1::2]


def talk(preambles: Sequence[str], frames: Sequence[str]) -> str:
    """A talk in 16:9, in the font that the figures have when they are alone."""
    lines = [
        r"\documentclass[aspectratio=169]{beamer}",
        r"\usepackage[T1]{fontenc}", r"\usepackage[utf8]{inputenc}", r"\usepackage{helvet}",
        *preambles, r"\begin{document}",
    ]  # fmt: skip
    for frame in frames:
        lines += [r"\begin{frame}{A title}", r"\centering", frame, r"\end{frame}"]
    return "\n".join([*lines, r"\end{document}"])


def pages(pdf: Path) -> int:
    info = subprocess.run([program("pdfinfo"), pdf], capture_output=True, check=True, text=True)
    return int(re.findall(r"Pages: +(\d+)", info.stdout)[0])


@pytest.mark.slow
def test_a_picture_moves_into_a_talk(tmp_path: Path) -> None:
    scenes = frames(draw("ResNet50").scene)
    preamble, pictures = parts(write_tikz(scenes))
    pdf = compiled(talk([preamble], pictures), tmp_path, "talk")
    assert pages(pdf) == len(scenes)
    assert "Bottleneck512" in words(pdf)
    assert difference(grey(pdf, 1), grey(pdf, len(scenes))) > 0.02


@pytest.mark.slow
def test_figures_share_a_talk(tmp_path: Path) -> None:
    figures = [
        write_tikz([draw("ResNet50").scene]),
        write_tikz([draw("LeNet5", theme="dark").scene]),
        write_tikz([draw("UNet", theme="print").scene]),
        write_tikz([boxes(HOSTILE)]),
    ]
    alone = [compiled(text, tmp_path, f"alone{i}") for i, text in enumerate(figures)]
    copied = [parts(text) for text in figures]
    # the first one again at the end: those between leave nothing behind
    order = [*range(len(figures)), 0]
    preambles = [preamble for preamble, _ in copied]
    shared = compiled(talk(preambles, [copied[i][1][0] for i in order]), tmp_path, "talk")
    pasted = [rf"\archfit{{\includegraphics{{{alone[i].stem}}}}}" for i in order]
    single = compiled(talk(preambles[:1], pasted), tmp_path, "single")
    for page, _ in enumerate(order, 1):
        assert difference(grey(shared, page), grey(single, page)) < ALIKE


@pytest.mark.slow
def test_pills_that_became_rectangles_would_be_noticed(tmp_path: Path) -> None:
    preamble, (picture,) = parts(write_tikz([draw("ResNet50").scene]))
    other = picture.replace("draw=archline, rounded corners=12pt", "draw=archline", 1)
    assert other != picture
    pdf = compiled(talk([preamble], [picture, other]), tmp_path, "talk")
    assert difference(grey(pdf, 1), grey(pdf, 2)) > 3 * ALIKE


@pytest.mark.slow
def test_styles_of_another_figure_would_be_noticed(tmp_path: Path) -> None:
    light, dark = (parts(write_tikz([draw("LeNet5", theme=t).scene])) for t in ("light", "dark"))
    defined = r"  \\definecolor[\s\S]*?\n\n"
    found = re.findall(defined, dark[1][0])[0]
    mixed = re.sub(defined, "", light[1][0])
    pdf = compiled(talk([light[0], found], [light[1][0], mixed]), tmp_path, "talk")
    assert difference(grey(pdf, 1), grey(pdf, 2)) > 10 * ALIKE


def test_one_preamble_is_enough_for_all_figures() -> None:
    texts = [
        write_tikz([draw("LeNet5").scene]),
        write_tikz([draw("ResNet50", theme="dark").scene]),
        write_tikz(frames(draw("LeNet5", theme="print").scene)),
        write_tikz([boxes(["中"])]),
    ]
    assert len({parts(text)[0] for text in texts}) == 1
    # a frame of beamer holds no parameters of commands
    assert not any(re.search(r"(?<!\\)#", parts(text)[1][0]) for text in texts)


@pytest.mark.parametrize("network", ["LeNet5", pytest.param("GoogLeNet", marks=pytest.mark.slow)])
def test_a_pasted_picture_fits_a_frame(network: str, tmp_path: Path) -> None:
    preamble, pictures = parts(write_tikz([draw(network, view="layers").scene]))
    compiled(talk([preamble], pictures), tmp_path, "talk")
    # without it, it would not
    too_large = pictures[0].replace(r"\archfit", "")
    assert too_large != pictures[0]
    with pytest.raises(AssertionError, match="Overfull"):
        compiled(talk([preamble], [too_large]), tmp_path, "large")


def test_scenes_that_are_no_reveal_are_pictures_of_their_own(tmp_path: Path) -> None:
    pdf = compiled(write_tikz([boxes(["one"]), boxes(["two"])]), tmp_path)
    assert {"one", "two"} == set(re.findall("one|two", words(pdf)))


def test_text_of_a_spec_is_only_text(tmp_path: Path) -> None:
    (tmp_path / "secret.tex").write_text("LEAKED")
    attack = r"\input{secret}%"
    texts = [attack, *HOSTILE]
    found = words(compiled(write_tikz([boxes(texts)]), tmp_path))
    assert "LEAKED" not in found and not (tmp_path / "pwned").exists()
    for said in (attack, *HOSTILE[:2], "--", "---", "<<>>", ",,", "[0pt]|", "_{x}a_{b}", '"'):
        assert _squeezed(said) in found, said
    assert "[U+4E2D][U+6587]" in found and "[U+202E]" in found and "[U+1F642]" in found
    assert "Łódź" in found and "α→β" in found and "⊕" in found


def test_letters_that_a_talk_has_are_left_to_it(tmp_path: Path) -> None:
    preamble, pictures = parts(write_tikz([boxes(["中 文"])]))
    own = r"\DeclareUnicodeCharacter{4E2D}{zhong}"
    found = words(compiled(talk([own, preamble], [*pictures, "中"]), tmp_path))
    assert found.count("zhong") == 2 and "[U+6587]" in found and "4E2D" not in found


def test_a_hostile_label_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "secret.tex").write_text("LEAKED")
    text = write_tikz([boxes([r"\input{secret}%"])])
    raw = text.replace(tex(r"\input{secret}%"), r"\input{secret}")
    assert raw != text and "LEAKED" in words(compiled(raw, tmp_path))


def test_all_signs_are_known_to_pdflatex(tmp_path: Path) -> None:
    signs = sorted(KNOWN | set(MATH))
    lines = ["".join(signs[i : i + 25]) for i in range(0, len(signs), 25)]
    text = write_tikz([boxes(lines)])
    assert r"\archsign" not in parts(text)[1][0]
    compiled(text, tmp_path)


def test_nothing_ends_a_comment() -> None:
    assert comment("a\nb\r\\x\u2028\x85\x00é") == "a b \\x ?e"
    for text in HOSTILE:
        assert all(" " <= c <= "~" for c in comment(text))
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u202e]", tex(text))


def test_polygons_subscripts_and_turned_text(tmp_path: Path) -> None:
    face = Polygon(((20, 20), (80, 10), (80, 60), (20, 70)), "#D6E4F0", "#0072B2", dashed=True)
    marks = (
        face,
        Text(50, 40, "W_{s}∘Y", 12, colour="#1A1A1A", math=True, halo="#FFFFFF"),
        Text(10, 60, "turned", 10.5, "end", colour="#123456", turned=True),
    )
    volume = Group("box", "v", marks, bounds=Rect(20, 10, 60, 60), within=("net",))
    line = Route(((80, 40), (120, 40), (120, 80)), "#444444", curved=False, dash="dotted")
    lines = Group("line", "flow", (line,), ends=("v", "nowhere"), within=("net",))
    scene = Scene(200, 100, "t", "d", "#FFFFFF", groups=[lines, volume])
    text = write_tikz([scene])
    assert r"W\textsubscript{s}" in text and "rotate=90" in text and "-- cycle" in text
    assert "(W-s-Y.east) -| (120,80)" in text
    pdf = compiled(text, tmp_path)
    assert "turned" in words(pdf)
    assert difference(grey(pdf), svg_picture(scene, tmp_path)) < 0.03


def test_text_may_have_any_size(tmp_path: Path) -> None:
    sizes = (9, 10.5, 12, 13, 14, 18)
    marks = tuple(Text(99, 20 * size, f"size {size}", size, colour="#1A1A1A") for size in sizes)
    scene = Scene(200, 400, "t", "d", "#FFFFFF", groups=[Group("box", "b", marks)])
    found = words(compiled(write_tikz([scene]), tmp_path))
    assert all(f"size{size}" in found for size in sizes)


def test_lines_begin_and_end_at_boxes() -> None:
    text = write_tikz([draw("ResNet50").scene])
    drawn = re.findall(r"\\draw\[[^;]*;", text.partition("% ---- legend")[0])
    named = [line for line in drawn if re.search(r"\] \([^()]*\.\w+\)[^;]*\.\w+\);$", line)]
    assert named == drawn
    assert r"(conv1.south) -- (maxpool1.north);" in text
    assert max(map(len, text.splitlines())) <= 125


def test_the_same_text_on_every_run() -> None:
    for network in ("ResNet50", "LeNet5"):
        assert write_tikz([draw(network).scene]) == write_tikz([draw(network).scene])
    text = write_tikz(frames(draw("LeNet5").scene))
    assert text == write_tikz(frames(draw("LeNet5").scene))
