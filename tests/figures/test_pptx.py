"""What PowerPoint files of figures hold, read by python-pptx and shown by LibreOffice."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from math import dist
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lxml import etree
from PIL import Image
from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE_TYPE

from archlang.figures import DrawingError, draw
from archlang.figures.geometry import Rect
from archlang.figures.scene.model import Group, Route, Scene, Shape, Text, frames
from archlang.figures.writers.pptx import connectors, write_pptx
from archlang.figures.writers.svg import write_svg

from .checks import sampled
from .programs import program

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
NETWORKS = ["LeNet5", "ResNet50", "GoogLeNet", "UNet", "DenseNet121"]
HOSTILE = [
    'a & b < c > "d" \\ _ %',
    "</a:t><p:sp/>",
    "&#0; ]]> <!-- &amp;",
    "卷积 神经网络",
    "🧠🔥",
    "שכבה 3×3 طبقة",
    "x_x0041_y",
]


@cache
def scene(name: str) -> Scene:
    return draw(name).scene


@cache
def written(name: str) -> bytes:
    return write_pptx([scene(name)])


def slides(data: bytes, branch: str = "Choice") -> list[Any]:
    """The slides as PowerPoint ("Choice") or other programs ("Fallback") see them."""
    found: list[Any] = []
    for slide in Presentation(io.BytesIO(data)).slides:
        tree = etree.fromstring(etree.tostring(slide._element))
        for either in list(tree.iter(f"{MC}AlternateContent")):
            either.getparent().replace(either, either.find(f"{MC}{branch}")[0])
        found.append(tree)
    return found


def shapes(data: bytes) -> Iterator[Any]:
    """All shapes that python-pptx knows, those in groups as well."""
    waiting = [s for slide in Presentation(io.BytesIO(data)).slides for s in slide.shapes]
    while waiting:
        shape = waiting.pop(0)
        yield shape
        waiting += getattr(shape, "shapes", [])


def lines(tree: Any) -> list[tuple[int, int]]:
    """The shapes that connectors are glued to; of one that is not, 0."""
    ends: list[tuple[int, int]] = []
    for line in tree.iter(f"{P}cxnSp"):
        glued = (line.find(f".//{A}{tag}") for tag in ("stCxn", "endCxn"))
        start, end = (0 if g is None else int(g.get("id")) for g in glued)
        ends.append((start, end))
    return ends


def about(tree: Any) -> dict[int, Any]:
    return {int(e.get("id")): e for e in tree.iter(f"{P}cNvPr")}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_label_is_there(name: str) -> None:
    found = {p.text for s in shapes(written(name)) if s.has_text_frame for p in _rows(s)}
    assert {"".join(t.text.split()) for t in scene(name).texts} <= {
        "".join(t.split()) for t in found
    }


def _rows(shape: Any) -> list[Any]:
    return list(shape.text_frame.paragraphs)


@pytest.mark.parametrize("name", [*NETWORKS, "VGG16", "FractalNet"])
def test_every_line_is_glued_to_the_boxes_it_joins(name: str) -> None:
    _is_glued(scene(name), slides(written(name))[0])


SIAMESE = str(Path(__file__).parents[1] / "networks" / "siamese.arch")
SHARES = [
    ("LeNet5", "blocks", 0.75), ("VGG16", "blocks", 0.8), ("GoogLeNet", "blocks", 0.8),
    ("ResNet18", "blocks", 0.9), ("ResNet50", "blocks", 0.9), ("UNet", "blocks", 1.0),
    ("DenseNet121", "blocks", 0.75), ("FractalNet", "blocks", 0.7), ("Highway", "blocks", 0.85),
    (SIAMESE, "blocks", 0.85), ("ResNet50", "overview", 0.8), ("GoogLeNet", "overview", 0.8),
]  # fmt: skip
"""Networks of the lecture, and how many of their lines all programs see as glued connectors. The
rest are curves and the lines to the next column, which only PowerPoint does."""


@cache
def shared(name: str, view: Any) -> tuple[Scene, bytes]:
    drawn = draw(name, view=view).scene
    return drawn, write_pptx([drawn])


def attached(data: bytes) -> list[tuple[int, int]]:
    """The shapes that the connectors which python-pptx lists are glued to at both ends."""
    found = [s for s in shapes(data) if s.shape_type == MSO_SHAPE_TYPE.LINE]
    ends = [end for line in found for end in lines(_alone(line._element))]
    known = {s.shape_id for s in shapes(data)}
    return [pair for pair in ends if set(pair) <= known]


def _alone(xml: Any) -> Any:
    around = etree.Element("alone")
    around.append(etree.fromstring(etree.tostring(xml)))
    return around


@pytest.mark.parametrize(("name", "view", "share"), SHARES)
def test_lines_are_attached_for_python_pptx(name: str, view: str, share: float) -> None:
    """Against the lines of the figure; for PowerPoint each of them is."""
    drawn, data = shared(name, view)
    wanted = [g for g in drawn.groups if g.ends is not None]
    assert len(attached(data)) >= share * len(wanted) > 4
    _is_glued(drawn, slides(data)[0])
    assert _straight(drawn) <= _pairs(drawn, data)


def _straight(drawn: Scene) -> Counter[Any]:
    """What straight lines join: where the boxes are."""
    rects = {g.name: g.bounds for g in drawn.groups if g.role == "box"}
    found: Counter[Any] = Counter()
    for group in drawn.groups:
        for mark in group.marks if group.ends else ():
            if isinstance(mark, Route) and _is_straight(mark):
                found[
                    tuple(_key(_place(drawn, rects[e] or Rect(0, 0, 0, 0))) for e in group.ends)
                ] += 1
    return found


def _is_straight(route: Route) -> bool:
    (x, y), (u, v) = route.points[0], route.points[-1]
    away = [abs((p - x) * (v - y) - (q - y) * (u - x)) for p, q in route.points]
    return max(away) < 0.7 * dist((x, y), (u, v))


def _pairs(drawn: Scene, data: bytes) -> Counter[Any]:
    """What connectors join that python-pptx lists."""
    known = {s.shape_id: _key((s.left, s.top, s.width, s.height)) for s in shapes(data)}
    return Counter((known[a], known[b]) for a, b in attached(data))


def _key(place: tuple[float, ...]) -> tuple[int, ...]:
    return tuple(round(value / 12700) for value in place)


def test_a_line_that_python_pptx_does_not_list_is_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The canary: the same figure with each line in two versions, as curves are."""
    monkeypatch.setattr(connectors, "_corners", lambda route: ())
    drawn = scene("ResNet50")
    data = write_pptx([drawn])
    assert len(lines(slides(data)[0])) > 20 and not attached(data)
    assert not _straight(drawn) <= _pairs(drawn, data)


@pytest.mark.parametrize("style", ["flat", "volume"])
def test_lines_are_glued_in_every_style(style: str) -> None:
    drawn = draw("LeNet5", style=style).scene
    _is_glued(drawn, slides(write_pptx([drawn]))[0])


def _is_glued(drawn: Scene, tree: Any) -> None:
    tips = {g.name: g.tip for g in drawn.groups if g.role == "box"}
    rects = {g.name: g.bounds for g in drawn.groups if g.role == "box"}
    wanted = [g.ends for g in drawn.groups if g.ends is not None]
    found, named = lines(tree), about(tree)
    assert len(found) == len(wanted) > 3
    places = {name: _place(drawn, rect) for name, rect in rects.items() if rect is not None}
    for glued, ends in zip(found, wanted, strict=True):
        for number, end in zip(glued, ends, strict=True):
            assert named[number].get("descr", "") == tips[end]
            assert _frame(named[number]) == pytest.approx(places[end], abs=2)


def _place(drawn: Scene, rect: Rect) -> tuple[float, ...]:
    """Where a rectangle of a scene is on a slide that it fills, in EMU."""
    scale = min(drawn.page[0] / drawn.width, drawn.page[1] / drawn.height)
    left = (drawn.page[0] - scale * drawn.width) / 2
    top = (drawn.page[1] - scale * drawn.height) / 2
    ends = left + scale * rect.x, top + scale * rect.y, scale * rect.w, scale * rect.h
    return tuple(12700 * value for value in ends)


def _frame(properties: Any) -> tuple[float, ...]:
    frame = properties.getparent().getparent().find(f"{P}spPr/{A}xfrm")
    off, ext = frame.find(f"{A}off"), frame.find(f"{A}ext")
    return tuple(float(e.get(k)) for e, k in ((off, "x"), (off, "y"), (ext, "cx"), (ext, "cy")))


def test_a_loose_end_would_be_noticed() -> None:
    """The canary of the test above: one end glued to another box."""
    tree = slides(written("ResNet50"))[0]
    glue = next(tree.iter(f"{A}endCxn"))
    glue.set("id", str(lines(tree)[5][1]))
    with pytest.raises(AssertionError):
        _is_glued(scene("ResNet50"), tree)


@pytest.mark.parametrize("name", ["ResNet50", "UNet"])
def test_connectors_that_python_pptx_knows_end_at_their_sites(name: str) -> None:
    found = [s for s in shapes(written(name)) if s._element.tag == f"{P}cxnSp"]
    found = [
        s for s in found if not s._element.spPr.find(f"{A}xfrm").get("rot")
    ]  # python-pptx takes no account of it
    by_id = {s.shape_id: s for s in shapes(written(name))}
    assert len(found) > 15
    gaps: list[float] = []
    for line in found:
        ends = {"stCxn": (line.begin_x, line.begin_y), "endCxn": (line.end_x, line.end_y)}
        for tag, end in ends.items():
            glue = line._element.find(f".//{A}{tag}")
            box = by_id[int(glue.get("id"))]
            gaps.append(dist(_site(box, int(glue.get("idx"))), end) / 12700)
    # a line out of ×N sheets begins below the lowest of them, the site is on the uppermost
    sheets = sum(g.bounds is not None and len(list(_sheets(g))) > 1 for g in scene(name).groups)
    assert sum(gap >= 1 for gap in gaps) <= sheets
    assert max(gaps) < 8


def _sheets(group: Group) -> Iterator[Shape]:
    return (mark for mark in group.marks if group.role == "box" and isinstance(mark, Shape))


def _site(box: Any, index: int) -> tuple[float, float]:
    """The middle of a side: from the top, against the clock; circles have four more between."""
    is_circle = box._element.find(f".//{A}prstGeom").get("prst") == "ellipse"
    x, y = box.left + box.width / 2, box.top + box.height / 2
    sites = (x, box.top), (box.left, y), (x, box.top + box.height), (box.left + box.width, y)
    return sites[index // 2 if is_circle else index]


def test_blocks_are_groups_with_everything_of_them() -> None:
    deck = Presentation(io.BytesIO(written("ResNet50")))
    drawings = [s for s in deck.slides[0].shapes if hasattr(s, "shapes")]
    names = [s.name for s in drawings]
    assert names[:3] == ["ResNet50", "Bottleneck 64", "Bottleneck 64"]
    stages = {s.name: s for s in drawings[0].shapes if s.name.startswith("layer")}
    assert set(stages) == {"layer1", "layer2", "layer3", "layer4"}
    block = next(s for s in stages["layer3"].shapes if s.name == "block Bottleneck 256")
    sorts = [s.name.rpartition(" ")[0].rpartition(" ")[2] for s in block.shapes]
    assert sorts.count("sheet") == 2 and sorts.count("arc") == 1
    texts = [s.text_frame.text for s in block.shapes if s.has_text_frame]
    assert "Bottleneck 256" in texts and "×5" in texts


def test_groups_leave_their_shapes_where_they_are() -> None:
    for tree in slides(written("ResNet50")):
        for frame in tree.iter(f"{P}grpSpPr"):
            places = frame.find(f"{A}xfrm")
            if places is not None and len(places):
                off, ext, inner, size = (dict(e.attrib) for e in places)
                assert (off, ext) == (inner, size)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_box_says_what_it_is(name: str) -> None:
    said = {e.get("descr") or "" for e in about(slides(written(name))[0]).values()}
    tips = {g.tip for g in scene(name).groups if g.role == "box"}
    assert len(tips) > 3 and tips <= said
    others = {g.tip for g in scene(name).groups if g.role != "box"}
    assert all(any(text.startswith(tip) for text in said) for tip in others)


@pytest.mark.parametrize("branch", ["Choice", "Fallback"])
@pytest.mark.parametrize("name", NETWORKS)
def test_numbers_of_shapes_are_unique(name: str, branch: str) -> None:
    for tree in slides(written(name), branch):
        numbers = [e.get("id") for e in tree.iter(f"{P}cNvPr")]
        assert len(numbers) == len(set(numbers)) > 20


def test_title_and_notes() -> None:
    slide = Presentation(io.BytesIO(written("ResNet50"))).slides[0]
    assert slide.shapes.title.text_frame.text == "ResNet50"
    assert slide.notes_slide.notes_text_frame.text.startswith(scene("ResNet50").description)


def test_steps_are_slides_on_which_things_keep_their_number_and_name() -> None:
    shown = frames(scene("ResNet18"))
    trees = slides(write_pptx(shown))
    assert len(trees) == len(shown) > 5
    known: dict[int, str] = {}
    for tree in trees:
        names = {number: e.get("name") for number, e in about(tree).items()}
        assert all(known.get(number, name) == name for number, name in names.items())
        assert set(known) <= set(names)
        known |= names


def test_slide_is_the_page() -> None:
    deck = Presentation(io.BytesIO(write_pptx([draw("LeNet5", fit="4:3").scene])))
    assert (deck.slide_width, deck.slide_height) == (720 * 12700, 540 * 12700)


def test_bytes_are_the_same_on_every_run() -> None:
    code = (
        "import sys; from archlang.figures import draw; "
        "from archlang.figures.writers.pptx import write_pptx; "
        "sys.stdout.buffer.write(write_pptx([draw('ResNet50').scene]))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert other == written("ResNet50")
    entries = zipfile.ZipFile(io.BytesIO(other)).infolist()
    assert {e.date_time for e in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert entries[0].filename == "[Content_Types].xml"


def hostile() -> Scene:
    """Each text in a box with its alternative text, and the boxes in a row joined by lines."""
    groups: list[Group] = []
    for k, words in enumerate(HOSTILE):
        rect = Rect(20, 20 + 60 * k, 300, 40)
        text = Text(170, rect.y + 24, words + "\x00\x1b\ud800\ufffe", 12, colour="#000000")
        box = Shape(rect, "#FFFFFF", "#000000", 4, texts=(text,))
        groups.append(Group("box", f"b{k}", (box,), f"{words}\n\x07tip", bounds=rect))
        if k:
            route = Route(((170, rect.y - 20), (170, rect.y)), "#000000", curved=False)
            groups.append(Group("line", words, (route,), ends=(f"b{k - 1}", f"b{k}")))
    return Scene(340, 450, HOSTILE[0] + "\x00", HOSTILE[1] + "\x0b", "#FFFFFF", groups=groups)


def test_text_of_a_spec_is_only_text() -> None:
    deck = Presentation(io.BytesIO(write_pptx([hostile()])))
    boxes = [s for s in deck.slides[0].shapes if s.has_text_frame]
    assert [s.text_frame.text for s in boxes] == HOSTILE
    assert [s.name for s in boxes] == [words + "\x00\x1b\ud800\ufffe"[4:] for words in HOSTILE]
    tips = [s._element.find(f".//{P}cNvPr").get("descr") for s in boxes]
    assert tips == [f"{words}\ntip" for words in HOSTILE]
    assert deck.core_properties.title == HOSTILE[0]
    assert deck.slides[0].notes_slide.notes_text_frame.text.startswith(HOSTILE[1])


def test_without_python_pptx_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pptx", None)
    with pytest.raises(DrawingError, match="pip install python-pptx"):
        write_pptx([scene("LeNet5")])


def test_python_pptx_is_loaded_when_it_is_used() -> None:
    code = "import sys, archlang.figures.writers.pptx; assert 'pptx' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def pdf(data: bytes, folder: Path) -> Path:
    """What LibreOffice makes of it."""
    file = folder / "figure.pptx"
    file.write_bytes(data)
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    command = [program("soffice"), profile, "--headless", "--convert-to", "pdf"]
    subprocess.run([*command, "--outdir", folder, file], check=True, capture_output=True)
    return file.with_suffix(".pdf")


def shown(file: Path) -> Any:
    """The first page in grey, two pixels a point."""
    tool = program("pdftoppm")
    png = file.with_suffix("")
    subprocess.run([tool, "-r", "144", "-png", "-singlefile", file, png], check=True)
    return np.asarray(Image.open(png.with_suffix(".png")).convert("L"), float)


def as_svg(drawn: Scene) -> Any:
    """The same picture by librsvg from the SVG file, in the middle of a page."""
    w, h = drawn.page
    scale = min(w / drawn.width, h / drawn.height)
    size = round(2 * scale * drawn.width), round(2 * scale * drawn.height)
    svg = write_svg(drawn).encode()
    command = [program("rsvg-convert"), "-w", str(size[0]), "-h", str(size[1])]
    png = subprocess.run(command, input=svg, capture_output=True, check=True).stdout
    sheet = Image.new("L", (round(2 * w), round(2 * h)), drawn.paper)
    picture = Image.open(io.BytesIO(png)).convert("L")
    sheet.paste(picture, (round(w - size[0] / 2), round(h - size[1] / 2)))
    return np.asarray(sheet, float)


def difference(one: Any, other: Any) -> float:
    """How much two pictures differ on average, of 255, a pixel a point."""
    # a page may come out a pixel larger
    h, w = (min(one.shape[k], other.shape[k]) // 2 for k in (0, 1))
    small = [p[: 2 * h, : 2 * w].reshape(h, 2, w, 2).mean((1, 3)) for p in (one, other)]
    return float(np.abs(small[0] - small[1]).mean())


def missing(drawn: Scene, picture: Any, wanted: Any) -> list[Route]:
    """Lines of a scene that are not as dark everywhere in a picture as in the wanted one."""
    routes = [m for g in drawn.groups if g.ends for m in g.marks if isinstance(m, Route)]
    return [route for route in routes if any(_pale(drawn, picture, wanted, route))]


def _pale(drawn: Scene, picture: Any, wanted: Any, route: Route) -> Iterator[bool]:
    corners = () if route.curved else route.points[1:-1]
    for point in sampled(route):
        if all(dist(point, corner) > 6 for corner in corners):  # they are rounded, or not
            yield _darkest(picture, drawn, point) - _darkest(wanted, drawn, point) > 80


def _darkest(picture: Any, drawn: Scene, point: tuple[float, float]) -> float:
    x, y = (round(2 * v / 12700) for v in _place(drawn, Rect(*point, 0, 0))[:2])
    return float(picture[y - 3 : y + 4, x - 3 : x + 4].min())


def words(file: Path) -> str:
    tool = [program("pdftotext"), "-layout", file, "-"]
    return subprocess.run(tool, capture_output=True, check=True, text=True).stdout


def _has_all_labels(drawn: Scene, text: str) -> None:
    said = re.sub(r"\s", "", text)
    flat = {re.sub(r"\s|_\{|\}", "", t.text) for t in drawn.texts if not t.turned}
    assert flat and all(label in said for label in flat), [x for x in flat if x not in said]


def test_libreoffice_opens_it(tmp_path: Path) -> None:
    _has_all_labels(scene("LeNet5"), words(pdf(written("LeNet5"), tmp_path)))


CLOSE = 6.0
"""How much two pictures differ at most, on average of their pixels, of 255."""


@pytest.mark.slow
@pytest.mark.parametrize("branch", ["Choice", "Fallback"])
@pytest.mark.parametrize("name", [*NETWORKS, "FractalNet", "ResNet18"])
def test_libreoffice_shows_the_picture_of_the_svg(name: str, branch: str, tmp_path: Path) -> None:
    """Both as it is for other programs, and with the paths that are made for PowerPoint."""
    drawn, data = scene(name), written(name)
    file = pdf(_unglued(data) if branch == "Choice" else data, tmp_path)
    _has_all_labels(drawn, words(file))
    picture, wanted = shown(file), as_svg(drawn)
    assert difference(picture, wanted) < CLOSE
    led = drawn if branch == "Choice" else _as_led(drawn)
    assert not missing(led, picture, as_svg(led))
    # the canaries: another network, and the same without one of its lines
    assert difference(picture, as_svg(scene("VGG16"))) > 2 * CLOSE
    line = next(g for g in drawn.groups if g.ends)
    fewer = replace(drawn, groups=[g for g in drawn.groups if g is not line])
    assert missing(drawn, as_svg(fewer), wanted) == [line.marks[0]]


def _as_led(drawn: Scene) -> Scene:
    """With lines of two corners that LibreOffice turns half-way, up to 12 points aside."""
    groups: list[Group] = []
    for group in drawn.groups:
        marks = (_half_way(m) if group.ends and isinstance(m, Route) else m for m in group.marks)
        groups.append(replace(group, marks=tuple(marks)))
    return replace(drawn, groups=groups)


def _half_way(route: Route) -> Route:
    if route.curved or len(route.points) != 4:
        return route
    (ax, ay), (bx, by), _, (dx, dy) = route.points
    if abs(by - ay) < 0.01 and abs((ax + dx) / 2 - bx) <= 12:
        bx = (ax + dx) / 2
        return replace(route, points=((ax, ay), (bx, ay), (bx, dy), (dx, dy)))
    if abs(bx - ax) < 0.01 and abs((ay + dy) / 2 - by) <= 12:
        by = (ay + dy) / 2
        return replace(route, points=((ax, ay), (ax, by), (dx, by), (dx, dy)))
    return route


def _unglued(data: bytes) -> bytes:
    """The connectors for PowerPoint as plain shapes, which LibreOffice draws as they are."""
    old, result = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    (tree,) = slides(data)
    for glue in [*tree.iter(f"{A}stCxn"), *tree.iter(f"{A}endCxn")]:
        glue.getparent().remove(glue)
    text = etree.tostring(tree).decode()
    for connector, plain in (("nvCxnSpPr", "nvSpPr"), ("cNvCxnSpPr", "cNvSpPr"), ("cxnSp", "sp")):
        text = re.sub(rf"(</?p:){connector}\b", rf"\1{plain}", text)
    with zipfile.ZipFile(result, "w") as new:
        for name in old.namelist():
            same = old.read(name)
            new.writestr(name, text if name == "ppt/slides/slide1.xml" else same)
    return result.getvalue()


@pytest.mark.slow
def test_libreoffice_has_the_same_connectors_glued(tmp_path: Path) -> None:
    """As many as python-pptx, and so the same share of the figure's lines."""
    files = [tmp_path / f"{number}.pptx" for number in range(len(SHARES))]
    for file, (name, view, _) in zip(files, SHARES, strict=True):
        file.write_bytes(shared(name, view)[1])
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    command = [program("soffice"), profile, "--headless", "--convert-to", "fodp", "--outdir"]
    subprocess.run([*command, tmp_path, *files], check=True, capture_output=True)
    for file, (name, view, share) in zip(files, SHARES, strict=True):
        drawn, data = shared(name, view)
        text = file.with_suffix(".fodp").read_text("utf-8")
        found: list[str] = re.findall(r"<draw:connector [^>]*>", text)
        glued = [f for f in found if "draw:start-shape=" in f and "draw:end-shape=" in f]
        assert len(glued) == len(found) == len(attached(data)), (name, view)
        assert len(glued) >= share * sum(g.ends is not None for g in drawn.groups)
