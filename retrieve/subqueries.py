"""A query to legs: which vector searches which named vector, how deep, with what weight."""

from __future__ import annotations

from dataclasses import dataclass

from octavo.index.chunk_vectors import Encoders
from octavo.index.encoders.bm25 import query_words
from octavo.index.store import Subquery
from octavo.ingest.document import ChunkKind
from octavo.retrieve.query import Query

_PICTURES: tuple[ChunkKind, ...] = ("figure", "page")


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Candidates each leg brings, and the weight of its ranks in fusion.

    `pages` are drawn and compared with the query's picture (`image_matching`); after `seconds` none
    is begun.
    """

    text: int = 100
    words: int = 100
    joint: int = 30
    pages: int = 16
    seconds: float = 3.0
    text_weight: float = 1.0
    words_weight: float = 1.0
    joint_weight: float = 0.25
    image_weight: float = 2.0


def text_subqueries(text: str, encoders: Encoders, depths: SearchOptions) -> list[Subquery]:
    """Text to text, text to figures, and words. A leg that weighs nothing is not run."""
    legs = []
    if depths.text_weight > 0:
        vector = encoders.text.embed_queries([text])[0]
        legs.append(Subquery("text", "text", vector, depths.text, depths.text_weight))
    words = query_words(text)
    # A query of stop words, or of another script, has none.
    if words.indices and depths.words_weight > 0:
        legs.append(Subquery("words", "words", words, depths.words, depths.words_weight))
    if depths.joint_weight > 0:
        vector = encoders.joint.joint_queries([text])[0]
        legs.append(
            Subquery("joint", "joint", vector, depths.joint, depths.joint_weight, kinds=_PICTURES)
        )
    return legs


def image_subqueries(query: Query, encoders: Encoders, depths: SearchOptions) -> list[Subquery]:
    """Image to figures, and image to text; none where they weigh nothing."""
    if query.image is None or depths.image_weight <= 0:
        return []
    vector = encoders.joint.joint_images([query.image])[0]
    weight = depths.image_weight
    return [
        Subquery("image", "joint", vector, depths.joint, weight, kinds=_PICTURES),
        Subquery("image-text", "joint", vector, depths.joint, weight / 8, kinds=("text", "table")),
    ]
