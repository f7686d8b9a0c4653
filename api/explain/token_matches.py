"""One passage and one figure, word by word and patch by patch: what met the question in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from octavo.api.explain.explain_schemas import AlignedOut, MetOut, TermOut
from octavo.index.chunk_vectors import chunk_text
from octavo.index.encoders.bm25 import document_words, query_words
from octavo.index.store import Sparse, Store, StoreError, Subquery
from octavo.ingest.document import Chunk, DocumentError
from octavo.rerank.rerank import Scorers
from octavo.rerank.similarity_map import draw_similarity_map, similarity_map
from octavo.rerank.token_alignment import align_tokens
from octavo.retrieve.query import Candidates

_EDGES = ".,;:!?\"'()"


def word_by_word(
    candidates: Candidates, chunk: Chunk, name: str, store: Store, scorers: Scorers
) -> AlignedOut | None:
    """Word by word, of a search that had words."""
    text = chunk_text(chunk)
    if not candidates.text:
        return None
    met = align_tokens(candidates.text, text, scorers.tokens) if scorers.tokens else ()
    note = ""
    if scorers.tokens is None:
        note = "the profile has no model for late interaction"
    elif not text.strip():
        note = "nothing is printed there"
    elif not met:
        note = "the token model does not tell which of its vectors belong to which word"
    return AlignedOut(
        chunk=chunk.id,
        name=name,
        page=chunk.page,
        text=text,
        tokens=[
            MetOut(word=m.word, met=m.text_word, similarity=round(m.similarity, 4), stop=m.stop)
            for m in met
        ],
        words=_terms(candidates, chunk, text, store),
        note=note,
    )


def heated(text: str, chunks: Sequence[Chunk], scorers: Scorers) -> tuple[bytes, str]:
    """PNG of the first figure among `chunks`, and of which page it is; or why there is none."""
    chunk = next((c for c in chunks if c.image is not None), None)
    if scorers.patches is None or scorers.crop is None:
        return b"", "no heat map: the profile has no patch encoder"
    if chunk is None or chunk.image is None or not text:
        return b"", "no heat map: " + (
            "no figure was found" if text else "the question has no words"
        )
    try:
        crop = scorers.crop(chunk.image)
        grid = similarity_map(text, crop, scorers.patches)
    except (DocumentError, StoreError, ValueError) as error:
        return b"", f"no heat map: the figure on page {chunk.page} cannot be drawn: {error}"
    if grid is None:
        return b"", "no heat map: the patch encoder does not tell where its patches are"
    return draw_similarity_map(crop, grid), f"heat map of the figure on page {chunk.page}"


def _terms(candidates: Candidates, chunk: Chunk, text: str, store: Store) -> list[TermOut]:
    """BM25 term by term: a subquery of one term each, on the chunk's own page."""
    words_of_terms: dict[int, str] = {}
    asked = set(query_words(candidates.text).indices)
    for word in candidates.text.split():
        # A word by itself may be of any language: only the terms of the whole question count.
        for term in asked.intersection(query_words(word).indices):
            words_of_terms.setdefault(term, word.strip(_EDGES))
    if not words_of_terms:
        return []
    having: dict[int, dict[str, None]] = {}
    stored = set(document_words(text).indices)
    for word in text.split():
        for term in stored.intersection(query_words(word).indices):
            if term in words_of_terms:
                having.setdefault(term, {})[word.strip(_EDGES)] = None
    subqueries = [Subquery(str(t), "words", Sparse((t,), (1.0,)), 50) for t in having]
    if not subqueries:
        return []
    where = replace(candidates.where, documents=(chunk.document,), pages=(chunk.page,))
    results = store.search(subqueries, "rrf", 1, where).by_subquery
    scores = {
        int(subquery.name): next((p.score for p in points if p.id == chunk.id), 0.0)
        for subquery, points in zip(subqueries, results, strict=True)
    }
    rows = [
        TermOut(word=words_of_terms[t], found=list(words), score=round(scores[t], 4))
        for t, words in having.items()
    ]
    return sorted(rows, key=lambda r: (-r.score, r.word))
