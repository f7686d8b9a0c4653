"""Chapter 4 of the pump manual: photographs by which a part can be told."""

from __future__ import annotations

from drawing import BOLD, INK, MUTED, PALE, RULE, WHITE, Box, Canvas
from flow import LEFT, Flow
from photos import manual_photo
from tables import Column, table

LOOKALIKES = (Column("Part", 2), Column("Looks like", 2.4), Column("How to tell", 3.6))
LOOKALIKE_ROWS = (
    ("Casing O-ring HX-4415", "O-ring of series HX 65", "Ours has two blue dots on its rim."),
    ("Impeller HX-4410", "Impeller HX-4411", "Number cast into the back plate, 269 or 255."),
    ("Ball bearing HX-4433", "Motor bearing", "The pump bearing has no cover plates."),
    ("Spider HX-4451, red", "Spider of series HX 65, yellow", "Red is 98 Shore A, yellow 92."),
)

PHOTOS: tuple[tuple[str, str, str, str], ...] = (
    (
        "impeller",
        "Impeller",
        "Figure 3. Impeller, 269 mm, tin bronze (item 3).",
        "Part number HX-4410. The impeller has six backward-curved vanes on an open back plate and "
        "a keyed hub. Its outer edge must be free of nicks; dress small ones with a fine file. "
        "Replace the impeller if a vane is thinner than 3 mm at its tip.",
    ),
    (
        "o-ring",
        "Casing O-ring",
        "Figure 4. Casing O-ring 290 x 6 (item 5).",
        "Part number HX-4415, black EPDM rubber. It seals the casing against the cover. Use a new "
        "one every time the casing is opened. Wet it with soap water; mineral oil and grease make "
        "EPDM swell.",
    ),
    (
        "seal",
        "Mechanical seal",
        "Figure 5. Mechanical seal for 40 mm shaft (item 8).",
        "Part number HX-4421. A single spring presses the black carbon ring on the white ceramic "
        "seat. Do not touch the lapped faces with bare fingers. A new seal may drip for the first "
        "20 minutes of running.",
    ),
    (
        "bearing",
        "Ball bearing",
        "Figure 6. Deep-groove ball bearing 40 x 90 x 23 (item 11).",
        "Part number HX-4433, two per pump. Nine balls run in a brass cage. Heat the bearing to "
        "80 °C in an oil bath before fitting, and never drive it on through the outer ring.",
    ),
    (
        "coupling",
        "Jaw coupling",
        "Figure 7. Jaw coupling with red spider (items 14, 15).",
        "Part numbers HX-4450 (hub) and HX-4451 (spider). The red polyurethane spider takes up "
        "shock between the jaws. Leave a gap of 3 mm between the two hubs. Replace the spider when "
        "a leg is narrower than 12.5 mm.",
    ),
    (
        "gear",
        "Oil pump gear",
        "Figure 8. Oil pump gear, 22 teeth (item 13).",
        "Part number HX-4440, hardened steel with five lightening holes. Fit it with the longer "
        "side of the hub towards the motor. Backlash to the idler is 0.12 to 0.20 mm.",
    ),
    (
        "hex-bolt",
        "Impeller bolt",
        "Figure 9. Impeller bolt M12 x 45 (item 7).",
        "Part number HX-4417, hexagon head, stainless steel A4-70. It holds the impeller on the "
        "shaft. Its tightening torque is in Table 4. Use a bolt once only, with a new lock washer "
        "HX-4416 under its head.",
    ),
)


def photographs(flow: Flow) -> None:
    """Chapter 4."""
    flow.new_page()
    flow.heading(1, "4 Identifying parts")
    flow.para(
        "The photographs show the parts that are replaced most often, cleaned and laid on a bench. "
        "They are not to scale. Compare a part with its photograph before you order."
    )
    for name, title, caption, text in PHOTOS:
        _photo(flow, name, title, caption, text)
    flow.heading(2, "4.1 Parts that are easily confused")
    flow.para(
        "These pairs look alike at a glance. The marking is stamped or moulded into the part."
    )
    table(flow, "Table 3. Look-alike parts", LOOKALIKES, LOOKALIKE_ROWS)
    flow.heading(2, "4.2 Nameplate")
    flow.para(
        "The nameplate is riveted to the left side of the bearing housing. The last four digits "
        "of the serial number are also punched into the discharge flange."
    )
    flow.figure(128, _nameplate, "Figure 10. Example of a nameplate.")


def _photo(flow: Flow, name: str, title: str, caption: str, text: str) -> None:
    """A photograph on the left, what to know about the part on its right."""
    width, height = 216.0, 162.0
    flow.need(height + 44)
    top, bottom = flow.y, flow.y + height
    flow.canvas.image((LEFT, top, LEFT + width, bottom), manual_photo(name))
    flow.canvas.box((LEFT, top, LEFT + width, bottom), RULE, None, 0.6)
    flow.y = bottom + 3
    flow.caption(caption)
    after = flow.y + 17
    flow.y, flow.left = top + 2, LEFT + width + 20
    flow.canvas.text((flow.left, flow.y + 11), title, 11.5, BOLD, INK)
    flow.y += 21
    flow.para(text)
    flow.y, flow.left = after, LEFT


def _nameplate(canvas: Canvas, box: Box) -> None:
    left, top, right, bottom = box[0] + 90, box[1] + 4, box[2] - 90, box[3] - 4
    canvas.box((left, top, right, bottom), INK, PALE, 1.2, 0.06)
    for x in (left + 11, right - 11):
        for y in (top + 11, bottom - 11):
            canvas.circle((x, y), 3, INK, WHITE, 0.7)
    middle = (left + right) / 2
    canvas.text((middle, top + 24), "BRACKWATER HYDRAULICS", 11, BOLD, align="center")
    canvas.line((left + 24, top + 33), (right - 24, top + 33), INK, 0.6)
    cells = (
        ("Type", "HX 80-250"),
        ("Serial no.", "HX-24-0316"),
        ("Q", "120 m³/h"),
        ("H", "82 m"),
        ("P", "37 kW"),
        ("n", "2950 1/min"),
    )
    for index, (name, value) in enumerate(cells):
        x = left + 34 + 128 * (index % 2)
        y = top + 54 + 24 * (index // 2)
        canvas.text((x, y), name, 8.2, color=MUTED)
        canvas.text((x + 46, y), value, 9.4, BOLD)
