"""Evaluation results as a person reads them."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evals.compare import Comparison


def show_comparison(found: Comparison) -> None:
    """A line a metric with interval, corrected p and verdict; then what changed most."""
    console = Console(highlight=False)
    groups = f" in {found.documents} documents" if found.documents < found.n else ""
    console.print(f"A {found.a}\nB {found.b}\n{found.n} questions{groups}\n", markup=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("metric", "A", "B", "B - A", "95 %", "p", "+/-/=", ""):
        table.add_column(name, justify="left" if name in ("metric", "") else "right")
    for d in found.differences:
        table.add_row(
            d.metric,
            f"{d.a:.4f}",
            f"{d.b:.4f}",
            f"{d.difference:+.4f}",
            f"{d.low:+.4f} to {d.high:+.4f}",
            f"{d.adjusted:.4f}",
            f"{d.wins}/{d.losses}/{d.ties}",
            d.verdict,
        )
    console.print(table)
    if found.changed:
        console.print(f"\nChanged most by {found.differences[0].metric}:")
    for c in found.changed:
        console.print(f"  {c.a:.3f} to {c.b:.3f}  {escape(c.text[:90])}  [dim]{escape(c.id)}[/dim]")
    console.print(
        "\np: paired randomization test, corrected over the metrics (Holm). 95 %: paired bootstrap"
        + (", whole documents drawn." if groups else ".")
    )
