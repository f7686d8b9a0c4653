"""What DOCX, PPTX and XLSX share: parts, relationships, properties, and the look-up of elements."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.bounded_xml import parse
from octavo.ingest.formats.zip_container import Container

_PROPERTIES = {
    "title": "title",
    "creator": "author",
    "subject": "subject",
    "keywords": "keywords",
    "created": "creationDate",
}
EMU = 12_700  # English metric units in a point


@dataclass(frozen=True, slots=True)
class Target:
    """Where a relationship points: a part of the package, and what it is (`image`, `chart`)."""

    part: str
    kind: str


class Package:
    """An Office Open XML file. What it links to outside of itself is never read."""

    def __init__(self, data: bytes, bounds: FileLimits) -> None:
        self.container = Container(data, bounds)
        self.bounds = bounds

    def root(self, part: str) -> Element:
        """The XML of a part. Raises DocumentError where it is missing or damaged."""
        return parse(self.container.chunks(part), self.bounds)

    def targets(self, part: str) -> dict[str, Target]:
        """What a part refers to, by relationship id."""
        folder, name = posixpath.split(part)
        rels = posixpath.join(folder, "_rels", f"{name}.rels")
        if rels not in self.container:
            return {}
        by_id = {}
        for item in self.root(rels):
            if item.get("TargetMode") == "External":
                continue
            path = unquote(item.get("Target", ""))
            full = path.lstrip("/") if path.startswith("/") else posixpath.join(folder, path)
            kind = item.get("Type", "").rpartition("/")[2]
            by_id[item.get("Id", "")] = Target(posixpath.normpath(full), kind)
        return by_id

    def related(self, part: str, kind: str) -> list[str]:
        """Parts of one kind that a part refers to and that are there."""
        targets = self.targets(part).values()
        return [t.part for t in targets if t.kind == kind and t.part in self.container]

    def main_part(self) -> str:
        """The document, presentation or workbook itself."""
        parts = self.related("", "officeDocument")
        if not parts:
            raise DocumentError("lacks its main part; the file is damaged")
        return parts[0]

    def picture(self, part: str) -> bytes | None:
        """The bytes of an image part, or None where it is missing or damaged."""
        return self.container.picture(part)

    def metadata(self) -> dict[str, str]:
        """Title, author, subject, keywords and date as the file states them."""
        parts = self.related("", "core-properties")
        if not parts:
            return {}
        fields = {
            _PROPERTIES[e.tag]: text_of(e) for e in self.root(parts[0]) if e.tag in _PROPERTIES
        }
        return {k: v for k, v in fields.items() if v}


def text_of(element: Element) -> str:
    return "".join(element.itertext()).strip()


def find_child(element: Element | None, *path: str) -> Element | None:
    """The first descendant along a path of child names, or None."""
    for name in path:
        if element is None:
            return None
        element = element.find(name)
    return element


def attribute_of(element: Element | None, *path: str, name: str = "val") -> str:
    """An attribute (`val`) of the descendant along a path; empty where there is none."""
    child = find_child(element, *path)
    return child.get(name, "") if child is not None else ""


def to_int(text: str | None, otherwise: int = 0) -> int:
    """A whole number of an attribute; `otherwise` where it is none."""
    try:
        return int(float(text or ""))
    except (ValueError, OverflowError):
        return otherwise


def is_on(element: Element | None, otherwise: bool = False) -> bool:
    """A switch such as `<w:b/>` or `<w:b w:val="0"/>`."""
    if element is None:
        return otherwise
    return element.get("val", "true") not in ("0", "false", "off")
