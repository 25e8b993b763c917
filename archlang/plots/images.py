"""Images to draw over: any file that Pillow opens, upright and in colours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archlang.diagnostics.catalog.fields import UnreadableImage
from archlang.files import open_regular
from archlang.problems import about

if TYPE_CHECKING:
    from PIL.Image import Image

_LARGEST = 1600
"""Pixels of an image on its longer side; a slide shows no more."""


def read_image(path: Path) -> Image:
    """An image of any kind that Pillow reads, upright, in colours.

    Raises:
        SpecError: it is none, or cannot be read.
    """
    from PIL import Image as Images
    from PIL import ImageOps, UnidentifiedImageError

    try:
        with open_regular(path) as file, Images.open(file) as image:
            image.draft("RGB", (_LARGEST, _LARGEST))
            upright = ImageOps.exif_transpose(image).convert("RGB")
            upright.thumbnail((_LARGEST, _LARGEST))
            return upright
    except UnidentifiedImageError:
        reason = "it is no image"
    except Images.DecompressionBombError:
        reason = "it has too many pixels"
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    except (ValueError, SyntaxError) as error:  # Pillow's own words for files that break off
        reason = str(error)
    raise about(str(path), UnreadableImage(file=str(path), reason=reason))
