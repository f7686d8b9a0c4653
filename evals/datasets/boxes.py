"""Gold boxes of `boxes.jsonl`, in PDF points of the page as displayed, from its top left."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from octavo.evals.datasets.jsonl import Place, numbered
from octavo.evals.datasets.pdfs import Pdf
from octavo.evals.datasets.types import DatasetError, GoldBoxes
from octavo.ingest.document import Box


def read_boxes(
    file: Path,
    questions: Collection[str],
    names: Collection[str],
    pdfs: Mapping[str, Pdf] | None = None,
) -> dict[str, GoldBoxes]:
    """Gold boxes by question, document and page; nothing where there is no such file.

    Boxes without an area are left out. Raises DatasetError for an unknown question or document,
    what is no box, and, in the files of `pdfs`, for a page or a place that is not there.
    """
    boxes: dict[str, GoldBoxes] = {}
    if not file.is_file():
        return boxes
    for place, row in numbered(file, ("query-id", "doc", "page", "bbox")):
        question, name = str(row["query-id"]), str(row["doc"])
        if question not in questions:
            raise DatasetError(f"{place}: question {question!r} is not in queries.jsonl")
        if name not in names:
            raise DatasetError(f"{place}: {name!r} names no file in pdfs/")
        page, box = _page_and_box(place, row)
        if pdfs and name in pdfs:
            pdfs[name].check_page(page, place)
            pdfs[name].check_box(page, box, place)
        if box.area > 0:
            boxes.setdefault(question, {}).setdefault((name, page), []).append(box)
    return boxes


def _page_and_box(place: Place, row: dict[str, Any]) -> tuple[int, Box]:
    try:
        x0, y0, x1, y1 = (float(v) for v in row["bbox"])
        return int(row["page"]), Box(x0, y0, x1, y1)
    except (TypeError, ValueError):
        raise DatasetError(
            f"{place}: {row!r}: expected a page and bbox [x0, y0, x1, y1] in points"
        ) from None
