"""Which pictures get which fault. A picture has at most one, and faulty pictures are never duplicated."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.demo.alterations import ALTERATION_KINDS, AlterationKind
from sightline.demo.damage import DAMAGE_KINDS, DamageKind
from sightline.demo.options import DemoOptions
from sightline.demo.pieces import CLASSES, DEFECTS
from sightline.demo.seeds import random_stream


@dataclass(frozen=True)
class FaultPlan:
    """Numbers are those of the sound pictures, 0 ≤ number < `images`.

    `mislabelled` maps a picture's number to the label it is wrongly given; the rest is added to the pictures.
    """

    mislabelled: dict[int, str]
    copied: tuple[int, ...]
    altered: tuple[tuple[int, AlterationKind], ...]
    damaged: tuple[DamageKind, ...]


def plan_faults(options: DemoOptions, labels: list[tuple[str, ...]]) -> FaultPlan:
    """Draw the faults for sound pictures of which picture i truly has `labels[i]`.

    Kinds take turns, so that thirteen damaged files show thirteen kinds of damage.
    """
    rng = random_stream(options.seed, "faults")
    count = len(labels)
    order = rng.permutation(count)
    wrong = round(options.wrong_labels * count)
    names = DEFECTS if options.task == "multilabel" else CLASSES
    mislabelled = {int(number): _other_label(labels[number], names, rng) for number in order[:wrong]}
    sources = order[wrong:]
    copied = _draw(sources, round(options.exact_duplicates * count), rng)
    altered = _draw(sources, round(options.near_duplicates * count), rng)
    return FaultPlan(
        mislabelled=mislabelled,
        copied=copied,
        altered=tuple((n, ALTERATION_KINDS[i % len(ALTERATION_KINDS)]) for i, n in enumerate(altered)),
        damaged=tuple(DAMAGE_KINDS[i % len(DAMAGE_KINDS)] for i in range(round(options.damaged * count))),
    )


def _other_label(true: tuple[str, ...], names: Sequence[str], rng: np.random.Generator) -> str:
    others = [label for label in names if label not in true]
    return others[rng.integers(len(others))]


def _draw(sources: NDArray[np.int64], count: int, rng: np.random.Generator) -> tuple[int, ...]:
    """Different sources as long as there are enough of them."""
    drawn = rng.choice(sources, count, replace=count > len(sources))
    return tuple(int(number) for number in drawn)
