"""Ruled tables that repeat their header row after a page break."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drawing import BOLD, INK, PALE, REGULAR, RULE, WHITE, Color, wrap
from flow import BOTTOM, Flow

PAD_X, PAD_Y, SIZE, LEADING = 5.5, 4.6, 8.8, 11.4


@dataclass(frozen=True)
class Column:
    """A column: its heading, its share of the width, and how its cells are set."""

    title: str
    share: float
    align: str = "left"


def _row_lines(
    cells: Sequence[str], widths: Sequence[float], font: str
) -> tuple[list[list[str]], float]:
    lines = [
        wrap(cell, width - 2 * PAD_X, SIZE, font) for cell, width in zip(cells, widths, strict=True)
    ]
    return lines, max(map(len, lines)) * LEADING + 2 * PAD_Y


def _draw_row(
    flow: Flow,
    columns: Sequence[Column],
    widths: Sequence[float],
    cells: Sequence[str],
    look: tuple[str, Color, Color | None],
) -> None:
    """One row with its rules; ``look`` is font, text colour and background."""
    font, color, fill = look
    lines, height = _row_lines(cells, widths, font)
    canvas, x, top = flow.canvas, flow.left, flow.y
    for column, width, cell in zip(columns, widths, lines, strict=True):
        canvas.box((x, top, x + width, top + height), RULE, fill, 0.6)
        place = {"left": x + PAD_X, "center": x + width / 2, "right": x + width - PAD_X}
        for number, line in enumerate(cell):
            at = (place[column.align], top + PAD_Y + LEADING * (number + 1) - 2.9)
            canvas.text(at, line, SIZE, font, color, column.align)
        x += width
    flow.y += height


def table(
    flow: Flow,
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    bold_last: bool = False,
) -> None:
    """A captioned table; a row is never split, and a new page gets the header again."""
    whole = sum(column.share for column in columns)
    widths = [(flow.right - flow.left) * column.share / whole for column in columns]
    titles = [column.title for column in columns]
    header = (BOLD, WHITE, flow.style.accent)
    flow.need(90)
    flow.caption(caption)
    _draw_row(flow, columns, widths, titles, header)
    for number, row in enumerate(rows):
        _, height = _row_lines(row, widths, REGULAR)
        if flow.y + height > BOTTOM:
            flow.next_frame()
            flow.caption(f"{caption} (continued)")
            _draw_row(flow, columns, widths, titles, header)
        last = bold_last and number == len(rows) - 1
        fill = PALE if number % 2 or last else None
        _draw_row(flow, columns, widths, row, (BOLD if last else REGULAR, INK, fill))
    flow.y += 13
