"""A small ray marcher, so that the example "photographs" need no model files.

Every part is a signed distance function: it takes the coordinates of many points at
once and gives, for each, how far the nearest surface is. A ray may then be advanced by
that distance without ever stepping through the surface, which is simple enough to do for
a whole picture with numpy and gives shadows and contact shading for a few more steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Array = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]
Sdf = Callable[[Array, Array, Array], Array]
Rgb = tuple[float, float, float]

# A distance function with twisted or repeated space overestimates; shorter steps make up
# for it at the cost of a few more of them.
STEP_SCALE = 0.75
HIT = 0.0025
MARCH_STEPS = 70
SHADOW_STEPS = 16
FIELD_OF_VIEW = np.float32(np.tan(np.radians(15.0)))


@dataclass(frozen=True)
class Material:
    """Surface look: base colour, how mirror-like it is, and how tight its highlight is."""

    color: Rgb
    metal: float
    gloss: float


@dataclass(frozen=True)
class Model:
    """Shapes standing on the plane z = 0 inside a sphere of ``radius`` at ``center``."""

    shapes: Sequence[tuple[Sdf, Material]]
    radius: float
    center: float

    def distance(self, p: Array) -> Array:
        """The distance to the nearest of all shapes."""
        nearest = self.shapes[0][0](p[0], p[1], p[2])
        for sdf, _ in self.shapes[1:]:
            nearest = np.minimum(nearest, sdf(p[0], p[1], p[2]))
        return nearest


@dataclass(frozen=True)
class View:
    """Camera, light and backdrop; angles in degrees."""

    azimuth: float = -55.0
    elevation: float = 38.0
    distance: float = 5.2
    roll: float = 0.0
    light_azimuth: float = -120.0
    light_elevation: float = 52.0
    backdrop: Rgb = (0.80, 0.81, 0.82)
    size: tuple[int, int] = (640, 480)


def _unit(azimuth: float, elevation: float) -> Array:
    a, e = np.radians(azimuth), np.radians(elevation)
    return np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)], np.float32)


def _normalized(v: Array) -> Array:
    return np.asarray(v / np.sqrt((v * v).sum(axis=0, keepdims=True)), np.float32)


def _camera_rays(view: View, center: float) -> tuple[Array, Array]:
    """The eye, and one unit direction per pixel, as columns."""
    back = _unit(view.azimuth, view.elevation)
    eye = back * np.float32(view.distance)
    eye[2] += center
    right = np.array([-back[1], back[0], 0.0], np.float32)
    right /= np.linalg.norm(right)
    up = np.cross(back, right)
    turn = np.radians(view.roll)
    right, up = (
        right * np.cos(turn) + up * np.sin(turn),
        up * np.cos(turn) - right * np.sin(turn),
    )
    width, height = view.size
    xs = (np.arange(width) + 0.5 - width / 2) / (height / 2)
    ys = (height / 2 - np.arange(height) - 0.5) / (height / 2)
    u, v = np.meshgrid(xs.astype(np.float32), ys.astype(np.float32))
    scale = FIELD_OF_VIEW
    rays = -back[:, None] + scale * (
        right[:, None] * u.reshape(1, -1) + up[:, None] * v.reshape(1, -1)
    )
    return eye, _normalized(rays.astype(np.float32))


def _sphere_span(model: Model, eye: Array, rays: Array) -> tuple[Array, Array, Bools]:
    """Where each ray enters and leaves the bounding sphere, and whether it does at all."""
    offset = eye - np.array([0.0, 0.0, model.center], np.float32)
    b = (rays * offset[:, None]).sum(axis=0)
    root = b * b - np.float32(offset @ offset - model.radius**2)
    inside = root > 0
    half = np.sqrt(np.maximum(root, 0))
    return -b - half, -b + half, inside


def _march(model: Model, eye: Array, rays: Array) -> tuple[Array, Bools]:
    """How far along each ray the model is, and which rays reach it."""
    travel, leave, inside = _sphere_span(model, eye, rays)
    hit = np.zeros(rays.shape[1], bool)
    active = np.flatnonzero(inside)
    for _ in range(MARCH_STEPS):
        if active.size == 0:
            break
        d = model.distance(eye[:, None] + rays[:, active] * travel[active])
        travel[active] += d * np.float32(STEP_SCALE)
        close = d < HIT
        hit[active[close]] = True
        active = active[~close & (travel[active] < leave[active])]
    return travel, hit


def _normals(model: Model, p: Array) -> Array:
    """Surface normals from four samples at the corners of a tetrahedron."""
    total = np.zeros_like(p)
    for corner in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
        k = np.array(corner, np.float32)[:, None]
        total += k * model.distance(p + k * np.float32(0.003))
    return _normalized(total)


def _shadow(model: Model, p: Array, light: Array) -> Array:
    """How much of a soft light reaches each point, from 0 to 1."""
    lit = np.ones(p.shape[1], np.float32)
    travel = np.full(p.shape[1], 0.04, np.float32)
    active = np.arange(p.shape[1])
    for _ in range(SHADOW_STEPS):
        if active.size == 0:
            break
        d = model.distance(p[:, active] + light[:, None] * travel[active])
        lit[active] = np.minimum(lit[active], np.clip(9 * d / travel[active], 0, 1))
        travel[active] += np.clip(d, 0.03, 0.25)
        active = active[(lit[active] > 0.02) & (travel[active] < 2.4)]
    return np.asarray(lit * lit * (3 - 2 * lit), np.float32)


def _openness(model: Model, p: Array, n: Array) -> Array:
    """Ambient light left after nearby surfaces have taken their part."""
    taken = np.zeros(p.shape[1], np.float32)
    for step, weight in ((0.05, 5.0), (0.14, 2.2), (0.30, 0.9)):
        d = model.distance(p + n * np.float32(step))
        taken += np.maximum(step - d, 0).astype(np.float32) * np.float32(weight)
    return np.clip(1 - taken, 0.15, 1)


def _studio(r: Array) -> Array:
    """What a mirror would see: a light tent with one bright panel and a dark floor line."""
    sky = np.float32(0.35) + np.float32(0.45) * np.clip(r[2], 0, 1)
    panel = np.clip((r[2] - 0.25) * 3, 0, 1) * np.clip((0.9 - np.abs(r[0] + 0.35)) * 2, 0, 1)
    floor = np.clip(-r[2] * 2.5, 0, 1)
    return np.asarray((sky + 0.75 * panel) * (1 - 0.55 * floor), np.float32)


def _material_arrays(model: Model, p: Array) -> tuple[Array, Array, Array]:
    """Colour, mirror share and gloss of the shape nearest to each point."""
    owner = np.argmin(np.stack([sdf(p[0], p[1], p[2]) for sdf, _ in model.shapes]), axis=0)
    stuff = [material for _, material in model.shapes]
    colors = np.array([m.color for m in stuff], np.float32)[owner].T
    metal = np.array([m.metal for m in stuff], np.float32)[owner]
    gloss = np.array([m.gloss for m in stuff], np.float32)[owner]
    return colors, metal, gloss


def _shade_model(model: Model, p: Array, rays: Array, light: Array) -> Array:
    n = _normals(model, p)
    color, metal, gloss = _material_arrays(model, p)
    facing = np.clip((n * light[:, None]).sum(axis=0), 0, 1)
    lit = facing * _shadow(model, p + n * np.float32(0.01), light)
    ambient = _openness(model, p, n) * (0.55 + 0.45 * n[2])
    mirror = rays - 2 * (rays * n).sum(axis=0) * n
    shine = np.clip((mirror * light[:, None]).sum(axis=0), 0, 1) ** gloss
    rim = np.clip(1 + (rays * n).sum(axis=0), 0, 1) ** 3
    diffuse = (0.85 * lit + 0.34 * ambient) * (1 - 0.55 * metal)
    reflected = _studio(mirror) * (0.35 + 0.65 * _openness(model, p, n))
    out = color * (diffuse + metal * 0.62 * reflected)
    out += (0.25 + 0.75 * metal) * 0.55 * shine * (lit > 0.02) + 0.10 * rim * ambient
    return np.asarray(out, np.float32)


def _shade_floor(model: Model, eye: Array, rays: Array, light: Array, tone: Rgb) -> Array:
    """The backdrop: a sheet of card with the soft shadow of the part on it."""
    travel = -eye[2] / np.minimum(rays[2], np.float32(-1e-3))
    p = (eye[:, None] + rays * travel).astype(np.float32)
    reach = np.hypot(p[0], p[1])
    shade = np.ones(rays.shape[1], np.float32)
    # Only points near the part can be in its shadow.
    near = np.flatnonzero(reach < model.radius * 2.6)
    up = np.zeros((3, near.size), np.float32)
    up[2] = 1
    at = p[:, near]
    shade[near] = (0.45 + 0.55 * _shadow(model, at, light)) * (0.5 + 0.5 * _openness(model, at, up))
    fade = 1.04 - 0.035 * np.clip(reach, 0, 6)
    return np.asarray(np.array(tone, np.float32)[:, None] * shade * fade, np.float32)


def render(model: Model, view: View) -> Image.Image:
    """A picture of the model, at three quarters of the traced size to smooth the edges."""
    eye, rays = _camera_rays(view, model.center)
    light = _unit(view.light_azimuth, view.light_elevation)
    travel, hit = _march(model, eye, rays)
    pixels = np.zeros_like(rays)
    rest = np.flatnonzero(~hit)
    pixels[:, rest] = _shade_floor(model, eye, rays[:, rest], light, view.backdrop)
    solid = np.flatnonzero(hit)
    p = (eye[:, None] + rays[:, solid] * travel[solid]).astype(np.float32)
    pixels[:, solid] = _shade_model(model, p, rays[:, solid], light)
    width, height = view.size
    data = (np.clip(pixels, 0, 1) ** 0.92 * 255).astype(np.uint8)
    picture = Image.fromarray(data.T.reshape(height, width, 3))
    return picture.resize((width * 3 // 4, height * 3 // 4), Image.Resampling.LANCZOS)
