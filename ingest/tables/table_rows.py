"""The rows of a table chunk, each cell with its row name, its whole header and its section row."""

from __future__ import annotations

from dataclasses import dataclass

from octavo.ingest.document import Chunk, Region


@dataclass(frozen=True, slots=True)
class TableCell:
    """What is printed in a cell, and its whole column header; "" where it has none, or where
    reading is not sure of it."""

    text: str
    header: str


@dataclass(frozen=True, slots=True)
class TableRow:
    """`name` is the first cell, `section` the row above that names a part of the table."""

    printed: str
    cells: tuple[TableCell, ...]
    section: str
    region: Region

    @property
    def name(self) -> str:
        return self.cells[0].text

    @property
    def labelled(self) -> str:
        """`Ward: North; 2024 > Beds: 87`, the name after the part of the table that it is in. A
        cell without a header as it is printed; all of them, where no column has one."""
        if not any(c.header for c in self.cells):
            return f"{self.section} > {self.printed}" if self.section else self.printed
        filled = [c for c in self.cells if c.text]
        texts = [f"{c.header}: {c.text}" if c.header else c.text for c in filled]
        if self.section:
            head = self.cells[0].header
            name = f"{self.section} > {self.name}" if self.name else self.section
            texts[: bool(self.name)] = [f"{head}: {name}" if head else name]
        return "; ".join(texts)


def table_rows(chunk: Chunk) -> list[TableRow]:
    """Rows of a table in order, without its caption and header rows; none of another chunk."""
    rows = []
    headers = chunk.header.split(" | ")
    for n, span in enumerate(chunk.spans if chunk.kind == "table" else ()):
        text = chunk.text[span.start : span.end]
        if n < chunk.head or (not chunk.head and text in (chunk.header, chunk.caption)):
            continue
        texts = [t.strip() for t in text.split(" | ")]
        names = headers if len(headers) == len(texts) else [""] * len(texts)
        cells = tuple(TableCell(t, h.strip()) for t, h in zip(texts, names, strict=True))
        section = chunk.sections[n] if n < len(chunk.sections) else ""
        rows.append(TableRow(text, cells, section, span.region))
    return rows
