"""What the library's calls give: plain frozen dataclasses, that a notebook shows as pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from octavo.api.library import notebook

#: Draws a page of a document (id, page from 1) with these regions marked, as PNG; None where that
#: cannot be done any more, because the index is closed or the document gone.
Draw = Callable[[str, int, "tuple[PageRegion, ...]"], bytes | None]


def _never(document: str, page: int, regions: tuple[PageRegion, ...]) -> None:
    return None


class _Plain:
    """Conversion to plain data."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Dicts, lists, strings and numbers, as `json.dumps` takes them."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.repr}  # type: ignore[arg-type]


def _plain(value: object) -> object:
    if isinstance(value, _Plain):
        return value.to_dict()
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return value


@dataclass(frozen=True, slots=True)
class PageRegion(_Plain):
    """A box on a page. `page` counts from 1; `box` is x0, y0, x1, y1 in PDF points (1/72 inch),
    origin at the top left of the page as it is displayed."""

    page: int
    box: tuple[float, float, float, float]


class _OnPage(_Plain):
    """What stands on a page of a document, and shows it in a notebook."""

    __slots__ = ()
    document: str
    regions: tuple[PageRegion, ...]
    draw: Draw

    @property
    def page(self) -> int:
        """The page of the first region, from 1."""
        return self.regions[0].page

    def _repr_png_(self) -> bytes | None:
        """The page with its boxes."""
        here = tuple(r for r in self.regions if r.page == self.page)
        return self.draw(self.document, self.page, here)


@dataclass(frozen=True, slots=True)
class PageCitation(_OnPage):
    """Where a sentence stands. `document` is the id (sha256 of the file), `name` its file name."""

    document: str
    name: str
    kind: str
    regions: tuple[PageRegion, ...]
    draw: Draw = field(default=_never, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class CitedSentence(_Plain):
    """A statement and where it stands. `support`, 0 to 1: how far the evidence bears it out."""

    text: str
    support: float
    citations: tuple[PageCitation, ...]


@dataclass(frozen=True, slots=True)
class SearchHit(_OnPage):
    """A passage, table or figure that was found; `score` is comparable within one search only.
    `stages` is the rank (from 1) at every stage it passed."""

    document: str
    name: str
    kind: str
    text: str
    caption: str
    section: tuple[str, ...]
    regions: tuple[PageRegion, ...]
    score: float
    stages: dict[str, int]
    draw: Draw = field(default=_never, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class SearchHits(_Plain):
    """Hits, best first. `notes` say of stages that were skipped or cut short."""

    question: str
    hits: tuple[SearchHit, ...]
    notes: tuple[str, ...]
    seconds: float

    def __iter__(self) -> Iterator[SearchHit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, index: int) -> SearchHit:
        return self.hits[index]

    def _repr_html_(self) -> str:
        return notebook.hits_html(self)


@dataclass(frozen=True, slots=True)
class CitedAnswer(_Plain):
    """Sentences with citations; or, where `abstained`, none of them, the `reason`, and in
    `evidence` what comes nearest. `confidence` is 0 to 1."""

    question: str
    abstained: bool
    confidence: float
    reason: str
    sentences: tuple[CitedSentence, ...]
    evidence: tuple[SearchHit, ...]
    seconds: float

    @property
    def text(self) -> str:
        """The sentences as one text; empty for an abstention."""
        return "\n".join(s.text for s in self.sentences)

    @property
    def citations(self) -> tuple[PageCitation, ...]:
        """Of all sentences, in their order, each once."""
        return tuple(dict.fromkeys(c for s in self.sentences for c in s.citations))

    def __str__(self) -> str:
        if self.abstained:
            return f"No answer: {self.reason}"
        lines = (
            f"{s.text}\n" + "\n".join(f"  {c.name}, page {c.page}" for c in s.citations)
            for s in self.sentences
        )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The answer, and the first page that it cites with its boxes."""
        return notebook.answer_html(self)

    def _repr_png_(self) -> bytes | None:
        """The first page that it cites, with its boxes."""
        return self.citations[0]._repr_png_() if self.citations else None


@dataclass(frozen=True, slots=True)
class IngestResult(_Plain):
    """What became of one source: added, updated, unchanged, duplicate or failed. `reason` says why
    it failed, `failed_pages` which pages could not be read, and why."""

    name: str
    outcome: str
    document: str
    pages: int
    chunks: int
    reason: str
    failed_pages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeletedDocument(_Plain):
    """A document that was removed, with everything derived from it."""

    document: str
    name: str
    pages: int
    chunks: int
