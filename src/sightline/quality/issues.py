"""Everything that is found in a data set, kind by kind."""

from collections.abc import Iterator

from sightline.dataset import Dataset
from sightline.dataset.duplicates import NearDuplicates
from sightline.quality.balance import ClassCount, count_classes, find_few_images, find_imbalance
from sightline.quality.colours import find_grayscale
from sightline.quality.conflicts import find_label_conflicts, find_near_label_conflicts
from sightline.quality.copies import find_exact_duplicates, find_near_duplicates
from sightline.quality.files import find_corrupt, find_wrong_extensions
from sightline.quality.found import Found
from sightline.quality.identity import Identity, identify, is_measured
from sightline.quality.kinds import KINDS, SEVERITIES
from sightline.quality.leaks import find_leaks
from sightline.quality.looks import find_odd_looks


def find_issues(
    dataset: Dataset,
    near: NearDuplicates | None = None,
    *,
    same: Identity | None = None,
    classes: tuple[ClassCount, ...] | None = None,
) -> tuple[Found, ...]:
    """All that is wrong or odd, complete; errors first, then in the order of `KINDS`.

    Without `near`, near duplicates are not looked for; without measures in the data set, only what needs none
    is. `same` and `classes` spare counting them twice.
    """
    same = identify(dataset, near) if same is None else same
    classes = count_classes(dataset, same) if classes is None else classes
    found = [*_in_files(dataset, same, near), *find_few_images(classes), *find_imbalance(classes)]
    rank = {severity: place for place, severity in enumerate(SEVERITIES)}
    return tuple(sorted(found, key=lambda one: (rank[one.severity], KINDS.index(one.kind))))


def _in_files(dataset: Dataset, same: Identity, near: NearDuplicates | None) -> Iterator[Found]:
    yield from find_corrupt(dataset)
    yield from find_label_conflicts(dataset, same)
    yield from find_leaks(dataset, same, near)
    yield from find_exact_duplicates(dataset, same)
    if near is not None:
        yield from find_near_label_conflicts(dataset, same, near)
        yield from find_near_duplicates(dataset, same, near)
    yield from find_odd_looks(dataset)
    if is_measured(dataset):
        yield from find_wrong_extensions(dataset)
        yield from find_grayscale(dataset)
