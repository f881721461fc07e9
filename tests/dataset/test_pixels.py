from pathlib import Path

import numpy as np
import pytest

from drawing import Draw
from sightline.dataset import preprocess_samples, read_dataset, read_sample
from sightline.errors import DatasetError
from sightline.images import preprocess_image
from sightline.records import ImageLimits, Preprocessing

SPEC = Preprocessing(width_px=10, height_px=6)


@pytest.mark.parametrize("workers", [1, 5, None])
def test_each_row_is_what_the_single_picture_would_be(
    draw: Draw, tmp_path: Path, workers: int | None
) -> None:
    for index in range(30):
        draw(f"good/{index:02}.png", size=(20 + index, 18))
    dataset = read_dataset(tmp_path)

    pixels = preprocess_samples(dataset, SPEC, workers=workers)

    assert (pixels.shape, pixels.dtype) == ((30, 6, 10, 3), np.uint8)
    for row, sample in zip(pixels, dataset.samples, strict=True):
        np.testing.assert_array_equal(row, preprocess_image((tmp_path / sample.path).read_bytes(), SPEC))


def test_a_split_without_samples_gives_no_rows(draw: Draw, tmp_path: Path) -> None:
    draw("good/a.png")

    assert preprocess_samples(read_dataset(tmp_path).of_split("val"), SPEC).shape == (0, 6, 10, 3)


def test_a_file_that_changed_since_it_was_read_is_refused(draw: Draw, tmp_path: Path) -> None:
    draw("good/a.png")
    dataset = read_dataset(tmp_path)
    draw("good/a.png", like="something else")

    with pytest.raises(DatasetError, match=r"'good/a\.png' has changed since"):
        preprocess_samples(dataset, SPEC)


def test_a_file_that_is_gone_is_refused(draw: Draw, tmp_path: Path) -> None:
    picture = draw("good/a.png")
    dataset = read_dataset(tmp_path)
    picture.unlink()

    with pytest.raises(DatasetError, match=r"'good/a\.png' can no longer be used"):
        read_sample(dataset, dataset.samples[0])


def test_narrower_limits_than_those_of_reading_are_told_with_the_path(draw: Draw, tmp_path: Path) -> None:
    draw("good/a.png", size=(40, 40))
    narrow = Preprocessing(width_px=10, height_px=6, limits=ImageLimits(max_pixels=1599))

    with pytest.raises(DatasetError, match=r"'good/a\.png' is not taken under these limits"):
        preprocess_samples(read_dataset(tmp_path), narrow)


def test_progress_counts_every_sample(draw: Draw, tmp_path: Path) -> None:
    for index in range(3):
        draw(f"good/{index}.png")
    seen: list[tuple[int, int]] = []

    preprocess_samples(read_dataset(tmp_path), SPEC, progress=lambda *step: seen.append(step))

    assert seen == [(1, 3), (2, 3), (3, 3)]
