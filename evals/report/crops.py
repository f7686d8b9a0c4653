"""Pages of an index as small pictures, gold and found boxes marked in different colours."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from octavo.evals.report.html import Html, tag

if TYPE_CHECKING:
    from PIL import Image

    from octavo.api.service import Service
    from octavo.ingest.document import Box

_BYTES = 60_000  # of one picture; a page has two dozen
_PIXELS = 900  # longest side
_QUALITIES = (80, 65, 50, 35)


@dataclass(frozen=True, slots=True)
class PagePictures:
    """Where pictures come from; `why` says why there are none."""

    service: Service | None
    why: str = ""

    def page(self, name: str, page: int, gold: Sequence[Box], found: Sequence[Box]) -> Html:
        """The page as an `img`, or nothing where the index does not have it."""
        if self.service is None:
            return Html("")
        from octavo.index.store import StoreError
        from octavo.ingest.document import DocumentError

        try:
            picture = _marked(self.service, name, page, gold, found)
        except (StoreError, DocumentError) as error:
            return tag("p", f"no picture of {name}, page {page}: {error}", class_="note")
        data, size = _jpeg(picture)
        uri = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
        return tag(
            "img", src=uri, alt=f"{name}, page {page}", width=size[0], height=size[1],
            loading="lazy",
        )  # fmt: skip


@contextmanager
def page_pictures(index: str, profile: str) -> Iterator[PagePictures]:
    """The index opened for reading pages; one that cannot be opened gives a shelf without
    pictures that says why."""
    opened = _open(index, profile)
    try:
        yield opened
    finally:
        if opened.service is not None:
            opened.service.close()


def _open(index: str, profile: str) -> PagePictures:
    if not index:
        return PagePictures(None, "the run does not name its index; give it with --index.")
    if "://" in index:
        return PagePictures(None, "the index is on a server; give an embedded one with --index.")
    from octavo.api.model_profile import SettingsError, read_profile
    from octavo.api.service import Service
    from octavo.api.settings import Settings
    from octavo.index.encoders.encoder import ModelError
    from octavo.index.store import StoreError

    try:
        read_profile(profile)
    except SettingsError:
        profile = "builtin"  # a row names a profile of one's own, but not its file
    try:
        settings = Settings(index=Path(index), profile=profile, store="", knn="")
        return PagePictures(Service(settings))
    except (StoreError, SettingsError, ModelError, ValueError, OSError) as error:
        return PagePictures(None, f"the index cannot be opened: {error}")


def _marked(
    service: Service, name: str, page: int, gold: Sequence[Box], found: Sequence[Box]
) -> Image.Image:
    """Gold boxes in the ink of `page_png` (red on yellow), found ones with red and blue swapped.

    The page's scale is not told, so the found boxes are taken from a second rendering: where it
    differs from the bare page.
    """
    from PIL import Image, ImageChops

    def drawn(boxes: Sequence[Box]) -> Image.Image:
        return Image.open(io.BytesIO(service.page_png(name, page, boxes))).convert("RGB")

    picture = drawn(gold)
    if found:
        other = drawn(found)
        changed = (
            ImageChops.difference(other, drawn(())).convert("L").point(lambda v: 255 * (v > 0))
        )
        red, green, blue = other.split()
        picture = Image.composite(Image.merge("RGB", (blue, green, red)), picture, changed)
    picture.thumbnail((_PIXELS, _PIXELS), Image.Resampling.LANCZOS)
    return picture


def _jpeg(picture: Image.Image) -> tuple[bytes, tuple[int, int]]:
    """JPEG of at most `_BYTES`, and its size: first the quality falls, then the size."""
    while True:
        for quality in _QUALITIES:
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=quality, optimize=True)
            if out.tell() <= _BYTES:
                return out.getvalue(), picture.size
        picture = picture.resize((picture.width * 3 // 4, picture.height * 3 // 4))
