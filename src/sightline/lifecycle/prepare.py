"""From the sources that a recipe names to train, val, calibration and test: read, checked, split."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from sightline.dataset import (
    Dataset,
    Examined,
    Quarantined,
    ReadOptions,
    Split,
    examine_dataset,
    read_table,
    split_dataset,
)
from sightline.dataset.duplicates import find_near_duplicates
from sightline.dataset.reading.read import Listener
from sightline.dataset.splits.units import sample_units
from sightline.errors import DatasetError, RecipeError
from sightline.lifecycle.data_check import Checked, check_examined, table_bytes
from sightline.training import Recipe

_TYING = ["path", "split", "group", "sha256", "pixels_digest"]
_PARTS: tuple[Split, ...] = ("train", "val", "calibration", "test")


@dataclass(frozen=True)
class PreparedData:
    """The parts, of which calibration and test may be empty, and what is known of them.

    checked
        What `data.train_dir` was found to be, with the split that it was given.
    quarantine, notes
        Of all sources: what was set aside, and what to know before trusting figures.
    digest
        The version of the data, 64 hexadecimal digits: that of the one source, or of all parts together.
    """

    train: Dataset
    val: Dataset
    calibration: Dataset
    test: Dataset
    checked: Checked
    quarantine: tuple[Quarantined, ...]
    notes: tuple[str, ...]
    digest: str

    def parts(self) -> dict[str, Dataset]:
        """The parts that have samples, by name."""
        named = {name: getattr(self, name) for name in _PARTS}
        return {name: part for name, part in named.items() if len(part)}

    def counts(self) -> dict[str, int]:
        """Samples of each part."""
        return {name: len(part) for name, part in self.parts().items()}

    def table(self) -> bytes:
        """Every sample as CSV: split, path, label, group, sha256."""
        rows = (
            (name, sample.path, "|".join(sample.labels), sample.group or "", sample.sha256)
            for name, part in self.parts().items()
            for sample in part.samples
        )
        return table_bytes(("split", "path", "label", "group", "sha256"), rows)

    def quarantine_table(self) -> bytes:
        """Every file that was set aside as CSV: path, reason, message."""
        rows = ((aside.path, aside.reason, aside.message) for aside in self.quarantine)
        return table_bytes(("path", "reason", "message"), rows)


def prepare_data(recipe: Recipe, listen: Listener | None = None) -> PreparedData:
    """Read `data.train_dir`, `val_dir` and `test_dir`, check them, and split off from train what is not given.

    Raises:
        RecipeError: no `data.train_dir`.
        DatasetError: nothing can be learnt from it, or the sources do not fit each other.
    """
    data = recipe.data
    if data.train_dir is None:
        raise RecipeError("data.train_dir is missing: name the folder with the images, data.train_dir=PATH.")
    first = _read(recipe, data.train_dir, listen, data.corrections)
    whole = split_dataset(
        _held_out(first.dataset, data.fold),
        val=0.0 if data.val_dir else data.val_fraction,
        test=0.0 if data.test_dir else data.test_fraction,
        seed=recipe.seed,
        earlier=None
        if data.earlier is None
        else read_table(Path(data.earlier), root=_root_of(first.dataset)),
    )
    read = [replace(first, dataset=whole)]
    parts: dict[Split, Dataset] = {split: whole.of_split(split) for split in _PARTS}
    given: Sequence[tuple[Split, str | None]] = (("val", data.val_dir), ("test", data.test_dir))
    for split, folder in given:
        if folder is not None:
            if len(parts[split]):
                raise DatasetError(
                    f"'{data.train_dir}' has a split '{split}' of its own, and data.{split}_dir names '{folder}' "
                    f"as well. Leave data.{split}_dir out, or name only the folder with the training images."
                )
            other = _read(recipe, folder, listen)
            parts[split] = _relabelled(other.dataset, split, whole)
            read.append(replace(other, dataset=parts[split]))
    notes = [note for one in read for note in one.dataset.notes]
    return PreparedData(
        train=parts["train"],
        val=parts["val"],
        calibration=parts["calibration"],
        test=parts["test"],
        checked=check_examined(whole, first.near),
        quarantine=tuple(aside for one in read for aside in one.dataset.quarantine),
        notes=(*notes, *_leak_notes(read), *_conflict_notes(parts)),
        digest=whole.digest() if len(read) == 1 else _digest(parts),
    )


def _held_out(dataset: Dataset, fold: int | None) -> Dataset:
    """With folds, one of them becomes val."""
    folds = sorted({sample.fold for sample in dataset.samples if sample.fold is not None})
    if fold is None and not folds:
        return dataset
    if fold not in folds:
        there = f"folds {', '.join(map(str, folds))}" if folds else "no folds"
        raise RecipeError(
            f"data.fold is {fold}, and '{dataset.store.location}' has {there}. Name the fold to hold out, "
            "data.fold=0, or leave it out where there are none."
        )
    splits = ["val" if sample.fold == fold else sample.split for sample in dataset.samples]
    return dataset.with_columns({"split": splits})


def _read(recipe: Recipe, location: str, listen: Listener | None, corrections: str | None = None) -> Examined:
    options = ReadOptions(
        limits=recipe.preprocessing().limits,
        group_by=recipe.data.group_by,
        group_gap=recipe.data.group_gap,
        corrections=None if corrections is None else Path(corrections),
        remember=True,
    )
    return examine_dataset(location, options, listen)


def _root_of(dataset: Dataset) -> Path | None:
    root = Path(dataset.store.location)
    return root if root.is_dir() else None


def _digest(parts: Mapping[Split, Dataset]) -> str:
    digests = " ".join(part.digest() for part in parts.values() if len(part))
    return hashlib.sha256(digests.encode()).hexdigest()


def _relabelled(part: Dataset, split: Split, whole: Dataset) -> Dataset:
    unknown = sorted(set(part.labels) - set(whole.labels))
    if unknown:
        raise DatasetError(
            f"'{part.store.location}' has the classes {', '.join(unknown)}, which are not among those to learn: "
            f"{', '.join(whole.labels)}."
        )
    return replace(part.with_columns({"split": [split] * len(part)}), labels=whole.labels)


def _conflict_notes(parts: Mapping[Split, Dataset]) -> tuple[str, ...]:
    labels_of: dict[str, dict[tuple[str, ...], str]] = {}
    for part in parts.values():
        for sample in part.samples:
            labels_of.setdefault(sample.sha256, {})[sample.labels] = sample.path
    torn = [tuple(paths.values()) for paths in labels_of.values() if len(paths) > 1]
    if not torn:
        return ()
    return (
        f"{len(torn)} pictures stand under different labels, '{torn[0][0]}' and '{torn[0][1]}' for instance. "
        "Keep one of each.",
    )


def _leak_notes(read: Sequence[Examined]) -> tuple[str, ...]:
    """What the folders of val and test have in common with train, if they came from elsewhere."""
    if len(read) == 1:
        return ()
    near = find_near_duplicates(np.concatenate([one.prints for one in read]))
    tables = [one.dataset.table.select(_TYING) for one in read]
    together = pa.concat_tables(tables).append_column(
        "cluster", pa.array(near.clusters, mask=near.clusters < 0)
    )
    units = sample_units(together)
    own, splits, paths = len(read[0].dataset), together["split"].to_pylist(), together["path"].to_pylist()
    learnt = {units[row]: row for row in range(own) if splits[row] == "train"}
    leaks = {row: learnt[units[row]] for row in range(own, len(units)) if units[row] in learnt}
    if not leaks:
        return ()
    seen, source = next(iter(leaks.items()))
    return (
        f"{len(leaks)} pictures of val and test show the same as one of train, '{paths[seen]}' the same as "
        f"'{paths[source]}' for instance. Figures on them flatter the model: name one folder as data.train_dir, "
        "without splits, and let it be split.",
    )
