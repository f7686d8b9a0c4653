"""Regions, reading order and text beside the output that docling's own tests expect.

`sources/*.pdf` with `groundtruth/NAME.json` (DoclingDocument), and `ocr/sources` with the output
of several engines under `ocr/groundtruth/ENGINE/full_page`. That output is another program's, not
the truth: a difference is a reason to look. Definitions: docs/metrics/ingestion.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from itertools import combinations, groupby
from pathlib import Path
from statistics import fmean

from octavo.evals.datasets.types import DatasetError
from octavo.evals.metrics.boxes import IOU, iou
from octavo.evals.reading.docling_items import DoclingItem, read_items, words
from octavo.evals.reading.regions import regions_of
from octavo.ingest.document import Block, DocumentError, Line, PageContent
from octavo.ingest.files import file_type
from octavo.ingest.read import read_pages

_WORD = re.compile(r"\w+")
_INSIDE = 0.5  # share of a line that lies in an item


@dataclass(frozen=True, slots=True)
class ComparedDocument:
    """One document. Numbers of expected tables and pictures, of those met by a region of any
    kind and by one of their own; of texts found, and how alike; of the order."""

    name: str
    tables: int
    tables_met: int
    tables_as_tables: int
    pictures: int
    pictures_met: int
    pictures_as_figures: int
    cells: int
    cells_kept: int
    texts: int
    texts_found: int
    likeness: float  # mean over the texts, 0 to 1
    pairs: int  # of found texts
    inverted: int
    exact: bool  # found texts come whole, and in the expected order


@dataclass(frozen=True, slots=True)
class ComparedScan:
    """One scan: the words expected (as most engines read them) and whether ours are the same."""

    name: str
    expected: str
    read: str
    likeness: float

    @property
    def exact(self) -> bool:
        return words(self.expected) == words(self.read)


def compare_documents(
    folder: Path, ocr: bool, report: Callable[[int], None] = lambda _: None
) -> list[ComparedDocument]:
    """Every document of `sources/` that has an expected output. Raises DatasetError."""
    expected = sorted(
        f for f in (folder / "groundtruth").glob("*.json") if not f.name.endswith(".meta.json")
    )
    if not expected:
        raise DatasetError(f"{folder} has no groundtruth/*.json of docling's tests")
    documents = []
    for n, file in enumerate(expected, 1):
        items = list(read_items(file))
        pages = _pages(folder / "sources" / f"{file.stem}.pdf", ocr)
        documents.append(compare_document(file.stem, items, pages))
        report(n)
    return documents


def compare_scans(
    folder: Path, report: Callable[[int], None] = lambda _: None
) -> list[ComparedScan]:
    """Every file of `ocr/sources` whose text some engine's output says."""
    scans = []
    files = sorted((folder / "ocr" / "sources").glob("*"))
    for n, file in enumerate(files, 1):
        expected = _most_said(folder, file.stem)
        if expected:
            lines = [x.text for p in _pages(file, True) for b in p.blocks for x in b.lines]
            read = " ".join(lines)
            scans.append(ComparedScan(file.stem, expected, read, _likeness(expected, read)))
        report(n)
    return scans


def compare_document(
    name: str, items: Sequence[DoclingItem], pages: Sequence[PageContent]
) -> ComparedDocument:
    """One document's items against the blocks of its pages."""
    blocks = {p.number: p.blocks for p in pages}
    tables = [i for i in items if i.kind == "tables"]
    pictures = [i for i in items if i.kind == "pictures"]
    texts = [i for i in items if i.kind == "texts" and words(i.text)]
    lines = _lines_of(texts, blocks)
    runs = [n for n, _ in groupby(n for n, _ in lines)]
    first = list(dict.fromkeys(runs))
    pairs = list(combinations(first, 2))
    read = {n: " ".join(x.text for m, x in lines if m == n) for n in first}
    return ComparedDocument(
        name,
        len(tables),
        sum(_met(i, blocks) for i in tables),
        sum(_met(i, blocks, "table") for i in tables),
        len(pictures),
        sum(_met(i, blocks) for i in pictures),
        sum(_met(i, blocks, "figure") for i in pictures),
        sum(len(row) for i in tables for row in i.rows),
        sum(_cells_kept(i, blocks) for i in tables),
        len(texts),
        len(first),
        fmean([_likeness(i.text, read.get(n, "")) for n, i in enumerate(texts)]) if texts else 0.0,
        len(pairs),
        sum(a > b for a, b in pairs),
        runs == sorted(first),
    )


def _lines_of(
    texts: Sequence[DoclingItem], blocks: Mapping[int, Sequence[Block]]
) -> list[tuple[int, Line]]:
    """Lines in the order read, each with the number of the text that holds most of it."""
    held = []
    for page in sorted(blocks):
        near = [(n, i.box) for n, i in enumerate(texts) if i.page == page]
        for line in (x for b in blocks[page] for x in b.lines):
            share, n = max(((line.box.inside(box), -n) for n, box in near), default=(0.0, 0))
            if share > _INSIDE:
                held.append((-n, line))
    return held


def _met(item: DoclingItem, blocks: Mapping[int, Sequence[Block]], kind: str = "") -> bool:
    return any(
        iou(item.box, box) >= IOU
        for block in blocks.get(item.page, ())
        if not kind or block.kind == kind
        for box in regions_of(block)
    )


def _cells_kept(item: DoclingItem, blocks: Mapping[int, Sequence[Block]]) -> int:
    """Cells whose words stand together in a row of ours with the other cells of their row: for
    each expected row the best of our rows counts."""
    ours = [
        " " + " ".join(words(line.text)) + " "
        for block in blocks.get(item.page, ())
        if block.kind == "table" and block.box.clip(item.box).area > 0
        for line in block.lines
    ]
    wanted = [[f" {' '.join(words(cell))} " for cell in row] for row in item.rows]
    return sum(max((sum(c in o for c in row) for o in ours), default=0) for row in wanted)


def _most_said(folder: Path, name: str) -> str:
    votes: Counter[str] = Counter()
    engines = (folder / "ocr" / "groundtruth").glob(f"*/full_page/{name}.*.full_page.json")
    for file in sorted(engines):
        votes[" ".join(i.text for i in read_items(file) if i.kind == "texts")] += 1
    return min(votes, key=lambda text: (-votes[text], text)) if votes else ""


def _pages(file: Path, ocr: bool) -> list[PageContent]:
    """Raises DatasetError for a source that is missing or cannot be opened."""
    try:
        data = file.read_bytes()
        kind = file_type(data, file.suffix)
        return [p for p in read_pages(data, kind, ocr) if isinstance(p, PageContent)]
    except (OSError, DocumentError) as error:
        raise DatasetError(f"{file} cannot be read: {error}") from None


def _likeness(expected: str, read: str) -> float:
    """Twice the words in common order to all words, 0 to 1 (Ratcliff and Obershelp)."""
    return SequenceMatcher(None, words(expected), words(read), autojunk=False).ratio()


def docling_metrics(
    documents: Sequence[ComparedDocument], scans: Sequence[ComparedScan]
) -> dict[str, float]:
    """Shares over all documents together; what there is none of is left out."""
    n = {f.name: sum(getattr(d, f.name) for d in documents) for f in fields(ComparedDocument)[1:]}
    alike = sum(d.likeness * d.texts for d in documents)
    parts = {
        "docling table recall@IoU0.5": (n["tables_met"], n["tables"]),
        "docling table recall@IoU0.5, as tables": (n["tables_as_tables"], n["tables"]),
        "docling picture recall@IoU0.5": (n["pictures_met"], n["pictures"]),
        "docling picture recall@IoU0.5, as figures": (n["pictures_as_figures"], n["pictures"]),
        "docling cells in their row": (n["cells_kept"], n["cells"]),
        "docling texts found": (n["texts_found"], n["texts"]),
        "docling text likeness": (alike, n["texts"]),
        "docling order tau": (n["pairs"] - 2 * n["inverted"], n["pairs"]),
        "docling order exact": (n["exact"], len(documents)),
        "docling scans exact": (sum(s.exact for s in scans), len(scans)),
    }
    return {name: part / whole for name, (part, whole) in parts.items() if whole}
