"""The chapters of the annual report that hold its charts and tables.

The numbers of a chart stand nowhere else, so that a question about one of them can only be
answered from the chart.
"""

from __future__ import annotations

from charts import bar_chart, line_chart, pie_chart, raster_bar_chart
from drawing import BOLD, INK, Box, wrap
from flow import Flow
from report_data import (
    ACCOUNTS,
    ACCOUNTS_ROWS,
    DELIVERED,
    LEAF,
    LEAKAGE,
    NAVY,
    OUTAGES,
    SKY,
    SPENDING,
    TARGETS,
    TARGETS_ROWS,
    TRUST,
)
from tables import table


def delivery(flow: Flow) -> None:
    """Water by district, as a bar chart."""
    flow.new_page()
    flow.heading(1, "Water delivered")
    flow.para(
        "Northgate remains our largest district, not least because of the two dairies that moved "
        "there in 2021. Harbour used less than the year before: the fish market now cools with sea "
        "water. In the Moor district summer visitors double the demand in July. Figure 1 compares "
        "the four districts."
    )
    flow.figure(
        250,
        lambda canvas, box: bar_chart(canvas, box, DELIVERED, "Thousand cubic metres", SKY),
        "Figure 1. Water delivered in 2023 by district, in thousand cubic metres.",
    )
    flow.heading(2, "Quality")
    flow.para(
        "Our laboratory took 2,916 samples. Eleven of them exceeded a guide value, all for iron "
        "after work on old mains, and all were back to normal within two days. Hardness is 7.4 "
        "degrees in the spring districts and 11.2 degrees where lake water is mixed in."
    )
    flow.heading(2, "Drought")
    flow.para(
        "From 3 June to 28 July no rain worth measuring fell. Alder Spring gave 40 % less than in "
        "an average summer. We drew the difference from the lake, whose level fell by 62 cm and "
        "recovered by October. No one was asked to save water."
    )


def leakage(flow: Flow) -> None:
    """Leakage over the years, as a line chart."""
    flow.new_page()
    flow.heading(1, "Leakage")
    flow.para(
        "Leakage is the share of the water we pump that never reaches a meter. We find leaks by "
        "listening at night, when the town is quiet, and since 2020 with 340 acoustic loggers that "
        "stay on the mains for good. As Figure 2 shows, leakage has fallen every year since 2018, "
        "and it fell fastest in the year just ended."
    )
    names, values = zip(*LEAKAGE, strict=True)
    flow.figure(
        255,
        lambda canvas, box: line_chart(
            canvas, box, names, values, ("Share of water pumped (%)", 6, 16, 2), LEAF
        ),
        "Figure 2. Leakage as a share of the water pumped, 2018 to 2023.",
    )
    flow.heading(2, "How we find leaks")
    flow.bullets(
        (
            "**Night flow.** A district drawing more than 4 litres a second at 3 a.m. is searched.",
            "**Loggers.** Two loggers hearing the same hiss place it to within a metre.",
            "**Members.** 212 leaks were reported by members; thank you for calling.",
        )
    )
    flow.para(
        "The mean time from finding a leak to closing it was 31 hours. Bursts are dealt with at "
        "once; small leaks are gathered into one road opening where that is possible."
    )


def spending(flow: Flow) -> None:
    """The use of income, as a pie chart."""
    flow.new_page()
    flow.heading(1, "Where the money went")
    flow.para(
        "Of every hundred euros that members paid, the largest part went back into the ground. "
        "Energy was the second largest item, although we used less of it than in 2022; the price "
        "ate the saving. Figure 3 shows all six shares."
    )
    flow.figure(
        250,
        lambda canvas, box: pie_chart(canvas, box, SPENDING),
        "Figure 3. Use of income in 2023, in per cent.",
    )
    flow.heading(2, "Energy")
    flow.para(
        "Pumping takes 94 % of our electricity. Since May the pumps of Stations 1 and 2 run mostly "
        "at night, filling the hill tanks while power is cheap. A night tariff of 14.9 cents per "
        "kilowatt-hour holds until the end of 2026."
    )
    flow.heading(2, "Repairs")
    flow.para(
        "We laid 5.1 km of new mains and replaced 417 service pipes made of lead. The last known "
        "lead pipe in Westfield was taken out on 6 December."
    )


def stations(flow: Flow) -> None:
    """Unplanned stops, as a picture of a chart."""
    flow.new_page()
    flow.heading(1, "Pump stations")
    flow.para(
        "A stop that nobody planned is more than a nuisance: every restart sends a pressure wave "
        "through old pipes. We count each of them. Figure 4, taken from the control-room display, "
        "shows the count for the year by station."
    )
    picture = raster_bar_chart("Unplanned pump stops in 2023", "Stops per year", OUTAGES)
    flow.figure(
        234,
        lambda canvas, box: canvas.image(box, picture),
        "Figure 4. Unplanned stops of the five pump stations.",
    )
    flow.para(
        "Station 4 stands out. Its two pumps date from 1988, their bearings have been replaced "
        "five times, and spare parts are no longer made. The board approved EUR 186,000 for their "
        "replacement on 14 September. The new sets are of type HX 80-250."
    )
    flow.para(
        "Station 3 was the most reliable for the second year. It is also the youngest, built in "
        "2016, and the only one that is inspected every week by the same person."
    )


def accounts(flow: Flow) -> None:
    """The headline figures, as a table."""
    flow.new_page()
    flow.heading(1, "Accounts")
    flow.para(
        "Income grew faster than cost. Grants rose because the regional fund paid its share of the "
        "ultraviolet plant. Interest fell with the debt: the last instalment on the 1998 loan was "
        "paid in August."
    )
    table(flow, "Table 1. Income and expenditure", ACCOUNTS, ACCOUNTS_ROWS, bold_last=True)
    flow.heading(2, "Balance sheet")
    flow.para(
        "Total assets stood at EUR 31.6 million at the end of the year, of which EUR 27.9 million "
        "are mains and buildings. Bank debt was EUR 3.4 million. Equity was 81 % of the total."
    )
    flow.heading(2, "Audit")
    flow.para(
        "The members' audit committee examined the accounts on 29 January 2024 and found them in "
        "order. It recommends a written rule for purchases above EUR 50,000."
    )


def members(flow: Flow) -> None:
    """The yearly survey, as a bar chart."""
    flow.new_page()
    flow.heading(1, "Members and staff")
    flow.para(
        "Each year we ask members whether they trust their water. The result for the last four "
        "years is in Figure 5. Of 2,150 questionnaires 1,204 came back."
    )
    flow.figure(
        220,
        lambda canvas, box: bar_chart(canvas, box, TRUST, "Answered yes (%)", LEAF),
        'Figure 5. "I drink the tap water without a second thought": share of yes, in per cent.',
    )
    flow.heading(2, "Staff")
    flow.para(
        "We had 46 staff at the end of the year, four of them apprentices. There were two "
        "reportable accidents, both on ladders; we have since bought platforms. Each of us spent "
        "on average 26 hours in training."
    )
    flow.heading(2, "Complaints")
    flow.para(
        "Members complained 138 times, most often about road works. We answered within "
        "three working days in all but nine cases."
    )


def outlook(flow: Flow) -> None:
    """Targets, risks and dates."""
    flow.new_page()
    flow.heading(1, "Outlook")
    flow.para(
        "The year 2024 belongs to Station 4 and to the Quarry Lane main. Both are overdue, and "
        "both are paid for. The table lists what we want to be measured by."
    )
    table(flow, "Table 2. Targets for 2024", TARGETS, TARGETS_ROWS)
    flow.heading(2, "Risks")
    flow.para(
        "A second dry summer in a row would strain Alder Spring; a link to the neighbouring "
        "network, for up to 25 litres a second, is being designed. Pipe prices may rise by a tenth."
    )
    flow.heading(2, "Dates")
    flow.bullets(
        (
            "Annual meeting: Thursday 23 May 2024, 19:00, in the old turbine hall.",
            "Open day at Station 4: Saturday 7 September 2024.",
            "Next report: February 2025.",
        )
    )
    flow.space(6)
    _imprint(flow, flow.panel(74))


def _imprint(flow: Flow, box: Box) -> None:
    text = (
        "Published by the board of Lindmoor Water Cooperative. Printed on paper made from waste. "
        "Charts show audited figures; small differences come from rounding."
    )
    y = box[1] + 24
    flow.canvas.text((box[0] + 14, y), "Imprint", 9.6, BOLD, NAVY)
    for line in wrap(text, box[2] - box[0] - 28, 9):
        y += 14
        flow.canvas.text((box[0] + 14, y), line, 9, color=INK)
