"""The torch network of a bundle, rebuilt from the weights that its training run has kept."""

from pathlib import Path
from typing import TYPE_CHECKING

from sightline.bundle import Bundle
from sightline.errors import InputError
from sightline.inference import read_golden
from sightline.lifecycle.optimizing.gate import golden_apart
from sightline.lifecycle.optimizing.smaller import recipe_of
from sightline.training import WEIGHTS_FILE, build_network, fit_to_weights, read_weights, run_network

if TYPE_CHECKING:
    from sightline.training import Network

_TOLERANCE = 1e-3


def rebuild_network(bundle: Bundle, run: Path) -> "Network":
    """The network on the CPU and in evaluation mode, shown to give what the bundle recorded for its golden images.

    bundle
        With its float32 reference as the default variant.
    run
        The folder that the bundle's training left beside it.

    Raises:
        InputError: the folder is not there, or has no weights, or those of another bundle.
        TrainingError: the weights are damaged, or timm does not know the backbone.
    """
    if not (run / WEIGHTS_FILE).is_file():
        what = "has no weights" if run.is_dir() else "is not there"
        raise InputError(
            f"The run folder '{run}' {what}, and this target is made from the network and its weights. Name the folder "
            f"that the training of '{bundle.root}' left beside it with --run; a run keeps {WEIGHTS_FILE} when it has "
            "finished."
        )
    facts, tensors = read_weights(str(run))
    recipe, labels = recipe_of(bundle), bundle.manifest.labels
    if (facts.backbone, facts.labels) != (recipe.model.backbone, labels):
        raise InputError(
            f"The weights in '{run}' are of a '{facts.backbone}' that tells {', '.join(facts.labels[:10])}; "
            f"'{bundle.root}' is a '{recipe.model.backbone}' that tells {', '.join(labels[:10])}. Name its own run."
        )
    network = build_network(recipe, len(labels), pretrained=False)
    fit_to_weights(network, tensors)
    _require_same_answers(network, bundle, run)
    return network


def _require_same_answers(network: "Network", bundle: Bundle, run: Path) -> None:
    _, golden = read_golden(bundle)
    apart = golden_apart(run_network(network, golden.pixels), (golden.logits, golden.embedding))
    if not apart <= _TOLERANCE:  # NaN counts as a difference
        raise InputError(
            f"The weights in '{run}' give other outputs for the golden images than '{bundle.root}' recorded, apart by "
            f"a share of {apart:.2g}. They are those of another training: name its own run with --run."
        )
