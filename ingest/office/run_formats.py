"""Formats of Word's runs that change what their text says: symbol fonts, height, struck, hidden."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from octavo.ingest.office.office_package import attribute_of, find_child, is_on, to_int
from octavo.ingest.text.raised_text import Level

_MOST_BASES = 20  # a style may be based on itself
_LEVELS: dict[str, Level] = {"superscript": 1, "subscript": -1}
_MOVED = 4  # half points by which a digit is set higher or lower to be raised


@dataclass(frozen=True, slots=True)
class RunFormat:
    """`struck` text is deleted, `hidden` text is not shown; neither is read."""

    font: str = ""
    level: Level = 0
    moved: Level = 0  # set higher or lower by hand: what digits mean by it, words do not
    struck: bool = False
    hidden: bool = False


class RunFormats:
    """The format of a run, by itself, by its style and by its paragraph's."""

    def __init__(self, styles: Element | None) -> None:
        elements = styles.iter("style") if styles is not None else ()
        self._elements = {s.get("styleId", ""): s for s in elements}
        self._chains: dict[str, list[Element]] = {}

    def of(self, properties: Element | None, paragraph_style: str) -> RunFormat:
        """Of a run with these properties (`w:rPr`) in a paragraph of a style (its id)."""
        sources = [properties] if properties is not None else []
        sources += self._chain(attribute_of(properties, "rStyle"))
        sources += self._chain(paragraph_style)
        if not sources:
            return RunFormat()
        aligned = _first(sources, "vertAlign")
        moved = to_int(attribute_of(_first(sources, "position")))
        return RunFormat(
            _font(_first(sources, "rFonts")),
            _LEVELS.get(aligned.get("val", "") if aligned is not None else "", 0),
            0 if abs(moved) < _MOVED else 1 if moved > 0 else -1,
            is_on(_first(sources, "strike")) or is_on(_first(sources, "dstrike")),
            is_on(_first(sources, "vanish")),
        )

    def _chain(self, style: str) -> list[Element]:
        """Run properties of a style and of those that it is based on."""
        if not style:
            return []
        if style not in self._chains:
            found: list[Element] = []
            name = style
            for _ in range(_MOST_BASES):
                element = self._elements.get(name)
                if element is None:
                    break
                properties = find_child(element, "rPr")
                if properties is not None:
                    found.append(properties)
                name = attribute_of(element, "basedOn")
            self._chains[style] = found
        return self._chains[style]


def _first(sources: list[Element], tag: str) -> Element | None:
    return next((e for s in sources if (e := s.find(tag)) is not None), None)


def _font(fonts: Element | None) -> str:
    return (fonts.get("ascii") or fonts.get("hAnsi") or "") if fonts is not None else ""
