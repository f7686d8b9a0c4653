"""Write the example documents and query pictures of the demo.

    python examples/make_examples.py [OUT_DIR]

Everything is drawn here, so there is nothing to download and nothing whose licence has to
be asked about. Each run writes the same bytes: dates are fixed, and so is all the noise.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pymupdf
from letter import build_letter
from manual import build_manual
from photos import QUERY_VIEWS, query_photo
from report import build_report
from site_note import SITE_NOTE

DEFAULT_OUT = Path(__file__).parent / "build"


def _save(document: pymupdf.Document, path: Path, title: str, author: str, day: str) -> None:
    """Save without anything that changes from run to run."""
    stamp = f"D:{day}090000Z"
    document.set_metadata(
        {"title": title, "author": author, "creationDate": stamp, "modDate": stamp}
    )
    document.save(path, garbage=4, deflate=True, no_new_id=True)


def make_examples(out: Path) -> list[Path]:
    """Write all files below ``out`` and return their paths."""
    queries = out / "queries"
    queries.mkdir(parents=True, exist_ok=True)
    maker, owner = "Brackwater Hydraulics", "Lindmoor Water Cooperative"
    manual_title = "HX 80-250 centrifugal pump: maintenance manual"
    _save(build_manual(), out / "pump-manual.pdf", manual_title, maker, "20240304")
    _save(build_report(), out / "annual-report.pdf", "Annual report 2023", owner, "20240212")
    _save(build_letter(), out / "scanned-letter.pdf", "Scan", owner, "20240620")
    (out / "site-note.md").write_text(SITE_NOTE, encoding="utf-8", newline="\n")
    for name in QUERY_VIEWS:
        (queries / f"{name}.jpg").write_bytes(query_photo(name))
    return [path for path in sorted(out.rglob("*")) if path.is_file()]


def main() -> None:
    """Command line entry."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_OUT
    for path in make_examples(out):
        print(f"{path.stat().st_size:>9,}  {path}")


if __name__ == "__main__":
    main()
