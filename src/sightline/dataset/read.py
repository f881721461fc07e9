"""A folder of labelled pictures to a data set; each picture is decoded once, so that none surprises later."""

import hashlib
from functools import partial
from pathlib import Path

from sightline.dataset.corrections import apply_corrections, read_corrections
from sightline.dataset.sample import Quarantined, Sample
from sightline.dataset.sources.folders import list_folders
from sightline.dataset.sources.groups import assign_groups
from sightline.dataset.sources.listing import Listed
from sightline.dataset.sources.metadata import METADATA_NAME, list_metadata
from sightline.dataset.sources.store import LocalStore, Store
from sightline.dataset.table import Dataset
from sightline.errors import DatasetError, ImageError, InputError
from sightline.images import decode_image
from sightline.parallel import Progress, in_order
from sightline.records import ImageLimits, Preprocessing

_SHOWN_REASONS = 3


def read_dataset(
    root: Path,
    *,
    limits: ImageLimits | None = None,
    group_by: str | None = None,
    group_gap: int | None = None,
    corrections: Path | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Read a folder: `metadata.csv` if there is one, else `<class>/…`, else `{train,val,test}/<class>/…`.

    A file that is no picture, is damaged, or exceeds `limits` goes to quarantine with its reason. One class
    is enough here, so that a set can be scored; `require_learnable` asks for more. `group_by` and `group_gap`
    are those of `assign_groups`. `corrections` is a table of labels set right, see `read_corrections`; it
    brings no new classes.

    Raises:
        InputError: the folder is not there or may not be read, or a group expression cannot be used.
        DatasetError: no classes, a table with mistakes (all listed), or not one usable picture.
        DatasetError: corrections that do not fit the files.
    """
    root = _resolved_folder(root)
    corrected = None if corrections is None else read_corrections(corrections)
    store = LocalStore(root)
    is_table = (root / METADATA_NAME).is_file()
    listing = list_metadata(root) if is_table else list_folders(root)
    files = assign_groups(listing.files, group_by, group_gap)
    read = partial(_read_one, store, _whole_picture(limits or ImageLimits()))
    samples: list[Sample] = []
    quarantine = list(listing.quarantine)
    for outcome in in_order(read, files, progress=progress):
        if isinstance(outcome, Sample):
            samples.append(outcome)
        else:
            quarantine.append(outcome)
    if not samples:
        raise _nothing_usable(root, quarantine)
    dataset = Dataset.of(store, listing.labels, samples, quarantine)
    return dataset if corrected is None else apply_corrections(dataset, corrected)


def _resolved_folder(root: Path) -> Path:
    if not root.is_dir():
        raise InputError(f"There is no folder '{root}'.")
    return root.resolve()


def _whole_picture(limits: ImageLimits) -> Preprocessing:
    """The specification of a full decode; the target size plays no part in it."""
    return Preprocessing(width_px=1, height_px=1, jpeg_reduction=None, limits=limits)


def _read_one(store: Store, spec: Preprocessing, file: Listed) -> Sample | Quarantined:
    refused = store.refusal(file.path)
    if refused is not None:
        return refused
    try:
        data = store.read(file.path, spec.limits)
        height_px, width_px, _ = decode_image(data, spec).shape
    except ImageError as err:
        return Quarantined(file.path, err.reason, str(err))
    except InputError as err:
        return Quarantined(file.path, "unreadable", str(err))
    return Sample(
        path=file.path,
        labels=file.labels,
        group=file.group,
        split=file.split,
        width_px=width_px,
        height_px=height_px,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        fold=file.fold,
        extra=file.extra,
    )


def _nothing_usable(root: Path, quarantine: list[Quarantined]) -> DatasetError:
    if not quarantine:
        return DatasetError(f"'{root}' names classes, but there is not one picture in them.")
    reasons = "; ".join(f"'{aside.path}': {aside.message}" for aside in quarantine[:_SHOWN_REASONS])
    return DatasetError(
        f"'{root}' has no usable picture: {len(quarantine)} files or folders were set aside. {reasons}"
    )
