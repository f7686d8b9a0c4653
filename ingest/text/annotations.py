"""What readers have put on a PDF's page: notes, comments on passages, text, struck-out passages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pymupdf

from octavo.ingest.document import Box, Line
from octavo.ingest.figures.vector_graphics import rotated_box, rotation_of
from octavo.ingest.files import utf8

_MOST = 2000  # annotations of a page that are read
_QUOTED = 80  # characters of a commented passage that are repeated with the comment
_HIDDEN = pymupdf.PDF_ANNOT_IS_HIDDEN | pymupdf.PDF_ANNOT_IS_NO_VIEW
_MARKUP = frozenset({
    pymupdf.PDF_ANNOT_HIGHLIGHT, pymupdf.PDF_ANNOT_UNDERLINE, pymupdf.PDF_ANNOT_SQUIGGLY,
})  # fmt: skip
#: Those that may show words of their own: stamps, measures.
_WORDED = frozenset({
    pymupdf.PDF_ANNOT_STAMP, pymupdf.PDF_ANNOT_LINE, pymupdf.PDF_ANNOT_POLY_LINE,
    pymupdf.PDF_ANNOT_POLYGON,
})  # fmt: skip
_SILENT = frozenset({
    pymupdf.PDF_ANNOT_LINK, pymupdf.PDF_ANNOT_POPUP, pymupdf.PDF_ANNOT_WIDGET,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Annotations:
    """`notes` as lines where they stand; `struck` are the boxes, on the unrotated page, of
    passages with a line through them."""

    notes: tuple[Line, ...] = ()
    struck: tuple[Box, ...] = ()


def read_annotations(page: Any) -> Annotations:
    """Of a `pymupdf.Page` of a PDF; those that are hidden are left out."""
    turn = rotation_of(page)
    notes: list[Line] = []
    struck: list[Box] = []
    layer = None  # read where a comment is on a passage
    for annotation in islice(page.annots(), _MOST):
        kind = annotation.type[0]
        if kind in _SILENT or annotation.flags & _HIDDEN:
            continue
        if kind == pymupdf.PDF_ANNOT_STRIKE_OUT:
            struck += _quads(annotation)
        if kind in _MARKUP and layer is None and annotation.info.get("content"):
            layer = page.get_textpage()
        text = _text(annotation, kind, layer)
        if text:
            notes.append(Line(utf8(text), rotated_box(annotation.rect, turn)))
    return Annotations(tuple(notes), tuple(struck))


def _text(annotation: Any, kind: int, layer: Any | None) -> str:
    info = annotation.info
    content = " ".join(str(info.get("content", "")).split())
    if kind == pymupdf.PDF_ANNOT_FREE_TEXT:
        return content or _drawn(annotation)  # it is printed on the page like other text
    if kind == pymupdf.PDF_ANNOT_FILE_ATTACHMENT:
        name = str(annotation.file_info.get("filename", "")).strip()
        return f"Attached file: {name}{f' ({content})' if content and content != name else ''}"
    if not content:
        return _drawn(annotation) if kind in _WORDED else ""
    author = " ".join(str(info.get("title", "")).split())
    lead = f"Note by {author}" if author else "Note"
    quoted = _passage(annotation, layer) if layer is not None and kind in _MARKUP else ""
    return f"{lead} on “{quoted}”: {content}" if quoted else f"{lead}: {content}"


def _drawn(annotation: Any) -> str:
    """The words that an annotation shows on the page."""
    return " ".join(str(annotation.get_text("text")).split())


def _passage(annotation: Any, layer: Any) -> str:
    """The words that a comment is on, of the page's `pymupdf.TextPage`."""
    words = (layer.extractTextbox(_corners(q)) for q in islice(_quads(annotation), _QUOTED))
    text = " ".join(" ".join(words).split())
    return text if len(text) <= _QUOTED else f"{text[: _QUOTED - 1]}…"


def _corners(box: Box) -> tuple[float, float, float, float]:
    return box.x0, box.y0, box.x1, box.y1


def _quads(annotation: Any) -> Iterator[Box]:
    """The boxes of a marked passage, one a line."""
    points = annotation.vertices or []
    for n in range(0, len(points) - 3, 4):
        xs, ys = zip(*points[n : n + 4], strict=True)
        yield Box(min(xs), min(ys), max(xs), max(ys))


def attached_files(document: Any) -> list[str]:
    """The names of the files inside a PDF, as lines."""
    lines = []
    for name in islice(document.embfile_names(), _MOST):
        info = document.embfile_info(name)
        shown = " ".join(str(info.get("ufilename") or info.get("filename") or name).split())
        about = " ".join(str(info.get("description") or info.get("desc") or "").split())
        told = about and about not in (shown, name)
        lines.append(utf8(f"Attached file: {shown}{f' ({about})' if told else ''}"))
    return lines
