"""The same picture more than once: byte for byte, pixel for pixel, or nearly."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sightline.dataset import Dataset
from sightline.dataset.duplicates import NearDuplicates
from sightline.pages import counted
from sightline.quality.found import Found, RowFindings
from sightline.quality.identity import Codes, Identity, sizes_of


def find_exact_duplicates(dataset: Dataset, same: Identity) -> Iterator[Found]:
    """Each picture that repeats an earlier one, with the first of its kind; the most repeated come first."""
    first = first_of_each(same.content)
    rows = np.flatnonzero(first != np.arange(len(first)))
    if not len(rows):
        return
    rows = rows[np.lexsort((rows, first[rows], -sizes_of(same.content)[rows]))]
    others = first[rows]
    bytes_too = same.file[rows] == same.file[others]
    pictures = len(np.unique(others))
    only_pixels = int(np.count_nonzero(~bytes_too))
    pixels = f", {only_pixels:,} of them in other bytes (the same pixels, stored anew)" if only_pixels else ""
    yield Found(
        "exact_duplicates",
        "warning",
        f"{counted(len(rows), 'file repeats', 'files repeat')} one of {counted(pictures, 'picture')}{pixels}.",
        "Keep one of each: a copy counts double in training, and flatters the figures where it lies in two splits.",
        RowFindings(
            dataset,
            rows,
            lambda index: "same bytes" if bytes_too[index] else "same pixels",
            others=others,
            values=np.ones(len(rows)),
            families=others,
        ),
    )


def find_near_duplicates(dataset: Dataset, same: Identity, near: NearDuplicates) -> Iterator[Found]:
    """Pictures with a near twin, each with its nearest, the largest clusters first.

    Left out are exact duplicates, and twins within one group: that they show the same is known already.
    """
    pairs, similarity = different_pairs(near, same.content)
    group = same.group[pairs]
    known = (group[:, 0] >= 0) & (group[:, 0] == group[:, 1])
    rows, others, values = nearest(pairs[~known], similarity[~known])
    if not len(rows):
        return
    families = near.clusters[rows]
    order = np.lexsort((-values, families, -np.bincount(families)[families]))
    clusters = len(np.unique(families))
    within = int(np.count_nonzero(known))
    aside = f" {counted(within, 'pair')} within one group are left out." if within else ""
    yield Found(
        "near_duplicates",
        "warning",
        f"{counted(len(rows), 'picture')} in {counted(clusters, 'cluster')} show nearly the same.{aside}",
        "Keep each cluster in one split: apart, its pictures flatter the figures. For learning they count as one.",
        RowFindings(
            dataset,
            rows[order],
            lambda index: f"similarity {values[order[index]]:.3f} to the nearest",
            others=others[order],
            values=values[order],
            families=families[order],
        ),
    )


def first_of_each(codes: Codes) -> Codes:
    """The first row with each row's number: int64 `[N]`."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return first[inverse].astype(np.int64)


def different_pairs(near: NearDuplicates, content: Codes) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The pairs that are not the same picture, int64 `[P, 2]`, and their similarity, float64 `[P]`."""
    differ = content[near.pairs[:, 0]] != content[near.pairs[:, 1]]
    return near.pairs[differ], near.similarity[differ].astype(np.float64)


def nearest(
    pairs: NDArray[np.int64], similarity: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Every row that is in a pair, ascending; its most similar partner; how similar."""
    rows = np.concatenate([pairs[:, 0], pairs[:, 1]])
    others = np.concatenate([pairs[:, 1], pairs[:, 0]])
    values = np.concatenate([similarity, similarity])
    order = np.lexsort((others, -values, rows))
    found, start = np.unique(rows[order], return_index=True)
    return found, others[order][start], values[order][start]
