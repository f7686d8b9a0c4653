"""Judged questions: the nouns, and how they are read from a folder (docs/datasets.md)."""

from __future__ import annotations

from octavo.evals.datasets.boxes import read_boxes
from octavo.evals.datasets.jsonl import rows
from octavo.evals.datasets.judgements import read_qrels
from octavo.evals.datasets.read import read_dataset
from octavo.evals.datasets.types import AnswerFormat, Dataset, DatasetError, GoldQuestion, Qrels

__all__ = [
    "AnswerFormat",
    "Dataset",
    "DatasetError",
    "GoldQuestion",
    "Qrels",
    "read_boxes",
    "read_dataset",
    "read_qrels",
    "rows",
]
