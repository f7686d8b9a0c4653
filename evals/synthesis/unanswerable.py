"""Questions that the documents leave open: a table's row with a column or year it does not have,
and things that no document names. Checked by words: what is said in other words is not seen."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from octavo.evals.synthesis.draft import NOT_ANSWERABLE, Evidence, Idea
from octavo.evals.synthesis.passages import Passage, stems
from octavo.evals.synthesis.table_rules import (
    NamedRow,
    ParsedTable,
    is_noun,
    read_table,
    row_name,
    were,
)

#: Things of many trades; used are those of which the index has no word.
_THINGS = (
    "carburettor", "gyroscope", "espresso machine", "thermostat", "escalator", "projector",
    "windscreen wiper", "microphone", "sewing machine", "hydrofoil", "chimney", "saxophone",
    "parachute", "dishwasher", "accordion", "bicycle chain", "lawn mower", "microscope",
    "trampoline", "telescope",
)  # fmt: skip
_YEAR = re.compile(r"(?:19|20)\d\d")
_TEXT: Evidence = "Pure-text (Plain-text)"
_QUANTITY = re.compile(r"[+-]?\d[\d.,]* ?\D{1,6}")
_NUMBER_LIKE = re.compile(r"\d")


class KnownWords:
    """Which passages have which words."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._where: defaultdict[int, set[int]] = defaultdict(set)
        for n, passage in enumerate(passages):
            for stem in stems(passage.words):
                self._where[stem].add(n)

    def together(self, text: str) -> bool:
        """Whether one passage has all words of `text`."""
        sets = [self._where.get(stem, set()) for stem in stems(text)]
        return bool(sets) and bool(set.intersection(*sets))

    def unknown(self, text: str) -> bool:
        """Whether no passage has any word of `text`."""
        return not any(self._where.get(stem) for stem in stems(text))


def missing_columns(
    passages: Sequence[Passage], known: KnownWords
) -> Iterator[tuple[Passage, Idea]]:
    """ "What is the torque of the coupling spider?", where only another table has torques."""
    tables = [(p, t) for p in passages if (t := read_table(p)) is not None]
    for passage, table in tables:
        if _of_measures(table):
            continue
        own = stems(" ".join(table.header))
        heads = dict.fromkeys(
            head
            for p, other in tables
            if p.name == passage.name and other.header != table.header and _alike(table, other)
            for column, head in enumerate(other.header)
            if _is_measure(other, column) and not stems(head) & own
        )
        for row in table.rows:
            name = row_name(passage, table, row)
            for head in heads:
                if name.startswith("the ") and not known.together(f"{_bare(head)} {name}"):
                    yield passage, _open("missing column", _what(passage, head, name), head, row)


def missing_years(passages: Sequence[Passage], known: KnownWords) -> Iterator[tuple[Passage, Idea]]:
    """ "What was the total income in 2019?", where the table begins in 2022."""
    for passage in passages:
        table = read_table(passage)
        years = [int(h) for h in table.header if _YEAR.fullmatch(h)] if table else []
        if not table or not years:
            continue
        for row in table.rows:
            name = row_name(passage, table, row)
            for year in (min(years) - 2, min(years) - 4, max(years) + 2):
                if name.startswith("the ") and not known.together(f"{name} {year}"):
                    text = f"What {were(name)} {name} in {year}?"
                    yield passage, _open("missing year", text, str(year), row)


def unknown_things(
    passages: Sequence[Passage], known: KnownWords
) -> Iterator[tuple[Passage, Idea]]:
    """ "What does the pump manual say about the carburettor?", where no document has that word."""
    things = [t for t in _THINGS if all(known.unknown(word) for word in t.split())]
    for passage in {p.name: p for p in reversed(passages)}.values():
        for thing in things:
            text = f"What {passage.saying} say about the {thing}?"
            yield passage, Idea("unknown thing", text, NOT_ANSWERABLE, (), _TEXT, thing)


def _open(rule: str, text: str, key: str, row: NamedRow) -> Idea:
    """An idea without a place; its id still hangs on the row that it was made from."""
    place = f"{row.region.page}:{row.region.box.rounded()}"
    return Idea(rule, text, NOT_ANSWERABLE, (), "Table", f"{key} at {place}")


def _alike(table: ParsedTable, other: ParsedTable) -> bool:
    """Whether two tables are of things of one kind: a name of each has two words in common. Else
    the question is nonsense ("the filling of the ball bearing"), and too easy to refuse."""
    names = [stems(r.cells[table.naming]) for r in table.rows]
    others = [stems(r.cells[other.naming]) for r in other.rows]
    return any(len(a & b) >= 2 for a in names for b in others)


def _of_measures(table: ParsedTable) -> bool:
    """Whether the rows are measures themselves ("Shaft run-out"), which have no part number."""
    cells = [c for r in table.rows for n, c in enumerate(r.cells) if n != table.naming]
    return 2 * sum(bool(_QUANTITY.fullmatch(c)) for c in cells) >= len(cells)


def _is_measure(table: ParsedTable, column: int) -> bool:
    """A column of numbers or codes that has a noun for a name."""
    if column == table.naming:
        return False
    cells = [r.cells[column] for r in table.rows]
    short = sum(len(c.split()) <= 4 and bool(_NUMBER_LIKE.search(c)) for c in cells)
    head = table.header[column]
    vague = re.search(r"(?i)\b(value|amount|time|number of|change)\b", head)
    return is_noun(_bare(head)) and not vague and bool(cells) and short >= 0.8 * len(cells)


def _bare(head: str) -> str:
    return re.sub(r"\s*\([^()]*\)$", "", head)


def _what(passage: Passage, head: str, name: str) -> str:
    unit = re.search(r"\(([^()]{1,12})\)$", head)
    in_unit = f", in {unit[1]}" if unit else ""
    return f"What is the {passage.lowered(_bare(head))} of {name}{in_unit}?"
