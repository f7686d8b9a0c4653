"""Filled-in forms: the value of each field beside its label, a box to tick as [x] or [ ]."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pymupdf

from octavo.ingest.document import Box, Line
from octavo.ingest.figures.vector_graphics import rotated_box, rotation_of
from octavo.ingest.files import utf8

_MOST = 3000  # fields of a page that are read
_CROWDED = 1000  # fields or notes of a page: more are put at its end as they are
_PASSWORD = 1 << 13
_BOXES = frozenset({pymupdf.PDF_WIDGET_TYPE_CHECKBOX, pymupdf.PDF_WIDGET_TYPE_RADIOBUTTON})
_CHOICES = frozenset({pymupdf.PDF_WIDGET_TYPE_COMBOBOX, pymupdf.PDF_WIDGET_TYPE_LISTBOX})
_FAR = 300.0  # points from a label to its field at most
_NEAR = 80.0  # and from a box to tick
_ABOVE = 1.2  # heights of its line that a label may stand over its field
_SPOKEN = re.compile(r"[^\W\d_][\w .,'’/()-]*[^\W_]\)?")  # a name made for people
_COUNTED = re.compile(r"\d\b|[\[\]_]")  # and one made for programs

#: The lines of one block.
_Group = list[Line]


@dataclass(frozen=True, slots=True)
class FormField:
    """`text` is its value; of a box to tick, `[x]` or `[ ]`. `name` is what the file calls it
    where that is made for people."""

    box: Box
    text: str
    name: str = ""
    ticks: bool = False

    @property
    def alone(self) -> str:
        """As it reads without a label on the page."""
        if not self.name:
            return self.text
        return f"{self.text} {self.name}" if self.ticks else f"{self.name}: {self.text}"


def read_fields(page: Any) -> list[FormField]:
    """Fields of a `pymupdf.Page` of a PDF that say something: buttons, signatures, passwords and
    fields that are not filled in are left out."""
    turn = rotation_of(page)
    fields: list[FormField] = []
    for widget in islice(page.widgets(), _MOST):
        kind = widget.field_type
        if kind in _BOXES:
            text = "[x]" if _is_ticked(widget, page) else "[ ]"
        elif widget.field_flags and widget.field_flags & _PASSWORD:
            continue
        elif kind == pymupdf.PDF_WIDGET_TYPE_TEXT:
            text = str(widget.field_value or "")
        elif kind in _CHOICES:
            text = _chosen(widget)
        else:
            continue
        text = utf8(" ".join(text.split()))
        if text:
            name = _name(widget)
            fields.append(FormField(rotated_box(widget.rect, turn), text, name, kind in _BOXES))
    return fields


def _is_ticked(widget: Any, page: Any) -> bool:
    kind, state = page.parent.xref_get_key(widget.xref, "AS")
    if kind == "name":
        return bool(state != "/Off")
    return widget.field_value not in (None, "", "Off", False)


def _chosen(widget: Any) -> str:
    """The chosen options as they are shown: a file may store a code for each."""
    value = widget.field_value
    values = value if isinstance(value, list | tuple) else [value]
    shown = {}
    for option in widget.choice_values or ():
        if isinstance(option, list | tuple) and len(option) == 2:
            shown[option[0]] = option[1]
    return ", ".join(str(shown.get(v, v)) for v in values if v)


def _name(widget: Any) -> str:
    """What a field is called: its tooltip, else its name where people could have given it."""
    for name in (widget.field_label, widget.field_name):
        shown = utf8(" ".join(str(name or "").split()))
        if _SPOKEN.fullmatch(shown) and not _COUNTED.search(shown):
            return shown
    return ""


def with_fields(groups: Sequence[_Group], fields: Sequence[FormField]) -> list[_Group]:
    """The lines of a page with the values of its fields: in the line of their label, else as lines
    of their own where the field stands."""
    if len(fields) > _CROWDED:
        return with_lines(groups, [Line(f.alone, f.box) for f in fields])
    placed = [list(g) for g in groups]
    free: list[FormField] = []
    for field in sorted(fields, key=lambda f: (round(f.box.y0), f.box.x0)):
        label = None if _in_grid(field, fields) else _label(field, placed, fields)
        if label is None:
            free.append(field)
            continue
        group, n = label
        line = placed[group][n]
        placed[group][n] = replace(line, text=_joined(line, field), box=line.box.join(field.box))
    return with_lines(placed, [Line(f.alone, f.box) for f in free])


def with_lines(groups: Sequence[_Group], lines: Sequence[Line]) -> list[_Group]:
    """Blocks with further lines, each a block of its own after the one that it stands nearest
    to."""
    placed = [list(g) for g in groups]
    if len(lines) > _CROWDED:
        return [*placed, *([x] for x in sorted(lines, key=lambda x: (x.box.y0, x.box.x0)))]
    for line in lines:
        at = _nearest(placed, line.box)
        placed.insert(at, [line])
    return placed


def _nearest(groups: Sequence[_Group], box: Box) -> int:
    """Where a line at `box` is put: after the block beside or above it."""
    best, distance = len(groups), float("inf")
    middle = (box.y0 + box.y1) / 2
    for n, group in enumerate(groups):
        top, bottom = min(x.box.y0 for x in group), max(x.box.y1 for x in group)
        away = 0.0 if top <= middle <= bottom else middle - bottom if middle > bottom else 1e6 + top
        if away <= distance:
            best, distance = n + 1, away
    return best if distance < 1e6 else 0


def _joined(line: Line, field: FormField) -> str:
    if not field.ticks:
        return f"{line.text} {field.text}"
    if field.box.x0 >= line.box.x1 - 2:
        return f"{line.text} {field.text}"
    if field.box.x1 <= line.box.x0 + 2:
        return f"{field.text} {line.text}"
    # Between the words of a line: at the gap nearest to it.
    share = (field.box.x0 - line.box.x0) / max(line.box.width, 1.0) * len(line.text)
    gaps = [i for i, c in enumerate(line.text) if c == " "] or [0]
    at = min(gaps, key=lambda i: abs(i - share))
    return f"{line.text[:at]} {field.text}{' ' if at == 0 else ''}{line.text[at:]}".strip()


def _in_grid(field: FormField, fields: Sequence[FormField]) -> bool:
    """Whether a field is a cell of a table of fields: one beside it, and one above or below."""
    if field.ticks:
        return False
    beside = stacked = False
    for other in fields:
        if other is field or other.ticks:
            continue
        dx, dy = abs(other.box.x0 - field.box.x0), abs(other.box.y0 - field.box.y0)
        beside |= dy <= 2 and _gap(field.box, other.box) < 12
        stacked |= dx <= 2 and dy <= 2 * field.box.height
    return beside and stacked


def _gap(a: Box, b: Box) -> float:
    return max(b.x0 - a.x1, a.x0 - b.x1)


def _label(
    field: FormField, groups: Sequence[_Group], fields: Sequence[FormField]
) -> tuple[int, int] | None:
    """The group and the line that names a field: of a box to tick the text after it, of others the
    text before or above it."""
    best: tuple[float, int, int] | None = None
    for g, group in enumerate(groups):
        for n, line in enumerate(group):
            away = _distance(field, line)
            if away is not None and (best is None or away < best[0]):
                best = (away, g, n)
    if best is None or _is_behind(field, groups[best[1]][best[2]].box, fields):
        return None
    return best[1], best[2]


def _distance(field: FormField, line: Line) -> float | None:
    """How badly a line fits as a label, in points; None: it does not."""
    box, label = field.box, line.box
    middle = (label.y0 + label.y1) / 2
    if box.y0 - 2 <= middle <= box.y1 + 2 or label.y0 <= (box.y0 + box.y1) / 2 <= label.y1:
        before, after = box.x0 - label.x1, label.x0 - box.x1
        if field.ticks:
            if after >= -2:
                return after if after < _NEAR else None
            if before >= -2:
                return before + _NEAR if before < _FAR else None
            return 0.0  # the box stands in a gap of the line
        return before if -4 <= before < _FAR else None
    above = box.y0 - label.y1
    starts_with = abs(label.x0 - box.x0) < 12 or box.x0 <= label.x0 <= box.x1
    if not field.ticks and starts_with and -4 <= above < _ABOVE * label.height:
        return _FAR + above
    return None


def _is_behind(field: FormField, label: Box, fields: Sequence[FormField]) -> bool:
    """Whether another field stands between a field and its label."""
    left, right = min(label.x1, field.box.x1), max(label.x0, field.box.x0)
    for other in fields:
        same_row = abs(other.box.y0 - field.box.y0) < 0.6 * field.box.height
        if (
            other is not field
            and same_row
            and left - 1 <= other.box.x0
            and other.box.x1 <= right + 1
        ):
            return True
    return False
