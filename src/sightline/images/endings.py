"""Does the file end where its format says it does?

A picture that was cut off, or that carries foreign bytes behind its end, is refused: the first would be partly
grey, the second is how archives and scripts travel inside pictures. Padding with 0x00 or 0xFF is let through,
and so are the trailers that phones append to a JPEG: further pictures (MPF), a video (motion photo) and
Samsung's own block. TIFF and BMP have no end mark; bytes that nothing in them points to are not looked at.
"""

import re
import struct

from sightline.errors import ImageDamaged

_PADDING = b"\x00\xff"
_JPEG_END = b"\xff\xd9"
_PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_GIF_END = b"\x3b"
# Within entropy-coded data 0xFF is followed by 0x00 (a stuffed byte), a restart mark or another 0xFF.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_START_OF_SCAN = 0xDA
_PHONE_TRAILERS = (
    re.compile(rb"\A[\x00\xff]*\xff\xd8\xff", re.DOTALL),  # another JPEG: multi-picture, depth or gain map
    re.compile(rb"\A[\x00\xff]*.{4}ftyp", re.DOTALL),  # MPEG-4: a motion photo
    re.compile(rb".*SEFT\Z", re.DOTALL),  # Samsung
)


def check_ending(image_format: str, data: bytes) -> None:
    """Refuse a file that ends before or after its picture does.

    Raises:
        ImageDamaged: `truncated` or `trailing_data`.
    """
    if image_format == "JPEG":
        _check_jpeg(data)
    elif image_format == "PNG":
        _check_last_bytes(data, _PNG_END)
    elif image_format == "GIF":
        _check_last_bytes(data, _GIF_END)
    elif image_format == "WEBP":
        _check_length(data, 8 + struct.unpack_from("<I", data, 4)[0])


def _check_jpeg(data: bytes) -> None:
    if data.rstrip(_PADDING[:1]).endswith(_JPEG_END):
        return
    end = _end_of_jpeg(data)
    if end is None:
        raise ImageDamaged("truncated", "The JPEG ends before its end mark: it was cut off.")
    trailer = data[end:]
    if trailer.strip(_PADDING) and not any(known.match(trailer) for known in _PHONE_TRAILERS):
        raise _trailing(len(trailer))


def _end_of_jpeg(data: bytes) -> int | None:
    """Walk the segments to the first end-of-image mark; return the offset behind it, None if there is none."""
    position = 2
    while (found := _NEXT_MARKER.search(data, position)) is not None:
        position = found.end()
        marker = data[position - 1]
        if marker == _JPEG_END[1]:
            return position
        if marker == 0x01:
            continue
        if position + 2 > len(data):
            return None
        position += int.from_bytes(data[position : position + 2], "big")
    return None


def _check_last_bytes(data: bytes, end: bytes) -> None:
    if data.rstrip(_PADDING).endswith(end) or data.endswith(end):
        return
    at = data.rfind(end)
    if at < 0:
        raise ImageDamaged("truncated", "The image ends before its end mark: it was cut off.")
    raise _trailing(len(data) - at - len(end))


def _check_length(data: bytes, declared: int) -> None:
    if len(data) < declared:
        raise ImageDamaged(
            "truncated", f"The image has {len(data):,} of the {declared:,} bytes that it declares."
        )
    if data[declared:].strip(_PADDING):
        raise _trailing(len(data) - declared)


def _trailing(count: int) -> ImageDamaged:
    return ImageDamaged(
        "trailing_data",
        f"{count:,} foreign bytes stand behind the end of the image. Save it anew without them.",
    )
