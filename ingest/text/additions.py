"""What a PDF's page has besides its printed text: form fields, annotations, attached files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from octavo.ingest.document import Box, Line
from octavo.ingest.open_document import MUPDF_ERRORS
from octavo.ingest.text.annotations import Annotations, attached_files, read_annotations
from octavo.ingest.text.form_fields import FormField, read_fields, with_fields, with_lines
from octavo.ingest.text.page_contents import has_additions
from octavo.ingest.text.text_layer import Group

_LINE = 12.0  # points that the name of an attached file is given at the foot of the first page


@dataclass(frozen=True, slots=True)
class PageAdditions:
    """`struck` are boxes of the unrotated page; all else is where it is displayed."""

    fields: tuple[FormField, ...] = ()
    notes: tuple[Line, ...] = ()
    files: tuple[Line, ...] = ()
    struck: tuple[Box, ...] = ()

    def lines(self) -> list[Line]:
        """All of it as lines, for a page whose own text is read from its pixels."""
        return [*(Line(f.alone, f.box) for f in self.fields), *self.notes, *self.files]

    def placed_in(self, groups: Sequence[Group]) -> list[Group]:
        """The text of the page with all of it where it belongs."""
        placed = with_fields(groups, self.fields) if self.fields else list(groups)
        if self.notes:
            placed = with_lines(placed, self.notes)
        return [*placed, list(self.files)] if self.files else placed


def read_additions(page: Any) -> PageAdditions:
    """Of a `pymupdf.Page`; none of a format without them."""
    if not page.parent.is_pdf:
        return PageAdditions()
    files = _files(page)
    if not has_additions(page):
        return PageAdditions(files=files)
    try:
        fields, annotations = tuple(read_fields(page)), read_annotations(page)
    except MUPDF_ERRORS:  # damaged ones cost themselves, not the page
        fields, annotations = (), Annotations()
    return PageAdditions(fields, annotations.notes, files, annotations.struck)


def _files(page: Any) -> tuple[Line, ...]:
    """Attached files are named on the first page, at its foot."""
    if page.number != 0:
        return ()
    try:
        names = attached_files(page.parent)
    except MUPDF_ERRORS:
        names = []
    width, height = float(page.rect.width), float(page.rect.height)
    foot = height - _LINE * len(names)
    return tuple(
        Line(name, Box(0.0, max(0.0, foot + _LINE * n), width, height))
        for n, name in enumerate(names)
    )
