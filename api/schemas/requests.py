"""What is asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from octavo.api.document_filter import metadata_conditions, read_metadata
from octavo.api.library.where import Where
from octavo.api.schemas.base import Wire
from octavo.index.source import SourceFacts
from octavo.ingest.document import DocumentError
from octavo.ingest.sidecar import checked_metadata

MAX_QUESTION = 10_000  # characters


def check_length(text: str) -> str:
    """The same text. Raises ValueError for one longer than a question may be."""
    if len(text) > MAX_QUESTION:
        raise ValueError(
            f"the question has {len(text):,} characters; at most {MAX_QUESTION:,} are taken: "
            "shorten it, or ask it in parts"
        )
    return text


Condition = Annotated[str, Field(max_length=2000)]


class QueryIn(Wire):
    """A question or a search. `image` is base64 of an image file."""

    text: Annotated[str, AfterValidator(check_length)] = Field(
        "", json_schema_extra={"maxLength": MAX_QUESTION}
    )
    image: str = Field("", max_length=40_000_000, description="base64 of a PNG, JPEG, ... file")
    documents: list[str] = Field(
        default_factory=list,
        max_length=1000,
        description="names, parts of names, ids or sources; empty: all",
    )
    kinds: list[Literal["text", "table", "figure", "page"]] = Field(default_factory=list)
    pages: list[Annotated[int, Field(ge=1, le=1_000_000)]] = Field(
        default_factory=list, max_length=1000
    )
    folders: list[Condition] = Field(
        default_factory=list, max_length=100, description="paths, or their last parts"
    )
    names: list[Condition] = Field(
        default_factory=list, max_length=100, description="patterns of file names: report-*.pdf"
    )
    types: list[Condition] = Field(default_factory=list, max_length=100, description="pdf, docx")
    since: Condition = Field("", description="2024, 2024-05 or 2024-05-31")
    until: Condition = Field("", description="included: 2024, 2024-05 or 2024-05-31")
    metadata: list[Condition] = Field(
        default_factory=list, max_length=100, description="KEY=PATTERN; of one key any will do"
    )
    limit: int = Field(10, ge=1, le=100)
    by: Literal["chunk", "page", "document"] = Field(
        "chunk", description="one hit a chunk, page or document (only /v1/search)"
    )
    fold: bool = Field(True, description="near-duplicates stand once (only /v1/search)")
    diverse: float | None = Field(
        None, ge=0, le=1, description="lambda of MMR, 1: by score alone (only /v1/search)"
    )
    stream: bool = Field(False, description="answer as an event stream (only /v1/query)")

    def where(self) -> Where:
        """Raises ValueError for a condition that cannot be understood."""
        return Where(
            self.documents, self.kinds, self.pages, self.folders, self.names, self.types,
            self.since, self.until, read_metadata(self.metadata),
        )  # fmt: skip


def conditions_in(where: Where) -> dict[str, object]:
    """The fields of a `QueryIn` that `QueryIn.where` makes the conditions of again."""
    return {
        "documents": list(where.documents),
        "kinds": list(where.kinds),
        "pages": list(where.pages),
        "folders": list(where.folders),
        "names": list(where.names),
        "types": list(where.types),
        "since": where.since,
        "until": where.until,
        "metadata": metadata_conditions(where),
    }


class ExplainIn(QueryIn):
    """A search to be explained."""

    expect: str = Field("", max_length=2000, description="a page that should be found: NAME#p12")
    heat: bool = Field(False, description="draw what the question met in the first figure")


class FactsIn(Wire):
    """What a client knows of a file that it sends: `beside` is metadata from files that stand
    beside it (null: nobody looked), `labels` what the user gave, `modified` when it was written."""

    beside: dict[str, str] | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    modified: str = Field("", max_length=40)

    def facts(self) -> SourceFacts:
        """Raises ValueError for metadata that cannot be kept."""
        try:
            beside = None if self.beside is None else checked_metadata(self.beside, "beside")
            labels = checked_metadata(self.labels, "labels")
        except DocumentError as error:
            raise ValueError(str(error)) from None
        return SourceFacts(beside, labels, self.modified)


def facts_in(facts: SourceFacts) -> FactsIn:
    beside = None if facts.beside is None else dict(facts.beside)
    return FactsIn(beside=beside, labels=dict(facts.labels), modified=facts.modified)


class RetryIn(Wire):
    """What to try again. `uploads`: also say of failed uploads that they must be sent again."""

    names: list[str] = Field(
        default_factory=list, max_length=1000, description="names, ids or sources; empty: all"
    )
    uploads: bool = True
