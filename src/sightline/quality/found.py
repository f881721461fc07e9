"""What was found, one record a finding, made when it is asked for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from sightline.dataset import Dataset
from sightline.quality.kinds import Kind, Severity
from sightline.records import Frozen

_BATCH = 4096


class Finding(Frozen):
    """One picture, pair, file or class that has an issue.

    path, labels, split
        Of the picture. The path is empty where the finding is about a class, which is then the label.
    related, related_labels, related_split
        Of the other picture, where there is one: the twin, the original of a copy.
    value
        What was measured: a similarity, a sharpness, a number of pictures. None where nothing was.
    family
        Findings with the same number belong together: copies of one picture, a cluster. None: it stands alone.
    detail
        In words.
    """

    path: str
    labels: tuple[str, ...] = ()
    split: str | None = None
    related: str | None = None
    related_labels: tuple[str, ...] = ()
    related_split: str | None = None
    value: float | None = None
    family: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class Found:
    """All findings of one kind, the worst first.

    summary, advice
        What is wrong, and what to do; a sentence or two each.
    unlisted
        Pictures that have the issue too and are not listed, since it is how the whole set looks.
    """

    kind: Kind
    severity: Severity
    summary: str
    advice: str
    findings: Sequence[Finding]
    unlisted: int = 0


class RowFindings(Sequence[Finding]):
    """Findings about rows of a data set, kept as numbers: 32 bytes each.

    rows, others
        int64 `[K]`, the picture and the one it is related to; -1 for none.
    values
        float64 `[K]`; NaN for none.
    families
        int64 `[K]`; -1 for none.
    detail
        The words for finding i.
    """

    def __init__(
        self,
        dataset: Dataset,
        rows: NDArray[np.int64],
        detail: Callable[[int], str],
        *,
        others: NDArray[np.int64] | None = None,
        values: NDArray[np.float64] | None = None,
        families: NDArray[np.int64] | None = None,
    ) -> None:
        none = np.full(len(rows), -1, np.int64)
        self._table = dataset.table.select(["path", "labels", "split"])
        self._detail = detail
        self.rows = rows
        self.others = none if others is None else others
        self.values = np.full(len(rows), np.nan) if values is None else values
        self.families = none if families is None else families

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Finding]: ...
    def __getitem__(self, index: int | slice) -> Finding | Sequence[Finding]:
        if isinstance(index, slice):
            return self._made(range(len(self))[index])
        return self._made([range(len(self))[index]])[0]

    def __iter__(self) -> Iterator[Finding]:
        for start in range(0, len(self), _BATCH):
            yield from self._made(range(start, min(start + _BATCH, len(self))))

    def _made(self, indices: Sequence[int]) -> list[Finding]:
        chosen = np.asarray(indices, np.int64)
        pictures = self._table.take(self.rows[chosen]).to_pylist()
        others = self._table.take(np.maximum(self.others[chosen], 0)).to_pylist() if len(self._table) else []
        return [
            self._one(index, picture, other)
            for index, picture, other in zip(indices, pictures, others, strict=True)
        ]

    def _one(self, index: int, picture: dict[str, Any], other: dict[str, Any]) -> Finding:
        value, family = self.values[index], int(self.families[index])
        about_other = (
            {}
            if self.others[index] < 0
            else {
                "related": other["path"],
                "related_labels": tuple(other["labels"]),
                "related_split": other["split"],
            }
        )
        return Finding(
            path=picture["path"],
            labels=tuple(picture["labels"]),
            split=picture["split"],
            value=None if np.isnan(value) else round(float(value), 6),
            family=None if family < 0 else family,
            detail=self._detail(index),
            **about_other,
        )
