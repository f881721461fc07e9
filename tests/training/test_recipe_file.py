import subprocess
import sys
from pathlib import Path

import pytest

from sightline.errors import RecipeError
from sightline.training import read_recipe, recipe_for, to_yaml


def write(folder: Path, text: str) -> Path:
    file = folder / "recipe.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def refusal(folder: Path, text: str, *overrides: str) -> str:
    with pytest.raises(RecipeError, match="mistake") as caught:
        read_recipe(write(folder, text), overrides)
    return str(caught.value)


def test_all_mistakes_of_a_file_and_its_overrides_are_reported_together(tmp_path: Path) -> None:
    text = """
        model: {backbon: x, dropout: 2}
        training: {optimizer: adam, epochs: "5", freeze_backbone_epochs: 9}
        augmentation: [{RandomRotation: {degree: 10}}]
        colour: red
    """

    message = refusal(tmp_path, text, "data.batch_size=0", "training.epochs")

    lines = message.splitlines()
    assert "has 8 mistakes" in lines[0]
    assert [line.split(":")[0].split(" = ")[0].strip() for line in lines[1:]] == [
        "training.epochs",
        "model.dropout",
        "model.backbon",
        "data.batch_size",
        "training.epochs",
        "training.optimizer",
        "colour",
        "augmentation.0",
    ]
    assert "model.backbon = 'x': unknown key; known here: backbone, pretrained" in message
    assert "model.dropout = 2: must be less than 1" in message


@pytest.mark.parametrize(
    "overrides, says",
    [
        (["training.optimizer=lamb"], "training.optimizer = 'lamb': not built; allowed now: 'adamw'"),
        (["loss.type=weighted_cross_entropy"], "not built; allowed now: 'cross_entropy', 'bce', 'focal'"),
        (
            ["decision.aims=['recall(a) > 1']"],
            "'recall(a) > 1' is no aim; an aim is one of recall(LABEL) >= 0.99",
        ),
        (["decision.aims=['recall(3)>=0.9', 'recall(3)>=0.5']"], "are two aims for the same; keep one"),
        (["decision.aims=['max_f1', 'max_f1']"], "'max_f1' is there twice"),
        (["decision.aims=[max_f1, x, y]"], "'x' is no aim; an aim is one of"),
        (
            ["decision.aims=[max_f1]", "decision.costs=costs.csv"],
            "decision.costs: costs and the aim max_f1 each",
        ),
        (
            ["decision.review_capacity=1/day", "decision.traffic=9/day", "decision.priority=[3]"],
            'decision.priority.0 = 3: must be text: put it in quotes, ["3"]',
        ),
        (["decision.costs=7"], 'decision.costs = 7: must be text: put it in quotes, "7"'),
        (["decision.costs=no"], "must be text: yes, no, on, off, true and false need quotes"),
        (["decision.review_capacity=200"], "decision.review_capacity"),
        (["decision.review_capacity=200/day"], "is given without traffic"),
        (
            ["decision.review_capacity=200/day", "decision.traffic=3/hour"],
            "review_capacity is 200 a day and traffic 72: everything can be looked at",
        ),
        (["decision.priority=[crack]"], "give review_capacity and traffic"),
        (["task=multilabel", "decision.sets=aps"], "decision.sets = 'aps': is not for task multilabel"),
        (["loss.focal_gamma=2.0"], "belongs to loss.type focal, and it is cross_entropy"),
        (["task=multilabel", "loss.type=cross_entropy"], "is not for task multilabel; allowed: bce, focal"),
        (["loss.type=asymmetric"], "is not for task multiclass; allowed: cross_entropy, focal"),
        (
            ["task=multilabel", "evaluation.metrics=[accuracy]"],
            "evaluation.metrics.0 = 'accuracy': is not for task",
        ),
        (
            ["task=multilabel", "imbalance=balanced_sampling"],
            "imbalance = 'balanced_sampling': is not for task",
        ),
        (["evaluation.best_metric=map"], "evaluation.best_metric = 'map': is not for task multiclass"),
        (["training.strategy=full", "training.unfreeze_epochs=2"], "belongs to strategy two_phase"),
        (["training.strategy=linear", "model.pretrained=false"], "needs model.pretrained"),
        (["training.gradient_accumulation=64"], "must be at most data.batch_size, which is 32"),
        (["training.mixed_precision=fp8"], "must be a valid boolean, or unknown value; allowed now: 'auto'"),
        (["data.batch_size=1"], "data.batch_size = 1: must be greater than or equal to 2, or unknown value"),
        (["augmentation=photographs"], "is no preset; there are none, safe, photo"),
    ],
)
def test_values_that_contradict_each_other_or_are_not_built_are_refused_by_name(
    tmp_path: Path, overrides: list[str], says: str
) -> None:
    message = refusal(tmp_path, "", *overrides)

    assert "has 1 mistake" in message
    assert says in message


def test_everything_that_is_wrong_with_a_decision_is_reported_together(tmp_path: Path) -> None:
    text = """
        decision:
          aims: [max_f1, recall(3) >= 0.9, recall(3) >= 0.5]
          costs: costs.csv
          traffic: 9/day
          priority: [a, a]
    """
    contradicting = refusal(tmp_path, text, "decision.aims=[max_f1]")
    unreadable = refusal(tmp_path, text)

    assert [line.split(":")[0].strip() for line in contradicting.splitlines()[1:]] == [
        "decision.costs",
        "decision.traffic",
        "decision.priority",
    ]
    assert "two aims for the same; keep one" in unreadable
    assert "decision.priority: names 'a' twice" in unreadable


@pytest.mark.parametrize(
    "override, says",
    [
        ("training.optimizer=adamwx", "unknown value; allowed now: 'adamw'"),
        (
            "augmentation=[{RandomCropp: {}}]",
            "'RandomCropp' is not a known transform; allowed now: AugMix",
        ),
        ("augmentation=[{RandomRotation: {degrees: -3}}]", "augmentation.0"),
        ("augmentation=[{RandomHorizontalFlip: {p: 2}}]", "augmentation.0"),
        ("augmentation=[RandomRotation]", "augmentation.0"),
        ("augmentation=[{Normalize: {mean: [1, 1, 1], std: [0, 1, 1]}}]", "std above 0"),
        ("augmentation=[{RandomResizedCrop: {size: 128}}]", "size must be data.input_size, [224, 224]"),
        ("augmentation=[{RandomVerticalFlip: {}}, {RandomResizedCrop: {}}]", "must be the first step"),
        ("training.freeze_backbone_epochs=21", "must be at most training.epochs, which is"),
        ("training.epochs=true", "must be a valid integer"),
        ("model.pretrained=3", "must be true, false, 'imagenet' or the path"),
        ("data.group_by='('", "must be a regular expression"),
        ("data.group_gap=3", "needs data.group_by"),
        ("data.val_fraction=0.9", "must leave images to train on"),
        ("data.input_size=[128]", "data.input_size"),
    ],
)
def test_a_value_that_is_not_allowed_says_what_is(tmp_path: Path, override: str, says: str) -> None:
    message = refusal(tmp_path, "", override)

    assert "has 1 mistake:" in message
    assert says in message


def test_numbers_with_an_exponent_are_numbers_in_files_and_overrides(tmp_path: Path) -> None:
    file = write(tmp_path, "training: {learning_rate: 1e-3, weight_decay: 5E-2}")

    recipe = read_recipe(file, ["training.learning_rate=2e-4"])

    assert (recipe.training.learning_rate, recipe.training.weight_decay) == (2e-4, 0.05)


def test_later_overrides_win_over_earlier_ones_and_over_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, "data: {batch_size: 8, input_size: [64, 96]}")

    recipe = read_recipe(file, ["data.batch_size=16", "data.batch_size=4"])

    assert recipe.data.batch_size == 4
    assert recipe.data.input_size == (64, 96)


def test_null_in_an_override_is_none() -> None:
    recipe = recipe_for(Path("images"), ["training.gradient_clip=null", "data.num_workers="])

    assert recipe.training.gradient_clip is None
    assert recipe.data.num_workers is None


def test_a_key_given_twice_in_a_file_is_not_silently_decided(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="'epochs' is given twice"):
        read_recipe(write(tmp_path, "training: {epochs: 3, epochs: 4}"))


def test_a_written_recipe_reads_back_as_the_same_recipe(tmp_path: Path) -> None:
    steps = "augmentation=[{RandomRotation: {degrees: 10}}, {Normalize: {mean: [0.5,0.5,0.5], std: [0.2,0.2,0.2]}}]"
    recipe = recipe_for(tmp_path, ["model.pretrained=imagenet", "data.input_size=[64, 96]", steps])

    assert read_recipe(write(tmp_path, to_yaml(recipe))) == recipe
    assert recipe.model.pretrained is True


def test_the_preprocessing_has_the_recipe_s_height_and_width() -> None:
    spec = recipe_for(Path("images"), ["data.input_size=[64, 96]", "data.resize=letterbox"]).preprocessing()

    assert (spec.height_px, spec.width_px, spec.resize) == (64, 96, "letterbox")


def test_reading_recipes_needs_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys, importlib.util, pathlib\n"
        "found = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, package=None: None if 'torch' in name else found(name, package)\n"
        "from sightline.training import recipe_for\n"
        "recipe_for(pathlib.Path('x'), ['augmentation=[{RandomRotation: {degrees: 3}}]'])\n"
        "sys.exit('torch' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("example", ["sign-digits", "magnetic-tile"])
def test_the_examples_are_valid_recipes(example: str) -> None:
    file = Path(__file__).parents[2] / "examples" / f"{example}.yaml"

    assert read_recipe(file).training.strategy == "two_phase"


def test_a_recipe_with_every_key_that_the_guides_of_the_field_use_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(
        """
model:
  backbone: efficientnet_b4
  pretrained: imagenet
  num_classes: 150
  dropout: 0.3
  head: linear # or mlp
data:
  train_dir: data/train
  val_dir: data/val
  input_size: 380
  batch_size: 32
  num_workers: 8
augmentation:
  - RandomResizedCrop: {size: 380, scale: [0.7, 1.0]}
  - RandomHorizontalFlip: {p: 0.5}
  - TrivialAugmentWide: {}
  - Normalize: {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}
training:
  epochs: 30
  optimizer: adamw
  learning_rate: 1e-3
  weight_decay: 0.01
  scheduler: cosine
  warmup_epochs: 3
  mixed_precision: true
  gradient_clip: 1.0
  label_smoothing: 0.1
  freeze_backbone_epochs: 5
  backbone_lr_multiplier: 0.1
loss:
  type: focal # or cross_entropy
  focal_gamma: 2.0
  focal_alpha: 0.25
evaluation:
  metrics: [accuracy, top5_accuracy, f1_macro, per_class_f1]
  best_metric: f1_macro
  early_stopping_patience: 7
"""
    )

    recipe = read_recipe(path)

    assert recipe.loss_name == "focal"
    assert recipe.backbone_learning_rate == pytest.approx(1e-4)
    assert recipe.metrics == ("accuracy", "top5_accuracy", "f1_macro", "per_class_f1")
    assert [step.name for step in recipe.augmentation][-1] == "Normalize"
