"""The table of samples, and the digest that is its version."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.dataset.sample import Quarantined, Sample, Split
from sightline.errors import DatasetError

_DIGEST_FORMAT = "sightline-dataset-1"


@dataclass(frozen=True)
class Dataset:
    """Samples that decode, and what was set aside.

    root
        The folder, resolved; the one thing here that differs between machines.
    labels
        Class names, sorted. A class all of whose pictures are in quarantine is still among them.
    samples
        Sorted by path.
    quarantine
        Sorted by path.
    notes
        What to know before trusting figures made from this set, one sentence each.
    """

    root: Path
    labels: tuple[str, ...]
    samples: tuple[Sample, ...]
    quarantine: tuple[Quarantined, ...] = ()
    notes: tuple[str, ...] = ()

    def digest(self) -> str:
        """SHA-256 over labels, paths, groups, splits and contents, as 64 hexadecimal digits.

        The same for equal data wherever it lies; quarantine and notes play no part.
        """
        state = hashlib.sha256(_canonical([_DIGEST_FORMAT, self.labels]))
        for sample in self.samples:
            row = [sample.path, sample.labels, sample.group, sample.split, sample.sha256]
            state.update(_canonical(row))
        return state.hexdigest()

    def of_split(self, name: Split) -> "Dataset":
        """The same set with only the samples of one split, possibly none; the labels stay."""
        return replace(self, samples=tuple(sample for sample in self.samples if sample.split == name))

    def class_counts(self) -> dict[str, int]:
        """Samples of each class, in the order of the labels; 0 for a class without any."""
        counts = dict.fromkeys(self.labels, 0)
        for sample in self.samples:
            for label in sample.labels:
                counts[label] += 1
        return counts

    def targets(self, labels: Sequence[str] | None = None) -> NDArray[np.int64]:
        """Class indices, int64 `[N]`, in the order of the samples.

        They point into `labels`, those of a bundle for instance, or else into the set's own.

        Raises:
            DatasetError: a sample has several labels, or one that is not among `labels`.
        """
        names = self.labels if labels is None else tuple(labels)
        index_of = {name: index for index, name in enumerate(names)}
        return np.fromiter(
            (_index(sample, index_of) for sample in self.samples), np.int64, count=len(self.samples)
        )


def _index(sample: Sample, index_of: dict[str, int]) -> int:
    if len(sample.labels) != 1:
        raise DatasetError(
            f"'{sample.path}' has {len(sample.labels)} labels ({', '.join(sample.labels)}) where one is "
            "needed. Give every picture one label."
        )
    label = sample.labels[0]
    if label not in index_of:
        raise DatasetError(
            f"'{sample.path}' has the label '{label}', which is none of {', '.join(index_of)}. "
            "Rename its class, or leave it out."
        )
    return index_of[label]


def _canonical(row: Sequence[object]) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"
