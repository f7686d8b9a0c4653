"""The "photographs": how each part is lit and seen, in the manual and by a user."""

from __future__ import annotations

import io

import numpy as np
from parts import MODELS
from PIL import Image, ImageFilter
from render3d import View, render

# In the manual every part lies on the same grey card, lit from the same side.
MANUAL_VIEWS: dict[str, View] = {
    "impeller": View(azimuth=-58, elevation=42, distance=4.7),
    "o-ring": View(azimuth=-60, elevation=40, distance=4.6),
    "seal": View(azimuth=-48, elevation=30, distance=4.9),
    "bearing": View(azimuth=-62, elevation=40, distance=4.5),
    "coupling": View(azimuth=-52, elevation=32, distance=6.0),
    "gear": View(azimuth=-70, elevation=44, distance=4.6),
    "hex-bolt": View(azimuth=-62, elevation=34, distance=4.9),
}

# A user's snapshot: hand-held, other light, on whatever lay on the bench.
QUERY_VIEWS: dict[str, View] = {
    "impeller": View(-50, 46, 5.1, 7.0, -60, 60, (0.74, 0.71, 0.66), (540, 432)),
    "hex-bolt": View(-54, 38, 5.3, -6.0, -170, 58, (0.70, 0.72, 0.69), (540, 432)),
    "bearing": View(-70, 44, 5.0, 5.0, -65, 55, (0.76, 0.73, 0.68), (540, 432)),
    "seal": View(-55, 33, 5.5, -4.0, -150, 60, (0.72, 0.73, 0.76), (540, 432)),
}


def manual_photo(name: str) -> bytes:
    """The picture printed in the manual, as JPEG data."""
    data = io.BytesIO()
    render(MODELS[name](), MANUAL_VIEWS[name]).save(data, "JPEG", quality=88, optimize=True)
    return data.getvalue()


def query_photo(name: str) -> bytes:
    """The picture a user would take, with a little blur and sensor noise, as JPEG data."""
    sharp = render(MODELS[name](), QUERY_VIEWS[name])
    soft = sharp.filter(ImageFilter.GaussianBlur(0.6))
    noise = np.random.default_rng(len(name)).normal(0, 3.0, (soft.height, soft.width, 1))
    grainy = np.clip(np.asarray(soft, np.float32) + noise, 0, 255).astype(np.uint8)
    data = io.BytesIO()
    Image.fromarray(grainy).save(data, "JPEG", quality=80)
    return data.getvalue()
