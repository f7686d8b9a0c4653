"""The pump parts that are "photographed", as signed distance functions.

Sizes are relative: one unit is roughly the outer radius of the part. Every model stands
on z = 0, which is the table top it is photographed on.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from render3d import Array, Material, Model, Sdf

BRONZE = Material((0.80, 0.56, 0.30), 0.75, 28)
STEEL = Material((0.74, 0.76, 0.79), 0.90, 60)
DARK_STEEL = Material((0.44, 0.46, 0.50), 0.85, 40)
ZINC = Material((0.80, 0.78, 0.70), 0.85, 45)
BRASS = Material((0.85, 0.68, 0.30), 0.70, 35)
RUBBER = Material((0.055, 0.055, 0.06), 0.10, 18)
CARBON = Material((0.12, 0.12, 0.13), 0.35, 25)
CERAMIC = Material((0.88, 0.86, 0.80), 0.10, 50)
POLYURETHANE = Material((0.80, 0.16, 0.10), 0.08, 30)
CAST = Material((0.34, 0.39, 0.45), 0.45, 16)


def _slab(v: Array, low: float, high: float) -> Array:
    """Between two parallel planes."""
    inside = np.abs(v - np.float32((low + high) / 2)) - np.float32((high - low) / 2)
    return np.asarray(inside, np.float32)


def _both(*shapes: Array) -> Array:
    """What all shapes share."""
    out = shapes[0]
    for shape in shapes[1:]:
        out = np.maximum(out, shape)
    return out


def _any(*shapes: Array) -> Array:
    """What at least one shape covers."""
    out = shapes[0]
    for shape in shapes[1:]:
        out = np.minimum(out, shape)
    return out


def _ring(r: Array, z: Array, inner: float, outer: float, low: float, high: float) -> Array:
    """A plain ring, its edges broken by a small rounding that catches the light."""
    edge = np.float32(0.02)
    a = _slab(r, inner, outer) + edge
    b = _slab(z, low, high) + edge
    outside = np.hypot(np.maximum(a, 0), np.maximum(b, 0))
    return np.asarray(outside + np.minimum(np.maximum(a, b), 0) - edge, np.float32)


def _sector(angle: Array, count: int, shift: float = 0.0) -> Array:
    """The angle folded so that ``count`` copies around the axis share one description."""
    step = np.float32(2 * np.pi / count)
    return np.asarray(angle + shift - step * np.round((angle + shift) / step), np.float32)


def impeller() -> Model:
    """Semi-open bronze impeller: back plate, six backward-curved vanes, keyed hub."""
    sweep = 1.35

    def sdf(x: Array, y: Array, z: Array) -> Array:
        r = np.hypot(x, y) + np.float32(1e-4)
        angle = np.arctan2(y, x)
        plate = _ring(r, z, 0.0, 1.0, 0.0, 0.10)
        bend = _sector(angle + sweep * np.log(r), 6)
        vane = np.abs(bend) * r / np.float32(np.hypot(1, sweep)) - np.float32(0.032)
        top = z - (0.50 - 0.24 * r)
        vane = _both(vane, _slab(r, 0.24, 0.985), top, -z)
        hub = _ring(r, z, 0.0, 0.29, 0.0, 0.52)
        bore = _any(r - np.float32(0.15), _both(np.abs(y) - 0.045, _slab(x, 0.0, 0.205)))
        return np.maximum(_any(plate, vane, hub), -bore)

    return Model([(sdf, BRONZE)], 1.12, 0.2)


def _bolt_axes(x: Array, y: Array, z: Array) -> tuple[Array, Array]:
    """Distance along the bolt and height above its axis, for a bolt lying on the table.

    Head and thread have different radii, so a bolt at rest is tilted by a few degrees.
    """
    c, s = np.float32(np.cos(0.072)), np.float32(np.sin(0.072))
    lifted = z - np.float32(0.335)
    return x * c - lifted * s, x * s + lifted * c


def hex_bolt() -> Model:
    """Hexagon head bolt with a plain shank and a coarse thread."""

    def sdf(x: Array, y: Array, z: Array) -> Array:
        along, up = _bolt_axes(x, y, z)
        r = np.hypot(y, up)
        half = np.float32(np.sqrt(0.75))
        flats = np.maximum(np.abs(up), np.abs(half * y + 0.5 * up))
        flats = np.maximum(flats, np.abs(half * y - 0.5 * up)) - np.float32(0.41)
        head = _both(flats, _slab(along, -1.20, -0.88), 0.5 * r - (along + 1.20) - 0.19)
        collar = _both(r - 0.38, _slab(along, -0.89, -0.85))
        shank = _both(r - 0.245, _slab(along, -0.9, -0.30))
        turn = along / 0.105 + np.arctan2(up, y) / np.float32(2 * np.pi)
        ridge = np.abs(turn - np.floor(turn) - 0.5) * 2
        wound = (r - 0.252 + 0.05 * ridge) * 0.62
        thread = _both(wound, _slab(along, -0.32, 1.05), (r + along - 1.23) * 0.7)
        return np.asarray(_any(head, collar, shank, thread), np.float32)

    return Model([(sdf, ZINC)], 1.30, 0.3)


def bearing() -> Model:
    """Deep-groove ball bearing: two steel races, nine balls, a brass cage."""

    def races(x: Array, y: Array, z: Array) -> Array:
        r = np.hypot(x, y)
        rings = _any(_ring(r, z, 0.79, 1.0, 0.0, 0.46), _ring(r, z, 0.38, 0.58, 0.0, 0.46))
        groove = np.hypot(r - 0.685, z - 0.23) - 0.175
        return np.asarray(np.maximum(rings, -groove), np.float32)

    def balls(x: Array, y: Array, z: Array) -> Array:
        r = np.hypot(x, y)
        side = r * np.sin(_sector(np.arctan2(y, x), 9))
        out = r * np.cos(_sector(np.arctan2(y, x), 9)) - 0.685
        return np.asarray(np.sqrt(side**2 + out**2 + (z - 0.23) ** 2) - 0.165, np.float32)

    def cage(x: Array, y: Array, z: Array) -> Array:
        r = np.hypot(x, y)
        return _ring(r, z, 0.645, 0.725, 0.12, 0.34)

    return Model([(races, STEEL), (balls, STEEL), (cage, BRASS)], 1.12, 0.2)


def gear() -> Model:
    """Spur gear with 22 teeth, five lightening holes and a keyed bore."""

    def sdf(x: Array, y: Array, z: Array) -> Array:
        r = np.hypot(x, y)
        angle = np.arctan2(y, x)
        wave = np.abs(_sector(angle, 22)) * np.float32(22 / np.pi)
        rim = (r - 0.86 - 0.14 * np.clip((0.62 - wave) * 3.4, 0, 1)) * 0.55
        web = np.maximum(0.30 - np.abs(z - 0.17) * 4, 0)
        body = _both(rim, _slab(z, 0.0, 0.34))
        recess = _both(_slab(r, 0.34, 0.72), 0.24 - z, -web)
        hole_x = r * np.cos(_sector(angle, 5)) - 0.53
        hole = np.hypot(hole_x, r * np.sin(_sector(angle, 5))) - 0.13
        hub = _ring(r, z, 0.0, 0.32, 0.0, 0.46)
        bore = _any(r - 0.17, _both(np.abs(y) - 0.05, _slab(x, 0.0, 0.235)))
        solid = _any(_both(body, -recess, -hole), hub)
        return np.asarray(np.maximum(solid, -bore), np.float32)

    return Model([(sdf, DARK_STEEL)], 1.12, 0.2)


def o_ring() -> Model:
    """Black rubber O-ring."""

    def sdf(x: Array, y: Array, z: Array) -> Array:
        return np.asarray(np.hypot(np.hypot(x, y) - 0.92, z - 0.085) - 0.085, np.float32)

    return Model([(sdf, RUBBER)], 1.12, 0.1)


def _coil(x: Array, y: Array, z: Array) -> Array:
    """The helical spring of the mechanical seal."""
    pitch, low, turns = 0.17, 0.70, 3.6
    around = np.arctan2(y, x) / np.float32(2 * np.pi)
    lap = np.round((z - low) / pitch - around)
    lap = np.clip(lap, np.ceil(-around), np.floor(turns - around))
    height = low + pitch * (lap + around)
    return np.asarray((np.hypot(np.hypot(x, y) - 0.60, z - height) - 0.05) * 0.9, np.float32)


def seal() -> Model:
    """Single-spring mechanical seal standing on its ceramic seat."""

    def ring(inner: float, outer: float, low: float, high: float) -> Sdf:
        return lambda x, y, z: _ring(np.hypot(x, y), z, inner, outer, low, high)

    def seat(x: Array, y: Array, z: Array) -> Array:
        r = np.hypot(x, y)
        return _any(_ring(r, z, 0.36, 0.86, 0.0, 0.12), _ring(r, z, 0.36, 0.74, 0.1, 0.26))

    shapes: list[tuple[Sdf, Material]] = [
        (seat, CERAMIC),
        (ring(0.36, 0.66, 0.25, 0.42), CARBON),
        (ring(0.36, 0.74, 0.41, 0.64), STEEL),
        (ring(0.36, 0.50, 0.60, 1.36), RUBBER),
        (_coil, STEEL),
        (ring(0.36, 0.74, 1.36, 1.56), STEEL),
    ]
    return Model(shapes, 1.18, 0.72)


def _hub(side: float, shift: float) -> Sdf:
    """One half of a jaw coupling: a bored hub with three jaws facing the other half."""

    def sdf(x: Array, y: Array, z: Array) -> Array:
        along = side * x
        up = z - np.float32(0.70)
        r = np.hypot(y, up)
        jaw = r * np.sin(np.abs(_sector(np.arctan2(up, y), 3, shift)))
        jaws = _both(jaw - 0.25, _slab(r, 0.28, 0.70), _slab(along, 0.20, 0.66))
        body = _ring(r, along, 0.0, 0.70, 0.62, 0.92)
        neck = _ring(r, along, 0.0, 0.50, 0.88, 1.30)
        return np.asarray(np.maximum(_any(jaws, body, neck), 0.25 - r), np.float32)

    return sdf


def coupling() -> Model:
    """Jaw coupling drawn apart, so that the red spider shows between the hubs."""

    def spider(x: Array, y: Array, z: Array) -> Array:
        up = z - np.float32(0.70)
        r = np.hypot(y, up)
        side = r * np.sin(_sector(np.arctan2(up, y), 6, 0.52))
        legs = _both(np.abs(side) - 0.10, _slab(r, 0.2, 0.66), np.abs(x) - 0.19)
        core = _both(_slab(r, 0.18, 0.32), np.abs(x) - 0.19)
        return np.asarray(_any(legs, core) - 0.012, np.float32)

    shapes: list[tuple[Sdf, Material]] = [
        (_hub(-1.0, 0.0), CAST),
        (_hub(1.0, float(np.pi / 3)), CAST),
        (spider, POLYURETHANE),
    ]
    return Model(shapes, 1.52, 0.68)


MODELS: dict[str, Callable[[], Model]] = {
    "impeller": impeller,
    "hex-bolt": hex_bolt,
    "bearing": bearing,
    "seal": seal,
    "coupling": coupling,
    "o-ring": o_ring,
    "gear": gear,
}
