"""What a split cannot help, said in sentences: classes that are absent somewhere, and given splits that leak."""

from collections import Counter
from collections.abc import Sequence

from sightline.dataset.table import Dataset


def split_notes(dataset: Dataset, units: Sequence[tuple[int, ...]]) -> tuple[str, ...]:
    """Notes on a divided set; `units` are sample indices that belong together."""
    return (*_notes_on_classes(dataset, units), *_notes_on_leaks(dataset, units))


def _notes_on_classes(dataset: Dataset, units: Sequence[tuple[int, ...]]) -> list[str]:
    names = sorted({sample.split for sample in dataset.samples if sample.split})
    present = {split: dataset.of_split(split).class_counts() for split in names}
    unit_counts = _units_by_class(dataset, units)
    notes = []
    for label in dataset.labels:
        absent = [split for split in names if not present[split][label]]
        if absent:
            notes.append(
                f"Class '{label}' has no picture in {' or '.join(absent)}, with {unit_counts[label]} independent "
                "groups of pictures in all. Its figures are missing there."
            )
    return notes


def _units_by_class(dataset: Dataset, units: Sequence[tuple[int, ...]]) -> Counter[str]:
    return Counter(
        label
        for unit in units
        for label in {name for index in unit for name in dataset.samples[index].labels}
    )


def _notes_on_leaks(dataset: Dataset, units: Sequence[tuple[int, ...]]) -> list[str]:
    parted = [unit for unit in units if len({dataset.samples[index].split for index in unit}) > 1]
    if not parted:
        return []
    shown = " and ".join(f"'{dataset.samples[index].path}'" for index in _two_parted(dataset, parted[0]))
    return [
        f"The splits that the data came with part {len(parted)} groups or identical files, {shown} for "
        "instance. Figures on them flatter the model."
    ]


def _two_parted(dataset: Dataset, unit: tuple[int, ...]) -> tuple[int, int]:
    first = unit[0]
    split = dataset.samples[first].split
    return first, next(index for index in unit if dataset.samples[index].split != split)
