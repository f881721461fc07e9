"""How brightness, sharpness and size are spread over a set, coarsely, for a picture of it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sightline.dataset import Dataset
from sightline.quality.identity import is_measured
from sightline.records import Frozen

_BINS = 32


class Histogram(Frozen):
    """Pictures by one measure: `counts[i]` lie from `edges[i]` to `edges[i + 1]`, all within."""

    name: str
    unit: str
    logarithmic: bool
    edges: tuple[float, ...]
    counts: tuple[int, ...]


def draw_histograms(dataset: Dataset) -> tuple[Histogram, ...]:
    """One a measure; none for an empty set, and only the size where nothing was measured."""
    return tuple(_histograms(dataset)) if len(dataset) else ()


def _histograms(dataset: Dataset) -> Iterator[Histogram]:
    if is_measured(dataset):
        middle = (_column(dataset, "brightness_low") + _column(dataset, "brightness_high")) / 2
        yield _linear("Brightness", "middle of the range of tones, 0 to 1", middle)
        yield _logarithmic("Sharpness", "Laplacian over contrast", _column(dataset, "sharpness"), 0.01)
        yield _linear("Colourfulness", "0 grey to 1", _column(dataset, "colourfulness"))
    side = np.sqrt(_column(dataset, "width_px") * _column(dataset, "height_px"))
    yield _logarithmic("Size", "px a side, geometric mean", side, 1.0)


def _column(dataset: Dataset, name: str) -> NDArray[np.float64]:
    values: NDArray[np.float64] = dataset.table[name].to_numpy().astype(np.float64)
    return values


def _linear(name: str, unit: str, values: NDArray[np.float64]) -> Histogram:
    counts, edges = np.histogram(values, _BINS, (0.0, 1.0))
    return Histogram(name=name, unit=unit, logarithmic=False, edges=_floats(edges), counts=_ints(counts))


def _logarithmic(name: str, unit: str, values: NDArray[np.float64], least: float) -> Histogram:
    """Equal steps of the logarithm; what is less than `least` falls into the first bin."""
    logs = np.log(np.maximum(values, least))
    counts, edges = np.histogram(logs, _BINS)
    return Histogram(
        name=name, unit=unit, logarithmic=True, edges=_floats(np.exp(edges)), counts=_ints(counts)
    )


def _floats(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)


def _ints(values: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(int(value) for value in values)
