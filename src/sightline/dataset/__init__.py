"""What is learnt from: samples with labels, groups and splits; bad files set aside with a reason."""

from sightline.dataset.corrections import (
    CORRECTION_COLUMNS,
    Correction,
    apply_corrections,
    read_corrections,
)
from sightline.dataset.learnable import require_learnable
from sightline.dataset.pixels import pixel_batches, preprocess_samples, read_sample
from sightline.dataset.read import read_dataset
from sightline.dataset.sample import Quarantined, QuarantineReason, Sample, Split
from sightline.dataset.split import split_dataset
from sightline.dataset.table import Dataset

__all__ = [
    "CORRECTION_COLUMNS",
    "Correction",
    "Dataset",
    "QuarantineReason",
    "Quarantined",
    "Sample",
    "Split",
    "apply_corrections",
    "pixel_batches",
    "preprocess_samples",
    "read_corrections",
    "read_dataset",
    "read_sample",
    "require_learnable",
    "split_dataset",
]
