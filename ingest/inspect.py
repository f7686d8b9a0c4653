"""What was found on a page, drawn on it: a box a region, coloured by kind, numbered as read."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from octavo.ingest.document import Block, Box, PageContent
from octavo.ingest.render import render_page

#: Of Okabe and Ito (2008), which the colour-blind can tell apart; headings are text of their own.
_INKS = {
    "text": (0, 114, 178),
    "heading": (86, 60, 140),
    "table": (0, 135, 100),
    "figure": (213, 94, 0),
    "page": (120, 120, 120),
    "caption": (190, 140, 0),
}
_LABEL = 15  # pixels high


def draw_page(data: bytes, kind: str, page: PageContent, pixels: int = 1400) -> bytes:
    """PNG of a page with its blocks; longest side `pixels` at most.

    Raises DocumentError for a page that cannot be drawn.
    """
    image = Image.open(io.BytesIO(render_page(data, kind, page.number, (), pixels))).convert("RGB")
    zoom = image.width / page.width if page.width else 1.0
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    for number, block in enumerate(page.blocks, 1):
        _draw_box(pen, block.box, zoom, kind_of(block), str(number))
        for line in block.caption:
            _draw_box(pen, line.box, zoom, "caption", "")
    image = Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")
    out = io.BytesIO()
    _with_legend(image, page.blocks).save(out, "PNG")
    return out.getvalue()


def kind_of(block: Block) -> str:
    """As drawn: a heading is told from other text."""
    return "heading" if block.kind == "text" and block.heading else block.kind


def _draw_box(pen: ImageDraw.ImageDraw, box: Box, zoom: float, kind: str, label: str) -> None:
    ink = _INKS[kind]
    corners = (box.x0 * zoom, box.y0 * zoom, box.x1 * zoom, box.y1 * zoom)
    pen.rectangle(corners, fill=(*ink, 22), outline=(*ink, 255), width=2)
    if label:
        font = ImageFont.load_default(_LABEL - 2)
        width = pen.textlength(label, font=font) + 6
        x, y = max(0.0, corners[0] - width), corners[1]  # beside it: above stands other text
        pen.rectangle((x, y, x + width, y + _LABEL), fill=(*ink, 255))
        pen.text((x + 3, y), label, fill="white", font=font)


def _with_legend(image: Image.Image, blocks: Sequence[Block]) -> Image.Image:
    """The counts by kind under the page."""
    counts = Counter(kind_of(b) for b in blocks)
    counts["caption"] = sum(1 for b in blocks if b.caption)
    font = ImageFont.load_default(16)
    framed = Image.new("RGB", (image.width, image.height + 30), "white")
    framed.paste(image, (0, 0))
    pen = ImageDraw.Draw(framed)
    x = 8.0
    for kind, ink in _INKS.items():
        if counts[kind]:
            pen.rectangle((x, image.height + 8, x + 14, image.height + 22), fill=ink)
            label = f"{counts[kind]} {kind}"
            pen.text((x + 20, image.height + 5), label, fill="black", font=font)
            x += 36 + pen.textlength(label, font=font)
    if not counts.total():
        pen.text((x, image.height + 5), "nothing found on this page", fill="black", font=font)
    return framed
