"""Rows of a table to listed pictures, whatever the table is written in.

`file_name` (relative to the table) and `label`, or `labels` for any number of them, also none; `group`, `split`
and `fold` if wanted. What else a row has is kept as text.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sightline.dataset.sources.cells import (
    LABEL_COLUMNS,
    NO_LABELS,
    CellMistake,
    Row,
    as_text,
    fold_in,
    group_in,
    is_text,
    label_cell,
    labels_in,
    path_in,
    split_in,
)
from sightline.dataset.sources.listing import NO_EXTRA, Listed
from sightline.dataset.sources.mistakes import Mistakes

_OWN_COLUMNS = frozenset({"file_name", *LABEL_COLUMNS, "group", "split", "fold"})
_MOST_REMEMBERED = 100_000


class RowReader:
    """Reads the rows of one table; equal labels and texts become one object, for there may be millions."""

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._line_of: dict[str, int] = {}
        self._labels_of: dict[str, tuple[str, ...]] = {}
        self._texts: dict[str, str] = {}
        # In the order of the fields of `Listed`.
        self._fields: tuple[Callable[[Row], Any], ...] = (
            path_in,
            self._labels,
            split_in,
            self._group,
            fold_in,
            self._extra,
        )

    def read(self, rows: Iterable[tuple[int, Row]]) -> Iterator[Listed]:
        """Pictures of the rows that are right; what is wrong with the others goes to the mistakes."""
        for line, row in rows:
            try:
                listed = self.listed(row)
            except CellMistake:
                self._note_all(line, row)
            else:
                if self._is_new(listed.path, line):
                    yield listed

    def listed(self, row: Row) -> Listed:
        """The picture of one row.

        Raises:
            CellMistake: the first that is found.
        """
        return Listed(*(of_row(row) for of_row in self._fields))

    def _note_all(self, line: int, row: Row) -> None:
        for of_row in self._fields:
            try:
                value = of_row(row)
            except CellMistake as err:
                self._mistakes.add(line, str(err))
            else:
                if of_row is path_in:
                    self._is_new(value, line)

    def _is_new(self, path: str, line: int) -> bool:
        earlier = self._line_of.setdefault(path, line)
        if earlier != line:
            self._mistakes.add(line, f"file_name '{path}' stands in line {earlier} already. Keep one row.")
        return earlier == line

    def _labels(self, row: Row) -> tuple[str, ...]:
        cell = label_cell(row)
        if cell is NO_LABELS:
            return NO_LABELS
        known = self._labels_of.get(cell) if isinstance(cell, str) else None
        if known is None:
            read = labels_in(cell)
            known = self._labels_of.get("|".join(read), read)
            if len(self._labels_of) < _MOST_REMEMBERED:
                self._labels_of["|".join(read)] = known
                if isinstance(cell, str):
                    self._labels_of[cell] = known
        return known

    def _group(self, row: Row) -> str | None:
        group = group_in(row)
        return None if group is None else self._one(group)

    def _extra(self, row: Row) -> Mapping[str, str]:
        texts = self._texts
        room = len(texts) < _MOST_REMEMBERED
        extra = {}
        for name in row:
            if name in _OWN_COLUMNS:
                continue
            text = as_text(name, row[name])
            known = texts.setdefault(text, text) if room else texts.get(text, text)
            extra[texts.get(name) or self._column(name)] = known
        return extra or NO_EXTRA

    def _column(self, name: str) -> str:
        if not is_text(name) or "\0" in name:
            raise CellMistake(f"the column {name!r} has a character that cannot be kept. Rename it.")
        return self._one(name)

    def _one(self, text: str) -> str:
        """The same text, as the object that was seen first."""
        if len(self._texts) < _MOST_REMEMBERED:
            return self._texts.setdefault(text, text)
        return self._texts.get(text, text)
