"""Pages of stored documents as pictures and pixels, drawn on demand from the originals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from octavo.index.originals import Originals
from octavo.index.store import NotFoundError, Store, StoredDocument, StoreError
from octavo.ingest.document import Box, DocumentError, Region
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.render import render_crop, render_page
from octavo.retrieve.images.page_raster import PageRaster, rasterize_page
from octavo.retrieve.understanding.page_labels import page_of_label

_LABELS = 4096  # page labels that are remembered
_CROSS_PIXELS = 448  # longest side of a figure that a cross-encoder looks at


class StoredPages:
    """Of one open index. Every call raises StoreError for an original that is lost or damaged,
    DocumentError for a page that cannot be drawn; `page` counts from 1."""

    def __init__(self, store: Store, originals: Originals, limits: FileLimits) -> None:
        self._store = store
        self._originals = originals
        self._limits = limits
        # What pages are called by never changes: a document's id is the hash of its bytes.
        self.numbered = lru_cache(_LABELS)(self._numbered)

    def png(self, stored: StoredDocument, page: int, boxes: Sequence[Box] = ()) -> bytes:
        """PNG of a page with boxes marked."""
        data = self._originals.get(stored.document.id)
        return render_page(data, stored.type, page, boxes, bounds=self._limits)

    def crop(self, region: Region, pixels: int = _CROSS_PIXELS) -> bytes:
        """PNG of a region, its longest side `pixels` at most."""
        stored = self._stored(region.document)
        data = self._originals.get(region.document)
        return render_crop(data, stored.type, region.page, region.box, pixels, self._limits)

    def raster(self, document: str, page: int) -> PageRaster:
        """Grey pixels of a page, as a query's picture is compared with them."""
        stored = self._stored(document)
        return rasterize_page(self._originals.get(document), stored.type, page, self._limits)

    def _numbered(self, document: str, number: int) -> int | None:
        """See `page_labels`; None, too, for an original that is lost or damaged."""
        stored = self._store.find(document)
        if stored is None or number > stored.document.pages:
            return None
        try:
            return page_of_label(self._originals.get(document), stored.type, number, self._limits)
        except (StoreError, DocumentError):
            return None

    def _stored(self, document: str) -> StoredDocument:
        stored = self._store.find(document)
        if stored is None:
            raise NotFoundError(f"the document {document[:12]} is not in the index")
        return stored
