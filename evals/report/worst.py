"""The questions that went worst, with the pages that hold the answer and those found instead."""

from __future__ import annotations

from collections.abc import Sequence

from octavo.api.console.progress import progress
from octavo.evals.report.crops import PagePictures, page_pictures
from octavo.evals.report.html import Html, left_out, note, section, tag
from octavo.evals.report.plot_data import METRIC, gold_rank, worst
from octavo.evals.report.runs import Places, QuestionRow, RunData, by_page

_GOLD_PAGES = 1  # of a question that are drawn; the others are named


def questions(runs: Sequence[RunData], prefix: str, count: int, index: str) -> Html:
    """`index`: a folder to take pictures from instead of the one that each run names."""
    anchor, title = f"{prefix}worst", "Worst questions"
    parts: list[object] = []
    for run in runs:
        shown, zeros = worst(run, count)
        if shown:
            with page_pictures(index or run.row.index, run.row.profile) as pictures:
                parts.append(_of(run, shown, zeros, pictures))
    if not parts:
        why = (
            f"questions.jsonl has no {METRIC} of single questions."
            if count
            else "none were asked for."
        )
        return left_out(anchor, title, why)
    return section(anchor, title, *parts)


def _of(run: RunData, shown: Sequence[QuestionRow], zeros: int, pictures: PagePictures) -> Html:
    words = (
        f"{run.label}: the {len(shown)} with the lowest {METRIC}; {zeros} questions score 0. Among "
        "equals, those whose gold stands deepest, then those the answer was surest of."
    )
    key = note(
        Html(
            '<span class="key gold"></span> gold evidence '
            '<span class="key found"></span> found regions'
        )
    )
    why = note(f"No pictures: {pictures.why}") if pictures.why else key
    cards = []
    with progress("questions drawn", len(shown)) as report:
        for n, question in enumerate(shown, 1):
            cards.append(_card(run, question, pictures))
            report(n)
    return tag("div", note(words), why, tag("ol", *cards, class_="worst"))


def _card(run: RunData, row: QuestionRow, pictures: PagePictures) -> Html:
    rank = gold_rank(row, run)
    gold = sorted(row.relevant)
    values = ", ".join(f"{n} {v:.3f}" for n, v in row.metrics.items() if n in (METRIC, "MRR@10"))
    deepest = len(run.ranking.get(row.id, ()))
    lines: list[tuple[str, object]] = [("failed", row.error)] if row.error else []
    lines += [
        ("gold", ", ".join(gold) or "not said"),
        ("found first", ", ".join(row.first) or "nothing"),
        ("best gold rank", rank or f"not among the {deepest} found"),
    ]
    if row.ranks:
        lines.append(("by stage", ", ".join(f"{k} {v}" for k, v in row.ranks.items())))
    if row.kinds:
        lines.append(("evidence", ", ".join(row.kinds)))
    lines += _answer(run, row)
    terms = (tag("div", tag("dt", name), tag("dd", value)) for name, value in lines)
    question = row.text or "a picture"
    return tag(
        "li",
        tag("h3", question + (" (with a picture)" if row.image and row.text else "")),
        tag("p", f"{row.id}: {values}", class_="note"),
        tag("dl", *terms),
        tag("div", *_pictures(run, row, gold, pictures), class_="pages"),
    )  # fmt: skip


def _answer(run: RunData, question: QuestionRow) -> list[tuple[str, object]]:
    given, decision = run.answers.get(question.id), run.decisions.get(question.id)
    lines: list[tuple[str, object]] = []
    if given:
        lines.append(("answer", given.answer) if given.answered else ("refused", given.reason))
    if given and given.gold:
        lines.append(("gold answer", "; ".join(given.gold)))
    if decision:
        lines.append(("confidence", f"{decision.confidence:.2f}"))
    return lines


def _pictures(
    run: RunData, row: QuestionRow, gold: Sequence[str], pictures: PagePictures
) -> list[Html]:
    found, marked = run.found.get(row.id, {}), by_page(row.gold_boxes)
    shown = [("gold", item) for item in gold[:_GOLD_PAGES]]
    shown += [("found first", item) for item in row.first[:1] if item not in gold[:_GOLD_PAGES]]
    drawn = []
    for role, item in shown:
        place = _place(item, found, marked, run.row.unit)
        picture = pictures.page(*place, marked.get(place, ()), found.get(place, ()))
        if picture:
            caption = tag("figcaption", f"{role}: {place[0]}, page {place[1]}")
            drawn.append(tag("figure", picture, caption))
    return drawn


def _place(item: str, found: Places, gold: Places, unit: str) -> tuple[str, int]:
    """Document and page of an item; of a document the first page with a box, or the first."""
    name, mark, page = item.rpartition("#p")
    if unit != "document" and mark and page.isdecimal() and page.isascii():
        return name, int(page)
    places = [*gold, *found]
    return item, min((p for n, p in places if n == item), default=1)
