"""Native charts of office files: their values as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from octavo.ingest.formats.converted import A4, Paper
from octavo.ingest.formats.epub_builder import caption
from octavo.ingest.formats.table_html import Cell, table_html, text_cell
from octavo.ingest.office.drawing_text import drawn_text
from octavo.ingest.office.number_formats import format_number
from octavo.ingest.office.office_package import (
    Package,
    attribute_of,
    find_child,
    to_int,
)

_MOST = 2000  # points of a series that are read
_DRAWN = (
    "barChart", "bar3DChart", "lineChart", "line3DChart", "pieChart", "pie3DChart", "areaChart",
    "area3DChart", "scatterChart", "doughnutChart", "radarChart", "bubbleChart", "stockChart",
    "surfaceChart", "ofPieChart",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Series:
    """One row of bars, one line: its values by the position of their category."""

    name: str
    categories: dict[int, str]
    values: dict[int, str]


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart shows: its title, its kind (`bar`), axis titles and series."""

    title: str
    kind: str
    axes: tuple[str, ...]
    series: tuple[Series, ...]

    def rows(self) -> list[list[Cell]]:
        """A header of series names, then a row a category."""
        head = [text_cell("", head=True), *(text_cell(s.name, head=True) for s in self.series)]
        places = sorted({n for s in self.series for n in (*s.categories, *s.values)})
        names = {n: text for s in reversed(self.series) for n, text in s.categories.items()}
        rows = [
            [
                text_cell(names.get(n, str(n + 1))),
                *(text_cell(s.values.get(n, "")) for s in self.series),
            ]
            for n in places
        ]
        return [head, *rows]


def read_chart(package: Package, part: str) -> Chart:
    """The values that a chart part keeps; its workbook is not opened."""
    root = package.root(part)
    plots = [e for e in root.iter() if e.tag in _DRAWN]
    kinds = dict.fromkeys(p.tag.removesuffix("Chart").removesuffix("3D") for p in plots)
    series = tuple(_series(s) for p in plots for s in p.findall("ser"))
    axes = [_title(a) for a in root.iter() if a.tag in ("catAx", "valAx", "dateAx", "serAx")]
    title = _title(find_child(root, "chart")) or (series[0].name if len(series) == 1 else "")
    return Chart(title, " and ".join(kinds), tuple(a for a in axes if a), series)


def chart_html(chart: Chart, alt: str = "", paper: Paper = A4) -> Iterator[str]:
    """The table of values, and a caption with title, kind and axes."""
    if not chart.series:
        return
    kind = f"{chart.kind} chart"
    caption_parts = [
        chart.title,
        kind if not chart.axes else f"{kind} of {', '.join(chart.axes)}",
        alt,
    ]
    yield from table_html(chart.rows(), paper)
    # Under it: over it, a table above would be nearer to the caption.
    yield caption(", ".join(s for s in caption_parts if s), "Chart")


def _title(element: Element | None) -> str:
    title = find_child(element, "title")
    return " ".join(drawn_text(title)) if title is not None else ""


def _series(element: Element) -> Series:
    name = " ".join(v.text or "" for v in (find_child(element, "tx") or Element("tx")).iter("v"))
    categories = find_child(element, "cat")
    if categories is None:
        categories = find_child(element, "xVal")
    values = find_child(element, "val")
    if values is None:
        values = find_child(element, "yVal")
    return Series(name.strip(), _points(categories), _points(values))


def _points(element: Element | None) -> dict[int, str]:
    """Cached values by position; of categories in several levels the finest comes last."""
    points: dict[int, str] = {}
    if element is None:
        return points
    levels = list(element.iter("lvl")) or [element]
    for level in reversed(levels):
        code = next((e.text or "" for e in element.iter("formatCode")), "General")
        for point in level.iter("pt"):
            n = to_int(point.get("idx"), -1)
            if 0 <= n < _MOST:
                text = _formatted(find_child(point, "v"), code)
                points[n] = f"{points[n]} {text}" if n in points else text
    return points


def _formatted(element: Element | None, code: str) -> str:
    text = (element.text or "") if element is not None else ""
    try:
        number = float(text)
        return format_number(number, code)
    except (ValueError, OverflowError):
        return text


def chart_parts(package: Package, part: str, drawing: Element) -> Iterator[tuple[str, str]]:
    """Charts in a drawing: the chart's part and its alternative text."""
    targets = package.targets(part)
    for item in drawing.iter("chart"):
        target = targets.get(item.get("r:id", ""))
        if target is not None and target.part in package.container:
            yield target.part, attribute_of(drawing, "docPr", name="descr")
