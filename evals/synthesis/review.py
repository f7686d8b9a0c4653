"""The page to review drafts at: the question, its answer, and the page with the box drawn."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from octavo.api.http.middleware import RequestGuard, hosts_of
from octavo.evals.dataset import DatasetError
from octavo.evals.synthesis.draft import Draft, OpenQuestionError
from octavo.evals.synthesis.folder import DOCUMENTS, counts, find, read_drafts, write_drafts
from octavo.ingest.document import DocumentError
from octavo.ingest.files import file_type
from octavo.ingest.render import render_page

_PAGE = Path(__file__).parent / "review.html"
_MOST = 1 << 20  # bytes of a request
#: Nothing from elsewhere, not even where a document's words were markup.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; connect-src 'self'; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
}


class ReviewDecision(BaseModel):
    """What a reviewer said of a draft."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["draft", "accepted", "rejected"]
    text: str = Field(max_length=2000)
    answer: str = Field(max_length=4000)


class Review:
    """The drafts of a folder, written at every decision. Safe from several threads.

    Raises DatasetError for a folder without drafts.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.drafts = read_drafts(folder)
        if not self.drafts:
            raise DatasetError(
                f"{folder} has no drafts to review; make some: octavo eval make PATHS --out "
                f"{folder}"
            )
        self._lock = threading.Lock()

    def decide(self, key: str, decision: ReviewDecision) -> Draft:
        """Raises DatasetError for an unknown id, ValueError for an empty question or answer,
        OpenQuestionError for an answer to an open question."""
        with self._lock:
            n = find(self.drafts, key)
            draft = self.drafts[n].decided(decision.state, decision.text, decision.answer)
            changed = [*self.drafts[:n], draft, *self.drafts[n + 1 :]]
            write_drafts(changed, self.folder)
            self.drafts = changed
            return draft

    def page_png(self, key: str, page: int) -> bytes:
        """PNG of a page of the draft's document, its boxes marked. Raises DocumentError."""
        draft = self.drafts[find(self.drafts, key)]
        file = self.folder / DOCUMENTS / draft.doc
        try:
            data = file.read_bytes()
        except OSError as error:
            raise DocumentError(f"{file} cannot be read: {error.strerror}") from error
        boxes = [p.box for p in draft.places if p.page == page]
        return render_page(data, file_type(data, file.suffix), page, boxes)


def review_app(folder: Path, host: str = "127.0.0.1") -> FastAPI:
    """The application over a made set, served at `host`. Raises DatasetError for none."""
    review = Review(folder)
    app = FastAPI(title="Octavo review", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(RequestGuard, hosts=hosts_of(host, ""), most=_MOST)
    _handle_errors(app)

    @app.get("/")
    def home() -> HTMLResponse:
        return HTMLResponse(_PAGE.read_text(encoding="utf-8"), headers=_HEADERS)

    @app.get("/v1/drafts")
    def drafts() -> dict[str, Any]:
        return {"drafts": [_shown(d) for d in review.drafts], "counts": counts(review.drafts)}

    @app.put("/v1/drafts/{key}")
    def decide(key: str, decision: ReviewDecision) -> dict[str, Any]:
        draft = review.decide(key, decision)
        return {"draft": _shown(draft), "counts": counts(review.drafts)}

    @app.get("/v1/drafts/{key}/pages/{page}.png")
    def page(key: str, page: int) -> Response:
        return Response(review.page_png(key, page), media_type="image/png")

    return app


def run_review(folder: Path, port: int) -> None:
    """Serves the review on this machine until interrupted."""
    import click
    import uvicorn

    config = uvicorn.Config(review_app(folder), host="127.0.0.1", port=port, log_level="warning")
    socket = config.bind_socket()
    url = f"http://127.0.0.1:{socket.getsockname()[1]}"
    click.echo(f"review at {url} (end with Ctrl-C; every decision is already written)", err=True)
    uvicorn.Server(config).run(sockets=[socket])


def _shown(draft: Draft) -> Mapping[str, Any]:
    return {
        "id": draft.id,
        "text": draft.text,
        "answer": draft.answer,
        "answerable": draft.answerable,
        "doc": draft.doc,
        "pages": sorted({p.page for p in draft.places}),
        "made_by": draft.made_by,
        "evidence": draft.evidence if draft.answerable else "none",
        "shared": round(draft.shared, 3),
        "state": draft.state,
        "edited": draft.edited,
    }


def _handle_errors(app: FastAPI) -> None:
    """Every error is `{"error": "..."}`, as the API's are."""

    def reply(status: int, text: str) -> JSONResponse:
        return JSONResponse({"error": text}, status)

    def handle(kind: type[Exception], status: int) -> None:
        async def handler(_: Request, error: Exception) -> JSONResponse:
            return reply(status, str(error))

        app.add_exception_handler(kind, handler)

    handle(DatasetError, 404)
    handle(DocumentError, 404)
    handle(OpenQuestionError, 400)
    handle(ValueError, 422)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        return reply(error.status_code, str(error.detail))

    @app.exception_handler(OSError)
    async def disk(_: Request, error: OSError) -> JSONResponse:
        return reply(500, f"the decision is not written: {error.strerror or error}")

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        found = error.errors()
        return reply(422, "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in found))
