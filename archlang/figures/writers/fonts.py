"""Which font writes which characters in PDF: the shipped DejaVu Sans, else Asian fonts of the
viewer, else a box that stands for a character no font has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO
from itertools import groupby
from unicodedata import bidirectional, category, normalize

from archlang.figures.writers.libraries import library

REGULAR, BOLD = "archlang DejaVuSans", "archlang DejaVuSans-Bold"
_MISSING = "□"


@dataclass(frozen=True, slots=True)
class Face:
    """A font that is not embedded: the character set it is made for, and a character of it."""

    characters: str
    sample: str


_JAPANESE, _KOREAN, _CHINESE = "HeiseiKakuGo-W5", "HYGothic-Medium", "STSong-Light"
FACES = {
    _JAPANESE: Face("cp932", "あ"),
    _KOREAN: Face("cp949", "한"),
    _CHINESE: Face("gbk", "这"),
}
"""Fonts that viewers of PDF bring or find a substitute for: they are named, not embedded."""
_ASIAN = ((0x1100, 0x11FF), (0x2E80, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF), (0xFF00, 0xFFEF))


@dataclass(frozen=True, slots=True)
class Piece:
    """Text in one font."""

    text: str
    font: str
    read: str = ""
    """What it says, where a viewer may be unable to tell from what is drawn."""

    def width(self, size: float) -> float:
        """How many points it takes."""
        metrics = library("reportlab.pdfbase.pdfmetrics", "reportlab")
        return float(metrics.stringWidth(self.text, self.font, size))


def shipped() -> str:
    """The name by which reportlab knows the font of plain text from now on.

    Raises:
        DrawingError: reportlab is not installed.
    """
    return next(iter(_characters()))


def visible(text: str) -> str:
    """Text without control characters, direction marks and halves of characters."""
    spaced = "".join(" " if c in "\t\n\r" else c for c in text)
    kept = (c for c in spaced if category(c) not in ("Cc", "Cf", "Cs"))
    return normalize("NFC", "".join(c for c in kept if not 0xFE00 <= ord(c) <= 0xFE0F))


def visual(text: str) -> str:
    """A line with its characters from left to right, Arabic letters as they join each other.

    Raises:
        DrawingError: the text is read from right to left, and a library for that is missing.
    """
    if not any(bidirectional(char) in ("R", "AL") for char in text):
        return text
    shaped = library("arabic_reshaper", "arabic-reshaper").reshape(text)
    return str(library("bidi", "python-bidi").get_display(shaped, base_dir="L"))


def pieces(text: str, bold: bool, asian: bool = True) -> list[Piece]:
    """A line of text as pieces of one font each, from left to right.

    `asian`: whether fonts for Chinese, Japanese and Korean may be used, which only the reader has.

    Raises:
        DrawingError: reportlab is not installed.
    """
    fonts = (BOLD, REGULAR) if bold else (REGULAR,)
    faces = _preferred(text) if asian else []
    homes = [(char, _font(char, fonts, faces)) for char in visual(visible(text))]
    found: list[Piece] = []
    for font, pairs in groupby(homes, key=lambda pair: pair[1]):
        run = "".join(char for char, _ in pairs)
        if font in ("", *FACES):
            found.append(Piece(run if font else _MISSING * len(run), font or REGULAR, run))
        else:
            found.append(Piece(run, font))
    return found


def _font(char: str, fonts: Iterable[str], asian: Iterable[str]) -> str:
    """The first font that has a character; none: the empty string."""
    for font in fonts:
        if ord(char) in _characters()[font]:
            return font
    if any(first <= ord(char) <= last for first, last in _ASIAN):
        return next((face for face in asian if _holds(face, char)), "")
    return ""


def _preferred(text: str) -> list[str]:
    """The Asian fonts, first that of the language that its own letters show a text to be in."""
    kana = any("\u3040" <= c <= "\u30ff" for c in text)
    hangul = any("\uac00" <= c <= "\ud7af" for c in text)
    first = [_JAPANESE] * kana + [_KOREAN] * hangul + [_CHINESE, _JAPANESE, _KOREAN]
    return list(dict.fromkeys(first))


def _holds(face: str, char: str) -> bool:
    """Whether a font has a character: those of its country's character set, which we know."""
    try:
        char.encode(FACES[face].characters)
    except UnicodeEncodeError:
        return False
    _registered(face)
    return True


@cache
def _registered(face: str) -> None:
    cid = library("reportlab.pdfbase.cidfonts", "reportlab")
    library("reportlab.pdfbase.pdfmetrics", "reportlab").registerFont(cid.UnicodeCIDFont(face))


@cache
def _characters() -> dict[str, frozenset[int]]:
    """The fonts that come with archlang, made known to reportlab, with the characters they have."""
    metrics = library("reportlab.pdfbase.pdfmetrics", "reportlab")
    ttf = library("reportlab.pdfbase.ttfonts", "reportlab")
    known: dict[str, frozenset[int]] = {}
    for font in (REGULAR, BOLD):
        file = files("archlang.figures") / "fonts" / f"{font.removeprefix('archlang ')}.ttf"
        made = ttf.TTFont(font, BytesIO(file.read_bytes()), asciiReadable=True, shapable=False)
        metrics.registerFont(made)
        known[font] = frozenset(made.face.charToGlyph)
    return known
