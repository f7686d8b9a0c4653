"""How well the regions that reading finds meet the gold evidence boxes of a dataset.

Definitions: docs/metrics/ingestion.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from octavo.evals.dataset import Dataset, DatasetError
from octavo.evals.metrics.boxes import IOU
from octavo.evals.metrics.retrieval import nearest_rank
from octavo.evals.reading.regions import PageRegions, found_on
from octavo.evals.statistics.compare import bootstraps
from octavo.ingest.document import Box

SORTS = {"born digital": True, "scans": False}


@dataclass(frozen=True, slots=True)
class GoldBox:
    """A gold box of one question; `kinds` are those of the question's evidence."""

    question: str
    name: str
    page: int
    box: Box
    kinds: tuple[str, ...]


#: Pages by document and number.
Pages = Mapping[tuple[str, int], PageRegions]


@dataclass(frozen=True, slots=True)
class RegionScores:
    """Metrics by name, and 95 % intervals of those that are means over gold boxes."""

    gold: tuple[GoldBox, ...]
    pages: Pages
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    errors: tuple[str, ...]  # failed pages, each with its reason


def score_regions(
    dataset: Dataset,
    folder: Path,
    ocr: bool,
    workers: int,
    report: Callable[[int], None] = lambda _: None,
    gold_pages: bool = False,
) -> RegionScores:
    """Reads the PDFs of a dataset's folder, in parallel. `gold_pages`: only those with a gold box,
    each document cut down to them: faster, and the body's font size is then that of these pages
    alone. Raises DatasetError for a set without gold boxes."""
    gold = gold_of(dataset)
    if not gold:
        raise DatasetError(f"{folder} has no gold boxes (boxes.jsonl)")
    only: dict[str, set[int]] = {}
    for one in gold:
        only.setdefault(one.name, set()).add(one.page)
    files = [folder / "pdfs" / s.name for s in dataset.sources]
    if gold_pages:
        files = [f for f in files if f.name in only]
    files.sort(key=lambda f: -f.stat().st_size)  # the longest first, so that no worker idles
    wanted = [sorted(only[f.name]) if gold_pages else [] for f in files]
    pages: dict[tuple[str, int], PageRegions] = {}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done, document_pages in enumerate(
            pool.map(partial(found_on, ocr=ocr), files, wanted), 1
        ):
            pages |= {(p.name, p.page): p for p in document_pages}
            report(done)
    return RegionScores(tuple(gold), pages, *_scores(gold, pages), _reasons(pages))


def gold_of(dataset: Dataset) -> list[GoldBox]:
    """Every gold box, once for each question that has it."""
    return [
        GoldBox(question.id, name, page, box, question.kinds)
        for question in dataset.questions
        for (name, page), boxes in dataset.boxes.get(question.id, {}).items()
        for box in boxes
    ]


def _reasons(pages: Pages) -> tuple[str, ...]:
    return tuple(
        f"{name} p{number}: {page.refused}"
        for (name, number), page in sorted(pages.items())
        if page.refused
    )


def _scores(
    gold: Sequence[GoldBox], pages: Pages
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    metrics: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    for sort, digital in SORTS.items():
        there = [g for g in gold if (g.name, g.page) in pages]
        mine = [g for g in there if pages[g.name, g.page].digital is digital]
        if mine:
            values = _values(mine, pages)
            metrics |= {f"{name}, {sort}": v for name, v in _means(mine, values).items()}
            intervals |= {f"{name}, {sort}": v for name, v in _intervals(mine, values).items()}
        read = [p for p in pages.values() if p.digital is digital]
        metrics |= {f"{name}, {sort}": v for name, v in _counts(read).items()}
    metrics["gold boxes on unread pages"] = sum((g.name, g.page) not in pages for g in gold)
    return metrics, intervals


def _values(gold: Sequence[GoldBox], pages: Pages) -> dict[str, list[float]]:
    """A value for each gold box, by metric."""
    best = [pages[g.name, g.page].best(g.box) for g in gold]
    stored = [pages[g.name, g.page].best(g.box, stored=True) for g in gold]
    return {
        "region recall@IoU0.5": [float(b >= IOU) for b in best],
        "region mean best IoU": best,
        "stored region recall@IoU0.5": [float(b >= IOU) for b in stored],
    }


def _means(gold: Sequence[GoldBox], values: Mapping[str, Sequence[float]]) -> dict[str, float]:
    means = {name: sum(v) / len(v) for name, v in values.items()}
    means["gold boxes"] = len(gold)
    met = values["region recall@IoU0.5"]
    for kind in sorted({k for g in gold for k in g.kinds}):
        mine = [m for m, g in zip(met, gold, strict=True) if kind in g.kinds]
        means[f"region recall@IoU0.5, {kind}"] = sum(mine) / len(mine)
        means[f"gold boxes, {kind}"] = len(mine)
    return means


def _intervals(
    gold: Sequence[GoldBox], values: Mapping[str, Sequence[float]]
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap, whole documents drawn, seed 0."""
    columns = np.array(list(values.values())).T
    low, high = bootstraps(columns, [g.name for g in gold], np.random.default_rng(0))
    return {n: (float(a), float(b)) for n, a, b in zip(values, low, high, strict=True)}


def _counts(pages: Sequence[PageRegions]) -> dict[str, float]:
    counts = [len(p.regions) for p in pages]
    refused = sum(bool(p.refused) for p in pages)
    numbers: dict[str, float] = {"pages": len(pages), "failed pages": refused}
    if not sum(counts):
        return numbers
    return numbers | {
        "regions/page": sum(counts) / len(pages),
        "regions/page p95": nearest_rank(counts, 0.95),
        "stored regions/page": sum(len(p.stored) for p in pages) / len(pages),
        "regions that repeat another": sum(p.doubles for p in pages) / sum(counts),
        "regions inside another": sum(p.nested for p in pages) / sum(counts),
    }
