"""Fine-tuning of a network that rounds on its way."""

import numpy as np
import pytest
import torch

from quadrants import draw_quadrants, quick
from sightline.dataset import Dataset
from sightline.optimize.quantizing import pairs, simulate
from sightline.training import Recipe, WeightsFacts, fine_tune_rounded, recipe_for, train, write_weights
from sightline.training.loop.team import Team
from sightline.training.loop.validation import Validation
from sightline.training.pictures.pictures import Pictures

ALONE = Team(0, 1, torch.device("cpu"))
SMALL = "model.backbone=test_resnet"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return draw_quadrants(tmp_path_factory.mktemp("quadrants"))


@pytest.fixture(scope="module")
def recipe(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    """That of a network which begins with the weights of one that has learnt."""
    first = recipe_for("images", quick(SMALL, "training.epochs=12", "training.learning_rate=1e-2"))
    trained = train(first, dataset.of_split("train"), dataset.of_split("val"))
    assert trained.best.validation["f1_macro"] > 0.9
    path = tmp_path_factory.mktemp("run") / "weights.safetensors"
    facts = WeightsFacts(backbone="test_resnet", labels=dataset.labels, pruned=False)
    write_weights(path, trained.network, facts)
    return recipe_for(
        "images",
        quick(
            SMALL,
            f"model.start={path}",
            "training.strategy=two_phase",
            "training.epochs=6",
            "training.learning_rate=5e-3",
            "training.mixed_precision=false",
        ),
    )


def learn(recipe, dataset, seen=None):
    pictures = Pictures(dataset.of_split("train"), recipe).plain_batches()
    taken = np.concatenate([batch.numpy() for batch in pictures])

    def put_pairs_in(network):
        made = simulate(network, taken[::2], taken[1::2])
        if seen is not None:
            seen.append(f1(made, recipe, dataset))
        return made

    return fine_tune_rounded(recipe, dataset.of_split("train"), dataset.of_split("val"), put_pairs_in)


def f1(rounded, recipe, dataset):
    validation = Validation(dataset.of_split("val"), recipe, ALONE)
    with torch.inference_mode():
        outputs = [rounded.module(batch) for batch in validation.pictures.plain_batches()]
    logits, embeddings = (torch.cat([one[place] for one in outputs]) for place in range(2))
    return validation.measure_logits(logits, embeddings)["f1_macro"]


def test_what_so_few_levels_spoil_is_learnt_again(recipe, dataset, monkeypatch):
    monkeypatch.setattr(pairs, "_LEVELS", 7)
    before = []

    rounded, history = learn(recipe, dataset, before)

    assert before[0] < 0.7
    assert f1(rounded, recipe, dataset) > before[0] + 0.2
    assert f1(rounded, recipe, dataset) == max(one.validation["f1_macro"] for one in history)


def test_two_runs_give_the_same_weights_and_ranges(recipe, dataset):
    short = recipe.model_copy(update={"training": recipe.training.model_copy(update={"epochs": 1})})

    first, second = (learn(short, dataset)[0].module.state_dict() for _ in range(2))

    assert first.keys() == second.keys()
    assert all(torch.equal(value, second[name]) for name, value in first.items())
