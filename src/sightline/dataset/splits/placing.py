"""Rows to sides: those that are settled stay, what is tied to them follows, the rest is dealt."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.dataset.label_cells import LabelCells
from sightline.dataset.splits.allotment import Units, allot
from sightline.dataset.splits.dealing import Side
from sightline.dataset.splits.units import Codes, first_rows, numbered_by_first, tied_units
from sightline.dataset.table import Dataset

FREE = -1
OUT = -2
_SHOWN_BRIDGES = 20


class Bridge(NamedTuple):
    """A row that is taken out, since it would tie together two settled rows on different sides."""

    row: int
    one: int
    other: int


class Placed(NamedTuple):
    """Where the rows are.

    sides
        int64 `[N]`: a side from 0, `FREE`, or `OUT` for rows that take part in nothing.
    units
        int64 `[N]`, see `tied_units`; free rows of a unit are all of it.
    bridges
        Those that have been taken out.
    """

    sides: Codes
    units: Codes
    bridges: tuple[Bridge, ...] = ()


def follow_settled(ties: Sequence[Codes], sides: Codes) -> Placed:
    """Put free rows to the settled ones that they are tied to; take out those that would tie two sides.

    First go the rows that are tied to both themselves, then, where it still takes a chain of free rows from
    one side to the other, that whole chain. Settled rows stay where they are, even if tied.
    """
    whole = tied_units(ties, sides != OUT)
    low, high = _span(whole, sides)
    torn = low < high
    apart = np.zeros(len(sides), np.bool_)
    if torn.any():
        spans = [_span(codes, sides) for codes in ties]
        apart = np.min([one for one, _ in spans], axis=0) < np.max([other for _, other in spans], axis=0)
        low, high = _span(tied_units(ties, (sides != OUT) & ~((sides == FREE) & apart)), sides)
        apart |= low < high
    leaving = (sides == FREE) & torn & apart
    bridges = _bridges(np.flatnonzero(leaving), whole, sides)
    placed = np.where(leaving, OUT, np.where((sides == FREE) & (high >= 0), high, sides))
    units = tied_units(ties, placed != OUT) if bridges else whole
    return Placed(placed, units, bridges)


def deal_free(
    dataset: Dataset, placed: Placed, shares: Mapping[int, Side], counted: NDArray[np.bool_], seed: int
) -> Codes:
    """The sides of all rows, free units dealt by the shares; `counted` is true for rows that make up shares."""
    sides = placed.sides
    units = numbered_by_first(np.where(sides == FREE, placed.units, -1))
    first = first_rows(units)
    if not len(first):
        return sides
    cells = LabelCells.of(dataset)
    asked = np.array(list(shares))
    free = Units(
        names=dataset.table["path"].take(first).to_pylist(),
        counts=cells.count_in(units, len(first)),
        sizes=np.bincount(units[units >= 0], minlength=len(first)),
    )
    held = _held(cells, np.where(counted, sides, -1), asked)
    side_of = asked[allot(free, list(shares.values()), seed, held)]
    return np.where(sides == FREE, side_of[units], sides)


def bridge_notes(
    dataset: Dataset, bridges: Sequence[Bridge], names: Mapping[int, str], sides: Codes
) -> list[str]:
    """A sentence for each of the first few, and one for the others."""
    path = dataset.table["path"]
    notes = [
        f"'{path[row]}' is excluded: it would tie '{path[one]}' in {names[int(sides[one])]} to '{path[other]}' in "
        f"{names[int(sides[other])]}."
        for row, one, other in bridges[:_SHOWN_BRIDGES]
    ]
    if len(bridges) > _SHOWN_BRIDGES:
        notes.append(f"{len(bridges) - _SHOWN_BRIDGES} more pictures are excluded for the same reason.")
    return notes


def _span(codes: Codes, sides: Codes) -> tuple[Codes, Codes]:
    """The lowest and the highest side of the settled rows that each row shares its number with.

    Without any, the lowest is as good as infinite and the highest -1.
    """
    parts = int(codes.max(initial=-1)) + 1
    low, high = np.full(parts + 1, np.iinfo(np.int64).max), np.full(parts + 1, -1)
    settled = (codes >= 0) & (sides >= 0)
    np.minimum.at(low, codes[settled], sides[settled])
    np.maximum.at(high, codes[settled], sides[settled])
    return low[codes], high[codes]  # -1 finds the last, which stays empty


def _bridges(rows: NDArray[np.int64], units: Codes, sides: Codes) -> tuple[Bridge, ...]:
    if not len(rows):
        return ()
    settled = np.flatnonzero(sides >= 0)
    one = first_rows(np.where(sides >= 0, units, -1))
    elsewhere = settled[sides[settled] != sides[one[units[settled]]]]
    other = dict(zip(units[elsewhere[::-1]].tolist(), elsewhere[::-1].tolist(), strict=True))
    return tuple(Bridge(row, int(one[units[row]]), other[int(units[row])]) for row in rows.tolist())


def _held(cells: LabelCells, sides: Codes, asked: Codes) -> NDArray[np.int64]:
    """int64 `[S, C + 1]`: samples of each class on each side, and at last all of them."""
    position = np.full(int(max(sides.max(), asked.max())) + 2, -1)
    position[asked] = np.arange(len(asked))
    where = position[np.maximum(sides, -1)]
    counts = cells.count_in(where, len(asked)).toarray()
    sizes = np.bincount(where[where >= 0], minlength=len(asked))
    return np.column_stack([counts, sizes]).astype(np.int64)
