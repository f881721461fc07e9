"""What class folders look like, the same on this machine and in a bucket."""

from collections.abc import Iterable, Sequence

from sightline.dataset.sample import Quarantined
from sightline.dataset.sources.labels import label_problem, refuse_twins
from sightline.dataset.sources.listing import SPLIT_OF_NAME, Listed, Listing
from sightline.errors import DatasetError, InputError

_LITTER = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "__macosx"})
_SHOWN = 5


def is_passed_over(name: str) -> bool:
    """Whether a file or folder is hidden, or the litter of a file manager."""
    return name.startswith(".") or name.casefold() in _LITTER


def split_folders(location: str, names: Sequence[str]) -> list[str]:
    """Those folders that are splits: all, or none.

    Raises:
        DatasetError: split folders stand beside others.
    """
    splits = [name for name in names if name.casefold() in SPLIT_OF_NAME]
    if splits and len(splits) < len(names):
        others = [name for name in names if name not in splits]
        raise DatasetError(
            f"'{location}' holds split folders ({_listed(splits)}) beside others ({_listed(others)}). Keep "
            "either train/, val/ and test/ with the class folders in them, or class folders alone."
        )
    return splits


def folder_listing(
    location: str,
    splits: Sequence[str],
    labels: Iterable[str],
    files: Iterable[Listed],
    quarantine: Sequence[Quarantined],
) -> Listing:
    """What was found, sorted, once its classes are known to be fit for use.

    Raises:
        InputError: there is no class.
        DatasetError: one cannot be called so, or two look the same.
    """
    names = sorted(set(labels))
    if not names:
        raise _no_classes(location, splits, quarantine)
    wrong = [f"{name!r} {problem}" for name in names if (problem := label_problem(name))]
    if wrong:
        raise DatasetError(
            f"'{location}' has class folders that cannot be classes: {' '.join(wrong[:_SHOWN])}"
        )
    refuse_twins(names, f"'{location}'")
    return Listing(tuple(names), tuple(sorted(files, key=lambda file: file.path)), tuple(quarantine))


def _no_classes(location: str, splits: Sequence[str], quarantine: Sequence[Quarantined]) -> InputError:
    inside = f" in its split folders ({_listed(splits)})" if splits else ""
    aside = f" Set aside: '{quarantine[0].path}' ({quarantine[0].message})" if quarantine else ""
    return InputError(
        f"'{location}' has no class folders{inside}. Put the pictures of each class in a folder named after it "
        "(crack/1.jpg, good/2.jpg), or write a metadata.csv with the columns file_name and label, or a "
        f"metadata.jsonl.{aside}"
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
