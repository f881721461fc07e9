"""What a data set must have before a classifier can be learnt from it; scoring asks for less."""

from dataclasses import replace

from sightline.dataset.table import Dataset
from sightline.errors import DatasetError


def require_learnable(dataset: Dataset) -> None:
    """Check for two classes or more, each with a usable picture, and with one in `train` if there are splits.

    Raises:
        DatasetError: lists all that is missing, with the remedy.
    """
    lacks = []
    if len(dataset.labels) < 2:
        lacks.append(f"There is only one class, '{dataset.labels[0]}'. Add pictures of at least one other.")
    without = _classes_without_sample(dataset)
    if without:
        lacks.append(
            f"Classes without a usable picture: {', '.join(without)}. Add pictures, or remove the classes"
            f" ({len(dataset.quarantine)} files are in quarantine)."
        )
    if dataset.table["split"].null_count < len(dataset):
        # Only the columns that are looked at: a copy of all would be as large as the set.
        train = replace(dataset, table=dataset.table.select(["labels", "split"])).of_split("train")
        untrained = [name for name in _classes_without_sample(train) if name not in without]
        if untrained:
            lacks.append(f"Classes without a picture in train: {', '.join(untrained)}. Move some there.")
    if lacks:
        raise DatasetError(
            "\n".join(["The data set cannot be learnt from:", *(f"  {lack}" for lack in lacks)])
        )


def _classes_without_sample(dataset: Dataset) -> list[str]:
    return [name for name, count in dataset.class_counts().items() if count == 0]
