"""A regression set on disk: `regression.csv`, and the pictures under their content's hash."""

import csv
import hashlib
import io
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from sightline.errors import InputError
from sightline.images import read_image_file
from sightline.lifecycle.data_check import table_bytes
from sightline.lifecycle.regression.case import SEPARATOR, Case, mistake_of
from sightline.records import ImageLimits
from sightline.whole_file import write_whole

TABLE_FILE = "regression.csv"
COLUMNS = tuple(Case.model_fields)
_LISTS = ("labels", "answered")
_MOST_BYTES = 256 << 20
_MOST_MISTAKES = 10


def read_set(folder: Path) -> tuple[Case, ...]:
    """Read the cases of a set in the order that they were added; the pictures are verified when they are read.

    Raises:
        InputError: there is no set, or its table has mistakes; all of them are listed.
    """
    path = folder / TABLE_FILE
    if not path.is_file():
        raise InputError(
            f"'{folder}' is no regression set: it has no {TABLE_FILE}. "
            "`sightline regress add SET IMAGE --label LABEL` makes one."
        )
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"'{path}' has {path.stat().st_size:,} bytes: that is no regression set.")
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        raise InputError(f"'{path}' cannot be read: {err}.") from err
    if not rows or tuple(rows[0]) != COLUMNS:
        raise InputError(f"The first row of '{path}' must be {','.join(COLUMNS)}.")
    return _cases(path, rows[1:])


def write_set(folder: Path, cases: Sequence[Case]) -> None:
    """Write the table, whole or not at all.

    Raises:
        OSError: what the system says.
    """
    rows = (
        [SEPARATOR.join(cell) if name in _LISTS else cell for name, cell in dict(case).items()]
        for case in cases
    )
    write_whole(folder / TABLE_FILE, table_bytes(COLUMNS, rows))


def read_picture(folder: Path, case: Case, limits: ImageLimits) -> bytes:
    """The encoded picture of a case, proved to be the one that was added.

    Raises:
        InputError: the file is not there, or its content is another one.
        ImageError: more bytes than the limits allow.
    """
    if not os.path.lexists(folder / case.file):
        raise InputError(
            f"There is no file '{folder / case.file}', which {TABLE_FILE} names. Bring it back from a copy of the set, "
            "or take its row out."
        )
    data = read_image_file(folder / case.file, limits)
    if hashlib.sha256(data).hexdigest() != case.sha256:
        raise InputError(
            f"'{folder / case.file}' is not the picture that was added: its content has changed. Bring it back "
            f"from a copy of the set, or take its row out of {TABLE_FILE}."
        )
    return data


def _cases(path: Path, rows: Sequence[Sequence[str]]) -> tuple[Case, ...]:
    cases: dict[str, Case] = {}
    mistakes: list[str] = []
    for number, row in enumerate(rows, start=2):
        if not row:
            continue
        if len(row) != len(COLUMNS):
            mistakes.append(f"row {number} has {len(row)} cells, not {len(COLUMNS)}")
            continue
        cells = dict(zip(COLUMNS, row, strict=True))
        lists = {name: tuple(part for part in cells[name].split(SEPARATOR) if part) for name in _LISTS}
        try:
            case = Case.model_validate({**cells, **lists})
        except ValidationError as err:
            mistakes.append(f"row {number}: {mistake_of(err)}")
            continue
        if case.sha256 in cases:
            mistakes.append(f"row {number}: the picture {case.sha256[:12]}… stands in it twice")
        cases[case.sha256] = case
    if mistakes:
        more = f"; and {len(mistakes) - _MOST_MISTAKES} more" if len(mistakes) > _MOST_MISTAKES else ""
        raise InputError(f"'{path}' has mistakes: {'; '.join(mistakes[:_MOST_MISTAKES])}{more}.")
    return tuple(cases.values())
