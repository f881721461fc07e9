"""Classes as a table: `metadata.csv` or `metadata.jsonl`, in the manner of Hugging Face's imagefolder.

Files that the table does not name are not used.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from sightline.dataset.sources.cells import Row
from sightline.dataset.sources.csv_rows import csv_rows
from sightline.dataset.sources.jsonl_rows import jsonl_rows
from sightline.dataset.sources.labels import refuse_twins
from sightline.dataset.sources.listing import Listed, Listing
from sightline.dataset.sources.mistakes import Mistakes
from sightline.dataset.sources.path_list import path_rows
from sightline.dataset.sources.rows import RowReader
from sightline.errors import DatasetError

METADATA_NAMES = ("metadata.csv", "metadata.jsonl")
_ROWS: dict[str, Callable[[BinaryIO, Mistakes], Iterator[tuple[int, Row]]]] = {
    ".csv": csv_rows,
    ".jsonl": jsonl_rows,
    ".txt": path_rows,
}
LIST_SUFFIXES = tuple(_ROWS)


def list_table(stream: BinaryIO, name: str) -> Listing:
    """Read a table or a list of paths, a row at a time; the end of its name says how it is written.

    Raises:
        DatasetError: lists all mistakes of the table together, each with line, value and remedy.
    """
    mistakes = Mistakes(name)
    rows = _ROWS[suffix_of(name)](stream, mistakes)
    files = tuple(RowReader(mistakes).read(rows))
    if _is_half_split(files):
        mistakes.add(
            None, "split: given for some rows and not for others. Fill the column for all, or for none."
        )
    mistakes.raise_if_any()
    if not files:
        raise DatasetError(f"{name} has no rows. Write one for each picture.")
    labels = {label for several in {file.labels for file in files} for label in several}
    if not labels:
        raise DatasetError(f"{name} names no label in any row. Name what is true of some of the pictures.")
    refuse_twins(labels, name)
    return Listing(tuple(sorted(labels)), files)


def suffix_of(name: str) -> str:
    """The end of a file's name from its last dot, in small letters; empty without one."""
    stem, dot, end = name.rpartition(".")
    return f".{end.casefold()}" if dot and stem and "/" not in end else ""


def _is_half_split(files: tuple[Listed, ...]) -> bool:
    return len({file.split is None for file in files}) == 2
