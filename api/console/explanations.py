"""`octavo explain` as a person reads it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from octavo.api.console.answers import understood_line
from octavo.api.explain.explain_schemas import AlignedOut, ExpectedOut, ExplainOut, StandingOut
from octavo.api.schemas.answers import HitOut

_HITS = 10  # rows of the table of hits
_NAME = 24  # characters of a document's name in it


def show_explained(out: ExplainOut, saved: Path | None = None) -> None:
    """What was understood, the page that was expected or the best hits, then word by word.
    `saved`: the file of the heat map."""
    console = Console(highlight=False)
    if out.searched.strip() != out.question.strip() and out.searched:
        console.print(f"[dim]searched as:[/] {escape(out.searched)}")
    for row in out.understood:
        console.print(understood_line(row))
    for note in out.notes:
        console.print(f"[dim]{escape(note)}[/]")
    if out.expected is not None:
        _show_expected(console, out.expected)
    if out.expected is None or out.expected.outcome != "found":
        _show_hits(console, out.hits, [s for s in out.stages if s != "list"])
    if out.aligned is not None:
        _show_aligned(console, out.aligned)
    if out.heat_note:
        console.print(escape(f"{out.heat_note}, written to {saved}" if saved else out.heat_note))
    console.print(f"[dim]{out.seconds * 1000:.0f} ms[/]")


def _show_expected(console: Console, expected: ExpectedOut) -> None:
    color = {"found": "green", "lost": "red", "absent": "yellow"}[expected.outcome]
    place = escape(f"{expected.name}, page {expected.page}")
    console.print(f"[bold]{place}[/]: [{color}]{escape(expected.verdict)}[/]")
    if not expected.stages:
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("stage", "rank", "score", "of", "last kept", "lacks", "by"):
        table.add_column(name, justify="left" if name in ("stage", "by") else "right")
    for row in expected.stages:
        table.add_row(*_standing(row), style="" if row.rank is not None else "dim")
    console.print(table)


def _standing(row: StandingOut) -> tuple[str, ...]:
    return (
        row.stage,
        str(row.rank) if row.rank is not None else "not kept",
        _number(row.score),
        str(row.kept),
        _number(row.last),
        _number(row.margin),
        f"{row.kind} {row.chunk[:8]}" if row.chunk else "",
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _show_hits(console: Console, hits: Sequence[HitOut], stages: Sequence[str]) -> None:
    if not hits:
        console.print("Nothing found.")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", justify="right")
    table.add_column("hit", no_wrap=True)
    for stage in stages:
        table.add_column(stage, justify="right")
    for rank, hit in enumerate(hits[:_HITS], 1):
        at = {s.stage: s for s in hit.trace}
        cells = [f"#{at[s].rank}\n{at[s].score:.3f}" if s in at else "" for s in stages]
        more = f" +{len(hit.also)}" if hit.also else ""
        place = f"{_short(hit.name)}\npage {hit.page}, {hit.kind}{more}"
        table.add_row(str(rank), escape(place), *cells)
    console.print(table)


def _short(name: str) -> str:
    """The beginning and the end of a long name."""
    return name if len(name) <= _NAME else f"{name[: _NAME - 9]}...{name[-6:]}"


def _show_aligned(console: Console, one: AlignedOut) -> None:
    console.print(f"\n[dim]word by word:[/] {escape(one.name)}, page {one.page}")
    if one.note:
        console.print(f"[dim]late interaction: {escape(one.note)}[/]")
    for met in one.tokens:
        style = "dim" if met.stop else ""
        line = f"  {met.word} -> {met.met}  {met.similarity:.2f}"
        console.print(line, style=style, markup=False)
    words = ", ".join(f"{w.word} ({'/'.join(w.found)}) {w.score:.2f}" for w in one.words)
    console.print(f"[dim]BM25:[/] {escape(words) or 'no word of the question stands there'}")
