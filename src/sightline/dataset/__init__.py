"""What is learnt from: samples with labels, groups and splits; bad files set aside with a reason."""

from sightline.dataset.diff import Difference, DifferenceRecord, diff_datasets
from sightline.dataset.learnable import require_learnable
from sightline.dataset.parquet import read_table, write_table
from sightline.dataset.pixels import pixel_batches, preprocess_samples, read_sample
from sightline.dataset.read import read_dataset
from sightline.dataset.sample import Quarantined, QuarantineReason, Sample, Split
from sightline.dataset.splits import RandomSplit, random_split_leaks, split_dataset, split_folds
from sightline.dataset.table import Dataset

__all__ = [
    "Dataset",
    "Difference",
    "DifferenceRecord",
    "QuarantineReason",
    "Quarantined",
    "RandomSplit",
    "Sample",
    "Split",
    "diff_datasets",
    "pixel_batches",
    "preprocess_samples",
    "random_split_leaks",
    "read_dataset",
    "read_sample",
    "read_table",
    "require_learnable",
    "split_dataset",
    "split_folds",
    "write_table",
]
