"""Why a page was found, or where it was lost: a search followed stage by stage."""

from __future__ import annotations

import base64
import re
import time
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from octavo.api.explain.explain_schemas import ExplainOut
from octavo.api.explain.rank_trace import PageTrace, expected_out, stages_of
from octavo.api.explain.token_matches import heated, word_by_word
from octavo.api.schemas.answers import hit_out, understood_out
from octavo.index.store import NotFoundError, Store, StoredDocument
from octavo.ingest.document import Chunk
from octavo.rerank.rerank import Scorers
from octavo.retrieve.deduplication import ResultOptions
from octavo.retrieve.query import Query

if TYPE_CHECKING:
    from octavo.api.service import Service

_EXPECT = re.compile(r"(?P<name>.+?)#p?(?P<page>\d{1,7})")


@dataclass(frozen=True, slots=True)
class Expect:
    """A page that should be found."""

    name: str
    page: int

    @staticmethod
    def read(text: str) -> Expect:
        """From `NAME#p12` (or `NAME#12`). Raises ValueError for anything else."""
        match = _EXPECT.fullmatch(text.strip())
        if match is None or int(match["page"]) < 1:
            raise ValueError(
                f"--expect is {text!r}; expected a document and a page from 1, as NAME#p12"
            )
        return Expect(match["name"], int(match["page"]))


def explain(
    service: Service,
    store: Store,
    scorers: Scorers,
    query: Query,
    limit: int,
    expect: str = "",
    heat: bool = False,
) -> ExplainOut:
    """`heat`: also draws what the question met in a figure.

    Raises ValueError for an `expect` that cannot be read, AmbiguousError for one that fits several
    documents, NotFoundError for a document that is not in the index and never was, with the name
    nearest to it.
    """
    start = time.perf_counter()
    wanted = _resolved(service, Expect.read(expect)) if expect else None
    candidates, order = service.ranked(query)
    hits = service.listed(order.items, limit, ResultOptions())
    stages = stages_of(candidates, order)
    expected, shown = None, hits[0].chunk if hits else None
    if wanted is not None:
        name, page = wanted.expect.name, wanted.expect.page
        if wanted.absent:
            expected = expected_out(name, page, "absent", wanted.absent)
        else:
            trace = PageTrace(store, scorers, candidates, order, hits, limit)
            expected = trace.of(name, page, wanted.chunks, stages)
            shown = trace.best or shown
    names = {h.chunk.id: h.name for h in hits}
    words = None
    if shown is not None:
        name = names.get(shown.id) or (wanted.expect.name if wanted else "")
        words = word_by_word(candidates, shown, name, store, scorers)
    picture, note = b"", ""
    if heat:
        first = [shown] if shown is not None and wanted is not None else []
        picture, note = heated(candidates.text, [*first, *(h.chunk for h in hits)], scorers)
    return ExplainOut(
        question=query.text,
        searched=candidates.text,
        understood=understood_out(candidates.understood),
        notes=list(order.notes),
        stages=stages,
        hits=[hit_out(h) for h in hits],
        expected=expected,
        aligned=words,
        heat=base64.b64encode(picture).decode(),
        heat_note=note,
        seconds=round(time.perf_counter() - start, 4),
    )


@dataclass(frozen=True, slots=True)
class _ExpectedPage:
    """The page, its document where that is committed, and why it cannot be found, if so."""

    expect: Expect
    stored: StoredDocument | None
    chunks: tuple[Chunk, ...]
    absent: str


def _resolved(service: Service, expect: Expect) -> _ExpectedPage:
    try:
        stored = service.named([expect.name])[0]
    except NotFoundError:
        return _ExpectedPage(expect, None, (), _never_indexed(service, expect.name))
    d = stored.document
    expect = replace(expect, name=d.name)
    if expect.page > d.pages:
        return _ExpectedPage(expect, stored, (), f"{d.name} has {d.pages} pages")
    state = d.statuses[expect.page - 1]
    if state.state == "failed":
        reason = f"page {expect.page} of {d.name} failed: {state.reason}; try octavo retry"
        return _ExpectedPage(expect, stored, (), reason)
    chunks = _on_page(service, d.id, expect.page)
    if not chunks:
        why = "is blank" if state.state == "blank" else "has nothing that could be indexed"
        return _ExpectedPage(expect, stored, (), f"page {expect.page} of {d.name} {why}")
    return _ExpectedPage(expect, stored, tuple(chunks), "")


def _never_indexed(service: Service, name: str) -> str:
    """Why a source is not in the index. Raises NotFoundError for one that was never given."""
    status = service.status()
    failed = next((f for f in status.failed if name in (f.name, f.source)), None)
    if failed is not None:
        return f"{failed.name} is not in the index, it failed: {failed.reason}"
    known = [d.name for d in status.documents] + [f.name for f in status.failed]
    lower = {k.lower(): k for k in reversed(known)}
    near = get_close_matches(name.lower(), lower, n=1, cutoff=0.5)
    hint = f"; the nearest name is {lower[near[0]]!r}" if near else ""
    raise NotFoundError(f"no document is named {name!r}{hint}")


def _on_page(service: Service, document: str, page: int) -> list[Chunk]:
    """Also those that begin on the page before and go on."""
    before = service.page_chunks(document, page - 1) if page > 1 else []
    chunks = [*before, *service.page_chunks(document, page)]
    return [c for c in chunks if any(r.page == page for r in c.regions)]
