"""Encoded image files to pixels, within limits; never a traceback of the decoder's."""

from __future__ import annotations

import io
import struct

from PIL import Image, ImageOps, UnidentifiedImageError

_MAX_PIXELS = 50_000_000
_FORMATS = ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP")  # never those that start a program


def open_image(data: bytes, side: int = 0) -> Image.Image:
    """RGB, turned as its EXIF says, what is transparent as white paper.

    `side` pixels are all that is needed: a JPEG may then be decoded smaller, at a tenth of the
    time. Raises ValueError for bytes that are no image, or one of over 50 million pixels.
    """
    try:
        opened = Image.open(io.BytesIO(data), formats=_FORMATS)
        if opened.width * opened.height > _MAX_PIXELS:
            raise ValueError(
                f"the image has {opened.width} x {opened.height} pixels; at most "
                f"{_MAX_PIXELS // 1_000_000} million are read"
            )
        if side:
            opened.draft("RGB", (2 * side, 2 * side))
        return _flat(ImageOps.exif_transpose(opened))
    except UnidentifiedImageError:
        raise ValueError(
            f"the image cannot be read: it is no {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}"
        ) from None
    except (OSError, SyntaxError, EOFError, struct.error) as error:
        raise ValueError(f"the image cannot be read: {error}") from None
    except Image.DecompressionBombError as error:
        raise ValueError(f"the image cannot be read: {error}") from None


def _flat(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")
