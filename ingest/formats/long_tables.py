"""Long tables on pages: sheets of a workbook and CSV files, header and key column repeated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from octavo.ingest.formats.converted import Paper
from octavo.ingest.formats.epub_builder import caption
from octavo.ingest.formats.table_html import Band, Row, band_html, bands, lines_of

_LINE = 1.35  # of the text size
_ROW = 5.5  # points of a row beside its lines
_CAPTION = 40.0  # points of a caption and the space around it
_NEW_PAGE = '<p class="end">\u00a0</p>'
_DEEPEST = 4  # rows of a header
_WINDOW = 60  # rows looked at to set the columns of a table


@dataclass(frozen=True, slots=True)
class NumberedRow:
    """A row of a sheet and its number there, from 1. No cells: a blank row, or a hidden one, which
    parts no table."""

    number: int
    cells: Row
    hidden: bool = False


def sheet_blocks(
    rows: Iterable[NumberedRow], paper: Paper, name: str = "", used: float = 0.0
) -> Iterator[str]:
    """HTML blocks of a sheet. Blank rows part its tables; a row with one cell above a table is a
    line of text. `used` points of the first page are taken by what stands above.

    A table longer than a page is cut at the page's end and its header repeated; one wider than a
    page is cut into bands that repeat the first column. Each cut says in its caption what it shows,
    so that a reader of one page knows, and so that no reader puts bands of columns together.
    """
    for n, group in enumerate(_groups(rows)):
        filler = _PageFiller(paper, name, used, alone=n == 0)
        yield from filler.blocks(group)
        used = filler.used


def _groups(rows: Iterable[NumberedRow]) -> Iterator[Iterator[NumberedRow]]:
    """Runs of rows without a blank one between them; each is to be used up before the next."""
    source = iter(rows)
    pending = next((r for r in source if r.cells), None)
    while pending is not None:
        first, pending = pending, None

        def run(first: NumberedRow = first) -> Iterator[NumberedRow]:
            nonlocal pending
            yield first
            last = first.number
            for row in source:
                if row.hidden and row.number == last + 1:
                    last = row.number
                if not row.cells:
                    continue
                if row.number > last + 1:
                    pending = row
                    return
                last = row.number
                yield row

        yield run()


class _PageFiller:
    """Fills pages with the rows of one table."""

    def __init__(self, paper: Paper, name: str, used: float, alone: bool) -> None:
        self._name = name
        self._alone = alone  # no other table stands on the page
        self._paper = paper
        self.used = used  # points of the current page
        self._bands: list[Band] = []
        self._columns: set[int] = set()
        self._longest: Row = {}  # the longest cell of each column
        self._header: list[NumberedRow] = []

    def blocks(self, group: Iterator[NumberedRow]) -> Iterator[str]:
        window: list[NumberedRow] = []
        first = True
        ended = False
        while not ended or window:
            while len(window) < _WINDOW and not ended:
                row = next(group, None)
                ended = row is None
                if row is not None:
                    window.append(row)
            while window and first and _is_title(window):
                (cell,) = window.pop(0).cells.values()
                yield f"<p>{f'<b>{cell.html}</b>' if cell.head else cell.html}</p>"
                self.used = (self.used + self._height(1)) % self._paper.inner_height
            if not window:
                continue
            if first:
                self._header = _header(window)
                first = False
            self._set_columns(window)
            count = self._rows_that_fit(window)
            if not self._alone and (count < len(window) or not ended or len(self._bands) > 1):
                yield _NEW_PAGE  # its caption would be taken for that of the table above
                self.used = 0.0
                count = self._rows_that_fit(window)
            self._alone = True
            page, window = window[:count], window[count:]
            yield from self._page(page, more=bool(window) or not ended)

    def _set_columns(self, window: Sequence[NumberedRow]) -> None:
        """Bands for what was seen of the table so far: columns never get narrower."""
        for row in window:
            for column, cell in row.cells.items():
                longest = self._longest.get(column)
                if cell.columns == 1 and (longest is None or len(cell.html) > len(longest.html)):
                    self._longest[column] = cell
                self._columns.add(column)
        rows = [self._longest, *(r.cells for r in window)]
        rows += [r.cells for r in self._header]
        self._bands = bands(rows, sorted(self._columns), self._paper)

    def _height(self, lines: int) -> float:
        return lines * self._paper.text * _LINE + _ROW

    def _row_height(self, row: NumberedRow) -> float:
        return self._height(max(lines_of(row.cells, b, self._paper.text) for b in self._bands))

    def _rows_that_fit(self, window: Sequence[NumberedRow]) -> int:
        """Rows that fit on what is left of the page; at least one."""
        points_left = self._paper.inner_height - self.used - _CAPTION
        if self._header and window[0].number > self._header[-1].number:
            points_left -= sum(map(self._row_height, self._header))
        count = 0
        for row in window:
            points_left -= self._row_height(row)
            if points_left < 0 and count:
                break
            count += 1
        return count

    def _page(self, page: list[NumberedRow], more: bool) -> Iterator[str]:
        first = (self._header or page)[0].number
        cut = more or page[0].number != first or len(self._bands) > 1
        repeats = self._header and page[0].number > self._header[-1].number
        head = [r.cells for r in self._header] if repeats else []
        rows = [*head, *(r.cells for r in page)]
        for n, band in enumerate(self._bands):
            if cut:
                shown = _row_range(page, band, len(self._bands) > 1)
                yield caption(f"{self._name}, {shown}" if self._name else shown, "Table")
            last = n == len(self._bands) - 1
            yield band_html(rows, band, end=more or not last)
        if more:
            self.used = 0.0
        else:
            self.used = 0.0 if len(self._bands) > 1 else self.used
            self.used += sum(map(self._row_height, page)) + 32.0


def _row_range(page: Sequence[NumberedRow], band: Band, banded: bool) -> str:
    rows = f"rows {page[0].number} to {page[-1].number}"
    if not banded:
        return rows
    first, *rest = band.columns
    key, start, end = map(column_letters, (first, rest[0], rest[-1]))
    return f"{rows}, columns {key} and {start} to {end}"


def _is_title(window: Sequence[NumberedRow]) -> bool:
    """Whether the first row is one cell above the table, not over some of its columns only."""
    if len(window[0].cells) > 1:
        return False
    ((column, cell),) = window[0].cells.items()
    below = window[1].cells if len(window) > 1 else {}
    columns = sorted({c for n, other in below.items() for c in range(n, n + other.columns)})
    covered = [c for c in columns if column <= c < column + cell.columns]
    return cell.columns == 1 or len(covered) in (0, len(columns))


def _header(window: list[NumberedRow]) -> list[NumberedRow]:
    """The first rows of a table, where they name its columns: words or years, not values. Under a
    row with a cell over several columns the next one belongs to the header."""
    depth = 0
    while depth < min(_DEEPEST, len(window) - 1) and _names_columns(window[depth]):
        depth += 1
        if all(c.columns == 1 for c in window[depth - 1].cells.values()):
            break
    else:  # merged cells all the way down are no levels of a header
        depth = min(depth, 1)
    for n in range(depth):
        cells = {k: replace(c, head=True) for k, c in window[n].cells.items()}
        window[n] = NumberedRow(window[n].number, cells)
    return window[:depth]


def _names_columns(row: NumberedRow) -> bool:
    labels = [c for c in row.cells.values() if c.html]
    several = len(labels) > 1 or any(c.columns > 1 for c in labels)
    return several and not any(_is_value(c.html) for c in labels)


def _is_value(text: str) -> bool:
    digits = text.strip().lstrip("-+(").rstrip(")%")
    if digits.isdigit() and 1900 <= int(digits[:5]) <= 2100:
        return False
    return bool(digits) and digits.replace(",", "").replace(".", "", 1).isdigit()


def column_letters(column: int) -> str:
    """The name of a column counted from 0: A, B, ..., Z, AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
