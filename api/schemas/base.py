"""What all of them share, and places on pages."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from octavo.ingest.document import Region


class Wire(BaseModel):
    """JSON with no other fields than those named."""

    model_config = ConfigDict(extra="forbid")


class RegionOut(Wire):
    """A box on a page: PDF points, origin at the displayed page's top left."""

    page: int
    box: tuple[float, float, float, float]


def region_out(region: Region) -> RegionOut:
    x0, y0, x1, y1 = region.box.rounded()
    return RegionOut(page=region.page, box=(x0, y0, x1, y1))
