import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pictures import gradient
from sightline.errors import RecipeError
from sightline.training import recipe_for
from sightline.training.pictures.augmentation import Augmentation
from sightline.training.recipe.presets import PRESETS
from sightline.training.recipe.steps import OF_PICTURES

ARGUMENTS = {
    "AutoAugment": "{policy: cifar10}",
    "ColorJitter": "{brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.1}",
    "GaussianBlur": "{kernel_size: 5, sigma: [0.1, 3.0]}",
    "JPEG": "{quality: [5, 90]}",
    "RandomAdjustSharpness": "{sharpness_factor: 4}",
    "RandomAffine": "{degrees: 20, translate: [0.1, 0.1], scale: [0.8, 1.2], shear: 5}",
    "RandomCrop": "{padding: 6}",
    "RandomErasing": "{p: 0.9, value: random}",
    "RandomGrayscale": "{p: 0.5}",
    "RandomPosterize": "{bits: 2}",
    "RandomRotation": "{degrees: 30, interpolation: bilinear}",
    "RandomSolarize": "{threshold: 120}",
}
SEVERAL = ", ".join(
    f"{{{name}: {ARGUMENTS.get(name, '{}')}}}"
    for name in ("RandomPerspective", "RandomHorizontalFlip", "ColorJitter", "JPEG", "RandomAffine")
)


def augmentation(steps: str, seed: int = 0) -> Augmentation:
    return Augmentation(
        recipe_for(Path("images"), ["data.input_size=[48, 64]", f"augmentation=[{steps}]", f"seed={seed}"])
    )


def noisy(height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    noise = np.random.default_rng(5).integers(-20, 20, (height, width, 3))
    return np.clip(gradient(width, height) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "steps", [*(f"{{{name}: {ARGUMENTS.get(name, '{}')}}}" for name in OF_PICTURES), SEVERAL]
)
def test_augmentation_follows_from_seed_epoch_and_place_whatever_the_thread_and_the_company(
    steps: str,
) -> None:
    augment, picture, places = augmentation(steps), noisy(), np.arange(24)

    def at(place: int) -> NDArray[np.uint8]:
        return augment([picture], 3, np.array([place]))[0].numpy()

    together = augment([picture] * 24, 3, places).numpy()
    torch.manual_seed(99)
    with ThreadPoolExecutor(4) as pool:
        alone = list(pool.map(at, reversed(range(24))))[::-1]

    np.testing.assert_array_equal(together, np.stack(alone))
    assert len({pixels.tobytes() for pixels in alone}) > 1, "it must differ from place to place"
    assert np.abs(together.astype(int) - picture).max() > 0, "it must do something"


def test_transforms_before_and_after_one_that_takes_pictures_alone_have_numbers_of_their_own() -> None:
    flip, alone = "{RandomHorizontalFlip: {}}", "{RandomPerspective: {p: 0}}"
    picture = noisy()

    out = augmentation(f"{flip}, {alone}, {flip}")([picture] * 24, 1, np.arange(24)).numpy()

    flipped = {(pixels == picture[:, ::-1]).all() for pixels in out}
    assert flipped == {True, False}, "with the same numbers, each flip would undo the other"


def test_augmentation_differs_from_epoch_to_epoch_and_from_seed_to_seed() -> None:
    picture, place = noisy(), np.array([0])
    step = "{RandomRotation: {degrees: 30}}"

    first, next_epoch = (augmentation(step)([picture], epoch, place) for epoch in (1, 2))
    other_seed = augmentation(step, seed=1)([picture], 1, place)

    assert not torch.equal(first, next_epoch)
    assert not torch.equal(first, other_seed)


@pytest.mark.parametrize("name", OF_PICTURES)
def test_augmentation_leaves_the_picture_and_the_random_states_of_the_process_alone(name: str) -> None:
    picture = noisy()
    before = (torch.random.get_rng_state().tolist(), random.getstate(), repr(np.random.get_state()))

    augmentation(f"{{{name}: {ARGUMENTS.get(name, '{}')}}}")([picture] * 4, 1, np.arange(4))

    assert (torch.random.get_rng_state().tolist(), random.getstate(), repr(np.random.get_state())) == before
    np.testing.assert_array_equal(picture, noisy())


def test_a_random_resized_crop_gives_the_network_s_input_from_pictures_of_any_size() -> None:
    step = "{RandomResizedCrop: {scale: [0.5, 1.0]}}"

    out = augmentation(step)([gradient(200, 90), gradient(70, 130)], 1, np.arange(2))

    assert (tuple(out.shape), out.dtype) == ((2, 48, 64, 3), torch.uint8)


def test_noise_is_in_units_of_0_to_1_and_has_no_bias() -> None:
    grey = np.full((48, 64, 3), 128, np.uint8)

    [out] = augmentation("{GaussianNoise: {sigma: 0.05}}")([grey], 1, np.array([0]))

    assert out.float().std() == pytest.approx(0.05 * 255, rel=0.05)
    assert out.float().mean() == pytest.approx(128, abs=0.5)


@pytest.mark.parametrize(
    "step, says",
    [
        ("{RandomRotation: {degree: 10}}", "arguments of RandomRotation: degrees"),
        ("{RandomRotation: {degrees: [40, 50], expand: true}}", "changes the size"),
        ("{RandomPosterize: {bits: 9}}", "range \\[0, 8\\], got 9"),
        ("{RandomSolarize: {threshold: 300}}", "got 300"),
        ("{AutoAugment: {policy: best}}", "'best' is not a valid AutoAugmentPolicy"),
        ("{GaussianBlur: {kernel_size: 4}}", "odd and positive"),
    ],
)
def test_arguments_that_a_transform_refuses_are_told_before_training(step: str, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        augmentation(step)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_used_by_its_name(name: str) -> None:
    recipe = recipe_for(Path("images"), ["data.input_size=[48, 64]", f"augmentation={name}"])

    out = Augmentation(recipe)([noisy()] * 3, 1, np.arange(3))

    assert (tuple(out.shape), out.dtype) == ((3, 48, 64, 3), torch.uint8)
