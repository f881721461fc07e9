"""Whole units dealt to sides so that every class comes close to the shares asked for.

First each class is given its foothold on every side, the rarest class first; then the rest goes, large units
first, where it brings the counts of its classes nearest to their targets (least increase of Σ (n − t)² / t, so
that small sides count as much as large ones). The idea is that of iterative stratification (Sechidis et al.
2011), for units instead of single samples. Units with the same counts are interchangeable: a kind of them is
dealt at once, and only then does the hash of its name say which unit is which.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sightline.dataset.splits.dealing import Dealing, Kind, Side

_ATTEMPTS = 20
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Units:
    """Samples that stay together.

    names
        One a unit, all different; they decide the order in which units of a kind are dealt.
    counts
        int64 `[U, C]`: samples of each unit by class, a sample of several classes once in each.
    sizes
        int64 `[U]`: samples of each unit.
    """

    names: Sequence[str]
    counts: csr_array
    sizes: NDArray[np.int64]

    @cached_property
    def table(self) -> csr_array:
        """int64 `[U, C + 1]`: `counts`, and `sizes` as a class that every sample has."""
        return with_sizes(self.counts, self.sizes)


def with_sizes(counts: csr_array, sizes: NDArray[np.int64]) -> csr_array:
    """`counts` with one more column. All in canonical form: a number a cell, in the order of the columns."""
    rows, columns = counts.shape
    lengths = np.diff(counts.indptr)
    ends = counts.indptr[1:]
    data = np.insert(counts.data, ends, sizes)
    indices = np.insert(counts.indices, ends, columns)
    starts = np.concatenate([[0], np.cumsum(lengths + 1)])
    return csr_array((data, indices, starts), shape=(rows, columns + 1))


def allot(
    units: Units, sides: Sequence[Side], seed: int, held: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """The side of each unit as an index into `sides`, int64 `[U]`; the order of the units plays no part.

    The shares of the sides are above 0 and add up to 1. `held`, int64 `[S, C + 1]`, is what each side has
    already, with all its samples in the last column; shares are those of the whole, and units go where they
    are wanting.

    A class with as many units as there are sides is on each of them; where classes share units this can be
    out of reach, and then the best of several attempts is taken. With fewer units the class is given to the
    sides that need it most.
    """
    keys = _hashes(units.names, seed)
    kind_of, examples = _kinds(units.table)
    order = np.lexsort([keys, kind_of])
    sizes = np.bincount(kind_of, minlength=len(examples))
    firsts = order[np.cumsum(sizes) - sizes]
    table = units.table
    kinds = [Kind.of(table, row, size) for row, size in zip(examples, sizes.tolist(), strict=True)]
    before = np.zeros((len(sides), table.shape[1]), np.int64) if held is None else held
    best: Dealing | None = None
    for attempt in range(_ATTEMPTS):
        salted = _hashes([units.names[row] for row in firsts], f"{seed}/{attempt}")
        dealing = Dealing(kinds, np.argsort(salted, kind="stable").tolist(), sides, before)
        dealing.run()
        if best is None or dealing.missing() < best.missing():
            best = dealing
        if best.missing() == 0:
            break
    assert best is not None
    # In blocks and not in turns: when units are added, only those at the edges of the blocks change sides.
    blocks = np.asarray(best.dealt, np.int64).reshape(len(kinds), len(sides))[:, ::-1]
    found = np.empty(len(order), np.int64)
    found[order] = np.repeat(np.tile(np.arange(len(sides))[::-1], len(kinds)), blocks.ravel())
    return found


def _hashes(names: Sequence[str], salt: int | str) -> NDArray[np.uint64]:
    # By hash rather than by a generator: the same on every machine and version, and little changes when
    # pictures are added.
    state = hashlib.sha256(f"{salt}/".encode())
    digests = bytearray()
    for name in names:
        mine = state.copy()
        mine.update(name.encode())
        digests += mine.digest()[:8]
    return np.frombuffer(bytes(digests), ">u8").astype(np.uint64)


def _kinds(table: csr_array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The kind of each unit, and a unit of each kind; of one kind are units with the same counts.

    Told apart by 64 bits of their rows. Should two ever be mistaken for one, the shares are a little off.
    """
    mixed = (table.indices.astype(np.uint64) + np.uint64(1)) * _MIX ^ table.data.astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(31))) * _MIX
    mixed = (mixed ^ (mixed >> np.uint64(29))) * _MIX
    signatures = np.add.reduceat(mixed, table.indptr[:-1]) if table.shape[0] else mixed
    _, examples, kind_of = np.unique(signatures, return_index=True, return_inverse=True)
    return kind_of, examples
