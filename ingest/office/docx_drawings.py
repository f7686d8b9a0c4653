"""Pictures, charts and diagrams that a run of Word anchors."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from octavo.ingest.formats.epub_builder import Pictures, escape
from octavo.ingest.office.chart_data import chart_html, read_chart
from octavo.ingest.office.drawing_text import drawn_text
from octavo.ingest.office.office_package import EMU, Package, to_int


def drawn_blocks(
    package: Package, part: str, drawing: Element, pictures: Pictures
) -> Iterator[str]:
    """HTML blocks of a drawing in `part`, without its text boxes."""
    targets = package.targets(part)
    alt = next((e.get("descr", "") for e in drawing.iter("docPr")), "")
    extent = next((e.get("cx") for e in drawing.iter("extent")), "")
    width = to_int(extent) / EMU
    images = [e.get("r:embed", "") for e in drawing.iter("blip")]
    images += [e.get("r:id", "") for e in drawing.iter("imagedata")]
    for name in images:
        target = targets.get(name)
        if target is not None and target.kind == "image":
            data = package.picture(target.part) or b""
            yield pictures.html(data, alt, width if len(images) == 1 else 0.0)
    for item in drawing.iter():
        target = targets.get(item.get("r:id", item.get("r:dm", "")))
        if target is None or target.part not in package.container:
            continue
        if item.tag == "chart":
            yield from chart_html(read_chart(package, target.part), alt)
        elif item.tag == "relIds":
            for text in drawn_text(package.root(target.part)):
                yield f"<p>{escape(text)}</p>"
