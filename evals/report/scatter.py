"""Points: quality against cost, results over time, and the spread of times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from octavo.evals.report.charts import Curve
from octavo.evals.report.html import Html
from octavo.evals.report.plots import DASHES, INK, MARKS, color, draw, legend


@dataclass(frozen=True, slots=True)
class Spread:
    """Percentiles 5, 25, 50, 75, 95 of one stage of one run."""

    name: str
    run: int
    percentiles: tuple[float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class PlotPoint:
    name: str
    x: float
    y: float
    run: int = 0


def spreads(key: str, alt: str, rows: Sequence[Spread], runs: Sequence[str], label: str) -> Html:
    """A box from 25 to 75 %, a line from 5 to 95 %, the median as a bar, on a log axis."""
    names = list(dict.fromkeys(r.name for r in rows))
    step = 0.8 / max(1, len(runs))

    def paint(axes: Axes) -> None:
        for row in rows:
            y = names.index(row.name) + (row.run - (len(runs) - 1) / 2) * step
            p5, p25, p50, p75, p95 = (max(v, 1e-3) for v in row.percentiles)
            axes.plot([p5, p95], [y, y], color=color(row.run), linewidth=1.2)
            label_ = runs[row.run] if row.name == names[0] else None
            axes.barh(y, p75 - p25, left=p25, height=step * 0.7, color=color(row.run), alpha=0.45,
                      label=label_)  # fmt: skip
            axes.plot([p50, p50], [y - step * 0.35, y + step * 0.35], color=INK, linewidth=1.8)
            words = f"{p50:,.0f}" if p50 >= 100 else f"{p50:.3g}"
            axes.annotate(words, (p95, y), (5, 0), textcoords="offset points", va="center",
                          fontsize=8.5)  # fmt: skip
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda v, _: f"{v:g}")
        axes.set_xticks([], minor=True)
        axes.margins(x=0.12)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(label)
        if len(runs) > 1:
            legend(axes)

    return draw(key, alt, paint, 0.9 + 0.3 * len(names) * max(1.0, 0.7 * len(runs)))


def points(key: str, alt: str, dots: Sequence[PlotPoint], x: str, y: str) -> Html:
    """Each point with its name beside it."""

    def paint(axes: Axes) -> None:
        middle = max(d.x for d in dots) / 2  # the axis begins at 0
        for dot, shift in zip(dots, _shifts(dots), strict=True):
            axes.plot([dot.x], [dot.y], MARKS[dot.run % len(MARKS)], color=color(dot.run))
            right = dot.x > middle
            axes.annotate(dot.name, (dot.x, dot.y), (-7 if right else 7, shift),
                          textcoords="offset points", ha="right" if right else "left",
                          va="center", fontsize=8.5)  # fmt: skip
        axes.margins(x=0.12, y=0.18)
        axes.set_xlim(left=0)
        axes.set_xlabel(x)
        axes.set_ylabel(y)

    return draw(key, alt, paint)


def _shifts(dots: Sequence[PlotPoint]) -> list[float]:
    """Points up or down for each name, so that names of near points do not cover each other."""
    spread = (max(d.y for d in dots) - min(d.y for d in dots)) or 1.0
    shifts: dict[int, float] = {}
    last = float("-inf")
    for place in sorted(range(len(dots)), key=lambda i: dots[i].y):
        at = dots[place].y / spread * 130  # typographic points, roughly: the axes are that high
        last = max(at, last + 11)
        shifts[place] = last - at
    return [shifts[i] for i in range(len(dots))]


def over_time(key: str, alt: str, lines: Sequence[Curve], ticks: Sequence[str], label: str) -> Html:
    """Values by row, a mark and colour a profile; `ticks` name the rows. The axis does not begin
    at 0: changes are small."""

    def paint(axes: Axes) -> None:
        for n, line in enumerate(lines):
            axes.plot(
                line.x, line.y, MARKS[n % len(MARKS)], linestyle=DASHES[n % len(DASHES)],
                color=color(n), label=line.name,
            )  # fmt: skip
            for x, y in zip(line.x, line.y, strict=True):
                axes.annotate(f"{y:.3f}", (x, y), (0, 7), textcoords="offset points", ha="center",
                              fontsize=8.5)  # fmt: skip
        axes.set_xticks(range(1, len(ticks) + 1), ticks, rotation=35, ha="right", fontsize=8)
        axes.set_xlim(0.4, len(ticks) + 0.6)
        axes.margins(y=0.25)
        axes.set_ylabel(label)
        legend(axes)

    return draw(key, alt, paint)
