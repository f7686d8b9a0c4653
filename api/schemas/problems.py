"""Errors."""

from __future__ import annotations

from octavo.api.naming import AmbiguousError
from octavo.api.schemas.base import Wire


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


def conflict_out(error: AmbiguousError) -> Conflict:
    candidates = [
        CandidateOut(document=c.document, name=c.name, sources=list(c.sources), failed=c.failed)
        for c in error.candidates
    ]
    return Conflict(error=str(error), candidates=candidates)
