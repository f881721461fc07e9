from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pictures import gradient
from sightline.training import recipe_for
from sightline.training.pictures.transforms import Augmentation
from sightline.training.recipe.steps import TRANSFORMS

ARGUMENTS = {
    "ColorJitter": "{brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.1}",
    "GaussianBlur": "{kernel_size: 5, sigma: [0.1, 3.0]}",
    "RandomAffine": "{degrees: 20, translate: [0.1, 0.1], scale: [0.8, 1.2], shear: 5}",
    "RandomRotation": "{degrees: 30, interpolation: bilinear}",
    "RandomErasing": "{p: 0.9, value: random}",
}


def augmentation(step: str, seed: int = 0) -> Augmentation:
    return Augmentation(
        recipe_for(Path("images"), ["data.input_size=[48, 64]", f"augmentation=[{step}]", f"seed={seed}"])
    )


@pytest.mark.parametrize("name", [name for name in TRANSFORMS if name != "Normalize"])
def test_augmentation_follows_from_seed_epoch_and_index_whatever_the_thread(name: str) -> None:
    augment = augmentation(f"{{{name}: {ARGUMENTS.get(name, '{}')}}}")
    picture = gradient(64, 48)

    def of_index(index: int) -> NDArray[np.uint8]:
        return augment(picture, 3, index)

    alone = [of_index(index) for index in range(24)]
    torch.manual_seed(99)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(of_index, reversed(range(24))))[::-1]

    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len({pixels.tobytes() for pixels in alone}) > 1, "it must differ from sample to sample"


def test_augmentation_differs_from_epoch_to_epoch_and_from_seed_to_seed() -> None:
    picture = gradient(64, 48)
    step = "{RandomRotation: {degrees: 30}}"

    first, next_epoch = (augmentation(step)(picture, epoch, 0) for epoch in (1, 2))
    other_seed = augmentation(step, seed=1)(picture, 1, 0)

    assert not np.array_equal(first, next_epoch)
    assert not np.array_equal(first, other_seed)


def test_augmentation_leaves_the_random_state_of_the_process_alone() -> None:
    before = torch.random.get_rng_state()

    augmentation("{TrivialAugmentWide: {}}")(gradient(64, 48), 1, 1)

    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_random_resized_crop_gives_the_network_s_input_from_a_picture_of_any_size() -> None:
    out = augmentation("{RandomResizedCrop: {scale: [0.5, 1.0]}}")(gradient(200, 90), 1, 1)

    assert (out.shape, out.dtype) == ((48, 64, 3), np.uint8)
