"""Pictures with captions (Flickr8k's form), asked in either direction."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from octavo.evals.datasets.corpus import Corpus, image_file, judged_documents
from octavo.evals.datasets.jsonl import Place, numbered, text_of
from octavo.evals.datasets.judgements import check_known, read_judgements
from octavo.evals.datasets.questions import read_questions
from octavo.evals.datasets.types import Dataset, DatasetError, GoldQuestion

Direction = Literal["text-to-image", "image-to-text"]

_FILE = "captions.jsonl"


def read_captions(folder: Path, direction: Direction = "text-to-image") -> Dataset:
    """`captions.jsonl` rows {image, captions} with `queries.jsonl` and `qrels.tsv`, or backwards
    with `qrels_image_to_text.tsv`.

    An image's id is its file name, a caption's `NAME#0` and so on. Raises DatasetError.
    """
    if direction not in get_args(Direction):
        known = " or ".join(get_args(Direction))
        raise DatasetError(f"direction {direction!r} is unknown; expected {known}")
    return _to_image(folder) if direction == "text-to-image" else _to_text(folder)


def _to_image(folder: Path) -> Dataset:
    questions = read_questions(folder / "queries.jsonl")
    judgements = read_judgements(folder / "qrels.tsv")
    corpus = Corpus(folder.name)
    for place, path, _ in _captioned(folder):
        corpus.add_image(place, Path(path).name, folder, path)
    check_known(judgements, questions.keys(), corpus.sources.keys(), corpus=_FILE)
    return judged_documents(folder.name, (q for _, q in questions.values()), judgements, corpus)


def _to_text(folder: Path) -> Dataset:
    judgements = read_judgements(folder / "qrels_image_to_text.tsv")
    corpus, images = Corpus(folder.name), {}
    for place, path, captions in _captioned(folder):
        name = Path(path).name
        if name in images:
            raise DatasetError(f"{place}: image {name!r} stands twice")
        images[name] = image_file(place, folder, path)
        for number, caption in enumerate(captions):
            corpus.add_text(place, f"{name}#{number}", caption)
    check_known(judgements, images.keys(), corpus.sources.keys(), _FILE, _FILE)
    questions = (GoldQuestion(name, "", image=file) for name, file in images.items())
    return judged_documents(f"{folder.name}:image-to-text", questions, judgements, corpus)


def _captioned(folder: Path) -> list[tuple[Place, str, list[str]]]:
    images = []
    for place, row in numbered(folder / _FILE, ("image", "captions")):
        path, captions = text_of(row["image"], "image", place), row["captions"]
        if not isinstance(captions, list) or not captions:
            raise DatasetError(f"{place}: 'captions' is {captions!r}; expected a list of texts")
        images.append((place, path, [text_of(c, "captions", place) for c in captions]))
    if not images:
        raise DatasetError(f"{folder / _FILE} has no image")
    return images
