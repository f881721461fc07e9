"""`sightline ablate`, `tune` and `crossvalidate`, as a user calls them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from quadrants import draw_quadrants, quick
from sightline.cli.main import app
from sightline.errors import InputError, RecipeError, SightlineError
from sightline.training import read_recipe

SHORT = quick("training.strategy=scratch", "data.num_workers=1", "augmentation=[{RandomHorizontalFlip: {}}]")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("quadrants") / "corners"
    draw_quadrants(root, train=4, val=2)
    return root


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: str, *arguments: object) -> Result:
    return CliRunner().invoke(app, [command, *map(str, arguments)], env={"COLUMNS": "200"})


def parsed(result: Result) -> Mapping[str, Any]:
    assert result.exit_code == 0, result.output
    found: Mapping[str, Any] = json.loads(result.stdout)
    return found


def failure(command: str, *arguments: object) -> SightlineError:
    err = run(command, *arguments).exception
    assert isinstance(err, SightlineError)
    return err


def test_an_ablation_prints_its_table_and_remembers_its_trials(images: Path, here: Path) -> None:
    asked = (images, *SHORT, "--epochs", 1, "--seeds", 2, "--metric", "accuracy")

    result = run("ablate", *asked)
    again = parsed(run("ablate", *asked, "--json"))

    folder = here / "corners-ablation"
    assert result.exit_code == 0, result.output
    assert "accuracy on val (larger is better)" in result.stdout
    assert "without RandomHorizontalFlip" in result.stdout
    assert str(Path("corners-ablation/ablation.md")) in result.stdout
    assert "4 of 4: without RandomHorizontalFlip, seed 1" in result.stderr
    assert sorted(file.name for file in folder.iterdir()) == ["ablation.json", "ablation.md", "trials.jsonl"]
    assert again == json.loads((folder / "ablation.json").read_text())
    assert len((folder / "trials.jsonl").read_text().splitlines()) == 4


def test_a_search_ends_with_a_recipe_that_can_be_read(images: Path, here: Path) -> None:
    space = here / "space.yaml"
    space.write_text("training.learning_rate: {low: 1e-4, high: 1e-2, log: true}\n")
    asked = (images, *SHORT, "--epochs", 1, "--space", space, "--out", here / "found")

    first = run("tune", *asked, "--trials", 1)
    second = parsed(run("tune", *asked, "--trials", 2, "--json"))

    assert first.exit_code == 0, first.output
    assert "1 trials: 1 complete, 0 given up early, 0 failed." in first.stdout
    assert "the recipe as it is: learning_rate 0.001" in first.stdout
    assert "sightline train" in first.stdout
    assert [trial["number"] for trial in second["trials"]] == [0, 1]
    best = read_recipe(here / "found" / "best.yaml")
    assert best.training.learning_rate == second["best"]["changes"]["training.learning_rate"]


def test_cross_validation_prints_figures_and_classes(images: Path, here: Path) -> None:
    asked = (images / "train", *SHORT, "--folds", 2, "--epochs", 1, "--out", here / "folds")

    result = run("crossvalidate", *asked)
    again = parsed(run("crossvalidate", *asked, "--json"))

    assert result.exit_code == 0, result.output
    assert "2 folds, 16 pictures, each held out once." in result.stdout
    for word in ("f1_macro", "top-left", "Nadeau & Bengio", "predictions.csv"):
        assert word in result.stdout
    assert again == json.loads((here / "folds" / "crossvalidation.json").read_text())


@pytest.mark.parametrize("command", ["ablate", "tune", "crossvalidate"])
def test_a_source_that_is_not_there_and_a_wrong_key_are_said_at_once(
    command: str, images: Path, here: Path
) -> None:
    nowhere = failure(command, here / "nowhere")
    wrong = failure(command, images, "training.epoch=5", "--metric", "beauty")

    assert isinstance(nowhere, InputError)
    assert "neither a recipe nor a folder" in str(nowhere)
    assert isinstance(wrong, RecipeError)
    assert "training.epoch" in str(wrong)
    assert "evaluation.best_metric = 'beauty'" in str(wrong)
    assert list(here.iterdir()) == []


def test_a_wrong_space_is_said_before_anything_is_read(images: Path, here: Path) -> None:
    space = here / "space.yaml"
    space.write_text("training.rate: [1, 2]\nmodel.dropout: {low: 2.0, high: 1.0}\n")

    err = failure("tune", images, *SHORT, "--space", space)

    assert isinstance(err, RecipeError)
    assert "has 2 mistakes" in str(err)
    assert not (here / "corners-tuning").exists()
