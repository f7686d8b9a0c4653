"""Running text: headings, paragraphs, lists, tables and figures that fill page after page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pymupdf
from drawing import (
    A4,
    BOLD,
    INK,
    ITALIC,
    MUTED,
    PALE,
    RULE,
    WHITE,
    Box,
    Canvas,
    Color,
    width_of,
    wrap,
)

TOP, BOTTOM, LEFT, RIGHT = 92.0, 772.0, 64.0, 531.0
GUTTER = 22.0


@dataclass(frozen=True)
class Style:
    """What the pages of one document share."""

    title: str
    reference: str
    accent: Color
    body_font: str = "helv"
    body_bold: str = "hebo"
    body_size: float = 9.6
    leading: float = 13.6


@dataclass
class Flow:
    """A document being written from top to bottom."""

    document: pymupdf.Document
    style: Style
    y: float = TOP
    left: float = LEFT
    right: float = RIGHT
    contents: list[tuple[int, str, int]] = field(default_factory=list)
    _canvas: Canvas | None = None
    _numbered: bool = False
    _columns: list[tuple[float, float]] = field(default_factory=list)
    _column_top: float = TOP

    @property
    def canvas(self) -> Canvas:
        """The page being written."""
        if self._canvas is None:
            raise RuntimeError("no page has been started")
        return self._canvas

    @property
    def page_number(self) -> int:
        """The number of the page being written, from 1."""
        return int(self.document.page_count)

    def blank_page(self, size: tuple[float, float] = A4, rotate: int = 0) -> Canvas:
        """Start a page without header and footer, or of another shape."""
        self.close()
        self._canvas = Canvas.new(self.document, size, rotate)
        self.y, self.left, self.right = TOP, LEFT, RIGHT
        return self._canvas

    def new_page(self, size: tuple[float, float] = A4, rotate: int = 0) -> Canvas:
        """Start a page with the document's header and footer."""
        canvas = self.blank_page(size, rotate)
        style = self.style
        right = canvas.width - LEFT
        canvas.text((LEFT, 50), style.title, 8, BOLD, style.accent)
        canvas.text((right, 50), style.reference, 8, color=MUTED, align="right")
        canvas.line((LEFT, 58), (right, 58), style.accent, 0.9)
        self._numbered = True
        return canvas

    def close(self) -> None:
        """Write the current page out; nothing more can be added to it."""
        if self._canvas is None:
            return
        # The footer comes last here, so that it also comes last in the text of the page.
        if self._numbered:
            self._footer(self._canvas)
        self._canvas.commit()
        self._canvas, self._numbered = None, False

    def _footer(self, canvas: Canvas) -> None:
        foot, right = canvas.height - 40, canvas.width - LEFT
        canvas.line((LEFT, foot - 13), (right, foot - 13), RULE, 0.5)
        reference = self.style.reference.split("  ")[0]
        canvas.text((LEFT, foot), reference, 8, color=MUTED)
        canvas.text((right, foot), f"Page {self.page_number}", 8, BOLD, MUTED, align="right")

    def need(self, height: float) -> bool:
        """Move to the next column or page unless ``height`` fits; True if it moved."""
        if self.y + height <= BOTTOM:
            return False
        self.next_frame()
        return True

    def next_frame(self) -> None:
        """Go on in the next column, or else on the next page."""
        if self._columns:
            self.left, self.right = self._columns.pop(0)
            self.y = self._column_top
        else:
            self.new_page()

    def two_columns(self) -> None:
        """From here to the foot of the page, set two columns."""
        middle = (LEFT + RIGHT) / 2
        self._column_top = self.y
        self._columns = [(middle + GUTTER / 2, RIGHT)]
        self.left, self.right = LEFT, middle - GUTTER / 2

    def space(self, height: float) -> None:
        """Leave some room."""
        self.y += height

    def heading(self, level: int, text: str) -> None:
        """A numbered heading; level 1 is noted for the table of contents."""
        size = {1: 17.0, 2: 11.5}[level]
        color = self.style.accent if level == 1 else INK
        self.need(size + 48)
        if self.y > TOP and self.y != self._column_top:
            self.y += 8
        self.contents.append((level, text, self.page_number))
        for line in wrap(text, self.right - self.left, size, BOLD):
            self.y += size
            self.canvas.text((self.left, self.y), line, size, BOLD, color)
            self.y += 3
        self.y += 9 if level == 1 else 5

    def para(self, text: str, gap: float = 7.0, indent: float = 0.0) -> None:
        """A paragraph; words between double asterisks are set bold."""
        style = self.style
        lines = _rich_lines(text, self.right - self.left - indent, style)
        for number, line in enumerate(lines):
            # A single line is not left alone at the foot of a page.
            self.need(style.leading * (2 if number == 0 and len(lines) > 1 else 1))
            self.y += style.leading
            x = self.left + indent
            for words, font in line:
                self.canvas.text((x, self.y - 3), words, style.body_size, font)
                x += width_of(words, style.body_size, font)
        self.y += gap

    def bullets(self, items: Sequence[str]) -> None:
        """A list with round marks."""
        for item in items:
            self.need(self.style.leading * 2)
            mark = (self.left + 5, self.y + self.style.leading - 6.2)
            self.canvas.circle(mark, 1.6, None, self.style.accent)
            self.para(item, 3, 15)
        self.y += 5

    def steps(self, items: Sequence[str]) -> None:
        """A numbered list."""
        for number, item in enumerate(items, 1):
            self.need(self.style.leading * 2)
            at = (self.left, self.y + self.style.leading - 3)
            self.canvas.text(at, f"{number}.", self.style.body_size, BOLD, self.style.accent)
            self.para(item, 3, 17)
        self.y += 5

    def notice(self, word: str, text: str, color: Color) -> None:
        """A safety notice: a signal word on a coloured panel beside its message."""
        lines = wrap(text, self.right - self.left - 100, 9.3)
        height = max(34.0, 12.8 * len(lines) + 15)
        self.need(height + 8)
        top = self.y
        self.canvas.box((self.left, top, self.right, top + height), color, None, 1.0)
        self.canvas.box((self.left, top, self.left + 84, top + height), color, color, 1.0)
        at = (self.left + 42, top + height / 2 + 3.5)
        self.canvas.text(at, word, 9.8, BOLD, WHITE, align="center")
        y = top + (height - 12.8 * len(lines)) / 2 - 3.2
        for line in lines:
            y += 12.8
            self.canvas.text((self.left + 93, y), line, 9.3)
        self.y = top + height + 9

    def caption(self, text: str) -> None:
        """The line below a figure or above a table."""
        self.y += 11
        head, _, rest = text.partition(". ")
        self.canvas.text((self.left, self.y), head + ". ", 8.8, BOLD, self.style.accent)
        x = self.left + width_of(head + ". ", 8.8, BOLD)
        self.canvas.text((x, self.y), rest, 8.8, ITALIC)
        self.y += 7

    def figure(self, height: float, draw: Callable[[Canvas, Box], Any], caption: str) -> None:
        """A drawing over the full measure with its caption below."""
        self.need(height + 30)
        draw(self.canvas, (self.left, self.y, self.right, self.y + height))
        self.y += height + 4
        self.caption(caption)
        self.y += 9

    def panel(self, height: float) -> Box:
        """A pale box over the full measure to draw into."""
        self.need(height + 10)
        box = (self.left, self.y, self.right, self.y + height)
        self.canvas.box(box, None, PALE)
        self.y += height + 10
        return box


Run = tuple[str, str]


def _rich_lines(text: str, width: float, style: Style) -> list[list[Run]]:
    """Wrap text with bold passages into lines of (words, font) runs."""
    lines: list[list[Run]] = [[]]
    used = 0.0
    for index, part in enumerate(text.split("**")):
        font = style.body_bold if index % 2 else style.body_font
        # The blank before a passage belongs to the words; it is dropped at a line's start.
        for position, word in enumerate(part.split(" ")):
            piece = f" {word}" if position and lines[-1] else word
            length = width_of(piece, style.body_size, font)
            if position and used + length > width:
                lines.append([])
                used, piece = 0.0, word
                length = width_of(piece, style.body_size, font)
            used += length
            _append(lines[-1], piece, font)
    return lines


def _append(line: list[Run], piece: str, font: str) -> None:
    if line and line[-1][1] == font:
        line[-1] = (line[-1][0] + piece, font)
    elif piece:
        line.append((piece, font))
