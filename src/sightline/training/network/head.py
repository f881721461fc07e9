"""The head: what turns an embedding into logits, where the recipe wants more than one linear layer."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sightline.errors import TrainingError
from sightline.training.network.weights import TimmModel
from sightline.training.recipe.sections import ModelSection


def attach_head(backbone: TimmModel, model: ModelSection, num_classes: int) -> None:
    """Give a timm model the head that the recipe asks for, in the place of its own classifier.

    `linear` leaves timm's classifier as it is; `mlp` puts two linear layers there, with a GELU and dropout between
    them. To be called after the pretrained weights are loaded: timm reads some older files by the classifier's shape.

    Raises:
        TrainingError: the model's classifier is not one linear layer.
    """
    if model.head == "linear":
        return
    place, classifier = _classifier(backbone, model.backbone)
    parent, _, name = place.rpartition(".")
    head = nn.Sequential(
        nn.Linear(classifier.in_features, model.head_width),
        nn.GELU(),
        nn.Dropout(model.dropout),
        nn.Linear(model.head_width, num_classes),
    )
    setattr(backbone.get_submodule(parent), name, head)


def linear_weights(head: nn.Module) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Weight float32 `[C, D]` and bias float32 `[C]` of a head that is one linear layer; None of any other head."""
    if not isinstance(head, nn.Linear):
        return None
    weight = head.weight.detach().to("cpu", torch.float32)
    bias = (
        torch.zeros(head.out_features) if head.bias is None else head.bias.detach().to("cpu", torch.float32)
    )
    return weight.numpy().copy(), bias.numpy().copy()


def _classifier(backbone: TimmModel, architecture: str) -> tuple[str, nn.Linear]:
    classifier = backbone.get_classifier()
    for place, module in backbone.named_modules():
        if module is classifier and isinstance(module, nn.Linear):
            return place, module
    raise TrainingError(
        f"The classifier of '{architecture}' is a {type(classifier).__name__} and not one linear layer, so model.head "
        "cannot be mlp. Set model.head=linear, or choose another model.backbone."
    )
