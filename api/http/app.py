"""The HTTP service: FastAPI over one `Service`, and a page to ask at."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from fastapi import (
    APIRouter,
    FastAPI,
    File,
    Form,
    HTTPException,
    Query,
    Request,
    Response,
    UploadFile,
)
from fastapi.responses import HTMLResponse, StreamingResponse
from fastapi_offline import FastAPIOffline

from octavo.api.document_filter import read_conditions
from octavo.api.explain.explain_schemas import ExplainOut
from octavo.api.http.middleware import RequestGuard, hosts_of
from octavo.api.http.problems import PROBLEMS, handle_errors
from octavo.api.http.question_requests import (
    EXPLAIN_BODY,
    QUERY_BODY,
    image_of,
    question_of,
    read_json,
    read_query,
)
from octavo.api.http.streaming import events, until_gone
from octavo.api.http.uploads import keep_uploads
from octavo.api.http.writer_queue import Writer, queued_route
from octavo.api.schemas.answers import AnswerOut, SearchOut
from octavo.api.schemas.folders import SourcesIn, SourcesOut
from octavo.api.schemas.ledger import LedgerOut, StatusOut
from octavo.api.schemas.requests import ExplainIn, FactsIn, RetryIn
from octavo.api.schemas.results import DeleteOut, IngestOut
from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.generate.answer import Watch
from octavo.ingest.document import Box
from octavo.retrieve.deduplication import ResultOptions

_PAGE = Path(__file__).parents[1] / "web" / "page.html"
_MAX_BOXES = 50
_MAX_POINTS = 1e6
_SOURCES = (
    "where each file comes from, e.g. its path: other bytes from the same source replace what it "
    "held before; without it an upload replaces nothing"
)
_WHERE = (
    "KEY=VALUE: in, folder, name, type, since, until, or a key of the metadata; may be repeated"
)
_FACTS = (
    'metadata of each file, as JSON: {"labels": {"project": "x"}, "beside": null, "modified": ""}'
)


def make_app(service: Service, host: str = "127.0.0.1", writer: Writer | None = None) -> FastAPI:
    """The application over an open index, served at `host`. The caller closes `service`."""
    # FastAPI's own /docs loads its script from a content network; this one ships it.
    app: FastAPI = FastAPIOffline(
        title="Octavo",
        description="Answers from your documents, with the page and the box.",
        version="1",
        responses=PROBLEMS,
    )
    settings = service.settings
    hosts = hosts_of(host, settings.hosts)
    app.add_middleware(RequestGuard, hosts=hosts, most=settings.max_upload_mb << 20)
    handle_errors(app)
    _add_questions(app, service)
    _add_documents(app, service)
    _add_writes(app, service, writer or Writer())

    @app.get("/", include_in_schema=False)
    def home() -> HTMLResponse:
        return HTMLResponse(_PAGE.read_text(encoding="utf-8"))

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Answers as long as the process does, whatever its threads are busy with."""
        return {"status": "ok"}

    return app


def _add_questions(app: FastAPI, service: Service) -> None:
    from starlette.concurrency import run_in_threadpool

    @app.post("/v1/query", openapi_extra=QUERY_BODY, response_model=AnswerOut)
    async def query(request: Request) -> AnswerOut | StreamingResponse:
        """An answer with citations, or an abstention. JSON, or multipart with an image file.

        With `stream` an event stream: `draft` events with pieces of unchecked text as the model
        writes them, then one `answer` event (or `error`). A client that goes away stops the model.
        """
        request_body, image = await read_query(request)

        def ask(watch: Watch) -> AnswerOut:
            return service.ask(question_of(service, request_body, image), request_body.limit, watch)

        if request_body.stream:
            return StreamingResponse(events(ask), media_type="text/event-stream")
        return await until_gone(request, ask)

    @app.post("/v1/search", openapi_extra=QUERY_BODY)
    async def search(request: Request) -> SearchOut:
        """Hits with their trace, near-duplicates in one. JSON, or multipart with an image file."""
        request_body, image = await read_query(request)
        listing = ResultOptions(request_body.by, request_body.fold, request_body.diverse)
        return await run_in_threadpool(
            lambda: service.search(
                question_of(service, request_body, image), request_body.limit, listing
            )
        )

    @app.post("/v1/explain", openapi_extra=EXPLAIN_BODY)
    async def explain(request: Request) -> ExplainOut:
        """A search stage by stage; with `expect` (NAME#p12) what became of that page. JSON."""
        request_body = read_json(ExplainIn, await request.body())
        return await run_in_threadpool(
            lambda: service.explain(
                question_of(service, request_body, image_of(request_body)),
                request_body.limit,
                request_body.expect,
                request_body.heat,
            )
        )


def _add_documents(app: FastAPI, service: Service) -> None:
    @app.get("/v1/documents")
    def documents(
        where: Annotated[list[str] | None, Query(description=_WHERE)] = None,
    ) -> StatusOut:
        """The same as /v1/status; with `where` only the documents that meet every condition."""
        return service.status(read_conditions(where) if where else None)

    @app.get("/v1/status")
    def status() -> StatusOut:
        """The ledger: every document with what became of its pages, every source that failed."""
        return service.status()

    @app.get("/v1/documents/{document}/pages/{page}.png", response_class=Response)
    def page(
        document: str,
        page: int,
        box: Annotated[list[str] | None, Query(description="x0,y0,x1,y1 in points")] = None,
    ) -> Response:
        """A page as PNG, boxes marked. `box` may be repeated. A document in full id, as answers
        give it, is never taken for a name."""
        png = service.page_png(document, page, [_box(b) for b in (box or [])[:_MAX_BOXES]])
        return Response(png, media_type="image/png")

    # After the pages: it would take theirs for names.
    @app.get("/v1/documents/{name:path}")
    def entry(name: str) -> LedgerOut:
        """The ledger of one document, by name, id or source: facts, pages by what became of them,
        failures."""
        return service.entry(name)


def _add_writes(app: FastAPI, service: Service, writer: Writer) -> None:
    router = APIRouter(route_class=queued_route(writer))

    @router.post("/v1/documents")
    async def add(
        request: Request,
        files: Annotated[list[UploadFile], File()],
        sources: Annotated[list[str] | None, Form(description=_SOURCES)] = None,
        facts: Annotated[list[str] | None, Form(description=_FACTS)] = None,
    ) -> IngestOut:
        """Ingests uploaded files, after those that were sent before; returns when they are
        searchable. A client that goes away while it waits gives up its turn."""
        start = time.perf_counter()
        if sources and len(sources) != len(files):
            raise ValueError(f"{len(sources)} sources for {len(files)} files: give one for each")
        if facts and len(facts) != len(files):
            raise ValueError(f"{len(facts)} facts for {len(files)} files: give one for each")
        known = [read_json(FactsIn, f.encode()).facts() for f in facts or []]
        with TemporaryDirectory(prefix="octavo-uploads-") as folder:
            uploads = await keep_uploads(files, sources or [], Path(folder), known)
            results = await writer.run(
                request, lambda: list(service.ingest([u.to_source() for u in uploads]))
            )
        return IngestOut(results=results, seconds=round(time.perf_counter() - start, 3))

    @router.post("/v1/sources")
    async def change_sources(request: Request, request_body: SourcesIn) -> SourcesOut:
        """Changes where documents come from: files that were renamed, moved or removed. Nothing is
        read again; a document without a source is removed."""
        return await writer.run(request, lambda: service.change_sources(request_body.changes))

    @router.post("/v1/retry")
    async def retry(request: Request, request_body: RetryIn) -> IngestOut:
        """Tries again what failed: sources from their files on this machine, documents with
        failed pages from their stored originals; returns when that is done."""
        start = time.perf_counter()
        results = await writer.run(
            request, lambda: list(service.retry(request_body.names, uploads=request_body.uploads))
        )
        return IngestOut(results=results, seconds=round(time.perf_counter() - start, 3))

    @router.delete("/v1/documents/{name:path}")
    async def delete(request: Request, name: str) -> DeleteOut:
        """Removes a document, by name, id or source, and everything derived from it; none (409)
        where that fits several."""
        return await writer.run(request, lambda: service.delete(name))

    app.include_router(router)


def _box(text: str) -> Box:
    try:
        x0, y0, x1, y1 = (float(v) for v in text.split(","))
    except ValueError:
        raise HTTPException(400, f"box is {text!r}; expected x0,y0,x1,y1 in points") from None
    if not all(abs(v) <= _MAX_POINTS for v in (x0, y0, x1, y1)):  # NaN fails too
        raise HTTPException(400, f"box is {text!r}; its numbers are out of range")
    return Box(x0, y0, x1, y1)


def run_server(settings: Settings, host: str, port: int) -> None:
    """Serves until interrupted."""
    import uvicorn

    with closing(Service(settings, create=True)) as service:
        config = uvicorn.Config(make_app(service, host), host=host, port=port, log_level="info")
        server = uvicorn.Server(config)
        socket = config.bind_socket()
        bound = socket.getsockname()[1]
        reached = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)
        service.announce(f"http://{reached}:{bound}")
        server.run(sockets=[socket])
