import io
import struct
import time

import numpy as np
import pytest
from PIL import Image

from pictures import encode, gradient, raw_png
from sightline.errors import ImageDamaged, ImageError, ImageNotSupported, ImageTooLarge, InputError
from sightline.images import decode_image, inspect_image, preprocess_image, read_image_file
from sightline.records import ImageLimits, Preprocessing

SPEC = Preprocessing(width_px=32, height_px=32)
NOISE = np.random.default_rng(3).integers(0, 256, (97, 131, 3), dtype=np.uint8)
ENCODED = {
    "jpeg": encode(NOISE, "JPEG"),
    "jpeg-progressive": encode(NOISE, "JPEG", progressive=True),
    "jpeg-cmyk": encode(Image.fromarray(NOISE).convert("CMYK"), "JPEG"),
    "jpeg-grey": encode(Image.fromarray(NOISE).convert("L"), "JPEG"),
    "png": encode(NOISE),
    "png-palette": encode(Image.fromarray(NOISE).quantize(32)),
    "webp": encode(NOISE, "WEBP"),
    "webp-lossless": encode(NOISE, "WEBP", lossless=True),
    "bmp": encode(NOISE, "BMP"),
    "tiff": encode(NOISE, "TIFF"),
    "tiff-lzw": encode(NOISE, "TIFF", compression="tiff_lzw"),
    "tiff-deflate": encode(NOISE, "TIFF", compression="tiff_adobe_deflate"),
    "tiff-jpeg": encode(NOISE, "TIFF", compression="jpeg"),
    "gif": encode(NOISE, "GIF"),
}


@pytest.mark.parametrize("name", ENCODED)
def test_a_file_cut_off_anywhere_is_refused_whole(name):
    data = ENCODED[name]

    for share in (0.999, 0.95, 0.8, 0.5, 0.2, 0.05, 0.01):
        with pytest.raises(ImageError):
            preprocess_image(data[: int(len(data) * share)], SPEC)


@pytest.mark.parametrize("name", ["jpeg", "jpeg-progressive", "jpeg-cmyk", "png", "webp", "gif", "bmp"])
def test_a_cut_off_file_says_so(name):
    with pytest.raises(ImageDamaged) as refusal:
        preprocess_image(ENCODED[name][: len(ENCODED[name]) // 2], SPEC)

    assert refusal.value.reason == "truncated"


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "gif"])
def test_foreign_bytes_behind_the_end_are_refused(name):
    with pytest.raises(ImageDamaged, match="foreign bytes") as refusal:
        preprocess_image(ENCODED[name] + b"PK\x03\x04 an archive travels along", SPEC)

    assert refusal.value.reason == "trailing_data"


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "gif"])
@pytest.mark.parametrize("padding", [b"\0", b"\xff", b"\0" * 4096])
def test_padding_behind_the_end_is_let_through(name, padding):
    padded = preprocess_image(ENCODED[name] + padding, SPEC)

    assert (padded == preprocess_image(ENCODED[name], SPEC)).all()


@pytest.mark.parametrize(
    "trailer",
    [
        b"\0\0\0\x18ftypmp42" + b"video" * 9,
        b"Image_UTC_Data1700000000000SEFHk\0\0\0SEFT",
        ENCODED["jpeg-grey"] + b"x",
    ],
    ids=["motion-photo", "samsung", "second-picture"],
)
def test_what_phones_append_to_a_jpeg_is_let_through(trailer):
    assert (
        preprocess_image(ENCODED["jpeg"] + trailer, SPEC) == preprocess_image(ENCODED["jpeg"], SPEC)
    ).all()


@pytest.mark.parametrize(
    "data, error, reason",
    [
        (b"", ImageDamaged, "empty"),
        (b"this is text, whatever its name says", ImageNotSupported, "format_not_allowed"),
        (b"<!doctype html><title>404</title>", ImageNotSupported, "format_not_allowed"),
        (b"\xff\xd8\xff", ImageError, None),
        (ENCODED["jpeg"][:160], ImageError, None),
        (ENCODED["png"][:33], ImageDamaged, "truncated"),
        (b"\x89PNG\r\n\x1a\n", ImageError, None),
        (b"GIF89a", ImageError, None),
        (b"RIFF\x00\x00\x00\x00WEBP", ImageError, None),
        (b"%PDF-1.7", ImageNotSupported, "format_not_allowed"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", ImageNotSupported, "format_not_allowed"),
    ],
    ids=[
        "zero-bytes", "text", "html", "jpeg-start-only", "jpeg-header-only", "png-header-only", "png-signature",
        "gif-signature", "riff-only", "pdf", "svg",
    ],
)  # fmt: skip
def test_what_is_no_image_is_refused_with_its_reason(data, error, reason):
    with pytest.raises(error) as refusal:
        decode_image(data, SPEC)

    assert reason is None or refusal.value.reason == reason


@pytest.mark.parametrize("size", [(60_000, 60_000), (2**31 - 1, 2**31 - 1), (8_000, 7_000)])
def test_absurd_dimensions_are_refused_before_decoding(size):
    bomb = raw_png(np.zeros((1, 1, 3), np.uint8), 2, size=size)

    with pytest.raises(ImageTooLarge) as refusal:
        decode_image(bomb, SPEC)

    assert refusal.value.reason == "too_many_pixels"


def test_a_real_decompression_bomb_costs_neither_time_nor_memory():
    bomb = encode(Image.new("1", (12_000, 12_000)), "PNG", optimize=True)
    assert len(bomb) < 50_000

    started = time.process_time()
    with pytest.raises(ImageTooLarge, match=r"too many pixels|12,000"):
        decode_image(bomb, SPEC)
    assert time.process_time() - started < 0.5


def test_the_limit_on_pixels_is_exact():
    picture = encode(np.zeros((10, 10, 3), np.uint8))

    assert inspect_image(picture, ImageLimits(max_pixels=100)).width_px == 10
    with pytest.raises(ImageTooLarge, match="10 × 10 pixels, more than the limit of 99"):
        inspect_image(picture, ImageLimits(max_pixels=99))


def test_the_limit_on_bytes_is_exact():
    picture = encode(gradient())

    assert inspect_image(picture, ImageLimits(max_bytes=len(picture))).width_px == 64
    with pytest.raises(ImageTooLarge, match="more than the limit") as refusal:
        inspect_image(picture, ImageLimits(max_bytes=len(picture) - 1))
    assert refusal.value.reason == "too_many_bytes"


def test_a_progressive_jpeg_with_thousands_of_scans_is_refused():
    data = encode(np.zeros((64, 64), np.uint8), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    scan = data[last:-2]
    bomb = data[:-2] + scan * 5_000 + data[-2:]

    with pytest.raises(ImageTooLarge, match="scans") as refusal:
        decode_image(bomb, SPEC)
    assert refusal.value.reason == "too_many_scans"


@pytest.mark.parametrize("name", ["jpeg", "jpeg-grey", "jpeg-cmyk"])
def test_a_jpeg_overwritten_in_the_middle_is_refused_not_shown_in_grey(name):
    data = bytearray(ENCODED[name])
    middle = len(data) // 2
    data[middle : middle + 64] = b"\xff\x00" * 32

    with pytest.raises(ImageDamaged):
        decode_image(bytes(data), SPEC)


def test_a_png_with_a_flipped_bit_is_refused():
    data = bytearray(ENCODED["png"])
    data[len(data) // 2] ^= 1

    with pytest.raises(ImageDamaged):
        decode_image(bytes(data), SPEC)


def test_a_bmp_that_declares_a_negative_width_is_refused():
    data = bytearray(ENCODED["bmp"])
    struct.pack_into("<i", data, 18, -131)

    with pytest.raises(ImageError):
        decode_image(bytes(data), SPEC)


def test_a_file_is_read_only_if_it_fits(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(ENCODED["png"])

    assert read_image_file(path, ImageLimits()) == ENCODED["png"]
    with pytest.raises(ImageTooLarge, match="more than the limit of 10"):
        read_image_file(path, ImageLimits(max_bytes=10))
    with pytest.raises(InputError, match="There is no file"):
        read_image_file(tmp_path / "absent.png", ImageLimits())
    with pytest.raises(InputError, match="There is no file"):
        read_image_file(tmp_path, ImageLimits())
    path.write_bytes(b"")
    with pytest.raises(ImageDamaged, match="empty"):
        read_image_file(path, ImageLimits())


def test_an_image_error_survives_being_sent_between_processes():
    import pickle

    with pytest.raises(ImageError) as caught:
        decode_image(b"", SPEC)
    copy = pickle.loads(pickle.dumps(caught.value))

    assert (type(copy), copy.reason, str(copy)) == (ImageDamaged, "empty", str(caught.value))


def test_pillow_alone_would_have_let_a_corrupt_jpeg_through():
    """The reason why JPEGs are decoded strictly: this is what a plain loader makes of the same bytes."""
    data = bytearray(ENCODED["jpeg"])
    middle = len(data) // 2
    data[middle : middle + 64] = b"\xff\x00" * 32

    pixels = np.asarray(Image.open(io.BytesIO(bytes(data))))

    assert pixels.shape == NOISE.shape
