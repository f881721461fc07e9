"""One fold: trained, then measured on pictures that played no part in it."""

import time

import numpy as np
from pydantic import Field

from sightline.dataset import Dataset, pixel_batches
from sightline.errors import TrainingError
from sightline.lifecycle.experiments.changes import experiment_digest
from sightline.lifecycle.experiments.crossvalidation.plan import Fold
from sightline.records import DecisionRule, Frozen, Scores
from sightline.training import Network, Progress, Recipe, score_network, train
from sightline.training.loop.metrics import measure

_AT_ONCE = 256


class Prediction(Frozen):
    """An answer to a picture that the network had never seen; `probability` is that of `predicted`, by a softmax
    at temperature 1.
    """

    path: str
    label: str
    predicted: str
    probability: float


class FoldResult(Frozen):
    """What came of one fold.

    key
        What it is known by: digest of recipe, folds, number and version.
    metrics
        The recipe's metrics on the held-out fold, of the epoch that was best on val.
    val_value
        The judged metric on val, which picked that epoch: it flatters.
    error
        Why the training failed; there are no metrics and predictions then.
    """

    key: str
    fold: int
    train: int
    val: int
    held_out: int
    metrics: dict[str, float] = Field(default_factory=dict)
    val_value: float | None = None
    best_epoch: int | None = None
    epochs: int = 0
    seconds: float = 0.0
    predictions: tuple[Prediction, ...] = ()
    error: str | None = None


def planned_fold(recipe: Recipe, fold: Fold, folds_digest: str) -> FoldResult:
    """The record of a fold before it is run."""
    return FoldResult(
        key=experiment_digest(recipe, folds_digest, f"fold {fold.number}"),
        fold=fold.number,
        train=len(fold.train),
        val=len(fold.val),
        held_out=len(fold.held_out),
    )


def run_fold(recipe: Recipe, fold: Fold, folds_digest: str, progress: Progress | None = None) -> FoldResult:
    """Train on the fold's train, keep the epoch that is best on its val, and measure on what is held out.

    A training that fails is recorded, not raised.

    Raises:
        DatasetError: a picture has changed since it was read.
    """
    planned = planned_fold(recipe, fold, folds_digest)
    started = time.perf_counter()
    try:
        trained = train(recipe, fold.train, fold.val, progress=progress)
    except TrainingError as err:
        return planned.model_copy(update={"error": str(err), "seconds": time.perf_counter() - started})
    best = trained.best
    scores = _score(trained.network, fold.held_out, recipe)
    return planned.model_copy(
        update={
            "metrics": measure(scores, recipe.metrics),
            "val_value": best.validation[recipe.best_metric],
            "best_epoch": best.epoch,
            "epochs": sum(record.epoch > 0 for record in trained.history),
            "seconds": time.perf_counter() - started,
            "predictions": _predictions(scores),
        }
    )


def _score(network: Network, dataset: Dataset, recipe: Recipe) -> Scores:
    targets, ids = dataset.targets(), [sample.path for sample in dataset.samples]
    parts, start = [], 0
    for pixels in pixel_batches(dataset, recipe.preprocessing(), _AT_ONCE):
        end = start + len(pixels)
        parts.append(score_network(network, pixels, targets[start:end], ids[start:end], dataset.labels))
        start = end
    logits = np.concatenate([part.logits for part in parts])
    embeddings = np.concatenate([part.embeddings for part in parts])
    return Scores(logits, embeddings, targets, tuple(ids), dataset.labels)


def _predictions(scores: Scores) -> tuple[Prediction, ...]:
    probabilities = DecisionRule().probabilities(scores.logits)
    answers = probabilities.argmax(axis=1)
    return tuple(
        Prediction(
            path=path,
            label=scores.labels[target],
            predicted=scores.labels[answer],
            probability=float(row[answer]),
        )
        for path, target, answer, row in zip(scores.ids, scores.targets, answers, probabilities, strict=True)
    )
