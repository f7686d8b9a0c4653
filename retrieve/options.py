"""Depth and weight of each subquery, and the boosts."""

from __future__ import annotations

from dataclasses import dataclass

from octavo.index.store import Fusion
from octavo.retrieve.understanding.boosts import Boosts


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Candidates that each subquery brings, the weight of its ranks in fusion, and the `candidates`
    that are left of all. The names are those of a profile's `[search]`.

    Of `image_pages` pages at most the pixels are compared with the query's picture
    (`image_matching`); after `image_seconds` none is begun; with 0 pages vectors must do. The
    boosts are what a final score (0 to 1) gains by having what the question names.
    """

    text_depth: int = 100
    words_depth: int = 100
    joint_depth: int = 30
    text_weight: float = 1.0
    words_weight: float = 1.0
    joint_weight: float = 0.25
    image_weight: float = 2.0
    image_pages: int = 16
    image_seconds: float = 3.0
    exact_boost: float = 0.2
    label_boost: float = 0.25
    page_boost: float = 0.25
    document_boost: float = 0.15
    fusion: Fusion = "rrf"
    candidates: int = 300

    @property
    def boosts(self) -> Boosts:
        """What being named adds to a final score."""
        return Boosts(self.exact_boost, self.label_boost, self.page_boost, self.document_boost)
