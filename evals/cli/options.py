"""Options that the `octavo eval` commands share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from octavo.evals.dataset import Dataset


_OPTIONS = ("split", "direction", "questions", "within", "conditions")


@dataclass(frozen=True, slots=True)
class DatasetOptions:
    """Which questions of which dataset; see `octavo.evals.dataset.read_dataset`."""

    folder: Path
    split: str | None
    direction: Literal["text-to-image", "image-to-text"] | None
    questions: str | None
    within: bool = False
    conditions: tuple[str, ...] = ()

    def read(self) -> Dataset:
        """Raises DatasetError for a set that is incomplete or damaged, or whose questions do not
        name the document that they are to be asked `within`."""
        from octavo.api.document_filter import read_conditions
        from octavo.evals.dataset import DatasetError, read_dataset

        dataset = read_dataset(self.folder, self.split, self.direction, self.questions)
        if self.conditions:
            read_conditions(self.conditions)  # raises for one that is none, before anything runs
            name = f"{dataset.name} where {' '.join(self.conditions)}"
            asked = tuple(replace(q, where=self.conditions) for q in dataset.questions)
            dataset = replace(dataset, name=name, questions=asked)
        if not self.within:
            return dataset
        lost = [q.id for q in dataset.questions if not q.document]
        if lost:
            raise DatasetError(
                f"{self.folder}: {len(lost)} questions name no document, first {lost[0]!r}; "
                "--within needs one for each"
            )
        questions = tuple(replace(q, within=True) for q in dataset.questions)
        return replace(dataset, name=f"{dataset.name} within", questions=questions)


def dataset_options(command: Callable[..., None]) -> Callable[..., None]:
    """What every command takes that asks the questions of a dataset; hands over `selection`."""

    @wraps(command)
    def wrapped(**options: Any) -> None:
        folder = options.pop("dataset")
        rest = {name: options.pop(name) for name in _OPTIONS}
        command(selection=DatasetOptions(folder, **rest), **options)

    for option in (
        click.option("--split", help="Judgements to use, such as train. [test]"),
        click.option(
            "--direction",
            type=click.Choice(["text-to-image", "image-to-text"]),
            help="Of an image-caption set. [text-to-image]",
        ),
        click.option(
            "--where",
            "conditions",
            multiple=True,
            metavar="KEY=VALUE",
            help="Ask only of documents with it: folder, name, type, since, until, in, or a key of "
            "the metadata; repeatable.",
        ),
        click.option("--within", is_flag=True, help="Ask each question of its own document only."),
        click.option("--questions", help="Another set of questions, such as captions."),
        click.option(
            "--out",
            required=True,
            type=click.Path(path_type=Path),
            help="Result folder; the index too, unless --index.",
        ),
        click.option(
            "--dataset", required=True, type=click.Path(path_type=Path), help="Dataset folder."
        ),
    ):
        wrapped = option(wrapped)
    return wrapped


#: Of the commands that measure the speed of questions.
questions_option = click.option(
    "--questions",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A question a line, or JSON lines with `text`. [beginnings of passages]",
)


def tell(row: Mapping[str, Any], as_json: bool, show: Callable[[], None]) -> None:
    """The row on standard output: as JSON, or as `show` prints it."""
    if as_json:
        click.echo(json.dumps(row, indent=1, ensure_ascii=False))
    else:
        show()
