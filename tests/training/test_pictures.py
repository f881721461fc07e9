import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from quadrants import draw_quadrants, quick
from sightline.dataset import Dataset, preprocess_samples
from sightline.errors import DatasetError
from sightline.parallel import in_order
from sightline.training import Recipe, recipe_for
from sightline.training.pictures.batch import Batch
from sightline.training.pictures.pictures import Pictures

ONE_INPUT_BYTES = 32 * 32 * 3


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return draw_quadrants(tmp_path, train=3, val=1, size_px=40)


def recipe(*overrides: str) -> Recipe:
    return recipe_for(Path("images"), quick("data.batch_size=5", *overrides))


def batch(*rows: int, first: int = 0) -> Batch:
    return Batch(np.array(rows), np.arange(first, first + len(rows)))


def delete_files(dataset: Dataset) -> None:
    for sample in dataset.samples:
        (Path(dataset.store.location) / sample.path).unlink()


@pytest.mark.parametrize("steps", ["[]", "[{RandomResizedCrop: {}}]"])
def test_plain_batches_are_exactly_the_pixels_of_production(dataset: Dataset, steps: str) -> None:
    chosen = recipe(f"augmentation={steps}")

    batches = list(Pictures(dataset, chosen).plain_batches())

    assert [len(batch) for batch in batches] == [5, 5, 5, 1]
    np.testing.assert_array_equal(
        torch.cat(batches).numpy(), preprocess_samples(dataset, chosen.preprocessing())
    )


def test_plain_batches_of_some_rows_come_in_their_order(dataset: Dataset) -> None:
    pictures = Pictures(dataset, recipe())
    rows = np.array([9, 3, 3, 0, 15, 8, 1])

    some = list(pictures.plain_batches(rows))

    assert [len(batch) for batch in some] == [5, 2]
    assert torch.equal(torch.cat(some), torch.cat(list(pictures.plain_batches()))[rows])


def test_augmented_batches_come_in_the_order_asked_for(dataset: Dataset) -> None:
    pictures = Pictures(dataset, recipe())
    plain = torch.cat(list(pictures.plain_batches()))
    order = [batch(7, 2), batch(0, 11, 11, first=2)]

    batches = list(pictures.augmented_batches(order, epoch=1))

    assert all(torch.equal(images, plain[one.rows]) for images, one in zip(batches, order, strict=True))


@pytest.mark.parametrize("step", ["RandomAffine: {degrees: 20}", "ElasticTransform: {}", "GaussianNoise: {}"])
def test_augmentation_is_the_same_for_any_size_of_batch_and_any_number_of_threads(
    dataset: Dataset, step: str
) -> None:
    rows, places = np.array([0, 1, 1, 2, 5, 5, 5, 9, 15, 3, 2]), np.arange(11)
    small = [Batch(rows[at : at + 2], places[at : at + 2]) for at in range(0, 11, 2)]
    one_thread = recipe(f"augmentation=[{{{step}}}]", "data.num_workers=1", "data.cache=none")
    four_threads = recipe(f"augmentation=[{{{step}}}]", "data.num_workers=4", "data.batch_size=11")

    parts = torch.cat(list(Pictures(dataset, one_thread).augmented_batches(small, epoch=3)))
    [whole] = Pictures(dataset, four_threads).augmented_batches([Batch(rows, places)], epoch=3)

    assert torch.equal(parts, whole)
    assert not torch.equal(whole[4], whole[5]), "one row at two places"


STAGES = {
    "nothing": "",
    "together": "{RandomHorizontalFlip: {}}, {RandomRotation: {degrees: 20, interpolation: bilinear, fill: 9}}, "
    "{RandomCrop: {padding: 4}}, {ColorJitter: {brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.1}}, "
    "{GaussianBlur: {kernel_size: 3}}, {RandomErasing: {value: 127}}, {RandomEqualize: {}}, {RandomInvert: {}}",
    "one by one": "{ElasticTransform: {}}",
    "one by one, then together": "{RandomResizedCrop: {}}, {RandomHorizontalFlip: {}}, {RandomGrayscale: {p: 0.5}}",
    "together, one by one, together": "{ColorJitter: {hue: 0.2}}, {JPEG: {quality: [5, 90]}}, {RandomAffine: "
    "{degrees: 20}}, {RandomErasing: {value: 0}}",
    "together, then one by one": "{RandomVerticalFlip: {}}, {GaussianNoise: {}}",
}


@pytest.mark.parametrize("steps", STAGES.values(), ids=STAGES.keys())
def test_a_device_finishes_whole_batches_as_threads_do_parts_of_them(dataset: Dataset, steps: str) -> None:
    chosen = recipe(f"augmentation=[{steps}]")
    rows, places = np.arange(15), np.arange(15) * 2 + 1  # as one of two processes has them
    sizes = [Batch(rows[:11], places[:11]), Batch(rows[11:12], places[11:12]), Batch(rows[12:], places[12:])]

    threads = list(Pictures(dataset, chosen).augmented_batches(sizes, epoch=2))
    device = list(Pictures(dataset, chosen, torch.device("cpu")).augmented_batches(sizes, epoch=2))
    [whole] = Pictures(dataset, chosen, torch.device("cpu")).augmented_batches([Batch(rows, places)], epoch=2)

    assert [tuple(images.shape) for images in device] == [(n, 32, 32, 3) for n in (11, 1, 3)]
    assert all(images.is_contiguous() and images.dtype == torch.uint8 for images in device)
    assert torch.equal(torch.cat(device), torch.cat(threads))
    assert torch.equal(torch.cat(device), whole)
    assert torch.equal(whole[0], next(iter(Pictures(dataset, chosen).plain_batches()))[0]) == (not steps)


@pytest.mark.parametrize(
    "device, steps, overrides, expected",
    [
        (torch.device("cpu"), "{RandomVerticalFlip: {}}", (), [5, 2]),
        (torch.device("cpu"), "", (), [5, 2]),
        (torch.device("cpu"), "{RandomVerticalFlip: {}}", ("data.num_workers=3",), [3, 3]),
        (torch.device("cpu"), "{RandomVerticalFlip: {}}", ("data.cache=none",), [5, 5]),
        (torch.device("cpu"), "{JPEG: {quality: 50}}, {RandomVerticalFlip: {}}", (), [5, 5]),
        (None, "{RandomVerticalFlip: {}}", (), [5, 5]),
    ],
    ids=["on a device", "nothing to do", "as the recipe says", "not kept", "begun by threads", "no device"],
)
def test_there_are_few_threads_only_where_all_they_do_is_to_fetch(
    dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    device: torch.device | None,
    steps: str,
    overrides: tuple[str, ...],
    expected: list[int],
) -> None:
    used: list[int] = []

    def counting(*arguments: Any, workers: int, ahead: int) -> Any:
        used.append(workers)
        return in_order(*arguments, workers=workers, ahead=ahead)

    monkeypatch.setattr("sightline.training.pictures.pictures.in_order", counting)
    monkeypatch.setattr("os.cpu_count", lambda: 5)
    pictures = Pictures(dataset, recipe(f"augmentation=[{steps}]", *overrides), device)

    for epoch in (1, 2):
        list(pictures.augmented_batches([batch(*range(16))], epoch))

    assert used == expected


def test_a_crop_starts_from_the_whole_picture_and_not_from_the_network_s_input(dataset: Dataset) -> None:
    step = "augmentation=[{RandomResizedCrop: {scale: [1.0, 1.0], ratio: [1.0, 1.0]}}]"
    pictures = Pictures(dataset, recipe("data.crop=0.5", step))

    [whole] = pictures.augmented_batches([batch(0)], epoch=1)

    [uncropped, *_] = Pictures(dataset, recipe("data.crop=1.0")).plain_batches()
    assert (whole[0].float() - uncropped[0].float()).abs().mean() < 2


@pytest.mark.parametrize("steps", ["[]", "[{RandomResizedCrop: {}}]"])
@pytest.mark.parametrize(
    "cache, where", [("auto", "in memory"), ("memory", "in memory"), ("disk", "on disk")]
)
def test_each_file_is_decoded_once_while_there_is_room(
    dataset: Dataset, cache: str, where: str, steps: str
) -> None:
    pictures = Pictures(dataset, recipe(f"data.cache={cache}", f"augmentation={steps}"))
    first = torch.cat(list(pictures.plain_batches()))
    delete_files(dataset)

    again = torch.cat(list(pictures.plain_batches()))

    assert torch.equal(again, first)
    assert pictures.describe() == f"16 pictures {where}, 0 MB"


def test_what_the_memory_does_not_hold_goes_to_the_disk(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightline.training.pictures.cache.available_bytes", lambda: 4 * 3 * ONE_INPUT_BYTES)
    pictures = Pictures(dataset, recipe())
    first = torch.cat(list(pictures.plain_batches()))
    delete_files(dataset)

    again = torch.cat(list(pictures.plain_batches()))

    assert torch.equal(again, first)
    assert pictures.describe() == "3 pictures in memory, 0 MB; 13 pictures on disk, 0 MB"


def test_without_room_the_rest_is_decoded_each_time(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightline.training.pictures.cache.available_bytes", lambda: 4 * 3 * ONE_INPUT_BYTES)
    pictures = Pictures(dataset, recipe("data.cache=memory"))

    first, again = (torch.cat(list(pictures.plain_batches())) for _ in range(2))

    assert torch.equal(first, again)
    assert pictures.describe() == "3 pictures in memory, 0 MB"


def test_nothing_is_kept_where_the_recipe_says_so(dataset: Dataset) -> None:
    pictures = Pictures(dataset, recipe("data.cache=none"))
    list(pictures.plain_batches())
    delete_files(dataset)

    assert pictures.describe() == "no pictures kept"
    with pytest.raises(DatasetError, match="can no longer be used"):
        list(pictures.plain_batches())


def test_the_file_of_kept_pixels_has_no_name_that_could_outlive_the_process(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    pictures = Pictures(dataset, recipe("data.cache=disk"))

    list(pictures.plain_batches())

    assert "on disk" in pictures.describe()
    assert list(folder.iterdir()) == []


def test_a_disk_that_fills_up_stops_the_keeping_and_not_the_training(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = Pictures(dataset, recipe("data.cache=disk", "data.num_workers=1"))
    expected = torch.cat(list(Pictures(dataset, recipe()).plain_batches()))
    write, room = os.pwrite, iter(range(4))

    def full_after_four(file: int, data: memoryview, place: int) -> int:
        if next(room, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data, place)

    monkeypatch.setattr("os.pwrite", full_after_four)

    first, again = (torch.cat(list(pictures.plain_batches())) for _ in range(2))

    assert torch.equal(first, expected)
    assert torch.equal(again, expected)
    assert pictures.describe() == "4 pictures on disk, 0 MB"
