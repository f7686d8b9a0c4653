"""Passages to drafts: ideas of every rule, what is no question left out, the rest spread."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from octavo.evals.synthesis.draft import Draft, DraftPlace, Idea, draft_id
from octavo.evals.synthesis.passages import Passage, readable, stems
from octavo.evals.synthesis.rules import RULES
from octavo.evals.synthesis.unanswerable import (
    KnownWords,
    missing_columns,
    missing_years,
    unknown_things,
)

#: Of all questions, those that the documents leave open; as many as in MMLongBench-Doc.
UNANSWERABLE = 0.2
_SHORTEST, _LONGEST = 2, 25  # content words, words
_OPEN: dict[
    str, tuple[Callable[[Sequence[Passage], KnownWords], Iterable[tuple[Passage, Idea]]], float]
]
_OPEN = {
    "missing column": (missing_columns, 0.5),
    "missing year": (missing_years, 0.25),
    "unknown thing": (unknown_things, 0.25),
}


@dataclass(frozen=True, slots=True)
class DraftCandidate:
    """A draft, the chunk it was made from, and the group that its share is counted in."""

    draft: Draft
    chunk: str
    group: str
    page: int


def draft_by_rules(
    passages: Sequence[Passage],
    count: int,
    seed: int,
    report: Callable[[int], None] = lambda _: None,
) -> list[Draft]:
    """At most `count` drafts, the same for the same passages and seed; in reading order."""
    answerable = answerable_ideas(passages, report)
    rest = round(UNANSWERABLE * count)
    weights = {name: weight for name, (_, weight) in RULES.items()}
    chosen = choose(answerable, weights, count - rest, seed)
    return in_order([*chosen, *open_questions(passages, rest, seed)])


def answerable_ideas(
    passages: Sequence[Passage], report: Callable[[int], None]
) -> list[DraftCandidate]:
    """Every question that any rule makes and that is one."""
    candidates = []
    for n, passage in enumerate(passages, 1):
        for group, (rule, _) in RULES.items():
            candidates += [candidate(passage, idea, group) for idea in rule(passage)]
        report(n)
    return told_apart(
        distinct(c for c in candidates if is_question(c.draft.text) and readable(c.draft.text))
    )


def open_questions(passages: Sequence[Passage], count: int, seed: int) -> list[DraftCandidate]:
    """At most `count` questions that the documents leave open."""
    if count < 1:
        return []
    known = KnownWords(passages)
    candidates = [
        candidate(passage, idea, group)
        for group, (rule, _) in _OPEN.items()
        for passage, idea in rule(passages, known)
        if is_question(idea.text)
    ]
    weights = {name: weight for name, (_, weight) in _OPEN.items()}
    return choose(told_apart(distinct(candidates)), weights, count, seed)


def candidate(passage: Passage, idea: Idea, group: str) -> DraftCandidate:
    chunk = passage.chunk
    draft = Draft(
        id=draft_id(chunk.document, idea.rule, idea.regions, idea.key),
        text=idea.text,
        doc=passage.name,
        answer=idea.answer,
        evidence=idea.evidence,
        places=tuple(DraftPlace(passage.name, r.page, r.box) for r in idea.regions),
        made_by=idea.rule,
        source=passage.words if idea.regions else "",
    )
    return DraftCandidate(draft, chunk.id, group, chunk.page)


def is_question(text: str) -> bool:
    """Two content words at least, 25 words at most."""
    return len(stems(text)) >= _SHORTEST and len(text.split()) <= _LONGEST


def distinct(candidates: Iterable[DraftCandidate]) -> list[DraftCandidate]:
    """Each question once; one with several answers not at all: none would be right."""
    same: defaultdict[str, list[DraftCandidate]] = defaultdict(list)
    for c in candidates:
        same["".join(filter(str.isalnum, c.draft.text.lower()))].append(c)
    return [
        first[0] for first in same.values() if len({_plain(c.draft.answer) for c in first}) == 1
    ]


def told_apart(candidates: Sequence[DraftCandidate]) -> list[DraftCandidate]:
    """With an id of its own for each: two sentences of one form may stand in one line."""
    by_id: dict[str, DraftCandidate] = {}
    for c in candidates:
        key = c.draft.id
        if key in by_id:
            key = hashlib.sha256(f"{key}/{c.draft.text}".encode()).hexdigest()[: len(key)]
        by_id[key] = replace(c, draft=replace(c.draft, id=key))
    return list(by_id.values())


def choose(
    candidates: Sequence[DraftCandidate], weights: Mapping[str, float], count: int, seed: int
) -> list[DraftCandidate]:
    """`count` candidates: each group has its share as far as it reaches, and within it documents,
    pages and chunks take turns; ties by a hash of seed and id."""
    groups: defaultdict[str, list[tuple[str, DraftCandidate]]] = defaultdict(list)
    for c in candidates:
        groups[c.group].append((_dice(seed, c.draft.id), c))
    for group in groups.values():
        group.sort(key=lambda pair: pair[0])
    taken: Counter[object] = Counter()
    chosen: list[DraftCandidate] = []
    while len(chosen) < count and any(groups.values()):
        name = min((g for g in groups if groups[g]), key=lambda g: ((taken[g] + 1) / weights[g], g))
        best = min(groups[name], key=lambda pair: (*_turns(pair[1], taken), pair[0]))
        groups[name].remove(best)
        chosen.append(best[1])
        taken.update((name, *_places(best[1])))
    return chosen


def in_order(chosen: Sequence[DraftCandidate]) -> list[Draft]:
    """By document and page; what is answered nowhere last."""

    def key(c: DraftCandidate) -> tuple[bool, str, int, float, str]:
        top = c.draft.places[0].box.y0 if c.draft.places else 0.0
        return (not c.draft.answerable, c.draft.doc, c.page, top, c.draft.id)

    return [c.draft for c in sorted(chosen, key=key)]


def _places(c: DraftCandidate) -> Iterator[tuple[object, ...]]:
    yield (c.group, c.draft.doc)
    yield (c.draft.doc, c.page)
    yield ("chunk", c.chunk)


def _turns(c: DraftCandidate, taken: Counter[object]) -> tuple[int, ...]:
    return tuple(taken[place] for place in _places(c))


def _dice(seed: int, key: str) -> str:
    return hashlib.sha256(f"{seed}/{key}".encode()).hexdigest()


def _plain(answer: str) -> str:
    return "".join(filter(str.isalnum, answer.lower()))
