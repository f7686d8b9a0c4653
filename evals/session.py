"""What the commands share that ask a dataset's questions: the index, opened, and the bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from octavo.api.console.ingest_progress import ingest_progress
from octavo.api.console.progress import progress
from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.evals.dataset import Dataset
from octavo.evals.evaluate import RunListener
from octavo.evals.metrics.llm_judge import Judge, make_judge
from octavo.evals.run_files import make_folder


@contextmanager
def open_index(settings: Settings, out: Path) -> Iterator[Service]:
    """The index named, else one of its own under `out`: never the user's, for metrics over a mix
    of documents mean nothing."""
    if settings.url:
        raise ValueError("eval opens an index itself: leave out --url (and OCTAVO_URL)")
    make_folder(out)
    if "index" not in settings.model_fields_set:
        settings = settings.model_copy(update={"index": out / "index"})
    # Caches would answer what is measured.
    service = Service(settings.model_copy(update={"query_cache": 0}), create=True)
    try:
        yield service
    finally:
        service.close()


def judge_of(settings: Settings) -> Judge | None:
    """The model that judges answers, where one is configured."""
    return make_judge(
        settings.judge_url, settings.judge_model, settings.judge_key.get_secret_value()
    )


@contextmanager
def progress_bars(dataset: Dataset) -> Iterator[RunListener]:
    """A bar for pages, then one for questions, then one for verdicts."""
    with ExitStack() as bars, ingest_progress() as on_ingest:
        started: dict[str, Callable[[int], None]] = {}

        def told(what: str, done: int) -> None:
            if what not in started:
                started[what] = bars.enter_context(progress(what, len(dataset.questions)))
            started[what](done)

        yield RunListener(on_ingest, partial(told, "questions"), partial(told, "verdicts"))
