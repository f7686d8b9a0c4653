"""Numbers and bullets that Word puts before paragraphs, which are nowhere in the text."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from octavo.ingest.office.office_package import attribute_of, to_int

_PLACE = re.compile(r"%(\d)")
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_LEVELS = 9


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list is numbered: `decimal`, `bullet`, ...; its text holds `%1`."""

    kind: str = "decimal"
    text: str = "%1."
    start: int = 1


class Numbering:
    """Counts the paragraphs of a document's lists, in reading order."""

    def __init__(self, root: Element | None) -> None:
        self._lists: dict[str, str] = {}  # of a list, the definition that it shares
        self._levels: dict[str, dict[int, Level]] = {}
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        if root is None:
            return
        for definition in root.findall("abstractNum"):
            name = definition.get("abstractNumId", "")
            self._levels[name] = {
                to_int(x.get("ilvl")): _level(x) for x in definition.findall("lvl")
            }
        for item in root.findall("num"):
            self._lists[item.get("numId", "")] = attribute_of(item, "abstractNumId")
            for change in item.findall("lvlOverride"):
                self._override(item.get("numId", ""), change)

    def _override(self, number: str, change: Element) -> None:
        """A list that starts anew, or looks different, counts for itself."""
        definition = self._lists[number]
        override = f"{definition}/{number}"
        self._lists[number] = (
            override if override in self._levels or definition in self._levels else definition
        )
        self._levels.setdefault(override, dict(self._levels.get(definition, {})))
        index = to_int(change.get("ilvl"))
        level = change.find("lvl")
        if level is not None:
            self._levels[override][index] = _level(level)
        start = change.find("startOverride")
        if start is not None:
            inherited = self._levels[override].get(index, Level())
            self._levels[override][index] = Level(
                inherited.kind, inherited.text, to_int(start.get("val"), 1)
            )

    def label(self, number: str, index: int) -> str:
        """What stands before the next paragraph of list `number` at level `at` (from 0)."""
        name = self._lists.get(number)
        levels = self._levels.get(name or "")
        if name is None or levels is None or not 0 <= index < _LEVELS:
            return ""
        level = levels.get(index, Level())
        counts = self._counts[name]
        counts[index] = counts.get(index, level.start - 1) + 1
        for deeper in range(index + 1, _LEVELS):
            counts.pop(deeper, None)
        if level.kind == "bullet":
            return "•"
        if level.kind == "none":
            return ""
        return _PLACE.sub(lambda m: self._number_at(name, int(m[1]) - 1), level.text).strip()

    def _number_at(self, name: str, index: int) -> str:
        level = self._levels[name].get(index, Level())
        return _number(self._counts[name].get(index, level.start), level.kind)


def _level(element: Element) -> Level:
    return Level(
        attribute_of(element, "numFmt") or "decimal",
        attribute_of(element, "lvlText"),
        to_int(attribute_of(element, "start"), 1),
    )


def _number(count: int, kind: str) -> str:
    if kind.endswith("Letter") and count > 0:
        text = chr(97 + (count - 1) % 26) * min((count - 1) // 26 + 1, 9)  # a, ..., z, aa, bb
        return text.upper() if kind.startswith("upper") else text
    if kind.endswith("Roman") and 0 < count < 4000:
        text = ""
        for amount, sign in _ROMAN:
            text += sign * (count // amount)
            count %= amount
        return text.upper() if kind.startswith("upper") else text
    return f"{count:02d}" if kind == "decimalZero" else str(count)
