"""What is learnt from: samples with labels, groups and splits; bad files set aside with a reason."""

from sightline.dataset.corrections import (
    CORRECTION_COLUMNS,
    Correction,
    apply_corrections,
    read_corrections,
)
from sightline.dataset.diff import Difference, DifferenceRecord, diff_datasets
from sightline.dataset.duplicates import NearDuplicates
from sightline.dataset.learnable import require_learnable
from sightline.dataset.packing import PackedShard, pack_shards
from sightline.dataset.parquet import read_table, write_table
from sightline.dataset.pixels import pixel_batches, preprocess_samples, read_sample
from sightline.dataset.reading.measures import Measures
from sightline.dataset.reading.read import Examined, ReadOptions, examine_dataset, read_dataset
from sightline.dataset.sample import Quarantined, QuarantineReason, Sample, Split
from sightline.dataset.sources.store import Store
from sightline.dataset.splits import RandomSplit, parted_units, random_split_leaks, split_dataset, split_folds
from sightline.dataset.table import Dataset

__all__ = [
    "CORRECTION_COLUMNS",
    "Correction",
    "Dataset",
    "Difference",
    "DifferenceRecord",
    "Examined",
    "Measures",
    "NearDuplicates",
    "PackedShard",
    "QuarantineReason",
    "Quarantined",
    "RandomSplit",
    "ReadOptions",
    "Sample",
    "Split",
    "Store",
    "apply_corrections",
    "diff_datasets",
    "examine_dataset",
    "pack_shards",
    "parted_units",
    "pixel_batches",
    "preprocess_samples",
    "random_split_leaks",
    "read_corrections",
    "read_dataset",
    "read_sample",
    "read_table",
    "require_learnable",
    "split_dataset",
    "split_folds",
    "write_table",
]
