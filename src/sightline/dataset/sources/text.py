"""A table's bytes as lines of text, a line at a time, with an error that says what the file is instead."""

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from sightline.errors import DatasetError

_LONGEST_LINE = 1 << 20
_OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def text_lines(stream: BinaryIO, name: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, from 1, their ends kept; a byte order mark at the start is dropped.

    Raises:
        DatasetError: not UTF-8, a NUL byte, or a line of more than a mebibyte; with the line.
    """
    number = 0
    while raw := stream.readline(_LONGEST_LINE + 1):
        number += 1
        if number == 1:
            _refuse_other_encoding(raw, name)
            raw = raw.removeprefix(codecs.BOM_UTF8)
        if b"\0" in raw:
            raise DatasetError(
                f"{name}, line {number}: there is a NUL byte, which no text has; UTF-16 looks so too. "
                "Save the table as UTF-8."
            )
        if len(raw) > _LONGEST_LINE:
            raise DatasetError(
                f"{name}, line {number}: the line is longer than {_LONGEST_LINE:,} bytes. Write one row a line."
            )
        yield number, _decoded(raw, name, number)


def _refuse_other_encoding(raw: bytes, name: str) -> None:
    for mark, encoding in _OTHER_ENCODINGS:
        if raw.startswith(mark):
            raise DatasetError(f"{name} is written in {encoding}. Save the table as UTF-8.")


def _decoded(raw: bytes, name: str, number: int) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as err:
        wrong = raw[err.start : err.start + 1]
        raise DatasetError(
            f"{name}, line {number}: the byte {wrong!r} is not UTF-8. Save the table as UTF-8."
        ) from err
