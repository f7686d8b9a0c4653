"""JSON and JSON Lines: records as tables where they are flat, else as lines of paths and values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.converted import LANDSCAPE, Converted
from octavo.ingest.formats.delimited import numbered_rows
from octavo.ingest.formats.epub_builder import EpubBuilder, Pictures, caption, escape
from octavo.ingest.formats.long_tables import sheet_blocks
from octavo.ingest.formats.plain import make_txt, text_of

_LARGEST = 64 << 20  # characters that are parsed: objects take ten times as much memory
_MOST_COLUMNS = 60
_LONGEST_CELL = 200  # characters: records with longer values are shown one below the other
_ENCODED = re.compile(r"(?:data:[\w/+.;=-]{1,100},)?[A-Za-z0-9+/=_\r\n-]{1000,}+")
_LINES = 60  # of a paragraph


def make_json(data: bytes, bounds: FileLimits) -> Converted:
    """What is no JSON, or too much of it, is shown as text. Raises DocumentError for values in
    each other beyond `bounds.nesting`."""
    text = text_of(data)
    value = parse_json(text) if len(text) <= _LARGEST else None
    if value is None:
        return make_txt(data, bounds)
    return _document(_Records(bounds).blocks(value, ""), bounds)


def make_jsonl(data: bytes, bounds: FileLimits) -> Converted:
    """A record a line; a line that is none is shown as it is. Raises as `make_json`."""
    text = text_of(data)
    if len(text) > _LARGEST:
        return make_txt(data, bounds)
    lines = [line for line in text.splitlines() if line.strip()]
    values = [_or_line(parse_json(line), line) for line in lines]
    return _document(_Records(bounds).blocks(values, ""), bounds)


def parse_json(text: str) -> Any:
    """The value, its numbers as they are written; None where it is no JSON."""
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None


def _or_line(value: Any, line: str) -> Any:
    return line if value is None else value


def _document(blocks: Iterator[str], bounds: FileLimits) -> Converted:
    return EpubBuilder([blocks], Pictures(bounds, LANDSCAPE), {}, LANDSCAPE).make()


class _Records:
    """Values to HTML blocks."""

    def __init__(self, bounds: FileLimits) -> None:
        self._bounds = bounds

    def blocks(self, value: Any, path: str) -> Iterator[str]:
        if isinstance(value, list):
            yield from self._list(value, path)
        elif isinstance(value, dict):
            yield from self._object(value, path)
        else:
            yield from _paragraphs([_line(path, value)])

    def _object(self, value: dict[str, Any], path: str) -> Iterator[str]:
        """Its plain values as lines; lists of records inside of it as tables of their own."""
        lines: list[str] = []
        for key, inner in self._flat(value, path, 1):
            if isinstance(inner, list):
                yield from _paragraphs(lines)
                lines = []
                yield from self._list(inner, key)
            else:
                lines.append(_line(key, inner))
        yield from _paragraphs(lines)

    def _list(self, values: Sequence[Any], path: str) -> Iterator[str]:
        if not any(isinstance(v, dict | list) for v in values):
            yield from _paragraphs(_scalars(values, path))
            return
        records = [self._record(v) for v in values]
        columns = list(dict.fromkeys(key for record in records for key in record))
        if len(values) > 1 and _is_table(records, columns, len(values)):
            yield caption(path, "Table") if path else ""
            rows = ([_shown(r[c]) if c in r else "" for c in columns] for r in records)
            yield from sheet_blocks(numbered_rows(_rows(columns, rows)), LANDSCAPE, path)
            return
        for n, value in enumerate(values, 1):
            if isinstance(value, dict | list):
                yield f"<h3>{escape(path or 'Record')} {n}</h3>"
                yield from self.blocks(value, "")
            else:
                yield from _paragraphs([_shown(value)])

    def _record(self, value: Any) -> dict[str, Any]:
        """A record as a flat one; one that is none has its value under an empty name."""
        return dict(self._flat(value, "", 1)) if isinstance(value, dict) else {"": value}

    def _flat(self, value: dict[str, Any], path: str, depth: int) -> Iterator[tuple[str, Any]]:
        """Paths and values; lists of plain values in one line."""
        self._bounds.check_nesting(depth)
        for key, inner in value.items():
            name = f"{path}.{key}" if path else str(key)
            if isinstance(inner, dict) and inner:
                yield from self._flat(inner, name, depth + 1)
            elif isinstance(inner, list) and not any(isinstance(v, dict | list) for v in inner):
                yield name, ", ".join(map(_shown, inner))
            else:
                yield name, inner


def _rows(columns: list[str], rows: Iterable[list[str]]) -> Iterator[list[str]]:
    yield columns
    yield from rows


def _is_table(records: Sequence[dict[str, Any]], columns: Sequence[str], count: int) -> bool:
    """Short values, under names that at least half of the records have."""
    values = sum(map(len, records))
    return (
        1 < len(columns) <= _MOST_COLUMNS
        and "" not in columns
        and 2 * values >= len(columns) * count
        and all(not isinstance(v, list) and _fits(v) for r in records for v in r.values())
    )


def _fits(value: Any) -> bool:
    shown = _shown(value)
    return len(shown) <= _LONGEST_CELL and "\n" not in shown


def _scalars(values: Sequence[Any], path: str) -> list[str]:
    """A list of plain values: short ones in a line, long ones in a line each."""
    shown = [_shown(v) for v in values]
    joined = ", ".join(shown)
    if len(joined) <= _LONGEST_CELL:
        return [_line(path, joined)]
    return [*([f"{path}:"] if path else []), *shown]


def _line(path: str, value: Any) -> str:
    return f"{path}: {_shown(value)}" if path else _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        if len(value) >= 1000 and _ENCODED.fullmatch(value):
            return f"[encoded data, {len(value)} characters]"
        return value
    return {True: "true", False: "false"}.get(value, "") if isinstance(value, bool) else ""


def _paragraphs(lines: Sequence[str]) -> Iterator[str]:
    for n in range(0, len(lines), _LINES):
        shown = [escape(x).replace("\n", "<br/>") for x in lines[n : n + _LINES] if x.strip()]
        if shown:  # readers join the lines of a paragraph
            yield f"<p>{';<br/>'.join(shown)}</p>"
