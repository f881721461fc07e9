"""The pixels of a dataset in batches: decoded once, then resized or augmented by threads, ahead of need."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.dataset import Dataset, read_sample
from sightline.images import decode_image, preprocess_image, resize_image
from sightline.parallel import in_order
from sightline.training.pictures.memory import available_bytes
from sightline.training.pictures.transforms import Augmentation, starts_from_whole_picture
from sightline.training.recipe.recipe import Recipe

Pixels = NDArray[np.uint8]

_BATCHES_AHEAD = 2


class Pictures:
    """A dataset's pictures as uint8 RGB arrays.

    Each file is decoded once and kept, as the whole picture if the augmentation begins with
    RandomResizedCrop, else as the network's input. What is kept takes at most a quarter of the memory that
    was available at the start, for a run has two sets; files beyond that are decoded each time.
    """

    def __init__(self, dataset: Dataset, recipe: Recipe) -> None:
        self._dataset = dataset
        self._spec = recipe.preprocessing()
        self._augment = Augmentation(recipe)
        self._whole = starts_from_whole_picture(recipe)
        self._batch_size = recipe.batch_size
        self._workers = recipe.data.num_workers or os.cpu_count() or 1
        self._lock = threading.Lock()
        self._kept: dict[int, Pixels] = {}
        self._room_bytes = available_bytes() // 4

    def __len__(self) -> int:
        return len(self._dataset.samples)

    def plain_batches(self) -> Iterator[Tensor]:
        """All pictures in the dataset's order as production sees them: uint8 `[n, H, W, 3]`."""
        order = np.arange(len(self))
        step = self._batch_size
        return self._read([order[i : i + step] for i in range(0, len(self), step)], self._plain)

    def augmented_batches(self, batches: Sequence[NDArray[np.int64]], epoch: int) -> Iterator[Tensor]:
        """The batches of indices given, augmented for an epoch: uint8 `[n, H, W, 3]`."""
        return self._read(batches, partial(self._augmented, epoch))

    def _read(self, batches: Sequence[NDArray[np.int64]], read: Callable[[int], Pixels]) -> Iterator[Tensor]:
        indices = [int(index) for batch in batches for index in batch]
        ahead = _BATCHES_AHEAD * self._batch_size
        pictures = in_order(read, indices, workers=self._workers, ahead=ahead)
        for batch in batches:
            yield torch.from_numpy(np.stack(list(islice(pictures, len(batch)))))

    def _plain(self, index: int) -> Pixels:
        start = self._start(index)
        return resize_image(start, self._spec) if self._whole else start

    def _augmented(self, epoch: int, index: int) -> Pixels:
        return self._augment(self._start(index), epoch, index)

    def _start(self, index: int) -> Pixels:
        kept = self._kept.get(index)
        if kept is not None:
            return kept
        data = read_sample(self._dataset, self._dataset.samples[index], self._spec.limits)
        pixels = (decode_image if self._whole else preprocess_image)(data, self._spec)
        own = np.array(pixels)  # torch takes writable arrays only, and Pillow's are not
        with self._lock:
            if own.nbytes <= self._room_bytes:
                self._room_bytes -= own.nbytes
                self._kept[index] = own
        return own
