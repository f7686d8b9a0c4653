"""`octavo eval make`: progress on standard error, what was made on standard output."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octavo.api.cli.options import common_options

if TYPE_CHECKING:
    from octavo.api.service import Service
    from octavo.api.settings import Settings
    from octavo.evals.synthesis.by_model import ModelDrafts
    from octavo.evals.synthesis.draft import Draft
    from octavo.evals.synthesis.passages import Passage
    from octavo.generate.llm.chat import ChatModel


@click.command(name="make")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the set.")
@click.option("--count", default=100, show_default=True, type=click.IntRange(1, 10000))
@click.option("--seed", default=0, show_default=True, help="Which questions are drawn.")
@click.option(
    "--by",
    type=click.Choice(["rules", "model"]),
    default="rules",
    show_default=True,
    help="Drafted by rules, or by the configured generator.",
)
@click.option("--review", is_flag=True, help="Serve the page to accept, edit and reject drafts.")
@click.option("--port", default=8010, show_default=True, type=click.IntRange(0, 65535))
@common_options
def make(
    settings: Settings,
    as_json: bool,
    paths: tuple[Path, ...],
    out: Path,
    count: int,
    seed: int,
    by: str,
    review: bool,
    port: int,
) -> None:
    """Drafts judged questions from PATHS, or from the documents of --index.

    Ingests PATHS (into OUT/index, unless --index) and writes OUT as `octavo eval run` reads it.
    With --review and neither PATHS nor --index, shows the drafts that are there.
    """
    from octavo.evals.synthesis.review import run_review

    if settings.url:
        raise ValueError("eval make opens an index itself: leave out --url (and OCTAVO_URL)")
    if paths or "index" in settings.model_fields_set:
        drafts = _make(settings, paths, out, count, seed, by)
        _tell(drafts, out, as_json)
    elif not review:
        raise ValueError("nothing to make questions of: give PATHS, or an index with --index")
    if review:
        run_review(out, port)


def _make(
    settings: Settings, paths: Sequence[Path], out: Path, count: int, seed: int, by: str
) -> list[Draft]:
    from octavo.api.console.progress import progress
    from octavo.api.service import Service
    from octavo.evals.synthesis.folder import check_free, is_made, merged, read_drafts, write_drafts
    from octavo.evals.synthesis.originals import copy_originals, read_passages, remove_others

    if "index" not in settings.model_fields_set:
        settings = settings.model_copy(update={"index": out / "index"})
    check_free(out)
    ours, old = is_made(out), read_drafts(out)
    service = Service(settings, create=bool(paths))
    try:
        _ingest(service, paths)
        with progress("documents", len(service.named_all())) as report:
            passages = read_passages(service, report)
        if not passages:
            raise ValueError("the index has no documents to make questions of; give PATHS")
        names = copy_originals(service, out)
        if by == "model":
            new = _by_model(service, passages, count, seed, old, out)
        else:
            new = _by_rules(passages, count, seed)
    finally:
        service.close()
    if not new:
        raise ValueError("the documents have no table, caption or sentence that makes a question")
    drafts = merged(old, new)
    write_drafts(drafts, out)
    if ours:  # last, so that no judgement names a file that is gone
        remove_others(out, names, drafts, paths)
    return drafts


def _ingest(service: Service, paths: Sequence[Path]) -> None:
    from octavo.api.console.ingest_progress import ingest_progress
    from octavo.api.service import sources_of

    if not paths:
        return
    sources = sources_of(paths, service.settings)
    if not sources:
        raise ValueError("no files found under the paths given")
    with ingest_progress() as report:
        for result in service.ingest(sources, report):
            if result.outcome == "failed":
                click.echo(f"{result.name}: {result.reason}", err=True)


def _by_rules(passages: Sequence[Passage], count: int, seed: int) -> list[Draft]:
    from octavo.api.console.progress import progress
    from octavo.evals.synthesis.drafting import draft_by_rules

    with progress("passages", len(passages)) as report:
        return draft_by_rules(passages, count, seed, report)


def _by_model(
    service: Service,
    passages: Sequence[Passage],
    count: int,
    seed: int,
    old: Sequence[Draft],
    out: Path,
) -> list[Draft]:
    """The model's drafts, and by rules those that the documents leave open. An interruption
    leaves the drafts that were made: they are not asked for again."""
    from octavo.api.console.progress import progress
    from octavo.evals.synthesis.by_model import ModelDrafts, draft_by_model
    from octavo.evals.synthesis.drafting import UNANSWERABLE, in_order, open_questions
    from octavo.evals.synthesis.folder import merged, write_drafts

    rest = round(UNANSWERABLE * count)
    opened = in_order(open_questions(passages, rest, seed))
    known = {d.id: d for d in old}
    tally = ModelDrafts()
    try:
        with progress("questions", count - rest) as report:
            draft_by_model(
                chat_model(service), passages, count - rest, seed, service.crop_png, known, tally,
                report,
            )  # fmt: skip
    finally:
        # Also after Ctrl-C, and where the model's server goes away in between.
        if tally.drafts:
            write_drafts(merged(old, [*tally.drafts, *opened]), out)
            click.echo(f"{len(tally.drafts)} drafts by the model are in {out}", err=True)
        _tell_dropped(tally)
    return [*tally.drafts, *opened]


def chat_model(service: Service) -> ChatModel:
    """The language model that is configured to answer. Raises ValueError where none is."""
    from octavo.generate.calibration import CalibratedGenerator
    from octavo.generate.llm.chat import ChatGenerator

    generator = service.generator
    if isinstance(generator, CalibratedGenerator):
        generator = generator.inner
    if not isinstance(generator, ChatGenerator):
        raise ValueError(
            f"--by model needs a language model, and answers are written by {generator.name!r}: "
            "set OCTAVO_LLM_URL and OCTAVO_LLM_MODEL, or choose a --profile with one"
        )
    return generator.model


def _tell_dropped(tally: ModelDrafts) -> None:
    for reason, n in sorted(tally.dropped.items()):
        click.echo(f"{n} dropped: {reason}", err=True)


def _tell(drafts: Sequence[Draft], out: Path, as_json: bool) -> None:
    from collections import Counter

    from octavo.evals.synthesis.folder import counts

    made = Counter(d.made_by for d in drafts if d.state != "rejected")
    if as_json:
        summary = {"out": str(out), "states": counts(drafts), "made_by": dict(sorted(made.items()))}
        click.echo(json.dumps(summary, indent=1))
        return
    for name, n in sorted(made.items()):
        click.echo(f"{n:5}  {name}")
    states = ", ".join(f"{n} {state}" for state, n in counts(drafts).items())
    click.echo(f"{sum(made.values())} questions in {out} ({states})")
    click.echo(f"review them: octavo eval make --review --out {out}")
