"""Evaluation results as a person reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from octavo.evals.benchmarks.query_speed import SpeedBench
from octavo.evals.experiments.ablate import AblationResult
from octavo.evals.experiments.calibrate import CalibrationFit
from octavo.evals.experiments.gate import Gate
from octavo.evals.experiments.tune import Tuned
from octavo.evals.reading.docling import ComparedDocument, Scan
from octavo.evals.reading.ingestion import IngestionMeasurement
from octavo.evals.reading.robustness import lost
from octavo.evals.result import EvalResult
from octavo.evals.statistics.compare import Comparison

_LISTED = 20  # files


def show_comparison(found: Comparison) -> None:
    """A line a metric with interval, corrected p and verdict; then what changed most."""
    console = _console()
    groups = f" in {found.documents} documents" if found.documents < found.n else ""
    for folder in found.partial:
        print_plain(console, f"PARTIAL: {folder} was stopped before its last question")
    console.print(f"A {found.a}\nB {found.b}\n{found.n} questions{groups}\n", markup=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("metric", "A", "B", "B - A", "95 %", "p", "+/-/=", ""):
        table.add_column(name, justify="left" if name in ("metric", "") else "right")
    for d in found.differences:
        table.add_row(
            d.metric,
            f"{d.a:.4f}",
            f"{d.b:.4f}",
            f"{d.difference:+.4f}",
            f"{d.low:+.4f} to {d.high:+.4f}",
            f"{d.adjusted:.4f}",
            f"{d.wins}/{d.losses}/{d.ties}",
            d.verdict,
        )
    console.print(table)
    if found.changed:
        console.print(f"\nChanged most by {found.differences[0].metric}:")
    for c in found.changed:
        console.print(f"  {c.a:.3f} to {c.b:.3f}  {escape(c.text[:90])}  [dim]{escape(c.id)}[/dim]")
    console.print(
        "\np: paired randomization test, corrected over the metrics (Holm). 95 %: paired bootstrap"
        + (", whole documents drawn and flipped." if groups else ".")
    )


def show_result(result: EvalResult, out: Path) -> None:
    """A line a metric, with its interval where there is one."""
    console = _console()
    show_numbers(result.metrics, result.intervals)
    pages = f"{result.documents} documents, {result.pages} pages, {result.chunks} chunks"
    print_plain(console, f"{result.n} questions, {pages}; {result.dataset}, {result.profile}")
    if not result.complete:
        print_plain(
            console,
            f"PARTIAL: stopped after {result.n} of {result.questions} questions; the numbers are "
            "of those only",
        )
    for error in result.errors[:10]:
        print_plain(console, f"  {error}")
    if len(result.errors) > 10:
        print_plain(console, f"  and {len(result.errors) - 10} more, in {out / 'result.json'}")
    print_plain(console, f"files: {out}")


def show_ablation(found: AblationResult, out: Path) -> None:
    """A line a variant: its nDCG@10, what changed, and what it costs."""
    console = _console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "nDCG@10", "change", "95 %", "p", "Recall@5", "Recall@100", "search p50 ms"):
        table.add_column(name, justify="left" if name == "" else "right")
    for row in found.rows:
        change = row.difference.get("nDCG@10")
        told = (
            (
                f"{change.b_minus_a:+.4f}",
                f"{change.low:+.4f} to {change.high:+.4f}",
                f"{change.p:.4f}",
            )
            if change
            else ("", "", "")
        )
        m = row.metrics
        table.add_row(
            row.name,
            f"{m['nDCG@10']:.4f}",
            *told,
            f"{m['Recall@5']:.4f}",
            f"{m['Recall@100']:.4f}",
            f"{row.search_p50_ms:.1f}",
        )
    console.print(table)
    print_plain(console, f"{found.full.n} questions; {found.full.dataset}, {found.full.profile}")
    print_plain(console, "p: paired randomization test against full, corrected over the variants")
    if not found.complete:
        print_plain(console, "PARTIAL: stopped; only the variants above were asked whole")
    print_plain(console, f"files: {out}")


def show_tuned(found: Tuned, dataset: str, out: Path) -> None:
    """The weights, and what they are worth on questions they were not fitted on."""
    console = _console()
    weights = ", ".join(f"{name} {value:g}" for name, value in found.weights.items())
    print_plain(console, f"weights fitted on all {found.n} questions of {dataset}: {weights}")
    print_plain(
        console,
        f"nDCG@10 {found.before:.4f} now, {found.after:.4f} with weights fitted on the other folds "
        f"({found.after - found.before:+.4f}, 95 % {found.low:+.4f} to {found.high:+.4f}, p "
        f"{found.p:.4f}): {found.verdict}",
    )
    print_plain(console, f"on what they were fitted on: {found.fitted:.4f}")
    print_plain(console, f"profile: {out / 'tuned.toml'}; judge it on another set before using it")


def show_calibrated(found: CalibrationFit, dataset: str, out: Path) -> None:
    """What was fitted, and refusals before and after, on questions it was not fitted on."""
    console = _console()
    table = Table("", "now", "calibrated", box=None, pad_edge=False, header_style="bold")
    for name, value in found.before.items():
        after = found.after.get(name)
        table.add_row(name, f"{value:.4f}", "" if after is None else f"{after:.4f}")
    console.print(table)
    c = found.calibration
    print_plain(
        console,
        f"slope {c.slope:.4f}, shift {c.shift:.4f}, threshold {found.threshold:.4f}; fitted on all "
        f"{found.n} questions of {dataset}, told of those not fitted on (five folds)",
    )
    print_plain(console, f"profile: {out / 'calibrated.toml'}")


def show_ingest(found: IngestionMeasurement) -> None:
    """A line a metric; then documents and files that explain them."""
    console = _console()
    show_numbers(found.metrics, found.regions.intervals if found.regions else {})
    if found.documents:
        show_docling(found.documents, found.scans)
    if found.rates:
        r = found.rates
        states = ", ".join(f"{n} {state}" for state, n in sorted(r.states.items()))
        sizes = f"{r.documents} documents, {r.pages} pages ({states}), {r.chunks} chunks"
        print_plain(console, sizes)
    for error in found.errors[:10]:
        print_plain(console, f"  {error}")
    for f in lost(found.filed)[:_LISTED]:
        print_plain(
            console, f"lost: {f.accounted} of {f.expected} pages  {f.file}: {f.state.reason}"
        )
    for f in sorted(found.filed, key=lambda f: -f.seconds)[:5]:
        print_plain(console, f"slow: {f.seconds:.1f} s  {f.file}: {f.state.name}")


def show_numbers(
    metrics: Mapping[str, float], intervals: Mapping[str, tuple[float, float]]
) -> None:
    """A line a metric, with its interval where there is one."""
    table = Table("metric", box=None, pad_edge=False, header_style="bold")
    table.add_column("value", justify="right")
    table.add_column("95 %")
    for name, value in metrics.items():
        low, high = intervals.get(name, (None, None))
        between = "" if low is None or high is None else f"{low:.3f} to {high:.3f}"
        table.add_row(name, _number(value), between)
    _console().print(table)


def show_docling(documents: Sequence[ComparedDocument], scans: Sequence[Scan]) -> None:
    """A line a document."""
    console = _console()
    heads = ("tables", "pictures", "cells", "texts", "alike", "inverted", "order")
    table = Table("met of expected", box=None, pad_edge=False, header_style="bold")
    for head in heads:
        table.add_column(head, justify="right")
    for d in documents:
        table.add_row(
            d.name,
            _of(d.tables_met, d.tables),
            _of(d.pictures_met, d.pictures),
            _of(d.cells_kept, d.cells),
            _of(d.texts_found, d.texts),
            f"{d.likeness:.3f}",
            _of(d.inverted, d.pairs),
            "exact" if d.exact else "other",
        )
    console.print(table)
    for s in scans:
        said = "exact" if s.exact else f"{s.likeness:.3f} alike: {s.read[:80]}"
        print_plain(console, f"scan {s.name}: {said}")


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}" if whole else ""


def show_speed(found: SpeedBench) -> None:
    """A line a figure."""
    console = _console()
    table = Table("", "", box=None, pad_edge=False, show_header=False)
    for name, value in (found.metrics | found.ratios).items():
        table.add_row(name, f"{value:,.2f}")
    console.print(table)
    for r in found.load:
        print_plain(
            console,
            f"{r.what}, {r.clients} at a time: {r.rate:g}/s, p50 {r.p50:g} ms, p95 {r.p95:g} ms",
        )
    print_plain(console, f"{found.n} questions, {found.pages} pages")


def show_gate(found: Gate, as_json: bool, accepting: bool = False) -> None:
    """A line a check; what failed is said in words. `accepting`: no verdict, for this run is to be
    the one that others are compared with."""
    if as_json:
        row = asdict(found) | {"passed": found.passed}
        click.echo(json.dumps(row, indent=1, ensure_ascii=False))
        return
    console = _console()
    table = Table("", "accepted", "now", "", "", box=None, pad_edge=False, header_style="bold")
    for c in found.checks:
        said = "ok" if c.passed else "FELL"
        table.add_row(c.name, f"{c.accepted:.4f}", f"{c.now:.4f}", said, c.why)
    console.print(table)
    for name, value in found.speed.items():
        if not found.checks:
            print_plain(console, f"{name}: {value:.3f}")
    for error in found.result.errors[:10]:
        print_plain(console, f"  {error}")
    verdict = "" if accepting else f"; {'passed' if found.passed else 'FAILED'}"
    print_plain(console, f"{found.result.n} questions{verdict}")


def print_plain(console: Console, text: str) -> None:
    """Text that may hold brackets, unbroken."""
    console.print(text, markup=False, soft_wrap=True)


def _number(value: float) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4f}" if abs(value) < 1 else f"{value:,.1f}"


def _console() -> Console:
    """Wide where nobody looks: a table in a file or a pipe is not folded."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=160)
