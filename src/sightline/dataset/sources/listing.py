"""What a source says is there, before a picture is opened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

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
NO_EXTRA: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Listed:
    """A file that is said to be a picture, its path relative to the root with `/`; fields as in `Sample`.

    sha256 is that which the file must have; None: any.
    There may be millions: equal labels, and the extra of all files that have none, are one object each.
    """

    path: str
    labels: tuple[str, ...]
    split: Split | None = None
    group: str | None = None
    fold: int | None = None
    extra: Mapping[str, str] = field(default_factory=lambda: NO_EXTRA)
    sha256: str | None = None


@dataclass(frozen=True)
class Listing:
    """All that a source names: classes (sorted), files, what it names but cannot be used, and notes on the whole."""

    labels: tuple[str, ...]
    files: tuple[Listed, ...]
    quarantine: tuple[Quarantined, ...] = ()
    notes: tuple[str, ...] = ()
