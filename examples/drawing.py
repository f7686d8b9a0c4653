"""A drawing surface over one PDF page.

Coordinates are always those the reader sees: points from the top left of the page as it
is displayed. On a page with a /Rotate entry the surface turns them into the page's own
coordinates, so that the wiring diagram is drawn no differently from any other page.

Only the built-in base-14 fonts are used. They cover Latin-1, which is why the texts use
"x" dimensions and plain quotes rather than typographic ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pymupdf

Color = tuple[float, float, float]
Point = tuple[float, float]
Box = tuple[float, float, float, float]

INK: Color = (0.13, 0.15, 0.18)
MUTED: Color = (0.42, 0.45, 0.49)
RULE: Color = (0.62, 0.66, 0.70)
PALE: Color = (0.945, 0.955, 0.965)
WHITE: Color = (1.0, 1.0, 1.0)

REGULAR, BOLD, ITALIC = "helv", "hebo", "heit"
A4: Point = (595.0, 842.0)


@cache
def _advance(letter: str, font: str) -> float:
    return float(pymupdf.Font(font).text_length(letter, 1))


def width_of(text: str, size: float, font: str = REGULAR) -> float:
    """The set width of one line of text.

    Not ``pymupdf.get_text_length``: version 2.0 leaves out the letter that follows a
    character beyond ASCII, as in "20 °C". Asking once per letter is also much faster.
    """
    return size * sum(_advance(letter, font) for letter in text)


class Canvas:
    """One page; nothing is on it until ``commit``."""

    def __init__(self, page: pymupdf.Page) -> None:
        self.page = page
        self.width, self.height = float(page.rect.width), float(page.rect.height)
        self._rotate = int(page.rotation)
        self._to_page = page.derotation_matrix
        self._shape = page.new_shape()

    @classmethod
    def new(cls, document: pymupdf.Document, size: Point = A4, rotate: int = 0) -> Canvas:
        """An empty page that is ``size`` when seen turned by its /Rotate entry."""
        width, height = size if rotate in (0, 180) else (size[1], size[0])
        page = document.new_page(width=width, height=height)
        page.set_rotation(rotate)
        return cls(page)

    def _point(self, p: Point) -> pymupdf.Point:
        return pymupdf.Point(p) * self._to_page

    def _finish(
        self, stroke: Color | None, fill: Color | None, width: float, dashes: str = "", **more: bool
    ) -> None:
        self._shape.finish(
            color=stroke,
            fill=fill,
            width=width,
            dashes=dashes or None,
            lineCap=1,
            lineJoin=1,
            closePath=more.get("close", False),
        )

    def text(
        self,
        at: Point,
        text: str,
        size: float = 9.5,
        font: str = REGULAR,
        color: Color = INK,
        align: str = "left",
        upright: bool = False,
    ) -> None:
        """One line of text on its baseline; ``upright`` turns it to read bottom to top."""
        shift = {"left": 0.0, "center": 0.5, "right": 1.0}[align] * width_of(text, size, font)
        x, y = (at[0], at[1] + shift) if upright else (at[0] - shift, at[1])
        turn = (self._rotate + (90 if upright else 0)) % 360
        self._shape.insert_text(
            self._point((x, y)), text, fontname=font, fontsize=size, color=color, rotate=turn
        )

    def line(
        self, a: Point, b: Point, color: Color = INK, width: float = 0.7, dashes: str = ""
    ) -> None:
        """A straight line."""
        self._shape.draw_line(self._point(a), self._point(b))
        self._finish(color, None, width, dashes)

    def box(
        self,
        box: Box,
        stroke: Color | None = INK,
        fill: Color | None = None,
        width: float = 0.7,
        radius: float = 0.0,
    ) -> None:
        """A rectangle, with rounded corners if ``radius`` (a share of the side) is given."""
        rect = pymupdf.Rect(self._point(box[:2]), self._point(box[2:]))
        rect.normalize()
        self._shape.draw_rect(rect, radius=radius or None)
        self._finish(stroke, fill, width)

    def path(
        self,
        points: Sequence[Point],
        stroke: Color | None = INK,
        fill: Color | None = None,
        width: float = 0.7,
        dashes: str = "",
        close: bool = False,
    ) -> None:
        """A run of straight lines, or a polygon."""
        self._shape.draw_polyline([self._point(p) for p in points])
        self._finish(stroke, fill, width, dashes, close=close)

    def circle(
        self,
        center: Point,
        radius: float,
        stroke: Color | None = INK,
        fill: Color | None = None,
        width: float = 0.7,
    ) -> None:
        """A circle."""
        self._shape.draw_circle(self._point(center), radius)
        self._finish(stroke, fill, width)

    def ellipse(
        self,
        center: Point,
        rx: float,
        ry: float,
        stroke: Color | None = INK,
        fill: Color | None = None,
        width: float = 0.7,
    ) -> None:
        """An ellipse with level axes."""
        low = self._point((center[0] - rx, center[1] - ry))
        high = self._point((center[0] + rx, center[1] + ry))
        rect = pymupdf.Rect(low, high)
        rect.normalize()
        self._shape.draw_oval(rect)
        self._finish(stroke, fill, width)

    def slice(self, center: Point, start: Point, angle: float, fill: Color) -> None:
        """A pie slice from ``start``, ``angle`` degrees anticlockwise."""
        self._shape.draw_sector(self._point(center), self._point(start), angle, fullSector=True)
        self._finish(WHITE, fill, 1.2)

    def image(self, box: Box, data: bytes) -> None:
        """A raster picture filling ``box``; it lies below everything drawn."""
        self.page.insert_image(pymupdf.Rect(box), stream=data, keep_proportion=False)

    def commit(self) -> None:
        """Write everything drawn so far to the page."""
        self._shape.commit()


def wrap(text: str, width: float, size: float, font: str = REGULAR) -> list[str]:
    """Break text into lines no wider than ``width``; a newline always breaks."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if line and width_of(longer, size, font) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines
