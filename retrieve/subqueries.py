"""A query to subqueries: which vector searches which named vector, how deep, with what weight."""

from __future__ import annotations

from octavo.index.chunk_vectors import Encoders
from octavo.index.encoders.bm25 import query_words
from octavo.index.encoders.encoder import reads
from octavo.index.store import Subquery
from octavo.ingest.document import ChunkKind
from octavo.retrieve.options import SearchOptions
from octavo.retrieve.query import Query

_PICTURES: tuple[ChunkKind, ...] = ("figure", "page")


def text_subqueries(text: str, encoders: Encoders, options: SearchOptions) -> list[Subquery]:
    """Text to text, text to figures, and words. A subquery that weighs nothing is not run."""
    subqueries = []
    if options.text_weight > 0:
        vector = encoders.text.embed_queries([text])[0]
        subqueries.append(Subquery("text", "text", vector, options.text_depth, options.text_weight))
    words = query_words(text)
    # A query of stop words, or of another script, has none.
    if words.indices and options.words_weight > 0:
        subqueries.append(
            Subquery("words", "words", words, options.words_depth, options.words_weight)
        )
    if options.joint_weight > 0:
        vector = encoders.joint.joint_queries([text])[0]
        subqueries.append(
            Subquery(
                "joint", "joint", vector, options.joint_depth, options.joint_weight, kinds=_PICTURES
            )
        )
    return subqueries


def unread_stages(text: str, encoders: Encoders) -> frozenset[str]:
    """The stages whose model was not trained on the script of the question: it is its words that
    find something. The names are those of subqueries and of stages in `octavo.rerank`."""
    stages = {"text": encoders.text, "maxsim": encoders.tokens, "joint": encoders.joint}
    return frozenset(n for n, e in stages.items() if e is not None and not reads(e, text))


def image_subqueries(query: Query, encoders: Encoders, options: SearchOptions) -> list[Subquery]:
    """Image to figures, and image to text; none where they weigh nothing."""
    if query.image is None or options.image_weight <= 0:
        return []
    vector = encoders.joint.joint_images([query.image])[0]
    weight = options.image_weight
    return [
        Subquery("image", "joint", vector, options.joint_depth, weight, kinds=_PICTURES),
        Subquery(
            "image-text", "joint", vector, options.joint_depth, weight / 8, kinds=("text", "table")
        ),
    ]
