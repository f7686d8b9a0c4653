"""Questions on one document are not independent: documents are drawn, flipped or held out."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

#: Fewer documents than this say nothing about other documents: then single questions are drawn, and
#: the result speaks of more questions on the same documents only.
FEW = 5
FOLDS = 5


def units(groups: Sequence[str]) -> list[str]:
    """The group of each question, or each question its own where there are too few groups."""
    if len(set(groups)) < FEW:
        return [str(n) for n in range(len(groups))]
    return list(groups)


def folds(groups: Sequence[str]) -> list[int]:
    """The fold, 0 to 4, of each question; a group lies in one fold. By hash, not by chance: the
    same questions are always in the same folds. Where there are too few groups to fill the folds,
    questions are dealt out one by one."""
    numbers = [zlib.crc32(g.encode()) % FOLDS for g in groups]
    if len(set(groups)) < FEW or len(set(numbers)) < FOLDS:
        return [n % FOLDS for n in range(len(groups))]
    return numbers


def splits(groups: Sequence[str]) -> Iterator[tuple[list[int], list[int]]]:
    """For each fold the places of the questions outside it, to fit on, and of those in it."""
    of = folds(groups)
    for fold in range(FOLDS):
        rest = [i for i, f in enumerate(of) if f != fold]
        yield rest, [i for i, f in enumerate(of) if f == fold]
