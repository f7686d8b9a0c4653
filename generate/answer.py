"""The records of an answer, and the contract of a generator."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from octavo.ingest.document import ChunkKind, Region
from octavo.retrieve.query import Hit, Query


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a sentence comes from: regions of one document, all inside stored chunks."""

    name: str  # of the document
    kind: ChunkKind
    regions: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One statement of an answer. `support` 0 to 1: how well its source covers the question."""

    text: str
    citations: tuple[Citation, ...]
    support: float


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a model read and wrote; of the extractive answerer there are none."""

    prompt: int
    answer: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Sentences with their sources, or an abstention: no sentences, and a reason.

    `confidence` 0 to 1 is the estimated chance that the documents answer the question; it is
    given for abstentions too. `evidence` are the hits it was written from, best first.
    """

    sentences: tuple[Sentence, ...]
    confidence: float
    reason: str = ""
    evidence: tuple[Hit, ...] = ()
    usage: Usage | None = None

    @property
    def abstained(self) -> bool:
        """Whether there is no answer; `reason` says why."""
        return not self.sentences


class GeneratorError(Exception):
    """No answer could be written (a server down, a time limit); the text says what to do."""


class Cancelled(Exception):
    """The caller stopped the answer; nothing is wrong."""


class Watch:
    """Text of an answer while it is written, and a way to stop it. Thread-safe.

    `on_text` gets pieces of draft text as the model writes them: unchecked, for display only; the
    `Answer` at the end is what was checked.
    """

    def __init__(self, on_text: Callable[[str], None] = lambda _: None) -> None:
        self.on_text = on_text
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Asks the generator to end; its `answer` then raises Cancelled."""
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped.is_set()


class Generator(Protocol):
    """Writes an answer from evidence and nothing else."""

    name: str

    def answer(
        self, query: Query, searched: str, hits: Sequence[Hit], watch: Watch | None = None
    ) -> Answer:
        """`searched` is the text as it was searched (see `Candidates.text`).

        Raises GeneratorError where no answer can be written, Cancelled after `watch.stop()`.
        """
        ...
