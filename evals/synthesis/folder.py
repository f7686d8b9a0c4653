"""The folder of a made set: `drafts.jsonl` holds all; what `octavo eval run` reads is made of it.

`drafts.jsonl` is replaced as a whole, so that a process that dies loses no decision; the other
files are written again whenever the folder is opened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from octavo.evals.dataset import DatasetError
from octavo.evals.datasets.jsonl import numbered
from octavo.evals.run_files import write_rows
from octavo.evals.synthesis.draft import STATES, Draft
from octavo.evals.synthesis.draft_rows import restored, stored

DOCUMENTS = "pdfs"
_DRAFTS = "drafts.jsonl"
#: What is made of the drafts, and written over without asking.
_VIEWS = ("queries.jsonl", "qrels.tsv", "boxes.jsonl", "rejected.jsonl", "README.md")


def is_made(folder: Path) -> bool:
    """Whether the folder holds a set that `octavo eval make` wrote."""
    return (folder / _DRAFTS).exists()


def check_free(folder: Path) -> None:
    """Raises DatasetError where writing would replace files that somebody else made."""
    if is_made(folder):
        return
    for name in _VIEWS:
        if (folder / name).exists():
            raise DatasetError(
                f"{folder / name} was not made by octavo eval make ({folder} has no {_DRAFTS}) and "
                "would be overwritten: give another --out"
            )


def read_drafts(folder: Path) -> list[Draft]:
    """Every draft in its order; none where nothing was made yet. Raises DatasetError."""
    file = folder / _DRAFTS
    if not file.is_file():
        return []
    needed = ("_id", "text", "state", "places")
    return [restored(row, place) for place, row in numbered(file, needed)]


def merged(old: Sequence[Draft], new: Sequence[Draft]) -> list[Draft]:
    """New drafts; those that a reviewer decided on stay as they are, also where they were not
    drawn again."""
    decided = {d.id: d for d in old if d.state != "draft"}
    ids = {d.id for d in new}
    kept = [d for d in old if d.id in decided and d.id not in ids]
    return [decided.get(d.id, d) for d in new] + kept


def write_drafts(drafts: Sequence[Draft], folder: Path) -> None:
    """Everything but the documents. Ids that are gone from `queries.jsonl` last leave the
    judgements first: a reader in between finds no judgement without its question."""
    folder.mkdir(parents=True, exist_ok=True)
    write_rows([stored(d) for d in drafts], folder / _DRAFTS)
    write_views(drafts, folder)


def write_views(drafts: Sequence[Draft], folder: Path) -> None:
    """`qrels.tsv`, `boxes.jsonl`, `queries.jsonl`, `rejected.jsonl` and `README.md`."""
    kept = [d for d in drafts if d.state != "rejected"]
    _replace(folder / "qrels.tsv", "".join(_qrels(kept)))
    write_rows(
        [
            {"query-id": d.id, "doc": p.doc, "page": p.page, "bbox": p.box.rounded()}
            for d in kept
            for p in d.places
        ],
        folder / "boxes.jsonl",
    )
    write_rows([d.row() for d in kept], folder / "queries.jsonl")
    write_rows([d.row() for d in drafts if d.state == "rejected"], folder / "rejected.jsonl")
    _replace(folder / "README.md", described(drafts))


def find(drafts: Sequence[Draft], key: str) -> int:
    """The number of a draft in the list. Raises DatasetError for an unknown id."""
    for n, draft in enumerate(drafts):
        if draft.id == key:
            return n
    raise DatasetError(f"no draft has the id {key!r}")


def counts(drafts: Sequence[Draft]) -> dict[str, int]:
    """Drafts by state."""
    states = Counter(d.state for d in drafts)
    return {state: states[state] for state in STATES}


def described(drafts: Sequence[Draft]) -> str:
    """The README of a set: what is in it, and how far it can be trusted."""
    kept = [d for d in drafts if d.state != "rejected"]
    answered = [d for d in kept if d.answerable]
    shared = mean(d.shared for d in answered) if answered else 0.0
    by = Counter(d.made_by for d in kept)
    states = counts(drafts)
    lines = [
        "# An evaluation set made of own documents",
        "",
        f"{len(kept)} questions on {len({d.doc for d in kept})} documents, "
        f"{len(kept) - len(answered)} of them left open by the documents. "
        f"{states['accepted']} accepted by a reviewer ({sum(d.edited for d in kept)} edited), "
        f"{states['draft']} not looked at, {states['rejected']} rejected (`rejected.jsonl`).",
        "",
        "Ask them: `octavo eval run --dataset THIS_FOLDER --out OUT`. "
        "Review them: `octavo eval make --review --out THIS_FOLDER`.",
        "",
        "| made by | questions | share of the question's words in its source |",
        "|---|---|---|",
    ]
    for name, n in sorted(by.items()):
        own = [d.shared for d in answered if d.made_by == name]
        lines.append(f"| {name} | {n} | {f'{mean(own):.2f}' if own else '-'} |")
    lines += [
        "",
        f"**Of the words of an answerable question, {shared:.0%} stand in its source** (words "
        "without stop words, by their stems). Questions of real users share fewer: numbers on "
        "this set flatter search, by words most of all. Compare settings with it; do not take "
        "its numbers for what users will see.",
        "",
        "`drafts.jsonl` is the record; the other files are made of it and are written again by "
        "`octavo eval make`.",
        "",
    ]
    return "\n".join(lines)


def _qrels(drafts: Sequence[Draft]) -> list[str]:
    lines = ["query-id\tcorpus-id\tscore\n"]
    for d in drafts:
        pages = dict.fromkeys(f"{p.doc}#p{p.page}" for p in d.places)
        lines += [f"{d.id}\t{page}\t1\n" for page in pages]
    return lines


def _replace(file: Path, text: str) -> None:
    part = file.with_name(f"{file.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
