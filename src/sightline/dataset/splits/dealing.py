"""One attempt to deal kinds of units to sides; see `allotment`."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


class Side(NamedTuple):
    """What units are dealt to.

    share
        Of all samples, above 0.
    need
        0 for what a class with too few units is given first, 1 for what is next. Of several with the same
        need only the first comes at its place; the others wait until every need has been met once.
    """

    share: float
    need: int


class Kind(NamedTuple):
    """Units with the same counts: classes and samples of each, the samples in all, and how many such units.

    `classes` and `counts` end in the class that every sample has.
    """

    classes: list[int]
    counts: list[int]
    size: int
    units: int

    @classmethod
    def of(cls, table: csr_array, row: int, units: int) -> Self:
        """From a row of counts."""
        cells = slice(table.indptr[row], table.indptr[row + 1])
        counts = table.data[cells].tolist()
        return cls(table.indices[cells].tolist(), counts, sum(counts[:-1]), units)


class Dealing:
    """Kinds in the order given, which decides between equals. `dealt[kind][side]` is a number of units."""

    def __init__(
        self, kinds: Sequence[Kind], order: Sequence[int], sides: Sequence[Side], held: NDArray[np.int64]
    ) -> None:
        self.kinds = kinds
        self.order = order
        self.sides = sides
        self.dealt = [[0] * len(sides) for _ in kinds]
        self.left = [kind.units for kind in kinds]
        self.kinds_with: dict[int, list[int]] = defaultdict(list)
        self.units_with: dict[int, int] = defaultdict(int)
        totals = np.zeros(held.shape[1])
        for number in order:
            kind = kinds[number]
            for label, count in zip(kind.classes, kind.counts, strict=True):
                totals[label] += count * kind.units
                self.kinds_with[label].append(number)
                self.units_with[label] += kind.units
        self.everything = held.shape[1] - 1
        self._want(held, totals)

    def run(self) -> None:
        """Deal all units."""
        labels = [label for label in self.kinds_with if label != self.everything]
        # Equally rare classes come in the order of the kinds, so that attempts differ in it too.
        for label in sorted(labels, key=lambda label: self.units_with[label]):
            self._give_footholds(label)
        given = np.array(self.given)
        # Footholds are more than the share of a small class. The rest makes up for them.
        self._want(np.array(self.before) + given, self.totals - given.sum(axis=0))
        for number in sorted(self.order, key=self._size_and_rarity):
            if self.left[number]:
                self._give_rest(number)

    def _want(self, held: NDArray[np.int64], totals: NDArray[np.float64]) -> None:
        """Begin to count anew, towards targets that make up for what is held."""
        self.totals = totals
        self.before: list[list[int]] = held.tolist()
        self.given: list[list[int]] = np.zeros_like(held).tolist()
        self.targets: list[list[float]] = _wanting(held, totals, self.sides).tolist()

    def missing(self) -> int:
        """How many footholds are lacking that the number of units would allow."""
        total = 0
        for label, units in self.units_with.items():
            there = sum(self._has(side, label) for side in range(len(self.sides)))
            total += max(0, min(units, len(self.sides)) - there)
        return total

    def _size_and_rarity(self, number: int) -> tuple[int, int]:
        """Large kinds come first, and of equal ones those of a rare class: the others can make up for it."""
        kind = self.kinds[number]
        return -kind.size, min(self.units_with[label] for label in kind.classes)

    def _give_footholds(self, label: int) -> None:
        lacking = [side for side in range(len(self.sides)) if not self._has(side, label)]
        if not lacking:
            return
        numbers = self.kinds_with[label]
        wanted = self._most_needed(label, lacking)[: sum(self.left[number] for number in numbers)]
        # The largest comes last: what does not fit into the small ones is left for it.
        for side in sorted(wanted, key=lambda side: self.sides[side].share):
            free = [number for number in numbers if self.left[number]]
            chosen = next((number for number in free if self._fits(number, side)), None)
            if chosen is None:
                chosen = min(free, key=lambda number: self._cost(number, side)[0])
            self._give(chosen, side, 1)

    def _most_needed(self, label: int, lacking: Sequence[int]) -> list[int]:
        first: list[int] = []
        later: list[int] = []
        met = {side.need for number, side in enumerate(self.sides) if self._has(number, label)}
        all_of = self.everything
        filled = [
            (before[all_of] + given[all_of]) / side.share
            for side, before, given in zip(self.sides, self.before, self.given, strict=True)
        ]
        for side in sorted(lacking, key=lambda side: (self.sides[side].need, filled[side])):
            need = self.sides[side].need
            (later if need in met else first).append(side)
            met.add(need)
        return first + later

    def _give_rest(self, number: int) -> None:
        costs = [self._cost(number, side) for side in range(len(self.sides))]
        if self.left[number] == 1:
            self._give(number, min(range(len(costs)), key=lambda side: costs[side][0]), 1)
            return
        for side, units in enumerate(_least_sum(costs, self.left[number])):
            if units:
                self._give(number, side, units)

    def _give(self, number: int, side: int, units: int) -> None:
        kind, given = self.kinds[number], self.given[side]
        self.left[number] -= units
        self.dealt[number][side] += units
        for label, count in zip(kind.classes, kind.counts, strict=True):
            given[label] += units * count

    def _has(self, side: int, label: int) -> bool:
        return self.before[side][label] + self.given[side][label] > 0

    def _fits(self, number: int, side: int) -> bool:
        kind, given, target = self.kinds[number], self.given[side], self.targets[side]
        return all(
            given[label] + count <= target[label]
            for label, count in zip(kind.classes[:-1], kind.counts, strict=False)
        )

    def _cost(self, number: int, side: int) -> tuple[float, float]:
        """What the next unit of a kind costs on a side, and how much more each further one."""
        kind, given, target = self.kinds[number], self.given[side], self.targets[side]
        cost = step = 0.0
        for label, count in zip(kind.classes, kind.counts, strict=True):
            cost += count * ((2 * given[label] + count) / target[label] - 2)
            step += 2 * count * count / target[label]
        return cost, step


def _wanting(
    held: NDArray[np.int64], totals: NDArray[np.float64], sides: Sequence[Side]
) -> NDArray[np.float64]:
    """How many of `totals` each side should get, float64 `[S, C + 1]`, above 0: what it lacks of its share."""
    shares = np.array([[side.share] for side in sides])
    lacks = np.maximum((held.sum(axis=0) + totals) * shares - held, 0.0)
    lacks *= totals / np.maximum(lacks.sum(axis=0), 1e-9)
    # A side that is full gets nearly nothing, not nothing: a unit of several classes may have to go there.
    wanting: NDArray[np.float64] = np.maximum(lacks, 0.01 * shares * np.maximum(totals, 1))
    return wanting


def _least_sum(costs: Sequence[tuple[float, float]], units: int) -> list[int]:
    """How many of `units` each side gets when each unit goes where it costs least, one after the other.

    On every side costs rise evenly, so all that lies below one level is given at once, and the few that are
    left after rounding singly.
    """
    active = sorted(range(len(costs)), key=lambda side: costs[side][0])
    while True:
        weight = sum(1 / costs[side][1] for side in active)
        level = (units + sum(costs[side][0] / costs[side][1] for side in active)) / weight
        if costs[active[-1]][0] < level or len(active) == 1:
            break
        active.pop()
    given = [0] * len(costs)
    for side in active:
        given[side] = max(0, int((level - costs[side][0]) / costs[side][1]))
    while sum(given) < units:
        given[min(range(len(costs)), key=lambda side: costs[side][0] + costs[side][1] * given[side])] += 1
    return given
