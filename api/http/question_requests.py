"""Questions as clients send them: JSON, or multipart with an image file."""

from __future__ import annotations

import base64
import binascii
from typing import Any, TypeVar

from fastapi import HTTPException, Request
from pydantic import BaseModel, ValidationError

from octavo.api.http.problems import explained
from octavo.api.schemas.requests import ExplainIn, QueryIn
from octavo.api.service import Service
from octavo.retrieve.query import Query

_FIELDS = ("text", "limit", "stream", "by", "fold", "diverse", "since", "until")
_LISTS = ("documents", "kinds", "pages", "folders", "names", "types", "metadata")
QUERY_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": QueryIn.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "text": {"type": "string"},
                        "image": {"type": "string", "format": "binary"},
                        **{n: {"type": "array", "items": {"type": "string"}} for n in _LISTS},
                        "since": {"type": "string"},
                        "until": {"type": "string"},
                        "limit": {"type": "integer", "default": 10},
                        "stream": {"type": "boolean", "default": False},
                    },
                }
            },
        },
    }
}
EXPLAIN_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": ExplainIn.model_json_schema()}},
    }
}
_Model = TypeVar("_Model", bound=BaseModel)


async def read_query(request: Request) -> tuple[QueryIn, bytes | None]:
    """The question of a JSON or multipart request, its image decoded."""
    kind = request.headers.get("content-type", "")
    try:
        if kind.startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
            async with request.form() as form:
                fields: dict[str, Any] = {
                    k: form.get(k) for k in _FIELDS if form.get(k) is not None
                }
                fields.update({k: form.getlist(k) for k in _LISTS if k in form})
                upload = form.get("image")
                image = None if upload is None or isinstance(upload, str) else await upload.read()
            return QueryIn.model_validate(fields), image or None
    except ValidationError as error:
        raise HTTPException(422, explained(error.errors())) from None
    request_body = read_json(QueryIn, await request.body())
    return request_body, image_of(request_body)


def read_json(model: type[_Model], body: bytes) -> _Model:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise HTTPException(422, explained(error.errors())) from None


def image_of(request_body: QueryIn) -> bytes | None:
    try:
        return base64.b64decode(request_body.image, validate=True) if request_body.image else None
    except binascii.Error:
        raise HTTPException(422, "image is not valid base64") from None


def question_of(service: Service, request_body: QueryIn, image: bytes | None) -> Query:
    return service.question(request_body.text, image, request_body.where())
