"""Does the file end where its format says it does?

A picture that was cut off, or that carries foreign bytes behind its end, is refused: the first would be partly
grey, the second is how archives and scripts travel inside pictures. Padding with 0x00 or 0xFF is let through,
and so are the trailers that phones append to a JPEG: further pictures (MPF), a video (motion photo) and
Samsung's own block. TIFF and BMP have no end mark; bytes that nothing in them points to are not looked at.
"""

import re

from sightline.errors import ImageDamaged

_PADDING = b"\x00\xff"
_JPEG_END = b"\xff\xd9"
_PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
# Within entropy-coded data 0xFF is followed by 0x00 (a stuffed byte), a restart mark or another 0xFF.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_PHONE_TRAILERS = (
    re.compile(rb"\A[\x00\xff]*\xff\xd8\xff", re.DOTALL),  # another JPEG: multi-picture, depth or gain map
    re.compile(rb"\A[\x00\xff]*.{4}ftyp", re.DOTALL),  # MPEG-4: a motion photo
    re.compile(rb".*SEFT\Z", re.DOTALL),  # Samsung
)


def check_ending(data: bytes) -> None:
    """Refuse a JPEG, PNG, GIF or WebP that ends before or after its picture does.

    Raises:
        ImageDamaged: `truncated` or `trailing_data`.
    """
    end: int | None
    if data.startswith(b"\xff\xd8\xff"):
        # Most files end on the spot: the walk through the data is for the others.
        end = len(data) if data.rstrip(b"\x00").endswith(_JPEG_END) else _end_of_jpeg(data)
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        at = data.find(_PNG_END)
        end = None if at < 0 else at + len(_PNG_END)
    elif data.startswith((b"GIF87a", b"GIF89a")):
        end = _end_of_gif(data)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        end = 8 + int.from_bytes(data[4:8], "little")
    else:
        return
    _compare(data, end)


def _compare(data: bytes, end: int | None) -> None:
    if end is None or end > len(data):
        raise ImageDamaged("truncated", "The image ends before its end mark: the file was cut off.")
    trailer = data[end:]
    if not trailer.strip(_PADDING):
        return
    if data.startswith(b"\xff\xd8") and any(known.match(trailer) for known in _PHONE_TRAILERS):
        return
    raise ImageDamaged(
        "trailing_data",
        f"{len(trailer):,} foreign bytes stand behind the end of the image. Save it anew without them.",
    )


def _end_of_jpeg(data: bytes) -> int | None:
    """Walk the segments (ITU-T T.81, annex B) to the first end-of-image mark; the offset behind it, or None."""
    position = 2
    while (found := _NEXT_MARKER.search(data, position)) is not None:
        position = found.end()
        marker = data[position - 1]
        if marker == _JPEG_END[1]:
            return position
        if marker != 0x01:
            position += int.from_bytes(data[position : position + 2], "big")
    return None


def _end_of_gif(data: bytes) -> int | None:
    """Walk the blocks (GIF89a specification) to the trailer; the offset behind it, or None."""
    try:
        position = 13 + _colour_table(data[10])
        while data[position] != 0x3B:
            if data[position] == 0x2C:
                position += 11 + _colour_table(data[position + 9])
            elif data[position] == 0x21:
                position += 2
            else:
                raise ImageDamaged("corrupt", f"The GIF has no block of the kind {data[position]:#04x}.")
            while data[position]:
                position += 1 + data[position]
            position += 1
    except IndexError:
        return None
    return position + 1


def _colour_table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
