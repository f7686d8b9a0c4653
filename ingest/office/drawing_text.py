"""Text of DrawingML (`a:p`): slides, diagrams, charts, text boxes of sheets."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from octavo.ingest.office.formulas import formula_text
from octavo.ingest.office.office_package import attribute_of, find_child, to_int
from octavo.ingest.text.raised_text import Level, Run, plain_text
from octavo.ingest.text.symbol_fonts import office_text, symbol_text


def drawn_text(element: Element) -> Iterator[str]:
    """Paragraphs of text (`a:p`) in a drawing, one string each."""
    for paragraph in element.iter("p"):
        text = paragraph_text(paragraph)
        if text.strip():
            yield text.strip()


def paragraph_text(paragraph: Element) -> str:
    """Runs, breaks, fields and formulas; struck-out runs left out."""
    return plain_text(list(_runs(paragraph)))


def _runs(element: Element) -> Iterator[Run]:
    for item in element:
        if item.tag in ("r", "fld"):
            yield from _run(item)
        elif item.tag == "br":
            yield Run("\n")
        elif item.tag == "oMath":
            yield Run(formula_text(item))
        elif item.tag == "t":
            yield Run(item.text or "")
        elif item.tag == "AlternateContent":
            choice = item.find("Choice")
            yield from _runs(choice if choice is not None else item)
        elif not item.tag.endswith("Pr"):
            yield from _runs(item)


def _run(run: Element) -> Iterator[Run]:
    properties = find_child(run, "rPr")
    if attribute_of(properties, name="strike") in ("sngStrike", "dblStrike"):
        return
    baseline = to_int(attribute_of(properties, name="baseline"))  # thousandths of a per cent
    level: Level = 1 if baseline > 0 else -1 if baseline < 0 else 0
    font = attribute_of(properties, "sym", name="typeface")
    latin = attribute_of(properties, "latin", name="typeface")
    text = "".join(t.text or "" for t in run.findall("t"))
    yield Run(office_text(symbol_text(text, latin), font), level)
