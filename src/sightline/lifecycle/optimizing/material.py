"""The pictures that an optimisation works with: to quantise by, to judge by, and to report on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Bundle
from sightline.dataset import Dataset, preprocess_samples
from sightline.errors import InputError
from sightline.lifecycle.judge import known_splits
from sightline.parallel import Progress

CALIBRATING, TRYING = 128, 96
"""Training pictures that ranges are read from, and others that quantised graphs are compared on."""
_MOST_JUDGED = 4000
_FEWEST_JUDGED = 30
_BATCH = 64

Pixels = NDArray[np.uint8]
Listen = Callable[[str], Progress]
"""Begins a stage with a title; what comes back is told how far it is."""


@dataclass(frozen=True)
class Judging:
    """Labelled pictures with their pixels, uint8 `[N, H, W, 3]`, in the order of the samples."""

    dataset: Dataset
    pixels: Pixels


@dataclass(frozen=True)
class Material:
    """What there is.

    calibrating, trying
        Pixels of training pictures, uint8 `[N, H, W, 3]`; no picture is in both.
    gate
        What variants are judged and their decisions fitted on; `split` is where it is from.
    chose_epoch
        It also chose the epoch.
    test
        What nothing is chosen by; None where there is none.
    """

    calibrating: Pixels
    trying: Pixels
    gate: Judging
    split: str
    chose_epoch: bool
    test: Judging | None


def gather(bundle: Bundle, dataset: Dataset, listen: Listen) -> Material:
    """Sort pictures by the split that the bundle, or else the data, say they are of, and open them.

    Raises:
        InputError: there are too few pictures of a kind.
    """
    known = known_splits(bundle)
    splits = np.array([known.get(sample.sha256) or sample.split or "" for sample in dataset.samples])
    rng = np.random.default_rng(0)
    train = np.flatnonzero(splits == "train")
    if len(train) < CALIBRATING // 4:
        raise InputError(
            f"'{dataset.store.location}' has {len(train)} of the pictures that '{bundle.manifest.name}' was trained "
            f"on. Ranges are read from at least {CALIBRATING // 4} of them: give the folder that it was trained on."
        )
    drawn = rng.permutation(train)[: CALIBRATING + TRYING]
    border = round(len(drawn) * CALIBRATING / (CALIBRATING + TRYING))
    split = "calibration" if (splits == "calibration").sum() >= _FEWEST_JUDGED else "val"
    judged = np.flatnonzero(splits == split)
    if len(judged) < _FEWEST_JUDGED:
        raise InputError(
            f"'{dataset.store.location}' has {len(judged)} pictures of the bundle's splits val and calibration. "
            f"Whether a variant is as good as the reference is judged on at least {_FEWEST_JUDGED}."
        )
    progress = listen("Opening the pictures")
    tested = np.flatnonzero(splits == "test")
    parts = [drawn[:border], drawn[border:], _at_most(judged, rng), _at_most(tested, rng)]
    opened = _open(bundle, dataset, parts, progress)
    return Material(
        calibrating=opened[0].pixels,
        trying=opened[1].pixels,
        gate=opened[2],
        split=split,
        chose_epoch=split == "val",
        test=opened[3] if len(tested) else None,
    )


def _at_most(rows: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    return rows if len(rows) <= _MOST_JUDGED else np.sort(rng.permutation(rows)[:_MOST_JUDGED])


def _open(
    bundle: Bundle, dataset: Dataset, parts: list[NDArray[np.intp]], progress: Progress
) -> list[Judging]:
    spec = bundle.manifest.preprocessing
    total, done, found = sum(map(len, parts)), 0, []
    for rows in parts:
        part = dataset.take(rows.tolist())
        pixels = np.empty((len(rows), spec.height_px, spec.width_px, 3), np.uint8)
        for start in range(0, len(rows), _BATCH):
            some = part.take(range(start, min(start + _BATCH, len(rows))))
            pixels[start : start + len(some)] = preprocess_samples(some, spec)
            done += len(some)
            progress(done, total)
        found.append(Judging(part, pixels))
    return found
