"""Rows of a CSV table, one at a time."""

import csv
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from sightline.dataset.sources.cells import LABEL_COLUMNS
from sightline.dataset.sources.mistakes import Mistakes
from sightline.dataset.sources.text import text_lines
from sightline.errors import DatasetError

if TYPE_CHECKING:
    import _csv

Row = tuple[int, dict[str, object]]


def csv_rows(stream: BinaryIO, mistakes: Mistakes) -> Iterator[Row]:
    """Cells by column, each row with its last line; rows that do not fit the header become mistakes.

    Raises:
        DatasetError: no text, no proper CSV, or columns are missing or stand there twice.
    """
    lines = (line for _, line in text_lines(stream, mistakes.name))
    reader = csv.reader(lines, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_columns(header, mistakes)
        mistakes.raise_if_any()
        yield from _filled(reader, header, mistakes)
    except csv.Error as err:
        raise DatasetError(f"{mistakes.name}, line {reader.line_num}: {_explained(err)}") from err


def _check_columns(header: list[str], mistakes: Mistakes) -> None:
    named = [name for name in header if name]
    twice = sorted({name for name in named if named.count(name) > 1})
    problems = []
    if "file_name" not in header:
        problems.append("the column file_name is missing. Add it, with paths relative to the table.")
    if sum(name in header for name in LABEL_COLUMNS) != 1:
        problems.append("one column label (or labels) is needed. Add it, or keep only one of the two.")
    if twice:
        problems.append(f"columns stand there twice: {', '.join(twice)}. Keep one of each.")
    if len(named) < len(header):
        problems.append(f"column {header.index('') + 1} has no name. Name it, or take it away.")
    if problems:
        found = ", ".join(header) or "none"
        mistakes.add(1, f"the columns are: {found}. They are divided by commas.")
    for problem in problems:
        mistakes.add(1, problem)


def _filled(reader: "_csv.Reader", header: list[str], mistakes: Mistakes) -> Iterator[Row]:
    width = len(header)
    for cells in reader:
        if len(cells) == width:
            row: dict[str, object] = {
                name: cell.strip()
                for name, cell in zip(header, cells, strict=True)
                if cell or name == "labels"
            }
            if any(row.values()):
                yield reader.line_num, row
        elif any(cell.strip() for cell in cells):
            mistakes.add(
                reader.line_num, f"{len(cells)} cells, but {width} columns. Quote cells with commas."
            )


def _explained(err: csv.Error) -> str:
    if "field limit" in str(err):
        return (
            f"a cell is longer than {csv.field_size_limit():,} characters. "
            "Close the quote that opens it, or shorten it."
        )
    if "new-line" in str(err):
        return "the lines end in a carriage return alone. Save the table with line feeds."
    return f"no proper CSV: {err}. Look for a quote that is not closed, or not doubled within its cell."
