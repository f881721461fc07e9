"""A search that goes on where it stopped, over spaces that are checked first."""

import json
import sqlite3
from pathlib import Path

import pytest

from experiments import Told, short_recipe
from quadrants import draw_quadrants
from sightline.errors import InputError, RecipeError, TrainingError
from sightline.lifecycle.experiments.changes import changed_recipe
from sightline.lifecycle.experiments.trial import run_trial
from sightline.lifecycle.experiments.tuning.pruning import Pruned, PruningProgress
from sightline.lifecycle.experiments.tuning.result import TunedTrial, Tuning
from sightline.lifecycle.experiments.tuning.run import tune
from sightline.lifecycle.experiments.tuning.space import (
    Choice,
    FloatRange,
    IntRange,
    Space,
    default_space,
    own_values,
)
from sightline.lifecycle.experiments.tuning.space_file import read_space
from sightline.lifecycle.experiments.tuning.study import Question, open_study
from sightline.lifecycle.prepare import PreparedData, prepare_data
from sightline.training import Recipe, read_recipe, recipe_for

SPACE = {
    "training.learning_rate": FloatRange(low=1e-4, high=1e-2, log=True),
    "model.dropout": Choice(values=(0.0, 0.5)),
}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("quadrants")
    draw_quadrants(root, train=4, val=4)
    return root


@pytest.fixture(scope="module")
def recipe(images: Path) -> Recipe:
    return short_recipe(images)


@pytest.fixture(scope="module")
def data(recipe: Recipe) -> PreparedData:
    return prepare_data(recipe)


def search(recipe: Recipe, data: PreparedData, folder: Path, trials: int, told: Told | None = None) -> Tuning:
    study = folder / "study.db"
    return tune(recipe, data, SPACE, folder, study_file=study, trials=trials, listener=told or Told())


def question(metric: str = "accuracy", seed: int = 0, dataset: str = "d", space: Space = SPACE) -> Question:
    return Question({"seed": seed}, dataset, space, metric, metric != "loss", seed, 1)


def ended(number: int, value: float | None, **changes: object) -> TunedTrial:
    state = "failed" if value is None else "complete"
    given = {"number": number, "state": state, "value": value, "changes": changes}
    return TunedTrial.model_validate(given | {"is_recipe": False, "epochs": 1, "seconds": 1.0})


def write(folder: Path, text: str) -> Path:
    file = folder / "space.yaml"
    file.write_text(text)
    return file


def test_the_recipe_as_it_is_comes_first_and_the_best_is_written_whole(
    recipe: Recipe, data: PreparedData, tmp_path: Path
) -> None:
    told = Told()

    found = search(recipe, data, tmp_path, 3, told)

    best = read_recipe(tmp_path / "best.yaml")
    assert told.titles[0] == "the recipe as it is"
    assert found.trials[0].changes == {"training.learning_rate": 1e-3, "model.dropout": 0.0}
    assert found.trials[0].value == run_trial(recipe, data, 0).value == found.recipe_value
    assert found.best.value == max(trial.value for trial in found.trials if trial.value is not None)
    assert best == changed_recipe(recipe, found.best.changes)
    assert found == Tuning.model_validate_json((tmp_path / "tuning.json").read_text())


def test_a_search_that_was_killed_goes_on_as_if_it_had_not_been(
    recipe: Recipe, data: PreparedData, tmp_path: Path
) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    whole = search(recipe, data, tmp_path / "whole", 3)
    with pytest.raises(KeyboardInterrupt):
        search(recipe, data, tmp_path / "parts", 3, Told(stop_at=2))

    told = Told()
    parts = search(recipe, data, tmp_path / "parts", 3, told)

    assert len(told.titles) == 2
    assert "1 trials already" in told.notes[0]
    assert [trial.changes for trial in parts.trials] == [trial.changes for trial in whole.trials]
    assert [trial.value for trial in parts.trials] == [trial.value for trial in whole.trials]


def test_a_trial_that_no_network_survives_is_told_and_the_search_goes_on(
    images: Path, data: PreparedData, tmp_path: Path
) -> None:
    recipe = short_recipe(images, "training.gradient_clip=null")
    wild = {"training.learning_rate": Choice(values=(1e-3, 1e30))}

    found = tune(recipe, data, wild, tmp_path, study_file=tmp_path / "s.db", trials=6, listener=Told())

    failed = [trial for trial in found.trials if trial.state == "failed"]
    assert len(found.trials) == 6
    assert failed
    assert all("training.learning_rate" in (trial.error or "") for trial in failed)
    assert found.best.changes == {"training.learning_rate": 1e-3}


def test_where_no_trial_comes_to_its_end_there_is_no_best(
    images: Path, data: PreparedData, tmp_path: Path
) -> None:
    recipe = short_recipe(images, "training.gradient_clip=null")
    wild = {"training.learning_rate": Choice(values=(1e29, 1e30))}

    with pytest.raises(TrainingError, match=r"No trial came to its end. The first: .*learning_rate"):
        tune(recipe, data, wild, tmp_path, study_file=tmp_path / "s.db", trials=1, listener=Told())


def test_no_trial_begins_after_the_time_is_over(recipe: Recipe, data: PreparedData, tmp_path: Path) -> None:
    search(recipe, data, tmp_path, 1)
    told = Told()

    found = tune(
        recipe, data, SPACE, tmp_path, study_file=tmp_path / "study.db", timeout_s=0.0, listener=told
    )

    assert len(found.trials) == 1
    assert "The time is over after 1 trials." in told.notes


def test_a_study_of_something_else_is_refused_by_what_differs(tmp_path: Path) -> None:
    file = tmp_path / "study.db"
    with open_study(file, question()):
        pass

    with (
        pytest.raises(InputError, match='dataset was "d" and is "e"'),
        open_study(file, question(dataset="e")),
    ):
        pass
    with pytest.raises(InputError, match="seed was 0 and is 5"), open_study(file, question(seed=5)):
        pass


def test_a_file_that_is_no_study_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("not a database, but somebody's notes " * 100)
    before = file.read_bytes()

    with pytest.raises(InputError, match="notes.db' cannot be used as a study"), open_study(file, question()):
        pass

    assert file.read_bytes() == before


def test_a_trial_that_is_worse_than_half_of_the_others_is_given_up(tmp_path: Path) -> None:
    with open_study(tmp_path / "study.db", question()) as study:
        for number in range(6):
            asked = study.ask()
            for epoch in (1, 2, 3):
                assert asked.worth_going_on(epoch, 0.8)
            asked.tell(ended(number, 0.8, **asked.changes))

        asked = study.ask()
        answers = [asked.worth_going_on(epoch, 0.1) for epoch in (1, 2, 3)]

    assert answers == [True, False, False]  # nothing is given up in the warm-up


def test_what_a_loss_calls_better_is_smaller(tmp_path: Path) -> None:
    with open_study(tmp_path / "study.db", question("loss")) as study:
        for number in range(6):
            asked = study.ask()
            for epoch in (1, 2):
                asked.worth_going_on(epoch, 0.8)
            asked.tell(ended(number, 0.8, **asked.changes))
        better, worse = study.ask(), study.ask()

        answers = [asked.worth_going_on(2, value) for asked, value in ((better, 0.1), (worse, 2.0))]

    assert answers == [True, False]


def test_importances_wait_for_ten_trials_and_name_the_key_that_matters(tmp_path: Path) -> None:
    with open_study(tmp_path / "study.db", question()) as study:
        for number in range(12):
            asked = study.ask()
            rate = asked.changes["training.learning_rate"]
            assert isinstance(rate, float)
            asked.tell(ended(number, 1 - abs(rate - 1e-3), **asked.changes))
            early = study.importances() if number == 8 else {}

            assert early == {}
        found = study.importances()

    assert sum(found.values()) == pytest.approx(1)
    assert found["training.learning_rate"] > found["model.dropout"]


def test_a_kill_in_the_midst_of_a_trial_leaves_no_trace_in_what_comes_after(tmp_path: Path) -> None:
    one_key = {"training.momentum": FloatRange(low=0.5, high=0.9)}
    drawn: dict[str, list[object]] = {"whole": [], "killed": []}
    for name, seen in drawn.items():
        with open_study(tmp_path / f"{name}.db", question(space=one_key)) as study:
            for number in range(11):  # the last one is drawn by the model of those before
                if name == "killed" and number in (3, 10):
                    study.ask()  # never told: its process is gone
                asked = study.ask()
                seen.append(asked.changes)
                asked.tell(ended(number, number / 12, **asked.changes))

    assert drawn["killed"] == drawn["whole"]
    with sqlite3.connect(tmp_path / "killed.db") as database:
        running = database.execute("SELECT count(*) FROM trials WHERE state = 'RUNNING'").fetchone()
    database.close()
    assert running == (2,)


def test_a_training_is_ended_by_the_listener_that_is_asked(recipe: Recipe, data: PreparedData) -> None:
    from sightline.training import train

    longer = changed_recipe(recipe, {"training.epochs": 4})
    asked: list[int] = []
    pruning = PruningProgress(None, "accuracy", lambda epoch, value: asked.append(epoch) or epoch < 2)

    with pytest.raises(Pruned):
        train(longer, data.train, data.val, progress=pruning)

    assert asked == [1, 2]
    assert [record.epoch for record in pruning.records] == [1, 2]


def test_a_space_is_read_with_its_ranges_and_choices(recipe: Recipe, tmp_path: Path) -> None:
    text = """
        training.learning_rate: {low: 1e-4, high: 1e-2, log: true}
        model.dropout: [0.0, 0.2, 0.5]
        training.epochs: {low: 2, high: 4}
        augmentation: [none, [RandomHorizontalFlip: {}]]
    """

    assert read_space(write(tmp_path, text), recipe) == {
        "training.learning_rate": FloatRange(low=1e-4, high=1e-2, log=True),
        "model.dropout": Choice(values=(0.0, 0.2, 0.5)),
        "training.epochs": IntRange(low=2, high=4),
        "augmentation": Choice(values=("none", [{"RandomHorizontalFlip": {}}])),
    }


def test_all_mistakes_of_a_space_are_told_together_with_their_keys(recipe: Recipe, tmp_path: Path) -> None:
    text = """
        training.learnign_rate: {low: 1e-4, high: 1e-2}
        training.weight_decay: {low: 0.0, high: 0.1, log: true}
        training.ema: {low: 0.9, high: 1.5}
        model.dropout: [0.2]
        model.head: [linear, quadratic]
        data.resize: [shortest, 2026-01-01]
        training.momentum: {low: 0.9, high: 0.5}
        training.warmup_epochs: {low: 0, high: 1, step: 1}
        training.gradient_clip: high
        data.val_fraction: [0.1, 0.2]
        seed: {low: 0, high: 9}
        loss.focal_gamma: {low: one, high: 3}
    """

    with pytest.raises(RecipeError) as raised:
        read_space(write(tmp_path, text), recipe)

    told = str(raised.value).splitlines()
    assert "has 12 mistakes" in told[0]
    for line, (key, words) in zip(
        told[1:],
        (
            ("training.learnign_rate", "unknown key"),
            ("training.weight_decay", "with log it must be above 0"),
            ("training.ema", "1.5: must be less than 1"),
            ("model.dropout", "two values or more"),
            ("model.head", "'quadratic': unknown value"),
            ("data.resize", "a value that no recipe can have"),
            ("training.momentum", "low must be smaller"),
            ("training.warmup_epochs", "step is not understood"),
            ("training.gradient_clip", "neither a range nor a list"),
            ("data.val_fraction", "cannot be searched"),
            ("seed", "cannot be searched"),
            ("loss.focal_gamma", "low is 'one'; it must be a number"),
        ),
        strict=True,
    ):
        assert line.startswith(f"  {key}: ")
        assert words in line


@pytest.mark.parametrize("text", ["- a\n- b\n", "{}", "", "a: [", "just words"])
def test_a_file_that_is_no_space_is_refused(recipe: Recipe, tmp_path: Path, text: str) -> None:
    with pytest.raises(RecipeError, match="The search space .*space.yaml' (must name keys|cannot be read)"):
        read_space(write(tmp_path, text), recipe)


def test_the_default_space_holds_the_recipe_itself(images: Path) -> None:
    sgd, lion = ["training.optimizer=sgd"], ["training.optimizer=lion"]
    for overrides in ([], ["augmentation=[{RandomErasing: {}}]"], sgd, lion):
        recipe = recipe_for(images, overrides)

        own = own_values(recipe, default_space(recipe))

        assert own is not None
        assert own["training.learning_rate"] == recipe.learning_rate
        assert own["training.weight_decay"] == recipe.weight_decay
        changed = changed_recipe(recipe, own)
        assert changed.backbone_learning_rate == pytest.approx(recipe.backbone_learning_rate)
        assert changed.augmentation == recipe.augmentation


def test_a_space_beside_the_recipe_does_not_begin_with_it(recipe: Recipe) -> None:
    space = {"training.learning_rate": FloatRange(low=0.1, high=0.2)}

    assert own_values(recipe, space) is None


def test_values_of_a_study_come_back_as_they_were(tmp_path: Path) -> None:
    steps = [{"RandomErasing": {"p": 0.5}}]
    space = {"augmentation": Choice(values=("none", steps)), "training.epochs": IntRange(low=2, high=4)}
    asked_for = Question({}, "d", space, "accuracy", True, 0, 1)

    with open_study(tmp_path / "study.db", asked_for) as study:
        asked = study.ask(first={"augmentation": steps, "training.epochs": 3})
        asked.tell(ended(0, 0.5, **asked.changes))
        kept = study.ended()

    assert asked.changes == {"augmentation": steps, "training.epochs": 3}
    assert json.loads(kept[0].model_dump_json())["changes"] == asked.changes
