"""Similarity of a question to each patch of a picture, by a patch encoder, and it drawn."""

from __future__ import annotations

import io
import math

import numpy as np

from octavo.index.encoders.encoder import Matrix, PatchEncoder
from octavo.index.image_files import open_image

_PIXELS = 1024  # longest side of a picture that is drawn
_CORNER = 8  # a corner is this part of a side; its colours are inverted to find its rows
_MIN_CHANGE = 0.5  # of the greatest change of a row: the row is of the corner
_MAX_ASPECT_RATIO = 2.0  # times that a grid may be wider or higher than its picture
_RED = (213, 0, 0)
_OPAQUE = 0.65  # of the colour where the similarity is 1


def similarity_map(question: str, image: bytes, encoder: PatchEncoder) -> Matrix | None:
    """`(rows, columns)` float32, 0 to 1: for each patch how far its cosines with the question's
    tokens stand above those of the other patches, summed over the tokens.

    None where the grid cannot be told. Contracts give rows without places, some of them marks or a
    prompt: the first and last patch are those that change most when the colours of their
    corner are inverted.
    Raises ValueError for bytes that are no image.
    """
    picture = open_image(image, _PIXELS).convert("RGB")
    with_corner = [_inverted_corner(image, corner) for corner in (0, 1)]
    plain, first, last = encoder.embed_patches([image, *with_corner])
    if not len(plain) == len(first) == len(last):
        return None
    start, end = min(_changed_rows(plain, first)), max(_changed_rows(plain, last)) + 1
    grid = _grid(end - start, picture.width / picture.height)
    if grid is None:
        return None
    cosines = encoder.query_tokens([question])[0] @ plain[start:end].T
    excess = np.maximum(0, cosines - cosines.mean(axis=1, keepdims=True)).sum(axis=0)
    greatest = float(excess.max())
    scaled = excess / greatest if greatest > 0 else excess
    return np.asarray(scaled.reshape(grid), np.float32)


def draw_similarity_map(image: bytes, grid: Matrix) -> bytes:
    """PNG of the picture with `grid` `(rows, columns)` float32, 0 to 1, over it in red; its longest
    side 1024 pixels at most. Raises ValueError for bytes that are no image."""
    from PIL import Image

    picture = open_image(image, _PIXELS).convert("RGB")
    picture.thumbnail((_PIXELS, _PIXELS))
    cover = Image.fromarray(np.asarray(255 * _OPAQUE * grid, np.uint8))
    mask = cover.resize(picture.size, Image.Resampling.BICUBIC)
    red = Image.new("RGB", picture.size, _RED)
    out = io.BytesIO()
    Image.composite(red, picture, mask).save(out, "PNG")
    return out.getvalue()


def _inverted_corner(image: bytes, corner: int) -> bytes:
    """The picture with its top left (0) or bottom right (1) corner in the opposite colours."""
    from PIL import ImageOps

    picture = open_image(image, _PIXELS).convert("RGB")
    width, height = max(1, picture.width // _CORNER), max(1, picture.height // _CORNER)
    x, y = corner * (picture.width - width), corner * (picture.height - height)
    box = (x, y, x + width, y + height)
    picture.paste(ImageOps.invert(picture.crop(box)), box)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _changed_rows(plain: Matrix, inverted: Matrix) -> list[int]:
    """The rows that changed by at least half of the greatest change."""
    change = np.linalg.norm(plain - inverted, axis=1)
    return [int(n) for n in np.flatnonzero(change >= _MIN_CHANGE * change.max())]


def _grid(patches: int, aspect: float) -> tuple[int, int] | None:
    """Rows and columns of `patches`, in the shape nearest to the picture's (width / height), or
    square, as models have it that stretch every picture."""
    shapes = [(r, patches // r) for r in range(1, patches + 1) if patches % r == 0]
    if not shapes:
        return None
    best = min(shapes, key=lambda s: abs(math.log(s[1] / s[0] / aspect)))
    if max(best[1] / best[0] / aspect, aspect * best[0] / best[1]) <= _MAX_ASPECT_RATIO:
        return best
    side = math.isqrt(patches)
    return (side, side) if side * side == patches else None
