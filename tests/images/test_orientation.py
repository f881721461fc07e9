import numpy as np
import pytest
from PIL import Image

from pictures import encode, exif_orientation, gradient
from sightline.images import decode_image, preprocess_image
from sightline.records import Preprocessing

SPEC = Preprocessing(width_px=32, height_px=24, jpeg_reduction=None)
# How a camera with each mark stores the upright picture (EXIF 2.32, tag 0x0112), in numpy's words.
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}
OPTIONS = {"JPEG": {"quality": 95}, "PNG": {}, "WEBP": {"lossless": True}, "TIFF": {}}


@pytest.mark.parametrize("image_format", OPTIONS)
@pytest.mark.parametrize("mark", STORED)
def test_every_orientation_is_turned_upright(mark, image_format):
    upright = gradient()
    stored = np.ascontiguousarray(STORED[mark](upright))

    data = encode(stored, image_format, exif=exif_orientation(mark), **OPTIONS[image_format])

    decoded = decode_image(data, SPEC)
    assert decoded.shape == upright.shape
    assert abs(decoded.astype(int) - upright).max() <= (12 if image_format == "JPEG" else 0)


@pytest.mark.parametrize("mark", [0, 9, 255])
def test_a_mark_outside_one_to_eight_counts_as_upright(mark):
    data = encode(gradient(), "PNG", exif=exif_orientation(mark))

    assert (decode_image(data, SPEC) == gradient()).all()


def test_a_damaged_exif_block_counts_as_upright():
    data = encode(gradient(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff garbage", quality=95)

    assert abs(decode_image(data, SPEC).astype(int) - gradient()).max() <= 12


def test_a_turned_picture_decoded_at_reduced_scale_equals_the_upright_one():
    large = np.asarray(Image.fromarray(gradient()).resize((1600, 1200), Image.Resampling.BICUBIC))
    spec = SPEC.model_copy(update={"jpeg_reduction": 2.0})
    turned = encode(np.ascontiguousarray(np.rot90(large)), "JPEG", exif=exif_orientation(6), quality=95)

    difference = preprocess_image(turned, spec).astype(int) - preprocess_image(
        encode(large, "JPEG", quality=95), spec
    )

    assert abs(difference).max() <= 3
