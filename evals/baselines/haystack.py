"""Haystack: its indexing and hybrid retrieval pipelines over the store that needs no service."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from haystack import Pipeline
from haystack.components.converters import PyPDFToDocument
from haystack.components.joiners import DocumentJoiner
from haystack.components.preprocessors import DocumentCleaner, DocumentSplitter
from haystack.components.retrievers.in_memory import (
    InMemoryBM25Retriever,
    InMemoryEmbeddingRetriever,
)
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.utils import ComponentDevice
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)

from octavo.evals.baselines.protocol import (
    BREAK,
    DriverIngested,
    DriverTask,
    folded,
    main,
    page_of,
    spanned,
)

_CHUNK, _OVERLAP = 120, 20  # words: 170 word pieces at the median, tables more; 256 are seen
# The splitter takes what stands between blanks for a word, lines and all.
_SPACES = {r"[^\S\f]+": " "}


class Haystack:
    packages: tuple[str, ...] = (
        "haystack-ai",
        "sentence-transformers-haystack",
        "pypdf",
        "sentence-transformers",
        "torch",
    )

    def __init__(self, task: DriverTask) -> None:
        self._file = Path(task.index) / "store.json"
        self._embedder = {
            "model": task.embedder,
            "device": ComponentDevice.from_str("cpu"),
            "progress_bar": False,
        }

    def settings(self) -> dict[str, object]:
        return {
            "chunk words": _CHUNK,
            "overlap": _OVERLAP,
            "search": "vector + BM25, RRF",
            "store": "InMemoryDocumentStore, loaded from a file",
        }

    def load(self) -> None:
        self._embed = SentenceTransformersDocumentEmbedder(**self._embedder)
        self._embed.warm_up()

    def ingest(self, documents: Sequence[Path]) -> DriverIngested:
        start = time.perf_counter()
        whole = PyPDFToDocument().run(sources=list(documents))["documents"]
        parsed = time.perf_counter()
        clean = DocumentCleaner(replace_regexes=_SPACES).run(documents=whole)["documents"]
        splitter = DocumentSplitter(split_by="word", split_length=_CHUNK, split_overlap=_OVERLAP)
        chunks = splitter.run(documents=clean)["documents"]
        cut = time.perf_counter()
        embedded = self._embed.run(documents=chunks)["documents"]
        done = time.perf_counter()
        store = InMemoryDocumentStore(embedding_similarity_function="cosine")
        store.write_documents(embedded)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        store.save_to_disk(str(self._file))
        parts = {
            "read": parsed - start,
            "cut": cut - parsed,
            "embed": done - cut,
            "store": time.perf_counter() - done,
        }
        read = {d.meta["file_path"] for d in whole}  # the converter skips what it cannot read
        errors = [f"{d.name}: not read" for d in documents if not {d.name, str(d)} & read]
        pages = sum((d.content or "").count(BREAK) + 1 for d in whole)
        return DriverIngested(pages, len(embedded), errors, parts)

    def open(self) -> None:
        store = InMemoryDocumentStore.load_from_disk(str(self._file))
        search = Pipeline()
        search.add_component("embed", SentenceTransformersTextEmbedder(**self._embedder))
        search.add_component("vectors", InMemoryEmbeddingRetriever(store))
        search.add_component("words", InMemoryBM25Retriever(store))
        search.add_component("join", DocumentJoiner(join_mode="reciprocal_rank_fusion"))
        search.connect("embed.embedding", "vectors.query_embedding")
        search.connect("vectors", "join")
        search.connect("words", "join")
        self._search = search

    def search(self, text: str, limit: int) -> list[str]:
        given = {
            "embed": {"text": text},
            "vectors": {"top_k": limit},
            "words": {"query": text, "top_k": limit},
            "join": {"top_k": limit},
        }
        documents = self._search.run(given)["join"]["documents"]
        return folded(page for document in documents for page in _pages(document))


def _pages(document: Any) -> list[str]:
    """The pages a chunk has words on; it names only the one that it begins on."""
    name = Path(document.meta["file_path"]).name
    numbers = spanned(int(document.meta["page_number"]), str(document.content))
    return [page_of(name, number) for number in numbers]


if __name__ == "__main__":
    main(Haystack)
