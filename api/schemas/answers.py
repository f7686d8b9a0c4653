"""Answers and hits, with their traces and what was understood of the question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from octavo.api.schemas.base import RegionOut, Wire, region_out
from octavo.generate.answer import Answer, Citation
from octavo.ingest.document import ChunkKind
from octavo.retrieve.query import Candidates, Duplicate, Hit, Interpretation


class StageOut(Wire):
    """Rank (from 1) and score of a hit at one stage."""

    stage: str
    rank: int
    score: float


class FoundOut(Wire):
    """A chunk and its score."""

    chunk: str
    document: str
    name: str
    kind: ChunkKind
    page: int
    regions: list[RegionOut]
    score: float


class AlsoOut(FoundOut):
    """A worse hit that was folded into another one. `why`: same text, region, picture, page or
    document."""

    why: str


class UnderstoodOut(Wire):
    """Something that a question was taken to name (a phrase, code, label, page, file or document),
    and what was made of it: a filter, a boost, or nothing. Of a question that is too long, also a
    row of the kind `question`: what is left out."""

    kind: str
    said: str
    use: Literal["filter", "boost", "nothing"]
    why: str


class HitOut(FoundOut):
    """A chunk that was found; `also` are worse ones that say the same."""

    section: list[str]
    caption: str
    text: str
    trace: list[StageOut]
    also: list[AlsoOut]


class CitationOut(Wire):
    """The source of a sentence."""

    document: str
    name: str
    kind: ChunkKind
    regions: list[RegionOut]


class SentenceOut(Wire):
    """A statement with its sources."""

    text: str
    support: float
    citations: list[CitationOut]


class AnswerOut(Wire):
    """An answer, or an abstention with its reason and the nearest evidence."""

    question: str
    searched: str
    understood: list[UnderstoodOut]
    abstained: bool
    confidence: float
    reason: str
    sentences: list[SentenceOut]
    evidence: list[HitOut]
    seconds: float


class SearchOut(Wire):
    """Hits, best first. `notes` say of stages that were skipped or cut short."""

    searched: str
    understood: list[UnderstoodOut]
    notes: list[str]
    hits: list[HitOut]
    seconds: float


def hit_out(hit: Hit) -> HitOut:
    c = hit.chunk
    return HitOut(
        chunk=c.id,
        document=c.document,
        name=hit.name,
        kind=c.kind,
        page=c.page,
        regions=[region_out(r) for r in c.regions],
        section=list(c.section),
        caption=c.caption,
        text=c.text,
        score=round(hit.score, 6),
        trace=[StageOut(stage=s.name, rank=s.rank, score=round(s.score, 6)) for s in hit.trace],
        also=[also_out(a) for a in hit.also],
    )


def also_out(also: Duplicate) -> AlsoOut:
    c = also.hit.chunk
    return AlsoOut(
        chunk=c.id,
        document=c.document,
        name=also.hit.name,
        kind=c.kind,
        page=c.page,
        regions=[region_out(r) for r in c.regions],
        score=round(also.hit.score, 6),
        why=also.why,
    )


def understood_out(understood: Sequence[Interpretation]) -> list[UnderstoodOut]:
    return [UnderstoodOut(kind=u.kind, said=u.text, use=u.effect, why=u.reason) for u in understood]


def search_out(
    candidates: Candidates, notes: Sequence[str], hits: Sequence[Hit], seconds: float
) -> SearchOut:
    return SearchOut(
        searched=candidates.text,
        understood=understood_out(candidates.understood),
        notes=list(notes),
        hits=[hit_out(h) for h in hits],
        seconds=round(seconds, 4),
    )


def citation_out(citation: Citation) -> CitationOut:
    return CitationOut(
        document=citation.regions[0].document,
        name=citation.name,
        kind=citation.kind,
        regions=[region_out(r) for r in citation.regions],
    )


def answer_out(question: str, candidates: Candidates, answer: Answer, seconds: float) -> AnswerOut:
    return AnswerOut(
        question=question,
        searched=candidates.text,
        understood=understood_out(candidates.understood),
        abstained=answer.abstained,
        confidence=round(answer.confidence, 4),
        reason=answer.reason,
        sentences=[
            SentenceOut(
                text=s.text, support=s.support, citations=[citation_out(c) for c in s.citations]
            )
            for s in answer.sentences
        ],
        evidence=[hit_out(h) for h in answer.evidence],
        seconds=round(seconds, 4),
    )
