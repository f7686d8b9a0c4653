"""The JSON that the service and `--json` speak. One model per noun, converted here only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.naming import AmbiguousError
from generate.answer import Answer, Citation
from index.build import Outcome, Result
from index.pages import runs_of
from index.store import Failure, Stored
from ingest.document import ChunkKind, PageState, PageStatus, Region
from retrieve.query import Also, Candidates, Hit, Understood

MAX_QUESTION = 10_000  # characters


class Wire(BaseModel):
    """JSON with no other fields than those named."""

    model_config = ConfigDict(extra="forbid")


class RegionOut(Wire):
    """A box on a page: PDF points, origin at the displayed page's top left."""

    page: int
    box: tuple[float, float, float, float]


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


class PagesOut(Wire):
    """Pages `first` to `last`, of which the same became. `reason`: why they are in quarantine."""

    first: int
    last: int
    state: PageState
    reason: str

    @property
    def pages(self) -> str:
        """`page 7`, or `pages 3-7`."""
        one = self.first == self.last
        return f"page {self.first}" if one else f"pages {self.first}-{self.last}"


class _Ledger(Wire):
    """Numbers of pages. `pages` = `indexed` + `blank` + `quarantined`; of the indexed ones `ocr`
    were read by OCR, and `image_only` have a picture and no text."""

    pages: int
    indexed: int
    ocr: int
    image_only: int
    blank: int
    quarantined: int
    chunks: int


class DocumentOut(_Ledger):
    """A committed document. `states` lists the pages that are not plain text."""

    document: str
    name: str
    source: str
    sources: list[str]
    type: str
    bytes: int
    metadata: dict[str, str]
    states: list[PagesOut]


class FailureOut(Wire):
    """A source of which nothing could be indexed. Fields are empty where it failed before they were
    known. `uploaded`: its bytes came from a client and are not kept. `when` is UTC."""

    name: str
    source: str
    reason: str
    document: str
    type: str
    bytes: int
    pages: int
    uploaded: bool
    when: str
    settings: dict[str, str]


class LedgerOut(Wire):
    """What is known of a name: documents, and sources that failed."""

    documents: list[DocumentOut]
    failed: list[FailureOut]


class CacheOut(Wire):
    """Vectors of questions and query images that are kept, and how often they served."""

    entries: int
    limit: int
    hits: int
    misses: int


class StatusOut(_Ledger):
    """What is in an index, and the sources of which nothing could be."""

    index: str
    profile: str
    documents: list[DocumentOut]
    failed: list[FailureOut]
    query_cache: CacheOut


class ResultOut(Wire):
    """What became of one source."""

    name: str
    outcome: Outcome
    document: str
    pages: int
    chunks: int
    reason: str
    quarantined: list[PagesOut]


class IngestOut(Wire):
    """What became of every source of one ingest."""

    results: list[ResultOut]
    seconds: float


class MovedOut(Wire):
    """What was copied to a server. `there`: documents of which it had this or another version.
    `originals`: the folder that the service there needs."""

    store: str
    documents: int
    chunks: int
    there: int
    originals: str
    seconds: float


class ModelOut(Wire):
    """A model of a profile."""

    profile: str
    role: str
    backend: str
    model: str
    revision: str
    licence: str
    size_mb: int
    purpose: str
    measured: bool
    here: bool


class ModelsOut(Wire):
    """Models by profile and role."""

    models: list[ModelOut]


class PulledModel(Wire):
    """A model on this machine: what it is, from which commit."""

    model: str
    revision: str
    commit: str
    files: int
    bytes: int


class PulledOut(Wire):
    """Models that were fetched, bundled or unpacked."""

    models: list[PulledModel]


class RepairOut(Wire):
    """What `octavo repair` found, what it mended, and what it could not; a line each."""

    found: list[str]
    mended: list[str]
    lost: list[str]


class DeleteOut(Wire):
    """Documents that were removed, and failed sources that were forgotten."""

    deleted: list[DocumentOut]
    forgotten: list[FailureOut]


class Problem(Wire):
    """An error, as RFC 9457 would have its title and detail."""

    error: str


class CandidateOut(Wire):
    """One of several documents that a name fits. `failed`: a source that is not in the index."""

    document: str
    name: str
    sources: list[str]
    failed: bool


class Conflict(Problem):
    """A name that fits several documents: ask again by the id or source of one of them."""

    candidates: list[CandidateOut]


def check_length(text: str) -> str:
    """The same text. Raises ValueError for one longer than a question may be."""
    if len(text) > MAX_QUESTION:
        raise ValueError(
            f"the question has {len(text):,} characters; at most {MAX_QUESTION:,} are taken: "
            "shorten it, or ask it in parts"
        )
    return text


class QueryIn(Wire):
    """A question or a search. `image` is base64 of an image file."""

    text: Annotated[str, AfterValidator(check_length)] = Field(
        "", json_schema_extra={"maxLength": MAX_QUESTION}
    )
    image: str = Field("", max_length=40_000_000, description="base64 of a PNG, JPEG, ... file")
    documents: list[str] = Field(
        default_factory=list, max_length=1000, description="names, ids or sources; empty: all"
    )
    kinds: list[Literal["text", "table", "figure", "page"]] = Field(default_factory=list)
    pages: list[Annotated[int, Field(ge=1, le=1_000_000)]] = Field(
        default_factory=list, max_length=1000
    )
    limit: int = Field(10, ge=1, le=100)
    by: Literal["chunk", "page", "document"] = Field(
        "chunk", description="one hit a chunk, page or document (only /v1/search)"
    )
    fold: bool = Field(True, description="near-duplicates stand once (only /v1/search)")
    diverse: float | None = Field(
        None, ge=0, le=1, description="lambda of MMR, 1: by score alone (only /v1/search)"
    )
    stream: bool = Field(False, description="answer as an event stream (only /v1/query)")


class ExplainIn(QueryIn):
    """A search to be explained."""

    expect: str = Field("", max_length=2000, description="a page that should be found: NAME#p12")
    heat: bool = Field(False, description="draw what the question met in the first figure")


class RetryIn(Wire):
    """What to try again. `uploads`: also say of failed uploads that they must be sent again."""

    names: list[str] = Field(
        default_factory=list, max_length=1000, description="names, ids or sources; empty: all"
    )
    uploads: bool = True


def conflict_out(error: AmbiguousError) -> Conflict:
    candidates = [
        CandidateOut(document=c.document, name=c.name, sources=list(c.sources), failed=c.failed)
        for c in error.candidates
    ]
    return Conflict(error=str(error), candidates=candidates)


def region_out(region: Region) -> RegionOut:
    x0, y0, x1, y1 = region.box.rounded()
    return RegionOut(page=region.page, box=(x0, y0, x1, y1))


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


def also_out(also: Also) -> AlsoOut:
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


def understood_out(understood: Sequence[Understood]) -> list[UnderstoodOut]:
    return [UnderstoodOut(kind=u.kind, said=u.said, use=u.use, why=u.why) for u in understood]


def search_out(
    found: Candidates, notes: Sequence[str], hits: Sequence[Hit], seconds: float
) -> SearchOut:
    return SearchOut(
        searched=found.text,
        understood=understood_out(found.understood),
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


def answer_out(question: str, found: Candidates, answer: Answer, seconds: float) -> AnswerOut:
    return AnswerOut(
        question=question,
        searched=found.text,
        understood=understood_out(found.understood),
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


def pages_out(statuses: Iterable[PageStatus]) -> list[PagesOut]:
    return [
        PagesOut(first=r.first, last=r.last, state=r.state, reason=r.reason)
        for r in runs_of(statuses)
        if r.state != "text"
    ]


def document_out(stored: Stored) -> DocumentOut:
    d = stored.document
    count = Counter(s.state for s in d.statuses)
    return DocumentOut(
        document=d.id,
        name=d.name,
        source=d.source,
        sources=list(stored.sources),
        type=stored.type,
        bytes=stored.size,
        pages=d.pages,
        indexed=count["text"] + count["ocr"] + count["image"],
        ocr=count["ocr"],
        image_only=count["image"],
        blank=count["blank"],
        quarantined=count["quarantine"],
        chunks=stored.chunks,
        metadata=d.metadata,
        states=pages_out(d.statuses),
    )


def failure_out(failure: Failure) -> FailureOut:
    return FailureOut(
        name=failure.name,
        source=failure.source,
        reason=failure.reason,
        document=failure.document,
        type=failure.type,
        bytes=failure.size,
        pages=failure.pages,
        uploaded=not (failure.local or failure.kept),
        when=datetime.fromtimestamp(failure.time, UTC).isoformat().replace("+00:00", "Z"),
        settings=failure.settings,
    )


def status_out(
    index: str, profile: str, stored: Sequence[Stored], failures: Sequence[Failure], cache: CacheOut
) -> StatusOut:
    """Totals over all documents."""
    documents = [document_out(s) for s in stored]
    return StatusOut(
        index=index,
        profile=profile,
        documents=documents,
        failed=[failure_out(f) for f in failures],
        query_cache=cache,
        **{n: sum(getattr(d, n) for d in documents) for n in _Ledger.model_fields},
    )


def result_out(result: Result) -> ResultOut:
    return ResultOut(
        name=result.name,
        outcome=result.outcome,
        document=result.document,
        pages=result.pages,
        chunks=result.chunks,
        reason=result.reason,
        quarantined=pages_out(result.quarantined),
    )
