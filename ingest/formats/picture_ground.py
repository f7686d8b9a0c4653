"""Pictures with transparent parts on a ground on which their contents are seen.

Pages are white, and white letters on nothing were a blank page.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageOps

_SAMPLE = 1200  # pixels of the longer side that are looked at
_MOST_PIXELS = 50_000_000  # of a picture: larger ones would take gigabytes to set on a ground
_TRANSPARENT = 0.05  # share of the pixels, at least: else there is no ground to choose
_LIGHT, _DARK = 0.8, 0.35  # brightness from 0 to 1
_SHARE = 0.1  # of what is seen, in light or dark pixels, that counts
_GROUNDS = {"black": (0, 0, 0), "grey": (128, 128, 128)}
_DAMAGE = (OSError, SyntaxError, EOFError, ValueError, KeyError, TypeError)


def on_visible_ground(data: bytes, kind: str) -> bytes | None:
    """A PNG without transparency where white would hide a part of the picture; else None."""
    if kind not in ("png", "gif"):
        return None
    try:
        with Image.open(io.BytesIO(data), formats=(kind.upper(),)) as image:
            if "A" not in image.getbands() and "transparency" not in image.info:
                return None
            if image.width * image.height > _MOST_PIXELS:
                return None
            colours = ImageOps.exif_transpose(image).convert("RGBA")
            ground = _ground(colours)
            if not ground:
                return None
            flat = Image.new("RGBA", colours.size, (*_GROUNDS[ground], 255))
            flat.alpha_composite(colours)
            out = io.BytesIO()
            flat.convert("RGB").save(out, "PNG", compress_level=1, dpi=image.info.get("dpi"))
            return out.getvalue()
    except (*_DAMAGE, Image.DecompressionBombError):
        return None  # MuPDF may read what Pillow does not


def _ground(image: Image.Image) -> str:
    """`black` for a picture of light parts, `grey` for one of light and dark parts, empty for one
    that white does not hide."""
    sample = image.reduce(max(1, max(image.size) // _SAMPLE))
    pixels = np.asarray(sample, np.float32) / 255.0
    alpha = pixels[..., 3]
    seen = alpha > 0.5
    if not seen.any() or float((alpha < 0.5).mean()) < _TRANSPARENT:
        return ""
    brightness = (pixels[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32))[seen]
    light = float((brightness > _LIGHT).mean())
    if light < _SHARE:
        return ""
    return "grey" if float((brightness < _DARK).mean()) >= _SHARE else "black"
