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
        found = first(shape, *path)
        if found is not None:
            return found
    return None


def group_transform(group: Element, frame: SlideTransform) -> SlideTransform:
    """The frame of a group's children: their own coordinates are scaled into the group's box."""
    own = transform_of(group)
    if own is None:
        return frame
    offset, extent = own.find("off"), own.find("ext")
    from_, size = own.find("chOff"), own.find("chExt")
    if offset is None or extent is None or from_ is None or size is None:
        return frame
    across = whole(extent.get("cx")) / max(1, whole(size.get("cx"), 1))
    down = whole(extent.get("cy")) / max(1, whole(size.get("cy"), 1))
    return SlideTransform(
        frame.x + frame.across * (whole(offset.get("x")) - across * whole(from_.get("x"))),
        frame.y + frame.down * (whole(offset.get("y")) - down * whole(from_.get("y"))),
        frame.across * across,
        frame.down * down,
    )


def placeholder_kind(kind: str) -> str:
    return {"ctrTitle": "title", "subTitle": "body", "obj": "body"}.get(kind, kind)
