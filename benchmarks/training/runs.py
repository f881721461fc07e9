"""One training of the comparison tables: prepared data in, figures on the untouched test split out."""

import json
import time
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sightline.dataset import preprocess_samples
from sightline.evaluation import evaluate
from sightline.lifecycle.prepare import PreparedData, prepare_data
from sightline.records import DecisionRule
from sightline.training import Recipe, read_recipe, score_network, train


@cache
def prepared(recipe_file: Path, data_dir: Path, seed: int) -> PreparedData:
    """The leak-free split of a seed; reading and checking are not part of what is measured."""
    return prepare_data(read_recipe(recipe_file, (f"data.train_dir={data_dir}", f"seed={seed}")))


def run(recipe_file: Path, data_dir: Path, seed: int, overrides: Sequence[str]) -> dict[str, Any]:
    """Train once, and judge the network of the best epoch on test."""
    data = prepared(recipe_file, data_dir, seed)
    recipe = read_recipe(recipe_file, (f"data.train_dir={data_dir}", f"seed={seed}", *overrides))
    started = time.perf_counter()
    trained = train(recipe, data.train, data.val)
    seconds = time.perf_counter() - started
    figures = judge(recipe, trained.network, data)
    probe = trained.probe.validation if trained.probe else {}
    return {
        "data": data_dir.parent.name if data_dir.name == "images" else data_dir.name,
        "seed": seed,
        "overrides": list(overrides),
        "seconds": round(seconds, 1),
        "best_epoch": trained.best_epoch,
        "epochs": trained.history[-1].epoch,
        "images_per_s": round(trained.history[-1].images_per_s, 1),
        "val": trained.best.validation,
        "probe_val": probe,
        **figures,
    }


def judge(recipe: Recipe, network: Any, data: PreparedData) -> dict[str, Any]:
    test = data.test
    pixels = preprocess_samples(test, recipe.preprocessing())
    ids = [sample.path for sample in test.samples]
    evaluation = evaluate(score_network(network, pixels, test.targets(), ids, test.labels), DecisionRule())
    return {
        "test_images": len(test),
        "accuracy": evaluation.top1_accuracy,
        "macro_f1": evaluation.macro_f1,
        "recall": {one.label: one.recall for one in evaluation.per_class},
        "support": {one.label: one.support for one in evaluation.per_class},
    }


def append(path: Path, row: dict[str, Any]) -> None:
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")


def spread(values: Iterable[float]) -> str:
    """Mean ± standard deviation."""
    numbers = np.array(list(values))
    return (
        f"{numbers.mean():.3f} ± {numbers.std(ddof=1):.3f}" if len(numbers) > 1 else f"{numbers.mean():.3f}"
    )
