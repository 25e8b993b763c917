"""PDF figures, opened by poppler, which nobody here wrote: text, fonts, pages, colours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from html import unescape
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont, features
from pypdfium2 import PdfDocument

import archlang.figures
from archlang import compiler
from archlang.figures import DrawingError, draw_scene
from archlang.figures.geometry import Rect
from archlang.figures.scene.model import Group, Route, Scene, Shape, Text, frames
from archlang.figures.writers.fonts import visual
from archlang.figures.writers.pdf import write_pdf

from .programs import program

NETWORKS = ["LeNet5", "ResNet50", "UNet", "DenseNet121"]
MORE = ["AlexNet", "VGG16", "GoogLeNet", "ResNet18", "ResNet152", "FractalNet"]
FONTS = Path(archlang.figures.__file__).parent / "fonts"
INK = "#1A1A1A"


@cache
def scene(name: str) -> Scene:
    return draw_scene(compiler.graph(name))


def poppler(name: str, data: bytes, *options: str) -> str:
    """What a program says of a PDF; what it complains of is its own business."""
    command = [program(name), *options, "-", *(["-"] if name == "pdftotext" else [])]
    done = subprocess.run(command, input=data, capture_output=True, check=True)
    return done.stdout.decode()


def page(*texts: Text) -> Scene:
    return Scene(400, 30 + 30 * len(texts), "t", "d", "#FFFFFF", groups=[Group("box", "b", texts)])


def line(text: str, row: int = 0, **wishes: object) -> Text:
    return Text(20, 30 + 30 * row, text, 12, "start", colour=INK, **wishes)


def words(data: bytes) -> list[tuple[str, Rect]]:
    """The words of a page with the room that each takes."""
    pattern = r'<word xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*?)</word>'
    found = re.findall(pattern, poppler("pdftotext", data, "-bbox"))
    return [
        (unescape(word), Rect(*map(float, (x, y)), float(right) - float(x), float(foot) - float(y)))
        for x, y, right, foot, word in found
    ]


def misplaced(figure: Scene, data: bytes) -> list[str]:
    """The words of a scene that are not found where the scene has them."""
    found = words(data)
    return [
        word
        for text in figure.texts
        for word in ([] if text.math or text.turned else text.text.split())
        if not any(w == word and text.rect.grown(3).holds(room) for w, room in found)
    ]


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def rgb(data: bytes, x: float, y: float) -> tuple[int, ...]:
    """The colour at a point of the first page, as pdftoppm draws it."""
    command = [program("pdftoppm"), "-r", "144", "-f", "1", "-l", "1"]
    done = subprocess.run([*command, "-"], input=data, capture_output=True, check=True)
    header, size, _, pixels = done.stdout.split(b"\n", 3)
    assert header == b"P6"
    w, h = map(int, size.split())
    picture = Image.frombytes("RGB", (w, h), pixels)
    colour = picture.getpixel((round(2 * x), round(2 * y)))
    assert isinstance(colour, tuple)
    return colour


@pytest.mark.parametrize(
    "name", [*NETWORKS, *(pytest.param(n, marks=pytest.mark.slow) for n in MORE)]
)
def test_every_label_is_found_where_it_stands(name: str) -> None:
    figure = scene(name)
    data = write_pdf([figure])
    assert misplaced(figure, data) == []
    everything = squeezed(poppler("pdftotext", data, "-raw"))
    turned = [text.text for text in figure.texts if text.turned]
    assert [text for text in turned if squeezed(text) not in everything] == []


def test_labels_of_another_network_are_not_found() -> None:
    assert len(misplaced(scene("UNet"), write_pdf([scene("LeNet5")]))) > 20


def test_a_label_out_of_place_is_noticed() -> None:
    data = write_pdf([page(line("here"))])
    moved = page(Text(26, 30, "here", 12, "start"))
    assert misplaced(page(line("here")), data) == []
    assert misplaced(moved, data) == ["here"]


@pytest.mark.parametrize("anchor, left", [("start", 200), ("middle", 185), ("end", 170)])
def test_text_hangs_on_its_anchor(anchor: str, left: float) -> None:
    ((_, room),) = words(write_pdf([page(Text(200, 30, "iiiiiiiii", 12, anchor))]))
    assert abs(room.x - left) < 0.1
    assert abs(room.w - 30) < 0.1


def test_turned_text_is_read_upwards() -> None:
    ((_, room),) = words(write_pdf([page(Text(100, 60, "iiiiiiiii", 12, "start", turned=True))]))
    assert abs(room.bottom - 60) < 0.1 and abs(room.y - 30) < 0.1
    assert room.x < 100 < room.right


def test_only_math_has_subscripts() -> None:
    data = write_pdf([page(line("W_{s}x", math=True), line("a_{b}", 1))])
    assert squeezed(poppler("pdftotext", data)) == "Wsxa_{b}"
    boxes = poppler("pdftotext", data, "-bbox")
    assert "a_{b}" in boxes and "W_" not in boxes


def test_text_over_lines_is_there_once_and_hides_them() -> None:
    across = Route(((0, 26), (400, 26)), "#FF0000", 3, arrow=False, curved=False)
    for halo, there in (("#00FF00", (0, 255, 0)), ("", (255, 0, 0))):
        text = Text(100, 30, "i i", 12, "start", colour=INK, halo=halo)
        group = Group("line", "l", (across, text))
        data = write_pdf([Scene(400, 60, "t", "d", "#FFFFFF", groups=[group])])
        assert poppler("pdftotext", data, "-raw").split() == ["i", "i"]
        assert rgb(data, 105.5, 26) == there
        assert rgb(data, 50, 26) == (255, 0, 0)


def test_fonts_are_embedded() -> None:
    table = poppler("pdffonts", write_pdf(frames(scene("ResNet50")))).splitlines()[2:]
    assert {row.split()[0].partition("+")[2] for row in table} == {"DejaVuSans", "DejaVuSans-Bold"}
    for row in table:
        assert row.split()[-5:-2] == ["yes", "yes", "yes"], row  # embedded, a subset, with Unicode


def test_pages_are_the_frames() -> None:
    steps = frames(scene("ResNet50"))
    assert len(steps) > 5
    data = write_pdf(steps)
    facts = poppler("pdfinfo", data, "-f", "1", "-l", "99")
    assert re.search(rf"^Pages:\s+{len(steps)}$", facts, re.M)
    sizes = re.findall(r"^Page\s+\d+ size:\s+([\d.]+) x ([\d.]+) pts", facts, re.M)
    assert len(sizes) == len(steps)
    for w, h in sizes:
        assert abs(float(w) - steps[0].width) < 0.01 and abs(float(h) - steps[0].height) < 0.01
    counts = [len(poppler("pdftotext", data, "-f", n, "-l", n)) for n in ("1", "4")]
    assert counts[0] < counts[1] < len(poppler("pdftotext", write_pdf([steps[-1]])))
    entries = list(PdfDocument(data).get_toc())
    assert [entry.get_title() for entry in entries[:2]] == ["1. ResNet50", "2. ResNet50"]
    assert [entry.get_dest().get_index() for entry in entries] == list(range(len(steps)))


def test_it_says_what_it_is() -> None:
    figure = Scene(100, 100, 'A & "B" <ü>', "25 M · (x\\)", "#FFFFFF")
    facts = poppler("pdfinfo", write_pdf([figure]))
    assert re.search(r'^Title:\s+A & "B" <ü>$', facts, re.M)
    assert re.search(r"^Subject:\s+25 M · \(x\\\)$", facts, re.M)
    assert re.search(r"^Creator:\s+archlang$", facts, re.M)
    assert "CreationDate" not in facts and "ModDate" not in facts


def test_shapes_have_their_colours() -> None:
    shape = Shape(Rect(20, 20, 40, 40), "#0000FF", "#FF0000", radius=20, width=4)
    figure = Scene(80, 80, "t", "d", "#FFFF00", groups=[Group("box", "b", (shape,))])
    data = write_pdf([figure])
    assert rgb(data, 40, 40) == (0, 0, 255)
    assert rgb(data, 20, 40) == (255, 0, 0)
    assert rgb(data, 22, 22) == (255, 255, 0)  # a circle does not reach the corner


HOSTILE = [
    "&<>\"'\\_%$#{}~^`[]()",
    "abc\\) Tj ET (x",
    "αβγ ΩΣ Привет Ёлка",
    "卷积层 3×3",
    "畳み込み層 ひらがな",
    "합성곱 층",
    "emoji 🚀🔥 x",
    "हिन्दी ไทย",
    "龘𠀀 �",
    "W∘Y ⊕ ⊗ → ≤ x² aₙ",
]


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_only_text(text: str, bold: bool) -> None:
    found = poppler("pdftotext", write_pdf([page(line(text, bold=bold))]))
    assert squeezed(found) == squeezed(text)


@pytest.mark.parametrize("text", ["שלום עולם", "طبقة الالتفاف"])
def test_text_from_right_to_left_is_found(text: str) -> None:
    found = poppler("pdftotext", write_pdf([page(line(text))]))
    kept = "".join(c for c in normalize("NFKC", found) if c not in "\u202b\u202c\f")
    assert kept.split() == text.split()


def test_control_characters_are_left_out() -> None:
    text = "a\x00b\x1bc\ud800d\u202ee\u200df\tg\nh"
    figure = Scene(200, 60, text, text, "#FFFFFF", groups=[Group("box", "b", (line(text),))])
    data = write_pdf([figure, figure])
    assert poppler("pdftotext", data, "-l", "1").split() == ["abcdef", "g", "h"]
    assert re.search(r"^Title:\s+abcdef g h$", poppler("pdfinfo", data), re.M)


@settings(deadline=None)
@given(st.text(alphabet="ab אבג ابلاةتف 12.,+-×", min_size=1, max_size=12))
def test_order_and_forms_are_those_of_fribidi(text: str) -> None:
    if not features.check("raqm"):
        pytest.skip("Pillow has no raqm")
    text = text.strip() or "a"
    font = ImageFont.truetype(
        str(FONTS / "DejaVuSans.ttf"), 16, layout_engine=ImageFont.Layout.RAQM
    )

    def picture(written: str) -> bytes:
        image = Image.new("L", (320, 32))
        ImageDraw.Draw(image).text((4, 4), written, 255, font=font, direction="ltr")
        return image.tobytes()

    as_drawn, left_to_right = f"\u202d{visual(text)}\u202c", f"\u202a{text}\u202c"
    assert picture(as_drawn) == picture(left_to_right)


def test_same_bytes_in_every_process() -> None:
    code = (
        "import sys; from archlang import compiler; from archlang.figures import draw_scene;"
        "from archlang.figures.writers.pdf import write_pdf;"
        "s = draw_scene(compiler.graph('LeNet5'));"
        "write_pdf([s]); sys.stdout.buffer.write(write_pdf([s, s]))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": s},
        ).stdout
        for s in ("1", "2")
    ]
    assert runs[0].startswith(b"%PDF-1.5")
    assert runs[0] == runs[1] == write_pdf([scene("LeNet5")] * 2)


def test_a_missing_library_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "reportlab.pdfgen.canvas", None)
    with pytest.raises(DrawingError, match="pip install reportlab"):
        write_pdf([page(line("x"))])


def test_shipped_fonts_have_their_licence_and_stay_small() -> None:
    fonts = list(FONTS.glob("*.ttf"))
    assert len(fonts) == 2
    assert sum(font.stat().st_size for font in fonts) < 600_000
    assert "Bitstream" in (FONTS / "LICENSE").read_text("utf-8")
