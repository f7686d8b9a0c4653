"""What OpenDocument text, sheets and slides share: parts, styles, measures."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.bounded_xml import parse
from octavo.ingest.formats.zip_container import Container, DamagedPartError

_MANIFEST = "META-INF/manifest.xml"
_FIELDS = {
    "title": "title", "creator": "author", "initial-creator": "author", "subject": "subject",
    "keyword": "keywords", "creation-date": "creationDate",
}  # fmt: skip
_LENGTH = re.compile(r"(\d{1,6}(?:\.\d+)?)(cm|mm|in|pt|pc|px)")
_POINTS = {"cm": 28.3465, "mm": 2.83465, "in": 72.0, "pt": 1.0, "pc": 12.0, "px": 0.75}


@dataclass(frozen=True, slots=True)
class OdfStyle:
    """Of a paragraph, a run or a sheet. `raised` is `sup`, `sub` or empty; `hidden` text is not
    shown, or struck out."""

    title: bool = False
    bold: bool = False
    italic: bool = False
    raised: str = ""
    hidden: bool = False


class OdfPackage:
    """An OpenDocument file. Nothing outside of it is read. Raises DocumentError where it is
    damaged or has a password."""

    def __init__(self, data: bytes, bounds: FileLimits) -> None:
        self.container = Container(data, bounds)
        self.bounds = bounds
        if _MANIFEST in self.container:
            manifest = parse(self.container.chunks(_MANIFEST), bounds)
            if next(manifest.iter("encryption-data"), None) is not None:
                raise DocumentError("is an OpenDocument file with a password; save it without one")
        self.content = parse(self.container.chunks("content.xml"), bounds)
        self.styles = {**self._styles("styles.xml"), **_styles_of(self.content)}

    def body(self, name: str) -> Element:
        """The `text`, `spreadsheet`, `presentation` or `drawing` of the content."""
        body = self.content.find("body")
        inner = body.find(name) if body is not None else None
        if inner is None:
            raise DocumentError("lacks its main part; the file is damaged")
        return inner

    def part(self, href: str, name: str = "") -> str:
        """The name of a part that is referred to; empty where it is not in the file."""
        path = posixpath.normpath(posixpath.join(href.removeprefix("./"), name))
        return path if path in self.container else ""

    def root(self, part: str) -> Element | None:
        """The XML of a part inside of the file, or None where it is damaged."""
        try:
            return parse(self.container.chunks(part), self.bounds)
        except DamagedPartError:
            return None

    def metadata(self) -> dict[str, str]:
        """Title, author, subject, keywords and date as the file states them."""
        root = self.root("meta.xml") if "meta.xml" in self.container else None
        found: dict[str, str] = {}
        for element in root.iter() if root is not None else ():
            text = "".join(element.itertext()).strip()
            if element.tag in _FIELDS and text:
                found.setdefault(_FIELDS[element.tag], text)
        return found

    def _styles(self, part: str) -> dict[str, OdfStyle]:
        root = self.root(part) if part in self.container else None
        return _styles_of(root) if root is not None else {}


def _styles_of(root: Element) -> dict[str, OdfStyle]:
    found = {}
    for style in root.iter("style"):
        name, parent = style.get("name", ""), style.get("parent-style-name", "")
        text, table = style.find("text-properties"), style.find("table-properties")
        properties = text.attrib if text is not None else {}
        line = properties.get("text-line-through-style", "none")
        position = properties.get("text-position", "").split(" ")[0]
        found[name] = OdfStyle(
            title="Title" in (name, parent),
            bold=properties.get("font-weight") == "bold",
            italic=properties.get("font-style") == "italic",
            raised=_raised(position),
            hidden=line != "none"
            or properties.get("display") == "none"
            or (table is not None and table.get("display") == "false"),
        )
    return found


def _raised(position: str) -> str:
    if position in ("super", "sub"):
        return "sup" if position == "super" else "sub"
    share = re.match(r"(-?)\d*[1-9]", position)
    return ("sub" if share[1] else "sup") if share else ""


def count_of(element: Element, name: str, most: int) -> int:
    """A number of repetitions or covered cells, from 1 to `most`."""
    digits = element.get(name, "1")
    return max(1, min(int(digits), most)) if digits.isdecimal() and len(digits) < 10 else 1


def points(length: str) -> float:
    """A measure such as `3.2cm` in points; 0 for what is none."""
    match = _LENGTH.fullmatch(length)
    return float(match[1]) * _POINTS[match[2]] if match else 0.0
