"""The pixels of a dataset in batches: decoded once, then resized or augmented by threads or a GPU, ahead of need."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.dataset import Dataset, read_sample
from sightline.extras import require
from sightline.images import decode_image, preprocess_image, resize_image
from sightline.parallel import in_order
from sightline.training.pictures.augmentation import Augmentation
from sightline.training.pictures.batch import Batch
from sightline.training.pictures.cache import PixelCache
from sightline.training.pictures.transforms import starts_from_whole_picture
from sightline.training.recipe.recipe import Recipe

Pixels = NDArray[np.uint8]
_Augment = Callable[[Sequence[Pixels], int, NDArray[np.int64]], Tensor]

_BATCHES_AHEAD = 2
# Enough to share the cost of a call, few enough to stay in a core's cache.
_TOGETHER = 8
# Of threads that only fetch kept pixels: more would wait for each other's interpreter.
_FETCHING = 2


class Pictures:
    """A dataset's pictures as uint8 RGB arrays.

    Each file is decoded once and kept where the recipe's `data.cache` says and as far as there is room: as the whole
    picture if the augmentation begins with RandomResizedCrop, else as the network's input.

    device
        Where augmentation is finished, a whole batch at once, and its batches come out: for a GPU. None: threads do
        all of it, and the batches are on the CPU.

    Raises:
        RecipeError: a transform does not take its arguments.
    """

    def __init__(self, dataset: Dataset, recipe: Recipe, device: torch.device | None = None) -> None:
        self._dataset = dataset
        self._spec = recipe.preprocessing()
        self._augment = Augmentation(recipe)
        self._whole = starts_from_whole_picture(recipe)
        self._batch_size = recipe.batch_size
        self._device = device
        self._given_workers = recipe.data.num_workers
        self._cache = PixelCache(len(dataset.samples), self._most_bytes(), recipe.data.cache)
        self._torch_threads = require("threadpoolctl").ThreadpoolController().select(user_api="openmp")

    def __len__(self) -> int:
        return len(self._dataset.samples)

    def describe(self) -> str:
        """What is kept so far and where: `1,442 pictures in memory, 71 MB`."""
        return self._cache.describe()

    def plain_batches(self, rows: NDArray[np.int64] | None = None) -> Iterator[Tensor]:
        """Pictures as production sees them, uint8 `[n, H, W, 3]` on the CPU: all in the dataset's order, or `rows`."""
        order = np.arange(len(self)) if rows is None else rows
        size = self._batch_size
        places = np.arange(len(order))
        batches = [
            Batch(order[start : start + size], places[start : start + size])
            for start in range(0, len(order), size)
        ]
        return self._read(batches, self._plain, self._workers())

    def augmented_batches(self, batches: Sequence[Batch], epoch: int) -> Iterator[Tensor]:
        """The batches given, augmented for an epoch: uint8 `[n, H, W, 3]` on the device, or else on the CPU.

        How a picture is augmented follows from the recipe's seed, the epoch, and its place in the epoch's order; the
        size of the batches and the number of threads play no part.
        """
        if self._device is None:
            return self._read(batches, partial(self._augmented, self._augment, epoch), self._workers())
        return self._finished(batches, epoch, self._device)

    def _finished(self, batches: Sequence[Batch], epoch: int, device: torch.device) -> Iterator[Tensor]:
        fetched = not self._augment.has_beginning and self._cache.is_complete
        workers = self._workers(_FETCHING if fetched else None)
        begun = self._read(batches, partial(self._augmented, self._augment.begin, epoch), workers)
        for batch, images in zip(batches, begun, strict=True):
            yield self._augment.finish(_sent(images, device), epoch, batch.places)

    def _workers(self, enough: int | None = None) -> int:
        return self._given_workers or enough or os.cpu_count() or 1

    def _most_bytes(self) -> int:
        if self._whole:
            return sum(sample.width_px * sample.height_px * 3 for sample in self._dataset.samples)
        return len(self) * self._spec.width_px * self._spec.height_px * 3

    def _read(
        self, batches: Sequence[Batch], make: Callable[[Batch], Tensor], workers: int
    ) -> Iterator[Tensor]:
        parts_of = [_parts(batch) for batch in batches]
        parts = [part for parts in parts_of for part in parts]
        ahead = max(workers, _BATCHES_AHEAD * -(-self._batch_size // _TOGETHER))
        made = in_order(partial(self._on_one_core, make), parts, workers=workers, ahead=ahead)
        for parts in parts_of:
            yield torch.cat(list(islice(made, len(parts))))

    def _on_one_core(self, make: Callable[[Batch], Tensor], part: Batch) -> Tensor:
        # The threads here share the cores already; torch's own beneath them would only wait for each other.
        torch.get_num_threads()  # the first call in a thread sets it, and would undo the limit
        with self._torch_threads.limit(limits=1):
            return make(part)

    def _plain(self, part: Batch) -> Tensor:
        starts = map(self._start, part.rows)
        inputs = [resize_image(start, self._spec) if self._whole else start for start in starts]
        return torch.from_numpy(np.stack(inputs))

    def _augmented(self, augment: _Augment, epoch: int, part: Batch) -> Tensor:
        return augment([self._start(row) for row in part.rows], epoch, part.places)

    def _start(self, row: np.int64) -> Pixels:
        index = int(row)
        kept = self._cache.get(index)
        if kept is not None:
            return kept
        data = read_sample(self._dataset, self._dataset.samples[index], self._spec.limits)
        pixels = (decode_image if self._whole else preprocess_image)(data, self._spec)
        own = np.array(pixels)  # torch takes writable arrays only, and Pillow's are not
        self._cache.put(index, own)
        return own


def _parts(batch: Batch) -> list[Batch]:
    return [
        Batch(batch.rows[start : start + _TOGETHER], batch.places[start : start + _TOGETHER])
        for start in range(0, len(batch.rows), _TOGETHER)
    ]


def _sent(images: Tensor, device: torch.device) -> Tensor:
    on_gpu = device.type == "cuda"
    return (images.pin_memory() if on_gpu else images).to(device, non_blocking=True)
