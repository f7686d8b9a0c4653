"""Questions from table rows: the cell of a named row and a named column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from octavo.evals.synthesis.draft import Idea
from octavo.evals.synthesis.passages import Passage, words
from octavo.ingest.document import Region
from octavo.ingest.figures.captions import without_label

_LONG_NAME = 7  # words: a longer cell is a sentence, not a name
_LONG_ANSWER = 20
_YEAR = re.compile(r"(?:19|20)\d\d")
_UNIT = re.compile(r"\s*\(([^()]{1,12})\)$")
#: Headers that say nothing of what their cells are, and such as no question can be made of.
_VALUE = {"value", "values", "amount", "result", "data"}
_NO_NOUN = {
    "remark",
    "remarks",
    "note",
    "notes",
    "comment",
    "comments",
    "description",
    "qty",
    "item",
    "no",
    "nr",
}
_ASKING = {"who", "what", "when", "where", "which", "why", "how", "looks", "measured", "see"}
_ENDING = {"for", "at", "with", "by", "of", "in", "on", "to", "like", "from", "tell", "due", "new"}
_MONEY = re.compile(r"(?:EUR|USD|GBP|CHF|US\$|[$€£])(?:\b| )")
_OFTEN = re.compile(
    r'"(?:every|each|daily|weekly|monthly|quarterly|yearly|annually|before|after)\b'
)
_SMALL_CODE = re.compile(r"[A-Z]|[A-Z]?\d{1,3}")


@dataclass(frozen=True, slots=True)
class NamedRow:
    """A row with as many cells as its table's header, and where it is printed."""

    cells: tuple[str, ...]
    region: Region


@dataclass(frozen=True, slots=True)
class ParsedTable:
    """`naming`: the column that tells rows apart. `matrix`: the other columns are things that
    all rows have a value of."""

    header: tuple[str, ...]
    rows: tuple[NamedRow, ...]
    naming: int
    matrix: bool


def table_cells(passage: Passage) -> Iterator[Idea]:
    """ "What is the torque of the impeller bolt?" """
    table = read_table(passage)
    if table is None:
        return
    for row in table.rows:
        for column, name in enumerate(table.header):
            answer = row.cells[column]
            text = ask_cell(passage, table, row, column)
            if text and _says(answer) and answer != row.cells[table.naming]:
                yield Idea("table cell", text, answer, (row.region,), "Table", name)


def read_table(passage: Passage) -> ParsedTable | None:
    """The table of a chunk; None for one without a proper header or names of rows."""
    chunk = passage.chunk
    header = tuple(c.strip() for c in chunk.header.split(" | "))
    if chunk.kind != "table" or len(header) < 2 or not all(_heads(h) for h in header[1:]):
        return None
    rows = []
    for span in chunk.spans:
        cells = tuple(c.strip() for c in chunk.text[span.start : span.end].split(" | "))
        if len(cells) == len(header) and cells != header:
            rows.append(NamedRow(cells, span.region))
    naming = _naming(header, rows)
    if naming is None or _is_torn(rows, naming):
        return None
    names = [r.cells[naming] for r in rows]
    rows = [r for r in rows if names.count(r.cells[naming]) == 1]
    return ParsedTable(header, tuple(rows), naming, _is_matrix(header, rows, naming))


def ask_cell(passage: Passage, table: ParsedTable, row: NamedRow, column: int) -> str:
    """The question for a cell; "" where the column's name makes none."""
    if column == table.naming:
        return ""
    head = table.header[column]
    name = row_name(passage, table, row)
    if _YEAR.fullmatch(head) or table.matrix:
        return _ask_thing(passage, table, row, column)
    unit = _UNIT.search(head)
    noun = _UNIT.sub("", head)
    if not is_noun(noun):
        return ""
    in_unit = f", in {unit[1]}" if unit else ""
    if noun.lower() in _VALUE:
        return f"What {_be(name)} {name}{in_unit}?"
    phrases = sum(len(r.cells[column].split()) for r in table.rows) >= 3 * len(table.rows)
    link = "of" if name.startswith("the ") and not phrases else "for"
    what = f"the {passage.lowered(noun)}"
    return f"{_table_named(passage, name)} {_be(what)} {what} {link} {name}{in_unit}?"


def _ask_thing(passage: Passage, table: ParsedTable, row: NamedRow, column: int) -> str:
    """The question for a cell whose column is a year or a thing, and whose row is a measure."""
    head, measure = table.header[column], table.header[table.naming]
    name = row_name(passage, table, row)
    what = name if name[0] != '"' else f"the {passage.lowered(name[1:-1])}"
    if not _YEAR.fullmatch(head):
        return f"What {_be(what)} {what} for {passage.lowered(head)}?"
    counted = _MONEY.match(measure) and "%" not in row.cells[column]
    return f"What {were(what)} {what} in {head}{f', in {measure}' if counted else ''}?"


def row_name(passage: Passage, table: ParsedTable, row: NamedRow) -> str:
    """ "the impeller bolt", "zone A", or the cell in quotation marks where it is no plain noun."""
    cell = row.cells[table.naming]
    if _SMALL_CODE.fullmatch(cell):
        return f"{passage.lowered(table.header[table.naming])} {cell}"
    name = re.sub(r"\s*\(\d+\)$", "", cell)
    first, _, rest = name.partition(", ")
    if rest:
        name = first if re.match(r"\S*\d|red\b|six\b", rest) else f"{first} ({rest})"
    plain = not re.search(r"[.;:<>]", name) and len(name.split()) <= 5 and not _is_clause(table)
    return f"the {passage.lowered(name)}" if plain else f'"{name}"'


def _table_named(passage: Passage, name: str) -> str:
    """The beginning of a question; an interval ("Every 500 h") says nothing without its table."""
    caption = without_label(passage.chunk.caption).rstrip(".")
    return f'In the table "{caption}", what' if caption and _OFTEN.match(name.lower()) else "What"


def is_noun(head: str) -> bool:
    """Whether a column's name can stand in "What is the ... of ...?"."""
    nouns = words(head)
    if not nouns or len(head) < 4 or len(nouns) > 4 or "/" in head or _YEAR.search(head):
        return False
    return not (nouns[0] in _ASKING or nouns[-1] in _ENDING or nouns[0] in _NO_NOUN | {"new"})


def _is_clause(table: ParsedTable) -> bool:
    """Names with verbs ("Oil looks milky") come with long ones in their column."""
    names = [r.cells[table.naming] for r in table.rows]
    numbered = sum(bool(re.match(r"(?i)every|daily|weekly|monthly|yearly", n)) for n in names)
    wordy = sum(len(_before_comma(n)) > 5 for n in names)
    answers = [c for r in table.rows for n, c in enumerate(r.cells) if n != table.naming]
    spoken = sum(c.endswith(".") for c in answers)
    return numbered > 0 or wordy * 4 >= len(names) or spoken * 3 >= len(answers)


def _before_comma(name: str) -> list[str]:
    return re.sub(r"\(.*?\)", "", name.partition(",")[0]).split()


def _is_torn(rows: Sequence[NamedRow], naming: int) -> bool:
    """Whether rows are lines of cells that go on: a table whose rules were not seen."""
    torn = sum(
        bool(re.match(r"[a-z]", r.cells[naming])) or any(c.endswith(",") for c in r.cells)
        for r in rows
    )
    return 5 * torn >= len(rows)


def _heads(cell: str) -> bool:
    return bool(cell) and (not re.search(r"^[\d.,%+-]+$", cell) or bool(_YEAR.fullmatch(cell)))


def _says(answer: str) -> bool:
    solid = answer.strip("-–— .")
    return bool(solid) and len(answer.split()) <= _LONG_ANSWER


def _naming(header: Sequence[str], rows: Sequence[NamedRow]) -> int | None:
    """The first column of distinct names; else a first column of codes (zone A)."""
    if len(rows) < 2:
        return None
    for column in range(len(header)):
        cells = [r.cells[column] for r in rows]
        named = sum(bool(re.search(r"[^\W\d_]{3}", c)) and not c.endswith(".") for c in cells)
        short = sum(len(c.split()) for c in cells) <= _LONG_NAME * len(cells)
        coded = sum(bool(re.fullmatch(r"\S*\d\S*", c)) for c in cells)
        if named >= 0.8 * len(cells) and short and not coded and _mostly_distinct(cells):
            return column
    codes = [r.cells[0] for r in rows]
    usable = all(_SMALL_CODE.fullmatch(c) for c in codes) and is_noun(header[0])
    return 0 if usable and _mostly_distinct(codes) else None


def _mostly_distinct(cells: Sequence[str]) -> bool:
    return 2 * len(set(cells)) > len(cells)


def _is_matrix(header: Sequence[str], rows: Sequence[NamedRow], naming: int) -> bool:
    """Every row has one unit, and rows differ in theirs."""
    units = [{_unit(c) for n, c in enumerate(r.cells) if n != naming} for r in rows]
    same = sum(len(u) == 1 and "" not in u for u in units)
    return len(header) > 2 and bool(rows) and same == len(rows) and len(set.union(*units)) > 1


def _unit(cell: str) -> str:
    quantity = re.fullmatch(r"[+-]?\d[\d.,]*\s*(\D{1,8})", cell)
    return quantity[1].strip() if quantity else ""


def _be(name: str) -> str:
    return "are" if _many(name) else "is"


def were(name: str) -> str:
    return "were" if _many(name) else "was"


def _many(name: str) -> bool:
    head = re.split(r" (?:of|for|in|at|by|with|to|\w+ed)\b|\(|,", name)[0].strip()
    return head.endswith("s") and not head.endswith(("ss", "us", "is"))
