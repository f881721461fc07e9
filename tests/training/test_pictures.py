from pathlib import Path

import numpy as np
import pytest
import torch

from quadrants import draw_quadrants, quick
from sightline.dataset import Dataset, preprocess_samples
from sightline.training import Recipe, recipe_for
from sightline.training.pictures.pictures import Pictures


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return draw_quadrants(tmp_path, train=3, val=1, size_px=40)


def recipe(*overrides: str) -> Recipe:
    return recipe_for(Path("images"), quick("data.batch_size=5", *overrides))


@pytest.mark.parametrize("steps", ["[]", "[{RandomResizedCrop: {}}]"])
def test_plain_batches_are_exactly_the_pixels_of_production(dataset: Dataset, steps: str) -> None:
    chosen = recipe(f"augmentation={steps}")

    batches = list(Pictures(dataset, chosen).plain_batches())

    assert [len(batch) for batch in batches] == [5, 5, 5, 1]
    np.testing.assert_array_equal(
        torch.cat(batches).numpy(), preprocess_samples(dataset, chosen.preprocessing())
    )


def test_augmented_batches_come_in_the_order_asked_for(dataset: Dataset) -> None:
    pictures = Pictures(dataset, recipe())
    plain = torch.cat(list(pictures.plain_batches()))
    order = [np.array([7, 2]), np.array([0, 11, 4])]

    batches = list(pictures.augmented_batches(order, epoch=1))

    assert all(torch.equal(batch, plain[indices]) for batch, indices in zip(batches, order, strict=True))


def test_a_crop_starts_from_the_whole_picture_and_not_from_the_network_s_input(dataset: Dataset) -> None:
    step = "augmentation=[{RandomResizedCrop: {scale: [1.0, 1.0], ratio: [1.0, 1.0]}}]"
    pictures = Pictures(dataset, recipe("data.crop=0.5", step))

    [whole] = pictures.augmented_batches([np.array([0])], epoch=1)

    [uncropped, *_] = Pictures(dataset, recipe("data.crop=1.0")).plain_batches()
    assert (whole[0].float() - uncropped[0].float()).abs().mean() < 2


def test_each_file_is_decoded_once_while_memory_lasts(dataset: Dataset) -> None:
    pictures = Pictures(dataset, recipe())
    first = torch.cat(list(pictures.plain_batches()))
    for sample in dataset.samples:
        (Path(dataset.store.location) / sample.path).unlink()

    assert torch.equal(torch.cat(list(pictures.plain_batches())), first)


def test_without_memory_to_spare_nothing_is_kept(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sightline.training.pictures.pictures.available_bytes", lambda: 4 * 3 * 32 * 32 * 3)
    pictures = Pictures(dataset, recipe())

    first, again = (torch.cat(list(pictures.plain_batches())) for _ in range(2))

    assert torch.equal(first, again)
    assert len(pictures._kept) == 3
