"""Which character parts the values of a CSV file, and which one quotes them.

After van den Burg, Nazabal and Sutton, "Wrangling messy CSV files by detecting row and type
patterns" (2019): the right dialect gives rows of equal length whose cells are numbers, dates or
plain text. What is looked at is bounded, so that no file takes long.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

_SAMPLE = 20_000  # characters looked at
_ROWS = 200  # of them
_DELIMITERS = ",;\t|"
_QUOTES = "\"'"
#: What Excel writes on the first line, and reads there.
_DECLARED = re.compile(r"sep=([^\r\n])(?:\r\n|\r|\n|$)", re.IGNORECASE)
_NUMBER = re.compile(
    r"[-+(]?[€$£¥]?\s?(?:\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})++|\d++)(?:[.,]\d++)?"
    r"(?:[eE][-+]?\d++)?\s?[%€$£¥)]?"
)
_DATE = re.compile(
    r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d++)?)?Z?)?"
)
_ADDRESS = re.compile(r"(?:https?://|www\.)\S++|[\w.+-]++@[\w.-]++", re.IGNORECASE)
#: Words: a mark that could part values stands at the end of a word only.
_TEXT = re.compile(r"(?:[^\s,;|\"]++(?:[,;]?(?:[ \r\n]++|$)))*+")


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """`quote` and `escape` are empty where there is none."""

    delimiter: str
    quote: str = '"'
    escape: str = ""

    def rows(self, text: str) -> Iterator[list[str]]:
        """Raises csv.Error for a field over 128 KB."""
        return csv.reader(
            io.StringIO(text, newline=""),
            delimiter=self.delimiter,
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            escapechar=self.escape or None,
            skipinitialspace=True,
        )


@dataclass(frozen=True, slots=True)
class DelimitedText:
    """The values of a text, without the line that declares their delimiter."""

    text: str
    dialect: CsvDialect

    def rows(self) -> Iterator[list[str]]:
        """Raises csv.Error for a field over 128 KB."""
        return self.dialect.rows(self.text)


def read_delimited(text: str) -> DelimitedText | None:
    """None for a text whose lines are no rows: prose, or one value a line."""
    declared = _DECLARED.match(text)
    if declared:
        return DelimitedText(text[declared.end() :], CsvDialect(declared[1]))
    sample = _sample(text)
    scored = [(_score(sample, d), -n, d) for n, d in enumerate(_candidates(sample))]
    best = max(scored, default=None)
    if best is None or not best[0] or not _is_table(sample, best[2]):
        return None
    return DelimitedText(text, best[2])


def _sample(text: str) -> str:
    """Whole lines of the beginning; a piece of the first one where it is longer."""
    if len(text) <= _SAMPLE:
        return text
    return text[: text.rfind("\n", 0, _SAMPLE) + 1] or text[:_SAMPLE]


def _candidates(sample: str) -> Iterator[CsvDialect]:
    """Those that the characters in the sample allow; of equally good ones the first is taken."""
    escape = "\\" if '\\"' in sample else ""
    for delimiter in _DELIMITERS:
        if delimiter not in sample:
            continue
        edge = re.escape(delimiter)
        yield CsvDialect(delimiter, '"', escape)
        if re.search(rf"(?:^|{edge})'[^'\r\n]*+'(?:{edge}|$)", sample, re.MULTILINE):
            yield CsvDialect(delimiter, "'")
        if '"' in sample:
            yield CsvDialect(delimiter, "")


def _head(sample: str, dialect: CsvDialect) -> list[list[str]]:
    """The first rows that are not blank; none where they cannot be parted so."""
    try:
        rows = [row for _, row in zip(range(_ROWS), dialect.rows(sample), strict=False)]
    except csv.Error:
        return []
    return [row for row in rows if any(map(str.strip, row))]


def _score(sample: str, dialect: CsvDialect) -> float:
    """Pattern score times type score, equations 4 and 6 of the paper."""
    rows = _head(sample, dialect)
    if not rows:
        return 0.0
    lengths = Counter(map(len, rows))
    pattern = sum(n * (length - 1) / length for length, n in lengths.items()) / len(lengths)
    cells = [cell.strip() for row in rows for cell in row]
    typed = sum(_is_typed(cell, dialect.delimiter) for cell in cells)
    return pattern * max(typed / len(cells), 1e-10)


def _is_typed(cell: str, delimiter: str) -> bool:
    """Empty, a number, a date, an address or text; with the delimiter in it the cell was quoted."""
    patterns = (_TEXT, _NUMBER, _DATE, _ADDRESS)
    return not cell or delimiter in cell or any(p.fullmatch(cell) for p in patterns)


def _is_table(sample: str, dialect: CsvDialect) -> bool:
    """Whether most lines are parted. Commas that are all followed by a blank are those of prose,
    unless they are as many on each line; those inside of one column of numbers are decimal."""
    rows = _head(sample, dialect)
    lengths = [len(row) for row in rows]
    parted = sum(n > 1 for n in lengths)
    if not parted:
        return False
    if dialect.delimiter == "," and not re.search(r",(?!\s|$)", sample, re.MULTILINE):
        return len(set(lengths)) == 1
    if dialect.delimiter == "," and lengths[0] == 1:
        decimals = (_NUMBER.fullmatch(",".join(row)) for row in rows if len(row) > 1)
        if all(decimals):
            return False
    title_lines = next(n for n, length in enumerate(lengths) if length > 1)
    return 2 * parted >= len(lengths) - title_lines
