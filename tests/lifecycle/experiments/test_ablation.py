"""The worth of each step, measured on pictures that take seconds."""

import json
from pathlib import Path

import pytest

from experiments import Told, short_recipe
from quadrants import draw_quadrants
from sightline.errors import InputError, RecipeError, TrainingError
from sightline.lifecycle.experiments.ablation.added import read_steps
from sightline.lifecycle.experiments.ablation.result import Ablation, Row, make_row
from sightline.lifecycle.experiments.ablation.run import ablate
from sightline.lifecycle.experiments.ablation.table import ablation_markdown
from sightline.lifecycle.experiments.ablation.variants import Kind, variants
from sightline.lifecycle.experiments.changes import experiment_digest
from sightline.lifecycle.experiments.strategy import augmenting_recipe
from sightline.lifecycle.experiments.trial import Trial, run_trial
from sightline.lifecycle.prepare import PreparedData, prepare_data
from sightline.training import Recipe, recipe_for

TWO_STEPS = "augmentation=[{RandomHorizontalFlip: {}}, {ColorJitter: {brightness: 0.2}}]"
NORMALIZE = "{Normalize: {mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2]}}"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("quadrants")
    draw_quadrants(root, train=4, val=4)
    return root


@pytest.fixture(scope="module")
def recipe(images: Path) -> Recipe:
    return short_recipe(images, "augmentation=[{RandomHorizontalFlip: {}}]")


@pytest.fixture(scope="module")
def data(recipe: Recipe) -> PreparedData:
    return prepare_data(recipe)


@pytest.fixture(scope="module")
def done(
    recipe: Recipe, data: PreparedData, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Ablation, Path]:
    folder = tmp_path_factory.mktemp("ablation")
    added = read_steps("RandomErasing: {p: 1.0}")
    return ablate(recipe, data, folder, added=added, seeds=2, listener=Told()), folder


def steps(recipe: Recipe) -> list[str]:
    return [step.name for step in recipe.augmentation]


def trials(*values: float | None) -> list[Trial]:
    return [
        Trial(
            key=str(seed), name="", changes={}, seed=seed, metric="accuracy", value=value, error="no number"
        )
        for seed, value in enumerate(values)
    ]


def test_the_list_is_compared_whole_and_with_each_step_left_out_or_added(images: Path) -> None:
    recipe = short_recipe(images, TWO_STEPS.replace("]", f", {NORMALIZE}]"))

    found = variants(recipe, read_steps("RandomErasing, RandomResizedCrop"))

    assert [(variant.name, steps(variant.recipe)) for variant in found] == [
        ("the full list", ["RandomHorizontalFlip", "ColorJitter", "Normalize"]),
        ("without RandomHorizontalFlip", ["ColorJitter", "Normalize"]),
        ("without ColorJitter", ["RandomHorizontalFlip", "Normalize"]),
        ("nothing at all", ["Normalize"]),
        ("with RandomErasing", ["RandomHorizontalFlip", "ColorJitter", "RandomErasing", "Normalize"]),
        ("with RandomResizedCrop", ["RandomResizedCrop", "RandomHorizontalFlip", "ColorJitter", "Normalize"]),
    ]


def test_a_single_step_is_left_out_once_and_two_of_a_name_are_told_apart(images: Path) -> None:
    one = variants(short_recipe(images, "augmentation=[{RandomHorizontalFlip: {}}]"))
    twice = variants(short_recipe(images, "augmentation=[{RandomErasing: {}}, {RandomErasing: {p: 1.0}}]"))

    assert [variant.name for variant in one] == ["the full list", "without RandomHorizontalFlip"]
    assert [variant.name for variant in twice][1:3] == [
        "without RandomErasing (1)",
        "without RandomErasing (2)",
    ]


def test_an_empty_list_has_nothing_to_leave_out(images: Path) -> None:
    with pytest.raises(RecipeError, match="augmentation is empty.*--add"):
        variants(short_recipe(images))


def test_steps_to_add_that_do_not_exist_are_listed_together() -> None:
    with pytest.raises(RecipeError, match=r"'Sparkle' is not a known(.|\n)*'Glitter' is not a known"):
        read_steps("Sparkle, RandomErasing, Glitter: {p: 1}")


def test_every_list_is_trained_with_the_same_seeds_on_the_same_pictures(done: tuple[Ablation, Path]) -> None:
    found, folder = done

    lines = [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]

    assert [row.name for row in found.rows][-1] == "with RandomErasing"
    assert [(line["name"], line["seed"]) for line in lines] == [
        (row.name, seed) for seed in (0, 1) for row in found.rows
    ]
    assert len({line["key"] for line in lines}) == 6
    assert all(line["best_epoch"] == 1 and line["metrics"]["accuracy"] >= 0 for line in lines)
    assert found == Ablation.model_validate_json((folder / "ablation.json").read_text())
    assert (folder / "ablation.md").read_text() == ablation_markdown(found)


def test_what_was_interrupted_goes_on_where_it_stopped(
    done: tuple[Ablation, Path], recipe: Recipe, data: PreparedData, tmp_path: Path
) -> None:
    whole, _ = done
    added = read_steps("RandomErasing: {p: 1.0}")
    with pytest.raises(KeyboardInterrupt):
        ablate(recipe, data, tmp_path, added=added, seeds=2, listener=Told(stop_at=5))

    told = Told()
    found = ablate(recipe, data, tmp_path, added=added, seeds=2, listener=told)

    assert [outcome.endswith("known from before") for outcome in told.outcomes] == [True] * 4 + [False] * 2
    assert found.rows == whole.rows


def test_another_seed_changes_the_training_and_not_the_split(recipe: Recipe, data: PreparedData) -> None:
    one, again, other = (run_trial(recipe, data, seed) for seed in (3, 3, 4))

    assert one.metrics == again.metrics
    assert one.key == again.key != other.key
    assert one.metrics["loss"] != other.metrics["loss"]


def test_a_training_that_fails_is_recorded_and_the_others_go_on(
    images: Path, data: PreparedData, tmp_path: Path
) -> None:
    wild = short_recipe(images, "training.learning_rate=1e30", "training.gradient_clip=null")

    trial = run_trial(wild, data, 0)

    assert trial.value is None
    assert trial.error is not None
    assert "training.learning_rate" in trial.error
    with pytest.raises(TrainingError, match=r"Every training failed. The first: .*learning_rate"):
        ablate(wild, data, tmp_path, added=read_steps("RandomErasing"), seeds=2, listener=Told())
    assert len((tmp_path / "trials.jsonl").read_text().splitlines()) == 4


@pytest.mark.parametrize(
    "kind, larger, own, verdict",
    [
        pytest.param("without", True, (0.5, 0.6, 0.54), "helps", id="worse without it"),
        pytest.param("without", True, (0.9, 0.98, 0.92), "hurts", id="better without it"),
        pytest.param("with", True, (0.9, 0.98, 0.92), "helps", id="better with it"),
        pytest.param("nothing", True, (0.5, 0.6, 0.54), "helps", id="worse without any"),
        pytest.param("without", False, (0.5, 0.6, 0.54), "hurts", id="a loss that is smaller without it"),
        pytest.param("without", True, (0.5, 0.9, 0.8), "cannot be told apart", id="now better, now worse"),
        pytest.param("without", True, (0.7, 0.8, 0.7), "cannot be told apart", id="always the same step"),
        pytest.param("without", True, (0.5, None, None), "cannot be told apart", id="one pair only"),
    ],
)
def test_the_verdict_is_that_of_the_interval(
    kind: Kind, larger: bool, own: tuple[float | None, ...], verdict: str
) -> None:
    row = make_row(kind, "", trials(*own), trials(0.8, 0.9, 0.8), larger)

    assert row.verdict == verdict


def test_a_pair_without_its_half_is_left_out_of_the_difference() -> None:
    row = make_row("without", "", trials(0.5, 0.9, 0.6), trials(0.8, None, 0.8), True)

    assert row.mean == pytest.approx(2 / 3)
    assert row.difference == pytest.approx(-0.25)


def test_the_table_says_what_helps_in_words() -> None:
    row = Row(
        kind="nothing", name="nothing at all", values=(0.5,), mean=0.5, verdict="helps", difference=-0.3
    )
    ablation = Ablation(
        metric="accuracy",
        larger_is_better=True,
        seeds=(0, 1),
        epochs=1,
        train_images=10,
        val_images=1000,
        dataset="d",
        half_width_sd=8.98,
        rows=(row,),
        notes=("A note.",),
        seconds=1.0,
    )

    page = ablation_markdown(ablation)

    assert "| nothing at all | 0.5000 | -0.3000 |  | the list helps |" in page
    assert "larger is better" in page
    assert "- A note." in page


def test_one_seed_has_no_spread(recipe: Recipe, data: PreparedData, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="seeds is 1"):
        ablate(recipe, data, tmp_path, seeds=1, listener=Told())


def test_a_strategy_that_does_not_augment_is_refused_and_auto_is_settled(images: Path) -> None:
    linear = recipe_for(images, ["training.strategy=linear"])
    frozen = recipe_for(images, ["training.epochs=2", "training.freeze_backbone_epochs=2"])

    for wrong in (linear, frozen):
        with pytest.raises(RecipeError, match="augmentation and rates play no part"):
            augmenting_recipe(wrong)
    settled, notes = augmenting_recipe(recipe_for(images))
    assert settled.training.strategy == "two_phase"
    assert "two_phase" in notes[0]


def test_where_the_pictures_lie_plays_no_part_in_what_a_trial_is(recipe: Recipe) -> None:
    moved = recipe.model_copy(
        update={"data": recipe.data.model_copy(update={"train_dir": "elsewhere", "num_workers": 7})}
    )
    other = recipe.model_copy(update={"data": recipe.data.model_copy(update={"crop": 0.5})})

    assert experiment_digest(moved, "d") == experiment_digest(recipe, "d")
    assert experiment_digest(other, "d") != experiment_digest(recipe, "d")
    assert experiment_digest(recipe, "e") != experiment_digest(recipe, "d")
