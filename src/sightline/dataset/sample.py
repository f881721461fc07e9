"""One labelled picture, and one that is set aside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from sightline.errors import ImageReason

Split = Literal["train", "val", "calibration", "test", "excluded"]
SPLITS: tuple[Split, ...] = get_args(Split)
QuarantineReason = (
    ImageReason
    | Literal["missing", "unreadable", "not_a_file", "bad_name", "outside_root", "linked_folder", "changed"]
    | Literal["no_label", "bad_label", "no_picture", "ambiguous"]
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture that decodes completely: one row of the table.

    path
        Relative to the root of the data set, with `/` between folders. Identifies the sample.
    labels
        Its class names, sorted; one for class folders, several or none only from a table.
    group
        Samples of one group show the same thing and never part in a split. None: it stands alone.
    split
        Where it was put, by its folder, by the table or by `split_dataset`. `excluded`: in no split, since it
        would tie two of them together.
    width_px, height_px
        Of the whole picture, upright.
    size_bytes, sha256
        Of the encoded file; the digest as 64 hexadecimal digits.
    fold
        Of cross-validation, from 0; None where there are no folds, and in test.
    cluster
        Near duplicates of one another have the same number; None: it has none, or nobody has looked.
    extra
        Further columns of the table that the set was read from, as they stood there.
    """

    path: str
    labels: tuple[str, ...]
    group: str | None
    split: Split | None
    width_px: int
    height_px: int
    size_bytes: int
    sha256: str
    fold: int | None = None
    cluster: int | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A file or folder that is not used: where, why in one word, and why in a sentence."""

    path: str
    reason: QuarantineReason
    message: str
