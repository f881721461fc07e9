"""How much there is to learn each class from, in pictures and in independent units."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sightline.dataset import Dataset
from sightline.dataset.label_cells import LabelCells
from sightline.dataset.sample import SPLITS
from sightline.pages import counted, names
from sightline.quality.found import Finding, Found
from sightline.quality.identity import Identity
from sightline.records import Frozen

IMBALANCED_FROM = 10.0
"""Pictures of the largest class for one of the smallest."""
FEW_UNITS = 100
"""Independent units a class, with a pretrained backbone."""
FEW_GOOD_UNITS = 200
"""The same where there is only one class: anomaly detection from good pieces."""
NO_SPLIT = "none"


class Guide(Frozen):
    """How many pictures a class a task needs, by experience."""

    task: str
    images: str


GUIDES = (
    Guide(task="Two clearly different classes, pretrained backbone", images="500–2,000 a class"),
    Guide(task="5 to 20 classes", images="1,000–5,000 a class"),
    Guide(task="Anomaly detection, good pieces only", images="200–500 good pieces"),
    Guide(task="Least for transfer learning from a pretrained backbone", images="100–500 a class"),
)


class ClassCount(Frozen):
    """What there is of one class.

    units
        Independent ones: a group, a cluster of near duplicates or a repeated picture counts once.
    learnable_units
        Those in train, where there are splits; else all.
    splits
        Pictures in each split; `none` for those without.
    """

    name: str
    images: int
    units: int
    learnable_units: int
    splits: dict[str, int]


def count_classes(dataset: Dataset, same: Identity) -> tuple[ClassCount, ...]:
    """One record a class, in the order of the set's labels."""
    cells = LabelCells.of(dataset)
    split_names, splits = _splits(dataset)
    in_train = splits == split_names.index("train") if "train" in split_names else None
    table = cells.count_in(splits, len(split_names)).toarray().T
    units, learnable_units = cells.count_units(same.unit), cells.count_units(same.unit, in_train)
    return tuple(
        ClassCount(
            name=name,
            images=int(table[index].sum()),
            units=int(units[index]),
            learnable_units=int(learnable_units[index]),
            splits={
                split: int(count) for split, count in zip(split_names, table[index], strict=True) if count
            },
        )
        for index, name in enumerate(dataset.labels)
    )


def count_splits(dataset: Dataset) -> dict[str, int]:
    """Pictures in each split that has any, in the usual order; `none` for those without a split."""
    split_names, splits = _splits(dataset)
    counts = np.bincount(splits, minlength=len(split_names))
    return {name: int(count) for name, count in zip(split_names, counts, strict=True)}


def find_few_images(classes: Sequence[ClassCount]) -> Iterator[Found]:
    """Classes with fewer independent units than it takes, the poorest first."""
    least = FEW_UNITS if len(classes) > 1 else FEW_GOOD_UNITS
    few = sorted((one for one in classes if one.learnable_units < least), key=lambda one: one.learnable_units)
    if not few:
        return
    empty = [one.name for one in few if one.images == 0]
    in_train = " in train" if any("train" in one.splits for one in classes) else ""
    nothing = f" Without a usable picture: {names(empty)}." if empty else ""
    yield Found(
        "few_images",
        "error" if empty else "warning",
        f"Fewer than {least} independent pictures{in_train} in {len(few):,} of"
        f" {counted(len(classes), 'class', 'classes')}; '{few[0].name}' has {few[0].learnable_units:,}.{nothing}",
        "Collect more pieces, not more shots of the same ones. Until then use a pretrained backbone, frozen at"
        " first, and cross-validation by groups.",
        tuple(
            Finding(
                path="",
                labels=(one.name,),
                value=one.learnable_units,
                detail=f"{counted(one.images, 'picture')} in all, {one.units:,} independent",
            )
            for one in few
        ),
    )


def find_imbalance(classes: Sequence[ClassCount]) -> Iterator[Found]:
    """Classes with less than a tenth of the largest one's pictures; empty ones are not counted here."""
    present = [one for one in classes if one.images]
    if len(present) < 2:
        return
    largest = max(present, key=lambda one: one.images)
    rare = sorted(
        (one for one in present if one.images * IMBALANCED_FROM <= largest.images), key=lambda one: one.images
    )
    if not rare:
        return
    ratio = largest.images / rare[0].images
    yield Found(
        "imbalance",
        "warning",
        f"The largest class, '{largest.name}', has {ratio:.0f} times the pictures of the smallest, '{rare[0].name}'."
        f" {counted(len(rare), 'class has', 'classes have')} a tenth of the largest or less; from about"
        f" {IMBALANCED_FROM:.0f} : 1 a plain training tends to overlook the rare ones.",
        "Weight the loss or the sampling by class, or use focal loss; judge by recall of each class and macro-F1, not"
        " by accuracy.",
        tuple(
            Finding(
                path="",
                labels=(one.name,),
                value=one.images,
                detail=f"1 for {largest.images / one.images:.0f} of '{largest.name}'",
            )
            for one in rare
        ),
    )


def _splits(dataset: Dataset) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The splits there are, in the usual order, and each row's place among them: int64 `[N]`."""
    column = pc.fill_null(dataset.table["split"], NO_SPLIT)
    present = set(pc.unique(column).to_pylist())
    found = tuple(name for name in (*SPLITS, NO_SPLIT) if name in present)
    return found, np.asarray(pc.index_in(column, value_set=pa.array(found, pa.string()))).astype(np.int64)
