import io
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from pictures import encode, gradient, png_chunk, raw_png
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


VIDEO = b"\0\0\0\x18ftypmp42" + b"\0" * 12 + b"\0\0\0\x10mdat" + b"8 bytes."
SAMSUNG = b"Image_UTC_Data1700000000000" + b"SEFHk\0\0\0" + (8).to_bytes(4, "little") + b"SEFT"


@pytest.mark.parametrize(
    "trailer",
    [VIDEO, b"\0" * 7 + VIDEO, SAMSUNG, ENCODED["jpeg-grey"], b"\0" * 5 + ENCODED["jpeg-grey"] + VIDEO],
    ids=["motion-photo", "padded-motion-photo", "samsung", "second-picture", "picture-and-video"],
)
def test_what_phones_append_to_a_jpeg_is_let_through(trailer):
    assert (
        preprocess_image(ENCODED["jpeg"] + trailer, SPEC) == preprocess_image(ENCODED["jpeg"], SPEC)
    ).all()


ARCHIVE = b"PK\x03\x04 an archive" * 50


@pytest.mark.parametrize(
    "trailer",
    [
        b"\xff\xd8\xff" + ARCHIVE,
        b"\0\0\0\0ftyp" + ARCHIVE,
        b"\0\0\0\x18ftypmp42" + b"\0" * 12 + ARCHIVE,
        b"<?php evil() ?>SEFT",
        VIDEO + ARCHIVE,
    ],
)
def test_what_only_looks_like_a_phones_trailer_is_refused(trailer):
    with pytest.raises(ImageDamaged) as refusal:
        preprocess_image(ENCODED["jpeg"] + trailer, SPEC)

    assert refusal.value.reason == "trailing_data"


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("rows", [0, 1, 25, 49])
def test_a_png_that_lacks_rows_is_refused_not_shown_in_black(rows, interlaced):
    pixels = NOISE[:50, :50]
    whole = raw_png(pixels, 2, interlaced=interlaced)

    assert (decode_image(whole, SPEC) == pixels).all()
    with pytest.raises(ImageDamaged) as refusal:
        decode_image(raw_png(pixels, 2, interlaced=interlaced, keep_bytes=rows * 151), SPEC)
    assert refusal.value.reason == "truncated"


def test_an_end_mark_within_a_chunk_is_not_the_end():
    inside = png_chunk(b"tEXt", b"comment\0" + encode(gradient()))
    data = ENCODED["png"][:33] + inside + ENCODED["png"][33:]

    assert (decode_image(data, SPEC) == NOISE).all()


def tags(count):
    """A TIFF whose directory has so many tags, each of more data than there are."""
    entries = b"".join(struct.pack("<HHII", 400 + index, 2, 20_000_000, 8) for index in range(count))
    return b"II*\0" + struct.pack("<IH", 8, count) + entries + bytes(4)


def exif_segments(data):
    pieces = [b"Exif\0\0" + data[start : start + 65_000] for start in range(0, len(data), 65_000)]
    return b"".join(b"\xff\xe1" + struct.pack(">H", len(piece) + 2) + piece for piece in pieces)


def compressed_text():
    return png_chunk(b"zTXt", b"comment\0\0" + zlib.compress(bytes(1_000_000)))


def floods():
    jpeg, png, gif = ENCODED["jpeg"], ENCODED["png"], ENCODED["gif"]
    return {
        "jpeg-segments": jpeg[:2] + b"\xff\xe3\x00\x02" * 200_000 + jpeg[2:],
        "jpeg-markers-without-length": jpeg[:2] + b"\xff\xd0" * 500_000 + jpeg[2:],
        "jpeg-reserved-segments": jpeg[:2] + (b"\xff\xf0\xff\xfe" + bytes(0xFFFC)) * 300 + jpeg[2:],
        "jpeg-exif-tags": jpeg[:2] + exif_segments(tags(60_000)) + jpeg[20:],  # in place of JFIF with its dpi
        "png-compressed-texts": png[:33] + compressed_text() * 60 + png[33:],
        "tiff-tags": tags(60_000),
        "jpeg-fill": jpeg[:2] + b"\xff" * 2_000_000 + jpeg[2:],
        "png-chunks": png[:33] + png_chunk(b"tEXt", b"") * 200_000 + png[33:],
        "gif-blocks": gif[:-1] + b"\x21\xfe" + b"\x01x" * 500_000 + b"\0" + b"\x3b",
    }


@pytest.mark.parametrize("name", floods())
def test_a_flood_of_empty_parts_is_refused_at_once(name):
    data = floods()[name]
    started = time.process_time()

    with pytest.raises(ImageError) as refusal:
        decode_image(data, SPEC)

    assert refusal.value.reason in ("too_many_segments", "corrupt")
    assert time.process_time() - started < 1


def tiff(pixels, **tags):
    """An uncompressed TIFF in one strip, with some tags set to what they should not be."""
    data = bytearray(encode(pixels, "TIFF"))
    directory = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[directory : directory + 2], "little")
    for index in range(count):
        at = directory + 2 + 12 * index
        name = f"t{int.from_bytes(data[at : at + 2], 'little')}"
        if name in tags:
            data[at + 8 : at + 12] = tags.pop(name).to_bytes(4, "little")
    assert not tags
    return bytes(data)


@pytest.mark.parametrize(
    "data, error, reason",
    [
        (tiff(NOISE, t273=0), ImageDamaged, "truncated"),
        (tiff(NOISE, t273=10_000_000), ImageDamaged, "truncated"),
        (tiff(np.full((8, 8), 4660, np.uint16), t262=0), ImageNotSupported, "pixel_format"),
    ],
    ids=["no-strip", "strip-outside", "sixteen-bit-white-is-zero"],
)
def test_a_tiff_that_pillow_would_misread_is_refused(data, error, reason):
    with pytest.raises(error) as refusal:
        decode_image(data, SPEC)

    assert refusal.value.reason == reason


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
    with pytest.raises(ImageTooLarge, match="more pixels than the limit of 50,000,000"):
        decode_image(bomb, SPEC)
    assert time.process_time() - started < 0.5


def test_the_limit_on_pixels_is_exact():
    picture = encode(np.zeros((10, 10, 3), np.uint8))

    assert inspect_image(picture, ImageLimits(max_pixels=100)).pixels == 100
    with pytest.raises(ImageTooLarge, match="10 × 10 pixels, more than the limit of 99"):
        inspect_image(picture, ImageLimits(max_pixels=99))


def test_the_limit_on_bytes_is_exact():
    picture = encode(gradient())

    assert inspect_image(picture, ImageLimits(max_bytes=len(picture))).pixels == 64 * 48
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
    with pytest.raises(InputError, match="is no regular file"):
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
