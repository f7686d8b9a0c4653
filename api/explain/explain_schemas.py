"""What `octavo explain` and `POST /v1/explain` say, as JSON."""

from __future__ import annotations

from typing import Literal

from octavo.api.schemas.answers import HitOut, UnderstoodOut
from octavo.api.schemas.base import Wire


class StandingOut(Wire):
    """Where the expected page stood at one stage.

    `kept` chunks passed the stage, the last of them with `last` as its score. `rank` and `score`
    are of the page's best chunk (`chunk`, of `kind`); `rank` is None where the stage kept none of
    its chunks: the score is then what the best would have had there, where that can be told, and
    `margin` what it lacked to the last one kept.
    """

    stage: str
    kept: int
    last: float | None
    rank: int | None
    score: float | None
    margin: float | None
    chunk: str
    kind: str


class ExpectedOut(Wire):
    """What became of the page that was expected. `verdict` says it in words.

    found: in the list, at `rank`; lost: at the stage `lost_at`; absent: not in the index (blank, in
    a failed page, of a file that failed, or without anything to find).
    """

    name: str
    page: int
    outcome: Literal["found", "lost", "absent"]
    rank: int | None
    lost_at: str
    verdict: str
    stages: list[StandingOut]


class MetOut(Wire):
    """A word of the question and the word of the passage nearest to it (cosine of their tokens).
    `stop`: a word that BM25 leaves out."""

    word: str
    met: str
    similarity: float
    stop: bool


class TermOut(Wire):
    """A word of the question, how the passage has it, and what it added to the BM25 score."""

    word: str
    found: list[str]
    score: float


class AlignedOut(Wire):
    """One passage, word by word. `note`: why there are no words, where there are none."""

    chunk: str
    name: str
    page: int
    text: str
    tokens: list[MetOut]
    words: list[TermOut]
    note: str


class ExplainOut(Wire):
    """A search, stage by stage. `stages` are their names in the order they ran. `heat`: base64 of a
    PNG, the figure with what the question met in it in red, where that was asked for; `heat_note`
    says of which figure, or why there is none."""

    question: str
    searched: str
    understood: list[UnderstoodOut]
    notes: list[str]
    stages: list[str]
    hits: list[HitOut]
    expected: ExpectedOut | None
    aligned: AlignedOut | None
    heat: str
    heat_note: str
    seconds: float
