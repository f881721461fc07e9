from pathlib import Path

import pytest

from quadrants import draw_quadrants, quick
from sightline.bundle import Bundle, read_bundle
from sightline.errors import InputError, TrainingError
from sightline.inference import verify_bundle
from sightline.lifecycle.build import Built, build_bundle
from sightline.lifecycle.judge import known_splits
from sightline.lifecycle.optimizing.smaller import build_smaller, pruned_recipe, recipe_of, student_recipe
from sightline.training import recipe_for, to_yaml

pytest.importorskip("torch_pruning")


class Quiet:
    def stage(self, title):
        pass

    def progress(self, done, total):
        pass

    def note(self, text):
        pass


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    root = tmp_path_factory.mktemp("line")
    draw_quadrants(root / "data", train=16, val=8)
    recipe = recipe_for(
        root / "data", quick("model.backbone=test_resnet", "training.epochs=16", "data.test_fraction=0.2")
    )
    return build_bundle(recipe, root / "line", listener=Quiet())


@pytest.fixture
def bundle(built: Built) -> Bundle:
    return read_bundle(built.path)


def size_of(bundle: Bundle) -> int:
    return len(bundle.read("model.onnx"))


def test_a_pruned_bundle_is_smaller_taught_by_the_first_and_judged_on_the_same_pictures(
    built: Built, bundle: Bundle, tmp_path: Path
) -> None:
    recipe = pruned_recipe(bundle, built.run, 0.4)

    smaller = build_smaller(bundle, recipe, tmp_path / "smaller", listener=Quiet())

    other = read_bundle(smaller.path)
    assert {check.outcome for check in verify_bundle(smaller.path)} == {"passed"}
    assert smaller.export.label_agreement == 1
    assert size_of(other) < size_of(bundle)
    assert other.manifest.graph.embedding_size < bundle.manifest.graph.embedding_size
    assert known_splits(other) == known_splits(bundle)
    assert other.manifest.provenance.pretrained == "weights.safetensors"
    assert recipe.training.teacher == str(built.path)
    assert recipe.training.epochs == 8


def test_a_pruned_bundle_is_no_start_of_another(built: Built, bundle: Bundle, tmp_path: Path) -> None:
    smaller = build_smaller(bundle, pruned_recipe(bundle, built.run, 0.3), tmp_path / "one", listener=Quiet())

    recipe = pruned_recipe(read_bundle(smaller.path), smaller.run, 0.3)
    with pytest.raises(TrainingError, match="were taken out of already"):
        build_smaller(bundle, recipe, tmp_path / "two", listener=Quiet())


def test_a_student_has_another_backbone_and_learns_from_the_bundle(
    built: Built, bundle: Bundle, tmp_path: Path
) -> None:
    recipe = student_recipe(bundle, "test_efficientnet", built.run)

    student = build_smaller(bundle, recipe, tmp_path / "student", listener=Quiet())

    own = recipe_of(read_bundle(student.path))
    assert own.model.backbone == "test_efficientnet"
    assert own.model.pretrained is False
    assert own.training.strategy == "scratch"
    assert own.training.teacher == str(built.path)
    assert own.data.earlier == str(built.run / "dataset.parquet")


def test_a_student_with_weights_of_its_own_is_fine_tuned(bundle: Bundle) -> None:
    recipe = student_recipe(bundle, "test_efficientnet", pretrained="weights.safetensors")

    assert (recipe.model.pretrained, recipe.training.strategy) == ("weights.safetensors", "two_phase")


def test_what_is_not_changed_is_the_bundles_own(built: Built, bundle: Bundle) -> None:
    own, pruned = recipe_of(bundle), pruned_recipe(bundle, built.run, 0.3)

    assert to_yaml(own) == (built.path / "recipe.yaml").read_text()
    assert pruned.augmentation == own.augmentation
    assert pruned.data.model_copy(update={"earlier": None}) == own.data
    assert pruned.learning_rate == own.learning_rate


@pytest.mark.parametrize("there", [False, True], ids=["no folder", "no weights"])
def test_a_run_folder_without_weights_is_asked_for(bundle: Bundle, tmp_path: Path, there: bool) -> None:
    run = tmp_path / "run"
    if there:
        run.mkdir()

    with pytest.raises(InputError, match=r"pruning begins with them\. Name the folder .* with --run"):
        pruned_recipe(bundle, run, 0.3)
    with pytest.raises(InputError, match="has no dataset.parquet"):
        student_recipe(bundle, "test_efficientnet", run)


def test_pictures_that_changed_sides_are_refused(built: Built, bundle: Bundle, tmp_path: Path) -> None:
    moved = Path(recipe_of(bundle).data.train_dir) / "train" / "top-left" / "00.png"
    aside = moved.parents[2] / "val" / "top-left" / "moved.png"
    moved.rename(aside)
    recipe = student_recipe(bundle, "test_efficientnet")

    try:
        with pytest.raises(InputError, match="1 pictures are on another side of the split"):
            build_smaller(bundle, recipe, tmp_path / "student", listener=Quiet())
    finally:
        aside.rename(moved)
