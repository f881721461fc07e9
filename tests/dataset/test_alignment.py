"""One picture laid over another, and how far the two then agree."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from sightline.dataset.duplicates.agreement import agreement
from sightline.dataset.duplicates.alignment import coarse_placement, move, refine
from sightline.dataset.duplicates.contrast import even_out, shrink

SIZE = 48
Stack = NDArray[np.float32]


def texture(seed: int, sigma: float = 1.5, size: int = SIZE) -> Stack:
    """Smooth noise `[size, size]` of mean 0 and variance 1."""
    noise = gaussian_filter(np.random.default_rng(seed).standard_normal((size, size)), sigma, mode="wrap")
    return ((noise - noise.mean()) / noise.std()).astype(np.float32)


def placement(scale_y: float, shift_y: float, scale_x: float, shift_x: float) -> Stack:
    return np.array([[scale_y, shift_y, scale_x, shift_x]], np.float32)


IDENTITY = placement(1, 0, 1, 0)


def seen_again(picture: Stack, scale_y: float, shift_y: float, scale_x: float, shift_x: float) -> Stack:
    """A picture in which the point at i of `picture` lies at scale · i + shift, counted from the middle."""
    back = placement(1 / scale_y, -shift_y / scale_y, 1 / scale_x, -shift_x / scale_x)
    return move(picture[None], back)[0]


@pytest.mark.parametrize(
    "truth",
    [
        pytest.param((1, 0, 1, 0), id="not moved"),
        pytest.param((1, 4, 1, -3), id="whole pixels"),
        pytest.param((1, 1.4, 1, 2.6), id="fractions"),
        pytest.param((1.07, 0, 1.07, 0), id="larger"),
        pytest.param((0.93, -1.5, 1.04, 3.2), id="each axis by itself"),
    ],
)
def test_a_known_scale_and_shift_are_found_again(truth: tuple[float, float, float, float]) -> None:
    first = texture(0)[None]
    second = seen_again(first[0], *truth)

    coarse = coarse_placement(first, second, reach_px=6)
    found = refine(first, second, coarse, steps=10, tolerance=1.0)[0]

    corners = (SIZE - 1) / 2 * np.array([-1, 0, 1])
    for axis in (0, 2):
        expected = truth[axis] * corners + truth[axis + 1]
        np.testing.assert_allclose(found[axis] * corners + found[axis + 1], expected, atol=0.3)
    assert abs(coarse[0, 1] - truth[1]) <= 2.5
    assert abs(coarse[0, 3] - truth[3]) <= 2.5


def test_a_new_scratch_does_not_pull_the_rest_along() -> None:
    first = texture(0)[None]
    second = seen_again(first[0], 1, 1.3, 1, -0.7)
    second[0, 10:38, 20:26] = 6

    found = refine(first, second, IDENTITY.copy(), steps=10, tolerance=1.0)[0]

    np.testing.assert_allclose(found[[1, 3]], (1.3, -0.7), atol=0.3)


def test_a_plain_picture_stays_where_it_is() -> None:
    plain = np.zeros((1, SIZE, SIZE), np.float32)

    coarse = coarse_placement(plain, plain, reach_px=6)
    found = refine(plain, plain, IDENTITY.copy(), steps=10, tolerance=1.0)

    assert np.isfinite(coarse).all()
    np.testing.assert_array_equal(found, IDENTITY)


def test_many_pairs_are_placed_as_each_would_be_alone() -> None:
    firsts = np.stack([texture(seed) for seed in range(5)])
    seconds = np.concatenate([seen_again(one, 1, seed - 2, 1, 2 - seed) for seed, one in enumerate(firsts)])

    together = coarse_placement(firsts, seconds, reach_px=6)

    for row in range(5):
        alone = coarse_placement(firsts[[row]], seconds[[row]], reach_px=6)
        np.testing.assert_allclose(together[[row]], alone, atol=1e-5)
    np.testing.assert_allclose(together[:, 1], np.arange(5) - 2, atol=1e-5)


def test_to_move_by_nothing_changes_nothing() -> None:
    picture = texture(0)[None]

    moved, inside = move(picture, IDENTITY)

    np.testing.assert_array_equal(moved, picture)
    np.testing.assert_array_equal(inside, np.ones_like(picture))


def test_to_move_by_whole_pixels_is_to_move_the_array() -> None:
    picture = texture(0)[None]

    moved, inside = move(picture, placement(1, 3, 1, -2))

    np.testing.assert_allclose(moved[0, :-3, 2:], picture[0, 3:, :-2], atol=1e-5)
    assert inside[0, :-3, 2:].all()
    assert not inside[0, -3:].any()
    assert not inside[0, :, :2].any()


def test_equal_pictures_agree_and_unrelated_ones_do_not() -> None:
    first = np.stack([texture(0), texture(0), texture(0)])
    second = np.stack([texture(0), 0.5 * texture(0) + 2, texture(1)])

    found = agreement(first, second, np.ones_like(first), block_px=12, quantile=0.5)

    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:2], 1, atol=0.01)
    assert abs(found[2]) < 0.2


def test_most_blocks_have_to_agree() -> None:
    first, second = texture(0)[None], texture(0)[None].copy()
    second[:, :, : SIZE // 2] = texture(1)[:, : SIZE // 2]

    low, high = (
        agreement(first, second, np.ones_like(first), block_px=12, quantile=quantile)[0]
        for quantile in (0.25, 0.75)
    )

    assert low < 0.3
    assert high == pytest.approx(1, abs=0.01)


def test_faint_blocks_do_not_count() -> None:
    first, second = texture(0)[None].copy(), texture(0)[None].copy()
    first[:, :, 24:] = 0.1 * texture(1)[:, 24:]
    second[:, :, 24:] = 0.1 * texture(2)[:, 24:]

    found = agreement(first, second, np.ones_like(first), block_px=12, quantile=0.25)

    assert found[0] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("what", ["plain", "outside"])
def test_where_too_little_can_be_compared_nothing_agrees(what: str) -> None:
    picture = texture(0)[None].copy()
    inside = np.ones_like(picture)
    (picture if what == "plain" else inside)[:, 12:] = 0
    (picture if what == "plain" else inside)[:, :, 24:] = 0

    assert agreement(picture, picture, inside, block_px=12, quantile=0.3)[0] == 0


def scene() -> Stack:
    """A textured surface of levels 30 to 190 or so, as light on it and gamma change them by factors."""
    return (75 * np.exp(0.35 * np.clip(texture(2, sigma=1.2, size=96), -2.5, 2.5)))[None]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda levels: 0.7 * levels, id="darker"),
        pytest.param(lambda levels: 1.3 * levels, id="brighter"),
        pytest.param(lambda levels: 255 * (levels / 255) ** 0.75, id="gamma below 1"),
        pytest.param(lambda levels: 255 * (levels / 255) ** 1.4, id="gamma above 1"),
        pytest.param(
            lambda levels: levels * np.linspace(0.8, 1.2, 96, dtype=np.float32), id="light from a side"
        ),
    ],
)
def test_light_is_taken_out(change: Callable[[Stack], Stack]) -> None:
    before = even_out(scene(), detail_px=4.0, window_px=7.0)
    after = even_out(change(scene()).astype(np.float32), detail_px=4.0, window_px=7.0)

    assert np.abs(after - before).mean() < 0.03
    assert before.std() == pytest.approx(0.9, abs=0.2)


def test_local_contrast_stays_within_its_bounds_and_is_nothing_where_there_is_none() -> None:
    picture = np.zeros((2, 96, 96), np.uint8)
    picture[0, 48, 48] = 255

    even = even_out(picture, detail_px=2.0, window_px=4.0)

    assert even.dtype == np.float32
    assert even[0].max() == 3
    assert np.abs(even[1]).max() < 1e-3


def test_shrinking_averages_blocks() -> None:
    picture = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)

    np.testing.assert_array_equal(shrink(picture, 2), [[[2.5, 4.5], [10.5, 12.5]]])
