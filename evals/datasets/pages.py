"""Folders of PDFs with judged pages, and boxes on them (the form made of MMLongBench-Doc)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from octavo.evals.datasets.boxes import read_boxes
from octavo.evals.datasets.corpus import equal_files
from octavo.evals.datasets.jsonl import numbered, unbroken
from octavo.evals.datasets.judgements import RelevanceJudgement, qrels_of, read_judgements
from octavo.evals.datasets.pdfs import Pdf, open_pdfs
from octavo.evals.datasets.questions import read_questions
from octavo.evals.datasets.types import Dataset, DatasetError
from octavo.index.source import Source
from octavo.ingest.files import utf8


def read_pages(folder: Path) -> Dataset:
    """`pdfs/`, `queries.jsonl`, `qrels.tsv`, and `boxes.jsonl` and `pages.jsonl` where they are.

    Every question is asked, judged or not: unanswerable ones have no page. Raises DatasetError.
    """
    files = _files(folder / "pdfs")
    questions = read_questions(folder / "queries.jsonl", files.keys(), folder)
    judgements = read_judgements(folder / "qrels.tsv")
    with open_pdfs(files) as pdfs:
        _check_pages(judgements, questions.keys(), files.keys(), pdfs)
        _check_counts(folder / "pages.jsonl", files.keys(), pdfs)
        boxes = read_boxes(folder / "boxes.jsonl", set(questions), set(files), pdfs)
    return Dataset(
        folder.name,
        "page",
        tuple(question for _, question in questions.values()),
        qrels_of(judgements),
        tuple(Source.file(file) for file in files.values()),
        boxes,
    )


def _files(folder: Path) -> dict[str, Path]:
    there = sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith("."))
    files = {file.name: file for file in there}
    for name in files:
        unbroken(utf8(name), "file name", str(folder))
    if not files:
        raise DatasetError(f"{folder} has no file")
    for name, first in equal_files(files).items():
        raise DatasetError(
            f"{folder / name} has the bytes of {first}; the index keeps equal files once: "
            "name one of them everywhere and remove the other"
        )
    return files


def _check_pages(
    judgements: Iterable[RelevanceJudgement],
    questions: Collection[str],
    names: Collection[str],
    pdfs: Mapping[str, Pdf],
) -> None:
    for j in judgements:
        if j.question not in questions:
            raise DatasetError(f"{j.place}: question {j.question!r} is not in queries.jsonl")
        name, mark, page = j.item.rpartition("#p")
        if not mark or not (page.isascii() and page.isdigit()):
            raise DatasetError(f"{j.place}: {j.item!r} is no page; expected NAME#pN, N from 1")
        if name not in names:
            raise DatasetError(f"{j.place}: {name!r} names no file in pdfs/")
        if name in pdfs:
            pdfs[name].check_page(int(page), j.place)


def _check_counts(file: Path, names: Collection[str], pdfs: Mapping[str, Pdf]) -> None:
    """`pages.jsonl`, where it is, has a row for every page of every PDF that can be opened."""
    if not file.exists():
        return
    counted: dict[str, set[int]] = defaultdict(set)
    for place, row in numbered(file, ("doc", "page")):
        name, page = row["doc"], row["page"]
        if not isinstance(name, str) or name not in names:
            raise DatasetError(f"{place}: {name!r} names no file in pdfs/")
        if not isinstance(page, int) or page < 1:
            raise DatasetError(f"{place}: page is {page!r}; expected a number from 1")
        if page in counted[name]:
            raise DatasetError(f"{place}: page {page} of {name!r} stands twice")
        if name in pdfs:
            pdfs[name].check_page(page, place)
        counted[name].add(page)
    for name, pdf in pdfs.items():
        if len(counted[name]) != pdf.pages:
            raise DatasetError(
                f"{file} has {len(counted[name])} pages of {name!r}; the file has {pdf.pages}"
            )
