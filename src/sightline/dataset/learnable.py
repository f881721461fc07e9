"""What a data set must have before a classifier can be learnt from it; scoring asks for less."""

from collections.abc import Iterator
from dataclasses import replace

from sightline.dataset.table import Dataset
from sightline.errors import DatasetError
from sightline.records import Task


def require_learnable(dataset: Dataset, task: Task = "multiclass") -> None:
    """Check for two classes or more, each with a usable picture, and with one in `train` if there are splits.

    For multilabel each label also needs a picture without it, in `train` if there are splits: of a label that is
    true of everything nothing can be learnt.

    Raises:
        DatasetError: lists all that is missing, with the remedy.
    """
    lacks = [*_lacks_of_classes(dataset)]
    if task == "multilabel":
        lacks += _lacks_of_others(dataset)
    if lacks:
        raise DatasetError(
            "\n".join(["The data set cannot be learnt from:", *(f"  {lack}" for lack in lacks)])
        )


def _lacks_of_classes(dataset: Dataset) -> Iterator[str]:
    if len(dataset.labels) < 2:
        yield f"There is only one class, '{dataset.labels[0]}'. Add pictures of at least one other."
    without = _classes_with(dataset, 0)
    if without:
        yield (
            f"Classes without a usable picture: {', '.join(without)}. Add pictures, or remove the classes"
            f" ({len(dataset.quarantine)} files are in quarantine)."
        )
    train = _train_of(dataset)
    if train is not None:
        untrained = [name for name in _classes_with(train, 0) if name not in without]
        if untrained:
            yield f"Classes without a picture in train: {', '.join(untrained)}. Move some there."


def _lacks_of_others(dataset: Dataset) -> Iterator[str]:
    learnt, where = _train_of(dataset), " of train"
    if learnt is None:
        learnt, where = dataset, ""
    everywhere = _classes_with(learnt, len(learnt)) if len(learnt) else []
    if everywhere:
        yield (
            f"Labels that every picture{where} has: {', '.join(everywhere)}. Add pictures without them, or "
            "remove the labels."
        )


def _train_of(dataset: Dataset) -> Dataset | None:
    """The samples of train; None where there are no splits."""
    if dataset.table["split"].null_count == len(dataset):
        return None
    # Only the columns that are looked at: a copy of all would be as large as the set.
    return replace(dataset, table=dataset.table.select(["labels", "split"])).of_split("train")


def _classes_with(dataset: Dataset, count: int) -> list[str]:
    return [name for name, images in dataset.class_counts().items() if images == count]
