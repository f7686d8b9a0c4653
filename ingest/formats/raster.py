"""Pictures made of pixels: which kind, how large, and the right way up."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pymupdf
from PIL import Image, ImageOps, TiffImagePlugin, WebPImagePlugin

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.image_signature import image_type
from octavo.ingest.formats.picture_ground import on_visible_ground

IMAGE_TYPES = frozenset({"png", "jpeg", "gif", "tiff", "bmp", "webp", "heic", "avif"})
_ORIENTATION = 0x112
_PILLOW_ERRORS = (OSError, SyntaxError, EOFError, struct.error, ValueError, KeyError, TypeError)


@dataclass(frozen=True, slots=True)
class DrawablePicture:
    """A picture that MuPDF draws: its bytes and the size it has by its own resolution, points."""

    data: bytes
    kind: str
    width: float
    height: float


def open_image(data: bytes, kind: str, bounds: FileLimits) -> Any:
    """A `pymupdf.Document`, a page a frame, turned as the file says.

    MuPDF turns JPEG by its EXIF data but PNG and TIFF not, and reads no WebP, HEIC or AVIF. Of
    a moving picture (GIF, WebP, PNG) the first frame is read. Raises DocumentError over
    `bounds.pixels`.
    """
    if kind in _PLUGINS:
        data, kind = _as_png(data, kind, bounds), "png"
    document = pymupdf.open(stream=data, filetype=kind)
    for page in document:
        for image in page.get_image_info():
            bounds.check_pixels(image["width"], image["height"])
    flat = on_visible_ground(data, kind)
    if flat is not None:
        data, kind = flat, "png"
        document = pymupdf.open(stream=data, filetype=kind)
    turned = _upright_frames(data, kind) if kind in ("png", "tiff") else None
    return turned or document


def drawable_picture(data: bytes, bounds: FileLimits) -> DrawablePicture | None:
    """A picture inside a document, or None for a kind that cannot be drawn (EMF, WMF).

    Raises DocumentError over `bounds.pixels` or where the bytes are damaged.
    """
    kind = image_type(data)
    if not kind:
        return None
    if kind in _PLUGINS:
        data, kind = _as_png(data, kind, bounds), "png"
    with pymupdf.open(stream=data, filetype=kind) as document:
        page = document[0]
        for image in page.get_image_info():
            bounds.check_pixels(image["width"], image["height"])
        flat = on_visible_ground(data, kind)
        if flat is not None:
            data, kind = flat, "png"
        return DrawablePicture(data, kind, float(page.rect.width), float(page.rect.height))


def _as_png(data: bytes, kind: str, bounds: FileLimits) -> bytes:
    """What MuPDF does not read. The plugins themselves, not Image.open: Pillow's own limit of
    pixels is a global that we leave alone."""
    try:
        image = _PLUGINS[kind](io.BytesIO(data))
        bounds.check_pixels(image.width, image.height)
        return _png(ImageOps.exif_transpose(image))
    except _PILLOW_ERRORS as error:
        raise DocumentError(f"cannot be opened as {kind}: {error}") from None


def _open_avif(data: io.BytesIO) -> Image.Image:
    try:
        from PIL import AvifImagePlugin
    except ImportError:
        raise DocumentError(
            "is an AVIF picture, which Pillow reads from 11.3 on: pip install -U pillow"
        ) from None
    return AvifImagePlugin.AvifImageFile(data)


def _open_heic(data: io.BytesIO) -> Image.Image:
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise DocumentError(
            "is a HEIC picture, which needs pillow-heif: pip install 'octavo[heic]', or save it "
            "as JPEG or PNG"
        ) from None
    image: Image.Image = HeifImageFile(data)
    return image


_PLUGINS: dict[str, Callable[[io.BytesIO], Image.Image]] = {
    "webp": WebPImagePlugin.WebPImageFile,
    "avif": _open_avif,
    "heic": _open_heic,
}


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    convertible = image if image.mode in ("1", "L", "P", "RGB", "RGBA") else image.convert("RGB")
    convertible.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _upright_frames(data: bytes, kind: str) -> Any | None:
    """A PDF of upright frames, or None where they are upright as they are, or Pillow cannot say."""
    try:
        with Image.open(io.BytesIO(data), formats=(kind.upper(),)) as image:
            frames = getattr(image, "n_frames", 1) if kind == "tiff" else 1
            turns = []
            for n in range(frames):
                image.seek(n)
                turns.append(_orientation(image))
            if all(t in (None, 1) for t in turns):
                return None
            document = pymupdf.open()
            for n in range(frames):
                image.seek(n)
                _add_page(document, ImageOps.exif_transpose(image))
            return document
    except (*_PILLOW_ERRORS, Image.DecompressionBombError):
        return None


def _orientation(image: Image.Image) -> int | None:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        orientation = image.tag_v2.get(_ORIENTATION)
    else:
        orientation = image.getexif().get(_ORIENTATION)
    return orientation if isinstance(orientation, int) else None


def _add_page(document: Any, image: Image.Image) -> None:
    dpi = image.info.get("dpi", (96, 96))
    x, y = (float(d) if 30 <= float(d) <= 2400 else 96.0 for d in dpi)
    page = document.new_page(width=image.width * 72 / x, height=image.height * 72 / y)
    page.insert_image(page.rect, stream=_png(image))
