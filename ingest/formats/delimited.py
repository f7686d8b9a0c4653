"""Tables as text: values parted by commas, semicolons, tabs or bars."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import replace

from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.converted import LANDSCAPE, Converted
from octavo.ingest.formats.csv_dialect import DelimitedText, read_delimited
from octavo.ingest.formats.epub_builder import EpubBuilder, Pictures
from octavo.ingest.formats.long_tables import NumberedRow, sheet_blocks
from octavo.ingest.formats.plain import make_txt, text_of
from octavo.ingest.formats.table_html import text_cell


def make_csv(data: bytes, bounds: FileLimits) -> Converted:
    """A CSV or TSV file as a table; one that is none is shown as text."""
    delimited = read_delimited(text_of(data))
    if delimited is None:
        return make_txt(data, bounds)
    unquoted = replace(delimited, dialect=replace(delimited.dialect, quote=""))
    for values in (delimited, unquoted):
        try:
            return _table(values, bounds)
        except csv.Error:  # a quote that never ends makes one field of what follows
            continue
    return make_txt(data, bounds)


def _table(values: DelimitedText, bounds: FileLimits) -> Converted:
    pictures = Pictures(bounds, LANDSCAPE)
    return EpubBuilder(
        [sheet_blocks(numbered_rows(values.rows()), LANDSCAPE)], pictures, {}, LANDSCAPE
    ).make()


def numbered_rows(rows: Iterable[list[str]]) -> Iterable[NumberedRow]:
    """Rows of text as rows of a sheet."""
    for n, row in enumerate(rows, 1):
        yield NumberedRow(n, {c: text_cell(v.strip()) for c, v in enumerate(row) if v.strip()})
