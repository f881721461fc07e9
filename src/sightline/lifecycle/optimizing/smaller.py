"""Smaller networks that learn from a bundle: with fewer channels, or of another backbone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sightline.bundle import Bundle
from sightline.errors import InputError
from sightline.lifecycle.build import Built, Listener, build_bundle
from sightline.lifecycle.judge import known_splits
from sightline.lifecycle.prepare import PreparedData, prepare_data
from sightline.lifecycle.restart import Restart
from sightline.training import WEIGHTS_FILE, Progress, Recipe, parse_yaml

_FEWEST_EPOCHS = 6
_STUDENT_EPOCHS = 20
_TABLE = "dataset.parquet"
_RESTART = Restart()


def pruned_recipe(bundle: Bundle, run: Path, share: float) -> Recipe:
    """The bundle's recipe for a network with that share of the multiply-adds less, in (0, 0.9].

    It begins with the weights in the run folder, learns from the bundle, at the same rates for half of the epochs,
    and each picture stays on its side of the split.

    Raises:
        InputError: the run folder is not there, or does not hold the weights; or the bundle has no recipe.
    """
    recipe = recipe_of(bundle)
    return changed(
        recipe,
        {
            "model": {"start": str(weights_of(bundle, run, "pruning"))},
            "data": same_split(recipe, run),
            "training": {
                **taught_by(bundle),
                "strategy": "two_phase",
                "prune": share,
                "prune_steps": 1,
                "epochs": max(_FEWEST_EPOCHS, -(-_epochs_of(recipe) // 2)),
                "warmup_epochs": min(1, recipe.training.warmup_epochs),
            },
        },
    )


def student_recipe(
    bundle: Bundle, backbone: str, run: Path | None = None, *, pretrained: bool | str = False
) -> Recipe:
    """The bundle's recipe for another backbone that learns from the bundle.

    run
        The run folder, whose table keeps each picture on its side of the split; without it, the seed does as long as
        the data are what they were.
    pretrained
        As `model.pretrained`: the backbone's own weights, or False for random ones, which take twice the epochs.

    Raises:
        InputError: the bundle has no recipe, or the run folder no table.
    """
    recipe = recipe_of(bundle)
    epochs = _epochs_of(recipe)
    if run is not None and not (run / _TABLE).is_file():
        raise InputError(
            f"The run folder '{run}' has no {_TABLE}. Name the folder that the training of '{bundle.root}' left "
            "beside it with --run."
        )
    return changed(
        recipe,
        {
            "model": {"backbone": backbone, "pretrained": pretrained, "start": None},
            "data": {} if run is None else same_split(recipe, run),
            "training": {
                **taught_by(bundle),
                "strategy": "two_phase" if pretrained else "scratch",
                # From random weights it was still rising when as many epochs as the teacher's were over.
                "epochs": epochs if pretrained else max(_STUDENT_EPOCHS, 2 * epochs),
                "prune": None,
                "prune_steps": 1,
                "layer_decay": None,
            },
        },
    )


def build_smaller(
    bundle: Bundle,
    recipe: Recipe,
    place: Path,
    *,
    listener: Listener,
    training_progress: Progress | None = None,
    restart: Restart = _RESTART,
) -> Built:
    """Train a recipe of `pruned_recipe` or `student_recipe` and write its bundle to `place`.

    Raises:
        InputError: pictures have changed sides since the bundle was made, so that the two could not be compared; or
            see `build_bundle`.
        RecipeError, DatasetError, TrainingError, ExportMismatch: see `build_bundle`.
    """
    require_same_sides(bundle, prepare_data(recipe))
    return build_bundle(
        recipe, place, listener=listener, training_progress=training_progress, restart=restart
    )


def recipe_of(bundle: Bundle) -> Recipe:
    """The recipe in a bundle.

    Raises:
        InputError: it has none.
    """
    if "recipe.yaml" not in bundle.manifest.files:
        raise InputError(f"The bundle '{bundle.root}' has no recipe, so nothing can be trained like it.")
    return Recipe.model_validate(parse_yaml(bundle.read("recipe.yaml").decode()) or {})


def weights_of(bundle: Bundle, run: Path, purpose: str) -> Path:
    """The weights that a run has kept.

    Raises:
        InputError: the run folder is not there, or does not hold them.
    """
    weights = run / WEIGHTS_FILE
    if not weights.is_file():
        what = "has no weights" if run.is_dir() else "is not there"
        raise InputError(
            f"The run folder '{run}' {what}, and {purpose} begins with them. Name the folder that the training of "
            f"'{bundle.root}' left beside it with --run; a run keeps {WEIGHTS_FILE} when it has finished."
        )
    return weights


def _epochs_of(recipe: Recipe) -> int:
    """Those in which the backbone learnt, or a number for one that did not."""
    return _STUDENT_EPOCHS if recipe.training.strategy == "linear" else recipe.training.epochs


def same_split(recipe: Recipe, run: Path) -> dict[str, Any]:
    """What in a recipe keeps each picture on the side of the split that it had in a run."""
    return {"earlier": str(run / _TABLE) if (run / _TABLE).is_file() else recipe.data.earlier}


def taught_by(bundle: Bundle) -> dict[str, Any]:
    """What in a recipe makes a network learn from a bundle, everything at once."""
    # Frozen and unfreezing epochs are those of a head on a backbone that came from elsewhere.
    return {"teacher": str(bundle.root), "freeze_backbone_epochs": None, "unfreeze_epochs": None}


def changed(recipe: Recipe, sections: Mapping[str, Mapping[str, Any]]) -> Recipe:
    """A recipe with other values for some keys of its sections."""
    raw = recipe.model_dump(mode="json")
    for name, changes in sections.items():
        raw[name] |= changes
    return Recipe.model_validate(raw)


def require_same_sides(bundle: Bundle, data: PreparedData) -> None:
    """Refuse data of which the bundle was trained on what is not to be learnt from now, or the other way round.

    Raises:
        InputError: pictures have changed sides since the bundle was made.
    """
    known = known_splits(bundle)
    moved = [
        sample.path
        for name, part in data.parts().items()
        for sample in part.samples
        if (name == "train") != (known.get(sample.sha256, name) == "train")
    ]
    if moved:
        raise InputError(
            f"{len(moved)} pictures are on another side of the split than when '{bundle.root}' was trained, "
            f"'{moved[0]}' for one: figures of the two could not be compared. Name its run folder with --run, which "
            "keeps the split."
        )
