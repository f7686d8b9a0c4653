"""Slides drawn as PDF pages: text where it stands on the slide, in sizes that tell titles apart.

Colours, fonts and backgrounds are left out: black on white is what readers, people and programs,
need. Sizes are ours, too, because in a deck with several sizes of text every larger line would be
taken for a heading. Text that does not fit its frame is set smaller, never cut.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pymupdf

from octavo.ingest.document import Box, DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.epub_builder import MUPDF_ERRORS
from octavo.ingest.formats.raster import drawable_picture
from octavo.ingest.text.raised_text import plain_html

TITLE, TEXT, TABLE, CAPTION = 28.0, 18.0, 16.5, 12.0  # points on a slide 540 points high
_HIGH = 540.0
_SMALLEST = 0.3  # of these sizes
_MARGIN = 24.0  # points around what stands under a slide
_STYLE = """
body{font-family:sans-serif;line-height:1.2;margin:0;overflow-wrap:break-word}
p{margin:0 0 .25em} b.title{font-size:1em} table{border-collapse:collapse;margin:0 0 .3em}
td,th{border:1px solid #888;padding:2pt 5pt;text-align:left;vertical-align:top}
"""

Outline = Literal["rectangle", "ellipse", "line"]


@dataclass(frozen=True, slots=True)
class SlideText:
    """HTML in a frame, at a text size of a slide 540 points high."""

    box: Box
    html: str
    size: float


@dataclass(frozen=True, slots=True)
class SlidePicture:
    """An image file in a frame, and the HTML of its caption."""

    box: Box
    data: bytes
    caption: str = ""


@dataclass(frozen=True, slots=True)
class SlideShape:
    """The outline of a shape, or a connector from one corner of its box to the other."""

    box: Box
    kind: Outline
    falling: bool = True  # a line from the top left; else from the bottom left


@dataclass(slots=True)
class Slide:
    """What is drawn on one page; `below` is HTML that stands under the slide itself."""

    texts: list[SlideText] = field(default_factory=list)
    pictures: list[SlidePicture] = field(default_factory=list)
    shapes: list[SlideShape] = field(default_factory=list)
    below: list[str] = field(default_factory=list)


def draw_slides(slides: Iterator[Slide], width: float, height: float, bounds: FileLimits) -> bytes:
    """A PDF with a page a slide, `width` x `height` points; longer where
    something stands under the slide. Raises DocumentError where there is no slide."""
    out = io.BytesIO()
    writer = pymupdf.DocumentWriter(out)
    drawn_slides: list[Slide] = []
    page = Box(0.0, 0.0, width, height)
    for slide in slides:
        drawn_slides.append(Slide([], slide.pictures, slide.shapes))
        _write(writer, slide, page)
    if not drawn_slides:
        raise DocumentError("has no slides")
    writer.close()
    document = pymupdf.open(stream=out.getvalue(), filetype="pdf")
    for n, slide in enumerate(drawn_slides):
        _draw_pictures_and_shapes(document[n], slide, bounds)
    return bytes(document.tobytes())


def _write(writer: Any, slide: Slide, page: Box) -> None:
    unit = page.height / _HIGH
    placed: list[Any] = []
    captions = list(_captions(slide, page, unit))
    below = [
        p.caption
        for p in slide.pictures
        if p.caption and p.caption not in (c.html for c in captions)
    ] + slide.below
    for text in (*slide.texts, *captions):
        story = _fitted(text.html, text.size * unit, text.box, page)
        if story is None:
            below.insert(0, text.html)
        else:
            placed.append(story)
    strip, height = _strip(below, TABLE * unit, page)
    device = writer.begin_page(pymupdf.Rect(0, 0, page.width, page.height + height))
    for story in (*placed, *strip):
        story.draw(device)
    writer.end_page()


def _captions(slide: Slide, page: Box, unit: float) -> Iterator[SlideText]:
    """Captions right under their pictures, where the slide has room for them."""
    used_boxes = [*(w.box for w in slide.texts), *(p.box for p in slide.pictures)]
    for slide_picture in slide.pictures:
        caption_box = Box(
            slide_picture.box.x0,
            slide_picture.box.y1 + 6 * unit,
            slide_picture.box.x1,
            slide_picture.box.y1 + 28 * unit,
        )
        free = all(
            caption_box.clip(t).width <= 0 or caption_box.clip(t).height <= 0 for t in used_boxes
        )
        if slide_picture.caption and free and caption_box.inside(page) == 1.0:
            yield SlideText(caption_box, slide_picture.caption, CAPTION)


def _story(html: str, size: float) -> Any:
    style = f"body{{font-size:{size:.2f}pt}}{_STYLE}"
    return pymupdf.Story(f"<body>{plain_html(html)}</body>", user_css=style)


def _fitted(html: str, size: float, box: Box, page: Box) -> Any | None:
    """A story placed in a frame, smaller where it must be; None where it is longer still."""
    frame = pymupdf.Rect(box.x0, box.y0, max(box.x1, box.x0 + 4 * size), box.y1)
    to_page_end = pymupdf.Rect(frame.x0, frame.y0, frame.x1, max(frame.y1, page.height - 8))
    scale = 1.0
    while scale >= _SMALLEST:
        for rect in (frame,) if scale > 0.6 else (frame, to_page_end):
            story = _story(html, size * scale)
            overflows, _ = story.place(rect)
            if not overflows:
                return story
        scale -= 0.1
    return None


def _strip(below: Sequence[str], size: float, page: Box) -> tuple[list[Any], float]:
    """What stands under the slide, and the points it takes."""
    if not below:
        return [], 0.0
    story = _story("".join(below), size)
    top = page.height + _MARGIN / 2
    overflows, filled = story.place(pymupdf.Rect(_MARGIN, top, page.width - _MARGIN, top + 14_000))
    bottom = max(filled[3], top + size)
    if overflows:
        raise DocumentError("has a slide with more notes than fit a page of 14,000 points")
    return [story], bottom - page.height + _MARGIN / 2


def _draw_pictures_and_shapes(page: Any, slide: Slide, bounds: FileLimits) -> None:
    """Pictures and outlines, under the words."""
    for slide_picture in slide.pictures:
        try:
            picture = drawable_picture(slide_picture.data, bounds)
        except (DocumentError, *MUPDF_ERRORS):
            picture = None
        rect = (
            pymupdf.Rect(
                slide_picture.box.x0,
                slide_picture.box.y0,
                slide_picture.box.x1,
                slide_picture.box.y1,
            )
            & page.rect
        )
        if picture is not None and not rect.is_empty:
            page.insert_image(rect, stream=picture.data, keep_proportion=False, overlay=False)
    for shape in slide.shapes:
        box = shape.box
        rect = pymupdf.Rect(box.x0, box.y0, box.x1, box.y1)
        if shape.kind == "line":
            ends = (rect.tl, rect.br) if shape.falling else (rect.bl, rect.tr)
            page.draw_line(*ends, color=(0.4, 0.4, 0.4), overlay=False)
        elif shape.kind == "ellipse":
            page.draw_oval(rect, color=(0.4, 0.4, 0.4), overlay=False)
        else:
            page.draw_rect(rect, color=(0.4, 0.4, 0.4), overlay=False)
