import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from pictures import encode, gradient, png_chunk, raw_png
from sightline.errors import ImageNotSupported
from sightline.images import decode_image
from sightline.records import Preprocessing

SPEC = Preprocessing(width_px=32, height_px=32, jpeg_reduction=None)
ON_GREEN = SPEC.model_copy(update={"background": (0, 255, 0)})
GREY = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4


@pytest.mark.parametrize("image_format", ["PNG", "BMP", "TIFF", "GIF"])
def test_grey_becomes_three_equal_channels(image_format):
    decoded = decode_image(encode(GREY, image_format), SPEC)

    assert (decoded == GREY[..., None]).all()
    assert decoded.shape == (8, 8, 3)


def test_grey_jpeg_becomes_three_equal_channels():
    decoded = decode_image(encode(GREY, "JPEG", quality=100), SPEC)

    assert (decoded == decoded[..., :1]).all()
    assert abs(decoded[..., 0].astype(int) - GREY).max() <= 3


def test_one_bit_becomes_black_and_white():
    bits = Image.fromarray(GREY).convert("1", dither=Image.Dither.NONE)

    assert set(np.unique(decode_image(encode(bits), SPEC))) == {0, 255}


def test_palette_becomes_its_colours():
    picture = Image.fromarray(gradient()).quantize(16)

    decoded = decode_image(encode(picture), SPEC)

    assert (decoded == np.asarray(picture.convert("RGB"))).all()


def test_transparent_palette_entry_shows_the_background():
    picture = Image.new("P", (4, 4), 0)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putpixel((1, 2), 1)

    decoded = decode_image(encode(picture, transparency=0), ON_GREEN)

    assert tuple(decoded[0, 0]) == (0, 255, 0)
    assert tuple(decoded[2, 1]) == (0, 0, 255)


def test_alpha_is_laid_over_the_background():
    rgba = np.zeros((2, 2, 4), np.uint8)
    rgba[0, 0] = (255, 0, 0, 255)
    rgba[0, 1] = (255, 0, 0, 0)
    rgba[1, 0] = (255, 0, 0, 128)

    decoded = decode_image(encode(rgba), ON_GREEN)

    assert tuple(decoded[0, 0]) == (255, 0, 0)
    assert tuple(decoded[0, 1]) == (0, 255, 0)
    assert tuple(decoded[1, 0]) == (128, 127, 0)


def test_the_default_background_is_white():
    transparent = np.zeros((2, 2, 4), np.uint8)

    assert (decode_image(encode(transparent), SPEC) == 255).all()


@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_grey_with_alpha_is_laid_over_the_background(image_format):
    picture = Image.merge("LA", [Image.new("L", (2, 2), 10), Image.new("L", (2, 2), 0)])

    assert tuple(decode_image(encode(picture, image_format), ON_GREEN)[0, 0]) == (0, 255, 0)


def test_colour_key_of_a_png_is_transparent():
    picture = Image.new("RGB", (2, 2), (1, 2, 3))
    picture.putpixel((0, 0), (200, 0, 0))

    decoded = decode_image(encode(picture, transparency=(1, 2, 3)), ON_GREEN)

    assert tuple(decoded[0, 0]) == (200, 0, 0)
    assert tuple(decoded[1, 1]) == (0, 255, 0)


def test_colour_key_of_a_sixteen_bit_grey_png_is_transparent():
    deep = np.array([[[0x1234], [0x1235]]], np.uint16)

    decoded = decode_image(raw_png(deep, 0, key=b"\x12\x34"), ON_GREEN)

    assert decoded.tolist() == [[[0, 255, 0], [0x12, 0x12, 0x12]]]


def test_colour_key_of_a_sixteen_bit_rgb_png_is_refused():
    deep = np.zeros((2, 2, 3), np.uint16)

    with pytest.raises(ImageNotSupported, match="colour key"):
        decode_image(raw_png(deep, 2, key=b"\0" * 6), SPEC)


@pytest.mark.parametrize("bits", [2, 4])
def test_colour_key_of_a_shallow_grey_png_is_transparent(bits):
    # Four or two pixels to a byte: 0 and the key 1 alternate.
    packed = {2: 0b00010001, 4: 0b00000001}[bits]
    header = struct.pack(">IIBBBBB", 2, 1, bits, 0, 0, 0, 0)
    data = (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"tRNS", b"\0\1")
        + png_chunk(b"IDAT", zlib.compress(bytes([0, packed])))
        + png_chunk(b"IEND", b"")
    )

    assert decode_image(data, ON_GREEN).tolist() == [[[0, 0, 0], [0, 255, 0]]]


@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_sixteen_bit_grey_keeps_its_high_byte(image_format):
    deep = (np.arange(64, dtype=np.uint16).reshape(8, 8) * 1023 + 77).astype(np.uint16)

    decoded = decode_image(encode(deep, image_format), SPEC)

    assert (decoded == (deep >> 8)[..., None]).all()


@pytest.mark.parametrize("channels, colour_type", [(3, 2), (4, 6), (2, 4)], ids=["rgb", "rgba", "la"])
def test_sixteen_bit_png_keeps_the_high_byte_of_each_channel(channels, colour_type):
    rng = np.random.default_rng(5)
    deep = rng.integers(0, 65536, (6, 7, channels), dtype=np.uint16)
    if channels != 3:
        deep[..., -1] = 65535

    decoded = decode_image(raw_png(deep, colour_type), SPEC)

    colours = deep[..., :3] if channels > 2 else deep[..., :1]
    assert (decoded == colours >> 8).all()


def _inks():
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[:8, :8], inks[:8, 8:], inks[8:, :8], inks[8:, 8:] = (
        (200, 0, 0, 0),
        (0, 180, 0, 40),
        (0, 0, 220, 0),
        (30, 60, 90, 120),
    )
    return inks


def _expected_rgb(inks):
    paper = 255.0 - inks
    return paper[..., :3] * paper[..., 3:] / 255


def test_cmyk_jpeg_with_adobe_mark_is_read_as_inverted():
    data = encode(Image.fromarray(_inks(), "CMYK"), "JPEG", quality=100, subsampling=0)
    assert b"Adobe" in data

    assert np.abs(decode_image(data, SPEC) - _expected_rgb(_inks())).max() <= 4


def test_cmyk_jpeg_without_adobe_mark_is_read_as_it_stands():
    stored_upright = Image.fromarray(255 - _inks(), "CMYK")  # Pillow inverts on saving
    data = encode(stored_upright, "JPEG", quality=100, subsampling=0)
    start = data.index(b"\xff\xee")
    without_mark = data[:start] + data[start + 16 :]
    assert b"Adobe" not in without_mark

    assert np.abs(decode_image(without_mark, SPEC) - _expected_rgb(_inks())).max() <= 4


def test_ycck_jpeg_is_read_like_cmyk():
    # YCCK is CMYK with the colours as YCbCr; Adobe marks it with transform 2. Pillow inverts on saving.
    inks = _inks()
    as_ycc = np.asarray(Image.fromarray(inks[..., :3]).convert("YCbCr"))
    stored = Image.fromarray(np.dstack([255 - as_ycc, inks[..., 3]]), "CMYK")
    data = bytearray(encode(stored, "JPEG", quality=100, subsampling=0))
    transform = data.index(b"Adobe") + 11
    assert data[transform] == 0
    data[transform] = 2

    assert np.abs(decode_image(bytes(data), SPEC) - _expected_rgb(inks)).max() <= 6


def test_cmyk_tiff_is_converted():
    decoded = decode_image(encode(Image.fromarray(_inks(), "CMYK"), "TIFF"), SPEC)

    assert np.abs(decoded - _expected_rgb(_inks())).max() <= 2


@pytest.mark.parametrize("mode", ["I", "F", "LAB"])
def test_pixels_without_a_natural_range_are_refused(mode):
    data = encode(Image.new(mode, (4, 4)), "TIFF")

    with pytest.raises(ImageNotSupported, match="no natural range") as refusal:
        decode_image(data, SPEC)
    assert refusal.value.reason == "pixel_format"


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_an_embedded_colour_profile_changes_nothing(image_format):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()

    plain = decode_image(encode(gradient(), image_format), SPEC)
    with_profile = decode_image(encode(gradient(), image_format, icc_profile=profile), SPEC)

    assert (plain == with_profile).all()
