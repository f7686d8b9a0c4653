"""The `octavo bench` commands: speed and memory on this machine, one table and one JSON row."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from octavo.api.cli.options import common_options
from octavo.evals.cli.options import questions_option, tell

if TYPE_CHECKING:
    from octavo.api.settings import Settings
    from octavo.evals.benchmarks.knn import KnnRow

#: Engines by their names in `octavo.evals.benchmarks.knn`, which is imported only when one runs.
CPU = ("edge-exact", "edge-hnsw", "faiss-flat", "faiss-ivf", "faiss-hnsw")
GPU = ("faiss-flat-gpu", "faiss-ivf-gpu")


@click.group()
def bench() -> None:
    """Measures speed and memory on this machine."""


@bench.command()
@click.option(
    "--count", default=20_000, show_default=True, type=click.IntRange(1_000), help="Vectors."
)
@click.option("--dim", default=384, show_default=True, type=click.IntRange(2), help="Dimensions.")
@click.option(
    "--index",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Take the text vectors of this index, at most --count.",
)
@click.option(
    "--k", default=10, show_default=True, type=click.IntRange(1, 1000), help="Neighbours."
)
@click.option(
    "--kinds",
    multiple=True,
    type=click.Choice((*CPU, *GPU)),
    help="Only these (may be repeated). [every one this machine can run]",
)
@click.option(
    "--seconds",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, 600),
    help="Least time that a rate is measured over.",
)
@click.option("--json", "as_json", is_flag=True, help="The result row as JSON.")
def knn(
    count: int,
    dim: int,
    index: Path | None,
    k: int,
    kinds: tuple[str, ...],
    seconds: float,
    as_json: bool,
) -> None:
    """Nearest neighbours: Qdrant Edge and FAISS side by side, recall against exact search."""
    from octavo.index.store import StoreError

    try:
        result = run_knn(count, dim, index, k, kinds, seconds)
    except (StoreError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    tell(result, as_json, lambda: _show(result))
    if result["errors"]:
        sys.exit(2)


@bench.command()
@questions_option
@click.option("--clients", default=64, show_default=True, type=click.IntRange(2, 1024))
@common_options
def load(settings: Settings, as_json: bool, questions: Path | None, clients: int) -> None:
    """One question at a time against many at once: encoder and whole search."""
    from octavo.api.console.progress import progress
    from octavo.evals.benchmarks.load_test import ROWS, run_load
    from octavo.evals.benchmarks.sample_questions import read_questions
    from octavo.evals.provenance import digest, provenance

    if settings.url:
        raise ValueError("bench opens an index itself: leave out --url (and OCTAVO_URL)")
    origin = provenance()
    texts = read_questions(questions) if questions else []
    with progress("load", ROWS, "rows") as report:
        results = run_load(settings, texts, clients, report)
    row = {
        **asdict(origin) | {"machine": origin.machine + _gpu_words()},
        "libraries": _libraries(),
        "profile": settings.profile,
        "config": digest(settings.model_dump(mode="json", exclude={"index"})),
        "n": results["questions"],
        "errors": [],
        **results,
    }
    tell(row, as_json, lambda: _show_load(row))


def _show_load(row: dict[str, Any]) -> None:
    for r in row["rows"]:
        click.echo(
            f"{r['what']}, {r['clients']} at a time: {r['rate']}/s, "
            f"p50 {r['p50']} ms, p95 {r['p95']} ms"
        )
    for what, r in row["ratios"].items():
        click.echo(
            f"{what}: {r['rate']} times the rate of one at a time, "
            f"p95 {r['p95_to_single_p50']} times the single median"
        )
    if row["encode_to_bare_session"]:
        click.echo(f"encode to the bare session call: {row['encode_to_bare_session']}")
    click.echo(f"{row['questions']} questions; {row['machine']}; {row['date']}")


def run_knn(
    count: int,
    dim: int,
    index: Path | None,
    k: int,
    kinds: tuple[str, ...] = (),
    seconds: float = 1.0,
) -> dict[str, Any]:
    """The result row. An engine that fails is in `errors`, and the others are measured.

    Raises ValueError and StoreError where there are no vectors to measure on.
    """
    from tempfile import TemporaryDirectory

    import numpy as np

    from octavo.api.console.progress import progress
    from octavo.evals.benchmarks.knn import QUERIES, clustered, of_index, run_apart
    from octavo.evals.provenance import digest, provenance
    from octavo.index.store import StoreError

    origin = provenance()
    rows, queries = of_index(index, count) if index else clustered(count, dim)
    wanted = kinds or (*CPU, *(GPU if _gpus() else ()))
    measured: list[KnnRow] = []
    errors: list[str] = []
    with TemporaryDirectory() as folder, progress("engines", len(wanted)) as report:
        data = Path(folder) / "vectors.npz"
        np.savez(data, rows=rows, queries=queries)
        for done, engine in enumerate(wanted, 1):
            report(done - 1, what=engine)
            try:
                measured.append(run_apart(engine, data, k, seconds))
            except StoreError as error:
                errors.append(str(error))
            report(done)
    return {
        **asdict(origin) | {"machine": origin.machine + _gpu_words()},
        "libraries": _libraries(),
        "config": digest([count, dim, k, list(wanted), seconds]),
        "data": str(index) if index else "clustered, seed 0",
        "n": len(rows),
        "dim": int(rows.shape[1]),
        "queries": QUERIES,
        "k": k,
        "errors": errors,
        "rows": [asdict(r) for r in measured],
    }


def _show(result: dict[str, Any]) -> None:
    from octavo.evals.cli.show import make_console, print_plain, print_table

    sizes = list(result["rows"][0]["rates"]) if result["rows"] else []
    at_once = (f"q/s, {size} at once" for size in sizes)
    heads = ("engine", f"recall@{result['k']}", *at_once, "build s", "MB")
    console = make_console()
    print_table(console, heads, map(_engine_cells, result["rows"]))
    versions = ", ".join(f"{name} {version}" for name, version in result["libraries"].items())
    print_plain(
        console,
        f"{result['n']:,} x {result['dim']} ({result['data']}), {result['queries']} queries; "
        f"{result['machine']}; {versions}; {result['date']}",
    )
    for error in result["errors"]:
        print_plain(console, f"  {error}")


def _engine_cells(row: dict[str, Any]) -> tuple[str, ...]:
    memory = "?" if row["memory"] is None else f"{row['memory']:.0f}"
    rates = (f"{rate:,.0f}" for rate in row["rates"].values())
    return (row["engine"], f"{row['recall']:.3f}", *rates, f"{row['build']:.1f}", memory)


def _gpus() -> int:
    """GPUs that FAISS can use; none without FAISS."""
    from octavo.index.store import StoreError
    from octavo.index.stores.faiss_index import gpu_count

    try:
        return gpu_count()
    except StoreError:
        return 0


def _gpu_words() -> str:
    return f", {_gpus()} GPU" if _gpus() else ""


def _libraries() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    versions = {}
    for name in ("qdrant-edge-py", "faiss-cpu", "faiss-gpu", "numpy"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
