"""The commands that ask: search, explain, ask."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octavo.api.cli.options import common_options, open_backend, where_options

if TYPE_CHECKING:
    from octavo.api.library.where import Where
    from octavo.api.settings import Settings
    from octavo.retrieve.deduplication import GroupBy


def _question(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.argument("text", default=""),
        click.option("--image", type=click.Path(path_type=Path), help="Ask about a picture."),
        click.option("--limit", "-k", default=10, show_default=True, type=click.IntRange(1, 100)),
    ):
        command = option(command)
    return where_options(command)


@click.command()
@_question
@click.option(
    "--by",
    type=click.Choice(["chunk", "page", "document"]),
    default="chunk",
    help="One hit a chunk, page or document. [chunk]",
)
@click.option("--no-fold", is_flag=True, help="List near-duplicates and overlaps one by one.")
@click.option(
    "--diverse",
    metavar="LAMBDA",
    type=click.FloatRange(0, 1),
    help="Spread the hits: 1 by score alone, 0 by novelty alone (MMR).",
)
@common_options
def search(
    settings: Settings,
    as_json: bool,
    text: str,
    image: Path | None,
    where: Where,
    limit: int,
    by: GroupBy,
    no_fold: bool,
    diverse: float | None,
) -> None:
    """Lists the passages, tables and figures that match, with their trace."""
    from octavo.api.cli.question_calls import search_index
    from octavo.api.console.answers import show_hits
    from octavo.retrieve.deduplication import ResultOptions

    with open_backend(settings) as backend:
        listing = ResultOptions(by, not no_fold, diverse)
        hits = search_index(backend, text, image, where, limit, listing)
    if as_json:
        click.echo(hits.model_dump_json(indent=1))
    else:
        show_hits(hits)


@click.command()
@_question
@click.option("--expect", default="", metavar="NAME#p12", help="A page that should be found.")
@click.option(
    "-o",
    "--heat",
    type=click.Path(path_type=Path),
    help="Write the figure with what the question met in it as PNG (patch encoders).",
)
@common_options
def explain(
    settings: Settings,
    as_json: bool,
    text: str,
    image: Path | None,
    where: Where,
    limit: int,
    expect: str,
    heat: Path | None,
) -> None:
    """Follows a search stage by stage: what was found where, by which words.

    With --expect: at which stage that page was found, its rank and score there, where it was lost
    and by how much.
    """
    from octavo.api.cli.question_calls import explain_index, save_heat
    from octavo.api.console.explanations import show_explained

    with open_backend(settings) as backend:
        drawn = heat is not None
        explained = explain_index(backend, text, image, where, limit, expect, drawn)
    saved = save_heat(explained, heat) if heat else None
    if as_json:
        click.echo(explained.model_dump_json(indent=1))
    else:
        show_explained(explained, saved)


@click.command()
@_question
@click.option("--save", type=click.Path(path_type=Path), help="Write the cited page as PNG.")
@common_options
def ask(
    settings: Settings,
    as_json: bool,
    text: str,
    image: Path | None,
    where: Where,
    limit: int,
    save: Path | None,
) -> None:
    """Answers from the documents, cited to page and box, or says that they do not answer."""
    from octavo.api.cli.question_calls import ask_index, save_evidence
    from octavo.api.console.answers import drafts, show_answer

    with open_backend(settings) as backend:
        answer = ask_index(backend, text, image, where, limit, drafts(as_json))
        saved = save_evidence(backend, answer, save) if save else None
    if as_json:
        click.echo(answer.model_dump_json(indent=1))
    else:
        show_answer(answer, saved)
