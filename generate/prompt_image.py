"""Pictures of a prompt: PNG, within the size that a model takes."""

from __future__ import annotations

import io
from collections.abc import Callable

from octavo.index.image_files import open_image
from octavo.ingest.document import Region

_THIN = 32  # pixels: processors refuse or lose thinner pictures, so they get a white margin

#: A region of a stored document and the longest side in pixels to a PNG.
#: Raises DocumentError, StoreError or ValueError where there is none.
Crop = Callable[[Region, int], bytes]


def resized_png(data: bytes, pixels: int) -> bytes:
    """PNG, longest side `pixels` at most, no side under 32. Raises ValueError for no image."""
    image = open_image(data, pixels)
    image.thumbnail((pixels, pixels))
    if min(image.size) < _THIN:
        from PIL import Image

        sheet = Image.new("RGB", (max(_THIN, image.width), max(_THIN, image.height)), "white")
        sheet.paste(image, (0, 0))
        image = sheet
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
