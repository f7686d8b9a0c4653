"""The wiring diagram: a portrait page with a /Rotate entry, read in landscape."""

from __future__ import annotations

from drawing import BOLD, INK, MUTED, PALE, RULE, WHITE, Canvas, Color, Point
from flow import Flow

TEAL: Color = (0.04, 0.36, 0.42)
PHASES: tuple[tuple[str, Color], ...] = (
    ("L1", (0.45, 0.28, 0.16)),
    ("L2", (0.10, 0.10, 0.10)),
    ("L3", (0.52, 0.52, 0.55)),
)


def wiring_page(flow: Flow, heading: str, caption: str) -> None:
    """Section with the diagram over the whole page."""
    canvas = flow.new_page((842.0, 595.0), rotate=90)
    flow.right = canvas.width - flow.left
    flow.heading(1, heading)
    flow.para(
        "Drawn with the isolator open. Control voltage is 24 V DC. The conductor numbers are "
        "printed on the sleeves at both ends of each conductor."
    )
    top = flow.y
    canvas.box((64, top, 778, 505), RULE, None, 0.6)
    _power(canvas, top + 38)
    _control(canvas, top + 38)
    flow.y = 507
    flow.caption(caption)


def _device(canvas: Canvas, at: Point, size: Point, name: str, note: str) -> None:
    x, y = at
    canvas.box((x, y, x + size[0], y + size[1]), INK, PALE, 0.9)
    canvas.text((x + size[0] + 10, y + size[1] / 2 - 1), name, 9.2, BOLD)
    canvas.text((x + size[0] + 10, y + size[1] / 2 + 11), note, 8.4, color=MUTED)


def _power(canvas: Canvas, top: float) -> None:
    """The main circuit, from the supply down to the motor."""
    canvas.text((92, top - 14), "Main circuit, 400 V 50 Hz", 9.5, BOLD, TEAL)
    for index, (name, color) in enumerate(PHASES):
        x = 120 + 30 * index
        canvas.text((x, top + 6), name, 9, BOLD, color, align="center")
        canvas.line((x, top + 12), (x, top + 262), color, 1.8)
    _device(canvas, (104, top + 30), (92, 26), "Q1", "Isolator, lockable, 80 A")
    _device(canvas, (104, top + 82), (92, 26), "F1", "Fuses, 3 x 80 A gG")
    _device(canvas, (104, top + 134), (92, 26), "K1", "Main contactor, 37 kW AC-3")
    _device(canvas, (104, top + 186), (92, 26), "F2", "Overload relay, set to 66 A")
    canvas.circle((150, top + 272), 34, INK, WHITE, 1.1)
    canvas.text((150, top + 270), "M1", 11, BOLD, align="center")
    canvas.text((150, top + 283), "3~ 37 kW", 8.4, align="center")
    for index, name in enumerate(("U1", "V1", "W1")):
        canvas.text((124 + 30 * index, top + 232), name, 8, color=MUTED)
    canvas.line((184, top + 272), (226, top + 272), (0.15, 0.50, 0.20), 1.6)
    canvas.text((232, top + 275), "PE, 16 mm²", 8.6)


def _terminal(canvas: Canvas, x: float, y: float, number: int) -> None:
    canvas.box((x - 12, y, x + 12, y + 22), INK, WHITE, 0.9)
    canvas.text((x, y + 15), str(number), 9.5, BOLD, align="center")


def _control(canvas: Canvas, top: float) -> None:
    """The terminal strip with what is connected to each pair of terminals."""
    canvas.text((410, top - 14), "Terminal strip X2, 24 V DC", 9.5, BOLD, TEAL)
    pairs = (
        ("Motor thermistors", "PTC, 3 in series", "11", "12"),
        ("Seal leakage probe", "opens when wet", "13", "14"),
        ("Bearing temperature", "Pt100, drive end", "15", "16"),
        ("Oil level switch", "opens when low", "17", "18"),
    )
    for index, (name, note, first, second) in enumerate(pairs):
        x = 440 + 90 * index
        y = top + 40
        canvas.line((x - 13, y + 22), (x - 13, y + 92), INK, 1.0)
        canvas.line((x + 13, y + 22), (x + 13, y + 92), INK, 1.0)
        _terminal(canvas, x - 13, y, int(first))
        _terminal(canvas, x + 13, y, int(second))
        canvas.box((x - 26, y + 92, x + 26, y + 126), INK, PALE, 0.9)
        canvas.text((x, y + 112), ("B1", "B2", "B3", "S1")[index], 9.5, BOLD, align="center")
        canvas.text((x, y + 142), name, 8, BOLD, align="center")
        canvas.text((x, y + 154), note, 8, color=MUTED, align="center")
    notes = (
        "Terminals 11 and 12: motor thermistors, trip at 3.3 kOhm.",
        "Terminals 13 and 14: seal leakage probe, alarm only.",
        "Terminals 15 and 16: bearing temperature, alarm at 90 °C, trip at 105 °C.",
        "Terminals 17 and 18: oil level switch, blocks the next start.",
    )
    canvas.text((420, top + 228), "Settings", 9.2, BOLD)
    for number, note in enumerate(notes):
        canvas.text((420, top + 246 + 16 * number), note, 8.8)
