"""What is known of each picture beside its label: what slices are cut by, and what belongs together."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sightline.dataset import Dataset
from sightline.dataset.splits.units import sample_units
from sightline.dataset.table import EXTRA_PREFIX
from sightline.records import Column

_LONGEST_CELL = 200
_OWN = ("size", "aspect", "brightness", "sharpness", "format", "split", "label")


def picture_columns(dataset: Dataset) -> dict[str, Column]:
    """Columns of the pictures in the order of the samples, text or float64.

    `size`: the square root of width × height, in px. `aspect`: the longer side by the shorter, 1 or more.
    `brightness`: the middle between the 5th and the 95th percentile of luma, 0 to 1. `sharpness`: see `Measures`;
    small where a picture is blurred. `format`. `split`, where there are several. Then the further columns of the
    source, but those with cells of more than 200 characters. What was not measured is left out.
    """
    table = dataset.table
    width, height = _numbers(table["width_px"]), _numbers(table["height_px"])
    found: dict[str, Column] = {
        "size": np.sqrt(width * height),
        "aspect": np.maximum(width, height) / np.minimum(width, height),
    }
    if "sharpness" in table.column_names:
        low, high = _numbers(table["brightness_low"]), _numbers(table["brightness_high"])
        found |= {"brightness": (low + high) / 2, "sharpness": _numbers(table["sharpness"])}
        found["format"] = _text(table["format"])
    found["split"] = _text(table["split"])
    for name in table.column_names:
        if name.startswith(EXTRA_PREFIX):
            cells = _text(table[name])
            short = name.removeprefix(EXTRA_PREFIX)
            if cells.dtype.itemsize <= 4 * _LONGEST_CELL:
                found[name if short in _OWN else short] = cells
    return {name: cells for name, cells in found.items() if len(np.unique(cells)) > 1}


def picture_groups(dataset: Dataset, known: Mapping[str, str]) -> NDArray[np.int64] | None:
    """The number of the group of each sample, int64 `[N]`: tied by group, content, pixels or near copies.

    known
        Groups that a bundle was built with, by the SHA-256 of the picture; they count as well.
    None where every sample stands alone.
    """
    names = [known.get(sha256, "") for sha256 in dataset.table["sha256"].to_pylist()]
    values, codes = np.unique(np.array(names, np.str_), return_inverse=True)
    recorded = np.where(values[codes] == "", -1, codes).astype(np.int64) if len(names) else codes
    groups = sample_units(dataset.table, recorded)
    return None if len(np.unique(groups)) == len(groups) else groups


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    numbers: NDArray[np.float64] = column.to_numpy().astype(np.float64)
    return numbers


def _text(column: pa.ChunkedArray) -> NDArray[np.str_]:
    return np.array(["" if cell is None else cell for cell in column.to_pylist()], np.str_)
