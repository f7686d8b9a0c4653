"""Bars with intervals, and curves of shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from octavo.evals.report.html import Html
from octavo.evals.report.plots import DASHES, FAINT, INK, MARKS, color, draw, legend


@dataclass(frozen=True, slots=True)
class Bar:
    """A value under a name, with its 95 % interval where there is one, and words beside it."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """Values over x, and the band they lie in. `marks` are points to point out; a
    `faint` one is there to compare with."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    marks: Sequence[tuple[float, float]] = ()
    dots: bool = False
    faint: bool = False


def bars(key: str, alt: str, rows: Sequence[Bar], label: str, share: bool = False) -> Html:
    """Horizontal bars, the first on top; `share` fixes the axis to 0 to 1."""

    def paint(axes: Axes) -> None:
        ends = [e for b in rows for e in (b.value, b.low, b.high, 0.0) if e is not None]
        span = 1.0 if share else (max(ends) - min(ends)) or 1.0
        for y, bar in enumerate(rows):
            axes.barh(y, bar.value, height=0.62, color=color(0), alpha=0.75)
            if bar.low is not None and bar.high is not None:
                axes.plot([bar.low, bar.high], [y, y], color=INK, linewidth=1.3)
            end = max(bar.value, bar.high or bar.value, 0.0)
            words = bar.words or f"{bar.value:.3f}"
            axes.text(end + span * 0.02, y, words, va="center", fontsize=8.5)
        axes.axvline(0, color=FAINT, linewidth=0.9)
        axes.set_yticks(range(len(rows)), [b.name for b in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(label)
        if share:
            axes.set_xlim(0, 1)
        else:
            axes.margins(x=0.02)

    return draw(key, alt, paint, 0.75 + 0.34 * len(rows))


def curves(key: str, alt: str, lines: Sequence[Curve], x: str, y: str, log: bool = False) -> Html:
    """Lines from 0 to 1, one colour and dash a run."""

    def paint(axes: Axes) -> None:
        for n, line in enumerate(lines):
            tint, mark = FAINT if line.faint else color(n), MARKS[n % len(MARKS)]
            if line.low:
                axes.fill_between(line.x, line.low, line.high, color=tint, alpha=0.15, lw=0)
            axes.plot(
                line.x, line.y, color=tint, label=line.name,
                linestyle=":" if line.faint else DASHES[n % len(DASHES)],
                marker=mark if line.dots else "",
            )  # fmt: skip
            for at, height in line.marks:
                axes.plot([at], [height], mark, color=tint, mec=INK, ms=8)
        if log:
            ticks = (1, 2, 5, 10, 20, 50, 100)
            axes.set_xscale("log")
            axes.set_xticks(ticks, [str(t) for t in ticks])
            axes.set_xticks([], minor=True)
        axes.set_ylim(0, 1.02)
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        if len(lines) > 1 or lines[0].marks:
            legend(axes)

    return draw(key, alt, paint)
