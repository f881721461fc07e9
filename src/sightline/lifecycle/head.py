"""A network's head as arrays, and whether class-activation maps made with it are exact."""

import numpy as np

from sightline.bundle import Head
from sightline.dataset import Dataset, pixel_batches
from sightline.inference import Engine
from sightline.records import ClassMaps, Preprocessing
from sightline.training import Network, linear_weights

_TOLERANCE = 1e-3
_IMAGES = 64


def take_head(network: Network) -> Head | None:
    """The head of a network, if it is one linear layer."""
    arrays = linear_weights(network.head)
    return None if arrays is None else Head(*arrays)


def compare_head(head: Head | None, engine: Engine, dataset: Dataset, spec: Preprocessing) -> ClassMaps:
    """Compare the head with the graph, which must have come from one network, on up to 64 pictures.

    Class-activation maps (Zhou et al. 2016, Learning deep features for discriminative localization) account for
    a logit only where it is the head's layer on the mean of the feature map. That a network is built so cannot
    be told from its parts' names; so its numbers are asked.
    """
    rows = np.unique(np.linspace(0, len(dataset) - 1, min(_IMAGES, len(dataset))).astype(int))
    apart, scale = 0.0, 1e-6
    for pixels in pixel_batches(dataset.take(rows), spec, 16):
        logits, feature_map = engine.run(pixels, ["logits", "feature_map"])
        if head is None or head.weight.shape[1] != feature_map.shape[1]:
            return ClassMaps(pooling=None, tolerance=_TOLERANCE, images=len(rows))
        apart = max(apart, float(np.abs(head.logits(feature_map.mean(axis=(2, 3))) - logits).max()))
        scale = max(scale, float(np.abs(logits).max()))
    deviation = apart / scale
    pooling = "mean" if deviation <= _TOLERANCE else None
    return ClassMaps(pooling=pooling, deviation=deviation, tolerance=_TOLERANCE, images=len(rows))
