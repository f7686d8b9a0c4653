"""The tables of the pump manual."""

from __future__ import annotations

from tables import Column

Rows = tuple[tuple[str, ...], ...]

TECHNICAL = (Column("Property", 2.2), Column("Value", 2.2), Column("Remark", 3))
TECHNICAL_ROWS: Rows = (
    ("Rated flow", "120 m³/h", "at 2950 1/min"),
    ("Rated head", "82 m", "impeller 269 mm"),
    ("Liquid temperature", "-10 to +110 °C", "with seal HX-4421"),
    ("Maximum casing pressure", "16 bar", "tested at 24 bar"),
    ("Suction / discharge flange", "DN 100 / DN 80", "drilled to PN 16"),
    ("Motor", "37 kW, 400 V, 50 Hz", "frame 200, IP 55"),
    ("Sound pressure level", "76 dB(A)", "at 1 m, rated flow"),
    ("Mass, pump without motor", "118 kg", "lift by the two eyes on the bearing housing"),
    ("Mass, complete set", "412 kg", "with baseplate and motor"),
)

PARTS = (
    Column("Item", 0.7, "center"),
    Column("Part number", 1.5),
    Column("Name", 3.4),
    Column("Material", 2.3),
    Column("Qty", 0.7, "center"),
)
PARTS_ROWS: Rows = (
    ("1", "HX-4401", "Volute casing", "Grey cast iron", "1"),
    ("2", "HX-4406", "Casing wear ring", "Tin bronze", "1"),
    ("3", "HX-4410", "Impeller, 269 mm, six vanes", "Tin bronze", "1"),
    ("4", "HX-4412", "Impeller key 8 x 7 x 36", "Stainless steel", "1"),
    ("5", "HX-4415", "Casing O-ring 290 x 6", "EPDM rubber", "1"),
    ("6", "HX-4416", "Lock washer, 12 mm", "Stainless steel", "1"),
    ("7", "HX-4417", "Impeller bolt M12 x 45", "Stainless steel A4-70", "1"),
    ("8", "HX-4421", "Mechanical seal, 40 mm shaft", "Carbon / ceramic / EPDM", "1"),
    ("9", "HX-4425", "Casing cover with stuffing chamber", "Grey cast iron", "1"),
    ("10", "HX-4430", "Pump shaft", "Chrome steel", "1"),
    ("11", "HX-4433", "Ball bearing, 40 x 90 x 23", "Bearing steel", "2"),
    ("12", "HX-4436", "Bearing housing", "Grey cast iron", "1"),
    ("13", "HX-4440", "Oil pump gear, 22 teeth", "Hardened steel", "1"),
    ("14", "HX-4450", "Coupling hub, pump side", "Cast iron", "1"),
    ("15", "HX-4451", "Coupling spider, red, six legs", "Polyurethane 98 Shore A", "1"),
    ("16", "HX-4460", "Gasket and O-ring set", "Mixed", "1 set"),
)

TORQUE = (
    Column("Item", 0.7, "center"),
    Column("Fastener", 3.0),
    Column("Thread", 1.5),
    Column("Torque (N·m)", 1.5, "center"),
    Column("Tool", 3.2),
)
TORQUE_ROWS: Rows = (
    ("7", "Impeller bolt", "M12 x 45", "62", "19 mm socket, medium threadlocker"),
    ("9", "Casing cover nuts (8)", "M16", "145", "24 mm socket, order of Figure 13"),
    ("8", "Seal gland screws (4)", "M8 x 25", "14", "6 mm hex key"),
    ("12", "Bearing housing screws (4)", "M10 x 30", "38", "8 mm hex key"),
    ("13", "Oil pump cover screws (6)", "M6 x 20", "9", "5 mm hex key"),
    ("14", "Coupling set screws (2)", "M8 x 16", "17", "4 mm hex key, medium threadlocker"),
    ("-", "Motor foot bolts (4)", "M16 x 60", "180", "24 mm socket"),
    ("-", "Foundation bolts (6)", "M20", "240", "30 mm socket, after grout has cured"),
    ("-", "Casing drain plug", "G 1/2", "45", "27 mm open-ended spanner"),
)

SCHEDULE = (Column("Interval", 1.9), Column("Task", 4.4), Column("Who", 1.5), Column("Time", 1))
SCHEDULE_ROWS: Rows = (
    ("Daily", "Look for leaks at the seal drain; listen for unusual noise", "Operator", "5 min"),
    ("Weekly", "Check the oil level at the sight glass with the pump stopped", "Operator", "5 min"),
    ("Every 500 h", "Check coupling alignment and the spider for cracks", "Fitter", "45 min"),
    ("Every 2000 h", "Change the oil; wipe the magnet of the drain plug", "Fitter", "1 h"),
    ("Every 4000 h", "Measure vibration at both bearings and compare", "Fitter", "30 min"),
    ("Every 8000 h", "Replace the mechanical seal and the casing O-ring", "Fitter", "4 h"),
    ("Every 16 000 h", "Replace both ball bearings and the coupling spider", "Fitter", "6 h"),
    (
        "Every 5 years",
        "Measure wear ring clearance; pressure-test casing",
        "Workshop",
        "1 day",
    ),
)

OILS = (Column("Ambient temperature", 2), Column("Oil", 2), Column("Filling", 1.5))
OILS_ROWS: Rows = (
    ("-20 to +5 °C", "ISO VG 32 mineral oil", "0.85 litre"),
    ("+5 to +35 °C", "ISO VG 46 mineral oil", "0.85 litre"),
    ("+35 to +50 °C", "ISO VG 68 synthetic oil", "0.90 litre"),
)

FAULTS = (Column("Symptom", 2.2), Column("Probable cause", 2.9), Column("Remedy", 3.6))
FAULTS_ROWS: Rows = (
    (
        "No flow after starting",
        "Pump not primed, air in the casing",
        "Open the vent plug and fill the casing until water runs free of bubbles.",
    ),
    (
        "No flow after starting",
        "Motor turns the wrong way",
        "Swap two phases at the isolator, then check the arrow on the casing.",
    ),
    (
        "Too little flow",
        "Impeller clogged with fibres",
        "Stop the pump, lock it out, open the casing and clean the vanes.",
    ),
    ("Too little flow", "Wear ring clearance above 0.9 mm", "Replace the wear ring HX-4406."),
    (
        "Too little flow",
        "Discharge valve partly shut",
        "Open the valve fully; check its position indicator.",
    ),
    (
        "Rattling noise, like gravel in the casing",
        "Cavitation: suction pressure too low",
        "Open the suction valve fully, clean the strainer and lower the liquid temperature.",
    ),
    (
        "Rattling noise at the coupling",
        "Spider legs worn or broken",
        "Replace the coupling spider HX-4451.",
    ),
    (
        "High-pitched whine that rises with load",
        "Oil pump gear worn or short of oil",
        "Top up the oil; replace gear HX-4440 if the whine stays.",
    ),
    (
        "Bearing housing hotter than 90 °C",
        "Too much oil in the housing",
        "Drain to the middle of the sight glass.",
    ),
    (
        "Bearing housing hotter than 90 °C",
        "Coupling misaligned",
        "Align to within 0.05 mm as in section 6.2.",
    ),
    (
        "Strong vibration",
        "Impeller out of balance",
        "Balance the impeller to grade G 6.3 or replace it.",
    ),
    (
        "Strong vibration",
        "Foundation bolts loose",
        "Tighten the foundation bolts to the torque in Table 4.",
    ),
    (
        "Seal leaks more than 5 drops a minute",
        "Seal faces scratched or run dry",
        "Replace the mechanical seal as in section 11.1.",
    ),
    (
        "Seal leaks after a new seal was fitted",
        "O-ring of the seat twisted",
        "Take the seat out, oil the O-ring with soap water and refit it square.",
    ),
    (
        "Overload relay F2 trips",
        "Flow above 160 m³/h, motor overloaded",
        "Throttle the discharge valve until the current is below 66 A.",
    ),
    (
        "Overload relay F2 trips",
        "Impeller rubs on the wear ring",
        "Measure the clearance; replace the bearings if the shaft has play.",
    ),
    (
        "Thermistor trips, motor hot",
        "Cooling fins of the motor dirty",
        "Clean the fins and leave 150 mm free behind the fan cover.",
    ),
    ("Oil looks milky", "Water in the bearing housing", "Change the oil; replace the shaft seals."),
    (
        "Sight glass empties overnight",
        "Oil seal ring worn",
        "Fit the oil seal rings of kit HX-K33.",
    ),
    (
        "Pressure gauge needle swings",
        "Air drawn in through the suction flange",
        "Tighten the flange; test with soap water while running.",
    ),
    (
        "Pump runs backwards after stopping",
        "Check valve stuck open",
        "Close the discharge valve, then repair the check valve.",
    ),
)

VIBRATION = (Column("Zone", 1), Column("Velocity, r.m.s.", 1.8), Column("Action", 4))
VIBRATION_ROWS: Rows = (
    ("A", "up to 2.3 mm/s", "None; normal after commissioning."),
    ("B", "2.3 to 4.5 mm/s", "Measure every week and look for the cause."),
    ("C", "4.5 to 7.1 mm/s", "Plan a stop within 14 days."),
    ("D", "above 7.1 mm/s", "Stop the pump at once."),
)

WEAR = (
    Column("Measure", 3.2),
    Column("New", 1.4, "center"),
    Column("Replace at", 1.4, "center"),
    Column("Measured with", 2.2),
)
WEAR_ROWS: Rows = (
    ("Clearance impeller to wear ring", "0.4 mm", "0.9 mm", "Feeler gauge"),
    ("Shaft run-out at the seal", "0.03 mm", "0.08 mm", "Dial gauge"),
    ("Axial play of the shaft", "0.10 mm", "0.25 mm", "Dial gauge"),
    ("Spider leg width", "14.0 mm", "12.5 mm", "Caliper"),
)

KITS = (Column("Kit", 1.2), Column("Order number", 1.5), Column("Contents", 4.2), Column("For", 2))
KITS_ROWS: Rows = (
    ("Seal kit", "HX-K21", "Mechanical seal, casing O-ring, gasket set", "8000 h service"),
    ("Bearing kit", "HX-K33", "Two ball bearings, lock washer, oil seal rings", "16 000 h service"),
    ("Wet end kit", "HX-K10", "Impeller, key, bolt, lock washer, wear ring", "Overhaul"),
    ("Coupling kit", "HX-K51", "Coupling spider, two set screws", "16 000 h service"),
)
