"""How many tags a TIFF, or the Exif of a picture, has: Pillow spends some 30 µs on each, before anything is decoded."""

from typing import Literal

from sightline.errors import ImageTooLarge

_MOST_TAGS = 1_000
_BIG_TIFF = b"+"


def check_tags(tiff: bytes) -> None:
    """Refuse a TIFF structure whose first directory has more tags than any camera or scanner writes.

    What is no TIFF, or has no directory, is let through: its reader says so.

    Raises:
        ImageTooLarge: `too_many_segments`.
    """
    order: Literal["little", "big"] = "little" if tiff[:2] == b"II" else "big"
    at, width = (8, 8) if tiff[2:3] == _BIG_TIFF else (4, 2)
    start = int.from_bytes(tiff[at : at + max(4, width)], order)
    count = int.from_bytes(tiff[start : start + width], order)
    if count > _MOST_TAGS:
        raise ImageTooLarge(
            "too_many_segments", f"The picture has {count:,} tags, more than the limit of {_MOST_TAGS:,}."
        )
