"""Pictures put into a regression set with their right answers."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from sightline.errors import ImageError, InputError
from sightline.images import decode_image, inspect_image, read_image_file
from sightline.inference import Predictor, require_outside_bundles
from sightline.lifecycle.provenance import now
from sightline.lifecycle.regression.answer import is_right
from sightline.lifecycle.regression.case import IMAGES_FOLDER, SUFFIXES, Case, State, mistake_of
from sightline.lifecycle.regression.lock import sole_writer
from sightline.lifecycle.regression.table import TABLE_FILE, read_set, write_set
from sightline.records import ImageLimits, Preprocessing
from sightline.whole_file import write_whole


@dataclass(frozen=True)
class Added:
    """What has been added, and files whose picture was there already with the same labels."""

    cases: tuple[Case, ...]
    already: tuple[Path, ...]


def add_images(
    folder: Path,
    images: Sequence[Path],
    labels: Sequence[str],
    *,
    state: State | None = None,
    note: str = "",
    predictor: Predictor | None = None,
) -> Added:
    """Copy pictures into a set, made if need be, as cases of one right answer. All are added, or none.

    state
        None: `open` where `predictor` is given and has the picture wrong, else `must`.
    predictor
        Asked what it answers; that is kept beside the case.

    Raises:
        InputError: a file cannot be read, is no usable picture, or is in the set with other labels; a label that
            cannot be kept or that the bundle does not know; the folder is or lies in a bundle, or cannot be written to.
    """
    require_outside_bundles(folder, "Name another folder for the set.")
    _require_labels(labels, predictor)
    cases: list[tuple[Path, Case, bytes]] = []
    for image in images:
        data, suffix = _read(image, predictor)
        sha256 = hashlib.sha256(data).hexdigest()
        cases.append((image, _case(data, sha256, suffix, labels, state, note, predictor), data))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Between reading the table and writing it nobody else may: his rows would be lost.
        with sole_writer(folder):
            return _add(folder, cases, labels)
    except OSError as err:
        raise InputError(f"'{folder}' cannot be written to: {err.strerror or err}.") from err


def _add(folder: Path, cases: Sequence[tuple[Path, Case, bytes]], labels: Sequence[str]) -> Added:
    kept = list(read_set(folder)) if (folder / TABLE_FILE).exists() else []
    known = {case.sha256: case for case in kept}
    added: dict[str, tuple[Case, bytes]] = {}
    already: list[Path] = []
    for image, case, data in cases:
        there = known.get(case.sha256)
        if there is not None and set(there.labels) != set(labels):
            raise InputError(
                f"'{image}' is in the set already, as {', '.join(there.labels) or 'none'} where this says "
                f"{', '.join(labels) or 'none'}. Nothing was added; correct its row in {folder / TABLE_FILE} first."
            )
        if there is not None or case.sha256 in added:
            already.append(image)
            continue
        added[case.sha256] = (case, data)
    _write(folder, kept, list(added.values()))
    return Added(tuple(case for case, _ in added.values()), tuple(already))


def _require_labels(labels: Sequence[str], predictor: Predictor | None) -> None:
    if predictor is None:
        return
    manifest = predictor.bundle.manifest
    unknown = [label for label in labels if label not in manifest.labels]
    if unknown:
        raise InputError(
            f"Bundle '{manifest.name}' does not know the label {', '.join(unknown)}; it knows "
            f"{', '.join(manifest.labels[:20])}."
        )
    if manifest.task == "multiclass" and len(labels) != 1:
        raise InputError(f"Bundle '{manifest.name}' gives one label a picture; give --label once.")


def _read(image: Path, predictor: Predictor | None) -> tuple[bytes, str]:
    """The bytes of a picture that decodes completely, and the suffix of its format."""
    limits = ImageLimits() if predictor is None else predictor.bundle.manifest.preprocessing.limits
    try:
        data = read_image_file(image, limits)
        decode_image(data, Preprocessing(width_px=1, height_px=1, jpeg_reduction=None, limits=limits))
        return data, SUFFIXES[inspect_image(data, limits).format]
    except ImageError as err:
        raise InputError(f"'{image}' cannot be added: {err}") from err


def _case(
    data: bytes,
    sha256: str,
    suffix: str,
    labels: Sequence[str],
    state: State | None,
    note: str,
    predictor: Predictor | None,
) -> Case:
    answer = None if predictor is None else predictor.predict(data)
    wrong = answer is not None and not is_right(answer, labels)
    try:
        return Case(
            sha256=sha256,
            file=f"{IMAGES_FOLDER}/{sha256}.{suffix}",
            labels=tuple(labels),
            state=state or ("open" if wrong else "must"),
            note=note,
            added_at=now(),
            answered_by="" if answer is None else answer.bundle_id,
            answered=() if answer is None else answer.labels,
        )
    except ValidationError as err:
        raise InputError(f"The case cannot be kept: {mistake_of(err)}.") from err


def _write(folder: Path, kept: Sequence[Case], added: Sequence[tuple[Case, bytes]]) -> None:
    """Pictures first: one without a row does no harm, a row without its picture would."""
    (folder / IMAGES_FOLDER).mkdir(parents=True, exist_ok=True)
    for case, data in added:
        write_whole(folder / case.file, data)
    write_set(folder, [*kept, *(case for case, _ in added)])
