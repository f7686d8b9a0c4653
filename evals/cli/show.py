"""Evaluation results as a person reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from octavo.evals.benchmarks.query_speed import SpeedBench
from octavo.evals.experiments.ablate import AblationResult, AblationRow
from octavo.evals.experiments.calibrate import CalibrationFit
from octavo.evals.experiments.gate import Gate
from octavo.evals.experiments.tune import Tuned
from octavo.evals.reading.docling import ComparedDocument, ComparedScan
from octavo.evals.reading.ingestion import IngestionMeasurement
from octavo.evals.reading.robustness import lost
from octavo.evals.result import EvalResult
from octavo.evals.statistics.compare import Comparison

_LISTED = 20  # files


def show_comparison(comparison: Comparison) -> None:
    """A line a metric with interval, corrected p and verdict; then what changed most."""
    console = make_console()
    groups = f" in {comparison.documents} documents" if comparison.documents < comparison.n else ""
    for folder in comparison.partial:
        print_plain(console, f"PARTIAL: {folder} was stopped before its last question")
    console.print(
        f"A {comparison.a}\nB {comparison.b}\n{comparison.n} questions{groups}\n", markup=False
    )
    rows = [
        (d.metric, f"{d.a:.4f}", f"{d.b:.4f}", f"{d.difference:+.4f}",
         f"{d.low:+.4f} to {d.high:+.4f}", f"{d.adjusted:.4f}",
         f"{d.wins}/{d.losses}/{d.ties}", d.verdict)
        for d in comparison.differences
    ]  # fmt: skip
    print_table(console, ("metric", "A", "B", "B - A", "95 %", "p", "+/-/=", ""), rows)
    if comparison.changed:
        console.print(f"\nChanged most by {comparison.differences[0].metric}:")
    for c in comparison.changed:
        console.print(f"  {c.a:.3f} to {c.b:.3f}  {escape(c.text[:90])}  [dim]{escape(c.id)}[/dim]")
    console.print(
        "\np: paired randomization test, corrected over the metrics (Holm). 95 %: paired bootstrap"
        + (", whole documents drawn and flipped." if groups else ".")
    )


def show_result(result: EvalResult, out: Path) -> None:
    """A line a metric, with its interval where there is one."""
    console = make_console()
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


def show_ablation(ablation: AblationResult, out: Path) -> None:
    """A line a variant: its nDCG@10, what changed, and what it costs."""
    console = make_console()
    heads = ("", "nDCG@10", "change", "95 %", "p", "Recall@5", "Recall@100", "search p50 ms")
    print_table(console, heads, map(_variant_cells, ablation.rows))
    print_plain(
        console, f"{ablation.full.n} questions; {ablation.full.dataset}, {ablation.full.profile}"
    )
    print_plain(console, "p: paired randomization test against full, corrected over the variants")
    if not ablation.complete:
        print_plain(console, "PARTIAL: stopped; only the variants above were asked whole")
    print_plain(console, f"files: {out}")


def _variant_cells(row: AblationRow) -> tuple[str, ...]:
    m, d = row.metrics, row.difference.get("nDCG@10")
    change = (f"{d.b_minus_a:+.4f}", f"{d.low:+.4f} to {d.high:+.4f}", f"{d.p:.4f}") if d else ()
    recalls = (f"{m['Recall@5']:.4f}", f"{m['Recall@100']:.4f}", f"{row.search_p50_ms:.1f}")
    return (row.name, f"{m['nDCG@10']:.4f}", *(change or ("", "", "")), *recalls)


def show_tuned(tuned: Tuned, dataset: str, out: Path) -> None:
    """The weights, and what they are worth on questions they were not fitted on."""
    console = make_console()
    weights = ", ".join(f"{name} {value:g}" for name, value in tuned.weights.items())
    print_plain(console, f"weights fitted on all {tuned.n} questions of {dataset}: {weights}")
    print_plain(
        console,
        f"nDCG@10 {tuned.before:.4f} now, {tuned.after:.4f} with weights fitted on the other folds "
        f"({tuned.after - tuned.before:+.4f}, 95 % {tuned.low:+.4f} to {tuned.high:+.4f}, p "
        f"{tuned.p:.4f}): {tuned.verdict}",
    )
    print_plain(console, f"on what they were fitted on: {tuned.fitted:.4f}")
    print_plain(console, f"profile: {out / 'tuned.toml'}; judge it on another set before using it")


def show_calibrated(fit: CalibrationFit, dataset: str, out: Path) -> None:
    """What was fitted, and refusals before and after, on questions it was not fitted on."""
    console = make_console()
    rows = [
        (name, f"{value:.4f}", f"{fit.after[name]:.4f}" if name in fit.after else "")
        for name, value in fit.before.items()
    ]
    print_table(console, ("", "now", "calibrated"), rows)
    c = fit.calibration
    print_plain(
        console,
        f"slope {c.slope:.4f}, shift {c.shift:.4f}, threshold {fit.threshold:.4f}; fitted on all "
        f"{fit.n} questions of {dataset}, told of those not fitted on (five folds)",
    )
    print_plain(console, f"profile: {out / 'calibrated.toml'}")


def show_ingest(measurement: IngestionMeasurement) -> None:
    """A line a metric; then documents and files that explain them."""
    console = make_console()
    show_numbers(measurement.metrics, measurement.regions.intervals if measurement.regions else {})
    if measurement.documents:
        show_docling(measurement.documents, measurement.scans)
    if measurement.rates:
        r = measurement.rates
        states = ", ".join(f"{n} {state}" for state, n in sorted(r.states.items()))
        sizes = f"{r.documents} documents, {r.pages} pages ({states}), {r.chunks} chunks"
        print_plain(console, sizes)
    for error in measurement.errors[:10]:
        print_plain(console, f"  {error}")
    for f in lost(measurement.filed)[:_LISTED]:
        print_plain(
            console, f"lost: {f.accounted} of {f.expected} pages  {f.file}: {f.state.reason}"
        )
    for f in sorted(measurement.filed, key=lambda f: -f.seconds)[:5]:
        print_plain(console, f"slow: {f.seconds:.1f} s  {f.file}: {f.state.name}")


def show_numbers(
    metrics: Mapping[str, float], intervals: Mapping[str, tuple[float, float]]
) -> None:
    """A line a metric, with its interval where there is one."""
    rows = []
    for name, value in metrics.items():
        between = "{:.3f} to {:.3f}".format(*intervals[name]) if name in intervals else ""
        rows.append((name, _number(value), between))
    print_table(make_console(), ("metric", "value", "95 %"), rows)


def show_docling(documents: Sequence[ComparedDocument], scans: Sequence[ComparedScan]) -> None:
    """A line a document."""
    console = make_console()
    counted = ("tables", "pictures", "cells", "texts", "alike", "inverted", "order")
    rows = [
        (d.name, _of(d.tables_met, d.tables), _of(d.pictures_met, d.pictures),
         _of(d.cells_kept, d.cells), _of(d.texts_found, d.texts), f"{d.likeness:.3f}",
         _of(d.inverted, d.pairs), "exact" if d.exact else "other")
        for d in documents
    ]  # fmt: skip
    print_table(console, ("met of expected", *counted), rows)
    for s in scans:
        likeness = "exact" if s.exact else f"{s.likeness:.3f} alike: {s.read[:80]}"
        print_plain(console, f"scan {s.name}: {likeness}")


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}" if whole else ""


def show_speed(speed: SpeedBench) -> None:
    """A line a figure."""
    console = make_console()
    numbers = speed.metrics | speed.ratios
    print_table(console, ("", ""), [(name, f"{value:,.2f}") for name, value in numbers.items()])
    for r in speed.load:
        print_plain(
            console,
            f"{r.what}, {r.clients} at a time: {r.rate:g}/s, p50 {r.p50:g} ms, p95 {r.p95:g} ms",
        )
    print_plain(console, f"{speed.n} questions, {speed.pages} pages")


def show_gate(outcome: Gate, accepting: bool = False) -> None:
    """A line a check; what failed is said in words. `accepting`: no verdict, for this run is to be
    the one that others are compared with."""
    console = make_console()
    rows = [
        (c.name, f"{c.accepted:.4f}", f"{c.now:.4f}", "ok" if c.passed else "FELL", c.why)
        for c in outcome.checks
    ]
    print_table(console, ("", "accepted", "now", "", ""), rows)
    for name, value in outcome.speed.items():
        if not outcome.checks:
            print_plain(console, f"{name}: {value:.3f}")
    for error in outcome.result.errors[:10]:
        print_plain(console, f"  {error}")
    verdict = "" if accepting else f"; {'passed' if outcome.passed else 'FAILED'}"
    print_plain(console, f"{outcome.result.n} questions{verdict}")


def print_table(console: Console, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Numbers to the right, under their heads; columns of words, which have none, to the left."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=any(heads))
    for n, head in enumerate(heads):
        table.add_column(head, justify="right" if n and head else "left")
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)


def print_plain(console: Console, text: str) -> None:
    """Text that may hold brackets, unbroken."""
    console.print(text, markup=False, soft_wrap=True)


def _number(value: float) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4f}" if abs(value) < 1 else f"{value:,.1f}"


def make_console() -> Console:
    """Wide where nobody looks: a table in a file or a pipe is not folded."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=160)
