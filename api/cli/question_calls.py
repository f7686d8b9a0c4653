"""One question through a backend: the index itself, or a server."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from octavo.api.explain.explain_schemas import ExplainOut
from octavo.api.library.where import Where
from octavo.api.schemas.answers import AnswerOut, SearchOut
from octavo.api.schemas.base import RegionOut
from octavo.api.schemas.requests import check_length
from octavo.generate.answer import Watch
from octavo.ingest.document import Box
from octavo.retrieve.deduplication import ResultOptions
from octavo.retrieve.query import Query

if TYPE_CHECKING:
    from octavo.api.client import Client
    from octavo.api.service import Service


def make_query(text: str, image: Path | None) -> Query:
    """Raises ValueError for a query that is empty or too long, OSError for an image that cannot be
    read."""
    return Query(text=check_length(text), image=image.read_bytes() if image else None)


def search_index(
    backend: Service | Client,
    text: str,
    image: Path | None = None,
    where: Where | None = None,
    limit: int = 10,
    listing: ResultOptions | None = None,
) -> SearchOut:
    """Hits, best first."""
    from octavo.api.client import Client

    query = make_query(text, image)
    if isinstance(backend, Client):
        return backend.search(query, limit, where, listing)
    resolved = backend.question(query.text, query.image, where or Where())
    return backend.search(resolved, limit, listing)


def explain_index(
    backend: Service | Client,
    text: str,
    image: Path | None = None,
    where: Where | None = None,
    limit: int = 10,
    expect: str = "",
    heat: bool = False,
) -> ExplainOut:
    """The search stage by stage; `expect` is a page that should be found, as `NAME#p12`. `heat`:
    with a figure in which is drawn what the question met."""
    from octavo.api.client import Client

    query = make_query(text, image)
    if isinstance(backend, Client):
        return backend.explain(query, limit, where, expect, heat)
    resolved = backend.question(query.text, query.image, where or Where())
    return backend.explain(resolved, limit, expect, heat)


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
    where: Where | None = None,
    limit: int = 10,
    watch: Watch | None = None,
) -> AnswerOut:
    """An answer or an abstention. `watch` hears drafts, where the index is open here."""
    from octavo.api.client import Client

    query = make_query(text, image)
    if isinstance(backend, Client):
        return backend.ask(query, limit, where)
    resolved = backend.question(query.text, query.image, where or Where())
    return backend.ask(resolved, limit, watch)


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
