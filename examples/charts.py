"""Vector charts, and one drawn as pixels for the reader that has to read it by OCR."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from drawing import BOLD, INK, MUTED, REGULAR, RULE, WHITE, Box, Canvas, Color, Point, width_of
from PIL import Image, ImageDraw, ImageFont


@dataclass(frozen=True)
class Axes:
    """The plotting area and the values at its edges."""

    box: Box
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def at(self, x: float, y: float) -> Point:
        """Where a value lies on the page."""
        left, top, right, bottom = self.box
        across = (x - self.x_range[0]) / (self.x_range[1] - self.x_range[0])
        upward = (y - self.y_range[0]) / (self.y_range[1] - self.y_range[0])
        return (left + across * (right - left), bottom - upward * (bottom - top))


def draw_y_axis(canvas: Canvas, axes: Axes, ticks: Sequence[float], label: str) -> None:
    """Horizontal grid lines with their values, and the axis title."""
    left, top, right, bottom = axes.box
    for tick in ticks:
        y = axes.at(axes.x_range[0], tick)[1]
        canvas.line((left, y), (right, y), RULE, 0.35)
        canvas.text((left - 6, y + 2.8), f"{tick:g}", 8, color=MUTED, align="right")
    middle = (top + bottom) / 2
    canvas.text((left - 31, middle), label, 8.4, BOLD, INK, align="center", upright=True)
    canvas.line((left, top), (left, bottom), INK, 0.8)


def draw_x_axis(canvas: Canvas, axes: Axes, ticks: Sequence[float], label: str) -> None:
    """Tick marks with their values, and the axis title."""
    left, _, right, bottom = axes.box
    canvas.line((left, bottom), (right, bottom), INK, 0.8)
    for tick in ticks:
        x = axes.at(tick, axes.y_range[0])[0]
        canvas.line((x, bottom), (x, bottom + 3.5), INK, 0.7)
        canvas.text((x, bottom + 12.5), f"{tick:g}", 8, color=MUTED, align="center")
    canvas.text(((left + right) / 2, bottom + 26), label, 8.4, BOLD, INK, align="center")


def legend(canvas: Canvas, at: Point, entries: Sequence[tuple[str, Color, str]]) -> None:
    """Names beside a sample of their line, one below the other, on a white panel."""
    x, y = at
    width = max(width_of(name, 8) for name, _, _ in entries) + 42
    canvas.box((x, y, x + width, y + 13 * len(entries) + 8), RULE, WHITE, 0.5)
    for number, (name, color, dashes) in enumerate(entries):
        row = y + 13 * number + 13
        canvas.line((x + 7, row - 2.6), (x + 28, row - 2.6), color, 1.8, dashes)
        canvas.text((x + 34, row), name, 8)


def curve(
    canvas: Canvas, axes: Axes, points: Sequence[Point], color: Color, dashes: str = ""
) -> None:
    """A line through value pairs."""
    canvas.path([axes.at(*p) for p in points], color, None, 1.7, dashes)


def bar_chart(
    canvas: Canvas, box: Box, values: Sequence[tuple[str, float]], unit: str, color: Color
) -> None:
    """Upright bars, each with its value printed above it."""
    highest = max(value for _, value in values)
    step = 10 ** math.floor(math.log10(highest))
    step = step / 2 if highest / step < 4 else step
    top = math.ceil(highest * 1.05 / step) * step
    axes = Axes((box[0] + 48, box[1] + 10, box[2] - 8, box[3] - 22), (0, len(values)), (0, top))
    draw_y_axis(canvas, axes, [step * n for n in range(round(top / step) + 1)], unit)
    for index, (name, value) in enumerate(values):
        left, high = axes.at(index + 0.22, value)
        right, low = axes.at(index + 0.78, 0)
        canvas.box((left, high, right, low), None, color)
        middle = (left + right) / 2
        canvas.text((middle, high - 4), f"{value:,g}", 9, BOLD, INK, align="center")
        canvas.text((middle, low + 13), name, 8.4, REGULAR, INK, align="center")
    canvas.line((axes.box[0], axes.box[3]), (axes.box[2], axes.box[3]), INK, 0.8)


def line_chart(
    canvas: Canvas,
    box: Box,
    names: Sequence[str],
    values: Sequence[float],
    axis: tuple[str, float, float, float],
    color: Color,
) -> None:
    """A line with a mark and a value at each point; ``axis`` is title, low, high, step."""
    title, low, high, step = axis
    area = (box[0] + 48, box[1] + 8, box[2] - 8, box[3] - 22)
    axes = Axes(area, (-0.4, len(names) - 0.6), (low, high))
    draw_y_axis(
        canvas, axes, [low + step * n for n in range(round((high - low) / step) + 1)], title
    )
    canvas.line((area[0], area[3]), (area[2], area[3]), INK, 0.8)
    points = list(enumerate(values))
    curve(canvas, axes, points, color)
    for name, (index, value) in zip(names, points, strict=True):
        x, y = axes.at(index, value)
        canvas.circle((x, y), 3.2, WHITE, color, 1.0)
        canvas.text((x, y - 8), f"{value:g} %", 9, BOLD, INK, align="center")
        canvas.text((x, area[3] + 13), name, 8.4, align="center")


def pie_chart(canvas: Canvas, box: Box, slices: Sequence[tuple[str, float, Color]]) -> None:
    """A pie beside a list of its slices with their shares."""
    radius = (box[3] - box[1]) / 2 - 16
    center = (box[0] + radius + 34, (box[1] + box[3]) / 2 + 8)
    whole = sum(share for _, share, _ in slices)
    turned = 90.0
    x = center[0] + radius + 60
    y = center[1] - 11 * len(slices) + 14
    for name, share, color in slices:
        angle = 360 * share / whole
        a = math.radians(turned)
        start = (center[0] + radius * math.cos(a), center[1] - radius * math.sin(a))
        canvas.slice(center, start, -angle, color)
        m = math.radians(turned - angle / 2)
        reach = radius * (0.66 if share > 7 else 1.13)
        spot = (center[0] + reach * math.cos(m), center[1] - reach * math.sin(m) + 3)
        canvas.text(spot, f"{share:g} %", 9, BOLD, WHITE if share > 7 else INK, align="center")
        canvas.box((x, y - 8, x + 10, y + 2), None, color)
        canvas.text((x + 17, y), f"{name}: {share:g} %", 9.2)
        y += 22
        turned -= angle


def raster_bar_chart(title: str, unit: str, values: Sequence[tuple[str, int]]) -> bytes:
    """A bar chart as a picture: its numbers are pixels, not text. Returns PNG data."""
    width, height, left, base = 1240, 620, 90, 540
    picture = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(picture)
    small, large = ImageFont.load_default(26), ImageFont.load_default(34)
    pen.text((left, 14), title, 20, large)
    pen.text((left, 62), unit, 90, small)
    slot = (width - left - 20) / len(values)
    highest = max(value for _, value in values)
    for index, (name, value) in enumerate(values):
        x = left + slot * index + slot * 0.2
        top = base - 380 * value / highest
        pen.rectangle((x, top, x + slot * 0.6, base), 120)
        middle = x + slot * 0.3
        pen.text((middle, top - 8), str(value), 0, large, anchor="mb")
        pen.text((middle, base + 12), name, 20, small, anchor="mt")
    pen.line((left, base, width - 20, base), 30, 3)
    pen.line((left, 100, left, base), 30, 3)
    data = io.BytesIO()
    picture.quantize(16).save(data, "PNG", optimize=True)
    return data.getvalue()
