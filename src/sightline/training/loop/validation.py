"""The validation set and what is measured on it after each epoch."""

import numpy as np
from torch import Tensor

from sightline.dataset import Dataset
from sightline.errors import TrainingError
from sightline.training.loop.metrics import measure
from sightline.training.network.network import Network
from sightline.training.pictures.pictures import Pictures
from sightline.training.recipe.recipe import Recipe
from sightline.training.score import embed_batches, score_embeddings


class Validation:
    """A validation set, its pixels those that production would see."""

    def __init__(self, dataset: Dataset, recipe: Recipe) -> None:
        self._pictures = Pictures(dataset, recipe)
        self._targets = dataset.targets()
        self._ids = tuple(sample.path for sample in dataset.samples)
        self._labels = dataset.labels
        wanted = recipe.metrics
        self._metrics = tuple(dict.fromkeys(wanted))

    def embed(self, network: Network) -> Tensor:
        """Embeddings of all its images, float32 `[N, D]`."""
        return embed_batches(network, self._pictures.plain_batches())

    def measure(self, network: Network, embeddings: Tensor | None = None) -> dict[str, float]:
        """The recipe's metrics; from embeddings that are still true, where the backbone has not moved.

        Raises:
            TrainingError: a logit is NaN or infinite.
        """
        if embeddings is None:
            embeddings = self.embed(network)
        scores = score_embeddings(network, embeddings, self._targets, self._ids, self._labels)
        if not np.isfinite(scores.logits).all():
            raise TrainingError(
                "The network's answers to the validation images are no numbers any more. "
                "Lower training.learning_rate, or set training.gradient_clip."
            )
        return measure(scores, self._metrics)
