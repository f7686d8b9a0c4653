"""One question through a backend: the index itself, or a server."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from api.explained import ExplainOut
from api.wire import AnswerOut, RegionOut, SearchOut, check_length
from generate.answer import Watch
from ingest.document import Box
from retrieve.folding import Listing
from retrieve.query import Query

if TYPE_CHECKING:
    from api.client import Client
    from api.service import Service


def make_query(text: str, image: Path | None) -> Query:
    """Raises ValueError for a query that is empty or too long, OSError for an image that cannot be
    read."""
    return Query(text=check_length(text), image=image.read_bytes() if image else None)


def search_index(
    backend: Service | Client,
    text: str,
    image: Path | None = None,
    documents: Sequence[str] = (),
    limit: int = 10,
    listing: Listing | None = None,
) -> SearchOut:
    """Hits, best first."""
    from api.client import Client

    query = make_query(text, image)
    if isinstance(backend, Client):
        return backend.search(query, limit, documents, listing)
    return backend.search(Query(query.text, query.image, backend.where(documents)), limit, listing)


def explain_index(
    backend: Service | Client,
    text: str,
    image: Path | None = None,
    documents: Sequence[str] = (),
    limit: int = 10,
    expect: str = "",
    heat: bool = False,
) -> ExplainOut:
    """The search stage by stage; `expect` is a page that should be found, as `NAME#p12`. `heat`:
    with a figure in which is drawn what the question met."""
    from api.client import Client

    query = make_query(text, image)
    if isinstance(backend, Client):
        return backend.explain(query, limit, documents, expect, heat)
    asked = Query(query.text, query.image, backend.where(documents))
    return backend.explain(asked, limit, expect, heat)


def save_heat(explained: ExplainOut, file: Path) -> Path | None:
    """Writes the heat map as PNG; None where there is none."""
    if not explained.heat:
        return None
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(base64.b64decode(explained.heat))
    return file


def ask_index(
    backend: Service | Client,
    text: str,
    image: Path | None = None,
    documents: Sequence[str] = (),
    limit: int = 10,
    watch: Watch | None = None,
) -> AnswerOut:
    """An answer or an abstention. `watch` hears drafts, where the index is open here."""
    from api.client import Client

    query = make_query(text, image)
    if isinstance(backend, Client):
        return backend.ask(query, limit, documents)
    asked = Query(query.text, query.image, backend.where(documents))
    return backend.ask(asked, limit, watch)


def save_evidence(backend: Service | Client, answer: AnswerOut, file: Path) -> Path | None:
    """Writes the first cited page with its boxes as PNG; None where there is none to show."""
    cited = [c for s in answer.sentences for c in s.citations]
    if cited:
        document, regions = cited[0].document, [r for c in cited for r in c.regions]
        same = [r for c in cited if c.document == document for r in c.regions]
        page = regions[0].page
        boxes = [_box(r) for r in same if r.page == page]
    elif answer.evidence:
        hit = answer.evidence[0]
        document, page = hit.document, hit.page
        boxes = [_box(r) for r in hit.regions if r.page == page]
    else:
        return None
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(backend.page_png(document, page, boxes))
    return file


def _box(region: RegionOut) -> Box:
    return Box(*region.box)
