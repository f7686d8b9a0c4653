"""The system against itself without a part, and what quality costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field, StrictStr

from octavo.evals.datasets.row_models import JsonRow, Number, Numbers
from octavo.evals.report.charts import Bar, bars
from octavo.evals.report.html import Html, figure, join, left_out, note, plots, section, table, tag
from octavo.evals.report.overview import number
from octavo.evals.report.plot_data import METRIC
from octavo.evals.report.result_rows import ResultRow, parse_as, read_json
from octavo.evals.report.runs import RunData
from octavo.evals.report.scatter import PlotPoint, points

COST = "search p50 ms"


class AblationFileRow(JsonRow):
    """The system with one thing changed. `difference`: metric to value minus the base's, its 95 %
    bounds where they are there, and p."""

    name: StrictStr = Field(min_length=1)
    means: Numbers = Field(default_factory=dict, alias="metrics")
    cost: Number | None = Field(None, alias="search p50 ms")
    differences: dict[str, Numbers] = Field(default_factory=dict, alias="difference")

    @property
    def metrics(self) -> dict[str, float]:
        return self.means if self.cost is None else self.means | {COST: self.cost}

    @property
    def difference(self) -> dict[str, dict[str, float]]:
        return {m: d for m, d in self.differences.items() if "b_minus_a" in d}


class AblationFile(ResultRow):
    """One `ablation.json`."""

    base: StrictStr = "base"
    variants: tuple[AblationFileRow, ...] = ()

    def matches(self, row: ResultRow) -> bool:
        """Whether it was asked the same questions, as far as the rows say."""
        data = not (self.data and row.data) or self.data == row.data
        return data and (self.dataset, self.n) == (row.dataset, row.n)


def read_ablation(file: Path) -> AblationFile:
    """Raises DatasetError for a row that is refused or variants of another form."""
    return parse_as(AblationFile, read_json(file), str(file))


def worth(ablations: Sequence[AblationFile], prefix: str) -> Html:
    """What each part is worth."""
    anchor, title = f"{prefix}ablation", "What each stage is worth"
    if not ablations:
        return left_out(
            anchor, title, "no ablation over these questions; octavo eval ablate makes one."
        )
    parts = [_ablation(a, f"{anchor}-{n}") for n, a in enumerate(ablations)]
    return section(anchor, title, *parts)


def _ablation(ablation: AblationFile, key: str) -> Html:
    metrics = list(dict.fromkeys(m for v in ablation.variants for m in v.difference))
    rows = [
        (v.name, *(_change(v.difference.get(m)) for m in metrics),
         number(COST, v.metrics[COST]) if COST in v.metrics else "")
        for v in ablation.variants
        if v.difference
    ]  # fmt: skip
    about = note(
        f"Against {ablation.base}; {ablation.dataset}, n {ablation.n}, {ablation.date}, commit "
        f"{ablation.commit}, config {ablation.config}, {ablation.machine}, "
        f"{len(ablation.errors)} errors. Below 0: the change makes it worse."
    )
    if ablation.partial:
        words = "PARTIAL: it was stopped before every variant was asked"
        about = join([about, tag("p", tag("strong", words, class_="bad"))])
    if not rows:
        return tag("div", about, note("Its variants hold no differences."))
    first = METRIC if METRIC in metrics else metrics[0]
    shown = [_bar(v.name, v.difference[first]) for v in ablation.variants if first in v.difference]
    alt = f"Change of {first} by variant: " + "; ".join(f"{b.name} {b.words}" for b in shown)
    drawn = bars(key, alt, shown, f"{first}, variant \u2212 {ablation.base}")
    caption = f"Change of {first}, with 95 % intervals (black)."
    return tag(
        "div", about, plots(figure(drawn, caption), table(("variant", *metrics, COST), rows))
    )


def _bar(name: str, d: Mapping[str, float]) -> Bar:
    p = d.get("p")
    words = "" if p is None else " (p < 0.001)" if p < 0.001 else f" (p {p:.3f})"
    return Bar(name, d["b_minus_a"], d.get("low"), d.get("high"), f"{d['b_minus_a']:+.3f}{words}")


def _change(d: Mapping[str, float] | None) -> str:
    if d is None:
        return ""
    bounds = f" ({d['low']:+.3f} to {d['high']:+.3f})" if {"low", "high"} <= set(d) else ""
    return f"{d['b_minus_a']:+.3f}{bounds}"


def cost(runs: Sequence[RunData], ablations: Sequence[AblationFile], prefix: str) -> Html:
    """Quality against milliseconds, a plot a machine: times of two machines do not compare."""
    anchor, title = f"{prefix}cost", "Quality against cost"
    machines: dict[str, list[PlotPoint]] = {}
    named = [(r.row.machine, r.label, r.row.metrics, 0) for r in runs]
    shown = {r.row.config for r in runs}  # the base of an ablation may be a run: one point
    named += [
        (a.machine, v.name, v.metrics, 1)
        for a in ablations
        for v in a.variants
        if v.name != a.base or a.config not in shown
    ]
    for machine, name, metrics, kind in named:
        if METRIC in metrics and COST in metrics:
            point = PlotPoint(name, metrics[COST], metrics[METRIC], kind)
            machines.setdefault(machine, []).append(point)
    if not machines:
        return left_out(anchor, title, f"no run has both {METRIC} and {COST}.")
    figures = [
        figure(
            points(
                f"{anchor}-{n}",
                "; ".join(f"{d.name}: {METRIC} {d.y:.3f} at {d.x:.0f} ms" for d in dots),
                dots, f"search, median ms ({COST})", METRIC,
            ),
            f"On {machine}. Circles: runs; squares: ablation variants. Better is up and left.",
        )
        for n, (machine, dots) in enumerate(machines.items())
    ]  # fmt: skip
    several = note("One plot a machine: times of two machines are not compared.")
    return section(anchor, title, plots(*figures), several if len(machines) > 1 else "")
