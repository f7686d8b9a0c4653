"""PDFs of a dataset, opened only to compare the gold with their pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymupdf

from octavo.evals.datasets.jsonl import Place
from octavo.evals.datasets.types import DatasetError
from octavo.ingest.document import Box
from octavo.ingest.open_document import MUPDF_ERRORS

_SLACK = 2.0  # points that a box may reach over the page: annotators draw by hand


@dataclass(frozen=True, slots=True)
class Pdf:
    """An open PDF. Pages count from 1."""

    name: str
    pages: int
    document: Any  # pymupdf.Document

    def check_page(self, page: int, place: Place) -> None:
        """Raises DatasetError for a page that the file does not have."""
        if not 1 <= page <= self.pages:
            raise DatasetError(f"{place}: page {page} of {self.name!r}, which has {self.pages}")

    def check_box(self, page: int, box: Box, place: Place) -> None:
        """Raises DatasetError for a box outside the page as displayed (points, top left)."""
        rect = self.document[page - 1].rect
        inside = (
            min(box.x0, box.y0) >= -_SLACK
            and box.x1 <= rect.width + _SLACK
            and box.y1 <= rect.height + _SLACK
        )
        if not inside:
            raise DatasetError(
                f"{place}: box {box.rounded()} lies outside page {page} of {self.name!r}, "
                f"{rect.width:g} x {rect.height:g} points"
            )


@contextmanager
def open_pdfs(files: Mapping[str, Path]) -> Iterator[dict[str, Pdf]]:
    """Those of `files` that are PDFs and open: what reading a damaged one gives is for the
    evaluation to show, so it is left out here."""
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    pdfs: dict[str, Pdf] = {}
    with ExitStack() as stack:
        for name, file in files.items():
            try:
                document = pymupdf.open(file, filetype="pdf") if _is_pdf(file) else None
            except MUPDF_ERRORS:
                continue
            if document is not None:
                stack.enter_context(document)
                if not document.needs_pass:
                    pdfs[name] = Pdf(name, document.page_count, document)
        yield pdfs


def _is_pdf(file: Path) -> bool:
    with file.open("rb") as stream:
        return b"%PDF-" in stream.read(1024)
