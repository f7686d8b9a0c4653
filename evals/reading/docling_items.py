"""Texts, tables and pictures of a DoclingDocument, in its reading order."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from octavo.evals.datasets.types import DatasetError
from octavo.ingest.document import Box

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class DoclingItem:
    """A text, table or picture of an expected output, in reading order. `rows` of a table: the
    texts of its cells."""

    kind: str
    page: int
    box: Box
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


def read_items(file: Path) -> Iterator[DoclingItem]:
    """Items of the body in reading order, each on the first of its pages; captions, what stands in
    pictures, headers and footers left out. Boxes from the top left. Raises DatasetError."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        for raw in _in_order(document, document["body"]):
            if raw.get("content_layer", "body") == "body" and raw.get("prov"):
                yield _item(raw, document["pages"])
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise DatasetError(f"{file} is no DoclingDocument: {error!r}") from None


def _in_order(document: Mapping[str, Any], node: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for child in node["children"]:
        _, kind, number = child["$ref"].split("/")
        raw = document[kind][int(number)]
        if kind in ("texts", "tables", "pictures") and raw["label"] != "caption":
            yield raw | {"kind": kind}
        if kind not in ("tables", "pictures"):
            yield from _in_order(document, raw)


def _item(raw: Mapping[str, Any], pages: Mapping[str, Any]) -> DoclingItem:
    place = raw["prov"][0]
    b = place["bbox"]
    top, bottom = b["t"], b["b"]
    if b["coord_origin"] == "BOTTOMLEFT":
        height = pages[str(place["page_no"])]["size"]["height"]
        top, bottom = height - top, height - bottom
    box = Box(b["l"], top, b["r"], bottom)
    cells = raw["data"]["table_cells"] if raw["kind"] == "tables" else ()
    rows = groupby(
        sorted(cells, key=lambda c: (c["start_row_offset_idx"], c["start_col_offset_idx"])),
        key=lambda c: c["start_row_offset_idx"],
    )
    texts = tuple(tuple(c["text"] for c in row if words(c["text"])) for _, row in rows)
    return DoclingItem(raw["kind"], place["page_no"], box, raw.get("text", ""), texts)


def words(text: str) -> list[str]:
    """In small letters, without what is no letter or digit."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
