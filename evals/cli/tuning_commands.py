"""The commands that try other settings on an index that stays as it is: ablate, tune, calibrate."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from octavo.api.cli.options import PARTIAL, common_options
from octavo.evals.cli.options import DatasetOptions, dataset_options, tell

if TYPE_CHECKING:
    from octavo.api.model_profile import Profile
    from octavo.api.service import Service
    from octavo.api.settings import Settings
    from octavo.evals.dataset import Dataset
    from octavo.evals.provenance import Provenance


@click.command()
@dataset_options
@common_options
def ablate(settings: Settings, as_json: bool, selection: DatasetOptions, out: Path) -> None:
    """What each stage is worth: the same questions with one stage left out at a time."""
    from octavo.api.console.progress import progress
    from octavo.evals.cli.show import show_ablation
    from octavo.evals.experiments.ablate import FILE, variants
    from octavo.evals.experiments.ablate import ablate as run
    from octavo.evals.provenance import provenance

    origin = provenance()
    with _indexed(settings, selection, out) as (dataset, service, errors):
        total = len(dataset.questions) * len(variants(service.profile, dataset.questions))
        with progress("questions", total) as report:
            ablation = run(dataset, service, out, origin, report)
    row = ablation.plain()
    row["errors"] = [*errors, *row["errors"]]
    _write(row, out / FILE)
    tell(row, as_json, lambda: show_ablation(ablation, out))
    _end(row["errors"], ablation.complete)


@click.command()
@dataset_options
@common_options
def tune(settings: Settings, as_json: bool, selection: DatasetOptions, out: Path) -> None:
    """Fits the weights of the final score; judges them on questions they were not fitted on.

    Writes OUT/tuned.toml, a profile for --profile, and OUT/tuned.json.
    """
    from octavo.api.console.progress import progress
    from octavo.evals.cli.show import show_tuned
    from octavo.evals.experiments.tune import judged, sheets, tuned_profile
    from octavo.evals.experiments.tune import tune as run
    from octavo.evals.provenance import provenance
    from octavo.evals.statistics.resampling_units import FOLDS

    origin = provenance()
    with _indexed(settings, selection, out) as (dataset, service, errors):
        with progress("questions", len(dataset.questions)) as report:
            score_sheets = sheets(dataset, service, report)
        with progress("fits", FOLDS + 1) as report:
            tuned = run(score_sheets, service.profile, report)
        row = _row(origin, dataset, service, len(score_sheets), len(judged(dataset)), errors)
        row |= asdict(tuned) | {"verdict": tuned.verdict}
        _save(tuned_profile(service.profile, tuned.weights), out / "tuned.toml")
    _write(row, out / "tuned.json")
    tell(row, as_json, lambda: show_tuned(tuned, dataset.name, out))
    _end(errors, row["complete"])


@click.command()
@dataset_options
@click.option(
    "--refuse",
    type=click.FloatRange(0, 1),
    help="Share of unanswerable questions to refuse. [best balance]",
)
@common_options
def calibrate(
    settings: Settings, as_json: bool, selection: DatasetOptions, out: Path, refuse: float | None
) -> None:
    """Fits confidence to how often the documents answer, and the threshold to abstain under.

    Writes OUT/calibrated.toml, a profile for --profile, and OUT/calibrated.json.
    """
    from octavo.api.console.progress import progress
    from octavo.evals.cli.show import show_calibrated
    from octavo.evals.experiments.calibrate import calibrate as run
    from octavo.evals.experiments.calibrate import calibrated_profile, samples
    from octavo.evals.provenance import provenance
    from octavo.evals.run import ask_all

    origin = provenance()
    with _indexed(settings, selection, out) as (dataset, service, errors):
        known = [q for q in dataset.questions if q.answerable is not None]
        with progress("questions", len(known)) as report:
            outcome = ask_all(known, service, answers=True, report=report)
        fit = run(samples(outcome, service.profile), refuse)
        errors = (*errors, *outcome.errors)
        row = _row(origin, dataset, service, len(outcome.attempted), len(known), errors)
        row |= asdict(fit)
        _save(calibrated_profile(service.profile, fit), out / "calibrated.toml")
    _write(row, out / "calibrated.json")
    tell(row, as_json, lambda: show_calibrated(fit, dataset.name, out))
    _end(errors, not outcome.interrupted)


@contextmanager
def _indexed(
    settings: Settings, selection: DatasetOptions, out: Path
) -> Iterator[tuple[Dataset, Service, tuple[str, ...]]]:
    """The dataset, an index that holds its documents, and what could not be read."""
    from octavo.api.console.ingest_progress import ingest_progress
    from octavo.evals.ingest_dataset import ingest_dataset
    from octavo.evals.session import open_index

    dataset = selection.read()
    with open_index(settings, out) as service:
        with ingest_progress() as report:
            filled = ingest_dataset(dataset, service, report)
        for error in filled.errors[:10]:
            click.echo(error, err=True)
        yield dataset, service, filled.errors


def _row(
    origin: Provenance,
    dataset: Dataset,
    service: Service,
    n: int,
    planned: int,
    errors: Sequence[str],
) -> dict[str, Any]:
    from octavo.evals.provenance import configuration, digest

    return {
        **asdict(origin),
        "config": digest(configuration(service)),
        "dataset": dataset.name,
        "data": dataset.data,
        "profile": service.profile.name,
        "n": n,
        "questions": planned,
        "complete": n == planned,
        "errors": list(errors),
    }


def _end(errors: Sequence[str], complete: bool) -> None:
    """The exit code: 130 after Ctrl-C, 2 where something failed."""
    if not complete:
        click.echo("PARTIAL: stopped; what is told is of the questions asked until then", err=True)
        sys.exit(130)
    if errors:
        sys.exit(PARTIAL)


def _write(row: Mapping[str, Any], file: Path) -> None:
    file.write_text(json.dumps(row, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _save(profile: Profile, file: Path) -> None:
    import tomli_w

    row = profile.model_dump(mode="json", exclude_none=True)
    row["name"] = f"{profile.name}-{file.stem}"
    file.write_text(tomli_w.dumps(row), encoding="utf-8")


#: What is added to the `eval` group.
COMMANDS: tuple[click.Command, ...] = (ablate, tune, calibrate)
