"""Where the shapes of a slide lie: transforms of shapes, groups and placeholders."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from octavo.ingest.document import Box
from octavo.ingest.office.office_package import EMU, find_child, to_int


@dataclass(frozen=True, slots=True)
class SlideTransform:
    """How coordinates inside a group lie on the slide: points = shift + scale * EMU."""

    x: float = 0.0
    y: float = 0.0
    across: float = 1 / EMU
    down: float = 1 / EMU

    def box(self, x: int, y: int, width: int, height: int) -> Box:
        left, top = self.x + self.across * x, self.y + self.down * y
        return Box(left, top, left + self.across * width, top + self.down * height)


def transform_of(shape: Element) -> Element | None:
    for path in (("spPr", "xfrm"), ("xfrm",), ("grpSpPr", "xfrm")):
        transform = find_child(shape, *path)
        if transform is not None:
            return transform
    return None


def group_transform(group: Element, frame: SlideTransform) -> SlideTransform:
    """The frame of a group's children: their own coordinates are scaled into the group's box."""
    transform = transform_of(group)
    if transform is None:
        return frame
    offset, extent = transform.find("off"), transform.find("ext")
    child_offset, child_extent = transform.find("chOff"), transform.find("chExt")
    if offset is None or extent is None or child_offset is None or child_extent is None:
        return frame
    across = to_int(extent.get("cx")) / max(1, to_int(child_extent.get("cx"), 1))
    down = to_int(extent.get("cy")) / max(1, to_int(child_extent.get("cy"), 1))
    return SlideTransform(
        frame.x + frame.across * (to_int(offset.get("x")) - across * to_int(child_offset.get("x"))),
        frame.y + frame.down * (to_int(offset.get("y")) - down * to_int(child_offset.get("y"))),
        frame.across * across,
        frame.down * down,
    )


def placeholder_kind(kind: str) -> str:
    return {"ctrTitle": "title", "subTitle": "body", "obj": "body"}.get(kind, kind)
