"""Train, val, calibration, test and folds that cannot leak into one another."""

from sightline.dataset.splits.split import split_dataset

__all__ = ["split_dataset"]
