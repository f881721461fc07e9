"""The pixels of a whole data set, made by the same code as in production."""

import hashlib
from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sightline.dataset.sample import Sample
from sightline.dataset.table import Dataset
from sightline.errors import DatasetError, ImageError, InputError
from sightline.images import preprocess_image
from sightline.parallel import Progress, in_order
from sightline.records import ImageLimits, Preprocessing


def read_sample(dataset: Dataset, sample: Sample, limits: ImageLimits | None = None) -> bytes:
    """The encoded bytes of a sample, proved to be those that were read into the data set.

    Raises:
        DatasetError: the file is gone, too large for `limits`, or its content is another by now.
    """
    try:
        data = dataset.store.read(sample.path, limits or ImageLimits())
    except (ImageError, InputError) as err:
        raise DatasetError(f"'{sample.path}' can no longer be used: {err}") from err
    if hashlib.sha256(data).hexdigest() != sample.sha256:
        raise DatasetError(f"'{sample.path}' has changed since the folder was read. Read the folder again.")
    return data


def preprocess_samples(
    dataset: Dataset,
    spec: Preprocessing,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> NDArray[np.uint8]:
    """Every sample as the network sees it, in their order: uint8 `[N, height_px, width_px, 3]`, RGB.

    Beyond the result only one picture a worker is held in memory. `workers` are threads, by default one a
    core.

    Raises:
        DatasetError: a file is gone, has changed, or is not taken under the limits of `spec`.
    """
    pixels = np.empty((len(dataset), spec.height_px, spec.width_px, 3), np.uint8)
    fill = partial(_fill_row, dataset, spec, pixels)
    for _ in in_order(fill, range(len(pixels)), workers=workers, progress=progress):
        pass
    return pixels


def pixel_batches(dataset: Dataset, spec: Preprocessing, size: int) -> Iterator[NDArray[np.uint8]]:
    """The same as `preprocess_samples`, `size` samples at a time: for sets that do not fit into memory."""
    for start in range(0, len(dataset), size):
        yield preprocess_samples(dataset.take(range(start, min(start + size, len(dataset)))), spec)


def _fill_row(dataset: Dataset, spec: Preprocessing, pixels: NDArray[np.uint8], row: int) -> None:
    sample = dataset.samples[row]
    data = read_sample(dataset, sample, spec.limits)
    try:
        pixels[row] = preprocess_image(data, spec)
    except ImageError as err:
        raise DatasetError(f"'{sample.path}' is not taken under these limits: {err}") from err
