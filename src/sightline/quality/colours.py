"""Grey pictures among coloured ones, or the other way round: a cue that has nothing to do with the subject."""

from collections.abc import Iterator

import numpy as np

from sightline.dataset import Dataset
from sightline.pages import counted
from sightline.quality.found import Found, RowFindings

_COMMON = 0.1
"""More than this share is no exception but a second kind of picture."""
_GREY_BELOW = 1 / 255
"""Mean colourfulness of less than one level in 256: what JPEG leaves of a grey picture."""


def find_grayscale(dataset: Dataset) -> Iterator[Found]:
    """The rarer of the two kinds; listed only while it is rare, and not at all where all pictures agree."""
    values = dataset.table["colourfulness"].to_numpy().astype(np.float64)
    is_grey = values < _GREY_BELOW
    grey = int(np.count_nonzero(is_grey))
    rows = np.flatnonzero(is_grey if 2 * grey <= len(values) else ~is_grey)
    if not len(rows):
        return
    rare, usual = ("grey", "colour") if 2 * grey <= len(values) else ("colour", "grey")
    if len(rows) > _COMMON * len(values):
        yield Found(
            "grayscale",
            "info",
            f"The set is mixed: {grey:,} of {counted(len(values), 'picture')} are grey, too many to list.",
            "See that no class is grey more often than the others, or the network learns that instead.",
            (),
            len(rows),
        )
        return
    rows = rows[np.argsort(values[rows] if rare == "grey" else -values[rows], kind="stable")]
    yield Found(
        "grayscale",
        "warning",
        f"{counted(len(rows), f'{rare} picture')} in a set that is otherwise {usual}.",
        "Find out where they come from. If production has only one kind, turn all to grey or remove these.",
        RowFindings(
            dataset,
            rows,
            lambda index: f"{rare}: colourfulness {values[rows[index]]:.3f}",
            values=values[rows],
        ),
    )
