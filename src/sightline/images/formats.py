"""What a picture claims to be: its header, judged by content and against the limits, before any decoding."""

import io
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from sightline.errors import ImageDamaged, ImageNotSupported, ImageTooLarge
from sightline.images.endings import check_ending
from sightline.images.plain_jpeg import PlainJpeg
from sightline.records import ImageLimits

# A multi-picture JPEG (MPO, as phones write it) is a JPEG with more pictures behind it; the first is taken.
_ALIASES = {"MPO": "JPEG"}
_START_OF_SCAN = b"\xff\xda"
# Unmistakable beginnings: what has one and still is not recognised is damaged, not foreign.
_SIGNATURES = {"PNG": b"\x89PNG\r\n\x1a\n", "JPEG": b"\xff\xd8\xff", "GIF": b"GIF8"}


Header = Image.Image | PlainJpeg


@dataclass(frozen=True)
class InspectedImage:
    """An encoded picture within limits, its header read and nothing decoded; to be decoded once."""

    data: bytes
    header: Header

    @property
    def format(self) -> str:
        """The format's name as the limits spell it."""
        return format_of(self.header)

    @property
    def pixels(self) -> int:
        """As many as it declares."""
        return self.header.width * self.header.height


def inspect_image(data: bytes, limits: ImageLimits) -> InspectedImage:
    """Check an encoded picture against the limits without decoding it.

    Raises:
        ImageTooLarge: too many bytes, declared pixels or progressive scans.
        ImageNotSupported: no allowed format, judged by content.
        ImageDamaged: nothing there, cut off, or with foreign bytes behind its end.
    """
    return InspectedImage(data, open_picture(data, limits))


def open_picture(data: bytes, limits: ImageLimits) -> Header:
    """Open lazily: the header is read, nothing is decoded. Raises as `inspect_image` does."""
    check_bytes(len(data), limits)
    if not data:
        raise ImageDamaged("empty", "The image is empty: 0 bytes.")
    plain = check_ending(data, limits)
    picture = plain if plain is not None and "JPEG" in limits.formats else _read_header(data, limits)
    _check_pixels(picture.width, picture.height, limits)
    _check_scans(picture, data, limits)
    return picture


def check_bytes(count: int, limits: ImageLimits) -> None:
    """Refuse more encoded bytes than the limits allow."""
    if count > limits.max_bytes:
        raise ImageTooLarge(
            "too_many_bytes",
            f"The image has {count:,} bytes, more than the limit of {limits.max_bytes:,}. "
            "Send a smaller one, or raise max_bytes.",
        )


def format_of(picture: Header) -> str:
    """Return the format's name as the limits spell it."""
    name = picture.format or ""
    return _ALIASES.get(name, name)


def _read_header(data: bytes, limits: ImageLimits) -> Image.Image:
    allowed = ", ".join(limits.formats)
    try:
        return Image.open(io.BytesIO(data), formats=limits.formats)
    except UnidentifiedImageError:
        begun = next((name for name, mark in _SIGNATURES.items() if data.startswith(mark)), None)
        if begun in limits.formats:
            raise ImageDamaged(
                "corrupt", f"It begins as a {begun} does, but its header makes no sense."
            ) from None
        raise ImageNotSupported(
            "format_not_allowed",
            f"The content is no image of an allowed format; it starts with {data[:8]!r}. Allowed: {allowed}.",
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as err:
        raise ImageTooLarge(
            "too_many_pixels", f"The image declares more pixels than the limit of {limits.max_pixels:,}."
        ) from err
    except Exception as err:  # Pillow's header readers raise whatever hostile bytes make them stumble over
        raise ImageDamaged("corrupt", f"The image's header cannot be read: {err}") from err


def _check_pixels(width_px: int, height_px: int, limits: ImageLimits) -> None:
    if width_px < 1 or height_px < 1:
        raise ImageDamaged("corrupt", f"The image declares a size of {width_px} × {height_px} pixels.")
    if width_px * height_px > limits.max_pixels:
        raise ImageTooLarge(
            "too_many_pixels",
            f"The image declares {width_px:,} × {height_px:,} pixels, more than the limit of "
            f"{limits.max_pixels:,} in all. Send a smaller one, or raise max_pixels.",
        )


def _check_scans(picture: Header, data: bytes, limits: ImageLimits) -> None:
    # Each scan of a progressive JPEG costs a pass over the whole picture, so that a few kilobytes of empty
    # scans could keep a core busy for minutes (LJT-01-004 in libjpeg-turbo's security audit).
    if not picture.info.get("progressive"):
        return
    scans = data.count(_START_OF_SCAN)
    if scans > limits.max_scans:
        raise ImageTooLarge(
            "too_many_scans",
            f"The progressive JPEG has {scans:,} scans, more than the limit of {limits.max_scans}.",
        )
