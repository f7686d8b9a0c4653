"""Documents that have no pages of their own: chapters of HTML, laid out by MuPDF as one EPUB.

The same chapters give the same pages, boxes and pictures on every call. Chapters are laid out one
by one, so memory does not grow with their number: 4,200 pages took 0.42 GB, as one HTML file of
3,200 pages 0.54 GB and growing. A chapter begins on a new page.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pymupdf

from octavo.ingest.document import DocumentError
from octavo.ingest.figures.captions import CAPTION
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.converted import A4, Converted, Paper
from octavo.ingest.formats.raster import drawable_picture
from octavo.ingest.text.plain_characters import composed
from octavo.ingest.text.raised_text import plain_html
from octavo.ingest.text.symbol_fonts import office_text

#: Rules between cells, so that a table is found like a printed one; every heading larger than
#: text by more than readers need to tell (h4 to h6 of browsers are not larger at all); text far
#: enough from pictures that it is not taken for a label.
_STYLE = """
@page{margin:40pt 48pt}
body{font-family:sans-serif;line-height:1.35;margin:0;overflow-wrap:break-word}
h1{font-size:2em;margin:.5em 0 .3em} h2{font-size:1.65em;margin:.6em 0 .3em}
h3{font-size:1.45em;margin:.6em 0 .3em} h4{font-size:1.32em;margin:.6em 0 .3em}
h5{font-size:1.22em;margin:.6em 0 .3em} h6{font-size:1.15em;margin:.6em 0 .3em}
p{margin:.45em 0} ul,ol{margin:.3em 0 .3em 1.6em;padding:0} li{margin:.1em 0}
blockquote{margin:.4em 0 .4em 1.6em} dd{margin:0 0 .2em 1.6em}
pre{white-space:pre-wrap;font-family:monospace;font-size:.9em;margin:.5em 0}
table{border-collapse:collapse;margin:16pt 0}
td,th{border:1px solid #888;padding:2pt 5pt;text-align:left;vertical-align:top}
th{font-weight:bold} .small{font-size:.8em} .tiny{font-size:.64em}
.picture{margin:14pt 0} .alt{margin:22pt 0} .end{page-break-after:always}
"""
_FULL = 120_000  # characters of a chapter before it is cut between two blocks
_ENDLESS = 500
_LONG_WORD = re.compile(rf"\S{{{_ENDLESS}}}(?=\S)")
_CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" '
    'xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
    'full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


@dataclass(slots=True)
class Pictures:
    """The pictures of a book, each stored once."""

    bounds: FileLimits
    paper: Paper = A4
    files: dict[str, bytes] = field(default_factory=dict)

    def html(self, data: bytes, alt: str = "", width: float = 0.0) -> str:
        """A block that shows a picture with `alt` under it; `width` points, 0: its own size.

        A picture that cannot be drawn is named by its alternative text.
        """
        try:
            picture = drawable_picture(data, self.bounds)
        except DocumentError as error:
            return missing_picture(f"{alt}: left out, {error}" if alt else f"left out, {error}")
        except MUPDF_ERRORS:
            picture = None
        if picture is None or not (picture.width > 0 and picture.height > 0):
            return missing_picture(alt)
        name = f"{hashlib.sha256(picture.data).hexdigest()[:32]}.{picture.kind}"
        self.files[name] = picture.data
        scale = min(
            (width or picture.width) / picture.width,
            self.paper.inner_width / picture.width,
            0.8 * self.paper.inner_height / picture.height,
        )
        size = f'width="{picture.width * scale:.1f}" height="{picture.height * scale:.1f}"'
        return f'<p class="picture"><img src="{name}" {size}/></p>{caption(alt)}'

    def drawing(self, svg: bytes) -> str:
        """A block that shows an SVG drawing."""
        name = f"{hashlib.sha256(svg).hexdigest()[:32]}.svg"
        self.files[name] = svg
        return f'<p class="picture"><img src="{name}"/></p>'


#: What MuPDF raises for damage. Its own base class is no RuntimeError.
MUPDF_ERRORS = (pymupdf.mupdf.FzErrorBase, RuntimeError, ValueError)


def escape(text: str) -> str:
    """Text as HTML; characters that XML cannot hold are left out, and what is no word but 500
    characters without a space (encoded data) is parted: MuPDF took minutes to set 2 MB of it."""
    if len(text) > _ENDLESS:
        text = _LONG_WORD.sub(r"\g<0> ", text)
    if not text.isascii():
        text = composed(text)
    if not text.isprintable():
        text = "".join(c for c in office_text(text, "") if c >= " " or c in "\t\n")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def caption(text: str, noun: str = "Picture") -> str:
    """A paragraph under a picture or above a table, or nothing where there is no text.

    What the file marks as caption or alternative text is called so ("Picture: ..."), unless it
    calls itself so ("Figure 3. ..."): then it stays with its picture or table.
    """
    text = " ".join(text.split())
    if not text:
        return ""
    labelled = text if CAPTION.match(text) else f"{noun}: {text}"
    return f'<p class="alt">{escape(labelled)}</p>'


def missing_picture(alt: str) -> str:
    """What stands for a picture that cannot be drawn."""
    return f"<p>[picture{': ' if alt.strip() else ''}{escape(alt.strip())}]</p>"


@dataclass(slots=True)
class EpubBuilder:
    """Chapters of HTML blocks, with what the file says of itself."""

    chapters: Iterable[Iterable[str]]
    pictures: Pictures
    metadata: dict[str, str] = field(default_factory=dict)
    paper: Paper = A4

    def make(self) -> Converted:
        """The chapters as an EPUB. Raises DocumentError where there is nothing in them."""
        return Converted(_epub(self), "epub", self.paper, self.metadata)


def _epub(book: EpubBuilder) -> bytes:
    """The book as an EPUB without compression; pictures are in it once its chapters are made."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        count = 0
        for count, chapter in enumerate(_chapters(book.chapters), 1):
            archive.writestr(f"{count}.html", _page(chapter))
        if count == 0:
            raise DocumentError("the file has no text")
        for name, data in book.pictures.files.items():
            archive.writestr(name, data)
        archive.writestr("META-INF/container.xml", _CONTAINER)
        archive.writestr("book.opf", _package(count))
    return out.getvalue()


def _chapters(chapters: Iterable[Iterable[str]]) -> Iterator[str]:
    for blocks in chapters:
        chapter_blocks: list[str] = []
        size = 0
        for block in blocks:
            chapter_blocks.append(plain_html(block))
            size += len(block)
            if size > _FULL:
                yield "".join(chapter_blocks)
                chapter_blocks, size = [], 0
        if chapter_blocks:
            yield "".join(chapter_blocks)


def _page(body: str) -> str:
    return f"<html><head><style>{_STYLE}</style></head><body>{body}</body></html>"


def _package(count: int) -> str:
    items = "".join(
        f'<item id="c{n}" href="{n}.html" media-type="application/xhtml+xml"/>'
        for n in range(1, count + 1)
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(1, count + 1))
    return (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        f"<metadata/><manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
