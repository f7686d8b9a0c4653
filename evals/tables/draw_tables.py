"""Tables drawn as PDF in the layouts that people use, and as scans of them."""

from __future__ import annotations

import io
import random
import textwrap
from dataclasses import dataclass

import numpy as np
import pymupdf
from PIL import Image

from octavo.evals.tables.table_cases import TableCase

_SIZE = 8.5
_FONTS = {False: pymupdf.Font("helv"), True: pymupdf.Font("hebo")}
_MARGIN = 54.0
_WRAP = 24  # characters after which a cell goes on in a second line
_PAD = 4.0
_DPI = 200
_ABOVE = "The figures below were collected by the office and are shown as they were reported."
_BELOW = "All of them were checked against the books of the departments that sent them in."


@dataclass(frozen=True, slots=True)
class TableStyle:
    """`rules`: `all`, `outer` (above and below the header, and at the end) or `none`."""

    rules: str = "all"
    striped: bool = False
    bold_header: bool = True
    start: float = 120.0  # points from the top
    turned: bool = False


@dataclass(slots=True)
class _DrawnRow:
    cells: list[tuple[int, int, list[str]]]  # first column, columns, printed lines
    bold: bool = False
    rows: int = 1  # printed lines of the tallest cell


def pdf_of(case: TableCase, style: TableStyle) -> bytes:
    """A PDF of the table between two paragraphs; over as many pages as it takes, with its header
    on each."""
    document = pymupdf.open()
    _Drawer(document, case, style).draw()
    data: bytes = document.tobytes()
    return data


def scan_of(pdf: bytes, seed: int) -> bytes:
    """The pages of a PDF as pictures at 200 dpi, a little turned, with noise."""
    dice = random.Random(seed)
    noise = np.random.default_rng(seed)
    scanned = pymupdf.open()
    for page in pymupdf.open(stream=pdf, filetype="pdf"):
        pixmap = page.get_pixmap(dpi=_DPI, colorspace=pymupdf.csGRAY)
        image = Image.frombytes("L", (pixmap.width, pixmap.height), pixmap.samples)
        image = image.rotate(dice.uniform(-0.4, 0.4), Image.Resampling.BILINEAR, fillcolor=255)
        grey = np.asarray(image, np.int16) + noise.normal(0, 6, (image.height, image.width))
        out = io.BytesIO()
        Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=80)
        sheet = scanned.new_page(width=page.rect.width, height=page.rect.height)
        sheet.insert_image(sheet.rect, stream=out.getvalue())
    data: bytes = scanned.tobytes()
    return data


class _Drawer:
    def __init__(self, document: pymupdf.Document, case: TableCase, style: TableStyle) -> None:
        self._document = document
        self._case = case
        self._style = style
        self._head = [_header_line(row, n, case) for n, row in enumerate(case.header)]
        self._body = [_DrawnRow([(c, 1, _wrapped(t)) for c, t in enumerate(r)]) for r in case.rows]
        for line in (*self._head, *self._body):
            line.rows = max(len(t) for _, _, t in line.cells)
        self._numeric = [_is_numeric([r[c] for r in case.rows]) for c in range(case.columns)]
        self._edges = self._column_edges()
        width = self._edges[-1] + _MARGIN
        self._paper = (595.0, 842.0) if width <= 595 else (max(842.0, width), 595.0)

    def draw(self) -> None:
        page = self._new_page()
        _write(page, (_MARGIN, 80), _ABOVE, 9)
        y = self._draw_head(page, self._style.start)
        name_top: list[float] = [y]
        for n, line in enumerate(self._body):
            height = self._height(line)
            if y + height > self._paper[1] - _MARGIN:
                self._rule(page, y)
                page = self._new_page()
                y = self._draw_head(page, _MARGIN)
                name_top = [y]
            last = (
                n + 1 == len(self._body)
                or y + height + self._height(self._body[n + 1]) > self._paper[1] - _MARGIN
            )
            y = self._draw_row(page, line, n, y, name_top, last)
        self._rule(page, y)
        if y < self._paper[1] - 2 * _MARGIN:
            _write(page, (_MARGIN, y + 30), _BELOW, 9)
        if self._style.turned:
            self._turn()

    def _new_page(self) -> pymupdf.Page:
        return self._document.new_page(width=self._paper[0], height=self._paper[1])

    def _turn(self) -> None:
        """Everything turned by 90 degrees on upright paper, as wide tables are printed."""
        source = pymupdf.open(stream=self._document.tobytes(), filetype="pdf")
        for number, page in enumerate(source):
            sheet = self._document.new_page(width=page.rect.height, height=page.rect.width)
            sheet.show_pdf_page(sheet.rect, source, number, rotate=90)
        self._document.delete_pages(0, source.page_count - 1)

    def _height(self, line: _DrawnRow) -> float:
        return line.rows * _SIZE * 1.2 + _PAD

    def _column_edges(self) -> list[float]:
        edges = [_MARGIN]
        for column in range(self._case.columns):
            lines = [
                (t, line.bold)
                for line in (*self._head, *self._body)
                for c, span, texts in line.cells
                if c == column and span == 1
                for t in texts
            ]
            widest = max((_width(t, bold) for t, bold in lines), default=10.0)
            edges.append(edges[-1] + widest + 4 * _PAD)
        return edges

    def _draw_head(self, page: pymupdf.Page, y: float) -> float:
        self._rule(page, y)
        for line in self._head:
            top, y = y, y + self._height(line)
            for column, span, texts in line.cells:
                left, right = self._edges[column], self._edges[column + span]
                self._print(page, texts, (left, right), top, line.bold, span > 1, column)
                if self._style.rules == "all":
                    page.draw_rect(pymupdf.Rect(left, top, right, y), width=0.6)
                elif span > 1 and self._style.rules == "outer":
                    page.draw_line((left + 3, y), (right - 3, y), width=0.5)
        self._rule(page, y)
        return y

    def _draw_row(
        self,
        page: pymupdf.Page,
        line: _DrawnRow,
        n: int,
        y: float,
        name_top: list[float],
        last: bool,
    ) -> float:
        bottom = y + self._height(line)
        if self._style.striped and n % 2 == 0:
            page.draw_rect(
                pymupdf.Rect(self._edges[0], y, self._edges[-1], bottom),
                color=None, fill=(0.92, 0.93, 0.95),
            )  # fmt: skip
        rows = self._case.rows
        covered = self._case.merged and n > 0 and rows[n][0] == rows[n - 1][0] and y > name_top[0]
        ends = last or not self._case.merged or rows[n + 1][0] != rows[n][0]
        if not covered:
            name_top[0] = y
        for column, _, texts in line.cells:
            edges = (self._edges[column], self._edges[column + 1])
            if not (column == 0 and covered):
                self._print(page, texts, edges, y, False, False, column)
            if self._style.rules == "all":
                if column > 0:
                    page.draw_rect(pymupdf.Rect(edges[0], y, edges[1], bottom), width=0.6)
                elif ends:
                    page.draw_rect(pymupdf.Rect(edges[0], name_top[0], edges[1], bottom), width=0.6)
        if ends:
            name_top[0] = bottom
        return bottom

    def _print(
        self,
        page: pymupdf.Page,
        texts: list[str],
        edges: tuple[float, float],
        top: float,
        bold: bool,
        centred: bool,
        column: int,
    ) -> None:
        bold = bold and self._style.bold_header
        for n, text in enumerate(texts):
            width = _width(text, bold)
            x = edges[0] + _PAD
            if centred:
                x = (edges[0] + edges[1] - width) / 2
            elif self._numeric[column]:
                x = edges[1] - width - _PAD
            _write(page, (x, top + _SIZE * 1.2 * (n + 1)), text, _SIZE, bold)

    def _rule(self, page: pymupdf.Page, y: float) -> None:
        if self._style.rules == "outer":
            page.draw_line((self._edges[0], y), (self._edges[-1], y), width=0.8)


def _header_line(row: tuple[str, ...], number: int, case: TableCase) -> _DrawnRow:
    if number == len(case.header) - 1:
        return _DrawnRow([(c, 1, _wrapped(t)) for c, t in enumerate(row)], bold=True)
    cells = []
    column = 0
    while column < len(row):
        span = 1
        while row[column] and column + span < len(row) and row[column + span] == row[column]:
            span += 1
        cells.append((column, span, [row[column]]))
        column += span
    return _DrawnRow(cells, bold=True)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WRAP) or [""]


def _width(text: str, bold: bool) -> float:
    return float(_FONTS[bold].text_length(text, _SIZE))


def _write(
    page: pymupdf.Page, at: tuple[float, float], text: str, size: float, bold: bool = False
) -> None:
    if text:
        writer = pymupdf.TextWriter(page.rect)
        writer.append(at, text, font=_FONTS[bold], fontsize=size)
        writer.write_text(page)


def _is_numeric(texts: list[str]) -> bool:
    filled = [t for t in texts if t]
    return bool(filled) and sum(t[0].isdigit() for t in filled) > 0.7 * len(filled)
