"""Errors over HTTP: `{"error": "..."}` with a status that says whose it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.naming import AmbiguousError
from api.wire import Conflict, Problem, conflict_out
from generate.answer import GeneratorError
from index.encode import ModelError
from index.store import NotFoundError, StoreError
from ingest.document import DocumentError

#: For the API's description.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem},
    404: {"model": Problem},
    409: {"model": Conflict},
    413: {"model": Problem},
    422: {"model": Problem},
    502: {"model": Problem},
    503: {"model": Problem},
}
#: The nearest class of an error counts.
_STATUS: dict[type[Exception], int] = {
    NotFoundError: 404,
    DocumentError: 404,
    ValueError: 422,
    StoreError: 500,
    ModelError: 500,
    GeneratorError: 502,
}


def handle_errors(app: FastAPI) -> None:
    """Every error becomes a problem in JSON."""
    for kind, status in _STATUS.items():
        app.add_exception_handler(kind, _told(status))

    @app.exception_handler(AmbiguousError)
    async def ambiguous(_: Request, error: AmbiguousError) -> JSONResponse:
        return JSONResponse(conflict_out(error).model_dump(), 409)

    @app.exception_handler(Exception)
    async def unexpected(_: Request, error: Exception) -> JSONResponse:
        said = f"internal error: {type(error).__name__}; the server's log has more"
        return _problem(500, said)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        return _problem(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return _problem(422, explained(error.errors()))


def explained(errors: Sequence[Mapping[str, Any]]) -> str:
    """What pydantic found, a field at a time."""
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {_said(e)}" for e in errors)


def _said(error: Mapping[str, Any]) -> str:
    """Our own validators' words stand without pydantic's "Value error, " before them."""
    raised = error.get("ctx", {}).get("error")
    return str(raised if isinstance(raised, ValueError) else error["msg"])


def _told(status: int) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    async def told(_: Request, error: Exception) -> JSONResponse:
        return _problem(status, str(error))

    return told


def _problem(status: int, text: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(Problem(error=text).model_dump(), status, headers)
