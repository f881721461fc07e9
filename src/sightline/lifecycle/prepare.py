"""From the folders that a recipe names to train, val and test: read, checked, split."""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sightline.dataset import Dataset, Quarantined, Split, read_dataset, split_dataset
from sightline.errors import DatasetError, RecipeError
from sightline.parallel import Progress
from sightline.training import Recipe


@dataclass(frozen=True)
class PreparedData:
    """The three parts, test possibly empty; what was set aside, and what to know before trusting figures."""

    train: Dataset
    val: Dataset
    test: Dataset
    quarantine: tuple[Quarantined, ...]
    notes: tuple[str, ...]

    def parts(self) -> dict[str, Dataset]:
        """The parts that have samples, by name."""
        named = {"train": self.train, "val": self.val, "test": self.test}
        return {name: part for name, part in named.items() if part.samples}

    def counts(self) -> dict[str, int]:
        """Samples of each part."""
        return {name: len(part.samples) for name, part in self.parts().items()}

    def digest(self) -> str:
        """SHA-256 over the digests of the parts, as 64 hexadecimal digits: the version of the data."""
        return hashlib.sha256(" ".join(part.digest() for part in self.parts().values()).encode()).hexdigest()

    def table(self) -> bytes:
        """Every sample as CSV: split, path, label, group, sha256."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["split", "path", "label", "group", "sha256"])
        for name, part in self.parts().items():
            for sample in part.samples:
                rows.writerow([name, sample.path, "|".join(sample.labels), sample.group or "", sample.sha256])
        return text.getvalue().encode()

    def quarantine_table(self) -> bytes:
        """Every file that was set aside as CSV: path, reason, message."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["path", "reason", "message"])
        rows.writerows([aside.path, aside.reason, aside.message] for aside in self.quarantine)
        return text.getvalue().encode()


def prepare_data(recipe: Recipe, progress: Progress | None = None) -> PreparedData:
    """Read `data.train_dir`, `val_dir` and `test_dir`, and split off from train what is not given.

    Raises:
        RecipeError: no `data.train_dir`.
        DatasetError: nothing can be learnt from it, or the folders do not fit each other.
    """
    data = recipe.data
    if data.train_dir is None:
        raise RecipeError("data.train_dir is missing: name the folder with the images, data.train_dir=PATH.")
    whole = split_dataset(
        _read(recipe, data.train_dir, progress, data.corrections),
        val=0.0 if data.val_dir else data.val_fraction,
        test=0.0 if data.test_dir else data.test_fraction,
        seed=recipe.seed,
    )
    read = [whole]
    parts: dict[Split, Dataset] = {split: whole.of_split(split) for split in ("train", "val", "test")}
    given: Sequence[tuple[Split, str | None]] = (("val", data.val_dir), ("test", data.test_dir))
    for split, folder in given:
        if folder is not None:
            if parts[split].samples:
                raise DatasetError(
                    f"'{data.train_dir}' has a split '{split}' of its own, and data.{split}_dir names '{folder}' "
                    f"as well. Leave data.{split}_dir out, or name only the folder with the training images."
                )
            read.append(_read(recipe, folder, progress))
            parts[split] = _relabelled(read[-1], split, whole)
    quarantine = tuple(aside for part in read for aside in part.quarantine)
    notes = tuple(note for part in read for note in part.notes) + _leak_notes(parts) + _conflict_notes(parts)
    return PreparedData(parts["train"], parts["val"], parts["test"], quarantine, notes)


def _read(recipe: Recipe, folder: str, progress: Progress | None, corrections: str | None = None) -> Dataset:
    data = recipe.data
    return read_dataset(
        Path(folder),
        limits=recipe.preprocessing().limits,
        group_by=data.group_by,
        group_gap=data.group_gap,
        corrections=None if corrections is None else Path(corrections),
        progress=progress,
    )


def _relabelled(part: Dataset, split: Split, whole: Dataset) -> Dataset:
    unknown = sorted(set(part.labels) - set(whole.labels))
    if unknown:
        raise DatasetError(
            f"'{part.store.location}' has the classes {', '.join(unknown)}, which are not among those to learn: "
            f"{', '.join(whole.labels)}."
        )
    return replace(part.with_columns({"split": [split] * len(part)}), labels=whole.labels)


def _conflict_notes(parts: dict[Split, Dataset]) -> tuple[str, ...]:
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


def _leak_notes(parts: dict[Split, Dataset]) -> tuple[str, ...]:
    learnt = {sample.sha256 for sample in parts["train"].samples}
    seen = [s for split in ("val", "test") for s in parts[split].samples if s.sha256 in learnt]
    if not seen:
        return ()
    return (
        f"{len(seen)} files of val and test are in train as well, '{seen[0].path}' for instance. "
        "Figures on them flatter the model.",
    )
