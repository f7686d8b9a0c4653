"""txtai: one hybrid embeddings database with content, fed with passages of its segmentation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from pypdf import PageObject, PdfReader
from pypdf.errors import PyPdfError
from tokenizers import Tokenizer
from txtai import Embeddings
from txtai.pipeline import Segmentation

from octavo.evals.baselines.protocol import DriverIngested, DriverTask, folded, main, page_of

_CHUNK, _OVERLAP = 254, 32  # word pieces of the embedder, which adds two of its own


class Txtai:
    packages: tuple[str, ...] = (
        "txtai",
        "chonkie",
        "pypdf",
        "faiss-cpu",
        "sentence-transformers",
        "torch",
    )

    def __init__(self, task: DriverTask) -> None:
        self._index = task.index
        self._embedder = task.embedder

    def settings(self) -> dict[str, object]:
        return {
            "chunk tokens": _CHUNK,
            "overlap": _OVERLAP,
            "search": "hybrid=True: vector + BM25, txtai's weights",
        }

    def load(self) -> None:
        tokens = Tokenizer.from_file(str(Path(self._embedder) / "tokenizer.json"))
        tokens.no_truncation()
        tokens.no_padding()
        self._cut = Segmentation(
            chunker="sentence", tokenizer=tokens, chunk_size=_CHUNK, chunk_overlap=_OVERLAP
        )
        self._embeddings = Embeddings(path=self._embedder, hybrid=True, content=True, gpu=False)

    def ingest(self, documents: Sequence[Path]) -> DriverIngested:
        start = time.perf_counter()
        pages = [
            (page_of(document.name, number), _text(page))
            for document in documents
            for number, page in enumerate(PdfReader(document).pages, 1)
        ]
        parsed = time.perf_counter()
        chunks = [
            (f"{page}#{n}", text)
            for page, whole in pages
            if whole and whole.strip()
            for n, text in enumerate(self._cut(whole))
        ]
        cut = time.perf_counter()
        self._embeddings.index(chunks)
        self._embeddings.save(self._index)
        parts = {
            "read": parsed - start,
            "cut": cut - parsed,
            "embed and store": time.perf_counter() - cut,
        }
        errors = [f"{page}: not read" for page, text in pages if text is None]
        return DriverIngested(len(pages), len(chunks), errors, parts)

    def open(self) -> None:
        self._embeddings = Embeddings()
        self._embeddings.load(self._index)

    def search(self, text: str, limit: int) -> list[str]:
        passages = self._embeddings.search(text, limit)
        return folded(str(hit["id"]).rpartition("#")[0] for hit in passages)


def _text(page: PageObject) -> str | None:
    """None of a page that pypdf gives up: one page need not cost the document."""
    try:
        return str(page.extract_text())
    except PyPdfError:
        return None


if __name__ == "__main__":
    main(Txtai)
