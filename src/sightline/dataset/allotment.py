"""Whole units dealt to splits so that every class comes close to the shares asked for.

First each class is given its foothold in every split, the rarest class first; then the rest goes, large
units first, where it brings the counts of its classes nearest to their targets (least increase of
Σ (n − t)² / t, so that small splits count as much as large ones). The idea is that of iterative
stratification (Sechidis et al. 2011), for units instead of single samples.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sightline.dataset.sample import Split

_ATTEMPTS = 20
_BY_NEED: tuple[Split, ...] = ("train", "test", "val")


@dataclass(frozen=True)
class Unit:
    """Samples that stay together. `name` decides its place in the shuffle; `counts` are samples by class."""

    name: str
    counts: Mapping[str, int]


def allot(units: Sequence[Unit], shares: Mapping[Split, float], seed: int) -> list[Split]:
    """The split of each unit. `shares` are above 0 and add up to 1; the order of `units` plays no part.

    A class with as many units as there are splits is in each of them; where classes share units this can be
    out of reach, and then the best of several attempts is taken. With fewer units the class is given to train
    first, then to test, then to val: a class that is not tested is a blind spot, one that is not calibrated
    only a blurred one.
    """
    best: _Dealing | None = None
    for attempt in range(_ATTEMPTS):
        dealing = _Dealing(_shuffled(units, f"{seed}/{attempt}"), shares)
        dealing.run()
        if best is None or dealing.missing() < best.missing():
            best = dealing
        if best.missing() == 0:
            break
    assert best is not None
    return [best.split_of[unit.name] for unit in units]


class _Dealing:
    """One attempt."""

    def __init__(self, units: Sequence[Unit], shares: Mapping[Split, float]) -> None:
        self.units = units
        self.shares = shares
        self.split_of: dict[str, Split] = {}
        self.held: dict[Split, Counter[str]] = {split: Counter() for split in shares}
        self.totals: Counter[str] = Counter()
        self.units_of: dict[str, list[Unit]] = defaultdict(list)
        for unit in units:
            self.totals.update(unit.counts)
            for label in unit.counts:
                self.units_of[label].append(unit)

    def run(self) -> None:
        # Equally rare classes come in the order of the shuffle, so that attempts differ in it too.
        for label in sorted(self.units_of, key=lambda label: len(self.units_of[label])):
            self._give_footholds(label)
        rest = [unit for unit in self.units if unit.name not in self.split_of]
        for unit in sorted(rest, key=lambda unit: -sum(unit.counts.values())):
            self._give(unit, min(self.shares, key=lambda split: self._cost(unit, split)))

    def missing(self) -> int:
        """How many footholds are lacking that the number of units would allow."""
        return sum(
            max(0, min(len(units), len(self.shares)) - sum(held[label] > 0 for held in self.held.values()))
            for label, units in self.units_of.items()
        )

    def _give_footholds(self, label: str) -> None:
        free = [unit for unit in self.units_of[label] if unit.name not in self.split_of]
        wanted = [s for s in _BY_NEED if s in self.shares and not self.held[s][label]][: len(free)]
        # The largest comes last: what does not fit into the small ones is left for it.
        for split in sorted(wanted, key=lambda split: self.shares[split]):
            chosen = next((unit for unit in free if self._fits(unit, split)), None)
            if chosen is None:
                chosen = min(free, key=lambda unit: self._cost(unit, split))
            free.remove(chosen)
            self._give(chosen, split)

    def _give(self, unit: Unit, split: Split) -> None:
        self.split_of[unit.name] = split
        self.held[split].update(unit.counts)

    def _fits(self, unit: Unit, split: Split) -> bool:
        return all(
            self.held[split][label] + count <= self._target(label, split)
            for label, count in unit.counts.items()
        )

    def _cost(self, unit: Unit, split: Split) -> float:
        return sum(
            count * (2 * self.held[split][label] + count) / self._target(label, split) - 2 * count
            for label, count in unit.counts.items()
        )

    def _target(self, label: str, split: Split) -> float:
        return self.totals[label] * self.shares[split]


def _shuffled(units: Sequence[Unit], salt: str) -> list[Unit]:
    # By hash rather than by a generator: the same on every machine and version, and little changes when
    # pictures are added.
    return sorted(units, key=lambda unit: hashlib.sha256(f"{salt}/{unit.name}".encode()).digest())
