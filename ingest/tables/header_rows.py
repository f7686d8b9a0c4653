"""Which rows of a table are its header."""

from __future__ import annotations

from collections.abc import Sequence

from octavo.ingest.tables.table_grid import GridRow, is_number, is_year

_MOST = 6  # rows of a header
_LONG = 90  # characters: more is no header


def header_depth(rows: Sequence[GridRow]) -> int:
    """How many of the first rows are the header: by bold type, else by words above numbers."""
    if len(rows) < 2:
        return 0
    bold = _leading_bold(rows)
    if bold:
        return _without_sections(rows, bold)
    if _columns_of_words(rows):
        return 0
    return _without_sections(rows, _words_above_numbers(rows))


def _leading_bold(rows: Sequence[GridRow]) -> int:
    """Rows all in bold above rows that are not; 0 where bold tells nothing."""
    depth = 0
    while depth < min(len(rows), _MOST + 1) and rows[depth].bold:
        depth += 1
    return depth if 0 < depth <= _MOST and depth < len(rows) else 0


def _columns_of_words(rows: Sequence[GridRow]) -> bool:
    """Whether no row has a digit: then nothing parts a header from what is under it."""
    return not any(any(c.isdigit() for c in t) for row in rows for t in row.texts())


def _words_above_numbers(rows: Sequence[GridRow]) -> int:
    """The first row that fills its columns without an amount, and the rows above it."""
    numeric = _numeric_columns(rows)
    for n, row in enumerate(rows[: min(_MOST, len(rows) - 1)]):
        if any(is_number(t) and not is_year(t) for t in row.texts()):
            return 0 if n == 0 else n if _is_heading_block(rows[:n]) else 0
        over = [c for c in numeric if row.text(c)]
        if numeric and len(over) >= max(1, 0.6 * len(numeric)) and len(row.filled) > 1:
            return n + 1 + _continued(rows, n + 1, numeric)
        if not numeric and len(row.filled) >= 0.8 * len(row.cells):
            digits = any(c.isdigit() for t in row.texts() for c in t)
            return 0 if digits else n + 1
    return 0


def _is_heading_block(rows: Sequence[GridRow]) -> bool:
    """Whether some of the rows say something over the columns, not over the first alone."""
    return any(c > 0 for row in rows for c in row.filled)


def _continued(rows: Sequence[GridRow], start: int, numeric: Sequence[int]) -> int:
    """Rows under the years or words that still belong to the header: units, "restated"."""
    count = 0
    for row in rows[start : start + 2]:
        over = [c for c in row.filled if c in numeric]
        words = all(not is_number(row.text(c)) for c in row.filled)
        if not over or not words or 0 in row.filled or start + count + 1 >= len(rows):
            break
        count += 1
    return count


def _numeric_columns(rows: Sequence[GridRow]) -> list[int]:
    """Columns, but the first, in which most rows have a number."""
    found = []
    for column in range(1, len(rows[0].cells)):
        texts = [t for row in rows[1:] if (t := row.text(column))]
        if texts and sum(map(is_number, texts)) > 0.5 * len(texts):
            found.append(column)
    return found


def _without_sections(rows: Sequence[GridRow], depth: int) -> int:
    """Without last rows that have only a name: they name the part of the table under them."""
    while depth > 1 and rows[depth - 1].filled == [0] and rows[depth - 1].spans.get(0, 1) == 1:
        depth -= 1
    if any(len(t) > _LONG for row in rows[:depth] for t in row.texts()):
        return 0
    return depth
