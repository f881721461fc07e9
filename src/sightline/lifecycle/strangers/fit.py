"""The story of what counts as strange: reference, generated outliers, choice, threshold."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sightline.bundle import Reference
from sightline.dataset import Dataset, preprocess_samples
from sightline.dataset.splits.units import sample_units
from sightline.inference import Engine, run_in_batches
from sightline.lifecycle.score import score_dataset
from sightline.lifecycle.strangers.altered import Pixels
from sightline.lifecycle.strangers.choose import Outputs, Wanted, choose_rule
from sightline.lifecycle.strangers.fit_reference import choose_rows, fit_reference
from sightline.lifecycle.strangers.generate import generate_outliers
from sightline.lifecycle.strangers.threshold import HeldOut
from sightline.parallel import Progress
from sightline.records import OutlierChoice, OutlierRule, Preprocessing, Scores, Task

_PER_KIND = 32
_MOST_HELD_OUT = 4_000


@dataclass(frozen=True)
class Strangers:
    """What a bundle knows of strange pictures. `rule` is None where none was wanted."""

    reference: Reference
    rule: OutlierRule | None
    choice: OutlierChoice


@dataclass(frozen=True)
class Familiar:
    """The data that say what is usual: train, and what nothing was fitted on; `calibration` may be empty."""

    train: Dataset
    val: Dataset
    calibration: Dataset
    task: Task


def fit_strangers(
    engine: Engine,
    data: Familiar,
    spec: Preprocessing,
    wanted: Wanted,
    *,
    seed: int,
    progress: Progress | None = None,
) -> Strangers:
    """Fit a reference on train, and choose score and threshold on calibration, or else val, and generated outliers."""

    def score(part: Dataset) -> Scores:
        return score_dataset(engine, part, spec, data.train.labels, progress, task=data.task)

    chosen = data.train.take(choose_rows([one.labels for one in data.train.samples], seed=seed))
    reference = fit_reference(score(chosen), [one.sha256 for one in chosen.samples])
    usual = _at_most(data.calibration if len(data.calibration) else data.val, _MOST_HELD_OUT, seed)
    held_out = HeldOut(
        score(usual),
        groups=len(np.unique(sample_units(usual.table))),
        split="calibration" if len(data.calibration) else "val",
    )
    pixels = preprocess_samples(_at_most(usual, _PER_KIND, seed), spec)
    outliers = run_outliers(engine, generate_outliers(pixels, per_kind=_PER_KIND, seed=seed))
    rule, choice = choose_rule(wanted, reference, held_out, outliers)
    return Strangers(reference, rule, choice)


def run_outliers(engine: Engine, outliers: Mapping[str, Pixels]) -> dict[str, Outputs]:
    """What the graph says of pictures, uint8 `[n, height, width, 3]`, by kind."""
    return {kind: run_in_batches(engine, pixels) for kind, pixels in outliers.items()}


def _at_most(dataset: Dataset, most: int, seed: int) -> Dataset:
    """A random part: what is learnt from it shall hold for the whole."""
    rows = np.random.default_rng(seed).permutation(len(dataset))[:most]
    return dataset.take(np.sort(rows))
