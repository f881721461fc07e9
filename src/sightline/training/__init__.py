"""Recipe to network. Only what reads recipes is imported at once; the rest brings torch, on first use."""

import importlib
from typing import TYPE_CHECKING, Any

from sightline.extras import require
from sightline.training.recipe.label_risks import label_risks
from sightline.training.recipe.recipe import Recipe
from sightline.training.recipe.recipe_file import read_recipe, recipe_for, to_yaml
from sightline.training.recipe.yaml_text import parse_yaml

if TYPE_CHECKING:
    from sightline.training.baseline import score_probe as score_probe
    from sightline.training.check import check_network as check_network
    from sightline.training.loop.fit import train as train
    from sightline.training.loop.history import EpochRecord as EpochRecord
    from sightline.training.loop.history import Progress as Progress
    from sightline.training.loop.history import Trained as Trained
    from sightline.training.loop.rounded import fine_tune_rounded as fine_tune_rounded
    from sightline.training.loop.saving import Saving as Saving
    from sightline.training.loop.strategy import unused_keys as unused_keys
    from sightline.training.loop.team import Team as Team
    from sightline.training.loop.team import join_team as join_team
    from sightline.training.network.head import linear_weights as linear_weights
    from sightline.training.network.network import Network as Network
    from sightline.training.network.network import build_network as build_network
    from sightline.training.pruning.reshape import fit_to_weights as fit_to_weights
    from sightline.training.run.facts import RunFacts as RunFacts
    from sightline.training.run.folder import RunFolder as RunFolder
    from sightline.training.run.listeners import Listeners as Listeners
    from sightline.training.run.mlflow import MlflowTracker as MlflowTracker
    from sightline.training.run.record import WEIGHTS_FILE as WEIGHTS_FILE
    from sightline.training.run.weights_file import WeightsFacts as WeightsFacts
    from sightline.training.run.weights_file import read_weights as read_weights
    from sightline.training.run.weights_file import weights_path as weights_path
    from sightline.training.run.weights_file import write_weights as write_weights
    from sightline.training.score import run_network as run_network
    from sightline.training.score import score_network as score_network

__all__ = [
    "WEIGHTS_FILE",
    "EpochRecord",
    "Listeners",
    "MlflowTracker",
    "Network",
    "Progress",
    "Recipe",
    "RunFacts",
    "RunFolder",
    "Saving",
    "Team",
    "Trained",
    "WeightsFacts",
    "build_network",
    "check_network",
    "fine_tune_rounded",
    "fit_to_weights",
    "join_team",
    "label_risks",
    "linear_weights",
    "parse_yaml",
    "read_recipe",
    "read_weights",
    "recipe_for",
    "run_network",
    "score_network",
    "score_probe",
    "to_yaml",
    "train",
    "unused_keys",
    "weights_path",
    "write_weights",
]

_NEEDS_TORCH = {
    "EpochRecord": "loop.history",
    "Listeners": "run.listeners",
    "MlflowTracker": "run.mlflow",
    "Network": "network.network",
    "Progress": "loop.history",
    "RunFacts": "run.facts",
    "RunFolder": "run.folder",
    "Saving": "loop.saving",
    "Team": "loop.team",
    "Trained": "loop.history",
    "WEIGHTS_FILE": "run.record",
    "WeightsFacts": "run.weights_file",
    "build_network": "network.network",
    "check_network": "check",
    "fine_tune_rounded": "loop.rounded",
    "fit_to_weights": "pruning.reshape",
    "join_team": "loop.team",
    "linear_weights": "network.head",
    "read_weights": "run.weights_file",
    "run_network": "score",
    "score_network": "score",
    "score_probe": "baseline",
    "train": "loop.fit",
    "unused_keys": "loop.strategy",
    "weights_path": "run.weights_file",
    "write_weights": "run.weights_file",
}


def __getattr__(name: str) -> Any:
    """Import what needs torch, or say which extra brings it."""
    if name not in _NEEDS_TORCH:
        raise AttributeError(f"module 'sightline.training' has no attribute {name!r}")
    for package in ("torch", "torchvision", "timm"):
        require(package)
    return getattr(importlib.import_module(f"sightline.training.{_NEEDS_TORCH[name]}"), name)
