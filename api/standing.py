"""Where the chunks of one page stood at each stage of a search, and where they were lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from api.explained import ExpectedOut, StandingOut
from index.store import Leg, Scored, Store
from ingest.document import Chunk
from rerank.rerank import MAXSIM, PATCHES, Ranked, Scorers, query_rows
from retrieve.query import Candidate, Candidates, Hit

#: Stages between the legs and the end, in the order they run.
_MIDDLE = ("fused", "image-match", "exact", "named", MAXSIM, PATCHES, "cross", "final")
LIST = "list"  # after the last stage: cut to the limit, near-duplicates folded


def stages_of(found: Candidates, order: Ranked) -> list[str]:
    """Names in the order the stages ran; those that no candidate passed are left out."""
    there = {s.name for c in order.items for s in c.trace}
    legs = [leg.name for leg in found.legs]
    known = [n for n in (*legs, *_MIDDLE) if n in there]
    return [*known, *sorted(there - {*known}), LIST]


class Way:
    """The way of one page's chunks through a search."""

    def __init__(
        self,
        store: Store,
        scorers: Scorers,
        found: Candidates,
        order: Ranked,
        hits: Sequence[Hit],
        limit: int,
    ) -> None:
        self._store = store
        self._scorers = scorers
        self._found = found
        self._items = order.items
        self._hits = hits
        self._limit = limit
        self._chunks: Mapping[str, Chunk] = {}
        self.best: Chunk | None = None

    def of(
        self, name: str, page: int, chunks: Sequence[Chunk], stages: Sequence[str]
    ) -> ExpectedOut:
        """`chunks` are those of the page, at least one; `stages` those that ran, in order."""
        self._chunks = {c.id: c for c in chunks}
        rows = [self._at(stage) for stage in stages if stage != LIST]
        listed = self._listed()
        rows.append(listed)
        ours = [c for c in self._items if c.id in self._chunks]
        self.best = self._chunks[ours[0].id] if ours else chunks[0]
        if listed.rank is not None:
            said = f"found at rank {listed.rank}"
            return expected_out(name, page, "found", said + self._folded(), rows, listed.rank)
        lost_at, verdict = self._lost(rows, ours)
        return expected_out(name, page, "lost", verdict, rows, None, lost_at)

    def _at(self, stage: str) -> StandingOut:
        scores = {c.id: s for c in self._items for s in c.trace if s.name == stage}
        ours = sorted((s.rank, i) for i, s in scores.items() if i in self._chunks)
        last = max(scores.values(), key=lambda s: s.rank)
        if ours:
            best = ours[0][1]
            return self._row(stage, len(scores), last.score, best, scores[best].rank,
                             scores[best].score)  # fmt: skip
        missed = self._missed(stage)
        if missed is None:
            return self._row(stage, len(scores), last.score)
        return self._row(stage, len(scores), last.score, missed.id, None, missed.score)

    def _missed(self, stage: str) -> Scored | None:
        """The best of the page's chunks by a stage that did not keep any; None where there is no
        way to ask it (a fusion of ranks) or it has none of the vectors it looks for."""
        scored: Sequence[Scored] = ()
        leg = next((x for x in self._found.legs if x.name == stage), None)
        if leg is not None:
            scored = self._through(leg)
        elif stage == MAXSIM and self._scorers.tokens is not None:
            rows = query_rows(self._found.text, self._scorers.tokens)
            scored = [
                Scored(p.id, p.score / len(rows))
                for p in self._store.maxsim(rows, list(self._chunks), "tokens")
            ]
        inside = [p for p in scored if p.id in self._chunks]
        return min(inside, key=lambda p: (-p.score, p.id), default=None)

    def _through(self, leg: Leg) -> Sequence[Scored]:
        """What a leg finds in the document alone, the same vector and no other filter."""
        chunk = next(iter(self._chunks.values()))
        pages = tuple({c.page for c in self._chunks.values()})
        where = replace(self._found.where, documents=(chunk.document,), pages=pages)
        return self._store.search([replace(leg, limit=100)], "rrf", 1, where).legs[0]

    def _listed(self) -> StandingOut:
        last = self._hits[-1].score if self._hits else None
        for rank, hit in enumerate(self._hits, 1):
            both = (hit, *(a.hit for a in hit.also))
            ours = next((h for h in both if h.chunk.id in self._chunks), None)
            if ours is not None:
                return self._row(LIST, len(self._hits), last, ours.chunk.id, rank, ours.score)
        ours_left = next((c for c in self._items if c.id in self._chunks), None)
        if ours_left is None:
            return self._row(LIST, len(self._hits), last)
        return self._row(LIST, len(self._hits), last, ours_left.id, None, ours_left.score)

    def _row(
        self,
        stage: str,
        kept: int,
        last: float | None,
        chunk: str = "",
        rank: int | None = None,
        score: float | None = None,
    ) -> StandingOut:
        margin = None
        if rank is None and last is not None and score is not None:
            margin = max(0.0, last - score)
        return StandingOut(
            stage=stage,
            kept=kept,
            last=_rounded(last),
            rank=rank,
            score=_rounded(score),
            margin=_rounded(margin),
            chunk=chunk,
            kind=self._chunks[chunk].kind if chunk else "",
        )

    def _folded(self) -> str:
        for hit in self._hits:
            if hit.chunk.id in self._chunks:
                return ""
            for also in hit.also:
                if also.hit.chunk.id in self._chunks:
                    return f", folded into a hit on page {hit.chunk.page} ({also.why})"
        return ""

    def _lost(self, rows: Sequence[StandingOut], ours: Sequence[Candidate]) -> tuple[str, str]:
        """The stage at which the page was lost, and that in words."""
        if ours:
            row = rows[-1]
            rank = next(s.rank for s in ours[0].trace if s.name == "final")
            worst = max(ours[0].trace, key=lambda s: s.rank)
            return LIST, (
                f"lost at the end: rank {rank}, and {self._limit} are listed; its score lacks "
                f"{row.margin or 0:.3f} to the last of them; it stood worst at {worst.name} "
                f"(#{worst.rank})"
            )
        where, chunk = self._found.where, next(iter(self._chunks.values()))
        if where.documents and chunk.document not in where.documents:
            return "filter", "left out: the search is restricted to other documents"
        quoted = [
            u.said for u in self._found.understood if u.kind == "phrase" and u.use == "filter"
        ]
        if quoted:
            return "exact", f"left out: it does not have the words {quoted[0]!r}"
        legs = {leg.name for leg in self._found.legs}
        near = [r for r in rows if r.stage in legs and r.margin is not None]
        if not near:
            return "legs", "lost at the legs: none looks where it is (see the filters and kinds)"
        best = min(near, key=lambda r: (r.margin or 0) / max(abs(r.last or 1), 1e-9))
        return "legs", (
            f"lost at the legs: none brought it; nearest was {best.stage}, with {best.score:.3f} "
            f"where the last of {best.kept} has {best.last:.3f} (lacks {best.margin:.3f})"
        )


def expected_out(
    name: str,
    page: int,
    outcome: str,
    verdict: str,
    stages: Sequence[StandingOut] = (),
    rank: int | None = None,
    lost_at: str = "",
) -> ExpectedOut:
    return ExpectedOut(
        name=name,
        page=page,
        outcome=outcome,  # type: ignore[arg-type]
        rank=rank,
        lost_at=lost_at,
        verdict=verdict,
        stages=list(stages),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
