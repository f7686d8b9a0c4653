"""Old Office files through a program called soffice: a script that writes what LibreOffice would,
hangs, crashes, or writes nothing."""

from __future__ import annotations

import http.server
import io
import os
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import docx
import pytest

from octavo.ingest.document import DocumentError
from octavo.ingest.files import file_type
from octavo.ingest.formats import libreoffice
from octavo.ingest.open_document import open_document
from octavo.ingest.worker.reader import Reader
from tests.conftest import picture
from tests.ingest.test_formats import blocks_of, headings, pages_of, texts
from tests.support.office_files import deck, handbook, workbook
from tests.support.ole_files import ole_file, outlook_message

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the script is one of POSIX")


def word(text: str) -> bytes:
    """Others for each test: what was converted is kept."""
    return ole_file({"WordDocument": text.encode() * 600, "1Table": b"t"})


_DOC = word("old word")
_XLS = ole_file({"Workbook": b"old sheets" * 600})
_PPT = ole_file({"PowerPoint Document": b"old slides" * 600, "Current User": b"u"})

_SCRIPT = """#!{python} -I
import pathlib, resource, shutil, subprocess, sys, time
arguments = sys.argv[1:]
out = pathlib.Path(arguments[arguments.index("--outdir") + 1])
to = arguments[arguments.index("--convert-to") + 1]
profile = arguments[0].removeprefix("-env:UserInstallation=file://")
assert pathlib.Path(profile, "user", "registrymodifications.xcu").is_file()
assert "--headless" in arguments and pathlib.Path(arguments[-1]).is_file()
assert resource.getrlimit(resource.RLIMIT_AS)[0] <= 4 << 30
{body}
"""
_WRITES = "out.mkdir(); shutil.copy(f'{folder}/made.{{to}}', out / f'document.{{to}}')"


def install(monkeypatch: pytest.MonkeyPatch, folder: Path, body: str) -> None:
    """A program soffice, first on the PATH."""
    folder.mkdir(exist_ok=True)
    script = folder / "soffice"
    script.write_text(_SCRIPT.format(python=sys.executable, body=body))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_old_files_are_told_by_their_streams() -> None:
    assert [file_type(data) for data in (_DOC, _XLS, _PPT)] == ["doc", "xls", "ppt"]
    message = outlook_message({"0037": "With a letter", "1000": "See the letter.", "3701": _DOC})
    assert file_type(ole_file(message)) == "msg"
    with pytest.raises(DocumentError, match="with a password"):
        file_type(ole_file({"EncryptedPackage": b"x", "EncryptionInfo": b"y"}))
    with pytest.raises(DocumentError, match="old Office format"):
        file_type(ole_file({"Something": b"else"}))
    with pytest.raises(DocumentError, match="damaged"):
        file_type(_DOC[:300])


def test_without_libreoffice_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    for data, kind, name in ((_DOC, "doc", "Word"), (_XLS, "xls", "Excel"), (_PPT, "ppt", "Power")):
        with pytest.raises(DocumentError, match=rf"is an? {name}.*\.{kind}.*LibreOffice.*install"):
            open_document(data, kind)


def test_what_it_writes_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "made.docx").write_bytes(handbook())
    (tmp_path / "made.xlsx").write_bytes(workbook())
    (tmp_path / "made.pptx").write_bytes(deck())
    install(monkeypatch, tmp_path, _WRITES.format(folder=tmp_path))
    assert "Pump handbook" in headings(blocks_of(_DOC))
    assert [b.kind for p in pages_of(_XLS) for b in p.blocks].count("table") >= 1
    assert len(pages_of(_PPT)) == len(pages_of(deck()))


def test_in_the_reading_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "made.docx").write_bytes(handbook())
    install(monkeypatch, tmp_path, _WRITES.format(folder=tmp_path))
    reader = Reader(ocr=False)
    try:
        opened, *pages = reader.pages(_DOC, "doc")
    finally:
        reader.close()
    assert len(pages) == opened.pages  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("print('source file could not be loaded', file=sys.stderr)",
         r"could not be converted by LibreOffice \(exit code 0\): source file could not be loaded"),
        ("sys.exit(77)", r"exit code 77"),
        ("import os; os.kill(os.getpid(), 11)", r"exit code -11"),
        ("out.mkdir(); (out / f'document.{to}').write_bytes(b'junk')", "damaged ZIP"),
    ],
)  # fmt: skip
def test_its_failures_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str, said: str
) -> None:
    install(monkeypatch, tmp_path, body)
    with pytest.raises(DocumentError, match=said):
        open_document(word(said), "doc")


def test_one_that_hangs_is_ended_with_all_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(libreoffice, "_SECONDS", 2)
    alive = tmp_path / "alive"
    child = f"import time, pathlib; time.sleep(4); pathlib.Path({str(alive)!r}).touch()"
    started = f"subprocess.Popen([sys.executable, '-c', {child!r}])"
    install(monkeypatch, tmp_path, f"{started}\ntime.sleep(60)")
    start = time.monotonic()
    with pytest.raises(DocumentError, match="took LibreOffice over 2 s"):
        open_document(word("hangs"), "doc")
    assert time.monotonic() - start < 10
    time.sleep(4)
    assert not alive.exists()


@pytest.mark.skipif(not libreoffice.find_libreoffice(), reason="LibreOffice is not installed")
def test_libreoffice_reads_and_fetches_nothing(tmp_path: Path) -> None:
    """By itself it fetches the picture that this letter links to."""
    asked: list[str] = []

    class Watcher(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_OPTIONS = do_GET

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Watcher)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    letter = docx.Document()
    letter.add_heading("Buoy fees", 1)
    letter.add_paragraph("Buoy 7 costs 41 EUR a month.")
    letter.add_picture(io.BytesIO(picture()))
    letter.save(tmp_path / "whole.docx")
    address = f'Target="http://127.0.0.1:{server.server_port}/x.png" TargetMode="External"'
    with (
        zipfile.ZipFile(tmp_path / "whole.docx") as whole,
        zipfile.ZipFile(tmp_path / "letter.docx", "w") as linked,
    ):
        for name in whole.namelist():
            data = whole.read(name).replace(b"r:embed=", b"r:link=")
            linked.writestr(name, data.replace(b'Target="media/image1.png"', address.encode()))
    try:
        subprocess.run(
            ["soffice", f"-env:UserInstallation={(tmp_path / 'p').as_uri()}", "--headless",
             "--convert-to", "doc", "--outdir", str(tmp_path), str(tmp_path / "letter.docx")],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        assert asked
        asked.clear()
        blocks = blocks_of((tmp_path / "letter.doc").read_bytes())
    finally:
        server.shutdown()
        server.server_close()
    assert headings(blocks) == ["Buoy fees"]
    assert "Buoy 7 costs 41 EUR a month." in texts(blocks)
    assert asked == []
