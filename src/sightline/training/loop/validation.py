"""The validation set and what is measured on it after each epoch."""

import numpy as np
import torch
from torch import Tensor

from sightline.dataset import Dataset
from sightline.errors import TrainingError
from sightline.records import Scores
from sightline.training.loop.metrics import measure
from sightline.training.loop.targets import targets_of
from sightline.training.loop.team import Team
from sightline.training.network.network import Network
from sightline.training.pictures.pictures import Pictures
from sightline.training.recipe.recipe import Recipe
from sightline.training.score import embed_batches


class Validation:
    """A validation set, its pixels those that production would see, judged in float32 as production computes."""

    def __init__(self, dataset: Dataset, recipe: Recipe, team: Team) -> None:
        self.pictures = Pictures(dataset, recipe)
        self._team = team
        self._targets = targets_of(dataset, recipe.task)
        self._ids = tuple(sample.path for sample in dataset.samples)
        self._labels = dataset.labels
        self._metrics = recipe.metrics

    def embed(self, network: Network) -> Tensor:
        """Embeddings of all its images, float32 `[N, D]`, on the network's device."""
        rows = np.arange(len(self._ids))[self._team.share(len(self._ids))]
        return self._team.gather(embed_batches(network, self.pictures.plain_batches(rows)), len(self._ids))

    def measure(self, network: Network, embeddings: Tensor | None = None) -> dict[str, float]:
        """The recipe's metrics; from embeddings that are still true, where the backbone has not moved.

        Raises:
            TrainingError: a logit is NaN or infinite.
        """
        if embeddings is None:
            embeddings = self.embed(network)
        network.eval()
        with torch.inference_mode():
            return self.measure_logits(network.head(embeddings), embeddings)

    def measure_logits(self, logits: Tensor, embeddings: Tensor) -> dict[str, float]:
        """The recipe's metrics of logits float32 `[N, C]`.

        Raises:
            TrainingError: a logit is NaN or infinite.
        """
        if not torch.isfinite(logits).all():
            raise TrainingError(
                "The network's answers to the validation images are no numbers any more. "
                "Lower training.learning_rate, or set training.gradient_clip."
            )
        scores = Scores(
            logits.float().cpu().numpy(), embeddings.cpu().numpy(), self._targets, self._ids, self._labels
        )
        return measure(scores, self._metrics)
