"""The header of a plain JPEG is what Pillow says of it, and what is not plain is left to Pillow."""

import io

import pytest
from PIL import Image

from pictures import encode, gradient
from sightline.errors import ImageDamaged
from sightline.images import inspect_image
from sightline.images.plain_jpeg import PlainJpeg
from sightline.records import ImageLimits

GREY = gradient(37, 23)[..., 0]


@pytest.mark.parametrize(
    "pixels, options",
    [
        pytest.param(gradient(37, 23), {}, id="colours"),
        pytest.param(GREY, {}, id="grey"),
        pytest.param(gradient(37, 23), {"progressive": True}, id="progressive"),
        pytest.param(gradient(37, 23), {"subsampling": 0, "optimize": True}, id="4:4:4"),
        pytest.param(gradient(37, 23), {"comment": b"\xff\xc0 is no frame here"}, id="comment"),
        pytest.param(gradient(37, 23), {"restart_marker_rows": 1}, id="restarts"),
        pytest.param(gradient(37, 23), {"keep_rgb": True}, id="RGB coded as such"),
    ],
)
def test_it_is_as_pillow_says(pixels, options):
    data = encode(pixels, "JPEG", **options)
    theirs = Image.open(io.BytesIO(data))

    ours = inspect_image(data, ImageLimits()).header

    assert isinstance(ours, PlainJpeg)
    assert (ours.format, ours.mode, ours.size) == (theirs.format, theirs.mode, theirs.size)
    assert bool(ours.info.get("progressive")) == bool(theirs.info.get("progressive"))
    assert dict(ours.getexif()) == dict(theirs.getexif()) == {}


def oriented():
    exif = Image.Exif()
    exif[0x0112] = 6
    return encode(gradient(), "JPEG", exif=exif)


def twelve_bits():
    data = bytearray(encode(gradient(), "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    return bytes(data)


def two_frames():
    data = encode(gradient(), "JPEG")
    start = data.index(b"\xff\xc0")
    return data[:start] + data[start : start + 19] + data[start:]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(oriented(), id="turned"),
        pytest.param(encode(gradient(), "JPEG", xmp=b"<x:xmpmeta tiff:Orientation='6'/>"), id="XMP"),
        pytest.param(encode(Image.fromarray(gradient()).convert("CMYK"), "JPEG"), id="CMYK"),
        pytest.param(two_frames(), id="two frames"),
        pytest.param(encode(gradient()), id="PNG"),
    ],
)
def test_the_rest_is_left_to_pillow(data):
    assert isinstance(inspect_image(data, ImageLimits()).header, Image.Image)


def test_what_is_left_to_pillow_is_refused_by_it():
    with pytest.raises(ImageDamaged, match="its header makes no sense"):
        inspect_image(twelve_bits(), ImageLimits())
