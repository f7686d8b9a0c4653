"""What plots show, computed from the rows of questions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from octavo.evals.metrics.abstention import AbstentionDecision
from octavo.evals.metrics.retrieval import nearest_rank
from octavo.evals.report.charts import Bar
from octavo.evals.report.runs import QuestionRow, RunData
from octavo.evals.report.scatter import Spread
from octavo.evals.statistics.compare import bootstrap

DEPTHS = tuple(range(1, 101))
METRIC = "nDCG@10"
_BINS = 10
_ORDER = ("text", "words", "joint", "image", "image-text", "fused", "maxsim", "patches", "cross")


def recall_by_depth(run: RunData) -> tuple[list[float], list[float], list[float]]:
    """Mean share of the gold items among the first 1 to 100 found, and its 95 % band, each of
    length 100; empty where no question has gold. A question without results, as one that failed,
    scores 0."""
    judged = [q for q in run.questions if q.relevant]
    if not judged:
        return [], [], []
    shares = np.array([_recalls(q, run.ranking.get(q.id, ())) for q in judged])
    documents = [q.group for q in judged]
    bands = [interval(shares[:, d], documents) for d in range(len(DEPTHS))]
    return shares.mean(axis=0).tolist(), [b[0] for b in bands], [b[1] for b in bands]


def _recalls(question: QuestionRow, items: Sequence[str]) -> list[float]:
    hits = [item in question.relevant for item in items[: len(DEPTHS)]]
    hits += [False] * (len(DEPTHS) - len(hits))
    return [float(v) for v in np.cumsum(hits) / len(question.relevant)]


def interval(values: Iterable[float], groups: Sequence[str]) -> tuple[float, float]:
    """95 % bootstrap interval of the mean of a value a question; whole groups are drawn, where
    there are enough of them (see `octavo.evals.statistics.resampling_units`)."""
    return bootstrap(np.array(list(values)), groups, np.random.default_rng(0))


def first_ten_by_stage(run: RunData) -> list[Bar]:
    """Share of the questions with gold that had a gold item among the first ten of each stage, in
    the order that search goes; one that a stage did not bring, or that failed, counts as not
    found."""
    judged = [q for q in run.questions if q.relevant]
    names = list(dict.fromkeys(name for q in judged for name in q.ranks))
    names.sort(key=lambda n: _ORDER.index(n) if n in _ORDER else len(_ORDER))
    hits = {n: [float(0 < q.ranks.get(n, 0) <= 10) for q in judged] for n in names}
    documents = [q.group for q in judged]
    return [Bar(n, math.fsum(v) / len(v), *interval(v, documents)) for n, v in hits.items()]


def spreads(runs: Sequence[RunData]) -> list[Spread]:
    """Milliseconds by stage and run; a stage that a question did not pass is not counted."""
    drawn = []
    for name in dict.fromkeys(s for r in runs for q in r.questions for s in q.stages):
        for place, run in enumerate(runs):
            times = [q.stages[name] for q in run.questions if name in q.stages]
            if times:
                p = [nearest_rank(times, share) for share in (0.05, 0.25, 0.5, 0.75, 0.95)]
                drawn.append(Spread(name, place, (p[0], p[1], p[2], p[3], p[4])))
    return drawn


def known(run: RunData) -> list[AbstentionDecision]:
    """Decisions of which is known whether they are errors: where answers were judged, those that
    answered, for nobody can tell whether a refused answer would have been right."""
    decisions = list(run.decisions.values())
    judged = any(d.correct is not None for d in decisions)
    return [d for d in decisions if d.answered] if judged else decisions


def reliability(run: RunData) -> list[tuple[float, float, int]]:
    """Mean confidence, share that was no error, and count of each tenth of confidence that has
    `known` decisions (Guo et al. 2017). A failed question's confidence is beyond 0 or 1."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for d in known(run):
        sure = min(1.0, max(0.0, d.confidence))
        bins.setdefault(min(_BINS - 1, int(sure * _BINS)), []).append((sure, not d.error))
    return [
        (
            math.fsum(c for c, _ in rows) / len(rows),
            sum(good for _, good in rows) / len(rows),
            len(rows),
        )
        for _, rows in sorted(bins.items())
    ]


def operating_point(run: RunData) -> tuple[float, float] | None:
    """Share of questions that were answered and share of errors among them."""
    decisions = run.decisions.values()
    answered = [d for d in decisions if d.answered]
    if not answered:
        return None
    return len(answered) / len(decisions), sum(d.error for d in answered) / len(answered)


def by(
    run: RunData, names: Callable[[QuestionRow], Iterable[str]], alone: bool = False
) -> list[Bar]:
    """Mean of `METRIC` over the questions under each name, with interval and count. `alone`: the
    interval is drawn over single questions, as those of one name are all on one document."""
    named: dict[str, list[QuestionRow]] = {}
    for question in run.questions:
        if METRIC in question.metrics:
            for name in names(question):
                named.setdefault(name, []).append(question)
    rows = []
    for name, questions in named.items():
        values = [q.metrics[METRIC] for q in questions]
        mean = math.fsum(values) / len(values)
        low, high = interval(values, [q.id if alone else q.group for q in questions])
        rows.append(Bar(name, mean, low, high, f"{mean:.3f} (n {len(values)})"))
    return rows


def cited_kinds(run: RunData) -> Counter[str]:
    """Citations by the kind of what they name."""
    return Counter(c.kind for a in run.answers.values() for c in a.citations if c.kind)


def gold_rank(question: QuestionRow, run: RunData) -> int | None:
    """Where the best gold item stands, from 1."""
    items = run.ranking.get(question.id, ())
    return next((n for n, item in enumerate(items, 1) if item in question.relevant), None)


def worst(run: RunData, count: int) -> tuple[list[QuestionRow], int]:
    """The questions of the lowest `METRIC`, and how many score 0. Of equals those whose gold stands
    deepest, then those the answer was surest of, then by id."""
    judged = [q for q in run.questions if METRIC in q.metrics]

    def order(q: QuestionRow) -> tuple[float, float, float, str]:
        decision = run.decisions.get(q.id)
        rank = gold_rank(q, run) or math.inf
        return q.metrics[METRIC], -rank, -(decision.confidence if decision else 0.0), q.id

    return sorted(judged, key=order)[:count], sum(q.metrics[METRIC] == 0 for q in judged)
