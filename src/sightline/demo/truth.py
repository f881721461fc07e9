"""What is really in the generated files: the answer sheet that lies beside them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sightline.demo.alterations import AlterationKind
from sightline.demo.boxes import Box
from sightline.demo.damage import DamageKind
from sightline.demo.pieces import DefectKind, Split
from sightline.demo.surfaces import SurfaceKind
from sightline.records import Frozen

TRUTH_FILE = "truth.jsonl"
FaultKind = Literal["exact_duplicate", "near_duplicate", "wrong_label", "damaged"]


class DefectTruth(Frozen):
    """One defect. `box` is (x0, y0, x1, y1) in pixels, x1 and y1 just outside.

    It holds every pixel that the defect changes; only a camera out of focus smears a defect further.
    """

    kind: DefectKind
    box: Box


class Fault(Frozen):
    """What was done to a file on purpose.

    duplicate_of
        Of duplicates: the `file_name` of the source.
    alteration
        Of near duplicates: what was done to the source.
    true_labels
        Of wrong labels: those that are right.
    damage
        Of damaged files: in which way.
    """

    kind: FaultKind
    duplicate_of: str | None = None
    alteration: AlterationKind | None = None
    true_labels: tuple[str, ...] | None = None
    damage: DamageKind | None = None


class ImageTruth(Frozen):
    """One file.

    file_name
        Path relative to the root, with forward slashes.
    labels
        As the file is labelled in the data set, rightly or not.
    group
        The physical piece. Only duplicates that cross splits pass for another one.
    width_px, height_px
        Of the picture; of a damaged one, before it was damaged.
    defects
        Empty for damaged files.
    """

    file_name: str
    labels: tuple[str, ...]
    group: str
    split: Split
    surface: SurfaceKind
    width_px: int
    height_px: int
    defects: tuple[DefectTruth, ...] = ()
    fault: Fault | None = None

    @property
    def true_labels(self) -> tuple[str, ...]:
        """The labels that are right, whatever the data set says."""
        corrected = self.fault.true_labels if self.fault else None
        return self.labels if corrected is None else corrected


@dataclass(frozen=True)
class DemoTruth:
    """All files of a generated set, in the order in which they were made."""

    images: tuple[ImageTruth, ...]

    def with_fault(self, kind: FaultKind) -> tuple[ImageTruth, ...]:
        """The files with one kind of fault."""
        return tuple(image for image in self.images if image.fault and image.fault.kind == kind)


def write_truth(root: Path, truth: DemoTruth) -> None:
    """Write `truth.jsonl`, one line a file."""
    lines = (image.model_dump_json(exclude_none=True) for image in truth.images)
    (root / TRUTH_FILE).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def read_truth(root: Path) -> DemoTruth:
    """The truth of a set that was generated earlier."""
    lines = (root / TRUTH_FILE).read_text(encoding="utf-8").splitlines()
    return DemoTruth(tuple(ImageTruth.model_validate_json(line) for line in lines))
