"""Recipe to network. Only what reads recipes is imported at once; the rest brings torch, on first use."""

import importlib
from typing import TYPE_CHECKING, Any

from sightline.extras import require
from sightline.training.recipe.recipe import Recipe
from sightline.training.recipe.recipe_file import read_recipe, recipe_for, to_yaml

if TYPE_CHECKING:
    from sightline.training.loop.fit import train as train
    from sightline.training.loop.history import EpochRecord as EpochRecord
    from sightline.training.loop.history import Progress as Progress
    from sightline.training.loop.history import Trained as Trained
    from sightline.training.network.network import Network as Network
    from sightline.training.network.network import check_network as check_network
    from sightline.training.score import score_network as score_network

__all__ = [
    "EpochRecord",
    "Network",
    "Progress",
    "Recipe",
    "Trained",
    "check_network",
    "read_recipe",
    "recipe_for",
    "score_network",
    "to_yaml",
    "train",
]

_NEEDS_TORCH = {
    "EpochRecord": "loop.history",
    "Network": "network.network",
    "Progress": "loop.history",
    "Trained": "loop.history",
    "check_network": "network.network",
    "score_network": "score",
    "train": "loop.fit",
}


def __getattr__(name: str) -> Any:
    """Import what needs torch, or say which extra brings it."""
    if name not in _NEEDS_TORCH:
        raise AttributeError(f"module 'sightline.training' has no attribute {name!r}")
    for package in ("torch", "torchvision", "timm"):
        require(package)
    return getattr(importlib.import_module(f"sightline.training.{_NEEDS_TORCH[name]}"), name)
