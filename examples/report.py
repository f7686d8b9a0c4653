"""The annual report: prose that leaves the numbers to its charts."""

from __future__ import annotations

import math

import pymupdf
from drawing import BOLD, ITALIC, MUTED, RULE, WHITE, Canvas
from flow import LEFT, RIGHT, Flow, Style
from report_chapters import (
    accounts,
    delivery,
    leakage,
    members,
    outlook,
    spending,
    stations,
)
from report_data import NAVY, SKY

STYLE = Style("LINDMOOR WATER COOPERATIVE", "Annual report 2023", NAVY, "tiro", "tibo", 10.8, 15.2)


def build_report() -> pymupdf.Document:
    """All pages of the report."""
    flow = Flow(pymupdf.open(), STYLE)
    _cover(flow)
    list_top = _year_in_brief(flow)
    _chair_letter(flow)
    delivery(flow)
    leakage(flow)
    spending(flow)
    stations(flow)
    accounts(flow)
    members(flow)
    outlook(flow)
    flow.close()
    _contents(flow, list_top)
    flow.document.set_toc([list(entry) for entry in flow.contents])
    return flow.document


def _waves(canvas: Canvas, top: float, bottom: float) -> None:
    """Bands of water, each a little darker than the one behind it."""
    for index in range(6):
        base = top + (bottom - top) * index / 6
        shade = index / 6
        color = tuple(a + (b - a) * shade for a, b in zip((0.62, 0.79, 0.89), NAVY, strict=True))
        ridge = [
            (x, base + (16 - index) * math.sin(x / (62 + 9 * index) + 1.7 * index))
            for x in range(0, 601, 5)
        ]
        fill = (color[0], color[1], color[2])
        canvas.path([*ridge, (600, bottom + 20), (0, bottom + 20)], None, fill, close=True)


def _cover(flow: Flow) -> None:
    canvas = flow.blank_page()
    _waves(canvas, 440, 842)
    canvas.text((LEFT, 110), "LINDMOOR WATER COOPERATIVE", 12, BOLD, NAVY)
    canvas.line((LEFT, 122), (LEFT + 60, 122), SKY, 3)
    canvas.text((LEFT, 232), "Annual report", 44, BOLD, NAVY)
    canvas.text((LEFT, 284), "2023", 44, color=SKY)
    canvas.text((LEFT, 330), "Every drop counted", 17, ITALIC, MUTED)
    canvas.text((LEFT, 800), "Owned by its 9,400 members since 1961", 10.5, BOLD, WHITE)


def _year_in_brief(flow: Flow) -> float:
    """The first page of text; returns where its list of chapters starts."""
    flow.new_page()
    flow.heading(1, "The year in brief")
    flow.para(
        "Lindmoor Water Cooperative supplies four districts from three springs and one lake. We "
        "run five pump stations, 214 km of mains and one laboratory. We belong to the people who "
        "drink our water: every household with a meter holds one share and has one vote."
    )
    flow.space(4)
    box = flow.panel(92)
    facts = (("214 km", "of mains"), ("5", "pump stations"), ("9,400", "members"), ("46", "staff"))
    width = (box[2] - box[0]) / len(facts)
    for index, (figure, name) in enumerate(facts):
        x = box[0] + width * (index + 0.5)
        flow.canvas.text((x, box[1] + 46), figure, 24, BOLD, NAVY, align="center")
        flow.canvas.text((x, box[1] + 66), name, 9.6, color=MUTED, align="center")
    flow.space(6)
    flow.heading(2, "What went well")
    flow.bullets(
        (
            "No boil-water notice was issued in any district, for the sixth year running.",
            "Leakage fell again; Figure 2 shows how far we have come.",
            "The new ultraviolet plant at Alder Spring went into service on 19 April.",
            "The price of water stayed at EUR 1.86 per cubic metre for the third year.",
        )
    )
    flow.heading(2, "What did not")
    flow.bullets(
        (
            "One pump station stopped far more often than the others (Figure 4).",
            "The Quarry Lane main burst twice in November and left 310 homes dry for a night.",
            "Radio meters came eleven weeks late.",
        )
    )
    flow.heading(2, "In this report")
    return flow.y


def _contents(flow: Flow, top: float) -> None:
    """The list of chapters on page 2, written when their pages are known."""
    canvas = Canvas(flow.document[1])
    chapters = [(title, page) for level, title, page in flow.contents if level == 1]
    for number, (title, page) in enumerate(chapters[1:], 1):
        y = top + 17 * number
        canvas.text((LEFT, y), title, 10)
        canvas.text((RIGHT, y), str(page), 10, align="right")
        canvas.line((LEFT, y + 5), (RIGHT, y + 5), RULE, 0.3)
    canvas.commit()


def _chair_letter(flow: Flow) -> None:
    flow.new_page()
    flow.heading(1, "Letter from the chair")
    for text in (
        "Dear members,",
        "Water is easy to forget. It is there when the tap is turned, and most of us think of it "
        "only on the day it is not. For 310 homes around Quarry Lane that day came in November. I "
        "stood in the road that night with our fitters, who worked until half past four in the "
        "morning, and I apologise once more to everyone who carried buckets.",
        "It was the exception in a good year. We lost less water on the way to you than ever since "
        "records began, as Figure 2 shows, and that saved more energy than any machine we bought. "
        "The surplus is the best in ten years. Your board proposes to put all of it into the "
        "ground: into pipes, valves and pumps.",
        "One weakness we cannot talk away. Station 4 was built in 1988, and its pumps are at the "
        "end of their life. Figure 4 speaks for itself. We have therefore ordered two new pump "
        "sets from Brackwater Hydraulics, to be put into service in the first half of 2024.",
        "The annual meeting voted by a clear majority to keep the price of water unchanged until "
        "the end of 2025. That promise binds us to careful housekeeping. It also rests on your "
        "patience with road works, of which there will be more, not fewer.",
        "I thank our 46 staff, who keep a simple thing simple, and you, for owning it.",
    ):
        flow.para(text, 10)
    flow.space(16)
    _flourish(flow.canvas, (LEFT, flow.y))
    flow.space(34)
    flow.para("The chair of the board", 2)
    flow.para("Lindmoor, 12 February 2024")


def _flourish(canvas: Canvas, at: tuple[float, float]) -> None:
    """A stroke of the pen in place of a signature."""
    points = [
        (at[0] + t * 1.5 + 9 * math.sin(t / 4.1), at[1] + 9 * math.sin(t / 2.3) * math.exp(-t / 60))
        for t in range(0, 76)
    ]
    canvas.path(points, NAVY, None, 1.3)
