"""Rows of JSON as models: a field of another form is told with its file, line and name."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictStr,
    ValidationError,
    model_validator,
)

from octavo.evals.datasets.jsonl import Place
from octavo.evals.datasets.types import DatasetError
from octavo.ingest.document import Box


def _without_nulls(row: Any) -> Any:
    return {k: v for k, v in row.items() if v is not None} if isinstance(row, dict) else row


AsText = Annotated[str, BeforeValidator(str)]
#: No text and no bool, neither NaN nor infinity.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=0)]
Numbers = Annotated[dict[str, Number], BeforeValidator(_without_nulls)]
Texts = tuple[StrictStr, ...]


class JsonRow(BaseModel):
    """A row of which more may be there than is read; null counts as left out."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, row: Any) -> Any:
        return _without_nulls(row)


class PageBox(JsonRow):
    """A box in points on a page of a document."""

    doc: StrictStr
    page: Count
    bbox: tuple[Number, Number, Number, Number]

    @property
    def box(self) -> Box:
        return Box(*self.bbox)


Model = TypeVar("Model", bound=JsonRow)


def checked(model: type[Model], row: Any, where: Place) -> Model:
    """The row as a model. Raises DatasetError for the first field that is not of its form."""
    try:
        return model.model_validate(row)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        if first["type"] == "missing":
            raise DatasetError(f"{where}: has no {name!r}") from None
        expected = first["msg"].replace("Input should be", "expected")
        raise DatasetError(f"{where}: {name!r} is {first['input']!r}; {expected}") from None
