"""Judging a bundle on labelled images: offline, and through a running server."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sightline.bundle import Bundle, Manifest
from sightline.dataset import Dataset, read_sample
from sightline.errors import InputError
from sightline.evaluation import AnyEvaluation, evaluate_scores
from sightline.inference import Predictor
from sightline.lifecycle.remote import RemoteAnswer, RemotePredictor
from sightline.lifecycle.score import score_dataset
from sightline.lifecycle.views import View
from sightline.parallel import Progress
from sightline.records import Scores

SplitChoice = Literal["train", "val", "test", "all"]
_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Judged:
    """Figures of a bundle on some images.

    split
        Which part of the data was taken.
    seen_in_training
        How many of the images (by content) the bundle was trained on. More than 0 flatters the figures.
    """

    evaluation: AnyEvaluation
    scores: Scores
    dataset: Dataset
    split: SplitChoice
    seen_in_training: int


@dataclass(frozen=True)
class Agreement:
    """How a server's answers compare with the bundle's own.

    label_agreement
        Share of the images with the same labels held for true: the one of multiclass, all of multilabel.
    max_probability_difference
        Largest |Δp| of any label of any image.
    differing
        Paths of the images whose labels differ.
    """

    images: int
    label_agreement: float
    max_probability_difference: float
    differing: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """All labels are the same, and every probability within 1e-4."""
        return not self.differing and self.max_probability_difference <= _TOLERANCE


def judge(
    predictor: Predictor,
    dataset: Dataset,
    split: SplitChoice | None = None,
    progress: Progress | None = None,
    *,
    views: Sequence[View] = (),
) -> Judged:
    """Score labelled images and take every figure.

    split
        A split of the data, or of the bundle's own record of it: an image that went into the bundle's test
        split is known by its content. None: `test` if there is any of it, else everything.
    views
        Test-time augmentation: the answer is the mean over these views as well. A server does not do this.

    Raises:
        InputError: the split has no image.
        DatasetError: a label that the bundle does not know.
    """
    bundle = predictor.bundle
    manifest = bundle.manifest
    known = known_splits(bundle)
    chosen, part = _choose(dataset, split, known)
    scores = score_dataset(
        predictor.engine,
        part,
        manifest.preprocessing,
        manifest.labels,
        progress,
        task=manifest.task,
        views=views,
    )
    seen = sum(known.get(sample.sha256) == "train" for sample in part.samples)
    return Judged(evaluate_scores(scores, manifest.decision), scores, part, chosen, seen)


def known_splits(bundle: Bundle) -> dict[str, str]:
    """Return the split of every image that the bundle was made from, by the SHA-256 of its file."""
    if "dataset.csv" not in bundle.manifest.files:
        return {}
    rows = csv.DictReader(io.StringIO(bundle.read("dataset.csv").decode()))
    return {row["sha256"]: row["split"] for row in rows}


def compare_with_server(
    judged: Judged, predictor: Predictor, url: str, progress: Progress | None = None
) -> Agreement:
    """Send every judged image to a server and compare its answer with the bundle's own.

    Raises:
        InputError: the server does not answer, or knows other labels, or answers another task.
    """
    manifest = predictor.bundle.manifest
    expected = manifest.decision.probabilities(judged.scores.logits)
    present = manifest.decision.present(expected)
    server = RemotePredictor(url)
    largest, differing = 0.0, []
    try:
        for row, sample in enumerate(judged.dataset.samples):
            answer = server.ask(read_sample(judged.dataset, sample, manifest.preprocessing.limits))
            _require_comparable(answer, manifest, url)
            given = [answer.probabilities[label] for label in manifest.labels]
            largest = max(largest, float(np.abs(given - expected[row]).max()))
            if answer.labels != {manifest.labels[index] for index in np.flatnonzero(present[row])}:
                differing.append(sample.path)
            if progress is not None:
                progress(row + 1, len(expected))
    finally:
        server.close()
    return Agreement(len(expected), 1 - len(differing) / len(expected), largest, tuple(differing))


def _require_comparable(answer: RemoteAnswer, manifest: Manifest, url: str) -> None:
    if answer.task != manifest.task:
        raise InputError(f"The server at {url} answers {answer.task}; the bundle is {manifest.task}.")
    if set(answer.probabilities) != set(manifest.labels):
        raise InputError(
            f"The server at {url} has other labels than the bundle: {', '.join(answer.probabilities)}."
        )


def _choose(
    dataset: Dataset, split: SplitChoice | None, known: dict[str, str]
) -> tuple[SplitChoice, Dataset]:
    if split == "all":
        return "all", dataset
    wanted = split or "test"
    chosen = [row for row, s in enumerate(dataset.samples) if (s.split or known.get(s.sha256)) == wanted]
    if chosen:
        return wanted, dataset.take(chosen)
    if split is None:
        return "all", dataset
    raise InputError(
        f"'{dataset.store.location}' has no image of the split '{split}'. Use --split all for everything."
    )
