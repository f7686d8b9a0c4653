"""Tables as reports print them: what stands over each cell, and in which part it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pymupdf
import pytest

from octavo.ingest.chunk import chunk_pages
from octavo.ingest.document import Box, Chunk, Line, PageContent
from octavo.ingest.figures.vector_graphics import Drawings
from octavo.ingest.read import read_pages
from octavo.ingest.tables.aligned_tables import find_aligned
from octavo.ingest.tables.baselines import Baseline
from octavo.ingest.tables.header_runs import best_runs
from octavo.ingest.tables.merged_cells import merged_cells
from octavo.ingest.tables.table_rows import TableRow, table_rows

#: Left end, baseline, text.
Text = tuple[float, float, str]


def pdf(*pages: Sequence[Text], rules: Sequence[tuple[float, float, float, float]] = ()) -> bytes:
    document = pymupdf.open()
    for texts in pages:
        page = document.new_page(width=595, height=842)
        for x, y, text in texts:
            page.insert_text((x, y), text, fontsize=9)
        for x0, y0, x1, y1 in rules:
            page.draw_line((x0, y0), (x1, y1), width=0.6)
    data: bytes = document.tobytes()
    return data


def right(edge: float, y: float, text: str) -> Text:
    return edge - pymupdf.get_text_length(text, fontsize=9), y, text


def tables(data: bytes) -> list[Chunk]:
    pages = (p for p in read_pages(data, "pdf") if isinstance(p, PageContent))
    return [c for c in chunk_pages("d" * 64, pages) if c.kind == "table"]


def rows(data: bytes) -> list[TableRow]:
    return [row for chunk in tables(data) for row in table_rows(chunk)]


def statement(years: tuple[str, str, str], amounts: Sequence[tuple[str, ...]]) -> list[Text]:
    """As annual reports are set: years over `$` columns, no rules."""
    texts: list[Text] = [right(e, 100, y) for e, y in zip((330, 420, 510), years, strict=True)]
    for n, (name, *values) in enumerate(amounts):
        y = 116 + 14 * n
        texts.append((72, y, name))
        for edge, value in zip((330, 420, 510), values, strict=False):
            texts += (
                [(edge - 50, y, "$"), right(edge, y, value)] if n == 0 else [right(edge, y, value)]
            )
    return texts


def test_each_amount_stands_under_its_own_year() -> None:
    found = rows(pdf(statement(("2031", "2030", "2029"), [
        ("Harbour dues", "192,052", "163,220", "149,351"),
        ("Pilotage", "3,877", "3,541", "3,352"),
        ("Total revenue", "195,929", "166,761", "152,703"),
        ("Towage", "(1,040)", "990", "870"),
    ])))  # fmt: skip
    assert found[0].labelled == "Harbour dues; 2031: $192,052; 2030: $163,220; 2029: $149,351"
    assert found[2].labelled == "Total revenue; 2031: 195,929; 2030: 166,761; 2029: 152,703"
    assert found[3].labelled == "Towage; 2031: (1,040); 2030: 990; 2029: 870"


def test_rows_know_the_part_of_the_table_that_they_are_in() -> None:
    found = rows(pdf(statement(("2031", "2030", "2029"), [
        ("Income", ),
        ("Harbour dues", "192,052", "163,220", "149,351"),
        ("Pilotage", "3,877", "3,541", "3,352"),
        ("Expenses", ),
        ("Wages", "95,929", "66,761", "52,703"),
        ("Dredging", "1,040", "990", "870"),
    ])))  # fmt: skip
    by_name = {r.name: r for r in found}
    assert by_name["Pilotage"].section == "Income"
    assert by_name["Dredging"].section == "Expenses"
    assert by_name["Dredging"].labelled == "Expenses > Dredging; 2031: 1,040; 2030: 990; 2029: 870"


@pytest.mark.parametrize("below", [False, True])
def test_a_name_over_two_lines_is_one_row(below: bool) -> None:
    """The amounts stand beside the first line of the name, or beside the last."""
    texts: list[Text] = [(72, 100, "Work"), right(330, 100, "2031"), right(420, 100, "2030")]
    works = [("Repair of the northern", "breakwater", "1,120", "870"),
             ("Buoys", "", "340", "310"),
             ("Dredging of the inner", "basin", "95", "88"),
             ("Lights", "", "12", "11")]  # fmt: skip
    y = 120.0
    for first, second, a, b in works:
        texts.append((72, y, first))
        if second:
            texts.append((72, y + 10, second))
        amounts = y + 10 if below and second else y
        texts += [right(330, amounts, a), right(420, amounts, b)]
        y += 28 if second else 18
    found = {r.name: r.labelled for r in rows(pdf(texts))}
    assert found["Repair of the northern breakwater"] == (
        "Work: Repair of the northern breakwater; 2031: 1,120; 2030: 870"
    )
    assert found["Dredging of the inner basin"].endswith("2031: 95; 2030: 88")


def test_a_header_over_several_columns() -> None:
    texts: list[Text] = [(72, 114, "Region")]
    for n, quarter in enumerate(("Net sales", "Crates")):
        left = 200 + 160 * n
        texts.append((left + 40, 100, quarter))
        texts += [right(left + 50, 114, "Q1"), right(left + 120, 114, "Q2")]
    for n, name in enumerate(("North", "South", "East", "West")):
        y = 130 + 14 * n
        texts.append((72, y, name))
        texts += [
            right(250 + 160 * (k // 2) + 70 * (k % 2), y, f"{(n + 2) * 155 + k}") for k in range(4)
        ]
    found = rows(pdf(texts))
    assert [c.header for c in found[0].cells] == [
        "Region", "Net sales > Q1", "Net sales > Q2", "Crates > Q1", "Crates > Q2",
    ]  # fmt: skip
    assert found[1].labelled.startswith("Region: South; Net sales > Q1: 465")


def test_words_in_columns_without_rules_are_a_table() -> None:
    table = [("Vessel", "Cargo", "Berth", "Master"), ("Ardent", "timber", "north quay", "Ives"),
             ("Bold Venture", "salt", "pier 4", "Okafor"),
             ("Corsair", "machine parts", "pier 2", "Lund"),
             ("Dunlin", "grain", "south quay", "Reyes")]  # fmt: skip
    texts = [
        (72.0 + 110 * c, 100.0 + 15 * n, t) for n, r in enumerate(table) for c, t in enumerate(r)
    ]
    found = rows(pdf(texts))
    assert found[-1].printed == "Dunlin | grain | south quay | Reyes"


def test_two_columns_of_running_text_are_no_table() -> None:
    words = [
        "the",
        "harbour",
        "master",
        "keeps",
        "a",
        "book",
        "of",
        "every",
        "vessel",
        "that",
        "enters",
        "and",
        "the",
        "cargo",
        "that",
        "it",
        "brings",
    ]
    texts: list[Text] = []
    for n in range(14):
        for c in range(3):
            line = " ".join(words[(n * 3 + c * 5 + k) % len(words)] for k in range(6))
            texts.append((50.0 + 178 * c, 100.0 + 12 * n, line))
    assert tables(pdf(texts)) == []


def test_a_merged_cell_names_all_its_rows() -> None:
    texts: list[Text] = [(80, 112, "Yard"), (180, 112, "Slip"), (280, 112, "Length m")]
    slips = [("A1", "41"), ("A2", "38"), ("B1", "55"), ("B2", "52")]
    for n, (slip, length) in enumerate(slips):
        texts += [(180, 132 + 20 * n, slip), (280, 132 + 20 * n, length)]
    texts += [(80, 142, "Upper"), (80, 182, "Lower")]
    across = [(72, y, 372, y) for y in (98, 118, 158, 198)] + [(172, y, 372, y) for y in (138, 178)]
    down = [(x, 98, x, 198) for x in (72, 172, 272, 372)]
    found = rows(pdf(texts, rules=[*across, *down]))
    assert [r.name for r in found] == ["Upper", "Upper", "Lower", "Lower"]
    assert found[3].labelled == "Yard: Lower; Slip: B2; Length m: 52"


def test_a_table_goes_on_under_its_header_on_the_next_page() -> None:
    def page(start: int, header: bool) -> list[Text]:
        texts: list[Text] = []
        for n in range(start, start + 50):
            y = 60 + 15 * (n - start)
            texts += [
                (72, y, f"Mooring {n}"),
                right(300, y, f"{n * 13}"),
                right(420, y, f"{n * 7}"),
            ]
        head: list[Text] = [
            (72, 45, "Mooring"),
            right(300, 45, "Depth cm"),
            right(420, 45, "Load kg"),
        ]
        return [*head, *texts] if header else texts

    found = rows(pdf(page(1, header=True), page(51, header=False)))
    assert found[-1].labelled == "Mooring: Mooring 100; Depth cm: 1300; Load kg: 700"
    assert found[-1].region.page == 2


def test_a_turned_table_is_read_upright_and_cited_where_it_stands() -> None:
    document = pymupdf.open()
    page = document.new_page(width=595, height=842)
    table = [("Item", "Mass kg", "Price EUR"), ("Anchor", "85", "640"), ("Chain", "210", "915"),
             ("Winch", "44", "1,280")]  # fmt: skip
    for n, cells in enumerate(table):
        for c, text in enumerate(cells):
            page.insert_text((100 + 20 * n, 700 - 120 * c), text, fontsize=9, rotate=90)
    found = rows(document.tobytes())
    assert found[-1].labelled == "Item: Winch; Mass kg: 44; Price EUR: 1,280"
    box = found[-1].region.box
    assert 145 < box.x0 < box.x1 < 170
    assert box.y1 > 690


def test_turned_text_of_a_drawing_is_read() -> None:
    """Only pages of a PDF can be turned."""
    texts = "".join(
        f'<text transform="translate({20 * n},250) rotate(-90)">turned words {n}</text>'
        for n in range(1, 8)
    )
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300">{texts}</svg>'
    (page,) = (p for p in read_pages(svg.encode(), "svg", ocr=False) if isinstance(p, PageContent))
    assert page.status.state == "text"
    assert "turned words 3" in [x.text for b in page.blocks for x in b.lines]


def test_a_header_that_is_not_sure_is_left_out() -> None:
    """Headers set between columns could be either's."""
    texts: list[Text] = [(262, 100, "Gross"), (352, 100, "Net")]
    for n, name in enumerate(("Quay", "Pier", "Mole", "Dock")):
        y = 116 + 14 * n
        texts.append((72, y, name))
        texts += [right(e, y, str(100 + n * 7)) for e in (220, 310, 400)]
    for row in rows(pdf(texts)):
        assert row.labelled == row.printed or "Gross" not in row.labelled


@pytest.mark.timeout(20)
def test_a_header_of_hundreds_of_columns_takes_no_time() -> None:
    extents = [(20.0 * n, 20.0 * n + 9) for n in range(700)]
    assert best_runs(extents[:600], extents, False) is None
    assert best_runs(extents[:5], extents[:5], False) == [(n, n + 1) for n in range(5)]


@pytest.mark.timeout(20)
def test_graph_paper_has_no_merged_cells() -> None:
    levels = [10.0 * n for n in range(1000)]
    across = [Box(0, y, 9990, y) for y in levels]
    down = [Box(x, 0, x, 9990) for x in levels]
    assert merged_cells(levels, levels, across, down) == []


@pytest.mark.timeout(20)
def test_text_far_outside_the_page_fills_no_memory() -> None:
    far = [Baseline([Line("word", Box(x, 20.0 * n, x + 30, 20.0 * n + 9)) for x in (0, 90, 9e8)])
           for n in range(6)]  # fmt: skip
    none = np.zeros((0, 4))
    flags = np.zeros(0, np.bool_)
    assert find_aligned(far, none, Drawings((), (), none, flags, flags, ())) == []
