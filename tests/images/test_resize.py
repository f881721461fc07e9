import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from pictures import encode, gradient
from sightline.images import decode_image, preprocess_image, resize_image
from sightline.images.geometry import jpeg_reduction, place
from sightline.records import Preprocessing


def smooth(width, height):
    return np.asarray(Image.fromarray(gradient()).resize((width, height), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(500, 375), (375, 500), (90, 700), (256, 256), (60, 40)])
def test_shortest_equals_resize_shorter_side_then_centre_crop(size, interpolation):
    pixels = smooth(*size)
    spec = Preprocessing(width_px=224, height_px=224, crop=0.875, interpolation=interpolation)

    one_pass = resize_image(pixels, spec)

    scale = 256 / min(size)
    resampling = getattr(Image.Resampling, interpolation.upper())
    whole = Image.fromarray(pixels).resize((round(size[0] * scale), round(size[1] * scale)), resampling)
    left, top = (whole.width - 224) / 2, (whole.height - 224) / 2
    two_passes = np.asarray(whole.crop((round(left), round(top), round(left) + 224, round(top) + 224)))
    assert abs(one_pass.astype(int) - two_passes).max() <= 4


def test_squash_takes_the_whole_picture():
    pixels = smooth(500, 200)
    spec = Preprocessing(width_px=64, height_px=64, resize="squash")

    expected = Image.fromarray(pixels).resize((64, 64), Image.Resampling.BILINEAR)
    assert (resize_image(pixels, spec) == np.asarray(expected)).all()


def test_letterbox_keeps_the_aspect_and_fills_the_bars():
    pixels = np.zeros((50, 200, 3), np.uint8)
    spec = Preprocessing(width_px=64, height_px=64, resize="letterbox", background=(9, 8, 7))

    boxed = resize_image(pixels, spec)

    assert (boxed[:24] == (9, 8, 7)).all()
    assert (boxed[24:40] == 0).all()
    assert (boxed[40:] == (9, 8, 7)).all()


def test_letterbox_of_a_grey_picture_has_coloured_bars():
    grey = encode(np.zeros((50, 200), np.uint8))
    spec = Preprocessing(width_px=64, height_px=64, resize="letterbox", background=(9, 8, 7))

    assert tuple(preprocess_image(grey, spec)[0, 0]) == (9, 8, 7)


def test_shrinking_is_antialiased():
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    spec = Preprocessing(width_px=64, height_px=64, crop=1.0)

    assert abs(resize_image(stripes, spec).astype(int) - 127).max() <= 8


def test_a_target_that_is_not_square_keeps_the_aspect():
    spec = Preprocessing(width_px=120, height_px=60, crop=1.0)

    left, top, right, bottom = place(300, 300, spec).box

    assert (left, right) == (0, 300)
    assert (top, bottom) == (75, 225)


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (3, 2)])
@pytest.mark.parametrize("resize", ["shortest", "squash", "letterbox"])
def test_extreme_shapes_still_fill_the_target(size, resize):
    pixels = np.full((size[1], size[0], 3), 77, np.uint8)
    spec = Preprocessing(width_px=32, height_px=16, resize=resize, background=(77, 77, 77))

    assert (resize_image(pixels, spec) == 77).all()


@pytest.mark.parametrize(
    "data", [encode(smooth(300, 200)), encode(smooth(300, 200)[..., 0])], ids=["rgb", "grey"]
)
def test_both_ways_to_the_input_give_the_same_pixels(data):
    spec = Preprocessing(width_px=96, height_px=64)

    assert (preprocess_image(data, spec) == resize_image(decode_image(data, spec), spec)).all()


@pytest.mark.parametrize(
    "size, margin, reduction",
    [
        ((4000, 3000), 2.0, 4),
        ((4000, 3000), 1.0, 8),
        ((4000, 3000), None, 1),
        ((1200, 1024), 2.0, 2),
        ((1200, 1023), 2.0, 1),
        ((500, 375), 1.0, 1),
        ((40000, 3000), 1.0, 8),
    ],
)
def test_a_jpeg_shrinks_while_decoding_as_far_as_the_margin_allows(size, margin, reduction):
    spec = Preprocessing(width_px=224, height_px=224, crop=0.875, jpeg_reduction=margin)

    assert jpeg_reduction(*size, spec) == reduction


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_reduced_decoding_stays_close_to_the_full_one(mode):
    data = encode(Image.fromarray(smooth(1601, 1203)).convert(mode), "JPEG", quality=95)
    reduced = Preprocessing(width_px=112, height_px=112, jpeg_reduction=2.0)
    full = reduced.model_copy(update={"jpeg_reduction": None})

    assert decode_image(data, full).shape == (1203, 1601, 3)
    assert decode_image(data, reduced).shape == (301, 401, 3)
    assert abs(preprocess_image(data, reduced).astype(int) - preprocess_image(data, full)).max() <= 3


def test_the_digest_names_the_specification():
    spec = Preprocessing(width_px=32, height_px=32)

    assert spec.digest() == Preprocessing.model_validate_json(spec.model_dump_json()).digest()
    assert spec.digest() != spec.model_copy(update={"interpolation": "bicubic"}).digest()


@pytest.mark.parametrize(
    "field, value",
    [
        ("width_px", 0),
        ("crop", 0),
        ("crop", 1.5),
        ("interpolation", "lanczos"),
        ("jpeg_reduction", 0.5),
        ("mean", 1),
    ],
)
def test_a_specification_that_makes_no_sense_is_refused(field, value):
    with pytest.raises(ValidationError, match=field):
        Preprocessing.model_validate({"width_px": 32, "height_px": 32, field: value})
