"""Colours and numbers of the annual report."""

from __future__ import annotations

from drawing import Color
from tables import Column

NAVY: Color = (0.09, 0.21, 0.38)
SKY: Color = (0.25, 0.53, 0.74)
LEAF: Color = (0.30, 0.52, 0.31)
SAND: Color = (0.80, 0.61, 0.27)
BRICK: Color = (0.70, 0.33, 0.26)
GREY: Color = (0.55, 0.58, 0.62)

DELIVERED = (("Northgate", 842.0), ("Harbour", 617.0), ("Westfield", 534.0), ("Moor", 291.0))
LEAKAGE = (
    ("2018", 14.2),
    ("2019", 13.6),
    ("2020", 12.1),
    ("2021", 11.8),
    ("2022", 10.3),
    ("2023", 8.7),
)
SPENDING: tuple[tuple[str, float, Color], ...] = (
    ("Mains and repairs", 34.0, NAVY),
    ("Energy", 23.0, SKY),
    ("Staff", 21.0, LEAF),
    ("Treatment", 13.0, SAND),
    ("Reserves", 6.0, BRICK),
    ("Administration", 3.0, GREY),
)
OUTAGES = (
    ("Station 1", 5),
    ("Station 2", 9),
    ("Station 3", 3),
    ("Station 4", 17),
    ("Station 5", 6),
)
TRUST = (("2020", 68.0), ("2021", 71.0), ("2022", 77.0), ("2023", 83.0))

ACCOUNTS = (
    Column("EUR thousand", 3.4),
    Column("2023", 1.2, "right"),
    Column("2022", 1.2, "right"),
    Column("Change", 1.2, "right"),
)
ACCOUNTS_ROWS = (
    ("Water charges", "4,318", "4,102", "+5.3 %"),
    ("Connection fees", "286", "311", "-8.0 %"),
    ("Grants received", "540", "395", "+36.7 %"),
    ("Total income", "5,144", "4,808", "+7.0 %"),
    ("Operating cost", "3,927", "3,866", "+1.6 %"),
    ("Depreciation", "702", "688", "+2.0 %"),
    ("Interest", "118", "131", "-9.9 %"),
    ("Surplus for the year", "397", "123", "+222.8 %"),
)
TARGETS = (Column("Target for 2024", 3.4), Column("Measure", 2.6), Column("Due", 1.2))
TARGETS_ROWS = (
    ("Renew the pumps of Station 4", "Two new pump sets in service", "June"),
    ("Renew Quarry Lane main", "3.2 km of pipe laid", "September"),
    ("Read meters by radio", "6,000 of 9,400 meters", "December"),
    ("Solar roof at Station 1", "180 kW installed", "October"),
)
