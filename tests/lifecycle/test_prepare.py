import pytest

from sightline.dataset import read_dataset, read_table, split_folds, write_table
from sightline.demo import DemoOptions, generate_dataset
from sightline.errors import RecipeError
from sightline.lifecycle.prepare import prepare_data
from sightline.training import recipe_for


@pytest.fixture
def folds(tmp_path):
    generate_dataset(tmp_path / "set", DemoOptions(images=40))
    dataset = split_folds(read_dataset(tmp_path / "set"), 3)
    write_table(dataset, tmp_path / "set.parquet")
    return tmp_path / "set.parquet"


def test_the_fold_that_is_named_is_held_out(folds):
    fold_of = {sample.path: sample.fold for sample in read_table(folds).samples}

    data = prepare_data(recipe_for(folds, ["data.fold=1"]))

    found = {name: {fold_of[sample.path] for sample in part.samples} for name, part in data.parts().items()}
    assert found == {"train": {0, 2}, "val": {1}, "test": {None}}


@pytest.mark.parametrize("overrides", [[], ["data.fold=7"]], ids=["none", "unknown"])
def test_folds_without_one_to_hold_out_are_refused(folds, overrides):
    with pytest.raises(RecipeError, match=r"has folds 0, 1, 2. Name the fold to hold out, data.fold=0"):
        prepare_data(recipe_for(folds, overrides))
