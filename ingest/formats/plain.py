"""Text files: plain, Markdown and HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.converted import Converted
from octavo.ingest.formats.encoding import decode
from octavo.ingest.formats.epub_builder import EpubBuilder, Pictures, escape
from octavo.ingest.formats.html import html_blocks, make_html
from octavo.ingest.formats.html_tree import read_html

_LINES = 60  # of a paragraph: more are cut into several


def text_of(data: bytes) -> str:
    """Raises DocumentError where `data` is not text, or there is none in it."""
    text = decode(data)
    if text is None:
        raise DocumentError("has bytes that are not text in any encoding that Octavo knows")
    if not text.strip():
        raise DocumentError("the file has no text")
    return text


def make_txt(data: bytes, bounds: FileLimits) -> Converted:
    """Lines as they are, a paragraph at each blank line, a new page at each form feed."""
    chapters = [text_paragraphs(page) for page in text_of(data).split("\f") if page.strip()]
    return EpubBuilder(chapters, Pictures(bounds)).make()


def text_paragraphs(text: str) -> Iterator[str]:
    """HTML blocks of lines that are shown as they are."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for part in re.split(r"\n[ \t]*\n", text):
        lines = part.strip("\n").split("\n")
        for n in range(0, len(lines), _LINES):
            shown = "<br/>".join(_line(x) for x in lines[n : n + _LINES])
            if shown.replace("<br/>", "").strip():
                yield f"<p>{shown}</p>"


def _line(text: str) -> str:
    """A line with its indent and its gaps, which may be the columns of a table."""
    return escape(text.rstrip().expandtabs(4)).replace("  ", "\u00a0 ")


def make_markdown(data: bytes, bounds: FileLimits) -> Converted:
    """Markdown with tables. Raw HTML stays text: a note must not pull in files or scripts."""
    text = text_of(data)
    # The parser drops without a word what is nested deeper than its own limit of 20.
    options = {"html": False, "maxNesting": 100_000}
    try:
        html = MarkdownIt("commonmark", options).enable(["table", "strikethrough"]).render(text)
    except RecursionError:  # some hundred quotes or lists in each other: no note, keep the words
        return make_txt(data, bounds)
    pictures = Pictures(bounds)
    return EpubBuilder([html_blocks(read_html(html, bounds), pictures)], pictures).make()


def make_html_file(data: bytes, bounds: FileLimits) -> Converted:
    """Raises DocumentError as `make_html`."""
    return make_html(text_of(data), bounds)
