"""Rows of a table to listed pictures, whatever the table is written in.

`file_name` (relative to the table) and `label` or `labels`; `group`, `split` and `fold` if wanted. What else a
row has is kept as text.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sightline.dataset.sources.cells import (
    LABEL_COLUMNS,
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
from sightline.dataset.sources.listing import Listed
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

    def read(self, rows: Iterable[tuple[int, Row]]) -> Iterator[Listed]:
        """Pictures of the rows that are right; what is wrong with the others goes to the mistakes."""
        fields: tuple[tuple[str, Callable[[Row], Any]], ...] = (
            ("path", path_in),
            ("labels", self._labels),
            ("split", split_in),
            ("group", self._group),
            ("fold", fold_in),
            ("extra", self._extra),
        )
        for line, row in rows:
            values: dict[str, Any] = {}
            for name, of_row in fields:
                try:
                    values[name] = of_row(row)
                except CellMistake as err:
                    self._mistakes.add(line, str(err))
            fresh = "path" not in values or self._is_new(values["path"], line)
            if fresh and len(values) == len(fields):
                extra = values.pop("extra")
                yield Listed(**values, extra=extra) if extra else Listed(**values)

    def _is_new(self, path: str, line: int) -> bool:
        earlier = self._line_of.setdefault(path, line)
        if earlier != line:
            self._mistakes.add(line, f"file_name '{path}' stands in line {earlier} already. Keep one row.")
        return earlier == line

    def _labels(self, row: Row) -> tuple[str, ...]:
        cell = label_cell(row)
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

    def _extra(self, row: Row) -> dict[str, str]:
        return {
            self._one(name): self._one(as_text(self._column(name), row[name]))
            for name in row
            if name not in _OWN_COLUMNS
        }

    def _column(self, name: str) -> str:
        if name not in self._texts and (not is_text(name) or "\0" in name):
            raise CellMistake(f"the column {name!r} has a character that cannot be kept. Rename it.")
        return name

    def _one(self, text: str) -> str:
        """The same text, as the object that was seen first."""
        if len(self._texts) < _MOST_REMEMBERED:
            return self._texts.setdefault(text, text)
        return self._texts.get(text, text)
