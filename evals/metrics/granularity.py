"""Hits folded into what judgements name: chunks, pages, documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from octavo.api.service import Service
from octavo.evals.dataset import Dataset, Qrels
from octavo.evals.metrics.citations import meets
from octavo.ingest.document import Box, Chunk
from octavo.retrieve.query import Hit

Level = Literal["chunk", "page", "document"]


@dataclass(frozen=True, slots=True)
class JudgedLevel:
    """Judgements at one level, and whether they are the set's own or derived from them."""

    level: Level
    qrels: Qrels
    own: bool


def items_of(hits: Sequence[Hit], level: Level) -> tuple[str, ...]:
    """Each item once, at the place of its best hit. A chunk over several pages counts for each."""
    return tuple(dict.fromkeys(i for hit in hits for i in _items(hit, level)))


def _items(hit: Hit, level: Level) -> list[str]:
    if level == "chunk":
        return [hit.chunk.id]
    if level == "document":
        return [hit.name]
    return [f"{hit.name}#p{n}" for n in dict.fromkeys(r.page for r in hit.chunk.regions)]


def judged_levels(dataset: Dataset, service: Service) -> tuple[JudgedLevel, ...]:
    """The set's own level first. Pages give documents; boxes give chunks: those on the gold page
    with a region of which half of the smaller, it or the gold box, lies in the other. So a chunk
    inside a large gold box counts, and so does one around a small one."""
    own: Level = dataset.unit
    levels = [JudgedLevel(own, dataset.qrels, True)]
    if own == "page":
        levels.append(JudgedLevel("document", _documents(dataset.qrels), False))
    if dataset.boxes:
        levels.append(JudgedLevel("chunk", _chunks(dataset, service), False))
    return tuple(levels)


def _documents(qrels: Qrels) -> Qrels:
    documents: Qrels = {}
    for question, items in qrels.items():
        for item, value in items.items():
            name = item.rpartition("#p")[0]
            of = documents.setdefault(question, {})
            of[name] = max(value, of.get(name, 0))
    return documents


def _chunks(dataset: Dataset, service: Service) -> Qrels:
    ids = {s.document.name: s.document.id for s in service.named_all()}
    chunks: Qrels = {}
    for question, pages in dataset.boxes.items():
        for (name, page), boxes in pages.items():
            near = _on_page(service, ids[name], page) if name in ids else []
            for n, box in enumerate(boxes):
                met = [c.id for c in near if _meets(c, page, box)]
                # A box that no chunk meets cannot be found: it counts as missed, every time.
                for item in met or [f"{name}#p{page} box {n}: no chunk"]:
                    chunks.setdefault(question, {})[item] = 1
    return chunks


def _on_page(service: Service, document: str, page: int) -> list[Chunk]:
    """Also those that begin on the page before and go on."""
    before = service.page_chunks(document, page - 1) if page > 1 else []
    return [*before, *service.page_chunks(document, page)]


def _meets(chunk: Chunk, page: int, gold: Box) -> bool:
    boxes = [r.box for r in chunk.regions if r.page == page]
    return any(meets(gold, b) for b in boxes)


def best_ranks(hits: Sequence[Hit], gold: Mapping[str, int], level: Level) -> dict[str, int]:
    """By stage, the best rank at which a hit with a relevant item stood."""
    relevant = {item for item, value in gold.items() if value > 0}
    ranks: dict[str, int] = {}
    for hit in hits:
        if relevant.intersection(_items(hit, level)):
            for stage in hit.trace:
                ranks[stage.name] = min(stage.rank, ranks.get(stage.name, stage.rank))
    return ranks
