"""What a split by single pictures would have done: the leaks that whole units avoid."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from sightline.dataset.sample import SPLITS, Split
from sightline.dataset.splits.earlier import split_codes
from sightline.dataset.splits.units import tie_codes, tied_units
from sightline.dataset.table import Dataset
from sightline.errors import InputError
from sightline.records import Frozen

_DRAWS = 5
_TRAIN, _TEST, _EXCLUDED = (SPLITS.index(name) for name in ("train", "test", "excluded"))


class RandomSplit(Frozen):
    """How far a random split of single pictures, stratified by class, would have leaked: means over draws.

    units
        Of more than one picture: groups, clusters, copies.
    parted_units
        Those of them on more than one side.
    parted_pairs
        Pairs of pictures of one unit on two sides.
    test_images, leaked_images, leaked_share
        Pictures of test; those with a picture of the same unit in train; and their share, 0 to 1.
    draws
        Over how many seeds the means are taken.
    """

    units: int = Field(ge=0)
    parted_units: float = Field(ge=0)
    parted_pairs: float = Field(ge=0)
    test_images: float = Field(ge=0)
    leaked_images: float = Field(ge=0)
    leaked_share: float = Field(ge=0, le=1)
    draws: int = Field(ge=1)


def parted_units(dataset: Dataset) -> int:
    """How many units of samples that show the same lie on more than one side of the set's own split."""
    sides = split_codes(dataset)
    rows = np.flatnonzero((sides >= 0) & (sides != _EXCLUDED))
    units = tied_units(tie_codes(dataset.table), sides != _EXCLUDED)[rows]
    pairs = np.unique(np.stack([units, sides[rows]]), axis=1)
    _, count = np.unique(pairs[0], return_counts=True)
    return int((count > 1).sum())


def random_split_leaks(
    dataset: Dataset, shares: Mapping[Split, float] | None = None, seed: int = 0
) -> RandomSplit:
    """Split at random by picture, several times, and count what would have leaked.

    `shares` of the splits add up to 1; by default those that the set has now. Excluded samples play no part.

    Raises:
        InputError: shares that do not add up to 1, or none and a set without splits.
    """
    now = split_codes(dataset)
    rows = np.flatnonzero(now != _EXCLUDED)
    share_of = _share_array(shares, now[rows])
    units = tied_units(tie_codes(dataset.table), now != _EXCLUDED)[rows]
    strata = _label_sets(dataset)[rows]
    rng = np.random.default_rng(seed)
    draws = [_leaks(units, _draw(strata, share_of, rng)) for _ in range(_DRAWS)]
    parted, pairs, test, leaked = np.mean(draws, axis=0).tolist() if len(rows) else (0.0,) * 4
    return RandomSplit(
        units=int((np.bincount(units) > 1).sum()),
        parted_units=parted,
        parted_pairs=pairs,
        test_images=test,
        leaked_images=leaked,
        leaked_share=leaked / test if test else 0.0,
        draws=_DRAWS,
    )


def _share_array(shares: Mapping[Split, float] | None, now: NDArray[np.int64]) -> NDArray[np.float64]:
    """float64, a share for each of `SPLITS` but excluded."""
    if shares is None:
        if not len(now) or now.min() < 0:
            raise InputError("The set has no splits, so that the shares of a random one must be given.")
        return np.bincount(now, minlength=_EXCLUDED) / len(now)
    found = np.array([shares.get(name, 0.0) for name in SPLITS[:_EXCLUDED]])
    if not (np.all(found >= 0) and abs(found.sum() - 1) < 1e-6):
        raise InputError(f"The shares {dict(shares)} must be 0 or more and add up to 1.")
    return found


def _label_sets(dataset: Dataset) -> NDArray[np.int64]:
    """A number for each set of labels, int64 `[N]`."""
    joined = pc.binary_join(dataset.table["labels"].combine_chunks(), "\0")
    indices: pa.Array = pc.dictionary_encode(joined).indices
    numbers: NDArray[np.int64] = indices.to_numpy().astype(np.int64)
    return numbers


def _draw(
    strata: NDArray[np.int64], shares: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """A split for each row: within each stratum shuffled, and cut by the shares."""
    order = np.lexsort([rng.random(len(strata)), strata])
    sizes = np.bincount(strata)
    starts = np.cumsum(sizes) - sizes
    ranks = np.arange(len(strata)) - starts[strata[order]]
    # The offset is drawn too, so that small strata come to the shares on average.
    place = (ranks + rng.random(len(sizes))[strata[order]]) / sizes[strata[order]]
    sides = np.empty(len(strata), np.int64)
    sides[order] = np.searchsorted(np.cumsum(shares)[:-1], place, side="right")
    return sides


def _leaks(units: NDArray[np.int64], sides: NDArray[np.int64]) -> tuple[int, int, int, int]:
    """Parted units, pairs on two sides, pictures of test, and those that train has a tied one of."""
    counts = np.bincount(units * _EXCLUDED + sides, minlength=(int(units.max()) + 1) * _EXCLUDED)
    table = counts.reshape(-1, _EXCLUDED)
    whole = table.sum(axis=1)
    pairs = (whole * (whole - 1) - (table * (table - 1)).sum(axis=1)).sum() // 2
    leaked = table[table[:, _TRAIN] > 0, _TEST].sum()
    return int(((table > 0).sum(axis=1) > 1).sum()), int(pairs), int(table[:, _TEST].sum()), int(leaked)
