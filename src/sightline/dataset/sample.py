"""One labelled picture, and one that is set aside."""

from dataclasses import dataclass
from typing import Literal

from sightline.errors import ImageReason

Split = Literal["train", "val", "test"]
QuarantineReason = (
    ImageReason | Literal["missing", "unreadable", "not_a_file", "bad_name", "outside_root", "linked_folder"]
)


@dataclass(frozen=True)
class Sample:
    """A picture that decodes completely.

    path
        Relative to the root of the data set, with `/` between folders. Identifies the sample.
    labels
        Its class names, sorted; one for class folders, several only from a table.
    group
        Samples of one group show the same thing and never part in a split. None: it stands alone.
    split
        Where it was put, by its folder, by the table or by `split_dataset`.
    width_px, height_px
        Of the whole picture, upright.
    size_bytes, sha256
        Of the encoded file; the digest as 64 hexadecimal digits.
    """

    path: str
    labels: tuple[str, ...]
    group: str | None
    split: Split | None
    width_px: int
    height_px: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Quarantined:
    """A file or folder that is not used: where, why in one word, and why in a sentence."""

    path: str
    reason: QuarantineReason
    message: str
