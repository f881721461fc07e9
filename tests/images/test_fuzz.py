"""Mutated files give pixels or an ImageError, nothing else: no other exception, no hang, no odd shape."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pictures import encode, exif_orientation
from sightline.errors import ImageError
from sightline.images import preprocess_image
from sightline.records import ImageLimits, Preprocessing

PICTURE = Image.fromarray(np.random.default_rng(1).integers(0, 256, (24, 31, 3), dtype=np.uint8))
SPEC = Preprocessing(width_px=16, height_px=16, limits=ImageLimits(max_pixels=250_000))
SEEDS = {
    "jpeg": encode(PICTURE, "JPEG", exif=exif_orientation(6)),
    "jpeg-progressive": encode(PICTURE, "JPEG", progressive=True),
    "jpeg-cmyk": encode(PICTURE.convert("CMYK"), "JPEG"),
    "png": encode(PICTURE, exif=exif_orientation(3)),
    "png-palette": encode(PICTURE.quantize(8), transparency=1),
    "png-16": encode(np.full((9, 9), 999, np.uint16)),
    "webp": encode(PICTURE, "WEBP"),
    "webp-lossless": encode(PICTURE.convert("RGBA"), "WEBP", lossless=True),
    "bmp": encode(PICTURE, "BMP"),
    "tiff": encode(PICTURE, "TIFF"),
    "tiff-lzw": encode(PICTURE, "TIFF", compression="tiff_lzw"),
    "tiff-jpeg": encode(PICTURE, "TIFF", compression="jpeg"),
    "gif": encode(PICTURE, "GIF"),
}
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["overwrite", "insert", "delete", "cut"]),
        st.floats(0, 1),
        st.binary(min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=6,
)


def mutate(data, edits):
    for kind, place, patch in edits:
        at = int(place * len(data))
        if kind == "overwrite":
            data = data[:at] + patch + data[at + len(patch) :]
        elif kind == "insert":
            data = data[:at] + patch + data[at:]
        elif kind == "delete":
            data = data[:at] + data[at + len(patch) :]
        else:
            data = data[:at]
    return data


def check_outcome(data):
    try:
        pixels = preprocess_image(data, SPEC)
    except ImageError as err:
        refusal = err
    else:
        assert (pixels.shape, pixels.dtype) == ((16, 16, 3), np.uint8)
        return
    assert refusal.reason
    assert 0 < len(str(refusal)) < 500


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(edits=EDITS)
def test_a_mutated_file_gives_pixels_or_an_image_error(name, edits):
    check_outcome(mutate(SEEDS[name], edits))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_give_an_image_error(data):
    check_outcome(data)
