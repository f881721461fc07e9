"""Each picture measured once, by a network that has seen nothing of it."""

import csv
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments import Told, short_recipe
from quadrants import CLASSES, draw_quadrants
from sightline.dataset import Dataset
from sightline.errors import DatasetError, InputError, RecipeError, TrainingError
from sightline.lifecycle.experiments.crossvalidation.fold_result import FoldResult, Prediction
from sightline.lifecycle.experiments.crossvalidation.plan import Folds, plan_folds
from sightline.lifecycle.experiments.crossvalidation.result import CrossValidation, summarise
from sightline.lifecycle.experiments.crossvalidation.run import cross_validate
from sightline.training import Recipe


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 pictures without splits, of which two a class are of one group."""
    root = tmp_path_factory.mktemp("quadrants")
    draw_quadrants(root, train=6, val=0)
    return root / "train"


@pytest.fixture(scope="module")
def recipe(images: Path) -> Recipe:
    return short_recipe(
        images, "data.group_by='(0[01])\\.png$'", "training.epochs=3", "data.val_fraction=0.25"
    )


@pytest.fixture(scope="module")
def folds(recipe: Recipe) -> Folds:
    return plan_folds(recipe, 3)


@pytest.fixture(scope="module")
def done(
    recipe: Recipe, folds: Folds, tmp_path_factory: pytest.TempPathFactory
) -> tuple[CrossValidation, Path]:
    folder = tmp_path_factory.mktemp("crossvalidation")
    return cross_validate(recipe, folds, folder, listener=Told()), folder


def paths(dataset: Dataset) -> set[str]:
    return {sample.path for sample in dataset.samples}


def groups(dataset: Dataset) -> set[str]:
    return {sample.group for sample in dataset.samples if sample.group is not None}


def fold_result(
    number: int, accuracy: float, *predictions: Prediction, error: str | None = None
) -> FoldResult:
    metrics = {} if error else {"accuracy": accuracy}
    return FoldResult(
        key=str(number),
        fold=number,
        train=6,
        val=2,
        held_out=2,
        metrics=metrics,
        predictions=predictions,
        error=error,
    )


def answer(label: str, predicted: str) -> Prediction:
    return Prediction(path="a.png", label=label, predicted=predicted, probability=0.9)


def test_every_picture_is_held_out_once_and_no_part_shares_any(folds: Folds) -> None:
    held_out = Counter(path for fold in folds.folds for path in paths(fold.held_out))

    assert [fold.number for fold in folds.folds] == [0, 1, 2]
    assert len(held_out) == 24
    assert set(held_out.values()) == {1}
    for fold in folds.folds:
        parts = [paths(fold.train), paths(fold.val), paths(fold.held_out)]
        assert all(parts)
        assert sum(map(len, parts)) == 24 == len(set.union(*parts))


def test_a_group_is_never_in_two_parts_of_a_fold(folds: Folds) -> None:
    for fold in folds.folds:
        train, val, held_out = groups(fold.train), groups(fold.val), groups(fold.held_out)
        assert not train & val
        assert not train & held_out
        assert not val & held_out


def test_a_test_split_of_the_source_is_left_out(tmp_path: Path) -> None:
    draw_quadrants(tmp_path, train=4, val=2)
    (tmp_path / "val").rename(tmp_path / "test")

    found = plan_folds(short_recipe(tmp_path), 2)

    assert sum(len(fold.held_out) for fold in found.folds) == 16
    assert found.left_out == 8
    assert any("8 pictures of the source's own test split" in note for note in found.notes)


def test_folds_of_the_source_are_taken_as_they_are(images: Path, tmp_path: Path) -> None:
    shutil.copytree(images, tmp_path, dirs_exist_ok=True)
    files = sorted(str(file.relative_to(images)) for file in images.rglob("*.png"))
    rows = [f"{file},{file.split('/')[0]},{place % 4}" for place, file in enumerate(files)]
    table = tmp_path / "metadata.csv"
    table.write_text("\n".join(["file_name,label,fold", *rows]) + "\n")

    found = plan_folds(short_recipe(table))

    assert [paths(fold.held_out) for fold in found.folds] == [set(files[number::4]) for number in range(4)]


def test_a_class_that_one_fold_holds_whole_is_named_before_anything_is_trained(tmp_path: Path) -> None:
    draw_quadrants(tmp_path, train=4, val=0)
    rare = tmp_path / "train" / "rare"
    rare.mkdir()
    Image.fromarray(np.full((32, 32, 3), 7, np.uint8)).save(rare / "only.png")

    with pytest.raises(DatasetError, match=r"All pictures of rare are in fold \d"):
        plan_folds(short_recipe(tmp_path / "train"), 2)


@pytest.mark.parametrize(
    "override, words",
    [
        pytest.param("task=multilabel", "task is multilabel", id="several labels"),
        pytest.param("data.val_fraction=0", "data.val_fraction is 0", id="nothing to pick the epoch"),
        pytest.param("data.train_dir=null", "data.train_dir is missing", id="no pictures"),
    ],
)
def test_a_recipe_that_cannot_be_cross_validated_is_refused(images: Path, override: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        plan_folds(short_recipe(images, override))


def test_one_fold_is_none(recipe: Recipe) -> None:
    with pytest.raises(InputError, match="folds is 1"):
        plan_folds(recipe, 1)


def test_every_answer_is_written_and_the_figures_are_those_of_the_answers(
    done: tuple[CrossValidation, Path], folds: Folds
) -> None:
    found, folder = done

    rows = list(csv.DictReader((folder / "predictions.csv").read_text().splitlines()))

    accuracy = next(figure for figure in found.figures if figure.metric == "accuracy")
    assert {row["path"] for row in rows} == set.union(*(paths(fold.held_out) for fold in folds.folds))
    assert all(row["label"] == row["path"].split("/")[0] for row in rows)
    for number, value in enumerate(accuracy.values):
        own = [row for row in rows if row["fold"] == str(number)]
        assert np.mean([row["label"] == row["predicted"] for row in own]) == pytest.approx(value)
    assert accuracy.mean == pytest.approx(np.mean(accuracy.values))
    assert [one.label for one in found.classes] == list(CLASSES)
    assert sum(one.right for one in found.classes) == sum(row["label"] == row["predicted"] for row in rows)
    assert found == CrossValidation.model_validate_json((folder / "crossvalidation.json").read_text())


def test_folds_that_are_known_are_not_trained_again(
    done: tuple[CrossValidation, Path], recipe: Recipe, folds: Folds, tmp_path: Path
) -> None:
    whole, folder = done
    kept = (folder / "folds.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "folds.jsonl").write_text("".join(kept[:2]))

    told = Told()
    found = cross_validate(recipe, folds, tmp_path, listener=told)

    assert [outcome.endswith("known from before") for outcome in told.outcomes] == [True, True, False]
    assert found.figures == whole.figures
    assert (tmp_path / "predictions.csv").read_bytes() == (folder / "predictions.csv").read_bytes()


def test_a_fold_that_failed_is_named_and_is_in_no_figure() -> None:
    results = [
        fold_result(0, 0.8, answer("cat", "cat"), answer("dog", "cat")),
        fold_result(1, 0.0, error="The loss became nan."),
        fold_result(2, 0.6, answer("cat", "cat"), answer("cat", "dog")),
    ]

    found = summarise("accuracy", ("cat", "dog", "owl"), "d", results, ["A note."])

    assert found.figures[0].values == (0.8, 0.6)
    assert [(one.label, one.right, one.images) for one in found.classes] == [
        ("cat", 2, 3),
        ("dog", 0, 1),
        ("owl", 0, 0),
    ]
    assert found.classes[2].recall is None
    assert found.notes == ("A note.", "fold 1 failed and is in no figure: The loss became nan.")
    assert found.figures[0].high == 1.0  # two folds tell so little that the interval ends where accuracy does


def test_where_every_fold_failed_there_is_nothing_to_tell() -> None:
    with pytest.raises(TrainingError, match="Every training failed. The first: no number"):
        summarise("accuracy", ("cat",), "d", [fold_result(0, 0.0, error="no number")], [])
