"""What a recipe says of its network, tried out before any image is read."""

import torch

from sightline.training.network.network import build_network
from sightline.training.network.start import load_start
from sightline.training.pruning.prunable import require_prunable
from sightline.training.recipe.recipe import Recipe
from sightline.training.run.weights_file import read_weights


def check_network(recipe: Recipe) -> None:
    """Build the recipe's network once and drop it, so that a mistake shows early.

    Raises:
        TrainingError: see `build_network`, `load_start` and `require_prunable`.
        MissingExtra: it is to be pruned, and torch-pruning is not installed.
    """
    start = recipe.model.start
    classes = 2 if start is None else len(read_weights(start)[0].labels)
    with torch.random.fork_rng():
        network = build_network(recipe, recipe.model.num_classes or classes)
        load_start(network, recipe, None)
        if recipe.training.prune is not None:
            require_prunable(network, recipe)
