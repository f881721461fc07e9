"""Overlays, looked at with arithmetic: colours for every eye, sizes within bounds, marks where they belong."""

import io

import numpy as np
import pytest
from PIL import Image

from brightness import brightness_bundle
from pictures import encode
from sightline.inference import as_png, draw_overlay, draw_pair, load, open_explainer
from sightline.inference.explaining.colours import SCALE, colour

# Machado, Oliveira & Fernandes 2009, A physiologically-based model for simulation of color vision deficiency.
EYES = {
    "usual": np.eye(3),
    "red-blind": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "green-blind": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


def oklab(rgb, eyes=EYES["usual"]):
    """Ottosson 2020: lightness, green to red, blue to yellow."""
    levels = np.asarray(rgb, np.float64) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ np.asarray(eyes).T, 0, 1)
    cones = np.cbrt(
        linear
        @ np.array(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ]
        ).T
    )
    return (
        cones
        @ np.array(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ]
        ).T
    )


@pytest.fixture(scope="module")
def explainer(tmp_path_factory):
    return open_explainer(load(brightness_bundle(tmp_path_factory.mktemp("b") / "b", crop=1.0)))


def square(width=200, height=200, x=150, y=50):
    pixels = np.full((height, width, 3), 30, np.uint8)
    pixels[y - 20 : y + 20, x - 20 : x + 20] = 255
    return encode(pixels)


def test_the_steps_of_the_scale_look_equally_large():
    steps = np.linalg.norm(np.diff(oklab(SCALE), axis=0), axis=1)

    assert steps.max() / steps.min() < 1.2


@pytest.mark.parametrize("eyes", EYES.values(), ids=EYES)
def test_hotter_is_lighter_for_every_eye(eyes):
    assert (np.diff(oklab(SCALE, eyes)[:, 0]) > 0).all()


@pytest.mark.parametrize("eyes", EYES.values(), ids=EYES)
def test_what_counts_is_never_grey(eyes):
    lab = oklab(SCALE, eyes)

    assert np.hypot(lab[9:, 1], lab[9:, 2]).min() > 0.05
    assert lab[0, 2] < -0.1 < 0.1 < lab[-1, 2]  # from blue to yellow


def test_colours_lie_on_straight_lines_between_those_of_the_table():
    assert np.array_equal(colour(np.array([0, 1], np.float32)), SCALE[[0, -1]])
    assert colour(np.array(1 / 32, np.float32)) == pytest.approx(SCALE[:2].mean(axis=0))


def test_colour_is_where_the_heat_is(explainer):
    drawn = draw_overlay(explainer.explain(square(), "bright")).astype(int)

    colourful = drawn.max(axis=2) - drawn.min(axis=2)
    side = len(drawn)
    assert np.median(colourful[side // 4 - 30 : side // 4 + 30, 3 * side // 4]) > 60
    assert colourful[3 * side // 4 :, : side // 4].max() < 30


def test_a_coloured_picture_is_grey_below_its_heat(explainer):
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[..., 0] = 200

    drawn = draw_overlay(explainer.explain(encode(pixels), "dark"))

    assert (drawn == drawn[..., :1]).all()


@pytest.mark.parametrize(
    "size, drawn",
    [
        ((40, 20), (384, 192)),
        ((600, 500), (600, 500)),
        ((3000, 1500), (1024, 512)),
        ((9000, 2), (1024, 96)),
        ((2, 900), (96, 900)),
    ],
    ids=["small", "usual", "large", "thin", "thin and upright"],
)
def test_an_overlay_is_neither_tiny_nor_huge(explainer, size, drawn):
    picture = encode(np.full((size[1], size[0], 3), 90, np.uint8))

    assert draw_overlay(explainer.explain(picture, "bright")).shape == (drawn[1], drawn[0], 3)


@pytest.mark.parametrize("upright", [False, True])
def test_the_ring_is_whole_in_the_narrowest_picture(explainer, upright):
    pixels = np.full((2, 9000, 3), 30, np.uint8)
    pixels[:, 6000:6600] = 255
    data = encode(pixels.transpose(1, 0, 2) if upright else pixels)
    found = explainer.explain(data, "bright", method="class_activation")

    drawn = draw_overlay(found)
    drawn = drawn.transpose(1, 0, 2) if upright else drawn

    peak = found.peak[::-1] if upright else found.peak
    across, down = peak[0] * 1024 / 9000, peak[1] * 96 / 2
    black = np.argwhere((drawn == 0).all(axis=2))
    distances = np.hypot(black[:, 1] - across, black[:, 0] - down)
    assert len(black) > 100
    assert np.abs(distances - 0.03 * 1024).max() < 7
    assert np.ptp(black[:, 0]) > 50  # above the peak and below it


def test_what_was_not_seen_is_darker(tmp_path):
    cropped = open_explainer(load(brightness_bundle(tmp_path / "b", resize="shortest", crop=1.0)))
    picture = encode(np.full((400, 800, 3), 200, np.uint8))

    drawn = draw_overlay(cropped.explain(picture, "dark"))

    assert drawn[:, 202:598].min() == 200
    assert drawn[:, :198].max() < 150
    assert drawn[:, 602:].max() < 150


def test_the_pair_is_the_picture_and_its_overlay(explainer):
    found = explainer.explain(square(400, 400), "bright")

    pair = draw_pair(found)

    assert np.array_equal(pair[:, :400], np.asarray(found.picture.convert("RGB")))
    assert np.array_equal(pair[:, 408:], draw_overlay(found))


def test_png_keeps_every_pixel(explainer):
    drawn = draw_overlay(explainer.explain(square(), "bright"))

    assert np.array_equal(np.asarray(Image.open(io.BytesIO(as_png(drawn)))), drawn)
