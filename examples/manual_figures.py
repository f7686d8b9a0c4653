"""The line drawings and charts of the pump manual."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from charts import Axes, curve, draw_x_axis, draw_y_axis, legend
from drawing import BOLD, INK, ITALIC, MUTED, PALE, WHITE, Box, Canvas, Color, Point

TEAL: Color = (0.04, 0.36, 0.42)
ORANGE: Color = (0.82, 0.40, 0.08)
SLATE: Color = (0.40, 0.47, 0.55)
STEEL_TINT: Color = (0.88, 0.91, 0.93)


def pump_set(canvas: Canvas, box: Box, labels: bool = True) -> None:
    """Pump, coupling guard and motor on their baseplate, seen from the side."""
    left, top, right, bottom = box
    k = min((right - left) / 460, (bottom - top) / 200)
    x0, y0 = (left + right) / 2 - 230 * k, (top + bottom) / 2 - 100 * k

    def at(x: float, y: float) -> Point:
        return (x0 + x * k, y0 + y * k)

    def block(x1: float, y1: float, x2: float, y2: float, fill: Color = STEEL_TINT) -> None:
        canvas.box((*at(x1, y1), *at(x2, y2)), INK, fill, 0.9)

    block(30, 164, 430, 178, WHITE)
    for x in (60, 230, 400):
        block(x - 6, 178, x + 6, 186, INK)
    canvas.circle(at(95, 104), 50 * k, INK, STEEL_TINT, 0.9)
    canvas.circle(at(95, 104), 33 * k, SLATE, None, 0.6)
    canvas.circle(at(95, 104), 13 * k, INK, WHITE, 0.8)
    block(66, 36, 98, 60)
    block(58, 28, 106, 37)
    canvas.path([at(70, 148), at(62, 164), at(128, 164), at(120, 148)], INK, STEEL_TINT, 0.9)
    block(145, 92, 153, 118)
    block(153, 84, 210, 124)
    canvas.path([at(170, 124), at(160, 164), at(204, 164), at(194, 124)], INK, STEEL_TINT, 0.9)
    block(210, 99, 222, 109, WHITE)
    block(222, 80, 262, 130, (0.96, 0.83, 0.55))
    block(262, 99, 276, 109, WHITE)
    block(276, 64, 396, 144)
    for y in range(74, 144, 10):
        canvas.line(at(284, y), at(388, y), SLATE, 0.6)
    block(310, 48, 350, 64)
    block(396, 72, 414, 136)
    block(288, 144, 306, 164)
    block(366, 144, 384, 164)
    canvas.line(at(36, 104), at(426, 104), MUTED, 0.5, "[8 3 2 3] 0")
    if labels:
        _pump_labels(canvas, at)


def _pump_labels(canvas: Canvas, place: Callable[[float, float], Point]) -> None:
    notes = [
        ("Discharge, DN 80", (82, 28), (82, 8), "center"),
        ("Pump casing", (60, 66), (14, 34), "center"),
        ("Bearing housing", (182, 84), (182, 60), "center"),
        ("Coupling guard", (242, 80), (242, 36), "center"),
        ("Terminal box", (330, 48), (330, 22), "center"),
        ("Motor, 37 kW", (405, 72), (424, 44), "center"),
        ("Baseplate", (216, 178), (216, 200), "center"),
    ]
    for text, tip, label, align in notes:
        below = label[1] > tip[1]
        end = place(label[0], label[1] - 10 if below else label[1] + 4)
        canvas.line(place(*tip), end, MUTED, 0.5)
        canvas.text(place(*label), text, 8.2, align=align)


def _parabola(shut: float, fall: float, last: float) -> list[Point]:
    return [(q, shut - fall * (q / 100) ** 2) for q in range(0, int(last) + 1, 5)]


def head_curves(canvas: Canvas, box: Box) -> None:
    """Head over flow for three impeller diameters, with the efficiency written on them."""
    area = (box[0] + 46, box[1] + 8, box[2] - 12, box[3] - 32)
    axes = Axes(area, (0, 180), (40, 100))
    draw_y_axis(canvas, axes, range(40, 101, 10), "Head H (m)")
    draw_x_axis(canvas, axes, range(0, 181, 20), "Flow Q (m³/h)")
    lines: Sequence[tuple[str, Color, str, list[Point]]] = (
        ("Impeller 269 mm", TEAL, "", _parabola(94, 8.2, 170)),
        ("Impeller 255 mm", ORANGE, "", _parabola(84, 8.6, 160)),
        ("Impeller 240 mm", SLATE, "[5 3] 0", _parabola(73, 9.0, 145)),
    )
    for _, color, dashes, points in lines:
        curve(canvas, axes, points, color, dashes)
    legend(canvas, (area[0] + 10, area[3] - 58), [(n, c, d) for n, c, d, _ in lines])
    for flow, label in ((60, "64 %"), (90, "73 %"), (150, "74 %")):
        x, y = axes.at(flow, 94 - 8.2 * (flow / 100) ** 2)
        canvas.circle((x, y), 2.6, TEAL, WHITE, 1.0)
        canvas.text((x, y - 7), label, 8.4, BOLD, TEAL, align="center")
    x, y = axes.at(118, 94 - 8.2 * 1.18**2)
    canvas.circle((x, y), 4.0, WHITE, ORANGE, 1.0)
    canvas.line((x, y - 4), (x + 12, y - 24), ORANGE, 0.8)
    canvas.text((x + 15, y - 27), "BEP 78.5 % at 118 m³/h", 9, BOLD, ORANGE)


def npsh_curve(canvas: Canvas, box: Box) -> None:
    """The suction head the pump requires, with a value at three flows."""
    area = (box[0] + 46, box[1] + 8, box[2] - 12, box[3] - 32)
    axes = Axes(area, (0, 180), (0, 8))
    draw_y_axis(canvas, axes, range(0, 9, 2), "NPSHr (m)")
    draw_x_axis(canvas, axes, range(0, 181, 20), "Flow Q (m³/h)")
    curve(canvas, axes, [(q, 1.6 + 1.25 * (q / 100) ** 2.5) for q in range(20, 171, 5)], SLATE)
    for flow in (60, 118, 160):
        need = 1.6 + 1.25 * (flow / 100) ** 2.5
        x, y = axes.at(flow, need)
        canvas.circle((x, y), 2.6, SLATE, WHITE, 1.0)
        label = f"{need:.1f} m at {flow} m³/h"
        canvas.text((x - 4, y - 7), label, 8.4, BOLD, SLATE, align="right")


def tightening_order(canvas: Canvas, box: Box) -> None:
    """The eight casing nuts, numbered in the order they are tightened."""
    c = ((box[0] + box[2]) / 2 - 90, (box[1] + box[3]) / 2)
    radius = (box[3] - box[1]) / 2 - 8
    canvas.circle(c, radius, INK, PALE, 0.9)
    canvas.circle(c, radius * 0.46, INK, WHITE, 0.8)
    for place, number in enumerate((1, 5, 3, 7, 2, 6, 4, 8)):
        a = math.radians(-90 + 45 * place)
        spot = (c[0] + radius * 0.74 * math.cos(a), c[1] + radius * 0.74 * math.sin(a))
        canvas.circle(spot, 10, TEAL, WHITE, 1.1)
        canvas.text((spot[0], spot[1] + 3.3), str(number), 9.2, BOLD, TEAL, align="center")
    x, y = c[0] + radius + 34, c[1] - 26
    for line in ("Round 1: all nuts hand-tight", "Round 2: 70 N·m in this order"):
        canvas.text((x, y), line, 9.2)
        y += 17
    canvas.text((x, y), "Round 3: 145 N·m in this order", 9.2, BOLD)
    canvas.text((x, y + 17), "Check after the first 8 hours of running", 9.2, font=ITALIC)
