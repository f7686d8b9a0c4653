"""Forms, notes and attached files of a PDF are read where they stand."""

from __future__ import annotations

from typing import Any

import pymupdf
import pytest

from tests.conftest import picture
from tests.support.reading import blocks_read, text_read

TEXT, BOX = pymupdf.PDF_WIDGET_TYPE_TEXT, pymupdf.PDF_WIDGET_TYPE_CHECKBOX
CHOICE = pymupdf.PDF_WIDGET_TYPE_COMBOBOX
Place = tuple[float, float, float, float]


def field(page: Any, kind: int, name: str, place: Place, value: Any, **more: Any) -> None:
    widget = pymupdf.Widget()
    widget.field_type, widget.field_name = kind, name
    widget.rect = pymupdf.Rect(*place)
    for key, setting in more.items():
        setattr(widget, key, setting)
    widget.field_value = value
    page.add_widget(widget)


def new_page() -> tuple[Any, Any]:
    document = pymupdf.open()
    return document, document.new_page()


@pytest.mark.parametrize(
    ("label", "value"),
    [("Owner of the yacht:", "Isolde Marsh"), ("Draught", "1.85 m"), ("Sail no.", "K 4471")],
)
@pytest.mark.parametrize("side", ["before", "above"])
def test_a_value_stands_beside_its_label(label: str, value: str, side: str) -> None:
    document, page = new_page()
    page.insert_text((72, 100), label)
    place = (220.0, 88.0, 400.0, 104.0) if side == "before" else (72.0, 104.0, 300.0, 120.0)
    field(page, TEXT, "f1[0]", place, value)
    page.insert_text((72, 180), "Hand this in at the office.")
    assert text_read(document.tobytes()).splitlines() == [
        f"{label} {value}", "Hand this in at the office.",
    ]  # fmt: skip


@pytest.mark.parametrize("ticked", [True, False])
@pytest.mark.parametrize("label", ["Night watch", "Water on board", "Pilot needed"])
def test_a_box_reads_as_ticked_or_not(label: str, ticked: bool) -> None:
    document, page = new_page()
    field(page, BOX, "x1", (72, 90, 82, 100), ticked)
    page.insert_text((88, 99), label)
    field(page, BOX, "x2", (222, 90, 232, 100), not ticked)
    page.insert_text((238, 99), "Crane")
    marks = ("[x]", "[ ]") if ticked else ("[ ]", "[x]")
    found = text_read(document.tobytes()).splitlines()
    assert found == [f"{marks[0]} {label}", f"{marks[1]} Crane"]


def test_a_box_after_its_label_and_boxes_inside_a_line() -> None:
    document, page = new_page()
    page.insert_text((72, 99), "Diesel wanted:")
    field(page, BOX, "d", (200, 90, 210, 100), True)
    page.insert_text((72, 139), "Hull:     steel      timber")
    field(page, BOX, "h1", (97, 130, 106, 140), False)
    field(page, BOX, "h2", (140, 130, 149, 140), True)
    found = " ".join(text_read(document.tobytes()).split())
    assert found == "Diesel wanted: [x] Hull: [ ] steel [x] timber"


def test_a_choice_is_read_as_it_is_shown() -> None:
    document, page = new_page()
    page.insert_text((72, 100), "Basin")
    options = [("N", "North basin"), ("S", "South basin")]
    field(page, CHOICE, "c", (140, 88, 260, 104), "S", choice_values=options)
    assert text_read(document.tobytes()) == "Basin South basin"


def test_a_field_without_a_label_is_called_by_its_name() -> None:
    document, page = new_page()
    field(page, TEXT, "Home harbour", (300, 600, 400, 616), "Lerwick")
    field(page, TEXT, "form1[0].#subform[2].f2_07[0]", (300, 700, 400, 716), "Two nights")
    assert text_read(document.tobytes()).splitlines() == ["Home harbour: Lerwick", "Two nights"]


def test_values_of_a_grid_stay_apart() -> None:
    document, page = new_page()
    for c, head in enumerate(("Day", "Hours", "Rate")):
        page.insert_text((72 + 100 * c, 100), head)
        for r in range(2):
            place = (72.0 + 100 * c, 104.0 + 18 * r, 170.0 + 100 * c, 120.0 + 18 * r)
            field(page, TEXT, f"c{r}{c}", place, f"v{r}{c}")
    lines = text_read(document.tobytes()).splitlines()
    assert [c for line in lines for c in line.split(" | ")] == [
        "Day", "Hours", "Rate", "v00", "v01", "v02", "v10", "v11", "v12",
    ]  # fmt: skip


def test_passwords_and_empty_fields_are_left_out() -> None:
    document, page = new_page()
    page.insert_text((72, 100), "Key")
    field(page, TEXT, "Pass word", (140, 88, 260, 104), "s3cret", field_flags=1 << 13)
    page.insert_text((72, 140), "Remarks")
    field(page, TEXT, "Remarks", (140, 128, 260, 144), "")
    assert text_read(document.tobytes()).splitlines() == ["Key", "Remarks"]


@pytest.mark.parametrize("author", ["", "Una"])
def test_notes_and_comments_stand_after_what_they_are_at(author: str) -> None:
    document, page = new_page()
    page.insert_text((72, 100), "The lock opens at seven in the morning.")
    page.insert_text((72, 400), "Tugs are ordered a day ahead.")
    note = page.add_text_annot((500, 92), "Six in summer")
    note.set_info(content="Six in summer", title=author)
    note.update()
    mark = page.add_highlight_annot(page.search_for("a day")[0])
    mark.set_info(content="Two days at Easter", title=author)
    mark.update()
    page.add_freetext_annot(pymupdf.Rect(72, 500, 300, 520), "Typed on the page")
    by = f"Note by {author}" if author else "Note"
    assert text_read(document.tobytes()).splitlines() == [
        "The lock opens at seven in the morning.",
        f"{by}: Six in summer",
        "Tugs are ordered a day ahead.",
        f"{by} on “a day”: Two days at Easter",
        "Typed on the page",
    ]


def test_hidden_notes_and_marks_without_words_are_left_out() -> None:
    document, page = new_page()
    page.insert_text((72, 100), "The lock opens at seven.")
    hidden = page.add_text_annot((500, 92), "Not to be shown")
    hidden.set_flags(pymupdf.PDF_ANNOT_IS_HIDDEN)
    hidden.update()
    page.add_underline_annot(page.search_for("seven")[0]).update()
    assert text_read(document.tobytes()) == "The lock opens at seven."


@pytest.mark.parametrize("rotation", [90, 270])
def test_a_page_that_lies_on_its_side_has_its_notes_and_fields_in_place(rotation: int) -> None:
    document, page = new_page()
    page.set_rotation(rotation)
    turn = page.derotation_matrix
    page.insert_text(pymupdf.Point(72, 100) * turn, "Skipper", rotate=rotation)
    field(page, TEXT, "n", tuple(pymupdf.Rect(140, 88, 300, 104) * turn), "Ewan Sorley")
    (block,) = blocks_read(document.tobytes())
    assert [x.text for x in block.lines] == ["Skipper Ewan Sorley"]
    assert (round(block.box.x0), round(block.box.x1)) == (72, 300)


@pytest.mark.parametrize("name", ["tariff.xlsx", "Skizze 7.dwg", "plan of the quay.txt"])
def test_attached_files_are_named(name: str) -> None:
    document, page = new_page()
    page.insert_text((72, 100), "See the attachment.")
    document.embfile_add("one", b"inside", filename=name, desc="For the board")
    page.add_file_annot((300, 300), b"pinned", f"pinned {name}").update()
    found = text_read(document.tobytes()).splitlines()
    assert set(found) == {
        "See the attachment.",
        f"Attached file: {name} (For the board)",
        f"Attached file: pinned {name}",
    }


def test_fields_and_notes_of_a_scan_are_read_beside_its_picture() -> None:
    document, page = new_page()
    page.insert_image(page.rect, stream=picture())
    field(page, TEXT, "Skipper", (72, 88, 300, 104), "Ewan Sorley")
    page.add_text_annot((500, 92), "Signed on paper").update()
    blocks = blocks_read(document.tobytes())
    assert {b.kind for b in blocks} >= {"text"}
    lines = [x.text for b in blocks for x in b.lines]
    assert {"Skipper: Ewan Sorley", "Note: Signed on paper"} <= set(lines)


def test_a_stamp_is_read() -> None:
    document, page = new_page()
    page.insert_text((72, 100), "The plan of the new pier.")
    page.add_stamp_annot(pymupdf.Rect(300, 300, 450, 350), stamp=0).update()
    assert "Approved" in text_read(document.tobytes())
