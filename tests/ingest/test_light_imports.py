"""What a process does without until it needs it: memory, and time to start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pymupdf

from tests.conftest import ROOT, text_pdf

_READING = {"pymupdf", "cv2", "onnxruntime", "rapidocr", "markdown_it"}


def run(code: str, *given: str) -> list[str]:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-c", code, *given]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [str(word) for word in json.loads(done.stdout)]


def test_to_serve_an_index_needs_nothing_that_reads() -> None:
    """With all that reads the import took 106 MB and 1.4 s of processor time; now 30 and 0.4."""
    modules = "json, sys, octavo.api.service, octavo.index.build"
    code = f"import {modules}; print(json.dumps(list(sys.modules)))"
    assert not _READING & set(run(code))


_READ = """
import json, sys
from pathlib import Path
from octavo.ingest.worker.reader import Reader

reader = Reader(ocr=False)
pages = [type(item).__name__ for item in reader.pages(Path(sys.argv[1]), "pdf")]
reader.close()
print(json.dumps([*pages, *sys.modules]))
"""


def test_the_process_that_indexes_reads_without_mupdf(tmp_path: Path) -> None:
    """Also what the reader sends it, with the style of a document that repeats a logo, brings no
    module along."""
    file = tmp_path / "logo.pdf"
    made = pymupdf.open(stream=text_pdf([f"page {n} of ten" for n in range(10)]))
    logo = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 40, 40))
    logo.clear_with(90)
    for page in made:
        page.insert_image((50, 700, 110, 760), pixmap=logo)
    made.save(file)
    found = run(_READ, str(file))
    assert found[:11] == ["Opened", *["PageContent"] * 10]
    assert not _READING & set(found)


_LAYOUT = """
import json, sys
from octavo.ingest.mupdf import import_mupdf

import_mupdf()
import pymupdf
from octavo.ingest.layout_model import find_regions

before = "pymupdf.layout" in sys.modules
page = pymupdf.open(stream=open(sys.argv[1], "rb").read())[0]
regions = find_regions(page)
print(json.dumps([before, "pymupdf.layout" in sys.modules, len(regions)]))
"""


def test_the_layout_model_is_loaded_by_the_page_that_needs_it(tmp_path: Path) -> None:
    file = tmp_path / "words.pdf"
    file.write_bytes(text_pdf(["The valve closes when the pressure falls below two bars."]))
    assert run(_LAYOUT, str(file)) == ["False", "True", "1"]
