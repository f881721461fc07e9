import numpy as np
import pytest

from pictures import gradient
from sightline.lifecycle.strangers import EMPTY, altered, from_nothing, generate_outliers
from sightline.lifecycle.strangers.generate import ALTERED, NOTHING

HEIGHT, WIDTH = 40, 56


def usual(count=6):
    rng = np.random.default_rng(5)
    pictures = np.stack([gradient(WIDTH, HEIGHT) for _ in range(count)])
    for picture in pictures:
        top, left = rng.integers(20), rng.integers(30)
        picture[top : top + 15, left : left + 20] = rng.integers(0, 256, 3)
    return pictures


def test_every_kind_is_there_at_the_size_of_the_networks_input():
    found = generate_outliers(usual(), per_kind=4, seed=0)

    assert set(found) == {*NOTHING, *ALTERED}
    for pixels in found.values():
        assert pixels.dtype == np.uint8
        assert 1 <= len(pixels) <= 4
        assert pixels.shape[1:] == (HEIGHT, WIDTH, 3)
    assert set(found) >= EMPTY


def test_a_seed_gives_the_same_outliers_and_another_seed_others():
    one, same, other = (generate_outliers(usual(), per_kind=4, seed=seed) for seed in (1, 1, 3))

    assert all(np.array_equal(one[kind], same[kind]) for kind in one)
    unmoved = {kind for kind in one if np.array_equal(one[kind], other[kind])}
    assert unmoved == {"blank", "blurred", "inverted"}  # nothing about these is drawn at four of a kind


def test_no_two_outliers_of_a_kind_from_nothing_are_the_same():
    shape = (20, HEIGHT, WIDTH, 3)

    for make in NOTHING.values():
        pixels = make(np.random.default_rng(0), shape)
        assert pixels.shape == shape
        assert len(np.unique(pixels.reshape(20, -1), axis=0)) >= 19


def test_blank_pictures_begin_with_black_white_and_middle_grey():
    pixels = from_nothing.blank(np.random.default_rng(0), (3, 8, 8, 3))

    assert [np.unique(picture).tolist() for picture in pixels] == [[0], [255], [128]]


def test_what_an_alteration_does_not_change_is_no_outlier():
    grey = np.repeat(
        np.random.default_rng(0).integers(0, 256, (5, HEIGHT, WIDTH, 1), dtype=np.uint8), 3, axis=3
    )

    found = generate_outliers(grey, per_kind=5, seed=0)

    assert "recoloured" not in found
    assert "inverted" in found
    assert not {"shuffled", "blurred"} & set(generate_outliers(grey * 0 + 90, per_kind=5, seed=0))


def test_the_sources_stay_as_they_are():
    sources = usual()
    before = sources.copy()

    generate_outliers(sources, per_kind=6, seed=0)

    assert np.array_equal(sources, before)


@pytest.mark.parametrize("alter", [altered.scrambled, altered.recoloured], ids=["scrambled", "recoloured"])
def test_pixels_that_only_move_keep_their_levels(alter):
    sources = usual()

    changed = alter(np.random.default_rng(0), sources)

    for before, after in zip(sources, changed, strict=True):
        assert np.array_equal(np.sort(before, axis=None), np.sort(after, axis=None))


def test_a_shuffled_picture_has_the_same_patches_elsewhere():
    sources = usual()

    changed = altered.shuffled(np.random.default_rng(0), sources)

    def patches(picture):
        return sorted(
            picture[r : r + 10, c : c + 14].tobytes() for r in range(0, 40, 10) for c in range(0, 56, 14)
        )

    assert [patches(one) for one in changed] == [patches(one) for one in sources]
    assert not np.array_equal(changed, sources)


@pytest.mark.parametrize("shape", [(33, 47), (16, 16), (16, 90)], ids=str)
def test_pictures_of_any_size_can_be_altered(shape):
    pixels = np.random.default_rng(0).integers(0, 256, (3, *shape, 3), dtype=np.uint8)

    for pictures in generate_outliers(pixels, per_kind=3, seed=0).values():
        assert pictures.shape[1:] == pixels.shape[1:]


def test_one_picture_is_enough():
    assert "mosaic" in generate_outliers(usual(1), per_kind=32, seed=0)
