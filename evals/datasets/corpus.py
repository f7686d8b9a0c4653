"""Sources of a corpus: texts of rows, and image files named by rows."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from octavo.evals.datasets.jsonl import Place, unbroken
from octavo.evals.datasets.judgements import RelevanceJudgement, qrels_of
from octavo.evals.datasets.types import Dataset, DatasetError, GoldQuestion
from octavo.index.source import Source


@dataclass(slots=True)
class Corpus:
    """Documents of a dataset as they are found, by id."""

    name: str  # of the dataset; part of the identity of a text
    sources: dict[str, Source] = field(default_factory=dict)
    _places: dict[str, Place] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)
    _images: dict[str, Path] = field(default_factory=dict)

    def add_text(self, place: Place, key: str, text: str) -> None:
        """Raises DatasetError for an id that is there already."""
        self.add(place, Source(key, f"{self.name}:{key}", _bytes(text)))
        self._texts[key] = text

    def add_image(self, place: Place, key: str, folder: Path, path: str) -> None:
        """`path` below `folder`. Raises DatasetError for a repeated id or a missing file."""
        file = image_file(place, folder, path)
        self.add(place, replace(Source.file(file), name=key))
        self._images[key] = file

    def add(self, place: Place, source: Source) -> None:
        """Raises DatasetError for an id that is there already, or that run.trec cannot hold."""
        unbroken(source.name, "id", place)
        if source.name in self.sources:
            first = self._places[source.name]
            raise DatasetError(f"{place}: id {source.name!r} stands twice, first at {first}")
        self.sources[source.name] = source
        self._places[source.name] = place

    def same(self) -> dict[str, str]:
        """Documents whose bytes stand earlier in the corpus, to the first one's id.

        The index keeps equal bytes once, under the first name: a judgement of a later copy could
        not be met otherwise.
        """
        return _copies(self._texts) | equal_files(self._images)


def judged_documents(
    name: str,
    questions: Iterable[GoldQuestion],
    judgements: Sequence[RelevanceJudgement],
    corpus: Corpus,
) -> Dataset:
    """The set of a corpus whose documents are judged; only judged questions are asked."""
    judged = {j.question for j in judgements}
    return Dataset(
        name,
        "document",
        tuple(q for q in questions if q.id in judged),
        qrels_of(judgements, corpus.same()),
        tuple(corpus.sources.values()),
    )


def image_file(place: Place, folder: Path, path: object) -> Path:
    """Raises DatasetError for a path that leaves the folder, or where there is no file."""
    if not isinstance(path, str) or not path:
        raise DatasetError(f"{place}: image is {path!r}; expected a path below {folder}")
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        raise DatasetError(f"{place}: image {path!r} lies outside {folder}")
    if not (folder / parts).is_file():
        raise DatasetError(f"{place}: image {path!r} is missing in {folder}")
    return folder / parts


def equal_files(files: Mapping[str, Path]) -> dict[str, str]:
    """Keys of files whose bytes an earlier one has, to its key. Only equal sizes are read."""
    sizes: dict[int, list[str]] = defaultdict(list)
    for key, file in files.items():
        sizes[file.stat().st_size].append(key)
    alike = [key for keys in sizes.values() if len(keys) > 1 for key in keys]
    return _copies({k: hashlib.sha256(files[k].read_bytes()).hexdigest() for k in alike})


def _copies(contents: Mapping[str, str]) -> dict[str, str]:
    first: dict[str, str] = {}
    firsts = {key: first.setdefault(content, key) for key, content in contents.items()}
    return {key: one for key, one in firsts.items() if key != one}


def _bytes(text: str) -> Callable[[], bytes]:
    return lambda: text.encode()
