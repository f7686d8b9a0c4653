"""What a file is, by content; and what is said of files that are none."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from octavo.ingest.document import DocumentError, PageContent
from octavo.ingest.files import file_type, find_files
from octavo.ingest.open_document import open_document
from octavo.ingest.read import read_pages
from tests.conftest import picture, text_pdf


@pytest.mark.parametrize(
    ("data", "suffix", "kind"),
    [
        (text_pdf(["x"]), ".txt", "pdf"),
        (b"junk before\n" + text_pdf(["x"]), ".pdf", "pdf"),
        (picture(), ".pdf", "png"),
        (b"BMW service: every 15000 km", ".txt", "txt"),
        (b"GIF8 is a prefix", ".txt", "txt"),
        (b"# Title\n", ".md", "md"),
        (b"# Title\n", ".txt", "txt"),
        (b"  <!DOCTYPE html><p>x", "", "html"),
        ("größer".encode("cp1252"), ".txt", "txt"),
        ("größer".encode("utf-16"), ".txt", "txt"),
    ],
)
def test_the_content_decides(data: bytes, suffix: str, kind: str) -> None:
    assert file_type(data, suffix) == kind


@pytest.mark.parametrize(
    ("data", "said"), [(b"", "empty"), (b"\x7fELF\x00\x01\x02" * 40, "not a document")]
)
def test_what_is_no_document_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        file_type(data, ".pdf")


def test_encrypted_files_say_so() -> None:
    document = pymupdf.open(stream=text_pdf(["secret"]), filetype="pdf")
    data = document.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="x", owner_pw="y")
    with pytest.raises(DocumentError, match="encrypted"):
        open_document(data, "pdf")
    assert open_document(data, "pdf", password="x").page_count == 1


def test_damaged_files_say_so() -> None:
    with pytest.raises(DocumentError, match=r"cannot be opened|no pages"):
        open_document(b"%PDF-1.7\nnothing here", "pdf")


def test_markdown_keeps_headings_tables_and_text() -> None:
    note = b"# Commissioning\n\nFlow was 41 l/s.\n\n| Item | Value |\n|---|---|\n| Head | 32 m |\n"
    pages = [p for p in read_pages(note, "md") if isinstance(p, PageContent)]
    blocks = [b for p in pages for b in p.blocks]
    assert blocks[0].heading > 0
    assert any("Flow was 41 l/s." in x.text for b in blocks for x in b.lines)
    table = next(b for b in blocks if b.kind == "table")
    assert [x.text for x in table.lines] == ["Item | Value", "Head | 32 m"]


def test_html_in_a_note_stays_text() -> None:
    pages = list(read_pages(b"Before <script>alert(1)</script> after", "md"))[1:]
    text = " ".join(x.text for p in pages if isinstance(p, PageContent) for b in p.blocks
                    for x in b.lines)  # fmt: skip
    assert "<script>" in text


def test_folders_are_walked_in_order_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b.pdf", "a/c.txt", ".git/x.txt", "a/~$lock.docx"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found = [str(p.relative_to(tmp_path)) for p in find_files([tmp_path])]
    assert found == ["a/c.txt", "b.pdf"]
    assert list(find_files([tmp_path / "absent"])) == [tmp_path / "absent"]


def test_text_that_turns_out_not_to_be_is_refused() -> None:
    late = b"x " * 40_000 + b"\x00"
    with pytest.raises(DocumentError, match="not text in any encoding"):
        open_document(late, file_type(late, ".txt"))


def test_a_page_of_absurd_size_is_read_or_fails() -> None:
    document = pymupdf.open()
    page = document.new_page(width=14_000, height=14_000)
    page.draw_rect(pymupdf.Rect(10, 10, 9000, 9000))
    page.insert_text((100, 100), "far out", fontsize=20)
    data = document.tobytes().replace(b"14000", b"99999999")
    pages = [p for p in read_pages(data, "pdf") if isinstance(p, PageContent)]
    assert len(pages) == 1
