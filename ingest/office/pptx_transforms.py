"""Where the shapes of a slide lie: transforms of shapes, groups and placeholders."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from octavo.ingest.document import Box
from octavo.ingest.office.office_package import EMU, first, whole


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
        transform = first(shape, *path)
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
    across = whole(extent.get("cx")) / max(1, whole(child_extent.get("cx"), 1))
    down = whole(extent.get("cy")) / max(1, whole(child_extent.get("cy"), 1))
    return SlideTransform(
        frame.x + frame.across * (whole(offset.get("x")) - across * whole(child_offset.get("x"))),
        frame.y + frame.down * (whole(offset.get("y")) - down * whole(child_offset.get("y"))),
        frame.across * across,
        frame.down * down,
    )


def placeholder_kind(kind: str) -> str:
    return {"ctrTitle": "title", "subTitle": "body", "obj": "body"}.get(kind, kind)
