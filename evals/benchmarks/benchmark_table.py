"""`make bench`: every known set under a folder evaluated, docs/benchmarks.md re-made.

python -m octavo.evals.benchmarks.benchmark_table --data DIR [--work build/bench] [--keep]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from octavo.api.cli.options import PARTIAL

ROWS = Path("evals/results/rows.jsonl")
PAGE = Path("docs/benchmarks.md")
_START, _END = "<!-- measured: make bench -->", "<!-- end -->"


@dataclass(frozen=True, slots=True)
class TableEntry:
    """A set of the table: its folder, the options of `octavo eval run`, what is asked and found,
    and what BM25 over the text reaches where we know it (from the sets' own descriptions)."""

    folder: str
    said: str
    bm25: float | None = None
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "-".join((self.folder, *(o for o in self.options if not o.startswith("--"))))


ENTRIES = (
    TableEntry("mmlong", "MMLongBench-Doc, questions: the page among 2,290", 0.389),
    TableEntry("scifact", "SciFact, claims: the abstract among 5,183", 0.679),
    TableEntry("limit-small", "LIMIT-small, who likes what: the text among 46", 0.991),
    TableEntry("cranfield", "Cranfield, questions: the abstract among 1,398", 0.370),
    TableEntry("charts", "OpenCQA charts, questions: the chart among 600"),
    TableEntry("charts", "the same charts by title", None, ("--questions", "captions")),
    TableEntry("flickr", "Flickr8k, captions: the photo among 1,000"),
    TableEntry("flickr", "the same the other way round", None, ("--direction", "image-to-text")),
)


def table(rows: Sequence[tuple[TableEntry, Mapping[str, Any]]]) -> str:
    """The Markdown table, a line a set, with the 95 % interval of nDCG@10."""
    lines = [
        "| set, what is asked, what is found | n | nDCG@10 (95 %) | BM25 | Recall@1 / 5 / 10 "
        "| MRR@10 | search p50 / p95 ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for entry, row in rows:
        m = row["metrics"]
        low, high = row["intervals"]["nDCG@10"]
        bm25 = f"{entry.bm25:.3f}" if entry.bm25 is not None else ""
        recall = " / ".join(f"{m[f'Recall@{k}']:.3f}" for k in (1, 5, 10))
        lines.append(
            f"| {entry.said} | {row['n']:,} | **{m['nDCG@10']:.3f}** ({low:.3f} to {high:.3f}) "
            f"| {bm25} | {recall} | {m['MRR@10']:.3f} "
            f"| {m['search p50 ms']:.0f} / {m['search p95 ms']:.0f} |"
        )
    return "\n".join(lines)


def replaced(text: str, made: str) -> str:
    """The page with the table between its marks. Raises ValueError where they are not."""
    before, start, rest = text.partition(_START)
    _, end, after = rest.partition(_END)
    if not start or not end:
        raise ValueError(f"the page has no {_START} ... {_END} to put the table between")
    return f"{before}{_START}\n{made}\n{_END}{after}"


def kept_lines(text: str, entries: Sequence[TableEntry]) -> list[str]:
    """Lines of the table of sets that were not evaluated now."""
    evaluated = {e.said for e in entries}
    block = text.partition(_START)[2].partition(_END)[0].strip().splitlines()[2:]
    return [line for line in block if line.split("|")[1].strip() not in evaluated]


def _place(line: str) -> int:
    """Of a line in the table: as ENTRIES has them, sets it does not know last."""
    names = [e.said for e in ENTRIES]
    name = line.split("|")[1].strip()
    return names.index(name) if name in names else len(names)


def published(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as it is kept: folders of one machine are cut to their names."""
    kept = dict(row)
    kept["index"] = Path(str(row["index"])).name
    words = str(row["command"]).split()
    kept["command"] = " ".join(Path(w).name if "/" in w else w for w in words)
    return kept


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path, file_okay=False))
@click.option("--work", default=Path("build/bench"), type=click.Path(path_type=Path))
@click.option("--keep", is_flag=True, help="Take results that are in --work as they are.")
def main(data: Path, work: Path, keep: bool) -> None:
    """Evaluates what is under --data, appends rows, rewrites docs/benchmarks.md."""
    results: list[tuple[TableEntry, dict[str, Any]]] = []
    for entry in ENTRIES:
        if not (data / entry.folder).is_dir():
            click.echo(f"{entry.name}: not in {data}, left out", err=True)
            continue
        out = work / entry.name
        if not (keep and (out / "result.json").is_file()):
            _run(entry, data, work, out)
        row = json.loads((out / "result.json").read_text(encoding="utf-8"))
        if not row["complete"]:
            raise click.ClickException(
                f"{out} was stopped after {row['n']} of {row['questions']} questions: remove it, "
                "or run without --keep"
            )
        results.append((entry, row))
    if not results:
        raise click.ClickException(f"no known set under {data}")
    _append([published(row) for _, row in results])
    text = PAGE.read_text(encoding="utf-8")
    rest = kept_lines(text, [entry for entry, _ in results])
    head, rule, *made = table(results).splitlines()
    lines = [head, rule, *sorted([*made, *rest], key=_place)]
    PAGE.write_text(replaced(text, "\n".join(lines)), encoding="utf-8")
    click.echo(f"{PAGE} and {ROWS}: {len(results)} sets")
    if any(row["errors"] for _, row in results):
        sys.exit(PARTIAL)


def _run(entry: TableEntry, data: Path, work: Path, out: Path) -> None:
    import subprocess

    # Sets that share documents share an index, but the captions of photos are other documents.
    index = work / (entry.folder if "image-to-text" not in entry.options else entry.name) / "index"
    done = subprocess.run(
        [
            sys.executable, "-m", "octavo", "eval", "run", "--dataset", str(data / entry.folder),
            "--out", str(out), "--index", str(index), *entry.options,
        ],
        check=False,
    )  # fmt: skip
    if done.returncode not in (0, PARTIAL):
        raise click.ClickException(f"{entry.name}: eval run ended with code {done.returncode}")


def _append(rows: Sequence[Mapping[str, Any]]) -> None:
    """Only rows that are not there yet: a result told twice is one result."""
    there = set(ROWS.read_text(encoding="utf-8").splitlines()) if ROWS.is_file() else set()
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    with ROWS.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines if line not in there)


if __name__ == "__main__":
    main()
