"""The learning curve: accuracy on test over the number of training images."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

_COLOURS = {"linear": "#0072b2", "two_phase": "#d55e00", "scratch": "#767676"}


def draw_learning_curve(rows: list[dict[str, Any]], path: Path) -> None:
    """Mean and every single run for each strategy, written as PNG."""
    figure = Figure(figsize=(6.4, 4.0), dpi=130, layout="constrained")
    axes = figure.subplots()
    for strategy, points in _by_strategy(rows).items():
        sizes = sorted(points)
        means = [np.mean(points[size]) for size in sizes]
        colour = _COLOURS[strategy]
        axes.plot(sizes, means, color=colour, marker="o", linewidth=2)
        axes.annotate(
            strategy, (sizes[-1], means[-1]), (8, 0), textcoords="offset points", color=colour, va="center"
        )
        for size in sizes:
            axes.scatter([size] * len(points[size]), points[size], color=colour, s=12, alpha=0.45)
    axes.set_xscale("log")
    ticks = sorted({row["train_images"] for row in rows})
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks], minor=False)
    axes.minorticks_off()
    axes.set_xlim(ticks[0] * 0.85, ticks[-1] * 1.75)
    axes.set_xlabel("training images")
    axes.set_ylabel("accuracy on test")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def _by_strategy(rows: list[dict[str, Any]]) -> dict[str, dict[int, list[float]]]:
    found: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        strategy = next(one for one in row["overrides"] if one.startswith("training.strategy=")).split("=")[1]
        found[strategy][row["train_images"]].append(row["accuracy"])
    return found
