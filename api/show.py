"""Answers and hits as a person reads them."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from api.wire import AnswerOut, CitationOut, RegionOut, SearchOut, UnderstoodOut
from generate.answer import Watch

_TEXT = 300  # characters of a hit that are shown
_ALSO = 3  # hits folded into one that are shown
_USES = {"filter": "only what has it", "boost": "put higher", "nothing": "not used"}


def drafts(as_json: bool) -> Watch:
    """Shows what a model writes while it writes it, dimmed, on a terminal's standard error."""
    console = Console(stderr=True)
    if as_json or not console.is_terminal:
        return Watch()
    return Watch(lambda text: console.print(text, end="", style="dim", markup=False))


def show_answer(answer: AnswerOut, saved: Path | None = None) -> None:
    """The sentences, each with document, page and box; or why there are none."""
    out = Console(highlight=False)
    for row in answer.understood:
        if row.kind == "question":
            out.print(f"[dim]{escape(row.why)}[/]")
    if answer.abstained:
        out.print(f"[yellow]No answer.[/] {escape(answer.reason)}")
        for hit in answer.evidence[:1]:
            place = _place(hit.name, hit.regions)
            out.print(f"  [dim]nearest:[/] {escape(_short(hit.text, 120))}")
            out.print(f"  [dim]{escape(place)}[/]")
    for sentence in answer.sentences:
        out.print(f"[bold]{escape(sentence.text)}[/]")
        for citation in sentence.citations:
            out.print(f"  [cyan]{escape(_cited(citation))}[/]")
    shown = f"; page written to {saved}" if saved else ""
    out.print(f"[dim]confidence {answer.confidence:.2f}, {answer.seconds * 1000:.0f} ms{shown}[/]")


def show_hits(found: SearchOut) -> None:
    """Rank, place, text, and the stages each hit passed."""
    out = Console(highlight=False)
    for row in found.understood:
        out.print(understood_line(row))
    if not found.hits:
        out.print("Nothing found.")
    for rank, hit in enumerate(found.hits, 1):
        out.print(
            f"[bold]{rank}. {escape(_place(hit.name, hit.regions))}[/] "
            f"[dim]{hit.kind}, score {hit.score:.3f}[/]"
        )
        out.print("   " + escape(_short(hit.text or hit.caption or "(image)", _TEXT)))
        trace = "  ".join(f"{s.stage} #{s.rank} ({s.score:.3f})" for s in hit.trace)
        out.print(f"   [dim]{escape(trace)}[/]")
        for also in hit.also[:_ALSO]:
            place = _place(also.name, also.regions[:1])
            out.print(f"   [dim]also {escape(place)} ({also.why})[/]")
        if len(hit.also) > _ALSO:
            out.print(f"   [dim]and {len(hit.also) - _ALSO} more[/]")
    out.print(f"[dim]{len(found.hits)} hits, {found.seconds * 1000:.0f} ms[/]")


def understood_line(row: UnderstoodOut) -> str:
    """`code 'AX-4410': put higher, 2 passages have it`, as markup."""
    return f"[cyan]{row.kind}[/] {escape(repr(row.said))}: {_USES[row.use]}, {escape(row.why)}"


def _cited(citation: CitationOut) -> str:
    return _place(citation.name, citation.regions)


def _place(name: str, regions: list[RegionOut]) -> str:
    """`manual.pdf, page 9, box 72,320,523,334`."""
    places = []
    for region in regions[:3]:
        box = ",".join(f"{v:.0f}" for v in region.box)
        places.append(f"page {region.page}, box {box}")
    return f"{name}, " + "; ".join(places)


def _short(text: str, limit: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 4].rsplit(" ", 1)[0] + " ..."
