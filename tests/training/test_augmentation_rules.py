from pathlib import Path

import pytest

from sightline.errors import RecipeError
from sightline.training import recipe_for
from sightline.training.recipe.label_risks import label_risks
from sightline.training.recipe.presets import PRESETS, preset
from sightline.training.recipe.steps import TRANSFORMS, Step


@pytest.mark.parametrize(
    "steps, says",
    [
        ("[{MixUp: {}}, {RandomInvert: {}}]", "augmentation.0 .*must come after all transforms of single"),
        ("[{CutMix: {}}, {CutMix: {}}]", "augmentation.1 .*stands there already"),
        ("[{Normalize: {mean: [0,0,0], std: [1,1,1]}}, {MixUp: {}}]", "augmentation.0 .*must be the last"),
        ("[{RandomInvert: {}}, {RandomResizedCrop: {}}]", "augmentation.1 .*must be the first step"),
        ("[{RandomCrop: {}}]", "needs padding in pixels"),
        ("[{RandomCrop: {padding: 4, size: 64}}]", "size must be data.input_size, \\[224, 224\\]"),
        ("[{MixUp: {alpha: 0}}]", "MixUp takes 'alpha' alone, a number above 0"),
        ("[{CutMix: {num_classes: 3}}]", "CutMix takes 'alpha' alone"),
        ("[{RandomCropp: {}}]", "'RandomCropp' is not a known transform; allowed now: AugMix"),
        ("photos", "is no preset; there are none, safe, photo, inspection, document, medical"),
    ],
)
def test_a_list_that_cannot_be_done_says_why(steps: str, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        recipe_for(Path("images"), [f"augmentation={steps}"])


def test_several_mistakes_of_a_list_are_told_together() -> None:
    steps = "augmentation=[{MixUp: {}}, {RandomCrop: {}}, {RandomResizedCrop: {}}]"

    with pytest.raises(RecipeError, match="has 3 mistakes"):
        recipe_for(Path("images"), [steps])


def test_mixtures_stand_between_the_pictures_and_the_normalisation() -> None:
    steps = "[{RandomInvert: {}}, {MixUp: {}}, {CutMix: {}}, {Normalize: {mean: [0,0,0], std: [1,1,1]}}]"

    recipe = recipe_for(Path("images"), [f"augmentation={steps}"])

    assert [step.alpha() for step in recipe.augmentation[1:3]] == [0.2, 1.0]


def test_presets_keep_what_their_kind_of_picture_cannot_lose() -> None:
    names = {name: {step.name for step in preset(name)} for name in PRESETS}
    flips = {"RandomHorizontalFlip", "RandomVerticalFlip"}

    assert not flips & (names["document"] | names["medical"] | names["safe"])
    assert flips < names["inspection"]
    for name in ("inspection", "medical"):
        [jitter] = [step for step in preset(name) if step.name == "ColorJitter"]
        assert set(jitter.arguments) == {"brightness", "contrast"}


STEPS = {
    "mirror": ("RandomHorizontalFlip", {}),
    "upend": ("RandomVerticalFlip", {}),
    "turn": ("RandomRotation", {"degrees": [-90, 90]}),
    "tilt": ("RandomRotation", {"degrees": 10}),
    "hue": ("ColorJitter", {"hue": 0.2}),
    "strong": ("ColorJitter", {"saturation": [0.2, 1.8]}),
    "mild": ("ColorJitter", {"brightness": 0.4, "saturation": 0.2, "hue": 0.02}),
    "grey": ("RandomGrayscale", {}),
    "never grey": ("RandomGrayscale", {"p": 0}),
    "trivial": ("TrivialAugmentWide", {}),
    "crop": ("RandomResizedCrop", {}),
    "mild crop": ("RandomResizedCrop", {"scale": [0.5, 1.0]}),
    "erase": ("RandomErasing", {}),
    "cut": ("CutMix", {}),
}


@pytest.mark.parametrize(
    "step, labels, suspicious",
    [
        ("mirror", ["turn-left", "turn-right", "straight"], "'turn-left', 'turn-right'."),
        ("mirror", ["left"], "'left'."),
        ("mirror", ["0", "1", "7", "none"], "'0', '1', '7'."),
        ("mirror", ["b", "d"], "'b', 'd'."),
        ("mirror", ["printedText", "photo"], "'printedText'."),
        ("upend", ["thumb_up", "thumb_down"], "'thumb_up', 'thumb_down'."),
        ("turn", ["arrow", "circle"], "'arrow'."),
        ("trivial", ["6", "9"], "'6', '9'."),
        ("hue", ["red apple", "green apple"], "'red apple', 'green apple'."),
        ("strong", ["ripe", "unripe"], "'ripe', 'unripe'."),
        ("grey", ["FreshFish", "RottenFish"], "'FreshFish', 'RottenFish'."),
        ("trivial", ["red", "blue"], "'red', 'blue'."),
        ("crop", ["MT_Crack", "MT_Free"], "'MT_Crack'."),
        ("erase", ["scratches", "ok"], "'scratches'."),
        ("cut", ["one bolt", "two bolts"], "'one bolt', 'two bolts'."),
        ("mirror", ["0", "1", "2", "3", "4", "5"], "'0', '1', '2', '3' and 2 more."),
    ],
)
def test_a_risk_names_the_step_the_labels_and_the_remedy(
    step: str, labels: list[str], suspicious: str
) -> None:
    name, arguments = STEPS[step]

    [sentence] = label_risks([Step(name=name, arguments=arguments)], labels)

    assert sentence.startswith(f"augmentation.0: {name} ")
    assert f"may change the label where classes are called {suspicious}" in sentence
    assert sentence.split(suspicious)[1].strip(), "it says what to do"


@pytest.mark.parametrize(
    "step, labels",
    [
        *((step, ["cat", "dog", "pickup truck", "orange", "right whale", "blue whale"]) for step in STEPS),
        ("tilt", ["left", "right"]),
        ("upend", ["left", "right"]),
        ("mirror", ["up", "down"]),
        ("mild", ["red", "green"]),
        ("never grey", ["red", "green"]),
        ("mild crop", ["crack", "ok"]),
    ],
)
def test_there_is_no_false_alarm(step: str, labels: list[str]) -> None:
    name, arguments = STEPS[step]

    assert label_risks([Step(name=name, arguments=arguments)], labels) == ()


def test_every_step_can_be_looked_at() -> None:
    normalize = {"mean": [0, 0, 0], "std": [1, 1, 1]}
    steps = [Step(name=name, arguments=normalize if name == "Normalize" else {}) for name in TRANSFORMS]

    assert label_risks(steps, ["cat", "dog"]) == ()
