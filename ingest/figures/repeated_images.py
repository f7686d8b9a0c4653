"""Pictures that a document repeats from page to page: logos, banners, backgrounds of headers.

The rule: a picture on at least three pages and a quarter of all is a decoration if it covers at
most a tenth of each; one that covers up to half of each, if it is on half of the pages. "The same"
is: the same bytes in the file, or at the same place and looking the same. Up to 48 pages, spread
evenly, stand for all. No figure is made of a decoration. What is small on its page is none either,
however often it is there (`find_figures.py`).
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymupdf

from octavo.ingest.document import Box
from octavo.ingest.open_document import MUPDF_ERRORS

_SAMPLE = 48  # pages looked at
_PAGES = 3  # that have it, at least
_SMALL, _OF_SMALL = 0.10, 0.25  # share of the page covered at most, share of pages at least
_LARGE, _OF_LARGE = 0.50, 0.50
_LEAST = 0.004  # of the page: what is smaller makes no figure anyway
_SIDE = 24  # pixels of the square that a look is kept in
_ALIKE = 24  # levels of 255 by which no pixel of that square may differ
_PLACE = 4.0  # points

_GridBox = tuple[int, int, int, int]
_Info = dict[str, Any]  # an item of `page.get_image_info()`


@dataclass(frozen=True, slots=True)
class ImageLook:
    """How the same place looks on many pages."""

    place: _GridBox
    pixels: bytes  # `_SIDE` x `_SIDE` levels of grey


@dataclass(frozen=True, slots=True)
class RepeatedImages:
    """Those of one document: by hash of the stored bytes, and by place and look."""

    hashes: frozenset[bytes] = frozenset()
    looks: tuple[ImageLook, ...] = ()

    def without(self, page: Any, images: Sequence[Box]) -> list[Box]:
        """The images of a page (in the order of its content) that are no decorations."""
        if not images or not (self.hashes or self.looks):
            return list(images)
        image_hashes = _hashed_images(page, lambda stored: stored.hash in self.hashes)
        if len(image_hashes) != len(images):
            return list(images)
        return [
            b
            for b, (i, h) in zip(images, image_hashes, strict=True)
            if not self._is_repeated(page, i, h)
        ]

    def _is_repeated(self, page: Any, info: _Info, stored: bytes) -> bool:
        if _share(page, info) > _LARGE:
            return False
        place = _grid_box(info)
        here = [look for look in self.looks if look.place == place]
        return stored in self.hashes or (
            bool(here) and any(_look_alike(look.pixels, _pixels(page, info)) for look in here)
        )


NONE = RepeatedImages()


@dataclass(frozen=True, slots=True)
class _PageImage:
    """A picture on a page of the sample."""

    page: Any
    info: _Info
    hash: bytes
    share: float


@dataclass(frozen=True, slots=True)
class _StoredImage:
    """A picture in the file; `size` in pixels."""

    xref: int
    size: tuple[int, int]
    hash: bytes


def find_repeated_images(document: Any) -> RepeatedImages:
    """Of a `pymupdf.Document`; pages that cannot be read count as without pictures.

    Most documents repeat no picture, which their lists of resources tell in 0.2 ms a page; in the
    others each page of the sample takes some 3 ms more.
    """
    if not document.is_pdf or document.page_count < _PAGES:
        return NONE
    step = -(-document.page_count // _SAMPLE)
    numbers = range(0, document.page_count, step)
    min_pages = max(_PAGES, _OF_SMALL * len(numbers))
    sizes = _repeated_sizes(document, numbers, min_pages)
    if not sizes:
        return NONE
    page_images = [
        page_image for number in numbers for page_image in _page_images(document, number, sizes)
    ]
    min_pages_large = max(_PAGES, _OF_LARGE * len(numbers))
    shares: dict[bytes, dict[int, float]] = defaultdict(dict)
    for page_image in page_images:
        of_page = shares[page_image.hash]
        of_page[page_image.page.number] = max(
            page_image.share, of_page.get(page_image.page.number, 0.0)
        )
    hashes = frozenset(
        key
        for key, of_page in shares.items()
        if key
        and (largest := max(of_page.values())) <= _LARGE
        and len(of_page) >= (min_pages if largest <= _SMALL else min_pages_large)
    )
    small_images = [s for s in page_images if s.hash not in hashes and s.share <= _SMALL]
    return RepeatedImages(hashes, tuple(_looks(small_images, min_pages)))


def _repeated_sizes(document: Any, numbers: Iterable[int], few: float) -> set[tuple[int, int]]:
    """Sizes in pixels of which there are pictures among the resources of enough pages."""
    sizes: Counter[tuple[int, int]] = Counter()
    for number in numbers:
        try:
            listed = document.get_page_images(number)
        except MUPDF_ERRORS:
            continue
        sizes.update({(int(i[2]), int(i[3])) for i in listed})
    return {size for size, count in sizes.items() if count >= few}


def _page_images(
    document: Any, number: int, sizes: Collection[tuple[int, int]]
) -> list[_PageImage]:
    """The pictures of a page that are large enough; `sizes` in pixels are on many pages."""
    try:
        page = document[number]
        image_hashes = _hashed_images(page, lambda stored: stored.size in sizes)
    except MUPDF_ERRORS:
        return []
    return [
        _PageImage(page, i, h, share)
        for i, h in image_hashes
        if (share := _share(page, i)) >= _LEAST
    ]


def _hashed_images(page: Any, wanted: Callable[[_StoredImage], bool]) -> list[tuple[_Info, bytes]]:
    """The pictures of a page in the order of its content, each with the hash of its stored bytes,
    mask included; none for one inside the content.

    Which of the resources is where, its size in pixels tells; only where one that is `wanted`
    shares its size with another, and is not tiny, must MuPDF decode them all.
    """
    stored = _stored_images(page)
    sizes = Counter(s.size for s in stored)
    unclear = {s.size for s in stored if sizes[s.size] > 1 and wanted(s)}
    infos = page.get_image_info()
    if not any(_size(i) in unclear and _share(page, i) >= _LEAST for i in infos):
        by_size = {s.size: s.hash for s in stored if sizes[s.size] == 1}
        return [(i, by_size.get(_size(i), b"")) for i in infos]
    by_xref = {s.xref: s.hash for s in stored}
    return [(i, by_xref.get(i["xref"], b"")) for i in page.get_image_info(xrefs=True)]


def _stored_images(page: Any) -> list[_StoredImage]:
    """The pictures among a page's resources."""
    images = {}
    for xref, mask, width, height, *_ in page.get_images():
        digest = hashlib.sha256(page.parent.xref_stream_raw(xref) or b"")
        digest.update((page.parent.xref_stream_raw(mask) if mask else b"") or b"")
        images[xref] = _StoredImage(xref, (int(width), int(height)), digest.digest())
    return list(images.values())


def _looks(page_images: Sequence[_PageImage], few: float) -> Iterator[ImageLook]:
    """Places at which small pictures look the same, though each page has a copy of its own.

    A difference hash of 64 bits would do for photographs; of the figures of mmlong, 50 of 317
    pairs within 4 bits were different (menus with another line marked, tables of other numbers).
    """
    places: dict[_GridBox, list[_PageImage]] = defaultdict(list)
    for page_image in page_images:
        places[_grid_box(page_image.info)].append(page_image)
    for place, same_place in places.items():
        if len(same_place) < few:
            continue
        pixels = [_pixels(page_image.page, page_image.info) for page_image in same_place]
        middle = pixels[len(pixels) // 2]
        if sum(_look_alike(middle, other) for other in pixels) >= few:
            yield ImageLook(place, middle)


def _size(info: _Info) -> tuple[int, int]:
    return int(info["width"]), int(info["height"])


def _grid_box(info: _Info) -> _GridBox:
    x0, y0, x1, y1 = (round(max(-1e6, min(1e6, v)) / _PLACE) for v in info["bbox"])
    return x0, y0, x1, y1


def _share(page: Any, info: _Info) -> float:
    """Of the page's area."""
    x0, y0, x1, y1 = info["bbox"]
    area = float(page.rect.width * page.rect.height)
    return max(0.0, x1 - x0) * max(0.0, y1 - y0) / area if area > 0 else 0.0


def _pixels(page: Any, info: _Info) -> bytes:
    """How the page looks where the picture is, drawn small; nothing where that fails."""
    place = pymupdf.Rect(info["bbox"]) * page.rotation_matrix
    if place.is_empty or place.is_infinite:
        return b""
    zoom = pymupdf.Matrix(_SIDE / place.width, _SIDE / place.height)
    try:
        pixmap = page.get_pixmap(matrix=zoom, clip=place, colorspace=pymupdf.csGRAY, alpha=False)
    except MUPDF_ERRORS:
        return b""
    gray = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width)
    square = np.full((_SIDE, _SIDE), 255, np.uint8)
    part = gray[:_SIDE, :_SIDE]  # rounding can give a row or a column more, or less
    square[: part.shape[0], : part.shape[1]] = part
    return square.tobytes()


def _look_alike(one: bytes, other: bytes) -> bool:
    a, b = (np.frombuffer(p, np.uint8).astype(np.int16) for p in (one, other))
    return len(a) == len(b) > 0 and int(np.abs(a - b).max()) < _ALIKE
