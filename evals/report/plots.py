"""Drawing: matplotlib to SVG with text as text, the same bytes for the same numbers."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

from markupsafe import escape
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from octavo.evals.report.html import Html

#: Okabe and Ito (2008): told apart by every kind of colour vision. Marks and dashes differ, too.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 1)))
INK, FAINT = "#222222", "#767676"
WIDTH = 5.2  # inches: on a telephone the text is still legible, on a screen two stand in a row

_FONTS = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"
_STYLE: dict[Any, Any] = {  # matplotlib types its keys as literals
    "svg.fonttype": "none",
    "text.parse_math": False,  # names may hold dollar signs
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same layout on every machine
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "lines.linewidth": 1.8,
    "lines.markersize": 5.5,
    "legend.frameon": False,
    "figure.facecolor": "white",
}


def draw(key: str, alt: str, paint: Callable[[Axes], None], height: float = 3.2) -> Html:
    """An inline SVG that `paint` filled. `key` is unique on the page; `height` is in inches."""
    out = io.StringIO()
    with rc_context({**_STYLE, "svg.hashsalt": key}):
        drawing = Figure(figsize=(WIDTH, height), layout="constrained")
        paint(drawing.add_subplot())
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        drawing.savefig(out, format="svg", metadata=nothing)
    return Html(_inline(out.getvalue(), key, alt))


def color(place: int) -> str:
    return COLORS[place % len(COLORS)]


def legend(axes: Axes) -> None:
    """Above the plot, where it covers nothing."""
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), fontsize=8.5, borderaxespad=0.2)


def _inline(svg: str, key: str, alt: str) -> str:
    """The element alone, its ids made unique on the page, its fonts those of the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\bid="', f'id="{key}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{key}-", svg)
    svg = svg.replace("'DejaVu Sans'", _FONTS)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(alt)}" ', 1).strip()
