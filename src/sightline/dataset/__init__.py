"""What is learnt from: samples with labels, groups and splits; bad files set aside with a reason."""

from sightline.dataset.learnable import require_learnable
from sightline.dataset.pixels import pixel_batches, preprocess_samples, read_sample
from sightline.dataset.read import read_dataset
from sightline.dataset.sample import Quarantined, QuarantineReason, Sample, Split
from sightline.dataset.splits import RandomSplit, random_split_leaks, split_dataset, split_folds
from sightline.dataset.table import Dataset

__all__ = [
    "Dataset",
    "QuarantineReason",
    "Quarantined",
    "RandomSplit",
    "Sample",
    "Split",
    "pixel_batches",
    "preprocess_samples",
    "random_split_leaks",
    "read_dataset",
    "read_sample",
    "require_learnable",
    "split_dataset",
    "split_folds",
]
