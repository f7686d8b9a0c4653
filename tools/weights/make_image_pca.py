"""Fit the projection that makes the tower's features comparable by a dot product.

Pooled convolutional features are never negative, so unrelated pictures have a positive cosine
(median 0.23 here).  Taking off the mean and projecting on the main directions brings that to 0 and
makes vectors five times smaller, at about the same accuracy.
Fitted on drawn pictures and crops of free photographs only, all seeded:

    python -m tools.weights.make_image_pca --cache /tmp/features

prints the table of variants and writes ``image-pca.npz``.  To use it, with f the raw features:

    z = components @ (f / |f| - mean);   vector = z / |z|
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from PIL import Image

from tools.weights.sample_images import (
    FAMILIES,
    FIT_PHOTOS,
    TEST_ONLY_PHOTOS,
    crops,
    drawn,
    half_size_jpeg,
    middle_crop,
    to_pixels,
)

Array = npt.NDArray[Any]

HERE = Path(__file__).parents[2] / "index" / "weights"
DIMENSIONS = 256
POWER = 0.25  # each kept direction is divided by its variance to this power
TRIED = [(128, 0.25), *((DIMENSIONS, p) for p in (0.0, 0.125, 0.25, 0.375, 0.5))]
RULE = "letterbox"
FIT_DRAWN, FIT_CROPS, TEST_DRAWN, TEST_CROPS = 2040, 1360, 663, 337
ODD_FAMILIES, EVEN_FAMILIES = list(FAMILIES)[1::2], list(FAMILIES)[::2]
QUERIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "half size, JPEG 50": half_size_jpeg,
    "middle 70 %": middle_crop,
    "middle 50 %": lambda image: middle_crop(image, 0.5),
}


@dataclass(frozen=True)
class Projection:
    """What is stored: the mean and the (scaled) directions."""

    mean: Array
    components: Array

    def __call__(self, features: Array) -> Array:
        return unit((unit(features) - self.mean) @ self.components.T)


def unit(rows: Array) -> Array:
    """Rows scaled to length 1."""
    result: Array = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)
    return result


def chunks(images: list[Image.Image], size: int = 16) -> Iterator[list[Image.Image]]:
    """The pictures, a few at a time."""
    for start in range(0, len(images), size):
        yield images[start : start + size]


def tower_features(images: list[Image.Image], rule: str) -> Array:
    """Raw features of many pictures."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    tower = ort.InferenceSession(HERE / "efficientnet-lite0.onnx", options)
    feeds: Iterable[Array] = (to_pixels(part, rule) for part in chunks(images))
    return np.concatenate([tower.run(["features"], {"pixels": feed})[0] for feed in feeds])


def test_images() -> tuple[list[Image.Image], Array]:
    """About 1000 pictures and the family or photograph each comes from."""
    photos = FIT_PHOTOS + TEST_ONLY_PHOTOS
    images = drawn(TEST_DRAWN, 5001) + crops(TEST_CROPS, 5002, photos)
    kinds = [i % len(FAMILIES) for i in range(TEST_DRAWN)]
    kinds += [len(FAMILIES) + i % len(photos) for i in range(TEST_CROPS)]
    return images, np.array(kinds)


def all_features(cache: Path, rule: str) -> dict[str, Array]:
    """Features of every set of pictures, kept in a file between runs."""
    store = cache / f"{rule}.npz"
    if not store.exists():
        images, kinds = test_images()
        found = {"test": tower_features(images, rule), "kinds": kinds}
        for name, change in QUERIES.items():
            found[name] = tower_features([change(image) for image in images], rule)
        if rule != "centre_crop":  # clearly worse on raw features, so not pursued
            found |= fit_features(rule)
        arrays: dict[str, Any] = dict(found)
        np.savez(store, **arrays)
    return dict(np.load(store))


def fit_features(rule: str) -> dict[str, Array]:
    """Features to fit on: all sources, and only half of them (to test on the other half)."""
    half = drawn(FIT_DRAWN, 4003, ODD_FAMILIES) + crops(FIT_CROPS, 4004, FIT_PHOTOS[1::2])
    whole = drawn(FIT_DRAWN, 4001) + crops(FIT_CROPS, 4002, FIT_PHOTOS)
    return {"fit": tower_features(whole, rule), "fit half": tower_features(half, rule)}


def fit(features: Array, power: float, dimensions: int = DIMENSIONS) -> Projection:
    """Mean and leading directions of unit features, scaled by variance ** -power."""
    rows = unit(features.astype(np.float64))
    mean = rows.mean(0)
    variance, directions = np.linalg.eigh(np.cov(rows - mean, rowvar=False))
    keep = np.argsort(-variance)[:dimensions]
    scaled = directions[:, keep].T * (variance[keep] ** -power)[:, None]
    scaled /= np.abs(scaled).max()  # the overall size does not matter; keep it well inside float16
    return Projection(mean.astype(np.float16), scaled.astype(np.float16))


def variants(features: Array | None) -> dict[str, Callable[[Array], Array]]:
    """The candidates of the table; only the first needs no fitting."""
    result: dict[str, Callable[[Array], Array]] = {"raw cosine, 1280": unit}
    if features is None:
        return result
    mean = unit(features).mean(0)
    result["centred cosine, 1280"] = lambda rows: unit(unit(rows) - mean)
    for dimensions, power in TRIED:
        name = f"PCA {dimensions}, variance^-{power:g}"
        result[name] = fit(features, power, dimensions)
    return result


def found_first(queries: Array, gallery: Array, chosen: Array) -> tuple[float, float]:
    """Share of queries whose own picture ranks first, and mean reciprocal rank."""
    scores = queries @ gallery.T
    ranks = 1 + (scores > np.diag(scores)[:, None]).sum(1)[chosen]
    return float((ranks == 1).mean()), float((1 / ranks).mean())


def same_kind(gallery: Array, kinds: Array, chosen: Array, top: int = 10) -> float:
    """Share of each picture's ten nearest that are of its family or photograph."""
    scores = gallery @ gallery.T
    np.fill_diagonal(scores, -np.inf)
    nearest = np.argsort(-scores, 1)[:, :top]
    return float((kinds[nearest] == kinds[:, None]).mean(1)[chosen].mean())


def print_table(data: dict[str, Array], fitted_on: Array | None, chosen: Array) -> None:
    """One row per variant."""
    for name, project in variants(fitted_on).items():
        gallery = project(data["test"]).astype(np.float32)
        cells = []
        for query in QUERIES:
            first, mean = found_first(project(data[query]).astype(np.float32), gallery, chosen)
            cells.append(f"{100 * first:.1f} / {mean:.3f}")
        cells.append(f"{same_kind(gallery, data['kinds'], chosen):.3f}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def unseen(kinds: Array) -> Array:
    """Which test pictures come from a family or photograph not in the half fit."""
    photos = FIT_PHOTOS + TEST_ONLY_PHOTOS
    seen = [list(FAMILIES).index(name) for name in ODD_FAMILIES]
    seen += [len(FAMILIES) + photos.index(name) for name in FIT_PHOTOS[1::2]]
    return ~np.isin(kinds, seen)


def main() -> None:
    """Print the tables and write the projection."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="folder for features")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    for rule in ("centre_crop", "squash", RULE):
        data = all_features(options.cache, rule)
        everything = np.ones(len(data["kinds"]), bool)
        print(f"## {rule}, fitted on all sources")
        print_table(data, data.get("fit"), everything)
        if "fit half" in data:
            others = unseen(data["kinds"])
            print(f"## {rule}, fitted on half, {others.sum()} queries of the other sources")
            print_table(data, data["fit half"], others)
    best = fit(data["fit"], POWER)
    np.savez(HERE / "image-pca.npz", mean=best.mean, components=best.components)


if __name__ == "__main__":
    main()
