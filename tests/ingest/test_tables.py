"""Finding tables: in grids, between rules, by aligned numbers; and what is none."""

from __future__ import annotations

from typing import Any

import pymupdf

from tests.support.pages import blocks_of, of_kind, prose, put, put_right, words


def grid(page: Any, xs: list[float], ys: list[float]) -> None:
    for y in ys:
        page.draw_line((xs[0], y), (xs[-1], y))
    for x in xs:
        page.draw_line((x, ys[0]), (x, ys[-1]))


def test_a_grid_keeps_cells_of_several_lines() -> None:
    document = pymupdf.open()
    page = document.new_page()
    xs, ys = [72.0, 172.0, 362.0, 520.0], [100.0, 122.0, 190.0, 250.0]
    grid(page, xs, ys)
    for x, text in zip(xs, ("Operation", "Function", "Remarks"), strict=False):
        put(page, x + 4, 115, text)
    put(page, 76, 136, "Press once")
    for n, text in enumerate(("Wake the screen when", "the screen is off.", "Go to the home page")):
        put(page, 176, 136 + 16 * n, text)
    put(page, 76, 204, "Press and hold")
    put(page, 176, 204, "Power on the watch")
    put(page, 366, 204, "Not while it charges")
    prose(page, 72, 300, 520, 500)
    (table,) = of_kind(blocks_of(document), "table")
    assert [x.text for x in table.lines] == [
        "Operation | Function | Remarks",
        "Press once | Wake the screen when the screen is off. Go to the home page | ",
        "Press and hold | Power on the watch | Not while it charges",
    ]
    assert table.table is not None
    assert table.table.columns == 3
    assert table.box.rounded() == [72, 100, 520, 250]


def test_grids_under_each_other_are_tables_of_their_own() -> None:
    document = pymupdf.open()
    page = document.new_page()
    for top in (100.0, 300.0):
        grid(page, [72, 300, 520], [top, top + 24, top + 48, top + 72])
        for n in range(3):
            put(page, 76, top + 16 + 24 * n, f"Button {n} of {top:.0f}")
            put(page, 304, top + 16 + 24 * n, "Opens the menu")
    put(page, 72, 280, "Lower buttons")
    tables = of_kind(blocks_of(document), "table")
    assert [len(t.lines) for t in tables] == [3, 3]


def test_a_grid_of_numbers_keeps_every_column() -> None:
    document = pymupdf.open()
    page = document.new_page()
    rows = [("Part", "Price", "Since", "Share", "Sum")]
    rows += [(f"Bolt M{n}", f"{n}.50", f"20{n}", f"{n} %", f"{n * 100}") for n in range(10, 16)]
    xs = [72.0, 172.0, 252.0, 332.0, 412.0, 500.0]
    grid(page, xs, [100.0 + 20 * n for n in range(8)])
    for n, row in enumerate(rows):
        for x, text in zip(xs, row, strict=False):
            put(page, x + 4, 114 + 20 * n, text)
    (table,) = of_kind(blocks_of(document), "table")
    assert [x.text for x in table.lines] == [" | ".join(r) for r in rows]


STATEMENT = [
    ("Subscription", "3,223,904", "2,076,584"),
    ("Product", "1,125,146", "1,627,803"),
    ("Services and support", "446,461", "442,678"),
    ("Loss on investments", "(29,314)", "-"),
]


def statement(page: Any, left: float, right: float, top: float) -> None:
    """Names with dotted leaders and two columns of numbers, without one rule."""
    put_right(page, right - 100, top - 16, "2015")
    put_right(page, right, top - 16, "2014")
    for n, (name, this, last) in enumerate(STATEMENT):
        y = top + 14 * n
        put(page, left, y, name + " ." * 12)
        put_right(page, right - 100, y, this)
        put_right(page, right, y, last)


def test_numbers_under_each_other_are_a_table_without_rules() -> None:
    document = pymupdf.open()
    page = document.new_page()
    prose(page, 72, 80, 520, 200)
    statement(page, 72, 500, 300)
    prose(page, 72, 400, 520, 600)
    (table,) = of_kind(blocks_of(document), "table")
    rows = [x.text for x in table.lines]
    assert rows[0].endswith("2015 | 2014")
    assert rows[1:] == [" | ".join(r) for r in STATEMENT]  # without the dots of the leaders
    assert table.table is not None
    assert table.table.columns == 3


def test_a_table_takes_nothing_of_the_column_beside_it() -> None:
    document = pymupdf.open()
    page = document.new_page(width=700)
    prose(page, 40, 60, 250, 700, 30)
    statement(page, 300, 660, 300)
    blocks = blocks_of(document)
    (table,) = of_kind(blocks, "table")
    assert table.box.x0 >= 299
    assert "suction" not in " ".join(x.text for x in table.lines)


def test_no_word_of_a_page_with_tables_is_lost() -> None:
    document = pymupdf.open()
    page = document.new_page()
    statement(page, 72, 500, 200)
    grid(page, [72, 300, 520], [300, 324, 348, 372])
    for n in range(3):
        put(page, 76, 316 + 24 * n, f"Step {n}")
        put(page, 304, 316 + 24 * n, "Wait 5 minutes")
    prose(page, 72, 400, 520, 700)
    found = words(blocks_of(document))
    shown = [w for w in page.get_text().split() if w != "."]
    assert sorted(w for w in found if w != ".") == sorted(shown)


def test_bars_are_a_chart_and_not_a_table() -> None:
    document = pymupdf.open()
    page = document.new_page()
    prose(page, 72, 60, 520, 160)
    shares = ((39, 60), (34, 64), (49, 49), (23, 76), (60, 39), (44, 54))
    for n, (less, more) in enumerate(shares):
        y = 220 + 24 * n
        put_right(page, 212, y + 10, ("Total", "Age 18-29", "Age 65+", "Rural", "City", "Other")[n])
        page.draw_rect(pymupdf.Rect(300 - less, y, 300, y + 14), fill=(0.1, 0.2, 0.5))
        page.draw_rect(pymupdf.Rect(300, y, 300 + more, y + 14), fill=(0.6, 0.6, 0.2))
        put(page, 280, y + 10, str(less), 8)
        put(page, 304, y + 10, str(more), 8)
    blocks = blocks_of(document)
    assert of_kind(blocks, "table") == []
    (chart,) = of_kind(blocks, "figure")
    assert {"Total", "Age 65+", "Other", "76"} <= {x.text for x in chart.lines}


def test_a_frame_around_two_columns_of_text_is_no_table() -> None:
    document = pymupdf.open()
    page = document.new_page()
    grid(page, [60, 300, 540], [60, 700])
    page.draw_line((60, 90), (540, 90))
    put(page, 70, 80, "SUMMARY")
    prose(page, 66, 100, 294, 690, 12)
    prose(page, 306, 100, 534, 690, 12)
    assert {b.kind for b in blocks_of(document)} == {"text"}
