"""E-mail: headers, text and quotations, and attachments as documents of their own."""

from __future__ import annotations

import random
import time
from collections.abc import Generator
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import pytest

from octavo.api.service import Service
from octavo.index.source import Source, container_of, name_of
from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import BOUNDS, FileLimits
from octavo.ingest.files import file_type
from octavo.ingest.formats.mime_mail import read_eml, read_mbox
from octavo.ingest.formats.outlook_msg import read_msg
from octavo.ingest.open_document import open_document
from octavo.ingest.read import read_pages
from octavo.ingest.worker.worker_protocol import Opened
from octavo.retrieve.query import Query
from tests.conftest import picture, text_pdf
from tests.ingest.test_formats import blocks_of, headings, pages_of, texts
from tests.support.ole_files import Tree, attached, attached_message, ole_file, outlook_message


def mail(subject: str, text: str = "", html: str = "") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Signe Ågård <signe@harbour.example>"
    message["To"] = "Tor <tor@harbour.example>, una@harbour.example"
    message["Date"] = "Fri, 12 Apr 2019 08:05:00 +0200"
    message["Subject"] = subject
    if text:
        message.set_content(text)
    if html and text:
        message.add_alternative(html, subtype="html")
    elif html:
        message.set_content(html, subtype="html")
    return message


def ingest(service: Service, file: Path) -> dict[str, str]:
    return {r.name: r.outcome for r in service.ingest([Source.file(file)])}


def names(service: Service) -> list[str]:
    return [s.document.name for s in service.named_all()]


def test_a_mail_has_its_headers_and_its_text() -> None:
    data = bytes(mail("Dredging of basin 3 – prices", "The dredger costs 8,400 EUR a day.\n"))
    (opened, *_) = read_pages(data, file_type(data, ".eml"), ocr=False)
    assert isinstance(opened, Opened)
    assert opened.metadata == {
        "title": "Dredging of basin 3 – prices",
        "author": "Signe Ågård <signe@harbour.example>",
        "creationDate": "Fri, 12 Apr 2019 08:05:00 +0200",
    }
    blocks = blocks_of(data, ".eml")
    assert headings(blocks) == ["Dredging of basin 3 – prices"]
    found = texts(blocks)
    assert "From: Signe Ågård <signe@harbour.example>" in found
    assert "To: Tor <tor@harbour.example>, una@harbour.example" in found
    assert "The dredger costs 8,400 EUR a day." in found
    assert not any("MIME-Version" in line for line in found)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"Subject: =?iso-2022-jp?B?GyRCOUEbKEI=?=\nFrom: a@b\n\nx", "港"),
        ("Subject: Gebühr für Kai 2\nFrom: a@b\n\nx".encode(), "Gebühr für Kai 2"),
        ("Subject: Gebühr für Kai 2\nFrom: a@b\n\nx".encode("cp1252"), "Gebühr für Kai 2"),
        (b"Subject: =?utf-8?q?Kr=C3=A4ne?=\n =?utf-8?q?_und_Seile?=\n\nx", "Kräne und Seile"),
        (b"Subject: =?nonsense?q?Winch?=\n\nx", "Winch"),
    ],
)
def test_subjects_are_decoded(data: bytes, said: str) -> None:
    assert read_eml(data, BOUNDS).subject == said


@pytest.mark.parametrize("charset", ["iso-8859-2", "koi8-r", "utf-16", "us-ascii"])
def test_bodies_are_decoded(charset: str) -> None:
    text = {"koi8-r": "Лебёдка на причале", "us-ascii": "Winch at the pier"}.get(charset, "Łańcuch")
    head = f"From: a@b\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: "
    data = f"{head}base64\n\n".encode() + __import__("base64").encodebytes(text.encode(charset))
    assert [t.text for t in read_eml(data, BOUNDS).texts] == [text]


def test_the_plain_form_is_read_once_and_html_where_there_is_no_other() -> None:
    both = mail("Both", "Bollard 12 holds 40 tonnes.", "<p>Bollard 12 holds <b>40</b> tonnes.</p>")
    found = texts(blocks_of(bytes(both), ".eml"))
    assert sum("Bollard 12" in line for line in found) == 1
    rich = mail("Rich", html="<table><tr><th>Bollard</th><th>t</th></tr><tr><td>B-9</td>"
                "<td>25</td></tr></table><script>x()</script>")  # fmt: skip
    found = texts(blocks_of(bytes(rich), ".eml"))
    assert "B-9 | 25" in found
    assert not any("x()" in line for line in found)


def test_quotations_are_kept() -> None:
    text = (
        "Yes, 60 bar.\n\nOn Monday Tor wrote:\n> Which pressure?\n"
        ">> It was 55 bar in March.\n> Tor\n"
    )
    found = texts(blocks_of(bytes(mail("Re: pressure", text)), ".eml"))
    assert "Yes, 60 bar." in found
    assert "Which pressure?" in found
    assert "It was 55 bar in March." in found


def test_flowed_lines_are_joined() -> None:
    data = (b"From: a@b\nContent-Type: text/plain; format=flowed\n\nThe ferry to Skerry \nleaves "
            b"at 07:25 \nfrom pier 4.\n")  # fmt: skip
    assert (
        read_eml(data, BOUNDS)
        .texts[0]
        .text.startswith("The ferry to Skerry leaves at 07:25 from pier 4.\n")
    )


def test_pictures_in_the_text_are_figures_and_no_attachments() -> None:
    message = mail(
        "Chart", "see below", '<p>Soundings</p><img src="cid:c1@x" alt="Soundings of May">'
    )
    rich = message.get_payload()[1]  # type: ignore[index]
    rich.add_related(picture(), "image", "png", cid="<c1@x>")  # type: ignore[union-attr]
    message.add_attachment(picture(), "image", "png", filename="other.png")
    assert [a.name for a in read_eml(bytes(message), BOUNDS).attachments] == ["other.png"]
    blocks = blocks_of(bytes(message), ".eml")
    (figure,) = (b for b in blocks if b.kind == "figure")
    assert "Soundings of May" in figure.caption[0].text


def test_attachments_are_named_and_documents_of_their_own(service: Service, tmp_path: Path) -> None:
    inner = mail("Mooring lines", "Line 7 is 64 mm thick.")
    inner.add_attachment(b"line;mm\n7;64,5\n8;52,5\n", "text", "csv", filename="lines.csv")
    outer = mail("Spring papers", "Dear Tor, the crane at quay 5 lifts 63 tonnes.")
    outer.add_attachment(text_pdf(["The fog horn needs 24 volts."]), "application", "pdf",
                         filename="../Über/horn.pdf")  # fmt: skip
    outer.add_attachment(text_pdf(["The lamp needs 12 volts."]), "application", "pdf",
                         filename="horn.pdf")  # fmt: skip
    outer.add_attachment(inner)
    file = tmp_path / "spring.eml"
    file.write_bytes(bytes(outer))
    expected = ["spring.eml", "horn.pdf in spring.eml", "horn (2).pdf in spring.eml",
                "Mooring lines.eml in spring.eml",
                "lines.csv in Mooring lines.eml in spring.eml"]  # fmt: skip
    assert ingest(service, file) == dict.fromkeys(expected, "added")
    assert ingest(service, file) == dict.fromkeys(expected, "unchanged")
    for question, said, name in (
        ("How many tonnes does the crane at quay 5 lift?", "63 tonnes", expected[0]),
        ("How many volts does the fog horn need?", "24 volts", expected[1]),
        ("How thick is mooring line 7?", "64 mm", expected[3]),
    ):
        sentence = service.ask(Query(question)).sentences[0]
        assert said in sentence.text
        assert sentence.citations[0].name == name
    (table,) = service.page_chunks(service.named(["lines.csv"])[0].document.id, 1)
    assert "7 | 64,5" in table.text
    (text,) = (c.text for c in service.page_chunks(service.named(["spring.eml"])[0].document.id, 1)
               if "Attachments:" in c.text)  # fmt: skip
    assert "horn.pdf" in text


def test_attachments_follow_their_mail(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "notice.eml"
    rules = text_pdf(["Berth rules."])
    first = mail("Notice", "Berth 2 is closed.")
    first.add_attachment(text_pdf(["Berth plan of May."]), "application", "pdf", filename="may.pdf")
    first.add_attachment(rules, "application", "pdf", filename="rules.pdf")
    file.write_bytes(bytes(first))
    ingest(service, file)
    second = mail("Notice", "Berth 2 is open again.")
    second.add_attachment(rules, "application", "pdf", filename="rules.pdf")
    file.write_bytes(bytes(second))
    assert ingest(service, file) == {
        "notice.eml": "updated",
        "rules.pdf in notice.eml": "unchanged",
    }
    copy = tmp_path / "rules.pdf"
    copy.write_bytes(rules)
    ingest(service, copy)
    deleted = service.delete("notice.eml")
    assert [d.name for d in deleted.deleted] == ["notice.eml"]
    assert names(service) == ["rules.pdf"]  # it is a file of its own, too
    service.delete("rules.pdf")
    assert names(service) == []


def test_a_mail_that_becomes_another_file_leaves_no_attachment(
    service: Service, tmp_path: Path
) -> None:
    file = tmp_path / "slip"
    message = mail("Slip", "Slip 3 is 40 m long.")
    message["Message-ID"] = "<1@x>"
    message.add_attachment(text_pdf(["Slip drawing."]), "application", "pdf", filename="d.pdf")
    file.write_bytes(bytes(message))
    assert len(ingest(service, file)) == 2
    file.write_bytes(text_pdf(["Slip 3 was sold."]))
    ingest(service, file)
    assert names(service) == ["slip"]


def test_an_attachment_that_fails_is_in_the_ledger_and_tried_again(
    service: Service, tmp_path: Path
) -> None:
    file = tmp_path / "parts.eml"
    message = mail("Parts", "See the archive.")
    message.add_attachment(b"\x1f\x8bjunk", "application", "gzip", filename="parts.gz")
    message.add_attachment(b"pier,m\nN,40\n", "text", "csv", filename="piers.csv")
    file.write_bytes(bytes(message))
    assert ingest(service, file)["parts.gz in parts.eml"] == "failed"
    (failed,) = service.status().failed
    assert failed.source == f"{file}!/parts.gz"
    retried = {r.name: r.outcome for r in service.retry(["parts.gz in parts.eml"])}
    assert retried == {
        "parts.eml": "unchanged", "parts.gz in parts.eml": "failed",
        "piers.csv in parts.eml": "unchanged",
    }  # fmt: skip
    out = service.delete("parts.eml")
    assert [f.name for f in out.forgotten] == ["parts.gz in parts.eml"]
    assert service.status().failed == []


def test_attachments_that_were_not_reached_are_in_the_ledger(
    service: Service, tmp_path: Path
) -> None:
    """The run ends between a mail and what is attached to it."""
    message = mail("Horns", "See the files.")
    message.add_attachment("The horn needs 24 volts.", filename="horn.txt")
    message.add_attachment("The lamp needs 12 volts.", filename="lamp.txt")
    file = tmp_path / "horns.eml"
    file.write_bytes(message.as_bytes())
    run = service.ingest([Source.file(file)])
    assert isinstance(run, Generator)
    assert next(run).name == "horns.eml"
    next(run)
    run.close()
    assert names(service) == ["horn.txt in horns.eml", "horns.eml"]
    (failed,) = service.status().failed
    assert failed.name == "attachments of horns.eml"
    assert "octavo retry" in failed.reason
    list(service.retry())
    assert "lamp.txt in horns.eml" in names(service)
    assert service.status().failed == []


def test_sources_in_a_file_are_told_from_folders(tmp_path: Path) -> None:
    folder = tmp_path / "Yahoo!"
    folder.mkdir()
    assert container_of(f"{folder}/a.pdf") == ""
    assert container_of("/x/m.eml!/n.eml!/a.pdf") == "/x/m.eml!/n.eml"
    assert name_of("/x/m.eml!/n.eml!/a.pdf") == "a.pdf in n.eml in m.eml"
    assert name_of(f"{folder}/a.pdf") == "a.pdf"


def box() -> bytes:
    lines = b"From signe@harbour.example Fri Apr 12 08:05:00 2019\n"
    first = mail("Buoy 4", "Buoy 4 is lit.\n\nFrom here on it blinks.\nFrom May 2019 on, twice.")
    second = mail("Buoy 5", "Buoy 5 has a bell.")
    second.add_attachment(b"buoy,bell\n5,yes\n", "text", "csv", filename="bells.csv")
    quoted = bytes(first).replace(b"\nFrom ", b"\n>From ")
    return lines + quoted + b"\n" + lines + bytes(second) + b"\n"


def test_each_message_of_an_mbox_is_a_section() -> None:
    data = box()
    assert file_type(data) == "mbox"
    pages = pages_of(data)
    assert [headings(list(p.blocks)) for p in pages] == [["Buoy 4"], ["Buoy 5"]]
    found = texts([b for p in pages for b in p.blocks])
    assert "From here on it blinks." in found
    assert "From May 2019 on, twice." in found
    assert [len(m.attachments) for m in read_mbox(data, BOUNDS)] == [0, 1]


def test_attachments_of_an_mbox(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "Inbox"
    file.write_bytes(box())
    assert ingest(service, file) == {"Inbox": "added", "bells.csv in Inbox": "added"}


_INNER: Tree = outlook_message(
    {"0037": "Old fees", "1000": "The fee was 77 EUR."}, [attached("old.txt", b"77")], inner=True
)
_MSG = ole_file(
    outlook_message(
        {"0037": "Fees – Łeba", "1000": "The fee is 91 EUR.\r\n" * 300, "0C1A": "Signe Ågård",
         "5D01": "signe@harbour.example", "0E04": "Tor; Una"},
        [attached("fees.csv", b"place;fee\nLeba;91,00\n"), attached_message("fwd", _INNER)],
        {0x39: 131_995_227_000_000_000},
    )
)  # fmt: skip
_NARROW = ole_file(
    outlook_message({"0037": "Opłaty za łódź".encode("cp1250"),
                     "1000": "Opłata: 91 zł".encode("cp1250")},
                    numbers={0x3FFD: 1250}, wide=False)
)  # fmt: skip
_HTML = ole_file(
    outlook_message(
        {"0037": "Chart", "1013": b"<p>Tiefe: 8 m, \xe4u\xdfen</p><img src='cid:k1' alt='Tiefen'>",
         "007D": "From: Una <una@harbour.example>\r\nDate: Mon, 1 Apr 2019 10:00:00 +0200\r\n"},
        [attached("k.png", picture(), "k1")], {0x3FDE: 1252},
    )
)  # fmt: skip


def test_outlook_messages() -> None:
    assert [file_type(data) for data in (_MSG, _NARROW, _HTML)] == ["msg"] * 3
    message = read_msg(_MSG, BOUNDS)
    assert message.subject == "Fees – Łeba"
    assert dict(message.headers) == {
        "From": "Signe Ågård <signe@harbour.example>", "To": "Tor; Una", "Cc": "",
        "Date": "Fri, 12 Apr 2019 06:05:00 +0000",
    }  # fmt: skip
    assert [a.name for a in message.attachments] == ["fees.csv", "fwd.eml"]
    inner = read_eml(message.attachments[1].data, BOUNDS)
    assert (inner.subject, inner.texts[0].text) == ("Old fees", "The fee was 77 EUR.")
    assert [(a.name, a.data) for a in inner.attachments] == [("old.txt", b"77")]
    assert read_msg(_MSG, BOUNDS).attachments[1].data == message.attachments[1].data
    narrow = read_msg(_NARROW, BOUNDS)
    assert (narrow.subject, narrow.texts[0].text) == ("Opłaty za łódź", "Opłata: 91 zł")


def test_an_outlook_message_in_html_shows_its_pictures() -> None:
    blocks = blocks_of(_HTML)
    found = texts(blocks)
    assert "Tiefe: 8 m, äußen" in found
    assert "From: Una <una@harbour.example>" in found
    (figure,) = (b for b in blocks if b.kind == "figure")
    assert "Tiefen" in figure.caption[0].text
    assert read_msg(_HTML, BOUNDS).attachments == []


def test_attachments_of_an_outlook_message(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "fees.msg"
    file.write_bytes(_MSG)
    assert ingest(service, file) == dict.fromkeys(
        [
            "fees.msg",
            "fees.csv in fees.msg",
            "fwd.eml in fees.msg",
            "old.txt in fwd.eml in fees.msg",
        ],
        "added",
    )


@pytest.mark.parametrize("cut", [700, 2000])
def test_a_damaged_outlook_message_says_so(cut: int) -> None:
    with pytest.raises(DocumentError, match="damaged Outlook message"):
        open_document(_MSG[:cut], "msg")


@pytest.mark.parametrize(
    ("data", "suffix", "kind"),
    [
        (bytes(mail("S", "x")), ".eml", "eml"),
        (bytes(mail("S", "x")), "", "eml"),
        (b"Received: from a by b; 1 Jan 2020\nFrom: a@b\n\nx", ".1234:2,S", "eml"),
        (b"From: the harbour master\nTo: all\n\nThe pier is closed.", ".txt", "txt"),
        (b"From 2019 on the pier is closed.\n", ".txt", "txt"),
        (b"From May 2019 on\nNote: the pier is closed.\n", ".txt", "txt"),
        (b"From Monday 2019\nFrom: x\n", ".mbox", "txt"),
        (b"From 17@xx Mon Apr 01 10:00:00 +0000 2019\nX-Id: 1\n\nx", ".txt", "mbox"),
        (b"From: a@b\n\nbytes \x00\x01\x02", ".eml", "eml"),
    ],
)
def test_mail_is_told_from_text(data: bytes, suffix: str, kind: str) -> None:
    assert file_type(data, suffix) == kind


def nested(depth: int) -> bytes:
    return b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth)
    )


@pytest.mark.parametrize(
    "data",
    [
        b"Subject: " + b"=?a?q?" * 300_000 + b"\n\nx",
        b"Content-Type: text/plain; " + b"a=b; " * 300_000 + b"\n\nx",
        nested(3000),
        nested(120),
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 30_000,
    ],
)
def test_hostile_mail_is_bounded(data: bytes) -> None:
    start = time.process_time()
    with suppress(DocumentError):
        read_eml(data, BOUNDS)
    assert time.process_time() - start < 10


def test_no_damage_to_an_outlook_message_is_another_error() -> None:
    """One that is none of ours would end the whole ingest: the type is told where it runs."""
    draw = random.Random(3)
    for n in range(300):
        data = bytearray(_MSG)
        for _ in range(draw.randint(1, 40)):
            data[draw.randrange(8, len(data) if n % 2 else 2048)] = draw.choice((0, 255, 7))
        with suppress(DocumentError):
            file_type(bytes(data))
            read_msg(bytes(data), BOUNDS)
    chain: Tree = {f"s{n}": b"" for n in range(3000)}
    with suppress(DocumentError):
        file_type(ole_file(chain))


def test_attachments_are_bounded(tmp_path: Path) -> None:
    from octavo.ingest.attachments import write_attachments

    message = mail("Many", "x")
    for n in range(5):
        message.add_attachment(bytes(400_000), "application", "octet-stream", filename=f"{n}.bin")
    with pytest.raises(DocumentError, match="OCTAVO_MAX_UNPACKED_MB"):
        write_attachments(bytes(message), "eml", tmp_path, FileLimits(unpacked=1 << 20))
