"""Chapters of the pump manual that are mostly prose."""

from __future__ import annotations

import manual_tables as data
from drawing import BOLD, MUTED, RULE, Color
from flow import Flow
from tables import table

RED: Color = (0.75, 0.12, 0.12)
AMBER: Color = (0.86, 0.45, 0.05)
BLUE: Color = (0.12, 0.34, 0.62)


def safety(flow: Flow) -> None:
    """Chapter 1."""
    flow.new_page()
    flow.heading(1, "1 Safety")
    flow.para(
        "Read this chapter before any work on the pump. Work may only be done by fitters who have "
        "been trained on the HX series; electrical work only by qualified electricians."
    )
    flow.heading(2, "1.1 Signal words")
    flow.notice("DANGER", "Death or serious injury will follow if the instruction is ignored.", RED)
    flow.notice("WARNING", "Death or serious injury may follow.", AMBER)
    flow.notice("NOTICE", "The pump or the plant may be damaged. No one is in danger.", BLUE)
    flow.heading(2, "1.2 Before any work")
    flow.steps(
        (
            "Stop the pump, open the isolator Q1 and **lock it out** with your own padlock.",
            "Wait 8 minutes before opening the terminal box, so that the capacitors of the "
            "drive have discharged.",
            "Close the suction and discharge valves and hang the tag on both.",
            "Open the drain plug slowly and let the casing empty. Water above 60 °C scalds: let it "
            "cool first.",
            "Check with a voltage tester that all three phases are dead.",
        )
    )
    flow.heading(2, "1.3 Dangers that remain")
    flow.notice(
        "DANGER",
        "Turning shaft. Never run the pump without the coupling guard, not even for a test.",
        RED,
    )
    flow.notice(
        "WARNING",
        "Heavy parts. The casing with cover weighs 64 kg. Lift it with a hoist, never by hand.",
        AMBER,
    )
    flow.notice(
        "NOTICE",
        "Dry running destroys the mechanical seal within 30 seconds. Prime the pump before "
        "each first start.",
        BLUE,
    )
    flow.heading(2, "1.4 Protective equipment")
    flow.bullets(
        (
            "Safety shoes and cut-resistant gloves for all work on the wet end.",
            "Ear protection within 2 m of the running pump.",
            "Goggles when draining the casing or blowing out drillings.",
        )
    )


def installation(flow: Flow) -> None:
    """Chapter 6, in two columns."""
    flow.new_page()
    flow.heading(1, "6 Installation and operation")
    flow.two_columns()
    flow.heading(2, "6.1 Foundation and piping")
    flow.para(
        "Set the baseplate on a concrete block at least three times as heavy as the pump set. "
        "Level it to 0.2 mm in a metre with steel shims beside each foundation bolt, then fill it "
        "with non-shrinking grout. Let the grout cure for 48 hours before you tighten the bolts."
    )
    flow.para(
        "Support the pipes so that they load the flanges with nothing but the gasket force. The "
        "suction pipe rises steadily towards the pump and has a straight length of at least 600 mm "
        "in front of the flange. Fit an eccentric reducer with its flat side up."
    )
    flow.heading(2, "6.2 Aligning the coupling")
    flow.para(
        "Align the motor to the pump, never the pump to the motor. Fix a dial gauge to the pump "
        "hub and turn both hubs together. The reading must not vary by more than 0.05 mm over one "
        "turn, at the rim as well as on the face. Check again when the set has reached working "
        "temperature."
    )
    flow.heading(2, "6.3 Before the first start")
    flow.bullets(
        (
            "Flush the suction pipe and fit the start-up strainer, mesh 1 mm.",
            "Fill the casing and vent it.",
            "Check the direction of rotation with the coupling open.",
            "Fill the bearing housing with oil; it is shipped empty.",
        )
    )
    flow.next_frame()
    flow.heading(2, "6.4 Starting")
    flow.steps(
        (
            "Open the suction valve fully.",
            "Close the discharge valve to one quarter.",
            "Start the motor. It must reach full speed within 4 seconds.",
            "Open the discharge valve slowly until the duty point is reached.",
            "Read pressure, current and vibration and write them into the log.",
        )
    )
    flow.para(
        "Do not run the pump against a closed valve for more than 2 minutes: the water in the "
        "casing would boil."
    )
    flow.heading(2, "6.5 Stopping")
    flow.para(
        "Close the discharge valve to one quarter, switch the motor off and watch the shaft run "
        "down evenly. A shaft that stops with a jerk points to rubbing parts or to a failed "
        "bearing. Then close both valves."
    )
    flow.heading(2, "6.6 Standstill and frost")
    flow.para(
        "Turn the shaft by hand half a turn every two weeks, so that the seal faces do not stick. "
        "Below 3 °C drain the casing through the plug at its lowest point and leave the plug out. "
        "For more than three months spray the inside with preserving oil and fill the bearing "
        "housing to the brim."
    )
    flow.heading(2, "6.7 Running in parallel")
    flow.para(
        "Two pumps on one main need a check valve each. Start the second pump only when the flow "
        "of the first is above 95 m³/h, or both will hunt around the flat part of their curves."
    )


def vibration(flow: Flow) -> None:
    """Section 10.2."""
    flow.heading(2, "10.2 Judging vibration")
    flow.para(
        "Measure the vibration velocity on both bearing seats, horizontally, vertically and along "
        "the shaft. The highest of the six readings counts. Measure at rated flow, after at least "
        "30 minutes of running."
    )
    table(flow, "Table 8. Vibration limits", data.VIBRATION, data.VIBRATION_ROWS)
    flow.heading(2, "10.3 What to tell us")
    flow.para("If you cannot clear a fault, have the following at hand when you call:")
    flow.bullets(
        (
            "serial number and running hours,",
            "suction and discharge pressure, flow and motor current,",
            "the six vibration readings, and the temperature of both bearings,",
            "a photograph of the part, taken from above on a plain background.",
        )
    )


def overhaul(flow: Flow) -> None:
    """Chapter 11."""
    flow.new_page()
    flow.heading(1, "11 Overhaul")
    flow.heading(2, "11.1 Replacing the mechanical seal")
    flow.para("You need seal kit HX-K21, a puller with two arms, soap water and about four hours.")
    flow.steps(
        (
            "Lock out and drain the pump as in section 1.2. Take off the coupling guard.",
            "Undo the eight casing cover nuts. Pull the cover back with the bearing housing; the "
            "casing stays in the pipework.",
            "Hold the shaft, undo the impeller bolt (item 7) and throw it and its washer away.",
            "Draw the impeller off with the puller behind the back plate. Keep the key.",
            "Slide the old seal off the shaft and press the ceramic seat out from behind.",
            "Polish the shaft with 600-grit paper until no edge can be felt.",
            "Wet the O-ring of the new seat with soap water and press the seat in by hand, square "
            "to the shaft. Wipe both faces with a lint-free cloth and alcohol.",
            "Slide the seal on until the spring is 2 mm shorter than when free.",
            "Refit impeller, new lock washer and new bolt; use the torques of Table 4.",
            "Lay in a new casing O-ring and close the casing in the order of Figure 13.",
        )
    )
    flow.heading(2, "11.2 Wear limits")
    flow.para("Measure whenever the casing is open. Replace a part that is at its limit.")
    table(flow, "Table 9. Wear limits", data.WEAR, data.WEAR_ROWS)


def spares(flow: Flow) -> None:
    """Chapter 12."""
    flow.new_page()
    flow.heading(1, "12 Spare parts, storage and log")
    flow.heading(2, "12.1 Service kits")
    flow.para("Kits are kept in stock and leave the works within two working days.")
    table(flow, "Table 10. Service kits", data.KITS, data.KITS_ROWS)
    flow.heading(2, "12.2 Storage and disposal")
    flow.para(
        "Store spare seals and O-rings flat, dark and below 25 °C, for no longer than five years. "
        "Turn stored bearings in their wrapping once a year. Drained oil and oily rags are special "
        "waste; casing, cover and impeller can be melted down."
    )
    flow.heading(2, "12.3 Service log")
    flow.para("Copy this page when it is full and keep it with the pump.")
    _log(flow)


def _log(flow: Flow) -> None:
    """An empty form to be filled in by hand."""
    canvas, top = flow.canvas, flow.y + 4
    edges = (64.0, 134.0, 204.0, 434.0, 531.0)
    names = ("Date", "Hours", "Work done and findings", "Signed")
    for left, right, name in zip(edges, edges[1:], names, strict=False):
        canvas.text((left + 4, top + 12), name, 8.6, BOLD, MUTED)
        for row in range(10):
            low = top + 18 + 26 * row
            canvas.box((left, low, right, low + 26), RULE, None, 0.5)
