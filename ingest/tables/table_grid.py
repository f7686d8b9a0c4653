"""The cells of a table before its headers are told: rows of columns, with what each cell covers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from octavo.ingest.document import Line
from octavo.ingest.text.hyphenation import joint
from octavo.ingest.text.right_to_left import runs_left

#: Dots from a row's name to its number: they say nothing, and are read as a hundred words.
LEADERS = re.compile(r"(?:\s?[.\u00b7_\u2026]){4,}\s*$")
#: Printed apart from the number that they belong to: before it, and after it.
OPENING_MARK = re.compile(r"^(?:US|CA|A|NZ|HK|S)?[$€£¥₹(]+$|^[•‣▪●○◦·■□☐☑☒✓✔]$")
CLOSING_MARK = re.compile(r"^[)%]+$|^[*†‡§]+$|^\(\d{1,2}\)$|^\([a-z]\)$")
_NUMBER = re.compile(
    r"^(?:US|CA)?[$€£¥₹\s]*[-–−+(]?[$€£¥₹\s]*\d[\d.,\s\u00a0']*(?:%|\)|[a-zA-Z]{1,3}|[*†‡])*$|^[-–—]$"
)
_YEAR = re.compile(r"^(?:FY\s?)?(?:19|20)\d\d(?:[/–-]\d\d(?:\d\d)?)?(?:\s*\(?[a-zA-Z*]\)?)?$")
_ENDS_OPEN = re.compile(r"(?:^|\s)(?:US|CA|A|NZ|HK|S)?[$€£¥₹(]+$")


@dataclass(slots=True)
class GridRow:
    """Printed pieces by column. `spans`: how many columns a cell covers, where more than one;
    `carried`: what stands in a cell that began in a row above."""

    cells: list[list[Line]]
    spans: dict[int, int] = field(default_factory=dict)
    carried: dict[int, str] = field(default_factory=dict)

    @property
    def pieces(self) -> list[Line]:
        return [p for cell in self.cells for p in cell]

    @property
    def filled(self) -> list[int]:
        """Columns in which something is printed in this row."""
        return [n for n, cell in enumerate(self.cells) if cell]

    @property
    def bold(self) -> bool:
        return all(p.bold for p in self.pieces)

    def text(self, column: int) -> str:
        """What the cell says: printed here, or in a row above that it goes on from."""
        return cell_text(self.cells[column]) or self.carried.get(column, "")

    def texts(self) -> list[str]:
        return [self.text(n) for n in range(len(self.cells))]


def cell_text(pieces: Sequence[Line]) -> str:
    """Pieces of one cell as one text; a currency sign, `%` or `)` that is a piece of its own
    stands at its number."""
    text = ""
    for piece in pieces:
        part = LEADERS.sub("", piece.text).strip()
        number_before = text[-1:].isdigit() or text[-1:] == ")"
        joins = (bool(_ENDS_OPEN.search(text)) and part[:1] in "0123456789.(-") or (
            number_before and bool(CLOSING_MARK.match(part))
        )
        taken, between = (0, "") if joins or not text or not part else joint(text, part)
        text = f"{text[: len(text) - taken]}{between}{part}"
    return text


def printed_row(texts: Sequence[str]) -> str:
    """Cells as one line of text, in reading order."""
    in_order = reversed(texts) if runs_left("".join(texts)) else texts
    return " | ".join(in_order)


def is_number(text: str) -> bool:
    """An amount, a share, or the dash that stands for none."""
    return bool(_NUMBER.match(text))


def is_year(text: str) -> bool:
    return bool(_YEAR.match(text))


def drop_column(rows: Sequence[GridRow], column: int, into: int) -> None:
    """Puts the pieces of a column to those of a neighbour, in each row, from left to right."""
    for row in rows:
        both = row.cells[into] + row.cells[column]
        row.cells[into] = sorted(both, key=lambda p: p.box.x0) if row.cells[column] else both
        if column in row.carried:
            row.carried.setdefault(into, row.carried[column])
        del row.cells[column]
        row.spans = _without(row.spans, column, into)
        row.carried = {n - (n > column): t for n, t in row.carried.items() if n != column}


def _without(spans: dict[int, int], column: int, into: int) -> dict[int, int]:
    shrunk: dict[int, int] = {}
    for start, width in spans.items():
        covers = start <= column < start + width
        width -= covers
        begins = into if start == column and into < column else start
        begins -= begins > column
        if width > 1:
            shrunk[begins] = max(width, shrunk.get(begins, 0))
    return shrunk


def join_mark_columns(rows: Sequence[GridRow]) -> list[int]:
    """Columns that hold only currency signs, `%` or `)` go to the number that they belong to.

    Returns the columns that were dropped, by their places before.
    """
    dropped = []
    places = list(range(len(rows[0].cells))) if rows else []
    column = 0
    while rows and column < len(rows[0].cells):
        texts = [cell_text(r.cells[column]) for r in rows if r.cells[column]]
        marks = [t for t in texts if OPENING_MARK.match(t) or CLOSING_MARK.match(t)]
        opening = sum(1 for t in marks if OPENING_MARK.match(t))
        others = len(texts) - len(marks)
        count = len(rows[0].cells)
        into = None
        if marks and others <= max(1, len(marks) // 4) and others < len(marks):
            if opening * 2 > len(marks) and column + 1 < count:
                into = column + 1
            elif opening * 2 <= len(marks) and column > 1:
                into = column - 1
        if into is None or count <= 2:
            column += 1
            continue
        drop_column(rows, column, into)
        dropped.append(places.pop(column))
    return dropped
