"""Pages with a gold box that no region meets, as pictures."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from octavo.evals.metrics.boxes import IOU
from octavo.evals.reading.region_scores import GoldBox, RegionScores
from octavo.evals.reading.regions import PageRegions
from octavo.ingest.document import Box
from octavo.ingest.files import file_type
from octavo.ingest.render import render_page

_MISSED, _MET, _REGION = (213, 0, 0), (0, 150, 60), (0, 80, 220)
_PIXELS = 1100


def draw_missed_regions(scores: RegionScores, folder: Path, out: Path) -> int:
    """One PNG a page with a miss: gold in red (missed) and green (met), regions in blue. The
    file's name says document, page, kinds of evidence and the least of the best IoUs. How many."""
    out.mkdir(parents=True, exist_ok=True)
    by_page: dict[tuple[str, int], list[GoldBox]] = defaultdict(list)
    for one in scores.gold:
        by_page[one.name, one.page].append(one)
    drawn = 0
    for key, gold in sorted(by_page.items()):
        page = scores.pages.get(key)
        if page is not None and any(page.best(g.box) < IOU for g in gold):
            data = (folder / "pdfs" / page.name).read_bytes()
            _drawn(data, page, gold).save(out / _name(page, gold))
            drawn += 1
    return drawn


def _name(page: PageRegions, gold: Sequence[GoldBox]) -> str:
    sort = "digital" if page.digital else "scan"
    kinds = "-".join(sorted({k for g in gold for k in g.kinds}))
    worst = min(page.best(g.box) for g in gold)
    return f"{sort}_{Path(page.name).stem[:50]}_p{page.page}_{kinds}_{worst:.2f}.png"


def _drawn(data: bytes, page: PageRegions, gold: Sequence[GoldBox]) -> Image.Image:
    import pymupdf

    kind = file_type(data, Path(page.name).suffix)
    png = render_page(data, kind, page.page, (), _PIXELS)
    image = Image.open(io.BytesIO(png)).convert("RGB")
    with pymupdf.open(stream=data) as document:
        zoom = image.width / float(document[page.page - 1].rect.width)
    pen = ImageDraw.Draw(image)
    for region in page.regions:
        pen.rectangle(_corners(region, zoom), outline=_REGION, width=2)
    for g in gold:
        best = page.best(g.box)
        ink = _MET if best >= IOU else _MISSED
        corners = _corners(g.box, zoom)
        pen.rectangle(corners, outline=ink, width=4)
        pen.text((corners[0] + 6, corners[1] + 4), f"{best:.2f} {' '.join(g.kinds)}", fill=ink)
    return image


def _corners(box: Box, zoom: float) -> tuple[float, float, float, float]:
    """As Pillow wants them: the second corner not before the first."""
    x0, y0 = box.x0 * zoom, box.y0 * zoom
    return x0, y0, max(x0, box.x1 * zoom), max(y0, box.y1 * zoom)
