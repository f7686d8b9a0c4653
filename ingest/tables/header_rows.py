"""Which rows of a table are its header, and which header stands over each column.

A wrong header is worse than none: where pieces of the header cannot be told to stand over one
column or one run of columns, these columns have no header.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from octavo.ingest.document import Box, Line, bounding
from octavo.ingest.tables.table_grid import GridRow, cell_text, is_number, is_year

#: What the numbers are in, which is said of all columns.
_UNITS = re.compile(
    r"^\(.*(?:million|thousand|billion|except|unaudited|dollars|percent|%).*\)$", re.IGNORECASE
)
_MOST = 6  # rows of a header
_LONG = 90  # characters: more is no header
_OFF = 8.0  # points that a header over several columns may stand off their middle
_CENTRED = 4.0  # points between the middles of a header and of the column under it
_UNDER = 6.0  # points from a piece of the header to the rule under it
_BARE = 2.0  # points: what a column costs that has no header
_SKIPPED = 6.0  # points: what a column between or after groups costs that is in none of them
_ALONE = 8.0  # points: what a group of one column costs
_FAR = 0.9  # of a column's width that a header may stand beside the middle of what it covers

#: Left and right end of a column's printed cells, in points.
Extent = tuple[float, float]


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


def full_headers(
    header: Sequence[GridRow],
    extents: Sequence[Extent],
    ruled: bool,
    rules: Sequence[Box] = (),
) -> tuple[str, ...]:
    """The whole header of each column, outermost first, parts joined by ` > `; "" where there is
    none or it is not sure. `ruled`: the rules of the table say what each cell covers; else a rule
    of `rules` under a piece of the header says it."""
    levels = [_spans_of(row) for row in header] if ruled else _levels(header, extents, rules)
    if levels is None:
        return ("",) * len(extents)
    paths: list[list[tuple[str, int]]] = [[] for _ in extents]  # text, columns that it covers
    for level in levels:
        if all(_UNITS.match(text) for _, width, text in level if width > 1 or len(level) == 1):
            level = [part for part in level if not _UNITS.match(part[2])]
        for start, width, text in level:
            for column in range(start, min(start + width, len(extents))):
                if not paths[column] or paths[column][-1] != (text, width):
                    paths[column].append((text, width))
    return tuple("" if any(not t for t, _ in path) else _joined(path) for path in paths)


def _levels(
    header: Sequence[GridRow], extents: Sequence[Extent], rules: Sequence[Box]
) -> list[_Level] | None:
    """The cells of each header row; None where one is not sure. The last row stands over the cells
    of the table, the others over these and the last row."""
    levels: list[_Level] = []
    for n, row in enumerate(reversed(header)):
        groups = n > 0 and len(row.filled) <= 0.5 * len(header[-1].filled)
        level = _placed(row, extents, groups)
        if level is None:
            return None
        if groups:
            level = _by_rules(level, row, extents, _rules_of(rules, header))
        if n == 0:
            extents = _widened(extents, row, level)
        levels.insert(0, level)
    return levels


def _rules_of(rules: Sequence[Box], header: Sequence[GridRow]) -> list[Box]:
    """The rules between and under the rows of a header."""
    box = bounding(p.box for row in header for p in row.pieces)
    inside = (r for r in rules if box.y0 < r.y0 < box.y1 + _UNDER)
    return [r for r in inside if r.x1 > box.x0 and r.x0 < box.x1]


def _by_rules(
    level: _Level, row: GridRow, extents: Sequence[Extent], rules: Sequence[Box]
) -> _Level:
    """Pieces over the middle one of three columns (or five) say of that one or of all: a rule under
    the piece tells. Without any rule it is not sure, and they get no text."""
    told: _Level = []
    for (first, width, text), pieces in zip(level, _pieces_apart(row), strict=True):
        piece = bounding(p.box for p in pieces)
        middle = extents[first + width // 2]
        centred = abs((piece.x0 + piece.x1) / 2 - (middle[0] + middle[1]) / 2) < _CENTRED
        sure = width < 3 or width % 2 == 0 or not centred
        if sure or any(_underlines(r, piece, middle) for r in rules):
            told.append((first, width, text))
        elif rules:
            told.append((first + width // 2, 1, text))
        else:
            told.append((first, width, ""))
    return told


def _underlines(rule: Box, piece: Box, column: Extent) -> bool:
    """Whether a rule right under a piece reaches over more than its column."""
    near = -2 < rule.y0 - piece.y1 < _UNDER
    return near and rule.x0 < piece.x0 and rule.x1 - rule.x0 > 1.6 * (column[1] - column[0])


def _widened(extents: Sequence[Extent], row: GridRow, level: _Level) -> list[Extent]:
    """Columns with what stands over one of them alone."""
    wider = list(extents)
    for (column, width, _), pieces in zip(level, _pieces_apart(row), strict=True):
        if width == 1:
            box = bounding(p.box for p in pieces)
            wider[column] = (min(wider[column][0], box.x0), max(wider[column][1], box.x1))
    return wider


def _joined(path: Sequence[tuple[str, int]]) -> str:
    """Lines of one header cell with a space, levels of a header with ` > `."""
    text, above = "", 0
    for part, width in path:
        if text and part:
            text += " " if width == above == 1 else " > "
        text += part
        above = width
    return text


_Level = list[tuple[int, int, str]]
"""First column, columns, text: the cells of one header row."""


def _spans_of(row: GridRow) -> _Level:
    return [(n, row.spans.get(n, 1), text) for n in range(len(row.cells)) if (text := row.text(n))]


def _placed(row: GridRow, extents: Sequence[Extent], groups: bool) -> _Level | None:
    """Pieces of a header row over the columns that they stand over; None where it is not sure.
    `groups`: there are few pieces above a row of many, so that each stands over several columns.

    A piece over one column stands over that; one over several, or between them, over the run of
    columns whose middle or left end it is nearest to. Runs do not cross.
    """
    pieces = _pieces_apart(row)
    if not pieces:
        return []
    ends = [(bounding(p.box for p in ps)) for ps in pieces]
    spans = [(b.x0, b.x1) for b in ends]
    runs = _best_runs(spans, extents, groups)
    if runs is None:
        return None
    return [(a, b - a, cell_text(ps)) for (a, b), ps in zip(runs, pieces, strict=True)]


def _pieces_apart(row: GridRow) -> list[list[Line]]:
    """The printed pieces from left to right, those of one cell that touch as one."""
    groups: list[list[Line]] = []
    for piece in sorted(row.pieces, key=lambda p: p.box.x0):
        height = max(piece.box.height, 1.0)
        last = groups[-1] if groups else []
        right = max((p.box.x1 for p in last), default=0.0)
        if last and piece.box.x0 - right < 0.6 * height:
            last.append(piece)
        else:
            groups.append([piece])
    return groups


def _best_runs(
    spans: Sequence[Extent], extents: Sequence[Extent], groups: bool
) -> list[tuple[int, int]] | None:
    """For each piece a run of columns `(first, after)`, in order and without overlap, at the least
    distance in sum; None where the least is too far for one of them. Dynamic programming over
    columns and pieces."""
    count, columns = len(spans), len(extents)
    if count > columns:
        return None
    infinite = float("inf")
    best = [[infinite] * (columns + 1) for _ in range(count + 1)]
    back: list[list[tuple[int, int, bool]]] = [[(0, 0, False)] * (columns + 1) for _ in best]
    best[0][0] = 0.0
    for done in range(count + 1):
        for at in range(columns + 1):
            here = best[done][at]
            if here == infinite:
                continue
            if at < columns:
                cost = here + _skipped(extents[at], spans)
                if at:  # the names of the rows often have no header
                    cost += _SKIPPED if groups else _BARE
                if cost < best[done][at + 1]:
                    best[done][at + 1], back[done][at + 1] = cost, (done, at, False)
            if done == count:
                continue
            for end in range(at + 1, columns + 1):
                cost = here + _distance(spans[done], extents[at:end], groups)
                if cost < best[done + 1][end]:
                    best[done + 1][end], back[done + 1][end] = cost, (done, at, True)
    if best[count][columns] == infinite:
        return None
    runs: list[tuple[int, int]] = []
    done, at = count, columns
    while (done, at) != (0, 0):
        before, start, took = back[done][at]
        if took:
            runs.append((start, at))
        done, at = before, start
    runs.reverse()
    sure = all(_is_near(s, extents[a:b]) for s, (a, b) in zip(spans, runs, strict=True))
    return runs if sure else None


def _skipped(extent: Extent, spans: Sequence[Extent]) -> float:
    """What it costs to leave a column without a header in this row: much where a piece stands
    over it."""
    over = max((min(extent[1], b) - max(extent[0], a) for a, b in spans), default=0.0)
    return max(0.0, over)


def _distance(span: Extent, run: Sequence[Extent], group: bool) -> float:
    """Points from a piece to the run: of the middles, the left or the right ends, the least."""
    left, right = run[0][0], run[-1][1]
    middle = abs((span[0] + span[1]) / 2 - (left + right) / 2)
    if group:  # centred as a rule; set over one column alone it would say no more than that does
        ends = abs(span[0] - left) + 3.0
        return min(middle, ends) + (_ALONE if len(run) == 1 else 0.0)
    ends = min(abs(span[0] - left), abs(span[1] - right)) if len(run) == 1 else middle
    return min(middle, ends + 1.0) + 0.5 * (len(run) - 1) + _sticking_out(span, left, right)


def _sticking_out(span: Extent, left: float, right: float) -> float:
    """Of a piece that is wider than what is under it, as headers of narrow numbers are, nothing;
    of one that reaches over more, what reaches over."""
    outside = max(0.0, left - span[0]) + max(0.0, span[1] - right)
    return 0.25 * outside


def _is_near(span: Extent, run: Sequence[Extent]) -> bool:
    """Over one column, or in the middle or at the left of several."""
    left, right = run[0][0], run[-1][1]
    width = right - left
    if len(run) > 1:
        middle = abs((span[0] + span[1]) / 2 - (left + right) / 2)
        return middle <= max(_OFF, 0.12 * width) or abs(span[0] - left) <= _OFF
    shared = min(span[1], right) - max(span[0], left)
    if shared > 0.3 * min(span[1] - span[0], width):
        return True
    return _distance(span, run, False) <= _FAR * max(width, span[1] - span[0])
