"""The ledger as a person reads it: every document and failed source, or one of them."""

from __future__ import annotations

import os

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from octavo.api.document_filter import document_date
from octavo.api.schemas.ledger import DocumentOut, FailureOut, LedgerOut, StatusOut
from octavo.index.page_ranges import numbers_of

_COLUMNS = ("pages", "indexed", "OCR", "image only", "blank", "failed", "chunks")
_FIELDS = ("pages", "indexed", "ocr", "image_only", "blank", "failed_pages", "chunks")
_STATES = ("ocr", "image", "blank", "failed")
_NAMED = {"image": "image only", "failed": "failed"}


def show_status(state: StatusOut) -> None:
    """A row a document, totals, and the sources that failed."""
    out = Console(highlight=False)
    table = Table("document", box=None, pad_edge=False)
    for column in _COLUMNS:
        table.add_column(column, justify="right")
    for d in state.documents:
        table.add_row(escape(d.name), *(str(getattr(d, f)) for f in _FIELDS))
    if len(state.documents) > 1:
        table.add_row("total", *(str(getattr(state, f)) for f in _FIELDS), style="bold")
    out.print(table)
    out.print(
        f"{len(state.documents)} documents, {state.pages} pages, {state.chunks} chunks, "
        f"{state.failed_pages} failed pages; {len(state.failed)} failed sources; "
        f"profile {state.profile}, index {escape(state.index)}",
        soft_wrap=True,
    )
    for f in state.failed:
        out.print(escape(f"failed: {f.source}: {f.reason}"), soft_wrap=True)
    if state.failed or state.failed_pages:
        out.print("[dim]octavo status NAME says more; octavo retry tries these again[/]")


def show_documents(state: StatusOut) -> None:
    """A line a document: name, type, pages, date, folder."""
    out = Console(highlight=False)
    table = Table("document", "type", box=None, pad_edge=False)
    table.add_column("pages", justify="right")
    for column in ("date", "folder"):
        table.add_column(column)
    for d in state.documents:
        folder = os.path.dirname(d.source)
        date = document_date(d.metadata)
        table.add_row(escape(d.name), d.type, str(d.pages), date, escape(folder))
    out.print(table)
    out.print(f"{len(state.documents)} documents, {state.pages} pages")


def show_entry(entry: LedgerOut) -> None:
    """Facts, pages by what became of them, and each reason."""
    out = Console(highlight=False)
    for document in entry.documents:
        _show_document(out, document)
    for failure in entry.failed:
        _show_failure(out, failure)


def _show_document(out: Console, d: DocumentOut) -> None:
    out.print(f"[bold]{escape(d.name)}[/]  [dim]{d.document}[/]")
    facts = [("type", d.type), ("bytes", str(d.bytes)), *(("source", s) for s in d.sources)]
    facts += [("chunks", str(d.chunks)), *d.metadata.items()]
    for name, value in facts:
        out.print(escape(f"  {name}: {value}"), soft_wrap=True)
    out.print(f"  pages: {d.pages}, indexed {d.indexed}")
    for state in _STATES:
        runs = [s for s in d.states if s.state == state]
        if runs:
            out.print(f"  {_NAMED.get(state, state)}: {numbers_of(runs)}", soft_wrap=True)
    for run in d.states:
        if run.state == "failed":
            out.print(escape(f"    {run.pages}: {run.reason}"), soft_wrap=True)


def _show_failure(out: Console, f: FailureOut) -> None:
    out.print(f"[bold]{escape(f.name)}[/]  [dim]failed {f.when}[/]")
    facts = [("source", f.source), ("reason", f.reason), ("document", f.document)]
    facts += [("type", f.type), ("bytes", str(f.bytes or "")), ("pages", str(f.pages or ""))]
    facts += [("read with", ", ".join(f"{k} {v}" for k, v in sorted(f.settings.items())))]
    for name, value in facts:
        if value:
            out.print(escape(f"  {name}: {value}"), soft_wrap=True)
