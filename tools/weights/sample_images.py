"""Seeded pictures for calibrating, fitting and measuring the image tower.

Two sources, both free to use: pictures drawn here with Pillow (charts, diagrams, tables, pages,
maps, shapes, textures ...), and random crops of the photographs that scikit-image ships and
declares CC0 or public domain.  A few further scikit-image pictures are only ever used to test.
"""

from __future__ import annotations

import colorsys
import io
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Pixels = npt.NDArray[np.float32]
Rng = np.random.Generator

SIDE = 224
FIT_PHOTOS = [
    "astronaut.png", "brick.png", "camera.png", "cell.png", "chelsea.png", "clock_motion.png",
    "coffee.png", "coins.png", "grass.png", "gravel.png", "horse.png", "hubble_deep_field.jpg",
    "ihc.png", "microaneurysms.png", "retina.jpg", "rocket.jpg", "text.png",
]  # fmt: skip
TEST_ONLY_PHOTOS = ["motorcycle_left.png", "moon.png", "page.png", "color.png"]

_WORDS = [
    "revenue", "model", "index", "signal", "share", "growth", "layer", "node", "total", "input",
    "output", "table", "figure", "quarter", "price", "region", "energy", "sample", "error", "query",
    "image", "vector", "page", "stage", "filter", "north", "south", "value",
]  # fmt: skip


def _colour(rng: Rng, low: float = 0.3, high: float = 1.0) -> tuple[int, int, int]:
    """A random colour of the given brightness range."""
    hue, sat, val = rng.random(), rng.uniform(0.1, 1.0), rng.uniform(low, high)
    red, green, blue = colorsys.hsv_to_rgb(hue, sat, val)
    return int(red * 255), int(green * 255), int(blue * 255)


def _canvas(rng: Rng) -> tuple[Image.Image, ImageDraw.ImageDraw, int, int]:
    """A blank page, mostly white, of random size and shape."""
    width, height = int(rng.integers(240, 640)), int(rng.integers(240, 520))
    paper = (255, 255, 255) if rng.random() < 0.7 else _colour(rng, 0.85)
    image = Image.new("RGB", (width, height), paper)
    return image, ImageDraw.Draw(image), width, height


def _write(draw: ImageDraw.ImageDraw, spot: tuple[float, float], rng: Rng, words: int = 2) -> None:
    """A few random words at a spot."""
    text = " ".join(rng.choice(_WORDS, words))
    font = ImageFont.load_default(float(rng.integers(9, 20)))
    draw.text(spot, text, fill=(20, 20, 20), font=font)


def _axes(draw: ImageDraw.ImageDraw, rng: Rng, width: int, height: int) -> None:
    """Chart axes, title and, often, grid lines."""
    if rng.random() < 0.6:
        for y in range(40, height - 30, max(20, height // 7)):
            draw.line([(40, y), (width - 10, y)], fill=(215, 215, 215))
    draw.line([(40, 30), (40, height - 30), (width - 10, height - 30)], fill=(0, 0, 0), width=2)
    _write(draw, (width * 0.3, 6), rng, 3)
    _write(draw, (width * 0.4, height - 22), rng, 1)


def bar_chart(rng: Rng) -> Image.Image:
    """Vertical bars of one or several series."""
    image, draw, width, height = _canvas(rng)
    _axes(draw, rng, width, height)
    bars, series = int(rng.integers(3, 12)), int(rng.integers(1, 4))
    colours = [_colour(rng) for _ in range(series)]
    step = (width - 60) / (bars * series)
    for i in range(bars * series):
        tall = rng.uniform(0.05, 0.95) * (height - 70)
        left = 45 + i * step
        box = (left, height - 30 - tall, left + step * 0.75, height - 30)
        draw.rectangle(box, fill=colours[i % series])
    return image


def line_chart(rng: Rng) -> Image.Image:
    """One or several random walks."""
    image, draw, width, height = _canvas(rng)
    _axes(draw, rng, width, height)
    for _ in range(int(rng.integers(1, 5))):
        walk = np.cumsum(rng.normal(size=int(rng.integers(6, 60))))
        walk = (walk - walk.min()) / (np.ptp(walk) + 1e-6)
        xs = np.linspace(45, width - 15, len(walk))
        ys = height - 40 - walk * (height - 90)
        points = [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
        draw.line(points, fill=_colour(rng, 0.2, 0.9), width=int(rng.integers(1, 5)))
    return image


def pie_chart(rng: Rng) -> Image.Image:
    """A pie or ring."""
    image, draw, width, height = _canvas(rng)
    side = min(width, height) - 60
    left, top = rng.uniform(10, width - side - 10), 40.0
    cuts = np.sort(np.append(rng.uniform(0, 360, int(rng.integers(2, 8))), [0, 360]))
    for a, b in pairwise(cuts):
        draw.pieslice((left, top, left + side, top + side), float(a), float(b), fill=_colour(rng))
    if rng.random() < 0.4:
        hole = side * 0.3
        box = (left + hole, top + hole, left + side - hole, top + side - hole)
        draw.ellipse(box, fill=(255, 255, 255))
    _write(draw, (20, 8), rng, 3)
    return image


def scatter_plot(rng: Rng) -> Image.Image:
    """Dots in a few clusters."""
    image, draw, width, height = _canvas(rng)
    _axes(draw, rng, width, height)
    for _ in range(int(rng.integers(1, 5))):
        colour, size = _colour(rng, 0.2, 0.9), float(rng.uniform(1, 6))
        middle = rng.uniform(0.2, 0.8, 2) * (width, height)
        spread = rng.uniform(0.02, 0.15) * width
        for x, y in rng.normal(middle, spread, (int(rng.integers(15, 120)), 2)):
            draw.ellipse((x - size, y - size, x + size, y + size), fill=colour)
    return image


def heat_map(rng: Rng) -> Image.Image:
    """A coloured matrix."""
    rows, cols = rng.integers(4, 24, 2)
    values = rng.random((rows, cols, 1)) ** rng.uniform(0.5, 2)
    low, high = np.array(_colour(rng)), np.array(_colour(rng))
    cells = Image.fromarray((low + (high - low) * values).astype(np.uint8))
    way = Image.Resampling.NEAREST if rng.random() < 0.7 else Image.Resampling.BICUBIC
    return cells.resize((int(rng.integers(240, 520)), int(rng.integers(240, 520))), way)


def flow_diagram(rng: Rng) -> Image.Image:
    """Labelled boxes joined by arrows."""
    image, draw, width, height = _canvas(rng)
    spots = rng.uniform(0.05, 0.75, (int(rng.integers(3, 9)), 2)) * (width, height)
    for a, b in pairwise(spots):
        draw.line([tuple(a + 25), tuple(b + 25)], fill=(40, 40, 40), width=2)
        draw.regular_polygon((float(b[0] + 25), float(b[1] + 25), 7), 3, fill=(40, 40, 40))
    fill, rounded = _colour(rng, 0.8), int(rng.integers(0, 18))
    for x, y in spots:
        box = (x, y, x + rng.uniform(60, 120), y + rng.uniform(30, 55))
        draw.rounded_rectangle(box, rounded, fill=fill, outline=(0, 0, 0), width=2)
        _write(draw, (x + 5, y + 8), rng, 1)
    return image


def table(rng: Rng) -> Image.Image:
    """A ruled table of words and numbers."""
    image, draw, width, height = _canvas(rng)
    rows, cols = int(rng.integers(3, 14)), int(rng.integers(2, 7))
    high, wide = height / rows, width / cols
    draw.rectangle((0, 0, width, high), fill=_colour(rng, 0.6))
    for row in range(rows):
        draw.line([(0, row * high), (width, row * high)], fill=(120, 120, 120))
        for col in range(cols):
            spot = (col * wide + 4, row * high + 3)
            if row and col:
                draw.text(spot, f"{rng.uniform(0, 999):.1f}", fill=(0, 0, 0))
            else:
                _write(draw, spot, rng, 1)
    return image


def text_page(rng: Rng) -> Image.Image:
    """A page or two-column page of text."""
    image, draw, width, height = _canvas(rng)
    size = int(rng.integers(8, 18))
    font = ImageFont.load_default(float(size))
    columns = int(rng.integers(1, 3))
    for column in range(columns):
        for y in range(15, height - 15, int(size * 1.4)):
            if rng.random() < 0.08:
                continue
            text = " ".join(rng.choice(_WORDS, max(2, width // (size * 4 * columns))))
            draw.text((12 + column * width / 2, y), text, fill=(10, 10, 10), font=font)
    return image


def shapes(rng: Rng) -> Image.Image:
    """Coloured circles, boxes and polygons."""
    image, draw, width, height = _canvas(rng)
    for _ in range(int(rng.integers(1, 14))):
        x, y = rng.random() * width, rng.random() * height
        size = float(rng.uniform(10, 110))
        kind, colour = int(rng.integers(0, 3)), _colour(rng)
        if kind == 0:
            draw.ellipse((x - size, y - size, x + size, y + size), fill=colour)
        elif kind == 1:
            draw.rectangle((x, y, x + size * 1.6, y + size), fill=colour, outline=(0, 0, 0))
        else:
            sides, turn = int(rng.integers(3, 9)), int(rng.integers(0, 90))
            draw.regular_polygon((x, y, size), sides, turn, fill=colour)
    return image


def gradient(rng: Rng) -> Image.Image:
    """A smooth two-colour ramp or glow."""
    y, x = np.mgrid[0:256, 0:320] / 256.0
    if rng.random() < 0.5:
        angle = rng.uniform(0, 6.3)
        ramp = (x * math.cos(angle) + y * math.sin(angle)) * rng.uniform(0.5, 6)
    else:
        ramp = np.hypot(x - rng.random(), y - rng.random()) * rng.uniform(1, 12)
    ramp = (np.sin(ramp * 2) * 0.5 + 0.5)[..., None]
    low, high = np.array(_colour(rng, 0.0, 0.7)), np.array(_colour(rng, 0.5))
    return Image.fromarray((low + (high - low) * ramp).astype(np.uint8))


def cloud_texture(rng: Rng) -> Image.Image:
    """Fractal noise in two colours."""
    total = np.zeros((256, 320))
    roughness = rng.uniform(0.4, 0.9)
    for octave in range(1, 7):
        grid = rng.random((2**octave + 1, 2**octave + 1)).astype(np.float32)
        layer = Image.fromarray(grid).resize((320, 256), Image.Resampling.BICUBIC)
        total += np.asarray(layer) * roughness**octave
    total = ((total - total.min()) / np.ptp(total))[..., None]
    low, high = np.array(_colour(rng, 0.0, 0.6)), np.array(_colour(rng, 0.5))
    return Image.fromarray((low + (high - low) * total).astype(np.uint8))


def pattern(rng: Rng) -> Image.Image:
    """Stripes, checks or dots, sometimes warped."""
    y, x = np.mgrid[0:280, 0:320].astype(np.float64)
    x += rng.uniform(0, 12) * np.sin(y / rng.uniform(8, 50))
    period, turn = rng.uniform(8, 60), rng.uniform(0, 3.2)
    along = np.sin((x * math.cos(turn) + y * math.sin(turn)) * 6.28 / period)
    across = np.sin((y * math.cos(turn) - x * math.sin(turn)) * 6.28 / period)
    mask = [along, along * across, along + across - 0.8][int(rng.integers(0, 3))] > 0
    low, high = np.array(_colour(rng, 0.0, 0.9)), np.array(_colour(rng, 0.3))
    return Image.fromarray(np.where(mask[..., None], low, high).astype(np.uint8))


def landscape(rng: Rng) -> Image.Image:
    """Sky, sun, hills and a few houses or trees."""
    image, draw, width, height = _canvas(rng)
    draw.rectangle((0, 0, width, height), fill=_colour(rng, 0.6))
    x, y, size = rng.uniform(0, width), rng.uniform(10, height / 2), rng.uniform(12, 45)
    draw.ellipse((x - size, y - size, x + size, y + size), fill=_colour(rng, 0.9))
    for layer in range(int(rng.integers(2, 5))):
        xs = np.linspace(0, width, 60)
        base = height * (0.4 + 0.13 * layer)
        hill = base + rng.uniform(8, 45) * np.sin(xs / rng.uniform(20, 90) + rng.uniform(0, 6))
        points = [(float(a), float(b)) for a, b in zip(xs, hill, strict=True)]
        draw.polygon([*points, (width, height), (0, height)], fill=_colour(rng, 0.15, 0.8))
    for x in rng.uniform(0, width, int(rng.integers(0, 7))):
        ground, size = height * rng.uniform(0.7, 0.95), rng.uniform(15, 45)
        draw.rectangle((x, ground - size, x + size, ground), fill=_colour(rng))
        eaves, ridge = ground - size, (x + size / 2, ground - size * 1.6)
        roof = [(x - 5, eaves), (x + size + 5, eaves), ridge]
        draw.polygon(roof, fill=_colour(rng, 0.2, 0.7))
    return image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 1.5))))


def branching_tree(rng: Rng) -> Image.Image:
    """A recursively branching line tree."""
    image, draw, width, height = _canvas(rng)
    colour, spread = _colour(rng, 0.1, 0.7), rng.uniform(0.25, 0.7)
    limbs = [(width / 2, height - 5.0, -math.pi / 2, height * 0.28)]
    while limbs:
        x, y, angle, size = limbs.pop()
        if size < 6:
            continue
        end = (x + math.cos(angle) * size, y + math.sin(angle) * size)
        draw.line([(x, y), end], fill=colour, width=max(1, int(size / 12)))
        for side in (-1, 1):
            turned = angle + side * spread * rng.uniform(0.6, 1.4)
            limbs.append((*end, turned, size * rng.uniform(0.62, 0.78)))
    return image


def region_map(rng: Rng) -> Image.Image:
    """Nearest-seed regions, like a map."""
    seeds = rng.uniform(0, 1, (int(rng.integers(5, 40)), 2)) * (300, 260)
    y, x = np.mgrid[0:260, 0:300]
    far = (x[..., None] - seeds[:, 0]) ** 2 + (y[..., None] - seeds[:, 1]) ** 2
    colours = np.array([_colour(rng, 0.5) for _ in seeds], np.uint8)
    image = Image.fromarray(colours[far.argmin(-1)])
    draw = ImageDraw.Draw(image)
    for spot in seeds[:6]:
        _write(draw, (float(spot[0]), float(spot[1])), rng, 1)
    return image


def screen_shot(rng: Rng) -> Image.Image:
    """A window with a bar, a list and panels."""
    image, draw, width, height = _canvas(rng)
    dark = rng.random() < 0.4
    draw.rectangle((0, 0, width, height), fill=(35, 37, 42) if dark else (243, 244, 246))
    draw.rectangle((0, 0, width, 26), fill=_colour(rng, 0.3))
    panel = (60, 63, 70) if dark else (255, 255, 255)
    for y in range(40, height - 30, int(rng.integers(30, 90))):
        side = width * rng.uniform(0.2, 0.35)
        draw.rounded_rectangle((8, y, side, y + 20), 5, fill=_colour(rng, 0.4))
        draw.rounded_rectangle((width * 0.38, y, width - 8, y + 24), 5, fill=panel)
        _write(draw, (width * 0.4, y + 3), rng, 3)
    return image


def node_graph(rng: Rng) -> Image.Image:
    """Round nodes and straight edges."""
    image, draw, width, height = _canvas(rng)
    spots = rng.uniform(0.08, 0.92, (int(rng.integers(4, 18)), 2)) * (width, height)
    for _ in range(len(spots) * 2):
        a, b = rng.integers(0, len(spots), 2)
        thick = int(rng.integers(1, 4))
        draw.line([tuple(spots[a]), tuple(spots[b])], fill=(90, 90, 90), width=thick)
    colours, size = [_colour(rng) for _ in range(3)], rng.uniform(7, 24)
    for x, y in spots:
        box = (x - size, y - size, x + size, y + size)
        draw.ellipse(box, fill=colours[int(rng.integers(0, 3))], outline=(0, 0, 0), width=2)
    return image


FAMILIES: dict[str, Callable[[Rng], Image.Image]] = {
    make.__name__: make
    for make in (
        bar_chart, line_chart, pie_chart, scatter_plot, heat_map, flow_diagram, table, text_page,
        shapes, gradient, cloud_texture, pattern, landscape, branching_tree, region_map,
        screen_shot, node_graph,
    )
}  # fmt: skip


def load_photos(names: list[str]) -> list[Image.Image]:
    """The named scikit-image pictures."""
    import skimage

    folder = Path(skimage.__file__).parent / "data"
    return [Image.open(folder / name).convert("RGB") for name in names]


def random_crop(image: Image.Image, rng: Rng) -> Image.Image:
    """A crop of 25 to 100 % of each side, flipped half of the time."""
    width = max(32, int(image.width * rng.uniform(0.25, 1)))
    height = max(32, int(image.height * rng.uniform(0.25, 1)))
    left = int(rng.integers(0, max(1, image.width - width + 1)))
    top = int(rng.integers(0, max(1, image.height - height + 1)))
    crop = image.crop((left, top, left + width, top + height))
    return crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else crop


def drawn(count: int, seed: int, families: list[str] | None = None) -> list[Image.Image]:
    """Drawn pictures, the families taking turns."""
    rng = np.random.default_rng(seed)
    makers = [FAMILIES[name] for name in families or list(FAMILIES)]
    return [makers[i % len(makers)](rng) for i in range(count)]


def crops(count: int, seed: int, names: list[str]) -> list[Image.Image]:
    """Random crops of photographs, the photographs taking turns."""
    rng = np.random.default_rng(seed)
    photos = load_photos(names)
    return [random_crop(photos[i % len(photos)], rng) for i in range(count)]


def squash(image: Image.Image) -> Image.Image:
    """The whole picture as 224 x 224, its shape not kept (antialiased bicubic)."""
    return image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def centre_crop(image: Image.Image) -> Image.Image:
    """The usual ImageNet rule: short side to 256, the middle 224 x 224."""
    scale = 256 / min(image.size)
    width, height = (round(s * scale) for s in image.size)
    left, top = (width - SIDE) // 2, (height - SIDE) // 2
    resized = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    return resized.crop((left, top, left + SIDE, top + SIDE))


def letterbox(image: Image.Image) -> Image.Image:
    """The whole picture with its shape kept, on mid grey (which normalises to 0)."""
    scale = SIDE / max(image.size)
    width, height = (max(1, round(s * scale)) for s in image.size)
    page = Image.new("RGB", (SIDE, SIDE), (127, 127, 127))
    resized = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    page.paste(resized, ((SIDE - width) // 2, (SIDE - height) // 2))
    return page


RESIZE_RULES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "squash": squash, "centre_crop": centre_crop, "letterbox": letterbox,
}  # fmt: skip


def to_pixels(images: list[Image.Image], rule: str = "squash") -> Pixels:
    """Pictures as the tower's input: float32 (n, 3, 224, 224), RGB, 0 to 255."""
    fit = RESIZE_RULES[rule]
    stacked = np.stack([np.asarray(fit(image), np.float32) for image in images])
    return np.ascontiguousarray(stacked.transpose(0, 3, 1, 2))


def half_size_jpeg(image: Image.Image) -> Image.Image:
    """The picture at half its size, saved as JPEG of quality 50."""
    small = image.resize((max(8, image.width // 2), max(8, image.height // 2)))
    buffer = io.BytesIO()
    small.convert("RGB").save(buffer, "JPEG", quality=50)
    return Image.open(buffer).convert("RGB")


def middle_crop(image: Image.Image, keep: float = 0.7) -> Image.Image:
    """The middle part of the picture."""
    dx, dy = int(image.width * (1 - keep) / 2), int(image.height * (1 - keep) / 2)
    return image.crop((dx, dy, image.width - dx, image.height - dy))
