"""Rows of a JSON Lines table, one object a line."""

import json
from collections.abc import Iterator
from typing import BinaryIO, NoReturn

from sightline.dataset.sources.cells import LABEL_COLUMNS
from sightline.dataset.sources.mistakes import Mistakes
from sightline.dataset.sources.text import text_lines

_SHOWN_CHARACTERS = 40


def jsonl_rows(stream: BinaryIO, mistakes: Mistakes) -> Iterator[tuple[int, dict[str, object]]]:
    """Objects with their lines, null values and empty strings left out; what is no object becomes a mistake.

    Raises:
        DatasetError: the file is no text.
    """
    decode = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refuse_constant).decode
    for number, line in text_lines(stream, mistakes.name):
        if line.isspace():
            continue
        try:
            row = decode(line)
        except (ValueError, RecursionError) as err:
            mistakes.add(number, f"no proper JSON: {err}. Write one object a line.")
            continue
        if not isinstance(row, dict):
            mistakes.add(number, f"'{_shortened(line)}' is no object. Write {{\"file_name\": …}}.")
        elif problem := _key_problem(row):
            mistakes.add(number, problem)
        else:
            yield number, _filled(row)


def _filled(row: dict[str, object]) -> dict[str, object]:
    cells = row.values()
    if None not in cells and "" not in cells:
        return row
    return {name: cell for name, cell in row.items() if cell is not None and cell != ""}


def _key_problem(row: dict[str, object]) -> str | None:
    keys = ", ".join(row) or "none"
    if "" in row:
        return "a key is empty. Name it, or take it away."
    if "file_name" not in row:
        return f"the key file_name is missing; the keys are: {keys}. Add it, a path relative to the table."
    if sum(name in row for name in LABEL_COLUMNS) != 1:
        return (
            f"one key label (or labels) is needed; the keys are: {keys}. Add it, or keep only one of the two."
        )
    return None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    row = {name.strip(): value for name, value in pairs}
    if len(row) < len(pairs):
        names = [name.strip() for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"keys stand there twice: {', '.join(twice)}")
    return row


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no value of JSON")


def _shortened(line: str) -> str:
    text = line.strip()
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
