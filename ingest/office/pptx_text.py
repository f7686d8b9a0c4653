"""Text of slides as HTML: paragraphs with bullets and numbers, tables."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from octavo.ingest.formats.epub_builder import escape
from octavo.ingest.formats.table_html import (
    Band,
    Cell,
    Row,
    band_html,
    distributed,
    least_widths,
    place_cells,
)
from octavo.ingest.office.drawing_text import paragraph_text
from octavo.ingest.office.office_package import attribute_of, find_child, to_int
from octavo.ingest.office.pptx_transforms import SlideTransform

_SMALLEST = 0.4  # of the text size of a table whose words are wider than its columns


def text_html(body: Element, bulleted: bool) -> str:
    """Paragraphs of a text body, with bullets and numbers."""
    out = ""
    counts: dict[int, int] = {}
    for paragraph in body.findall("p"):
        text = paragraph_text(paragraph).strip()
        if not text:
            continue
        properties = find_child(paragraph, "pPr")
        level = min(max(to_int(properties.get("lvl")) if properties is not None else 0, 0), 8)
        mark = _mark(properties, bulleted, level, counts)
        indent = f' style="margin-left:{1.2 * level:.1f}em"' if level else ""
        shown = escape(text).replace("\n", "<br/>")
        out += f"<p{indent}>{mark}{shown}</p>"
    return out


def _mark(properties: Element | None, bulleted: bool, level: int, counts: dict[int, int]) -> str:
    if find_child(properties, "buAutoNum") is not None:
        counts[level] = counts.get(level, 0) + 1
        for deeper in [k for k in counts if k > level]:
            del counts[deeper]
        return f"{counts[level]}. "
    counts.pop(level, None)
    if find_child(properties, "buNone") is not None:
        return ""
    return "• " if bulleted or find_child(properties, "buChar") is not None else ""


def slide_table_html(table: Element, frame: SlideTransform, size: float) -> str:
    """A table in text of `size` points, its columns as wide as on the slide, or as their longest
    words where these are wider."""
    widths = [to_int(c.get("w")) * frame.across for c in table.iter("gridCol")]
    header = attribute_of(table, "tblPr", name="firstRow") in ("1", "true")
    rows = []
    for n, row in enumerate(table.findall("tr")):
        cells = []
        for cell in row.findall("tc"):
            if cell.get("hMerge") in ("1", "true") or cell.get("vMerge") in ("1", "true"):
                continue
            body = find_child(cell, "txBody")
            text = text_html(body, bulleted=False) if body is not None else ""
            lines = text.replace("</p>", "<br/>").replace("<p>", "").removesuffix("<br/>")
            columns, high = to_int(cell.get("gridSpan"), 1), to_int(cell.get("rowSpan"), 1)
            cells.append(Cell(lines, columns, high, head=header and n == 0))
        rows.append(cells)
    placed = place_cells(rows)
    used = tuple(sorted({c for row in placed for c in row}))
    known = tuple(widths[c] if c < len(widths) else 60.0 for c in used)
    least = least_widths(placed, used, size)
    if sum(least) <= sum(known):
        return band_html(placed, Band(used, distributed(least, known, sum(known))))
    # Its words do not fit side by side, so all of it is set smaller.
    scale = max(_SMALLEST, _scale(placed, used, size, sum(known)))
    smaller = tuple(least_widths(placed, used, size * scale))
    html = band_html(placed, Band(used, smaller))
    return html.replace("<table>", f'<table style="font-size:{scale:.3f}em">', 1)


def _scale(rows: Sequence[Row], columns: Sequence[int], size: float, room: float) -> float:
    """Of the text size, at which the longest words of a table fit in `room` points: widths are a
    part that grows with the size and one that does not."""
    fixed = sum(least_widths(rows, columns, 0.0))
    growing = sum(least_widths(rows, columns, size)) - fixed
    return (room - fixed) / growing if growing > 0 else 1.0
