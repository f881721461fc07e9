"""Train, val, calibration, test and folds that cannot leak into one another, and what is kept together for it."""

from sightline.dataset.splits.folds import split_folds
from sightline.dataset.splits.random_split import RandomSplit, parted_units, random_split_leaks
from sightline.dataset.splits.split import split_dataset
from sightline.dataset.splits.units import same_pictures, sample_units

__all__ = [
    "RandomSplit",
    "parted_units",
    "random_split_leaks",
    "same_pictures",
    "sample_units",
    "split_dataset",
    "split_folds",
]
