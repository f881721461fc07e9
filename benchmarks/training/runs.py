"""One training of the comparison tables: prepared data in, figures on the untouched test split out."""

import json
import time
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.dataset import Dataset, preprocess_samples
from sightline.evaluation import evaluate
from sightline.lifecycle.prepare import PreparedData, prepare_data
from sightline.records import DecisionRule, Scores
from sightline.training import Recipe, read_recipe, score_network, train


@cache
def prepared(recipe_file: Path, data_dir: Path, seed: int) -> PreparedData:
    """The leak-free split of a seed; reading and checking are not part of what is measured."""
    return prepare_data(read_recipe(recipe_file, (f"data.train_dir={data_dir}", f"seed={seed}")))


def run(
    recipe_file: Path, data_dir: Path, seed: int, overrides: Sequence[str], share: float = 1.0
) -> dict[str, Any]:
    """Train once, on a share of the training images of each class, and judge the network of the best epoch on test."""
    data = prepared(recipe_file, data_dir, seed)
    recipe = read_recipe(recipe_file, (f"data.train_dir={data_dir}", f"seed={seed}", *overrides))
    learnt_from = share_of(data.train, share, seed)
    started = time.perf_counter()
    trained = train(recipe, learnt_from, data.val)
    seconds = time.perf_counter() - started
    return {
        "data": data_dir.parent.name if data_dir.name == "images" else data_dir.name,
        "seed": seed,
        "train_images": len(learnt_from),
        "seconds": round(seconds, 1),
        "device": trained.device,
        "best_epoch": trained.best_epoch,
        "epochs": trained.history[-1].epoch,
        "images_per_s": round(trained.history[-1].images_per_s, 1),
        "val": trained.best.validation,
        "probe_val": trained.probe.validation if trained.probe else {},
        **judge(recipe, trained.network, data),
    }


def share_of(train: Dataset, share: float, seed: int) -> Dataset:
    """A share of each class's images, drawn by the seed; a smaller share is part of a larger one."""
    targets = train.targets()
    place = np.random.default_rng(seed).permutation(len(targets))
    kept: list[int] = []
    for label in range(len(train.labels)):
        rows = np.flatnonzero(targets == label)
        kept += rows[np.argsort(place[rows])][: max(1, round(share * len(rows)))].tolist()
    return train.take(sorted(kept))


def judge(recipe: Recipe, network: Any, data: PreparedData) -> dict[str, Any]:
    """Figures of a network on the test split."""
    test = data.test
    pixels = preprocess_samples(test, recipe.preprocessing())
    ids = [sample.path for sample in test.samples]
    return figures(score_network(network, pixels, test.targets(), ids, test.labels))


def judge_answers(predicted_n: NDArray[np.int64], test: Dataset) -> dict[str, Any]:
    """The same figures of bare answers, class indices `[N]`, by code that is not ours."""
    logits = np.eye(len(test.labels), dtype=np.float32)[predicted_n]
    ids = tuple(sample.path for sample in test.samples)
    return figures(Scores(logits, np.zeros((len(ids), 1), np.float32), test.targets(), ids, test.labels))


def figures(scores: Scores) -> dict[str, Any]:
    evaluation = evaluate(scores, DecisionRule())
    return {
        "test_images": len(scores.ids),
        "accuracy": evaluation.top1_accuracy,
        "macro_f1": evaluation.macro_f1,
        "recall": {one.label: one.recall for one in evaluation.per_class},
        "support": {one.label: one.support for one in evaluation.per_class},
    }


def append(path: Path, row: dict[str, Any]) -> None:
    """Add a row to a file of JSON lines."""
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")


def spread(values: Iterable[float]) -> str:
    """Mean ± standard deviation."""
    numbers = np.array(list(values))
    return (
        f"{numbers.mean():.3f} ± {numbers.std(ddof=1):.3f}" if len(numbers) > 1 else f"{numbers.mean():.3f}"
    )
