"""A network that begins with the weights of an earlier run."""

from collections.abc import Sequence

from sightline.errors import TrainingError
from sightline.training.network.network import Network
from sightline.training.network.weights import Fit
from sightline.training.recipe.recipe import Recipe
from sightline.training.run.weights_file import read_weights


def load_start(network: Network, recipe: Recipe, labels: Sequence[str] | None) -> None:
    """Fill a network, head included, with the weights that `model.start` names; without that, leave it alone.

    labels
        Of the data, in the order of the logits; None: not known yet.

    Raises:
        TrainingError: the weights cannot be read, or are those of another backbone, head, or set of labels.
    """
    start = recipe.model.start
    if start is None:
        return
    facts, tensors = read_weights(start)
    if facts.pruned:
        raise TrainingError(
            f"model.start is '{start}', a network that channels were taken out of already. Begin with the run that it "
            "was made from, and a larger training.prune."
        )
    if facts.backbone != recipe.model.backbone:
        raise TrainingError(
            f"model.start is '{start}', which is a '{facts.backbone}', and model.backbone is "
            f"'{recipe.model.backbone}'. Both must be the same."
        )
    if labels is not None and facts.labels != tuple(labels):
        raise TrainingError(
            f"model.start is '{start}', which tells {', '.join(facts.labels[:10])}; this data set has "
            f"{', '.join(labels[:10])}. Both need the same labels."
        )
    fit = Fit.of(network.state_dict(), tensors)
    if not fit.complete:
        raise TrainingError(f"The weights of model.start, '{start}', do not fit: {fit}.")
    network.load_state_dict(tensors)
