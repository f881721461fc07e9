"""What a source says is there, before a picture is opened."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sightline.dataset.sample import Quarantined, Split

SPLIT_OF_NAME: dict[str, Split] = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "calibration": "calibration",
    "calib": "calibration",
}


@dataclass(frozen=True)
class Listed:
    """A file that is said to be a picture, its path relative to the root with `/`; fields as in `Sample`."""

    path: str
    labels: tuple[str, ...]
    split: Split | None = None
    group: str | None = None
    fold: int | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Listing:
    """All that a source names: classes (sorted), files, and what it names but cannot be used."""

    labels: tuple[str, ...]
    files: tuple[Listed, ...]
    quarantine: tuple[Quarantined, ...] = ()
