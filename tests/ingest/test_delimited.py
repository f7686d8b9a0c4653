"""CSV and TSV: which character parts the values, in which encoding, and what is no table."""

from __future__ import annotations

import csv
import io
import time
from typing import Literal

import pytest

from octavo.api.service import Service
from octavo.index.source import Source
from octavo.ingest.formats.csv_dialect import read_delimited
from octavo.retrieve.query import Query
from tests.ingest.test_formats import blocks_of, tables, texts

_FEES = [
    ["Pier", "Gebühr, EUR", "Stadt"],
    ["Nord, außen", "4,75", "Emden"],
    ["Süd", "13,20", "Leer; Ost"],
    ["Kai 5", "1.250,00", "Husum"],
]
_LOG = [
    ["time", "event", "by"],
    ["2021-04-02T08:15:00", "door opened, closed again\nand locked", "Ida"],
    ["2021-04-02T09:40:30", 'she said "wait"', "Tor; Una"],
    ["2021-04-03T11:05:10", "lamp | horn tried", ""],
]
_SIZES = [["code", "sizes", "price"], *([f"K{n}", "S,M,L", f"{n},50"] for n in range(7))]


def written(
    rows: list[list[str]], delimiter: str, quoting: Literal[0, 1] = csv.QUOTE_MINIMAL
) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=quoting).writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("rows", [_FEES, _LOG, _SIZES])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_rows_come_back_as_they_were_written(
    delimiter: str, rows: list[list[str]], quoting: Literal[0, 1]
) -> None:
    delimited = read_delimited(written(rows, delimiter, quoting))
    assert delimited is not None
    assert list(delimited.rows()) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("sep=;\r\nOrt;Wert\r\nLeer;1,5\r\n", [["Ort", "Wert"], ["Leer", "1,5"]]),
        ("SEP=\t\na\tb, c\n", [["a", "b, c"]]),
        ("no,note\n1,'low, then high'\n2,'fine'\n", [["no", "note"], ["1", "low, then high"],
                                                     ["2", "fine"]]),
        ("x, y, z\n1, \"u, v\", 2\n", [["x", "y", "z"], ["1", "u, v", "2"]]),
        ('id,said\n4,"a \\"b\\", c"\n', [["id", "said"], ["4", 'a "b", c']]),
        ('Teil;Maß\nRohr;1/2" innen\nBolzen;M8\n', [["Teil", "Maß"], ["Rohr", '1/2" innen'],
                                                   ["Bolzen", "M8"]]),
        ("Register of piers, 2021\nPier;Gebühr\nNord;4,75\nSüd;13,20\n",
         [["Register of piers, 2021"], ["Pier", "Gebühr"], ["Nord", "4,75"], ["Süd", "13,20"]]),
        ("p,q\r1,2\r3,4\r", [["p", "q"], ["1", "2"], ["3", "4"]]),
    ],
)  # fmt: skip
def test_dialects_of_other_programs(text: str, rows: list[list[str]]) -> None:
    delimited = read_delimited(text)
    assert delimited is not None
    assert list(delimited.rows()) == rows


@pytest.mark.parametrize(
    "text",
    [
        "Dear Una, the horn is broken.\nCall me, or Tor, please.\nThanks,\nIda\n",
        "alpha\nbeta\n",
        "Messwert\n1,5\n2,25\n3,75\n",
        "Titles\nFirst, the piers\nSecond\nThird, the horns\n",
    ],
)
def test_prose_and_single_columns_are_no_table(text: str) -> None:
    assert read_delimited(text) is None
    assert tables(blocks_of(text.encode(), ".csv")) == []


@pytest.mark.parametrize(
    ("encoding", "place"),
    [
        ("utf-16", "Gävle"),
        ("utf-16-le", "Ængelholm"),
        ("utf-16-be", "Gävle"),
        ("cp1250", "Wałbrzych"),
        ("cp1252", "Malmö"),
        ("cp1251", "Нижний Новгород"),
        ("utf-8-sig", "Łomża"),
    ],
)
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_every_encoding_has_its_columns(encoding: str, place: str, delimiter: str) -> None:
    rows = [["Place", "Fee"], [place, "6,40"], ["Turku", "7,10"]]
    data = written(rows, delimiter).encode(encoding)
    assert tables(blocks_of(data, ".csv")) == [[" | ".join(row) for row in rows]]


def test_a_quote_that_never_ends_loses_nothing() -> None:
    text = "part,note\n" + 'A1,"five inch\n' + "".join(f"B{n},plain {n}\n" for n in range(12_000))
    found = "\n".join(texts(blocks_of(text.encode(), ".csv")))
    assert "five inch" in found
    assert "plain 11999" in found


def test_no_text_takes_long() -> None:
    hostile = ('",;|' * 5000, "1" * 20_000 + ",;", ",'" * 10_000 + ";", "a " * 10_000 + ",;|",
               'a,b\n"' + "x," * 2_000_000)  # fmt: skip
    start = time.process_time()
    for text in hostile:
        read_delimited(text)
    assert time.process_time() - start < 5


def test_a_value_is_quoted_with_its_column(service: Service) -> None:
    data = written(_FEES, ";").encode("cp1252")
    list(service.ingest([Source("fees.csv", "/x/fees.csv", lambda: data)]))
    answer = service.ask(Query("What is the Gebühr of the pier Nord, außen?"))
    assert "Gebühr, EUR: 4,75" in answer.sentences[0].text
    assert "Stadt: Emden" in answer.sentences[0].text
