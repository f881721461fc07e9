"""Encoded bytes to the network's input, in one place for training, evaluation and production."""

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.errors import ImageDamaged, InputError
from sightline.images.decoding import decode_picture
from sightline.images.formats import InspectedImage, check_bytes, format_of, inspect_image, open_picture
from sightline.images.geometry import place
from sightline.images.orientation import orientation_of, swaps_sides, turn_upright
from sightline.images.stages import Observer
from sightline.records import ImageLimits, Preprocessing

_RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def decode_image(data: bytes, spec: Preprocessing, *, observe: Observer | None = None) -> NDArray[np.uint8]:
    """Decode and turn upright: uint8 `[H, W, 3]`, RGB, 0 to 255.

    A large JPEG comes at 1/2, 1/4 or 1/8 of its size if the specification allows it.
    `observe` is called with (`decode`, pixels as stored) and (`orient`, pixels upright).

    Raises:
        ImageError: one of its subclasses, with the reason; never a partly decoded picture.
    """
    return as_rgb(_decode_upright(data, spec, observe))


def decode_upright(data: bytes, spec: Preprocessing) -> Image.Image:
    """Decode and turn upright, as `decode_image` does, to a picture of mode `L` or `RGB`.

    For those who look at pictures; `as_rgb` gives the pixels of `decode_image`. Raises as it does.
    """
    return _decode_upright(data, spec, None)


def full_size(data: bytes, picture: Image.Image, limits: ImageLimits) -> tuple[int, int]:
    """Width and height in pixels that an upright picture, decoded from `data`, has without any reduction."""
    header = open_picture(data, limits)
    if format_of(header) != "JPEG":
        return picture.size
    width, height = header.size
    return (height, width) if swaps_sides(orientation_of(header)) else (width, height)


def as_rgb(picture: Image.Image) -> NDArray[np.uint8]:
    """Return the pixels of a picture of mode `L` or `RGB`: uint8 `[H, W, 3]`."""
    pixels: NDArray[np.uint8] = np.asarray(picture)
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., np.newaxis], 3, axis=2)


def resize_image(pixels: NDArray[np.uint8], spec: Preprocessing) -> NDArray[np.uint8]:
    """Bring decoded pixels uint8 `[H, W, 3]` to the network's input, uint8 `[height_px, width_px, 3]`.

    One antialiased pass from the source box to the target; what `crop` leaves out is never resized.
    """
    return _resize(Image.fromarray(pixels), spec)


def preprocess_image(
    data: bytes, spec: Preprocessing, *, observe: Observer | None = None
) -> NDArray[np.uint8]:
    """Turn encoded bytes into the network's input: uint8 `[height_px, width_px, 3]`, RGB, 0 to 255.

    The same pixels as `resize_image(decode_image(data, spec), spec)`, at less cost for grey pictures.
    `observe` is called as in `decode_image`, then with (`resize`, the result).

    Raises:
        ImageError: one of its subclasses, with the reason; never a partly decoded picture.
    """
    resized = _resize(_decode_upright(data, spec, observe), spec)
    if observe is not None:
        observe("resize", resized)
    return resized


def preprocess_timed(
    image: bytes | InspectedImage, spec: Preprocessing, *, observe: Observer | None = None
) -> tuple[NDArray[np.uint8], float, float]:
    """Do what `preprocess_image` does, and say how long: (pixels, decode in ms, resize in ms).

    What has been inspected, by the limits of the same specification, is not inspected again.
    """
    started = time.perf_counter()
    upright = _decode_upright(image, spec, observe)
    decoded = time.perf_counter()
    pixels = _resize(upright, spec)
    resized = time.perf_counter()
    if observe is not None:
        observe("resize", pixels)
    return pixels, (decoded - started) * 1e3, (resized - decoded) * 1e3


def read_image_file(path: Path, limits: ImageLimits) -> bytes:
    """Read an encoded picture from disk, its size checked before a byte is read.

    Raises:
        InputError: the file is not there, is no regular file, or may not be read.
        ImageTooLarge: more bytes than the limits allow.
        ImageDamaged: an empty file.
    """
    try:
        if not path.exists():
            raise InputError(f"There is no file '{path}'.")
        if not path.is_file():
            raise InputError(f"'{path}' is no regular file.")
        check_bytes(path.stat().st_size, limits)
        data = path.read_bytes()
    except OSError as err:
        raise InputError(f"'{path}' cannot be read: {err.strerror or err}.") from err
    if not data:
        raise ImageDamaged("empty", f"'{path}' is empty: 0 bytes.")
    return data


def _decode_upright(
    image: bytes | InspectedImage, spec: Preprocessing, observe: Observer | None
) -> Image.Image:
    inspected = inspect_image(image, spec.limits) if isinstance(image, bytes) else image
    stored, mark = decode_picture(inspected.data, inspected.header, spec)
    upright = turn_upright(stored, mark)
    if observe is not None:
        observe("decode", as_rgb(stored))
        observe("orient", as_rgb(upright))
    return upright


def _resize(picture: Image.Image, spec: Preprocessing) -> NDArray[np.uint8]:
    target = place(picture.width, picture.height, spec)
    small = picture.resize(
        (target.width_px, target.height_px), _RESAMPLING[spec.interpolation], box=target.box
    )
    if small.size == (spec.width_px, spec.height_px):
        return as_rgb(small)
    canvas = Image.new("RGB", (spec.width_px, spec.height_px), spec.background)
    canvas.paste(small.convert("RGB"), (target.left_px, target.top_px))
    return as_rgb(canvas)
