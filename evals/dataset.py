"""Judged questions: the nouns, and how they are read from a folder (docs/datasets.md)."""

from __future__ import annotations

from evals.datasets.boxes import read_boxes
from evals.datasets.judgements import read_qrels
from evals.datasets.lines import rows
from evals.datasets.nouns import AnswerFormat, Dataset, DatasetError, Qrels, Question
from evals.datasets.read import read_dataset

__all__ = [
    "AnswerFormat",
    "Dataset",
    "DatasetError",
    "Qrels",
    "Question",
    "read_boxes",
    "read_dataset",
    "read_qrels",
    "rows",
]
