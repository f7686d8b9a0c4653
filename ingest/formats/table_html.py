"""Tables as ruled HTML that fits the page: merged cells, wide tables cut into bands of columns.

Nothing may run off the page, where no reader would find it. So columns get widths from their
contents; a table that is too wide is set smaller, then cut into bands that each repeat the first
column.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from octavo.ingest.formats.converted import A4, Paper
from octavo.ingest.formats.epub_builder import escape
from octavo.ingest.formats.text_width import em_width

_PADDING = 12.5  # points of a cell's padding and rules
_RULED = 11.0  # of it, what the style asks for
_LONGEST_WORD = 14.0  # ems of a word that is not broken if it can be helped
_WIDEST = 37.0  # ems after which a column wraps anyway
_MEASURED = 80  # characters of a word or a line that are measured
_SMALL = 0.8  # of the text size: class `small`
_REPEATED = 40  # characters: a merged cell this short is written into each of its rows
_MOST_COLUMNS = 16_384  # of a spreadsheet
_TAGS = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: HTML inside, and how many columns and rows it covers."""

    html: str = ""
    columns: int = 1
    rows: int = 1
    head: bool = False

    @property
    def text(self) -> str:
        return _TAGS.sub(" ", self.html)


def text_cell(text: str, head: bool = False) -> Cell:
    """A cell of plain text; its line breaks are kept."""
    return Cell(escape(text).replace("\n", "<br/>"), head=head)


Row = dict[int, Cell]
"""Cells by their first column, from 0."""


@dataclass(frozen=True, slots=True)
class Band:
    """Columns that are shown together, their widths in points, and whether in small type.

    MuPDF left to set widths breaks words in half ("15.01.202 4") where words may be broken at all.
    """

    columns: tuple[int, ...]
    widths: tuple[float, ...]
    small: bool = False


def table_html(rows: Sequence[Sequence[Cell]], paper: Paper = A4) -> Iterator[str]:
    """Blocks of a table given row by row, as HTML and office files hold them."""
    placed = place_cells(rows)
    if not placed:
        return
    columns = sorted({c for row in placed for c in row})
    for band in bands(placed, columns, paper):
        yield band_html(placed, band)


def place_cells(rows: Sequence[Sequence[Cell]]) -> list[Row]:
    """Cells put into their columns. A cell that covers rows is repeated in each where it is short,
    so that every row can be read alone; else it stands in the first only."""
    placed: list[Row] = [{} for _ in rows]
    taken: list[set[int]] = [set() for _ in rows]
    for n, row in enumerate(rows):
        column = 0
        for cell in row:
            while column in taken[n]:
                column += 1
            if column >= _MOST_COLUMNS:
                break
            width = max(1, min(cell.columns, 1000))
            height = max(1, min(cell.rows, len(rows) - n))
            short = len(cell.text) <= _REPEATED
            for below in range(n, n + height):
                taken[below].update(range(column, column + width))
                shown = cell if below == n or short else Cell()
                placed[below][column] = replace(shown, columns=width, rows=1)
            column += width
    return [row for row in placed if row]


def bands(rows: Sequence[Row], columns: Sequence[int], paper: Paper) -> list[Band]:
    """How `columns` are set on the page: together where they fit, else in bands."""
    least, preferred = _column_widths(rows, columns, paper.text)
    inner_width = paper.inner_width
    if sum(least) <= inner_width:
        return [Band(tuple(columns), distributed(least, preferred, inner_width))]
    least, preferred = _column_widths(rows, columns, paper.text * _SMALL)
    if sum(least) <= inner_width:
        return [Band(tuple(columns), distributed(least, preferred, inner_width), small=True)]
    bands_found: list[Band] = []
    key = 0
    start = 1
    while start < len(columns):
        used, end = least[key], start
        while end < len(columns) and (end == start or used + least[end] <= inner_width):
            used += least[end]
            end += 1
        chosen = [key, *range(start, end)]
        widths = distributed(
            [least[i] for i in chosen], [preferred[i] for i in chosen], inner_width
        )
        bands_found.append(Band(tuple(columns[i] for i in chosen), widths, small=True))
        start = end
    return bands_found


def _column_widths(
    rows: Sequence[Row], columns: Sequence[int], size: float
) -> tuple[list[float], list[float]]:
    """Points that each column needs at least (its longest word) and wants (its longest text)."""
    line = dict.fromkeys(columns, 0.62)
    for row in rows:
        for column, cell in row.items():
            if cell.columns == 1 and column in line:
                line[column] = max(line[column], em_width(cell.text[:_MEASURED]))
    least = least_widths(rows, columns, size)
    wanted = [min(line[c], _WIDEST) * size + _PADDING for c in columns]
    return least, [max(a, b) for a, b in zip(least, wanted, strict=True)]


def least_widths(rows: Sequence[Row], columns: Sequence[int], size: float) -> list[float]:
    """Points that each column needs for its longest word, in text of `size` points."""
    word = dict.fromkeys(columns, 0.62)
    for row in rows:
        for column, cell in row.items():
            if cell.columns == 1 and column in word:
                pieces = (w[:_MEASURED] for w in cell.text.split())
                word[column] = max(word[column], max(map(em_width, pieces), default=0.0))
    return [min(word[c], _LONGEST_WORD) * size + _PADDING for c in columns]


def distributed(least: Sequence[float], wanted: Sequence[float], room: float) -> tuple[float, ...]:
    """What each column wants where there is room, else more than the least by what it lacks."""
    wanted = [max(a, b) for a, b in zip(least, wanted, strict=True)]
    if sum(wanted) <= room:
        return tuple(wanted)
    spare = max(0.0, room - sum(least))
    lack = sum(wanted) - sum(least)
    if lack <= 0:
        return tuple(w * room / sum(wanted) for w in wanted)
    return tuple(a + spare * (b - a) / lack for a, b in zip(least, wanted, strict=True))


def band_html(rows: Sequence[Row], band: Band, end: bool = False) -> str:
    """The columns of a band as one table; `end`: the page ends after it."""
    names = " ".join(n for n, on in (("small", band.small), ("end", end)) if on)
    shown = "".join(f"<tr>{_row_html(row, band)}</tr>" for row in rows)
    return f'<table class="{names}">{shown}</table>' if names else f"<table>{shown}</table>"


def _row_html(row: Row, band: Band) -> str:
    """Cells of one row; where a merged cell begins outside the band, its part inside is shown."""
    out = ""
    at = 0
    while at < len(band.columns):
        column = band.columns[at]
        start, cell = _cell_at(row, column)
        reach = start + cell.columns
        count = 1
        while at + count < len(band.columns) and band.columns[at + count] < reach:
            count += 1
        width = sum(band.widths[at : at + count]) - _RULED
        tag = "th" if cell.head else "td"
        span = f' colspan="{count}"' if count > 1 else f' style="width:{width:.1f}pt"'
        out += f"<{tag}{span}>{cell.html}</{tag}>"
        at += count
    return out


def _cell_at(row: Row, column: int) -> tuple[int, Cell]:
    """The cell at a column, or the merged one before it that reaches over it."""
    if column in row:
        return column, row[column]
    before = [c for c in row if c < column < c + row[c].columns]
    return (before[-1], row[before[-1]]) if before else (column, Cell())


def lines_of(row: Row, band: Band, size: float) -> int:
    """Lines that the tallest cell of a row takes, estimated."""
    em = size * (_SMALL if band.small else 1.0)
    most = 1
    for column, width in zip(band.columns, band.widths, strict=True):
        cell = row.get(column)
        if cell is not None and cell.columns == 1 and cell.html:
            room = max(1.0, (width - _PADDING) / em)
            parts = (em_width(_TAGS.sub("", p)) for p in cell.html.split("<br/>"))
            most = max(most, sum(max(1, math.ceil(n / room - 0.01)) for n in parts))
    return most
