import warnings

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from sightline.dataset.reading import measure
from sightline.dataset.reading.measures import Measures


def measure_picture(pixels: NDArray[np.uint8], image_format: str) -> Measures:
    picture = Image.fromarray(pixels)
    return measure.measure_picture(picture, picture.convert("L"), image_format)


def textured(height: int = 120, width: int = 160, seed: int = 0) -> NDArray[np.uint8]:
    """A landscape of soft hills with a fine grain on them."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    hills = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), np.float64)
    grain = rng.normal(0, 12, (height, width, 1))
    return np.clip(hills * 0.7 + 40 + grain, 0, 255).astype(np.uint8)


def blurred(pixels: NDArray[np.uint8], radius: float = 2.0) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


@pytest.mark.parametrize("size", [(120, 160), (600, 800), (2600, 2000)], ids=["small", "medium", "large"])
def test_a_blurred_copy_is_far_less_sharp(size: tuple[int, int]) -> None:
    pixels = textured(*size)
    radius = 2.0 * max(1, size[0] // 600)

    assert (
        measure_picture(blurred(pixels, radius), "PNG").sharpness
        < 0.4 * measure_picture(pixels, "PNG").sharpness
    )


def test_exposure_does_not_change_sharpness() -> None:
    pixels = textured()

    darker = measure_picture((pixels * 0.4).astype(np.uint8), "PNG")

    assert darker.sharpness == pytest.approx(measure_picture(pixels, "PNG").sharpness, rel=0.1)
    assert darker.brightness_high < 0.5


def test_known_tones_are_measured_exactly() -> None:
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[:, 50:] = 255

    measures = measure_picture(pixels, "PNG")

    assert (measures.brightness_low, measures.brightness_high) == (0.0, 1.0)
    assert measures.contrast == pytest.approx(0.5)
    assert measures.entropy_bits == pytest.approx(1.0)
    assert measures.colourfulness == 0.0


def test_colourfulness_is_the_distance_between_the_channels() -> None:
    assert measure_picture(np.full((9, 9, 3), (255, 51, 0), np.uint8), "PNG").colourfulness == pytest.approx(
        1.0
    )


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 70), (70, 1), (2, 2), (1, 200_000), (200_000, 1), (4, 2_000_000)]
)
def test_thin_pictures_are_measured_without_a_warning(size: tuple[int, int]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        measures = measure_picture(np.full((*size, 3), 51, np.uint8), "PNG")

    assert measures.brightness_low == measures.brightness_high == pytest.approx(0.2)
    assert measures[4:] == (0.0, 0.0, 0.0, 0.0)


def test_a_thin_picture_has_a_sharpness_too() -> None:
    line = np.zeros((1, 50, 3), np.uint8)
    line[:, ::2] = 255

    assert measure_picture(line, "PNG").sharpness > 1


@pytest.mark.parametrize("place", [(0, 0, 0), (60, 100, 1), (119, 159, 2)], ids=["first", "middle", "last"])
def test_the_digest_tells_a_single_changed_pixel(place: tuple[int, int, int]) -> None:
    pixels = textured()
    other = pixels.copy()
    other[place] ^= 16

    assert measure_picture(pixels, "PNG").pixels_digest != measure_picture(other, "PNG").pixels_digest


def test_the_digest_tells_size_and_order() -> None:
    pixels = textured(128, 128)
    others = [pixels.reshape(64, 256, 3), pixels[::-1], pixels.swapaxes(0, 1), pixels[..., ::-1]]

    digests = {
        measure_picture(np.ascontiguousarray(other), "PNG").pixels_digest for other in [pixels, *others]
    }

    assert len(digests) == 5


def test_the_digest_is_the_same_on_every_machine_and_for_any_memory_layout() -> None:
    pixels = np.arange(200 * 150 * 3, dtype=np.uint64).reshape(200, 150, 3).astype(np.uint8)

    assert measure_picture(pixels, "JPEG").pixels_digest == "ee7256ff1b390d3a"
    assert measure_picture(np.asfortranarray(pixels), "PNG").pixels_digest == "ee7256ff1b390d3a"
