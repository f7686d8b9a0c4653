"""The exploded drawing of the pump, with its numbered callouts.

Every part is a short cylinder on one oblique axis, drawn from the back to the front so that
the parts nearer to the reader cover those behind them.
"""

from __future__ import annotations

import math

from drawing import BOLD, INK, MUTED, RULE, WHITE, Box, Canvas, Color, Point

TEAL: Color = (0.04, 0.36, 0.42)
STEEL_TINT: Color = (0.88, 0.91, 0.93)


def _drum(canvas: Canvas, c: Point, radius: float, depth: float, fill: Color = WHITE) -> Point:
    """A short cylinder on the oblique axis, seen from its front; returns the back centre."""
    rx = radius * 0.42
    back = (c[0] + depth * 0.94, c[1] - depth * 0.34)
    canvas.ellipse(back, rx, radius, INK, fill, 0.8)
    side = [
        (c[0], c[1] - radius),
        (back[0], back[1] - radius),
        (back[0], back[1] + radius),
        (c[0], c[1] + radius),
    ]
    canvas.path(side, None, fill)
    canvas.line(side[0], side[1], INK, 0.8)
    canvas.line(side[3], side[2], INK, 0.8)
    canvas.ellipse(c, rx, radius, INK, fill, 0.8)
    return back


def _bore(canvas: Canvas, c: Point, *radii: float) -> None:
    for radius in radii:
        canvas.ellipse(c, radius * 0.42, radius, INK, None, 0.6)


def _bolt_circle(canvas: Canvas, c: Point, radius: float, count: int) -> None:
    for n in range(count):
        a = 2 * math.pi * (n + 0.5) / count
        spot = (c[0] + 0.42 * radius * math.cos(a), c[1] + radius * math.sin(a))
        canvas.ellipse(spot, 1.4, 2.6, INK, INK, 0.4)


def _callout(canvas: Canvas, tip: Point, at: Point, number: int) -> None:
    canvas.line(tip, at, INK, 0.55)
    canvas.circle(tip, 1.3, None, INK)
    canvas.circle(at, 9.5, TEAL, WHITE, 1.0)
    canvas.text((at[0], at[1] + 3.2), str(number), 9, BOLD, TEAL, align="center")


def _wet_end(canvas: Canvas, o: Point) -> None:
    """The upper row of the exploded drawing: from the cover back to the volute casing."""

    def on(step: float) -> Point:
        return (o[0] + step * 0.94, o[1] - step * 0.34)

    canvas.line(on(-20), on(440), MUTED, 0.5, "[8 3 2 3] 0")
    cover = on(392)
    _drum(canvas, cover, 66, 12, STEEL_TINT)
    _bore(canvas, cover, 46, 20)
    _bolt_circle(canvas, cover, 57, 8)
    seal = on(322)
    _drum(canvas, _drum(canvas, seal, 18, 12), 13, 14)
    _bore(canvas, seal, 9)
    ring = on(272)
    canvas.ellipse(ring, 60 * 0.42, 60, INK, None, 2.6)
    wheel = on(208)
    _drum(canvas, wheel, 52, 10, STEEL_TINT)
    _bore(canvas, wheel, 17, 8)
    for n in range(6):
        a = math.pi * n / 3
        vane = [
            (
                wheel[0] + 0.42 * r * math.cos(a + r / 34),
                wheel[1] + r * math.sin(a + r / 34),
            )
            for r in range(18, 51, 4)
        ]
        canvas.path(vane, INK, None, 1.1)
    washer = on(150)
    _drum(canvas, washer, 12, 3)
    _bore(canvas, washer, 6)
    bolt = on(112)
    _drum(canvas, on(120), 5, 20, WHITE)
    _drum(canvas, bolt, 10, 8, STEEL_TINT)
    _drum(canvas, on(78), 30, 7)
    _bore(canvas, on(78), 24)
    casing = on(6)
    _drum(canvas, casing, 74, 26, STEEL_TINT)
    _bore(canvas, casing, 34, 26)
    _drum(canvas, on(-6), 34, 8)
    _bore(canvas, on(-6), 24)
    _bolt_circle(canvas, on(-6), 29, 4)
    for number, step, dy, at in (
        (1, 20, -60, (2, -118)),
        (2, 82, -27, (76, -96)),
        (7, 114, 8, (104, 36)),
        (6, 151, 11, (160, 22)),
        (3, 206, -44, (196, -150)),
        (5, 270, 58, (282, 22)),
        (8, 334, 14, (350, -36)),
        (9, 396, -58, (386, -222)),
    ):
        tip = on(step)
        _callout(canvas, (tip[0], tip[1] + dy), (o[0] + at[0], o[1] + at[1]), number)


def _drive_end(canvas: Canvas, o: Point) -> None:
    """The lower row: shaft, bearings, bearing housing, oil pump gear and coupling."""

    def on(step: float) -> Point:
        return (o[0] + step * 0.94, o[1] - step * 0.34)

    canvas.line(on(-24), on(446), MUTED, 0.5, "[8 3 2 3] 0")
    _drum(canvas, on(398), 30, 26, STEEL_TINT)
    _bore(canvas, on(398), 20, 9)
    _drum(canvas, on(356), 27, 11, (0.95, 0.72, 0.60))
    _bore(canvas, on(356), 10)
    gear = on(306)
    _drum(canvas, gear, 25, 7)
    _bore(canvas, gear, 19, 8)
    for step in (262, 148):
        _drum(canvas, on(step), 27, 11)
        _bore(canvas, on(step), 20, 17, 10)
    house = on(178)
    _drum(canvas, house, 44, 58, STEEL_TINT)
    _bore(canvas, house, 34, 27)
    _drum(canvas, on(60), 13, 66)
    _drum(canvas, on(2), 8, 58)
    _bore(canvas, on(2), 3)
    key = on(34)
    spots = [(-9, -27), (9, -33.5), (9, -29), (-9, -22.5)]
    canvas.path([(key[0] + x, key[1] + y) for x, y in spots], INK, STEEL_TINT, 0.8, close=True)
    for number, step, dy, at in (
        (4, 34, -28, (8, -62)),
        (10, 96, 8, (108, 24)),
        (12, 214, -40, (176, -146)),
        (13, 308, 23, (318, -38)),
        (15, 360, -24, (322, -172)),
        (14, 412, 26, (404, -60)),
    ):
        tip = on(step)
        _callout(canvas, (tip[0], tip[1] + dy), (o[0] + at[0], o[1] + at[1]), number)
    tip = on(266)
    canvas.line((tip[0], tip[1] + 25), (o[0] + 176, o[1] + 18), INK, 0.55)
    _callout(canvas, (on(152)[0], on(152)[1] + 25), (o[0] + 176, o[1] + 18), 11)


def exploded(canvas: Canvas, box: Box) -> None:
    """The whole exploded drawing in its frame."""
    canvas.box(box, RULE, None, 0.6)
    left, top, _, _ = box
    canvas.text((left + 12, top + 20), "A  Wet end", 9.5, BOLD, TEAL)
    _wet_end(canvas, (left + 42, top + 254))
    canvas.text((left + 12, top + 362), "B  Drive end", 9.5, BOLD, TEAL)
    _drive_end(canvas, (left + 36, top + 528))
