"""What each stage is worth: the same questions with one stage left out at a time.

The documents are indexed once; only search and rerank settings change, so every difference is the
stage's. Differences are paired (see `compare`), p-values corrected over the variants.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from octavo.api.model_profile import Profile
from octavo.api.service import Service
from octavo.evals.dataset import Dataset, GoldQuestion
from octavo.evals.evaluate import RunListener, ask_and_judge
from octavo.evals.provenance import Provenance
from octavo.evals.result import EvalResult
from octavo.evals.statistics.compare import compare, holm

FILE = "ablation.json"
FULL = "full"
_BOOSTS = ("exact_boost", "label_boost", "page_boost", "document_boost")
METRICS = ("nDCG@10", "Recall@5", "Recall@100", "MRR@10")


@dataclass(frozen=True, slots=True)
class AblationVariant:
    """A profile with a name that says what is different."""

    name: str
    profile: Profile

    @property
    def folder(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True, slots=True)
class Change:
    """Mean of one metric, variant minus full, its 95 % interval and corrected p."""

    b_minus_a: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class AblationRow:
    """One variant: its means, what changed, and what it costs."""

    name: str
    metrics: dict[str, float]
    difference: dict[str, Change]
    search_p50_ms: float

    def plain(self) -> dict[str, Any]:
        row = asdict(self)
        row["search p50 ms"] = row.pop("search_p50_ms")
        return row


@dataclass(frozen=True, slots=True)
class AblationResult:
    """Every variant, the full configuration first."""

    full: EvalResult
    rows: tuple[AblationRow, ...]
    complete: bool  # false where somebody stopped it: then only the whole variants are here

    def plain(self) -> dict[str, Any]:
        """As JSON-like data, with the provenance that a result row needs."""
        kept = ("date", "commit", "command", "machine", "config", "data", "dataset", "n", "errors")
        return {
            **{name: getattr(self.full, name) for name in kept},
            "profile": self.full.profile,
            "base": FULL,
            "complete": self.complete,
            "variants": [row.plain() for row in self.rows],
        }


def variants(profile: Profile, questions: Sequence[GoldQuestion] = ()) -> list[AblationVariant]:
    """The full profile and one without each of its stages, then single legs. A stage that the
    profile does not have, or the questions do not use, makes no variant."""
    some_pictures = any(q.image is not None for q in questions)
    pictures = some_pictures and all(q.image is not None and not q.text for q in questions)
    search, rerank, models = profile.search, profile.rerank, profile.models
    late = rerank.depth > 0 and (models.tokens or models.patches)
    rows = [AblationVariant(FULL, profile)]
    if search.words_weight > 0 and not pictures:
        rows.append(_variant("without words (BM25)", profile, {"words_weight": 0}, {"words": 0}))
    if search.text_weight > 0 and not pictures:
        rows.append(_variant("without text vectors", profile, {"text_weight": 0}, {"text": 0}))
    if search.joint_weight > 0 and not pictures:
        rows.append(_variant("without joint vectors", profile, {"joint_weight": 0}, {"joint": 0}))
    if search.image_weight > 0 and some_pictures:
        rows.append(_variant("without image vectors", profile, {"image_weight": 0}, {"image": 0}))
    if search.image_weight > 0 and search.image_pages > 0 and some_pictures:
        rows.append(_variant("without comparing pages", profile, {"image_pages": 0}, {}))
    boosts = [name for name in _BOOSTS if getattr(search, name) > 0]
    if boosts and not pictures:
        rows.append(_variant("without boosts", profile, dict.fromkeys(boosts, 0), {}))
    if late:
        rows.append(_variant("without late interaction", profile, {}, {"depth": 0}))
    if models.cross_encoder and rerank.cross_depth > 0:
        rows.append(_variant("without cross-encoder", profile, {}, {"cross_depth": 0}))
    nothing = {name.replace("-", "_"): 0 for name in rerank.weights()}
    fused = {**nothing, "depth": 0, "cross_depth": 0}
    rows.append(_variant("fused ranks only", profile, {}, fused))
    if not pictures:  # what plain good practice reaches: legs alone, nothing read in the question
        legs = {"text_weight": 0, "words_weight": 0, "joint_weight": 0, "image_weight": 0}
        plain = {**legs, **dict.fromkeys(_BOOSTS, 0)}
        both = {"text_weight": 1, "words_weight": 1}
        rows.append(_variant("RRF of words and text vectors", profile, {**plain, **both}, fused))
        rows.append(_variant("words (BM25) only", profile, {**plain, "words_weight": 1}, fused))
        rows.append(_variant("text vectors only", profile, {**plain, "text_weight": 1}, fused))
        rows.append(_variant("joint vectors only", profile, {**plain, "joint_weight": 1}, fused))
    return rows


def _variant(
    name: str, profile: Profile, search: Mapping[str, float], rerank: Mapping[str, float]
) -> AblationVariant:
    changed = profile.model_copy(
        update={
            "search": profile.search.model_copy(update=search),
            "rerank": profile.rerank.model_copy(update=rerank),
        }
    )
    return AblationVariant(name, changed)


def ablate(
    dataset: Dataset,
    service: Service,
    out: Path,
    origin: Provenance,
    report: Callable[[int], None] = lambda _: None,
) -> AblationResult:
    """Asks every question once a variant (no answers are written), each into a folder of its own.

    The documents must be in the index. After Ctrl-C the whole variants are compared.
    """
    if not any(v > 0 for items in dataset.qrels.values() for v in items.values()):
        raise ValueError(f"{dataset.name} has no judged question: nothing to tell variants apart")
    planned = variants(service.profile, dataset.questions)
    results: list[tuple[AblationVariant, EvalResult]] = []
    for n, variant in enumerate(planned):
        watching = RunListener(question=partial(_told, report, n * len(dataset.questions)))
        other, folder = service.using(variant.profile), out / variant.folder
        result = ask_and_judge(dataset, other, folder, origin, watching, answers=False)
        if not result.complete:
            break
        results.append((variant, result))
    if not results:
        raise KeyboardInterrupt
    return AblationResult(results[0][1], _rows(out, results), len(results) == len(planned))


def _told(report: Callable[[int], None], before: int, done: int) -> None:
    report(before + done)


def _rows(
    out: Path, results: Sequence[tuple[AblationVariant, EvalResult]]
) -> tuple[AblationRow, ...]:
    base = out / results[0][0].folder
    differences = [
        {d.metric: d for d in compare(base, out / v.folder, METRICS).differences}
        for v, _ in results[1:]
    ]
    adjusted = {m: holm([d[m].p for d in differences]) for m in METRICS}
    changes: list[dict[str, Change]] = [{}]
    changes += [
        {m: Change(d[m].difference, d[m].low, d[m].high, adjusted[m][n]) for m in METRICS}
        for n, d in enumerate(differences)
    ]
    return tuple(
        AblationRow(v.name, {m: r.metrics[m] for m in METRICS}, change, r.metrics["search p50 ms"])
        for (v, r), change in zip(results, changes, strict=True)
    )
