"""Seeded figures of many kinds, with captions: what the picture to text projection is fitted on.

Drawn by matplotlib in its own style sheets, with random sizes, palettes and fonts. Captions name
the kind in several ways; what a figure is about is in its words, which this network cannot read.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Polygon, Rectangle, Wedge

Rng = np.random.Generator

WORDS = """
    revenue model index signal share growth layer node total input output table figure quarter
    price region energy sample error query image vector page stage filter north south value
    winter summer river forest metal water Europe Asia urban rural high school age motor
    internet phone climate 2010 2015 2019 very often never test yield power flow rate time cost
""".split()  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawn figure, as PNG, and captions of it."""

    kind: str
    png: bytes
    captions: tuple[str, ...]


def _name(rng: Rng, words: int = 1) -> str:
    return " ".join(rng.choice(WORDS, words))


def _colours(rng: Rng, count: int) -> list[tuple[float, ...]]:
    names = [
        "tab10",
        "Set2",
        "Set1",
        "Paired",
        "Dark2",
        "Pastel1",
        "viridis",
        "Blues",
        "Oranges",
        "Greens",
        "Greys",
        "cividis",
        "RdBu",
        "YlGnBu",
        "Accent",
    ]
    cmap = plt.get_cmap(str(rng.choice(names)))
    if cmap.N < 30:
        return [cmap(i % cmap.N) for i in range(count)]
    return [cmap(x) for x in np.linspace(0.25, 0.9, count)]


def _labels(ax: Axes, rng: Rng) -> None:
    if rng.random() < 0.7:
        ax.set_title(_name(rng, int(rng.integers(2, 9))), loc=str(rng.choice(["left", "center"])))
    if rng.random() < 0.5:
        ax.set_xlabel(_name(rng, 2))
    if rng.random() < 0.5:
        ax.set_ylabel(_name(rng, 2))
    if rng.random() < 0.4:
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
    if rng.random() < 0.4:
        ax.grid(True, axis=str(rng.choice(["both", "y", "x"])), alpha=0.4)


def _legend(ax: Axes, rng: Rng) -> None:
    if rng.random() < 0.7:
        ax.legend(fontsize="small", frameon=bool(rng.random() < 0.5))


def bar(ax: Axes, rng: Rng) -> None:
    n = int(rng.integers(3, 14))
    tall = rng.uniform(5, 95, n)
    bars = ax.bar(
        range(n),
        tall,
        width=rng.uniform(0.4, 0.9),
        color=_colours(rng, n if rng.random() < 0.3 else 1),
    )
    ax.set_xticks(range(n), [_name(rng) for _ in range(n)], rotation=int(rng.choice([0, 45, 90])))
    if rng.random() < 0.5:
        ax.bar_label(bars, fmt="%.0f")
    _labels(ax, rng)


def horizontal_bar(ax: Axes, rng: Rng) -> None:
    n = int(rng.integers(3, 16))
    bars = ax.barh(
        range(n),
        np.sort(rng.uniform(5, 95, n)),
        height=rng.uniform(0.4, 0.9),
        color=_colours(rng, 1),
    )
    ax.set_yticks(range(n), [_name(rng, int(rng.integers(1, 4))) for _ in range(n)])
    if rng.random() < 0.7:
        ax.bar_label(bars, fmt="%.0f%%")
    if rng.random() < 0.5:
        ax.xaxis.set_visible(False)
        for side in ax.spines.values():
            side.set_visible(False)
    _labels(ax, rng)


def grouped_bar(ax: Axes, rng: Rng) -> None:
    n, series = int(rng.integers(2, 7)), int(rng.integers(2, 5))
    wide = 0.8 / series
    across = rng.random() < 0.35
    for s, colour in enumerate(_colours(rng, series)):
        draw = ax.barh if across else ax.bar
        draw(
            np.arange(n) + s * wide,
            rng.uniform(5, 95, n),
            wide * 0.95,
            color=colour,
            label=_name(rng),
        )
    (ax.set_yticks if across else ax.set_xticks)(np.arange(n) + 0.3, [_name(rng) for _ in range(n)])
    _legend(ax, rng)
    _labels(ax, rng)


def stacked_bar(ax: Axes, rng: Rng) -> None:
    n, series = int(rng.integers(2, 12)), int(rng.integers(2, 6))
    parts = rng.dirichlet(np.full(series, 3.0), n) * 100
    if rng.random() < 0.4:
        parts *= rng.uniform(0.3, 1, (n, 1))
    across, base = rng.random() < 0.6, np.zeros(n)
    for s, colour in enumerate(_colours(rng, series)):
        if across:
            bars = ax.barh(range(n), parts[:, s], left=base, color=colour, label=_name(rng))
        else:
            bars = ax.bar(range(n), parts[:, s], bottom=base, color=colour, label=_name(rng))
        base = base + parts[:, s]
        if n < 9:
            ax.bar_label(bars, fmt="%.0f", label_type="center", fontsize="small")
    (ax.set_yticks if across else ax.set_xticks)(range(n), [_name(rng) for _ in range(n)])
    _legend(ax, rng)
    _labels(ax, rng)


def line(ax: Axes, rng: Rng) -> None:
    n = int(rng.integers(5, 60))
    for colour in _colours(rng, int(rng.integers(1, 6))):
        ys = np.cumsum(rng.normal(rng.uniform(-0.2, 0.2), 1, n)) + rng.uniform(0, 20)
        ax.plot(
            np.arange(n) + 1990,
            ys,
            color=colour,
            lw=rng.uniform(1, 3.5),
            label=_name(rng),
            marker="o" if n < 20 and rng.random() < 0.5 else None,
        )
    _legend(ax, rng)
    _labels(ax, rng)


def scatter(ax: Axes, rng: Rng) -> None:
    for colour in _colours(rng, int(rng.integers(1, 4))):
        n = int(rng.integers(15, 250))
        x = rng.normal(rng.uniform(-2, 2), 1, n)
        y = x * rng.uniform(-1, 1) + rng.normal(0, rng.uniform(0.3, 1.2), n)
        ax.scatter(
            x, y, s=rng.uniform(5, 60), color=colour, alpha=rng.uniform(0.4, 1), label=_name(rng)
        )
    if rng.random() < 0.3:
        ax.plot([-3, 3], [-2, 2], "k--")
    _legend(ax, rng)
    _labels(ax, rng)


def bubble(ax: Axes, rng: Rng) -> None:
    n = int(rng.integers(8, 30))
    ax.scatter(
        rng.random(n), rng.random(n), s=rng.uniform(30, 2000, n), c=_colours(rng, n), alpha=0.6
    )
    _labels(ax, rng)


def pie(ax: Axes, rng: Rng) -> None:
    n = int(rng.integers(2, 8))
    ax.pie(
        rng.dirichlet(np.full(n, 2.0)),
        labels=[_name(rng) for _ in range(n)],
        colors=_colours(rng, n),
        autopct="%.0f%%" if rng.random() < 0.6 else None,
        startangle=rng.uniform(0, 360),
        explode=[0.05] * n if rng.random() < 0.2 else None,
    )
    if rng.random() < 0.6:
        ax.set_title(_name(rng, 4))


def donut(ax: Axes, rng: Rng) -> None:
    n = int(rng.integers(2, 8))
    ax.pie(
        rng.dirichlet(np.full(n, 2.0)),
        labels=[_name(rng) for _ in range(n)],
        colors=_colours(rng, n),
        wedgeprops={"width": rng.uniform(0.2, 0.5), "edgecolor": "w"},
        startangle=rng.uniform(0, 360),
    )
    if rng.random() < 0.5:
        ax.text(0, 0, f"{rng.integers(10, 99)}%", ha="center", va="center", fontsize=20)
    if rng.random() < 0.6:
        ax.set_title(_name(rng, 4))


def histogram(ax: Axes, rng: Rng) -> None:
    for colour in _colours(rng, int(rng.integers(1, 3))):
        data = rng.gamma(rng.uniform(1, 9), 1, 800) if rng.random() < 0.5 else rng.normal(0, 1, 800)
        ax.hist(
            data,
            bins=int(rng.integers(10, 50)),
            color=colour,
            alpha=0.8,
            edgecolor=str(rng.choice(["none", "white", "black"])),
        )
    _labels(ax, rng)


def box_plot(ax: Axes, rng: Rng) -> None:
    data = [
        rng.normal(rng.uniform(-1, 1), rng.uniform(0.4, 1.5), 80)
        for _ in range(int(rng.integers(2, 9)))
    ]
    if rng.random() < 0.3:
        ax.violinplot(data)
    else:
        ax.boxplot(data, patch_artist=bool(rng.random() < 0.5), notch=bool(rng.random() < 0.2))
    _labels(ax, rng)


def heat_map(ax: Axes, rng: Rng) -> None:
    rows, cols = rng.integers(4, 18, 2)
    cells = rng.random((rows, cols))
    shown = ax.imshow(
        cells,
        cmap=str(rng.choice(["viridis", "Reds", "Blues", "coolwarm", "magma", "YlOrRd"])),
        aspect="auto",
    )
    if rng.random() < 0.5:
        ax.figure.colorbar(shown)
    if rows < 9 and cols < 9:
        for i in range(rows):
            for j in range(cols):
                ax.text(j, i, f"{cells[i, j]:.2f}", ha="center", va="center", fontsize="x-small")
    if rng.random() < 0.5:
        ax.set_title(_name(rng, 3))


def area(ax: Axes, rng: Rng) -> None:
    n, series = int(rng.integers(8, 40)), int(rng.integers(1, 6))
    ys = np.abs(np.cumsum(rng.normal(0.2, 1, (series, n)), axis=1)) + 1
    ax.stackplot(
        range(n), ys, colors=_colours(rng, series), labels=[_name(rng) for _ in range(series)]
    )
    _legend(ax, rng)
    _labels(ax, rng)


def radar(ax: Axes, rng: Rng) -> None:
    n = int(rng.integers(4, 9))
    turn = np.linspace(0, 2 * np.pi, n + 1)
    ax.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal")
    ax.axis("off")
    for ring in (0.25, 0.5, 0.75, 1.0):
        ax.plot(ring * np.cos(turn), ring * np.sin(turn), color="0.75", lw=0.8)
    for angle in turn[:-1]:
        ax.plot([0, np.cos(angle)], [0, np.sin(angle)], color="0.75", lw=0.8)
        ax.text(
            1.15 * np.cos(angle), 1.15 * np.sin(angle), _name(rng), ha="center", fontsize="small"
        )
    for colour in _colours(rng, int(rng.integers(1, 4))):
        far = rng.uniform(0.2, 1, n)
        far = np.append(far, far[0])
        ax.fill(far * np.cos(turn), far * np.sin(turn), color=colour, alpha=0.3)
        ax.plot(far * np.cos(turn), far * np.sin(turn), color=colour)


def treemap(ax: Axes, rng: Rng) -> None:
    boxes = [(0.0, 0.0, 1.6, 1.0)]
    for _ in range(int(rng.integers(5, 18))):
        k = int(np.argmax([w * h for _, _, w, h in boxes]))
        x, y, w, h = boxes.pop(k)
        cut = rng.uniform(0.3, 0.7)
        boxes += (
            [(x, y, w * cut, h), (x + w * cut, y, w * (1 - cut), h)]
            if w > h
            else [(x, y, w, h * cut), (x, y + h * cut, w, h * (1 - cut))]
        )
    for (x, y, w, h), colour in zip(boxes, _colours(rng, len(boxes)), strict=True):
        ax.add_patch(Rectangle((x, y), w, h, facecolor=colour, edgecolor="white", lw=2))
        ax.text(x + 0.02, y + h - 0.06, _name(rng), fontsize="small")
    ax.set(xlim=(0, 1.6), ylim=(0, 1))
    ax.axis("off")


def _box(
    ax: Axes, rng: Rng, x: float, y: float, w: float, h: float, colour: object, style: str
) -> None:
    ax.add_patch(
        FancyBboxPatch(
            (x - w / 2, y - h / 2), w, h, boxstyle=style, facecolor=colour, edgecolor="0.2"
        )
    )  # type: ignore[arg-type]
    ax.text(
        x,
        y,
        _name(rng, int(rng.integers(1, 3))).replace(" ", "\n"),
        ha="center",
        va="center",
        fontsize="small",
    )


def _arrow(ax: Axes, a: tuple[float, float], b: tuple[float, float], head: str = "-|>") -> None:
    ax.add_patch(
        FancyArrowPatch(
            a, b, arrowstyle=head, mutation_scale=14, color="0.25", shrinkA=2, shrinkB=2
        )
    )


def flow_chart(ax: Axes, rng: Rng) -> None:
    n, style = int(rng.integers(3, 8)), str(rng.choice(["round,pad=0.02", "square,pad=0.02"]))
    colour, y = _colours(rng, 1)[0] if rng.random() < 0.6 else "white", 0.0
    for step in range(n):
        if rng.random() < 0.35:
            ax.add_patch(
                Polygon(
                    [(-0.6, y), (0, y + 0.35), (0.6, y), (0, y - 0.35)],
                    facecolor=colour,
                    edgecolor="0.2",
                )
            )
            ax.text(0, y, _name(rng), ha="center", va="center", fontsize="small")
            _box(ax, rng, 1.5, y, 0.9, 0.4, colour, style)
            _arrow(ax, (0.6, y), (1.05, y))
            ax.text(0.7, y + 0.08, "yes", fontsize="x-small")
        else:
            _box(ax, rng, 0, y, 1.1, 0.4, colour, style)
        if step < n - 1:
            _arrow(ax, (0, y - 0.25), (0, y - 0.75))
        y -= 1
    ax.set(xlim=(-1.5, 2.3), ylim=(y + 0.3, 0.7))
    ax.axis("off")


def block_diagram(ax: Axes, rng: Rng) -> None:
    cols, rows = int(rng.integers(3, 6)), int(rng.integers(1, 4))
    colours = _colours(rng, cols)
    for i in range(cols):
        for j in range(rows):
            _box(ax, rng, i * 1.6, j, 1.1, 0.55, colours[i], "square,pad=0.02")
            if i:
                _arrow(
                    ax, (i * 1.6 - 1.05, j if rng.random() < 0.7 else rows / 2), (i * 1.6 - 0.55, j)
                )
    ax.set(xlim=(-1, cols * 1.6 - 0.5), ylim=(-1, rows))
    ax.axis("off")


def org_chart(ax: Axes, rng: Rng) -> None:
    kids, deep = int(rng.integers(2, 5)), int(rng.integers(1, 3))
    style, colour = str(rng.choice(["round,pad=0.02", "square,pad=0.02"])), _colours(rng, 3)
    _box(ax, rng, 0, 0, 1.2, 0.5, colour[0], style)
    for i in range(kids):
        x = (i - (kids - 1) / 2) * 2
        ax.plot([0, 0, x, x], [-0.25, -0.5, -0.5, -0.75], color="0.3")
        _box(ax, rng, x, -1, 1.2, 0.5, colour[1], style)
        for k in range(2 if deep == 2 else 0):
            at = x + (k - 0.5) * 0.95
            ax.plot([x, x, at, at], [-1.25, -1.5, -1.5, -1.75], color="0.3")
            _box(ax, rng, at, -2, 0.8, 0.5, colour[2], style)
    ax.set(xlim=(-kids - 0.2, kids + 0.2), ylim=(-2.5, 0.5))
    ax.axis("off")


def network_graph(ax: Axes, rng: Rng) -> None:
    n = int(rng.integers(6, 40))
    spots, colours = rng.normal(0, 1, (n, 2)), _colours(rng, 4)
    for i in range(n):
        for j in np.argsort(((spots - spots[i]) ** 2).sum(1))[1 : int(rng.integers(2, 4))]:
            ax.plot(*spots[[i, j]].T, color="0.6", lw=rng.uniform(0.5, 2), zorder=1)
    ax.scatter(
        *spots.T,
        s=rng.uniform(30, 500),
        c=[colours[int(k)] for k in rng.integers(0, 4, n)],
        edgecolors="0.2",
        zorder=2,
    )
    if n < 15:
        for x, y in spots:
            ax.text(x, y, _name(rng), fontsize="small")
    ax.axis("off")


def circuit(ax: Axes, rng: Rng) -> None:
    wide, high = int(rng.integers(3, 6)), int(rng.integers(2, 4))
    zigzag = (
        np.array([0, 0.3, 0.35, 0.42, 0.49, 0.56, 0.63, 0.7, 1]),
        np.array([0, 0, 0.12, -0.12, 0.12, -0.12, 0.12, 0, 0]),
    )
    for i in range(wide):
        for j in range(high):
            part = rng.integers(0, 5)
            along, off = zigzag
            if part == 0:
                ax.plot(i + along, j + off, "k")
            elif part == 1:
                ax.plot([i, i + 0.45], [j, j], "k")
                ax.plot([i + 0.55, i + 1], [j, j], "k")
                for x in (0.45, 0.55):
                    ax.plot([i + x, i + x], [j - 0.18, j + 0.18], "k", lw=2)
            elif part == 2:
                ax.add_patch(Circle((i + 0.5, j), 0.2, fill=False, lw=1.5))
                ax.plot([i, i + 0.3], [j, j], "k")
                ax.plot([i + 0.7, i + 1], [j, j], "k")
            else:
                ax.plot([i, i + 1], [j, j], "k")
            if rng.random() < 0.5:
                ax.text(
                    i + 0.4,
                    j + 0.22,
                    f"{rng.choice(list('RCLV'))}{rng.integers(1, 9)}",
                    fontsize="small",
                )
            if j < high - 1 and rng.random() < 0.6:
                ax.plot([i, i], [j, j + 1], "k")
                ax.plot(i, j, "ko", ms=4)
    ax.set(xlim=(-0.3, wide + 0.3), ylim=(-0.5, high - 0.4), aspect="equal")
    ax.axis("off")


def venn(ax: Axes, rng: Rng) -> None:
    n = int(rng.integers(2, 4))
    for k, colour in enumerate(_colours(rng, n)):
        x, y = 0.6 * np.cos(k * 2 * np.pi / n + 0.5), 0.6 * np.sin(k * 2 * np.pi / n + 0.5)
        ax.add_patch(Circle((x, y), 1, facecolor=colour, alpha=0.45, edgecolor="0.3"))
        ax.text(x * 2, y * 2, _name(rng), ha="center")
    ax.set(xlim=(-2, 2), ylim=(-2, 2), aspect="equal")
    ax.axis("off")


def time_line(ax: Axes, rng: Rng) -> None:
    n = int(rng.integers(4, 9))
    ax.plot([0, n], [0, 0], color="0.3", lw=3)
    for k, colour in enumerate(_colours(rng, n)):
        up = (1 if k % 2 else -1) * rng.uniform(0.4, 0.9)
        ax.plot([k + 0.5, k + 0.5], [0, up], color="0.5")
        ax.plot(k + 0.5, 0, "o", ms=12, color=colour)
        ax.text(k + 0.5, up, f"{1990 + 4 * k}\n{_name(rng, 2)}", ha="center", fontsize="small")
    ax.set(xlim=(-0.2, n + 0.2), ylim=(-1.4, 1.4))
    ax.axis("off")


def gantt(ax: Axes, rng: Rng) -> None:
    n = int(rng.integers(4, 12))
    start = np.sort(rng.uniform(0, 30, n))
    ax.barh(range(n), rng.uniform(3, 15, n), left=start, color=_colours(rng, n), height=0.6)
    ax.set_yticks(range(n), [_name(rng, 2) for _ in range(n)])
    ax.invert_yaxis()
    ax.grid(True, axis="x", alpha=0.5)


def table(ax: Axes, rng: Rng) -> None:
    rows, cols = int(rng.integers(3, 14)), int(rng.integers(2, 7))
    cells = [
        [f"{rng.uniform(0, 999):.1f}" if c else _name(rng, 2) for c in range(cols)]
        for _ in range(rows)
    ]
    made = ax.table(
        cells,
        colLabels=[_name(rng) for _ in range(cols)],
        loc="center",
        edges=str(rng.choice(["closed", "horizontal", "open"])),
    )
    made.scale(1, rng.uniform(1.0, 2.0))
    for (row, _), cell in made.get_celld().items():
        cell.set_facecolor("white" if row else "lightgrey")
    ax.axis("off")


def region_map(ax: Axes, rng: Rng) -> None:
    """Countries as cells of a ragged outline, each shaded by a value."""
    n = int(rng.integers(8, 50))
    seeds = rng.random((n, 2))
    y, x = np.mgrid[0:200, 0:260] / 200.0
    warp = 0.03 * np.sin(x * rng.uniform(15, 40) + 3 * np.sin(y * 21)) + 0.02 * np.sin(
        y * 47 + x * 31
    )
    far = (x[..., None] / 1.3 + warp[..., None] - seeds[:, 0]) ** 2 + (
        y[..., None] + warp[..., None] - seeds[:, 1]
    ) ** 2
    owner = far.argmin(-1)
    land = np.hypot((x - 0.65) / 0.75, y - 0.5) + 4 * warp < rng.uniform(0.42, 0.6)
    colours = np.array(_colours(rng, 6))[rng.integers(0, 6, n)]
    sea = np.array([0.8, 0.9, 1, 1]) if rng.random() < 0.5 else np.ones(4)
    shown = np.where(land[..., None], colours[owner], sea)
    edge = (owner != np.roll(owner, 1, 0)) | (owner != np.roll(owner, 1, 1))
    shown[edge & land] = 1 if rng.random() < 0.5 else 0.3
    ax.imshow(shown, interpolation="bilinear")
    for _ in range(int(rng.integers(0, 8))):
        ax.text(rng.uniform(40, 220), rng.uniform(40, 160), _name(rng), fontsize="small")
    if rng.random() < 0.5:
        ax.set_title(_name(rng, 5))
    ax.axis("off")


def window(ax: Axes, rng: Rng) -> None:
    dark = rng.random() < 0.35
    ink, paper = ("0.9", "0.15") if dark else ("0.1", "0.97")
    ax.add_patch(Rectangle((0, 0), 16, 10, facecolor=paper))
    ax.add_patch(Rectangle((0, 9.4), 16, 0.6, facecolor=_colours(rng, 1)[0]))
    for k, colour in enumerate(("#ff5f56", "#ffbd2e", "#27c93f")):
        ax.add_patch(Circle((0.4 + 0.5 * k, 9.7), 0.15, color=colour))
    side = rng.uniform(2.5, 5)
    ax.add_patch(Rectangle((0, 0), side, 9.4, facecolor="0.25" if dark else "0.9"))
    for y in np.arange(8.8, 0.6, -rng.uniform(0.6, 1.1)):
        ax.text(0.4, y, _name(rng, 2), color=ink, fontsize="small", va="center")
        if rng.random() < 0.5:
            ax.add_patch(
                FancyBboxPatch(
                    (side + 0.6, y - 0.25),
                    rng.uniform(3, 9),
                    0.4,
                    boxstyle="round,pad=0.05",
                    facecolor="0.3" if dark else "white",
                    edgecolor="0.6",
                )
            )
        ax.text(side + 0.8, y, _name(rng, 3), color=ink, fontsize="small", va="center")
    ax.add_patch(
        FancyBboxPatch((13, 0.5), 2, 0.6, boxstyle="round,pad=0.1", facecolor=_colours(rng, 1)[0])
    )
    ax.set(xlim=(0, 16), ylim=(0, 10))
    ax.axis("off")


def terminal(ax: Axes, rng: Rng) -> None:
    ax.add_patch(
        Rectangle(
            (0, 0), 16, 10, facecolor=str(rng.choice(["black", "#1e1e1e", "#002b36", "#300a24"]))
        )
    )
    for y in np.arange(9.5, 0.4, -rng.uniform(0.4, 0.7)):
        if rng.random() < 0.85:
            ax.text(
                0.3,
                y,
                "$ " * (rng.random() < 0.3) + _name(rng, int(rng.integers(1, 9))),
                family="monospace",
                fontsize="small",
                va="center",
                color=str(rng.choice(["white", "#8f8", "#aaa", "#6cf"])),
            )
    ax.set(xlim=(0, 16), ylim=(0, 10))
    ax.axis("off")


def text_page(ax: Axes, rng: Rng) -> None:
    columns = int(rng.integers(1, 3))
    for column in range(columns):
        for y in np.arange(9.6, 0.4, -rng.uniform(0.3, 0.5)):
            if rng.random() < 0.93:
                ax.text(
                    0.2 + column * 8,
                    y,
                    _name(rng, 14 // columns),
                    fontsize="x-small",
                    va="center",
                    clip_on=True,
                )
    ax.set(xlim=(0, 16), ylim=(0, 10))
    ax.axis("off")


def equation(ax: Axes, rng: Rng) -> None:
    terms = [
        r"\frac{\partial u}{\partial t}",
        r"\sum_{i=1}^{n} x_i^2",
        r"\int_0^\infty e^{-x}\,dx",
        r"\alpha\beta",
        r"\sqrt{a^2+b^2}",
        r"\mathbf{W}x + b",
        r"\log p(y \mid x)",
        r"\nabla f",
    ]
    for row in range(int(rng.integers(1, 4))):
        ax.text(
            0.05,
            0.8 - 0.3 * row,
            "$" + " = ".join(rng.choice(terms, int(rng.integers(2, 4)))) + "$",
            fontsize=rng.uniform(14, 26),
        )
    ax.axis("off")


def surface(ax: Axes, rng: Rng) -> None:
    fig = ax.figure
    ax.remove()
    solid = fig.add_subplot(projection="3d")
    x, y = np.meshgrid(np.linspace(-3, 3, 30), np.linspace(-3, 3, 30))
    z = (
        np.sin(x * rng.uniform(0.5, 2))
        * np.cos(y * rng.uniform(0.5, 2))
        * np.exp(-(x**2 + y**2) * rng.uniform(0, 0.2))
    )
    solid.plot_surface(x, y, z, cmap=str(rng.choice(["viridis", "coolwarm", "plasma", "jet"])))  # type: ignore[attr-defined]


def contour(ax: Axes, rng: Rng) -> None:
    x, y = np.meshgrid(np.linspace(-3, 3, 60), np.linspace(-3, 3, 60))
    z = sum(
        rng.normal() * np.exp(-((x - rng.normal()) ** 2 + (y - rng.normal()) ** 2))
        for _ in range(5)
    )
    (ax.contourf if rng.random() < 0.5 else ax.contour)(
        x, y, z, int(rng.integers(6, 16)), cmap=str(rng.choice(["viridis", "terrain", "jet"]))
    )
    _labels(ax, rng)


def gauge(ax: Axes, rng: Rng) -> None:
    cuts = np.linspace(180, 0, int(rng.integers(3, 6)))
    for a, b, colour in zip(cuts[1:], cuts, _colours(rng, len(cuts)), strict=False):
        ax.add_patch(Wedge((0, 0), 1, a, b, width=0.3, facecolor=colour))
    turn = rng.uniform(0, np.pi)
    ax.plot([0, 0.8 * np.cos(turn)], [0, 0.8 * np.sin(turn)], "k", lw=3)
    ax.text(0, -0.2, f"{rng.integers(0, 99)}%", ha="center", fontsize=18)
    ax.set(xlim=(-1.2, 1.2), ylim=(-0.4, 1.2), aspect="equal")
    ax.axis("off")


KINDS: dict[Callable[[Axes, Rng], None], tuple[str, ...]] = {
    bar: ("bar chart", "a column chart with vertical bars", "bar graph comparing categories"),
    horizontal_bar: ("horizontal bar chart", "bar chart of percentages", "ranked bars with labels"),
    grouped_bar: ("grouped bar chart", "bars of several groups side by side", "clustered bars"),
    stacked_bar: ("stacked bar chart", "bars divided into shares", "stacked bars of percentages"),
    line: ("line chart", "line graph of a trend over time", "curves over the years"),
    scatter: ("scatter plot", "points showing a correlation", "scatter diagram of data points"),
    bubble: ("bubble chart", "circles of different sizes in a plot", "bubble plot"),
    pie: ("pie chart", "circle divided into slices, shares of a whole", "pie graph"),
    donut: ("donut chart", "ring chart of shares", "doughnut graph"),
    histogram: ("histogram", "distribution of values", "frequency distribution plot"),
    box_plot: ("box plot", "box and whisker plot", "violin plot of distributions"),
    heat_map: ("heat map", "coloured matrix of values", "confusion matrix or correlation matrix"),
    area: ("area chart", "stacked area graph over time", "filled areas under curves"),
    radar: ("radar chart", "spider chart", "star plot of several criteria"),
    treemap: ("treemap", "rectangles sized by value", "tree map of shares"),
    flow_chart: ("flow chart", "steps of a process with arrows", "flow diagram with decisions"),
    block_diagram: ("block diagram", "system architecture diagram", "boxes connected by arrows"),
    org_chart: ("organization chart", "hierarchy of boxes", "tree diagram of an organisation"),
    network_graph: ("network graph", "nodes and edges", "graph of connected nodes"),
    circuit: ("circuit diagram", "electrical schematic", "wiring diagram with resistors"),
    venn: ("Venn diagram", "overlapping circles", "diagram of overlapping sets"),
    time_line: ("timeline", "milestones by year", "time line of events"),
    gantt: ("Gantt chart", "project schedule", "plan of tasks over time"),
    table: ("table", "table of numbers with rows and columns", "data in a table"),
    region_map: ("map", "map of countries or regions", "choropleth map shaded by value"),
    window: ("screenshot", "window of a program", "user interface with menus and buttons"),
    terminal: ("terminal", "command line window", "screenshot of program code and commands"),
    text_page: ("page of text", "scanned document page", "paragraphs of printed text"),
    equation: ("equation", "mathematical formula", "formulas"),
    surface: ("3D surface plot", "three-dimensional plot", "surface of a function"),
    contour: ("contour plot", "contour lines of a function", "level curves"),
    gauge: ("gauge chart", "dial with a needle", "speedometer showing a percentage"),
}

_STYLES = [
    s for s in plt.style.available if not s.startswith("_") and "dark" not in s.split("-")[:1]
]


def draw(kind: Callable[[Axes, Rng], None], rng: Rng) -> bytes:
    """One figure of a kind as PNG."""
    fonts = ["DejaVu Sans", "DejaVu Serif", "STIXGeneral", "DejaVu Sans Mono"]
    with (
        plt.style.context(str(rng.choice(_STYLES))),
        plt.rc_context({"font.family": str(rng.choice(fonts, p=[0.6, 0.2, 0.15, 0.05]))}),
    ):
        fig, ax = plt.subplots(figsize=(rng.uniform(3.2, 7), rng.uniform(2.6, 6)))
        kind(ax, rng)
        out = io.BytesIO()
        fig.savefig(
            out, dpi=int(rng.integers(60, 110)), bbox_inches="tight" if rng.random() < 0.5 else None
        )
        plt.close(fig)
    return out.getvalue()


def figures(count: int, seed: int) -> Iterator[Figure]:
    """`count` figures of every kind."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        for kind, captions in KINDS.items():
            yield Figure(kind.__name__, draw(kind, rng), captions)
