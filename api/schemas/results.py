"""What ingesting, moving, repairing and deleting did."""

from __future__ import annotations

from octavo.api.schemas.base import Wire
from octavo.api.schemas.ledger import DocumentOut, FailureOut, PagesOut, pages_out
from octavo.index.build import Outcome, Result


class ResultOut(Wire):
    """What became of one source."""

    name: str
    outcome: Outcome
    document: str
    pages: int
    chunks: int
    reason: str
    failed_pages: list[PagesOut]


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


class RepairOut(Wire):
    """What `octavo repair` found, what it mended, and what it could not; a line each."""

    found: list[str]
    mended: list[str]
    lost: list[str]


class DeleteOut(Wire):
    """Documents that were removed, and failed sources that were forgotten."""

    deleted: list[DocumentOut]
    forgotten: list[FailureOut]


def result_out(result: Result) -> ResultOut:
    return ResultOut(
        name=result.name,
        outcome=result.outcome,
        document=result.document,
        pages=result.pages,
        chunks=result.chunks,
        reason=result.reason,
        failed_pages=pages_out(result.failed_pages),
    )
