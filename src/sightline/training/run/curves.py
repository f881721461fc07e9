"""The curves of a run as one picture: losses, metrics and learning rates, epoch by epoch."""

import io
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sightline.training.run.figures import best_epoch, number

if TYPE_CHECKING:
    from sightline.training.loop.history import EpochRecord

# Okabe and Ito's colours, which stay apart for colour-blind readers (without the yellow, too pale on white).
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_SHADES = ("#FFFFFF", "#F0F2F5")
_GREY = "#6B7280"
# More epochs than this, and markers would touch one another.
_MARKED = 40

Curves = Mapping[str, Sequence[float]]


def draw_curves(records: Sequence["EpochRecord"], *, best_metric: str, title: str = "") -> bytes:
    """The curves as PNG, 1000 × 1000 px. Phases are shaded, the best epoch by `best_metric` is marked.

    Per-class figures are left out; a figure that is missing or no number leaves a gap. Nothing of matplotlib's
    global state is read or changed but its defaults.
    """
    figure = Figure(figsize=(10, 10), dpi=100, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 2))
    epochs = [record.epoch for record in records]
    best = best_epoch(records, best_metric)
    for axes, label, curves in zip(
        panels, ("loss", "metric on val", "learning rate"), _curves(records), strict=True
    ):
        _draw(axes, epochs, curves)
        _mark(axes, records, best)
        axes.set_ylabel(label, fontsize=12)
    _ring(panels[0] if best_metric == "loss" else panels[1], records, best, best_metric)
    _name_phases(panels[0], records)
    _within_epochs(panels[-1], epochs)
    panels[2].ticklabel_format(axis="y", scilimits=(-2, 3))
    panels[2].set_ylim(bottom=0)
    figure.align_ylabels(panels)
    figure.suptitle(_heading(records, best, best_metric, title), fontsize=13)
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _curves(records: Sequence["EpochRecord"]) -> tuple[Curves, Curves, Curves]:
    names = dict.fromkeys(name for record in records for name in record.validation if "/" not in name)
    measured = {name: [number(record.validation.get(name)) for record in records] for name in names}
    losses = {"train": [number(record.train_loss) for record in records]}
    if "loss" in measured:
        losses["val"] = measured.pop("loss")
    # Epoch 0 is measured without a step, so it has no rate.
    rates = {
        "head": [number(record.head_learning_rate if record.epoch else None) for record in records],
        "backbone": [number(record.backbone_learning_rate if record.epoch else None) for record in records],
    }
    return losses, measured, rates


def _draw(axes: Axes, epochs: Sequence[int], curves: Curves) -> None:
    marker = "o" if len(epochs) <= _MARKED else ""
    shown = {name: values for name, values in curves.items() if any(map(math.isfinite, values))}
    for (name, values), colour in zip(shown.items(), itertools.cycle(_COLOURS), strict=False):
        axes.plot(
            epochs, values, label=name, color=colour, marker=marker, markersize=4, linewidth=1.8, zorder=3
        )
    axes.grid(axis="y", color="#D8DCE2", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=11)
    if shown:
        axes.legend(fontsize=11, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    else:
        axes.text(0.5, 0.5, "no figures", transform=axes.transAxes, ha="center", color=_GREY, fontsize=12)


def _mark(axes: Axes, records: Sequence["EpochRecord"], best: int | None) -> None:
    for place, (_, first, last) in enumerate(_phases(records)):
        axes.axvspan(first - 0.5, last + 0.5, color=_SHADES[place % 2], linewidth=0, zorder=0)
    if best is not None:
        axes.axvline(best, color=_GREY, linewidth=1.2, linestyle=(0, (4, 3)), zorder=2)


def _ring(axes: Axes, records: Sequence["EpochRecord"], best: int | None, metric: str) -> None:
    for record in records:
        if record.epoch == best:
            value = record.validation[metric]
            axes.plot(best, value, "o", markersize=11, fillstyle="none", color="#111827", zorder=4)


def _name_phases(axes: Axes, records: Sequence["EpochRecord"]) -> None:
    """Above the top panel; a phase too short for its name is left to the shading."""
    for name, first, last in _phases(records):
        share = (last - first + 1) / len(records)
        text = name.replace("_", " ")
        if share * 90 >= len(text):
            axes.text(
                (first + last) / 2,
                1.02,
                text,
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="bottom",
                fontsize=11,
                color=_GREY,
            )


def _within_epochs(axes: Axes, epochs: Sequence[int]) -> None:
    axes.set_xlabel("epoch", fontsize=12)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True, min_n_ticks=1))
    if epochs:
        axes.set_xlim(min(epochs) - 0.5, max(epochs) + 0.5)


def _phases(records: Sequence["EpochRecord"]) -> list[tuple[str, int, int]]:
    """Name, first and last epoch of each phase."""
    found = []
    for name, group in itertools.groupby(records, key=lambda record: record.phase):
        epochs = [record.epoch for record in group]
        found.append((str(name), epochs[0], epochs[-1]))
    return found


def _heading(records: Sequence["EpochRecord"], best: int | None, metric: str, title: str) -> str:
    if best is None:
        return title
    value = next(record.validation[metric] for record in records if record.epoch == best)
    found = f"best epoch {best}: {metric} {value:.4f}"
    return f"{title}, {found}" if title else found
