"""The cells of one row of a table, each to what it means or to a sentence about what is wrong with it.

A cell is text, or any value of JSON; one that is empty is not in the row at all, but for that of `labels`:
there it says that no label is true of the picture.
"""

import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from sightline.dataset.sample import Split
from sightline.dataset.sources.labels import label_problem
from sightline.dataset.sources.listing import SPLIT_OF_NAME

LABEL_COLUMNS = ("label", "labels")
NO_LABELS: tuple[str, ...] = ()
Row = Mapping[str, object]

_DRIVE = re.compile(r"[A-Za-z]:")
_ODD = re.compile(r"(?:^|/)\.?(?:/|$)")
_LARGEST_FOLD = 1_000_000
_SHOWN_CHARACTERS = 60


class CellMistake(ValueError):
    """A cell that is wrong; the message is the sentence for the list of mistakes."""


def path_in(row: Row) -> str:
    """The path, relative, without empty and `.` parts."""
    name = row.get("file_name", "")
    if not isinstance(name, str) or not name or "\0" in name or not is_text(name):
        raise CellMistake(f"file_name {_shown(name)} names no file. Write the path of a picture.")
    if name.startswith("/") or _DRIVE.match(name):
        raise CellMistake(f"file_name '{name}' is absolute. Write it relative to the table.")
    if "\\" in name:
        raise CellMistake(f"file_name '{name}' has a backslash. Write / between folders.")
    if ".." in name and ".." in PurePosixPath(name).parts:
        raise CellMistake(f"file_name '{name}' leads upwards. Keep the pictures beside or below the table.")
    return PurePosixPath(name).as_posix() if _ODD.search(name) else name


def label_cell(row: Row) -> object:
    """The cell of whichever column holds the labels; of `labels`, where it says that there are none, `NO_LABELS`."""
    if "label" not in row and row.get("labels") in ("", []):
        return NO_LABELS
    return row.get("label", row.get("labels", ""))


def labels_in(cell: object) -> tuple[str, ...]:
    """The class names, sorted, each once: of text divided by `|`, or of a list."""
    if isinstance(cell, str):
        parts = [part.strip() for part in cell.split("|")]
    elif isinstance(cell, list) and all(isinstance(part, str) for part in cell):
        parts = [part.strip() for part in cell] or [""]
    else:
        raise CellMistake(
            f"label {_shown(cell)} is no text. Write the name of the class in quotes, or a list of names."
        )
    for problem in filter(None, map(label_problem, parts)):
        raise CellMistake(f"label {_shown(cell)} {problem}")
    return tuple(sorted(set(parts)))


def split_in(row: Row) -> Split | None:
    """The split by any of its usual names, in capitals or not."""
    cell = row.get("split")
    if cell is None:
        return None
    split = SPLIT_OF_NAME.get(cell.casefold()) if isinstance(cell, str) else None
    if split is None:
        raise CellMistake(f"split {_shown(cell)} is unknown. Write one of {', '.join(SPLIT_OF_NAME)}.")
    return split


def group_in(row: Row) -> str | None:
    """The group; numbers are taken as text."""
    cell = row.get("group")
    if cell is None:
        return None
    if isinstance(cell, bool | list | dict):
        raise CellMistake(f"group {_shown(cell)} is no text. Write the name of the group in quotes.")
    return as_text("group", cell)


def fold_in(row: Row) -> int | None:
    """The fold of cross-validation, from 0."""
    cell = row.get("fold")
    if cell is None:
        return None
    text = "" if isinstance(cell, bool) else str(cell)
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) <= _LARGEST_FOLD):
        raise CellMistake(f"fold {_shown(cell)} is no whole number from 0 to {_LARGEST_FOLD:,}.")
    return int(text)


def as_text(column: str, cell: object) -> str:
    """A cell that is kept: text as it stands, any other value of JSON in canonical form."""
    if not isinstance(cell, str):
        try:
            return json.dumps(cell, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        except ValueError as err:
            raise CellMistake(f"{column} has a number that is too large. Write it as text.") from err
    if not is_text(cell) or "\0" in cell:
        raise CellMistake(f"{column} {_shown(cell)} has a character that cannot be kept. Take it away.")
    return cell


def is_text(value: str) -> bool:
    """Whether a string can be written as UTF-8; half of a surrogate pair cannot."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(cell: object) -> str:
    text = repr(cell) if isinstance(cell, str) else json.dumps(cell)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
