"""Draws the same tables in every layout and format, reads them back, and counts their cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from octavo.evals.tables.cell_scores import CellScores, read_rows, score_cells
from octavo.evals.tables.draw_tables import TableStyle, pdf_of, scan_of
from octavo.evals.tables.table_cases import (
    TableCase,
    lengthened,
    with_header_groups,
    with_merged_names,
)
from octavo.evals.tables.write_tables import docx_of, html_of, xlsx_of

_LONG = 70  # rows: more than a page holds

#: A table to a file and its type.
_Make = Callable[[TableCase], tuple[bytes, str]]


@dataclass(frozen=True, slots=True)
class TableLayout:
    """How a table is shown: `change` makes the case that is drawn, `make` the file."""

    name: str
    change: Callable[[TableCase], TableCase]
    make: _Make
    slow: bool = False  # OCR: seconds a table


def table_layouts() -> list[TableLayout]:
    """Every layout that is measured."""
    ruled, bare = TableStyle(), TableStyle("none", bold_header=False)
    outer, striped = TableStyle("outer"), TableStyle("none", striped=True)
    long = _lengthened
    changes: list[tuple[str, Callable[[TableCase], TableCase]]] = [
        ("", _same),
        (", two header rows", with_header_groups),
        (", merged first column", with_merged_names),
    ]
    layouts = [
        TableLayout(f"pdf {name}{suffix}", change, _pdf(style))
        for name, style in (("ruled", ruled), ("borderless", bare), ("outer rules", outer),
                            ("striped", striped))
        for suffix, change in changes
    ]  # fmt: skip
    layouts += [
        TableLayout("pdf ruled, two pages", long, _pdf(ruled)),
        TableLayout("pdf borderless, two pages", long, _pdf(bare)),
        TableLayout("pdf ruled, turned", _same, _pdf(replace(ruled, turned=True))),
        TableLayout("pdf borderless, turned", _same, _pdf(replace(bare, turned=True))),
    ]
    makers: list[tuple[str, Callable[[TableCase], bytes]]] = [
        ("html", html_of), ("docx", docx_of), ("xlsx", xlsx_of)
    ]  # fmt: skip
    layouts += [
        TableLayout(f"{kind}{suffix}", change, _written(make, kind))
        for kind, make in makers
        for suffix, change in [*changes, (", two pages", long)]
    ]
    layouts += [
        TableLayout("scan ruled", _same, _scan(ruled), slow=True),
        TableLayout("scan borderless", _same, _scan(bare), slow=True),
        TableLayout("scan ruled, two header rows", with_header_groups, _scan(ruled), slow=True),
    ]
    return layouts


def _same(case: TableCase) -> TableCase:
    return case


def _lengthened(case: TableCase) -> TableCase:
    return lengthened(case, _LONG)


def _pdf(style: TableStyle) -> _Make:
    return lambda case: (pdf_of(case, style), "pdf")


def _written(make: Callable[[TableCase], bytes], kind: str) -> _Make:
    return lambda case: (make(case), kind)


def _scan(style: TableStyle) -> _Make:
    return lambda case: (scan_of(pdf_of(case, style), seed=len(case.rows)), "pdf")


def measure_tables(
    cases: Sequence[TableCase], layouts: Sequence[TableLayout], scans: int
) -> Iterator[tuple[str, CellScores]]:
    """Each layout's name and counts over all `cases`; of slow ones over the first `scans`."""
    for layout in layouts:
        total = CellScores()
        for case in cases[:scans] if layout.slow else cases:
            drawn = layout.change(case)
            total += score_cells(drawn, read_rows(*layout.make(drawn)))
        yield layout.name, total
