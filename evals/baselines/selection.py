"""The part of a page dataset that every system gets: documents by name, questions with gold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from octavo.evals.dataset import DatasetError, Qrels, read_dataset
from octavo.evals.provenance import digest


@dataclass(frozen=True, slots=True)
class Selection:
    """`questions`: id to text and document. Every gold page of `qrels` lies in `documents`."""

    name: str
    documents: tuple[Path, ...]
    questions: dict[str, tuple[str, str]]
    qrels: Qrels

    @property
    def data(self) -> str:
        """A hash of what was asked of what."""
        return digest([[d.name for d in self.documents], self.questions, self.qrels])


def select(dataset: Path, documents: Path | None, limit: int) -> Selection:
    """The first `limit` documents by name (0: all) and the questions judged on them alone.

    Raises DatasetError for a dataset that is not one of pages, or where nothing is left to ask.
    """
    read = read_dataset(dataset)
    if read.unit != "page":
        raise DatasetError(f"{dataset} judges documents; peers are compared on judged pages")
    folder = documents or dataset / "pdfs"
    if not folder.is_dir():
        raise DatasetError(f"documents {folder} is not a folder")
    files = sorted(f.absolute() for f in folder.iterdir() if f.suffix.lower() == ".pdf")
    kept = tuple(files[: limit or None])
    names = {f.name for f in kept}
    qrels = {q: items for q, items in read.qrels.items() if _lies_in(items, names)}
    questions = {q.id: (q.text, q.document) for q in read.questions if q.id in qrels}
    if not questions:
        raise DatasetError(
            f"no question of {dataset} is judged on the {len(kept)} PDFs of {folder} alone"
        )
    return Selection(read.name, kept, questions, qrels)


def _lies_in(items: dict[str, int], names: set[str]) -> bool:
    gold = [item for item, score in items.items() if score > 0]
    return bool(gold) and all(item.rpartition("#p")[0] in names for item in gold)
