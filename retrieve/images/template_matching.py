"""Where on a page a picture is printed: normalised cross-correlation over a range of sizes.

What people cut out of documents is neither turned nor bent, only smaller, larger, cropped or
compressed, so comparing it whole is the better test. On 30 figures of mmlong the right page had
the greater score than three others of its document for all 30: as they are, at half size in JPEG
50, and their middle 70 %. By ORB keypoints (Rublee et al. 2011) with a similarity fitted by RANSAC
it had in 50 to 73 %, as charts and letters repeat their corners and line drawings have few. A
photograph of a page, taken at an angle, is not recognised this way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from octavo.ingest.document import Box
from octavo.retrieve.images.page_raster import Grayscale

_COARSE = 48.0  # side in pixels of a square as large as the picture when sizes are tried
_FINE = 120.0  # and when the best positions are refined
_MAX_ASPECT = 3.0  # longest side, as a multiple of those
_STEP = 1.07  # between two sizes: at an edge of the coarse picture 1.7 pixels at most
_MIN_SIZE = 0.12  # longest side of the picture, as a share of the page's
_KEPT = 3  # positions that are refined
_BLUR = 0.7  # pixels: sigma of the blur of both then, for their pixels never fall alike
_MIN_DEVIATION = 2.0  # standard deviation of grey values under which there is nothing to compare


@dataclass(frozen=True, slots=True)
class TemplateMatch:
    """`score`: correlation of picture and page there, 1 where they are the same. `box` is in the
    pixels of the page."""

    score: float
    box: Box


@dataclass(frozen=True, slots=True)
class _Position:
    score: float
    size: float  # pixels of the page a pixel of the picture takes
    x: float  # pixels of the page
    y: float


def match_template(picture: Grayscale, page: Grayscale) -> TemplateMatch | None:
    """Where all of `picture` correlates best with `page`; None where it cannot be told: one shade
    only, or a picture longer than the page is.

    Lewis 1995, Fast Normalized Cross-Correlation; about 50 ms for a page of 1000 pixels.
    """
    coarse, fine = _scaled(picture, _COARSE), _scaled(picture, _FINE)
    if float(coarse.std()) < _MIN_DEVIATION:
        return None
    margin = round(0.03 * max(page.shape))  # rounded sizes must not keep a whole page out
    padded = np.asarray(
        cv2.copyMakeBorder(page, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    )
    positions = sorted(_positions(picture, coarse, padded), key=lambda position: -position.score)
    refined = [
        _refined(position, picture, fine, padded)
        for position in _non_maximum_suppression(positions, picture)
    ]
    matches = [p for p in refined if p is not None]
    if not matches:
        return None
    best = max(matches, key=lambda p: p.score)
    b, height, width = best.box, *page.shape
    box = Box(b.x0 - margin, b.y0 - margin, b.x1 - margin, b.y1 - margin)
    return TemplateMatch(best.score, box.clip(Box(0.0, 0.0, float(width), float(height))))


def _positions(picture: Grayscale, coarse: Grayscale, page: Grayscale) -> Iterator[_Position]:
    """The best position at every size."""
    height, width = picture.shape
    size = min(page.shape[0] / height, page.shape[1] / width)
    smallest = _MIN_SIZE * max(page.shape) / max(height, width)
    shown = page
    while size >= smallest:
        scale = coarse.shape[1] / width / size
        while max(shown.shape) > 2 * scale * max(page.shape):
            shown = _resized(shown, shown.shape[1] // 2, shown.shape[0] // 2)
        small = _resized(shown, round(page.shape[1] * scale), round(page.shape[0] * scale))
        score, x, y = _best_position(small, coarse)
        yield _Position(score, size, x / scale, y / scale)
        size /= _STEP


def _non_maximum_suppression(positions: list[_Position], picture: Grayscale) -> list[_Position]:
    """The best few that are neither at the same position nor of nearly the same size."""
    height, width = picture.shape
    kept: list[_Position] = []
    for position in positions:
        if len(kept) == _KEPT:
            break
        overlaps = (
            abs(np.log(position.size / k.size)) < 0.1
            and abs(position.x - k.x) < 0.1 * width * position.size
            and abs(position.y - k.y) < 0.1 * height * position.size
            for k in kept
        )
        if not any(overlaps):
            kept.append(position)
    return kept


def _refined(
    position: _Position, picture: Grayscale, fine: Grayscale, page: Grayscale
) -> TemplateMatch | None:
    """The same position with more pixels, sizes tried in finer steps.

    Blurred, 93 % of 30 worn figures of mmlong have 0.9 and more on their page, 60 % as they are.
    """
    height, width = picture.shape
    blurred = cv2.GaussianBlur(fine, (0, 0), _BLUR)
    best: TemplateMatch | None = None
    for step in np.linspace(-0.75, 0.75, 9):
        size = position.size * _STEP ** float(step)
        scale = fine.shape[1] / width / size
        margin = 0.05 * max(height, width) * size + 2 / scale
        x0, y0 = max(0, round(position.x - margin)), max(0, round(position.y - margin))
        part = page[y0 : round(position.y + height * size + margin), x0:][
            :, : round(width * size + margin + position.x - x0)
        ]
        shown = _resized(part, round(part.shape[1] * scale), round(part.shape[0] * scale))
        score, x, y = _best_position(cv2.GaussianBlur(shown, (0, 0), _BLUR), blurred)
        if best is None or score > best.score:
            left, top = x0 + x / scale, y0 + y / scale
            best = TemplateMatch(score, Box(left, top, left + width * size, top + height * size))
    return best if best and best.score > 0 else None


def _best_position(page: Grayscale, template: Grayscale) -> tuple[float, float, float]:
    """Greatest correlation and the position of the template's corner; 0 where it does not fit."""
    if page.shape[0] < template.shape[0] or page.shape[1] < template.shape[1]:
        return 0.0, 0.0, 0.0
    scores = cv2.matchTemplate(page, template, cv2.TM_CCOEFF_NORMED)
    # Where the page has one shade the quotient is no number, or anything.
    scores[~(np.abs(scores) <= 1.001)] = 0.0
    _, score, _, (x, y) = cv2.minMaxLoc(scores)
    return min(1.0, float(score)), float(x), float(y)


def _scaled(picture: Grayscale, side: float) -> Grayscale:
    """With the area of a square of `side`, and no side longer than three of it."""
    height, width = picture.shape
    scale = min(side / (height * width) ** 0.5, _MAX_ASPECT * side / max(height, width))
    return _resized(picture, round(width * scale), round(height * scale))


def _resized(image: Grayscale, width: int, height: int) -> Grayscale:
    smaller = width < image.shape[1]
    interpolation = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(
        cv2.resize(image, (max(1, width), max(1, height)), interpolation=interpolation)
    )
