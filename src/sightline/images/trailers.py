"""What phones append to a JPEG, recognised by its structure and not by a word at its start.

Further pictures (multi-picture format, gain and depth maps), a video (motion photo, ISO base media boxes), and
Samsung's block with its directory at the very end.
"""

import re

PADDING = b"\x00\xff"
# Within entropy-coded data 0xFF is followed by 0x00 (a stuffed byte), a restart mark or another 0xFF.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_END_OF_IMAGE = 0xD9
_WITHOUT_LENGTH = frozenset({0x01, 0xD8})
_BOX_TYPE = re.compile(rb"[a-zA-Z0-9 ]{4}")
_MOST_PARTS = 64


def end_of_jpeg(data: bytes, position: int = 2) -> int | None:
    """Walk from a marker's offset to the end-of-image mark; return the offset behind it, or None."""
    while (found := _NEXT_MARKER.search(data, position)) is not None:
        position = found.end()
        marker = data[position - 1]
        if marker == _END_OF_IMAGE:
            return position
        if marker not in _WITHOUT_LENGTH:
            position += int.from_bytes(data[position : position + 2], "big")
    return None


def is_phone_trailer(trailer: bytes) -> bool:
    """Say whether the bytes behind a JPEG are wholly made of what phones append."""
    if _ends_in_samsung_directory(trailer):
        return True
    for _ in range(_MOST_PARTS):
        if not trailer.strip(PADDING):
            return True
        box = trailer.find(b"ftyp") - 4
        unpadded = trailer.lstrip(b"\x00")
        if unpadded.startswith(b"\xff\xd8\xff"):
            trailer = unpadded
            end = end_of_jpeg(trailer)
        elif box >= 0 and not trailer[:box].strip(b"\x00"):
            trailer = trailer[box:]
            end = _end_of_boxes(trailer)
        else:
            return False
        if end is None:
            return False
        trailer = trailer[end:]
    return False


def _ends_in_samsung_directory(trailer: bytes) -> bool:
    if not trailer.endswith(b"SEFT"):
        return False
    length = int.from_bytes(trailer[-8:-4], "little")
    start = len(trailer) - 8 - length
    return start >= 0 and trailer[start : start + 4] == b"SEFH"


def _end_of_boxes(trailer: bytes) -> int | None:
    """Walk boxes (ISO/IEC 14496-12) as far as they go; None if one does not fit."""
    position = 0
    for _ in range(_MOST_PARTS):
        size = int.from_bytes(trailer[position : position + 4], "big")
        if not _BOX_TYPE.fullmatch(trailer[position + 4 : position + 8]):
            return position if position else None
        if size == 1:
            size = int.from_bytes(trailer[position + 8 : position + 16], "big")
        if position == 0 and not 16 <= size <= 1024:
            return None  # the first box names the file's brands, and no more
        size = size or len(trailer) - position
        if size < 8 or position + size > len(trailer):
            return None
        position += size
        if position == len(trailer):
            return position
    return None
