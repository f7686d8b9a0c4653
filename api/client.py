"""The same calls as `octavo.api.service.Service`, through a running server."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel

from octavo.api.document_filter import conditions_of
from octavo.api.explain.explain_schemas import ExplainOut
from octavo.api.library.where import Where
from octavo.api.schemas.answers import AnswerOut, SearchOut
from octavo.api.schemas.folders import SourceChange, SourcesIn, SourcesOut
from octavo.api.schemas.ledger import FailureOut, LedgerOut, StatusOut
from octavo.api.schemas.requests import conditions_in, facts_in
from octavo.api.schemas.results import DeleteOut, IngestOut, ResultOut
from octavo.index.progress import Progress
from octavo.index.source import Source, reason_of
from octavo.index.store import StoreError
from octavo.ingest.document import Box, DocumentError
from octavo.retrieve.deduplication import ResultOptions
from octavo.retrieve.query import Query

_T = TypeVar("_T", bound=BaseModel)
_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 900.0  # a language model on a CPU; the server bounds it by its own setting
_INGEST_SECONDS = 3600.0


class Client:
    """Talks to `octavo serve` at `url`. Errors of the server come as StoreError."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        # trust_env=False: a proxy of the environment must not see confidential questions.
        try:
            self._http = httpx.Client(
                base_url=self._url,
                timeout=httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS),
                trust_env=False,
            )
        except httpx.InvalidURL as error:
            raise ValueError(f"--url (OCTAVO_URL) is {url!r}: {error}") from None

    def close(self) -> None:
        self._http.close()

    def search(
        self,
        query: Query,
        limit: int = 10,
        where: Where | None = None,
        listing: ResultOptions | None = None,
    ) -> SearchOut:
        how = asdict(listing) if listing else {}
        return self._ask("/v1/search", query, limit, where, SearchOut, how)

    def explain(
        self,
        query: Query,
        limit: int = 10,
        where: Where | None = None,
        expect: str = "",
        heat: bool = False,
    ) -> ExplainOut:
        more = {"expect": expect, "heat": heat}
        return self._ask("/v1/explain", query, limit, where, ExplainOut, more)

    def ask(self, query: Query, limit: int = 10, where: Where | None = None) -> AnswerOut:
        return self._ask("/v1/query", query, limit, where, AnswerOut, {})

    def status(self, where: Where | None = None) -> StatusOut:
        conditions = [("where", c) for c in conditions_of(where)] if where else []
        reply = self._send("GET", "/v1/documents", params=conditions)
        return StatusOut.model_validate(reply.json())

    def entry(self, name: str) -> LedgerOut:
        """What the server's ledger has of a name, id or source."""
        reply = self._send("GET", f"/v1/documents/{_quoted(name)}")
        return LedgerOut.model_validate(reply.json())

    def delete(self, name: str) -> DeleteOut:
        reply = self._send("DELETE", f"/v1/documents/{_quoted(name)}")
        return DeleteOut.model_validate(reply.json())

    def change_sources(self, changes: Sequence[SourceChange]) -> SourcesOut:
        body = SourcesIn(changes=list(changes)).model_dump()
        reply = self._send("POST", "/v1/sources", json=body, timeout=_INGEST_SECONDS)
        return SourcesOut.model_validate(reply.json())

    def ingest(
        self, sources: Sequence[Source], report: Callable[[Progress], None] = lambda _: None
    ) -> Iterator[ResultOut]:
        """Sends one file at a time; a file that cannot be read here comes back as failed."""
        pages = done = 0
        for n, source in enumerate(sources, 1):
            try:
                data, facts = source.read(), source.facts()
            except (OSError, DocumentError) as error:
                yield _failed(source.name, reason_of(error))
                continue
            reply = self._send(
                "POST",
                "/v1/documents",
                files={"files": (source.name, data)},
                data={"sources": source.source, "facts": facts_in(facts).model_dump_json()},
                timeout=_INGEST_SECONDS,
            )
            results = IngestOut.model_validate(reply.json()).results
            read = [r for r in results if r.outcome in ("added", "updated")]
            pages += sum(r.pages for r in read)
            done += len(read)
            files = len(sources)
            report(Progress(source.name, pages, pages, files - n, files, n, done))
            yield from results

    def retry(
        self, names: Sequence[str] = (), report: Callable[[Progress], None] = lambda _: None
    ) -> Iterator[ResultOut]:
        """The server tries again what it has; failed uploads whose files are here are sent again,
        as the server does not keep their bytes."""
        entries = [self.entry(n) for n in names]
        failed = [f for e in entries for f in e.failed] if names else self.status().failed
        theirs = [
            n
            for n, e in zip(names, entries, strict=True)
            if e.documents or not all(f.uploaded for f in e.failed)
        ]
        if theirs or not names:
            body = {"names": theirs, "uploads": False}
            reply = self._send("POST", "/v1/retry", json=body, timeout=_INGEST_SECONDS)
            yield from IngestOut.model_validate(reply.json()).results
        uploads = {f.source: f for f in failed if f.uploaded}
        here = [f for f in uploads.values() if Path(f.source).is_file()]
        yield from self.ingest([Source.file(Path(f.source)) for f in here], report)
        yield from (_absent(f) for f in uploads.values() if f not in here)

    def page_png(self, document: str, page: int, boxes: Sequence[Box] = ()) -> bytes:
        marks = [("box", ",".join(str(v) for v in b.rounded())) for b in boxes]
        url = f"/v1/documents/{_quoted(document)}/pages/{page}.png"
        return self._send("GET", url, params=marks).content

    def _ask(
        self,
        path: str,
        query: Query,
        limit: int,
        where: Where | None,
        model: type[_T],
        more: Mapping[str, object],
    ) -> _T:
        body = {
            "text": query.text,
            "image": base64.b64encode(query.image).decode() if query.image else "",
            **conditions_in(where or Where()),
            "limit": limit,
            **more,
        }
        return model.model_validate(self._send("POST", path, json=body).json())

    def _send(self, method: str, path: str, **options: object) -> httpx.Response:
        try:
            reply = self._http.request(method, path, **options)  # type: ignore[arg-type]
        except httpx.HTTPError as error:
            raise StoreError(f"no answer from {self._url}: {error}") from error
        if reply.is_error:
            raise StoreError(f"{self._url} said: {_problem(reply)}")
        return reply


def _failed(name: str, reason: str, document: str = "") -> ResultOut:
    return ResultOut(
        name=name,
        outcome="failed",
        document=document,
        pages=0,
        chunks=0,
        reason=reason,
        failed_pages=[],
    )


def _absent(failure: FailureOut) -> ResultOut:
    reason = f"{failure.reason} (sent from {failure.source}, which is not here: send it again)"
    return _failed(failure.name, reason, failure.document)


def _problem(reply: httpx.Response) -> str:
    try:
        return str(reply.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {reply.status_code}"


def _quoted(name: str) -> str:
    return quote(name, safe="")
