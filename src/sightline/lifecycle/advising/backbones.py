"""The backbones that are weighed against each other, with what is published of them."""

import csv
from importlib.resources import files
from typing import Literal

from sightline.records import Frozen

Family = Literal["mobile", "convolutional", "transformer"]
SOURCE = "timm's results/results-imagenet.csv (commit 0173a13)"


class Backbone(Frozen):
    """A timm model and its default weights.

    top1, size_px, parameters_m
        Per cent of the ImageNet-1k validation images, at that size, and millions of weights with the head for 1,000
        classes: timm's published figures, see `SOURCE`.
    """

    backbone: str
    weights: str
    family: Family
    pretraining: str
    top1: float
    size_px: int
    parameters_m: float


def read_backbones() -> tuple[Backbone, ...]:
    """All candidates, as they stand in backbones.csv."""
    text = files(__package__).joinpath("backbones.csv").read_text(encoding="utf-8")
    return tuple(Backbone.model_validate(row) for row in csv.DictReader(text.splitlines()))
