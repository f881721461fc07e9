"""Classes as a table: `root/metadata.csv`, in the manner of Hugging Face's imagefolder.

`file_name` (relative to the root) and `label` or `labels`, several in a cell divided by `|`; `group` and
`split` if wanted. Files that the table does not name are not used.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sightline.dataset.sources.listing import SPLIT_OF_NAME, Listed, Listing
from sightline.errors import DatasetError, InputError

if TYPE_CHECKING:
    import _csv

METADATA_NAME = "metadata.csv"
_LABEL_COLUMNS = ("label", "labels")
_DRIVE = re.compile(r"[A-Za-z]:")
_SHOWN_MISTAKES = 20


def list_metadata(root: Path) -> Listing:
    """Read the table of a folder.

    Raises:
        DatasetError: lists all mistakes of the table together, each with line, value and remedy.
        InputError: the table may not be read.
    """
    reader = csv.reader(io.StringIO(_read_text(root / METADATA_NAME), newline=""), strict=True)
    mistakes: list[str] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        _require_columns(header)
        files = tuple(_read_rows(_numbered(reader), header, mistakes))
    except csv.Error as err:
        raise DatasetError(f"{METADATA_NAME}, line {reader.line_num}: no proper CSV: {err}.") from err
    if len({file.split is None for file in files}) == 2:
        mistakes.append(
            "split: given for some rows and not for others. Fill the column for all, or for none."
        )
    if mistakes:
        raise _all_mistakes(mistakes)
    labels = {label for file in files for label in file.labels}
    return Listing(tuple(sorted(labels)), files)


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as err:
        raise InputError(f"'{path}' cannot be read: {err.strerror or err}.") from err
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        line = data.count(b"\n", 0, err.start) + 1
        wrong = data[err.start : err.start + 1]
        raise DatasetError(
            f"{METADATA_NAME}, line {line}: the byte {wrong!r} is not UTF-8. Save the table as UTF-8."
        ) from err


def _require_columns(header: list[str]) -> None:
    mistakes = []
    if "file_name" not in header:
        mistakes.append("the column file_name is missing. Add it, with paths relative to the table.")
    if sum(name in header for name in _LABEL_COLUMNS) != 1:
        mistakes.append("one column label (or labels) is needed. Add it, or keep only one of the two.")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        mistakes.append(f"columns stand there twice: {', '.join(twice)}. Keep one of each.")
    if mistakes:
        found = f"line 1: the columns are: {', '.join(header) or 'none'}. They are divided by commas."
        raise _all_mistakes([found, *(f"line 1: {mistake}" for mistake in mistakes)])


def _numbered(reader: "_csv.Reader") -> Iterator[tuple[int, list[str]]]:
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells


def _read_rows(
    rows: Iterator[tuple[int, list[str]]], header: list[str], mistakes: list[str]
) -> Iterator[Listed]:
    line_of: dict[str, int] = {}
    for line, cells in rows:
        if len(cells) != len(header):
            mistakes.append(
                f"line {line}: {len(cells)} cells, but {len(header)} columns. Quote cells with commas."
            )
            continue
        row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        found = [f"line {line}: {mistake}" for mistake in _mistakes_of(row)]
        path = PurePosixPath(row["file_name"]).as_posix()
        earlier = line_of.setdefault(path, line)
        if earlier != line and row["file_name"]:
            found.append(f"line {line}: file_name '{path}' stands in line {earlier} already. Keep one row.")
        mistakes.extend(found)
        if not found:
            yield _listed(path, row)


def _mistakes_of(row: dict[str, str]) -> Iterator[str]:
    name, labels, split = row["file_name"], _label_cell(row).split("|"), row.get("split", "")
    if not name or "\0" in name:
        yield f"file_name {name!r} names no file. Write the path of a picture."
    elif name.startswith("/") or _DRIVE.match(name):
        yield f"file_name '{name}' is absolute. Write it relative to the table."
    elif "\\" in name:
        yield f"file_name '{name}' has a backslash. Write / between folders."
    elif ".." in PurePosixPath(name).parts:
        yield f"file_name '{name}' leads upwards. Keep the pictures beside or below the table."
    if not all(label.strip() for label in labels):
        yield f"label '{_label_cell(row)}' is empty, or has an empty part. Write the name of the class."
    if split and split.casefold() not in SPLIT_OF_NAME:
        yield f"split '{split}' is unknown. Write one of {', '.join(SPLIT_OF_NAME)}."


def _label_cell(row: dict[str, str]) -> str:
    return row["label"] if "label" in row else row["labels"]


def _listed(path: str, row: dict[str, str]) -> Listed:
    return Listed(
        path=path,
        labels=tuple(sorted({label.strip() for label in _label_cell(row).split("|")})),
        split=SPLIT_OF_NAME.get(row.get("split", "").casefold()),
        group=row.get("group") or None,
    )


def _all_mistakes(mistakes: list[str]) -> DatasetError:
    shown = [f"  {METADATA_NAME}, {mistake}" for mistake in mistakes[:_SHOWN_MISTAKES]]
    if len(mistakes) > _SHOWN_MISTAKES:
        shown.append(f"  and {len(mistakes) - _SHOWN_MISTAKES} more")
    return DatasetError("\n".join(["The table of the data set has mistakes:", *shown]))
