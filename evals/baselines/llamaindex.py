"""LlamaIndex, as its documentation builds a local index of PDFs.

Option `mode`: "defaults" is `VectorStoreIndex` with nothing set but the embedder; "hybrid" cuts
passages that the embedder can see whole and fuses it with `BM25Retriever` by reciprocal ranks.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llama_index.core import Settings, StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.readers.file import PDFReader
from llama_index.retrievers.bm25 import BM25Retriever
from tenacity import RetryError

from octavo.evals.baselines.protocol import DEPTH, DriverIngested, DriverTask, folded, main, page_of

_CHUNK, _OVERLAP = 256, 32  # tokens
_PAGE = "page"  # from 1; the reader's own `page_label` is the printed one


class LlamaIndex:
    packages: tuple[str, ...] = (
        "llama-index-core",
        "llama-index-embeddings-huggingface",
        "llama-index-readers-file",
        "llama-index-retrievers-bm25",
        "pypdf",
        "sentence-transformers",
        "torch",
    )

    def __init__(self, task: DriverTask) -> None:
        self._index = Path(task.index)
        self._hybrid = task.options["mode"] == "hybrid"
        self._embedder = task.embedder

    def settings(self) -> dict[str, object]:
        splitter = Settings.node_parser
        return {
            "chunk tokens": splitter.chunk_size,
            "overlap": splitter.chunk_overlap,
            "search": "vector + BM25, RRF" if self._hybrid else "vector",
            "embedding batch": Settings.embed_model.embed_batch_size,
        }

    def load(self) -> None:
        Settings.llm = MockLLM()  # never asked; without one the library looks for OpenAI's
        Settings.embed_model = HuggingFaceEmbedding(self._embedder, device="cpu")
        if self._hybrid:
            Settings.embed_model.embed_batch_size = 32
            Settings.node_parser = SentenceSplitter(chunk_size=_CHUNK, chunk_overlap=_OVERLAP)

    def ingest(self, documents: Sequence[Path]) -> DriverIngested:
        start = time.perf_counter()
        read = {document.name: _pages(document) for document in documents}
        pages = [page for of_document in read.values() for page in of_document]
        parsed = time.perf_counter()
        nodes = Settings.node_parser.get_nodes_from_documents(pages)
        cut = time.perf_counter()
        VectorStoreIndex(nodes).storage_context.persist(str(self._index / "vectors"))
        embedded = time.perf_counter()
        if self._hybrid:
            BM25Retriever.from_defaults(nodes=nodes).persist(str(self._index / "words"))
        parts = {
            "read": parsed - start,
            "cut": cut - parsed,
            "embed and store": embedded - cut,
            "words": time.perf_counter() - embedded,
        }
        errors = [f"{name}: not read" for name in read if not read[name]]
        return DriverIngested(len(pages), len(nodes), errors, parts)

    def open(self) -> None:
        self.load()
        stored = StorageContext.from_defaults(persist_dir=str(self._index / "vectors"))
        vectors = load_index_from_storage(stored).as_retriever()
        self._legs, self._chunks = [vectors], DEPTH
        self._retriever = self._fused(vectors) if self._hybrid else vectors

    def _fused(self, vectors: Any) -> Any:
        words = BM25Retriever.from_persist_dir(str(self._index / "words"))
        self._chunks = len(words.corpus)
        fused = QueryFusionRetriever(
            [vectors, words],
            mode="reciprocal_rerank",
            num_queries=1,  # the question itself; more would need a language model
            use_async=False,
        )
        self._legs += [words, fused]
        return fused

    def search(self, text: str, limit: int) -> list[str]:
        for leg in self._legs:
            leg.similarity_top_k = min(limit, self._chunks)  # bm25s wants no more than there are
        passages = [hit.node.metadata for hit in self._retriever.retrieve(text)]
        return folded(page_of(m["file_name"], m[_PAGE]) for m in passages)


def _pages(document: Path) -> list[Any]:
    """A document a page, none of a file that the reader gives up; what the reader adds to their
    metadata is embedded with them, our number is not."""
    try:
        pages = PDFReader().load_data(document)
    except RetryError:
        return []
    for number, page in enumerate(pages, 1):
        page.metadata[_PAGE] = number
        page.excluded_embed_metadata_keys.append(_PAGE)
        page.excluded_llm_metadata_keys.append(_PAGE)
    return list(pages)


if __name__ == "__main__":
    main(LlamaIndex)
