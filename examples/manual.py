"""The pump manual: pages in the order they are read."""

from __future__ import annotations

import manual_tables as data
import pymupdf
from drawing import BOLD, MUTED, RULE, WHITE, Box, Canvas, Color
from exploded import exploded
from flow import LEFT, RIGHT, TOP, Flow, Style
from manual_chapters import installation, overhaul, safety, spares, vibration
from manual_figures import TEAL, head_curves, npsh_curve, pump_set, tightening_order
from manual_photos import photographs
from manual_wiring import wiring_page
from tables import table

STYLE = Style("HX 80-250 CENTRIFUGAL PUMP", "HX-MM-07, Rev. C  Maintenance manual", TEAL)
SAND: Color = (0.93, 0.90, 0.84)


def build_manual() -> pymupdf.Document:
    """All pages of the manual."""
    flow = Flow(pymupdf.open(), STYLE)
    _cover(flow)
    flow.new_page()
    safety(flow)
    _description(flow)
    _parts(flow)
    photographs(flow)
    _performance(flow)
    installation(flow)
    _torque(flow)
    _schedule(flow)
    wiring_page(flow, "9 Wiring", "Figure 14. Wiring diagram of the pump set.")
    _faults(flow)
    overhaul(flow)
    spares(flow)
    flow.close()
    _contents(Canvas(flow.document[1]), flow)
    flow.document.set_toc([list(entry) for entry in flow.contents])
    return flow.document


def _cover(flow: Flow) -> None:
    canvas = flow.blank_page()
    canvas.box((0, 0, 595, 300), None, TEAL)
    canvas.text((LEFT, 84), "BRACKWATER HYDRAULICS", 12, BOLD, WHITE)
    canvas.text((LEFT, 182), "HX 80-250", 46, BOLD, WHITE)
    canvas.text((LEFT, 216), "End-suction centrifugal pump", 19, color=WHITE)
    canvas.text((LEFT, 268), "Maintenance manual", 13, BOLD, SAND)
    pump_set(canvas, (70, 350, 525, 580), labels=False)
    canvas.line((LEFT, 660), (RIGHT, 660), TEAL, 1.2)
    rows = (
        ("Document", "HX-MM-07, Revision C"),
        ("Issued", "4 March 2024"),
        ("Valid for", "serial numbers HX-23-0001 to HX-24-9999"),
        ("Language", "English, original instructions"),
    )
    for index, (name, value) in enumerate(rows):
        canvas.text((LEFT, 686 + 18 * index), name, 9.6, BOLD, MUTED)
        canvas.text((LEFT + 90, 686 + 18 * index), value, 9.6)


def _contents(canvas: Canvas, flow: Flow) -> None:
    """The table of contents, written last, on the page kept for it."""
    canvas.text((LEFT, TOP + 17), "Contents", 17, BOLD, TEAL)
    y = TOP + 50
    for level, title, page in flow.contents:
        font, size = (BOLD, 9.8) if level == 1 else ("helv", 9.2)
        y += 4 if level == 1 else 0
        canvas.text((LEFT + 14 * (level - 1), y), title, size, font)
        canvas.text((RIGHT, y), str(page), size, font, align="right")
        canvas.line((LEFT, y + 3.5), (RIGHT, y + 3.5), RULE, 0.3)
        y += 14.5
    canvas.commit()


def _description(flow: Flow) -> None:
    flow.new_page()
    flow.heading(1, "2 Description")
    flow.heading(2, "2.1 What the pump is for")
    flow.para(
        "The HX 80-250 is a single-stage, end-suction pump for clean water and for water with "
        "up to 20 mg of fine sand in a litre. It serves as a booster, transfer and fire-water "
        "pump. It is not suitable for food, for sea water or for flammable liquids."
    )
    flow.heading(2, "2.2 How it works")
    flow.para(
        "The motor turns the impeller through a jaw coupling. Water enters the eye of the impeller "
        "from the front, is thrown outwards by six backward-curved vanes and leaves through the "
        "discharge flange at the top. The mechanical seal keeps water out of the bearing housing. "
        "A small gear on the shaft lifts oil to both bearings, so the pump must not be run in the "
        "wrong direction for more than 10 seconds."
    )
    flow.figure(196, pump_set, "Figure 1. The pump set seen from the side.")
    flow.heading(2, "2.3 Technical data")
    table(flow, "Table 1. Technical data", data.TECHNICAL, data.TECHNICAL_ROWS)


def _parts(flow: Flow) -> None:
    flow.new_page()
    flow.heading(1, "3 Parts")
    flow.heading(2, "3.1 Exploded drawing")
    flow.figure(590, exploded, "Figure 2. Exploded drawing; item numbers as in Table 2.")
    flow.new_page()
    flow.heading(2, "3.2 Parts list")
    flow.para(
        "When ordering, state the part number, the quantity and the serial number from the "
        "nameplate on the bearing housing. Item numbers are those of Figure 2."
    )
    table(flow, "Table 2. Parts list", data.PARTS, data.PARTS_ROWS)
    flow.para(
        "**Interchangeability.** Impellers with 255 mm and 240 mm diameter have the part numbers "
        "HX-4411 and HX-4413. They fit the same casing and the same wear ring. Seal HX-4421 "
        "replaces the older HX-4420, which is no longer supplied."
    )


def _performance(flow: Flow) -> None:
    flow.new_page()
    flow.heading(1, "5 Performance")
    flow.para(
        "The curves were measured with clean water at 20 °C and 2950 1/min. The best efficiency "
        "point (BEP) is marked on the curve of the largest impeller. Choose the impeller so that "
        "the duty point lies between 70 % and 115 % of the flow at BEP."
    )
    flow.figure(
        310, head_curves, "Figure 11. Head and efficiency over flow for three impeller diameters."
    )
    flow.para(
        "Figure 12 shows the net positive suction head the pump requires. The plant must offer at "
        "least 0.5 m more than that, or the pump will cavitate."
    )
    flow.figure(190, npsh_curve, "Figure 12. Required net positive suction head (NPSHr).")


def _torque(flow: Flow) -> None:
    flow.new_page()
    flow.heading(1, "7 Tightening torques")
    flow.para(
        "The values hold for clean, dry threads. Use a calibrated torque wrench, and tighten in "
        "one smooth pull. Reduce a value by 15 % if the thread is greased."
    )
    table(flow, "Table 4. Tightening torques", data.TORQUE, data.TORQUE_ROWS)
    flow.heading(2, "7.1 Casing cover nuts")
    flow.para(
        "Tighten the eight nuts of the casing cover crosswise in three rounds, in the order "
        "printed in Figure 13. Uneven tightening tilts the cover and makes the seal leak."
    )
    flow.figure(176, tightening_order, "Figure 13. Tightening order of the casing cover nuts.")


def _schedule(flow: Flow) -> None:
    flow.new_page()
    flow.heading(1, "8 Maintenance schedule")
    flow.para(
        "Hours are running hours of the counter in the switch cabinet. Halve the intervals if the "
        "water carries sand or if the pump starts more than ten times an hour."
    )
    table(flow, "Table 5. Maintenance schedule", data.SCHEDULE, data.SCHEDULE_ROWS)
    flow.heading(2, "8.1 Lubrication")
    flow.para(
        "Fill oil with the pump stopped and level, up to the middle of the sight glass. Oil that "
        "looks milky contains water: change it and look for the leak. Never mix mineral and "
        "synthetic oil."
    )
    table(flow, "Table 6. Oil for the bearing housing", data.OILS, data.OILS_ROWS)
    flow.heading(2, "8.2 Cleaning")
    flow.para(
        "Wipe the pump with a damp cloth. Do not use a pressure washer: water would pass the "
        "shaft seals of the bearing housing."
    )
    _hint(flow, flow.panel(58))


def _hint(flow: Flow, box: Box) -> None:
    canvas = flow.canvas
    canvas.box((box[0], box[1], box[0] + 4, box[3]), None, flow.style.accent)
    canvas.text((box[0] + 16, box[1] + 21), "Good practice", 10, BOLD, flow.style.accent)
    text = "Write date, hours and findings of every service into the log in section 12.3."
    canvas.text((box[0] + 16, box[1] + 39), text, 9.3)


def _faults(flow: Flow) -> None:
    flow.new_page()
    flow.heading(1, "10 Fault finding")
    flow.notice(
        "WARNING",
        "Lock out the isolator Q1 before you open the casing, the guard or the terminal box.",
        (0.86, 0.45, 0.05),
    )
    flow.heading(2, "10.1 How to use the table")
    flow.para(
        "Find the symptom in the left column. Causes are listed with the most frequent first. If "
        "none of them applies, send the vibration readings and the serial number to us."
    )
    table(flow, "Table 7. Fault finding", data.FAULTS, data.FAULTS_ROWS)
    vibration(flow)
