"""The linear probe's answers about other images than those it was solved on."""

import torch
from torch import nn

from sightline.dataset import Dataset
from sightline.records import Scores
from sightline.training.loop.probe import Probe
from sightline.training.loop.targets import targets_of
from sightline.training.network.network import build_network
from sightline.training.pictures.pictures import Pictures
from sightline.training.recipe.recipe import Recipe
from sightline.training.score import score_batches


def score_probe(recipe: Recipe, probe: Probe, dataset: Dataset) -> Scores:
    """Scores of the pretrained backbone, as it came, with the probe's head.

    Raises:
        TrainingError: the pretrained weights cannot be had any more.
    """
    with torch.random.fork_rng():
        linear = recipe.model_copy(update={"model": recipe.model.model_copy(update={"head": "linear"})})
        network = build_network(linear, len(probe.bias), pretrained=True)
    head = network.head
    assert isinstance(head, nn.Linear)
    with torch.no_grad():
        head.weight.copy_(probe.weight)
        head.bias.copy_(probe.bias)
    ids = tuple(sample.path for sample in dataset.samples)
    return score_batches(
        network,
        Pictures(dataset, recipe).plain_batches(),
        targets_of(dataset, recipe.task),
        ids,
        dataset.labels,
    )
