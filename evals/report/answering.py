"""Whether confidence tells right from wrong, and how questions differ by what they ask about."""

from __future__ import annotations

from collections.abc import Sequence

from octavo.evals.metrics.abstention import curve
from octavo.evals.report.charts import Bar, Curve, bars, curves
from octavo.evals.report.html import Html, figure, folded, left_out, note, plots, section, table
from octavo.evals.report.plot_data import (
    METRIC,
    by,
    cited_kinds,
    known,
    operating_point,
    reliability,
)
from octavo.evals.report.runs import RunData

_WORST = 10  # documents drawn; the others are in the folded table


def abstention(runs: Sequence[RunData], prefix: str) -> Html:
    """Risk against coverage with the operating point, and confidence against what was right."""
    anchor, title = f"{prefix}risk", "Risk, coverage, reliability"
    decided = [r for r in runs if r.decisions]
    if not decided:
        return left_out(
            anchor, title, "needs abstain.jsonl, and gold that says what can be answered."
        )
    risk = curves(
        anchor, _risk_alt(decided), [_risk(r) for r in decided],
        "coverage: share answered, surest first",
        "risk: share of errors",
    )  # fmt: skip
    diagonal = Curve("as right as sure", (0.0, 1.0), (0.0, 1.0), faint=True)
    lines = [_reliability(r) for r in decided]
    alt = "; ".join(
        f"{c.name}: "
        + ", ".join(f"{y:.2f} right at {x:.2f}" for x, y in zip(c.x, c.y, strict=True))
        for c in lines
    )
    right = curves(f"{anchor}-right", alt, [*lines, diagonal], "confidence", "share without error")
    return section(
        anchor, title,
        plots(
            figure(risk, "Errors among the surest part of the questions; lower is better. The mark "
                   "is where the system stands: what it answered, and the errors among it."),
            figure(right, "Share without error by tenth of confidence; under the diagonal it is "
                   "surer than right."),
        ),
        note(_judged(decided)),
        folded("Numbers of the reliability diagram", *(_bins(r) for r in decided)),
    )  # fmt: skip


def _risk(run: RunData) -> Curve:
    risks = curve(known(run))
    shares = [k / len(run.decisions) for k in range(1, len(risks) + 1)]
    point = operating_point(run)
    if point is None:
        return Curve(f"{run.label}: nothing answered", shares, risks)
    name = f"{run.label}: {point[0]:.1%} answered, {point[1]:.1%} of them errors"
    return Curve(name, shares, risks, marks=[point])


def _risk_alt(runs: Sequence[RunData]) -> str:
    points = [(r.label, operating_point(r)) for r in runs]
    return "; ".join(
        f"{name}: {p[0]:.3f} answered, {p[1]:.3f} of them errors" for name, p in points if p
    )


def _reliability(run: RunData) -> Curve:
    rows = reliability(run)
    return Curve(run.label, [r[0] for r in rows], [r[1] for r in rows], dots=True)


def _bins(run: RunData) -> Html:
    rows = [(f"{c:.3f}", f"{right:.3f}", n) for c, right, n in reliability(run)]
    return table(("mean confidence", "share without error", "n"), rows, run.label)


def _judged(runs: Sequence[RunData]) -> str:
    sentences = []
    for run in runs:
        decisions = run.decisions.values()
        judged = sum(d.correct is not None for d in decisions)
        open_ = sum(not d.answerable for d in decisions)
        sentences.append(
            f"{run.label}: {len(decisions)} decisions, {open_} on questions that the documents "
            f"leave open; {judged} answers were judged"
            + (", and only what was answered is drawn" if judged else "")
            + ("" if judged else ", so the only error known is to answer what is open")
            + (f"; failed, and not drawn: {run.failed}" if run.failed else "")
            + ("; answerable was taken from the gold, as the run does not say it" * run.derived)
            + "."
        )
    return " ".join(sentences)


def modality(runs: Sequence[RunData], prefix: str) -> Html:
    """The metric by kind of evidence, and the kinds of what answers cite."""
    anchor, title = f"{prefix}modality", "Modality mix"
    figures, missing = [], []
    for run in runs:
        rows = sorted(by(run, lambda q: q.kinds), key=lambda b: b.name)
        if rows:
            alt = "; ".join(f"{b.name} {b.words}" for b in rows)
            drawn = bars(f"{anchor}-{run.letter}", alt, rows, METRIC, share=True)
            caption = (
                f"{run.label}: {METRIC} by kind of evidence, with 95 % intervals; a question with "
                "evidence of two kinds counts in both."
            )
            figures.append(figure(drawn, caption))
        else:
            missing.append(f"{run.label}: questions.jsonl names no kinds of evidence.")
        cited = cited_kinds(run)
        if cited:
            total = sum(cited.values())
            shares = [Bar(k, v / total, words=f"{v / total:.1%} (n {v})") for k, v in
                      sorted(cited.items())]  # fmt: skip
            alt = "; ".join(f"{b.name} {b.words}" for b in shares)
            drawn = bars(f"{anchor}-cited-{run.letter}", alt, shares, "share of citations", True)
            figures.append(figure(drawn, f"{run.label}: what the answers cite."))
        else:
            missing.append(f"{run.label}: the kinds of hits are not known without answers.jsonl.")
    if not figures:
        return left_out(anchor, title, " ".join(missing))
    return section(anchor, title, plots(*figures), *map(note, missing))


def documents(runs: Sequence[RunData], prefix: str) -> Html:
    """The documents whose questions fare worst."""
    anchor, title = f"{prefix}documents", "By document"
    figures: list[Html] = []
    tables: list[Html] = []
    for run in runs:
        rows = by(run, lambda q: [q.doc] if q.doc else [], alone=True)
        if not rows:
            continue
        rows.sort(key=lambda b: (b.value, b.name))
        shown = [Bar(_short(b.name), b.value, b.low, b.high, b.words) for b in rows[:_WORST]]
        alt = "; ".join(f"{b.name} {b.words}" for b in shown)
        drawn = bars(f"{anchor}-{run.letter}", alt, shown, METRIC, share=True)
        figures.append(
            figure(drawn, f"{run.label}: the worst {len(shown)} of {len(rows)} by {METRIC}.")
        )
        cells = [(b.name, f"{b.value:.3f}", b.words.rpartition("n ")[2].rstrip(")")) for b in rows]
        tables.append(
            folded(f"All documents, {run.label}", table(("document", METRIC, "questions"), cells))
        )
    if not figures:
        return left_out(anchor, title, "questions.jsonl names no documents, or has no metrics.")
    return section(anchor, title, plots(*figures), *tables)


def _short(name: str, most: int = 26) -> str:
    return name if len(name) <= most else f"{name[: most - 9]}…{name[-8:]}"
