"""Chunks to points: which text and which picture each named vector is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from index.encode import JointEncoder, Matrix, TextEncoder, TokenEncoder
from index.store import Point
from index.words import document_words
from ingest.document import Chunk


@dataclass(frozen=True, slots=True)
class Encoders:
    """The encoders of a profile, by role."""

    text: TextEncoder
    tokens: TokenEncoder
    joint: JointEncoder


def chunk_text(chunk: Chunk, title: str) -> str:
    """What the text encoders see: where the chunk stands, then what it says."""
    place = " > ".join(s for s in chunk.section if s not in chunk.text)
    parts = [place, chunk.text, chunk.context]
    return "\n".join(p for p in parts if p)


def chunk_words(chunk: Chunk, title: str) -> str:
    """What BM25 sees."""
    return chunk_text(chunk, title)


def embed_chunks(chunks: Sequence[Chunk], title: str, encoders: Encoders) -> list[Point]:
    """Points of one document's chunks, in order.

    A figure's joint vector comes from its crop and every other chunk's from its text. An image
    without any text has a joint vector only.
    """
    texts = [chunk_text(c, title) for c in chunks]
    written = [i for i, text in enumerate(texts) if text.strip()]
    said = [texts[i] for i in written]
    pictured = [i for i, c in enumerate(chunks) if c.pixels is not None]
    text = dict(zip(written, encoders.text.embed_texts(said), strict=True))
    tokens = dict(zip(written, encoders.tokens.embed_tokens(said), strict=True))
    joint: dict[int, Matrix] = dict(zip(written, encoders.joint.joint_texts(said), strict=True))
    images = encoders.joint.joint_images([chunks[i].pixels or b"" for i in pictured])
    joint.update(zip(pictured, images, strict=True))
    return [
        Point(
            chunk,
            text=text.get(i),
            joint=joint.get(i),
            tokens=tokens.get(i),
            words=document_words(chunk_words(chunk, title)) if i in text else None,
        )
        for i, chunk in enumerate(chunks)
    ]
