"""A pretrained backbone as it is, for what needs embeddings before anything has been trained."""

import numpy as np
import torch
from numpy.typing import NDArray

from sightline.training.network.network import Network, build_network
from sightline.training.recipe.recipe import Recipe
from sightline.training.recipe.sections import DataSection, ModelSection
from sightline.training.score import embed_batches


def open_backbone(name: str, weights: str | None = None, *, side_px: int = 224) -> tuple[Network, Recipe]:
    """A timm backbone in evaluation mode, and the recipe whose preprocessing it takes: the whole picture.

    Pictures are squashed to a square rather than cropped, since what makes a label right may lie at the edge.

    weights
        A .safetensors file; None: timm's own, from its hub.

    Raises:
        TrainingError: timm does not know the backbone, or the weights cannot be had or do not fit.
    """
    recipe = Recipe(
        model=ModelSection(backbone=name, pretrained=weights or True),
        data=DataSection(input_size=(side_px, side_px), resize="squash", crop=1.0),
    )
    return build_network(recipe, num_classes=2), recipe


def embed_pixels(network: Network, pixels_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Embeddings float32 `[N, D]` of preprocessed pixels, uint8 RGB `[N, H, W, 3]`, in one batch."""
    batch = torch.from_numpy(np.ascontiguousarray(pixels_nhwc))
    embeddings: NDArray[np.float32] = embed_batches(network, [batch]).cpu().numpy()
    return embeddings
