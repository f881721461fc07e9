"""A candidate of eight bits whose network has learnt to be rounded: quantisation-aware fine-tuning."""

from collections.abc import Sequence
from pathlib import Path

from sightline.bundle import Bundle
from sightline.errors import InputError
from sightline.lifecycle.optimizing.candidates import Candidate, quantized_candidates
from sightline.lifecycle.optimizing.family import More
from sightline.lifecycle.optimizing.material import Listen, Material
from sightline.lifecycle.optimizing.smaller import (
    changed,
    recipe_of,
    require_same_sides,
    same_split,
    taught_by,
    weights_of,
)
from sightline.lifecycle.prepare import prepare_data
from sightline.optimize.quantizing import Simulated, simulate
from sightline.records import activation_of
from sightline.training import Network, Progress, Recipe, fine_tune_rounded

_FEWEST_EPOCHS = 3
_RATE = 0.03


def rounded_recipe(bundle: Bundle, run: Path) -> Recipe:
    """The bundle's recipe for its own network that learns to be rounded, taught by the bundle.

    A quarter of the epochs, 3 at least, all layers at 0.03 of the rate that the backbone had, by AdamW in float32.

    Raises:
        InputError: the run folder is not there, or does not hold the weights; the bundle has no recipe, or is pruned.
    """
    recipe = recipe_of(bundle)
    if recipe.training.prune is not None:
        raise InputError(
            f"'{bundle.root}' is a pruned network, and --qat begins with whole ones only. Leave --qat out, or give it "
            "with the bundle that was pruned."
        )
    adam = recipe.model_copy(
        update={"training": recipe.training.model_copy(update={"optimizer": "adamw", "learning_rate": None})}
    )
    known = recipe if recipe.training.optimizer == "adamw" else adam
    return changed(
        recipe,
        {
            "model": {"start": str(weights_of(bundle, run, "fine-tuning with eight bits"))},
            "data": same_split(recipe, run),
            "training": {
                **taught_by(bundle),
                "strategy": "two_phase",
                "epochs": max(_FEWEST_EPOCHS, -(-recipe.training.epochs // 4)),
                "optimizer": "adamw",
                "learning_rate": _RATE * known.backbone_learning_rate,
                "backbone_lr_multiplier": 1.0,
                "layer_decay": None,
                "scheduler": "cosine",
                "warmup_epochs": 0,
                "mixed_precision": False,
                "compile": False,
                "ema": None,
            },
        },
    )


def rounded(bundle: Bundle, run: Path, progress: Progress | None = None) -> More:
    """What makes the candidates `ort-int8-qat` and `ov-int8-qat` of a bundle, and of no other that stands beside it.

    Raises:
        InputError: see `rounded_recipe`; when it makes them, that pictures have changed sides, or that the network
            is no convolutional one.
        RecipeError, DatasetError, TrainingError, ExportMismatch: when it makes them.
    """
    recipe = rounded_recipe(bundle, run)

    def make(own: Bundle, material: Material, listen: Listen) -> Sequence[Candidate]:
        if own.root != bundle.root:
            return []
        listen("Fine-tuning with eight bits")
        data = prepare_data(recipe)
        require_same_sides(bundle, data)
        activation = activation_of(recipe.task)

        def put_pairs_in(network: Network) -> Simulated:
            return simulate(network, material.calibrating, material.trying, activation)

        tuned, history = fine_tune_rounded(recipe, data.train, data.val, put_pairs_in, progress=progress)
        how = f"onnxruntime, {tuned.method}; {len(history)} epochs of fine-tuning with eight bits"
        return list(quantized_candidates(tuned.write(), "qat", how))

    return make
