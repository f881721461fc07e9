"""The search for wrong labels: pictures to embeddings, embeddings to suspects. Without torch for a bundle."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sightline.dataset import Dataset, pixel_batches
from sightline.errors import DatasetError
from sightline.inference import Predictor
from sightline.parallel import Progress
from sightline.quality.labels import LabelReview, review_embeddings
from sightline.records import Preprocessing

_AT_ONCE = 32


class Embedder(Protocol):
    """What turns pixels into embeddings."""

    @property
    def preprocessing(self) -> Preprocessing:
        """How the pixels are made."""

    def embed(self, pixels_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 `[N, D]` of uint8 RGB pixels `[N, H, W, 3]`."""


class BundleEmbedder:
    """A bundle's graph and preprocessing.

    Its backbone has learnt from these labels if it was trained on these pictures, and then believes them
    more than it should: a pretrained backbone finds more.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._engine = predictor.engine
        self.preprocessing: Preprocessing = predictor.bundle.manifest.preprocessing

    def embed(self, pixels_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 `[N, D]` of uint8 RGB pixels `[N, H, W, 3]`."""
        (embeddings,) = self._engine.run(pixels_nhwc, ["embedding"])
        return embeddings


def review_labels(
    dataset: Dataset,
    embedder: Embedder,
    *,
    folds: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
) -> LabelReview:
    """Judge the label of every picture but the excluded ones; `progress` counts embedded pictures.

    Read the set with `examine_dataset`: it knows near copies, which then do not vouch for one another as others do.
    Held in memory: the embeddings, 4 D bytes a picture, and a few batches of pixels.

    Raises:
        DatasetError: no pictures, one that cannot be used any more, or too few groups or classes.
        MissingExtra: scikit-learn or cleanlab is not installed.
    """
    kept = [row for row, sample in enumerate(dataset.samples) if sample.split != "excluded"]
    if not kept:
        raise DatasetError(f"'{dataset.store.location}' has no picture left whose label could be judged.")
    judged = dataset.take(kept)
    return review_embeddings(judged, embed_dataset(judged, embedder, progress), folds=folds, seed=seed)


def embed_dataset(
    dataset: Dataset, embedder: Embedder, progress: Progress | None = None
) -> NDArray[np.float32]:
    """Embeddings of every picture, float32 `[N, D]`, in the order of the samples.

    Raises:
        DatasetError: a file is gone, has changed, or is not taken under the limits of the preprocessing.
    """
    parts: list[NDArray[np.float32]] = []
    done = 0
    for pixels in pixel_batches(dataset, embedder.preprocessing, _AT_ONCE):
        parts.append(embedder.embed(pixels))
        done += len(pixels)
        if progress is not None:
            progress(done, len(dataset))
    return np.concatenate(parts)
