"""Any dataset, by the files that its folder has."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from octavo.evals.datasets.beir import read_beir
from octavo.evals.datasets.captions import Direction, read_captions
from octavo.evals.datasets.pages import read_pages
from octavo.evals.datasets.tables import is_tables, read_tables
from octavo.evals.datasets.types import Dataset, DatasetError
from octavo.evals.datasets.vidore import is_vidore, read_vidore


@dataclass(frozen=True, slots=True)
class DatasetForm:
    """A form of datasets: how it is known, how it is read, and which options it takes."""

    name: str
    files: str
    fits: Callable[[Path], bool]
    read: Callable[..., Dataset]
    options: tuple[str, ...] = ()


#: The first that fits is taken.
FORMS = (
    DatasetForm(
        "pages", "pdfs/, queries.jsonl, qrels.tsv", lambda f: (f / "pdfs").is_dir(), read_pages
    ),
    DatasetForm(
        "BEIR",
        "corpus.jsonl, queries.jsonl, qrels/ or qrels.tsv",
        lambda f: (f / "corpus.jsonl").is_file(),
        read_beir,
        ("split", "questions"),
    ),
    DatasetForm(
        "captions",
        "captions.jsonl, images/, queries.jsonl, qrels.tsv",
        lambda f: (f / "captions.jsonl").is_file(),
        read_captions,
        ("direction",),
    ),
    DatasetForm(
        "Parquet tables",
        "corpus/, queries/ and qrels/ of *.parquet",
        is_tables,
        read_tables,
        ("split",),
    ),
    DatasetForm("Parquet pages", "data/test-*.parquet", is_vidore, read_vidore, ("split",)),
)


def read_dataset(
    folder: Path,
    split: str | None = None,
    direction: Direction | None = None,
    questions: str | None = None,
) -> Dataset:
    """A dataset by the files it has, every id checked. None leaves an option at its form's own.

    `split`: judgements to take ("test"). `direction`: of caption sets ("text-to-image").
    `questions`: of BEIR folders, the file of the questions without its ending ("queries").
    Raises DatasetError where it is none, ids do not fit, or an option is not one of its form.
    """
    if folder.name in ("", ".."):
        folder = Path(os.path.abspath(folder))  # "." has no name
    if not folder.is_dir():
        raise DatasetError(f"dataset {folder} is not a folder")
    form = next((form for form in FORMS if form.fits(folder)), None)
    if form is None:
        known = "; ".join(f"{form.name} ({form.files})" for form in FORMS)
        raise DatasetError(f"{folder} is no dataset; expected one of these forms: {known}")
    options = {"split": split, "direction": direction, "questions": questions}
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if name not in form.options:
            takes = " and ".join(form.options) or "none"
            raise DatasetError(
                f"{folder} is a set of the form {form.name}, which has no option {name!r} "
                f"(it takes {takes})"
            )
    return form.read(folder, **given)
