"""Embeddings by a pretrained backbone, for data that no bundle has been made of yet. Brings torch."""

import numpy as np
from numpy.typing import NDArray

from sightline.records import Preprocessing
from sightline.training.embed import embed_pixels, open_backbone


class BackboneEmbedder:
    """A timm backbone with weights, see `open_backbone`.

    Raises:
        TrainingError: timm does not know the backbone, or the weights cannot be had or do not fit.
    """

    def __init__(self, name: str, weights: str | None = None) -> None:
        self._network, recipe = open_backbone(name, weights)
        self.preprocessing: Preprocessing = recipe.preprocessing()

    def embed(self, pixels_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings float32 `[N, D]` of uint8 RGB pixels `[N, H, W, 3]`."""
        return embed_pixels(self._network, pixels_nhwc)
