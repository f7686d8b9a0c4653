"""Image files of a batch to pixels, decoded side by side."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PIL import Image

from octavo.index.image_files import open_image

_THREADS = min(8, os.cpu_count() or 1)


def open_images(images: Sequence[bytes], side: int = 0) -> list[Image.Image]:
    """RGB images (see `open_image`); Pillow lets go of the GIL while it decodes."""
    if len(images) < 2:
        return [open_image(data, side) for data in images]
    with ThreadPoolExecutor(min(_THREADS, len(images))) as pool:
        return list(pool.map(lambda data: open_image(data, side), images))


def side_of(size: Any) -> int:
    """Longest side in pixels of what an image processor's `size` describes: a number, a pair, or
    names with numbers; 0 if it says nothing."""
    if size is None:
        return 0
    if isinstance(size, int):
        return size
    values = size if isinstance(size, list | tuple) else dict(size).values()
    return max((v for v in values if isinstance(v, int)), default=0)
