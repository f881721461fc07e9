"""Does the file end where its format says it does, and is it made of a sane number of parts?

A picture that was cut off, or that carries foreign bytes behind its end, is refused: the first would be partly
grey, the second is how archives and scripts travel inside pictures. Padding with 0x00 or 0xFF is let through,
and so are the trailers that phones append to a JPEG (`sightline.images.trailers`). TIFF and BMP have no end
mark; bytes that nothing in them points to are not looked at.

Parts are counted because readers written in Python, Pillow's among them, spend a while on each: a few megabytes
of empty segments would keep a core busy for ten seconds. For the same reason a JPEG's segments are of the kinds that
have a length, since Pillow looks for a marker in every byte of the others, and compressed texts of a PNG are few.
"""

from sightline.errors import ImageDamaged, ImageTooLarge
from sightline.images.plain_jpeg import APP1, FRAMES, PlainJpeg, read_frame
from sightline.images.tags import check_tags
from sightline.images.trailers import PADDING, end_of_jpeg, is_phone_trailer
from sightline.records import ImageLimits

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TIFF = (b"II", b"MM")
_MOST_FILL_BYTES = 64
_MOST_COMPRESSED_TEXTS = 16
"""Each may be a megabyte when it is inflated, which Pillow does before anything else."""
_SEGMENTS = frozenset({*range(0xC0, 0xC8), *range(0xC9, 0xD0), *range(0xDB, 0xF0), 0xFE})
"""Markers of a JPEG, before its first scan, that have a length behind them and a reader in Pillow."""
_TEXTS = (b"zTXt", b"iTXt", b"iCCP")
_EXIF_MARK = b"Exif\0\0"


def check_ending(data: bytes, limits: ImageLimits) -> PlainJpeg | None:
    """Refuse a JPEG, PNG, GIF or WebP that ends before or after its picture does, or has too many parts.

    Returns the header of a plain JPEG; None: for everything else it takes a reader of headers.

    Raises:
        ImageDamaged: `truncated`, `corrupt` or `trailing_data`.
        ImageTooLarge: `too_many_segments`.
    """
    end: int | None
    plain: PlainJpeg | None = None
    if data.startswith(b"\xff\xd8\xff"):
        scan, plain = _walk_jpeg(data, limits.max_segments)
        end = _end_of_jpeg(data, scan)
    elif data.startswith(_PNG_SIGNATURE):
        end = _end_of_png(data, limits.max_segments)
    elif data.startswith((b"GIF87a", b"GIF89a")):
        end = _end_of_gif(data, limits.max_segments)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        end = 8 + int.from_bytes(data[4:8], "little")
    else:
        if data.startswith(_TIFF):
            check_tags(data)
        return None
    if end is None or end > len(data):
        raise ImageDamaged("truncated", "The image ends before its end mark: the file was cut off.")
    trailer = data[end:]
    if trailer.strip(PADDING) and not (data.startswith(b"\xff\xd8") and is_phone_trailer(trailer)):
        raise ImageDamaged(
            "trailing_data",
            f"{len(trailer):,} foreign bytes stand behind the end of the image. Save it anew without them.",
        )
    return plain


def too_many(limit: int) -> ImageTooLarge:
    """The refusal of a file of too many parts."""
    return ImageTooLarge("too_many_segments", f"The image file has more than {limit:,} segments.")


def _end_of_jpeg(data: bytes, scan: int) -> int | None:
    # A file that ends in an end mark is taken at its word: to look for an earlier one costs 0.8 ns a byte, up to
    # a twelfth of decoding.
    if data.endswith(b"\xff\xd9") or data.rstrip(b"\x00").endswith(b"\xff\xd9"):
        return len(data)
    return end_of_jpeg(data, scan)


def _walk_jpeg(data: bytes, most: int) -> tuple[int, PlainJpeg | None]:
    """Walk the segments (ITU-T T.81, annex B) up to the first scan; return its offset, and a plain JPEG's header."""
    position, exif = 2, list[bytes]()
    frames, described = list[PlainJpeg | None](), False
    for _ in range(most):
        start = position
        while data[position : position + 1] == b"\xff":
            position += 1
            if position - start > _MOST_FILL_BYTES:
                raise ImageDamaged("corrupt", "The JPEG is filled with padding between its segments.")
        marker = data[position : position + 1]
        if not marker or marker in (b"\xda", b"\xd9"):
            check_tags(b"".join(exif))  # as Pillow joins them
            return start, frames[0] if len(frames) == 1 and not described else None
        if position == start or marker[0] not in _SEGMENTS:
            raise ImageDamaged("corrupt", f"The JPEG has no segment where one should be, at byte {start:,}.")
        content = position + 3
        position += 1 + int.from_bytes(data[position + 1 : content], "big")
        if marker[0] in FRAMES:
            frames.append(read_frame(marker[0], data[content:position]))
        elif marker[0] == APP1:
            described = True
            if data.startswith(_EXIF_MARK, content):
                exif.append(data[content + len(_EXIF_MARK) : position])
    raise too_many(most)


def _end_of_png(data: bytes, most: int) -> int | None:
    """Walk the chunks (PNG specification, section 5.3) to IEND; return the offset behind it, or None."""
    position, texts = len(_PNG_SIGNATURE), 0
    for _ in range(most):
        end = position + 12 + int.from_bytes(data[position : position + 4], "big")
        if position + 12 > len(data):
            return None
        kind = data[position + 4 : position + 8]
        if kind == b"IEND":
            return end
        texts += kind in _TEXTS
        if texts > _MOST_COMPRESSED_TEXTS:
            raise too_many(_MOST_COMPRESSED_TEXTS)
        position = end
    raise too_many(most)


def _end_of_gif(data: bytes, most: int) -> int | None:
    """Walk the blocks (GIF89a specification) to the trailer; return the offset behind it, or None."""
    # Sub-blocks of pixels hold up to 255 bytes each; a flood of shorter ones is no picture.
    steps_left = most + len(data) // 64
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
                steps_left -= 1
                if steps_left < 0:
                    raise too_many(most)
            position += 1
            steps_left -= 1
    except IndexError:
        return None
    return position + 1


def _colour_table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
