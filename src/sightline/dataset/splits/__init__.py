"""Train, val, calibration, test and folds that cannot leak into one another."""

from sightline.dataset.splits.folds import split_folds
from sightline.dataset.splits.random_split import RandomSplit, parted_units, random_split_leaks
from sightline.dataset.splits.split import split_dataset

__all__ = ["RandomSplit", "parted_units", "random_split_leaks", "split_dataset", "split_folds"]
