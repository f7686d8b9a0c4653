"""An open index: the five calls that a program needs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from octavo.api.library.results import (
    CitedAnswer,
    CitedSentence,
    DeletedDocument,
    Draw,
    IngestResult,
    PageCitation,
    PageRegion,
    SearchHit,
    SearchHits,
)
from octavo.api.library.where import Where

if TYPE_CHECKING:
    from octavo.api.schemas.answers import AnswerOut, HitOut
    from octavo.api.schemas.base import RegionOut
    from octavo.api.schemas.results import ResultOut
    from octavo.api.service import Service
    from octavo.retrieve.query import Query

StrPath = str | os.PathLike[str]


def open(
    path: StrPath = "octavo-index",
    *,
    profile: str = "builtin",
    create: bool = True,
    **settings: Any,
) -> Index:
    """Opens the index in the folder `path`, or makes it there; close it, or use it with `with`.

    `profile` names the models (`octavo models list`) or a .toml file. `settings` are those of the
    OCTAVO_ variables, in small letters (docs/settings): `offline=True`, `workers=4`,
    `store="http://..."`. The environment is not read. One process at a time has an embedded index.

    Raises StoreError where it is in use, damaged, or was made with other models, or is not there
    and `create` is false; SettingsError for a setting or profile that is not known; ModelError for
    a model file that is missing or damaged.
    """
    from octavo.api.service import Service
    from octavo.api.settings import read_settings

    given = {"index": Path(path), "profile": profile, **settings}
    return Index(Service(read_settings({}, given), create=create))


class Index:
    """An open index, made by `octavo.open`. Its calls may come from several threads."""

    def __init__(self, service: Service) -> None:
        self._service: Service | None = service

    @property
    def service(self) -> Service:
        """What stands behind it, for all that these calls lack. Raises ValueError when closed."""
        if self._service is None:
            raise ValueError("the index is closed")
        return self._service

    def close(self) -> None:
        """Closes the index; a second time does nothing."""
        service, self._service = self._service, None
        if service is not None:
            service.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def ingest(self, paths: StrPath | Iterable[StrPath]) -> list[IngestResult]:
        """Adds files, and folders with all that is in them. The same bytes again change nothing; a
        changed file replaces its old version. What cannot be read is a result with a reason, never
        an exception.

        Raises StoreError where the index cannot be written, ValueError where no file is found.
        """
        from octavo.api.service import sources_of

        many = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
        sources = sources_of([Path(p) for p in many], self.service.settings)
        if not sources:
            raise ValueError(f"no files found under {', '.join(map(str, many)) or 'no path'}")
        return [_ingested(r) for r in self.service.ingest(sources)]

    def search(
        self,
        question: str = "",
        *,
        image: bytes | StrPath | None = None,
        where: Where | None = None,
        limit: int = 10,
    ) -> SearchHits:
        """The passages, tables and figures that match, best first; near-duplicates stand once.

        `image`: a picture (bytes of a PNG, JPEG, ..., or a path), alone or beside the question.
        Raises ValueError for an empty question, an unreadable picture or a `limit` under 1,
        StoreError for a document in `where` that is not there or that several have the name of.
        """
        result = self.service.search(self._query(question, image, where), _limit(limit))
        hits = tuple(_hit(h, self._draw) for h in result.hits)
        return SearchHits(question, hits, tuple(result.notes), result.seconds)

    def ask(
        self,
        question: str = "",
        *,
        image: bytes | StrPath | None = None,
        where: Where | None = None,
        limit: int = 10,
    ) -> CitedAnswer:
        """An answer with citations, or an abstention; from the `limit` best hits.

        Raises as `search` does, and GeneratorError where a configured model gives no answer.
        """
        out = self.service.ask(self._query(question, image, where), _limit(limit))
        return _answer(out, self._draw)

    def delete(self, name: str) -> list[DeletedDocument]:
        """Removes the document of this name, source or id, with everything derived from it.

        Raises StoreError where there is none, or where several have the name: they are listed.
        """
        deleted = self.service.delete(name).deleted
        return [DeletedDocument(d.document, d.name, d.pages, d.chunks) for d in deleted]

    def _query(self, question: str, image: bytes | StrPath | None, where: Where | None) -> Query:
        picture = image if isinstance(image, bytes | None) else Path(image).read_bytes()
        return self.service.question(question, picture, where or Where())

    def _draw(self, document: str, page: int, regions: tuple[PageRegion, ...]) -> bytes | None:
        from octavo.index.store import StoreError
        from octavo.ingest.document import Box, DocumentError

        if self._service is None:
            return None
        try:
            return self._service.page_png(document, page, [Box(*r.box) for r in regions])
        except (StoreError, DocumentError):
            return None


def _limit(limit: int) -> int:
    if limit < 1:
        raise ValueError(f"limit is {limit}; expected 1 or more")
    return limit


def _regions(regions: list[RegionOut]) -> tuple[PageRegion, ...]:
    return tuple(PageRegion(r.page, r.box) for r in regions)


def _hit(hit: HitOut, draw: Draw) -> SearchHit:
    return SearchHit(
        hit.document, hit.name, hit.kind, hit.text, hit.caption, tuple(hit.section),
        _regions(hit.regions), hit.score, {s.stage: s.rank for s in hit.trace}, draw,
    )  # fmt: skip


def _answer(out: AnswerOut, draw: Draw) -> CitedAnswer:
    sentences = tuple(
        CitedSentence(
            s.text,
            s.support,
            tuple(
                PageCitation(c.document, c.name, c.kind, _regions(c.regions), draw)
                for c in s.citations
            ),
        )
        for s in out.sentences
    )
    evidence = tuple(_hit(h, draw) for h in out.evidence)
    return CitedAnswer(
        out.question, out.abstained, out.confidence, out.reason, sentences, evidence, out.seconds
    )


def _ingested(result: ResultOut) -> IngestResult:
    failed = tuple(f"{p.pages}: {p.reason}" for p in result.failed_pages)
    return IngestResult(
        result.name, result.outcome, result.document, result.pages, result.chunks, result.reason,
        failed,
    )  # fmt: skip
