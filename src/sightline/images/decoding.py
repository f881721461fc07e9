"""Bytes to a loaded picture: JPEG through libjpeg-turbo, everything else through Pillow."""

import simplejpeg
from PIL import Image

from sightline.errors import ImageDamaged, ImageNotSupported, ImageReason
from sightline.images.colour import rgb_from_cmyk, to_grey_or_rgb
from sightline.images.formats import Header, format_of
from sightline.images.geometry import jpeg_reduction
from sightline.images.orientation import orientation_of, swaps_sides
from sightline.images.plain_jpeg import PlainJpeg
from sightline.images.png import check_rows, grey_with_key
from sightline.images.tiff import check_tiff
from sightline.records import Preprocessing

_JPEG_COLOURS = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}


def decode_picture(data: bytes, header: Header, spec: Preprocessing) -> tuple[Image.Image, int]:
    """Decode completely or not at all.

    Returns the picture in mode `L` or `RGB` as stored, and the orientation that is still to be applied.

    Raises:
        ImageDamaged, ImageNotSupported: see `sightline.errors`.
    """
    if isinstance(header, PlainJpeg) or format_of(header) == "JPEG":
        mark = orientation_of(header)
        return _decode_jpeg(data, header, mark, spec), mark
    return to_grey_or_rgb(_load_whole(data, header, spec), spec.background), orientation_of(header)


def _load_whole(data: bytes, header: Image.Image, spec: Preprocessing) -> Image.Image:
    image_format = format_of(header)
    if image_format == "TIFF":
        check_tiff(header, data, spec.limits)
    if image_format == "PNG":
        check_rows(data, header.width, header.height)
    _load(header)
    return grey_with_key(header, data) if image_format == "PNG" else header


def _load(picture: Image.Image) -> None:
    try:
        picture.load()
    except Exception as err:  # Pillow's decoders raise whatever hostile bytes make them stumble over
        raise _damage(str(picture.format), err) from err


def _decode_jpeg(data: bytes, header: Header, mark: int, spec: Preprocessing) -> Image.Image:
    width, height = header.size
    upright = (height, width) if swaps_sides(mark) else (width, height)
    reduction = jpeg_reduction(*upright, spec)
    colours = _JPEG_COLOURS.get(header.mode)
    if colours is None:
        raise ImageNotSupported("pixel_format", f"A JPEG with pixels of the kind {header.mode!r}.")
    try:
        # Strict: libjpeg only warns of corrupt or missing data and fills the rest with grey.
        pixels = simplejpeg.decode_jpeg(
            data,
            colours,
            min_width=-(-width // reduction),
            min_height=-(-height // reduction),
            strict=True,
        )
    except ValueError as err:
        raise _damage("JPEG", err) from err
    if colours == "CMYK":
        pixels = rgb_from_cmyk(pixels, inverted="adobe" in header.info)
    return Image.fromarray(pixels[..., 0] if colours == "GRAY" else pixels)


def _damage(image_format: str, err: Exception) -> ImageDamaged:
    cut_off = any(sign in str(err).lower() for sign in ("truncated", "premature end"))
    reason: ImageReason = "truncated" if cut_off else "corrupt"
    return ImageDamaged(reason, f"The {image_format} image does not decode: {err}")
