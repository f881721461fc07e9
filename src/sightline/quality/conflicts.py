"""One picture under different labels, which teaches a network to guess."""

from collections.abc import Iterator

import numpy as np

from sightline.dataset import Dataset
from sightline.dataset.duplicates import NearDuplicates
from sightline.pages import counted
from sightline.quality.copies import different_pairs, first_of_each
from sightline.quality.found import Found, RowFindings
from sightline.quality.identity import Identity


def find_label_conflicts(dataset: Dataset, same: Identity) -> Iterator[Found]:
    """Each picture whose very content stands under other labels as well, with one that has them."""
    first = first_of_each(same.content)
    against_first = same.label != same.label[first]
    # The first of a conflict, and those who agree with it, are set against the first who does not.
    against = np.full(len(first), -1, np.int64)
    dissenters = np.flatnonzero(against_first)
    against[first[dissenters[::-1]]] = dissenters[::-1]
    others = np.where(against_first, first, against[first])
    rows = np.flatnonzero((others >= 0) & (first != np.arange(len(first))))
    if not len(rows):
        return
    rows = rows[np.lexsort((rows, first[rows]))]
    pictures = len(np.unique(first[rows]))
    yield Found(
        "label_conflicts",
        "error",
        f"{counted(pictures, 'picture')} under different labels, in {len(rows) + pictures:,} files.",
        "Decide which label is right and remove the other file; if both are, give one file both labels.",
        RowFindings(
            dataset,
            rows,
            lambda index: "the same picture",
            others=others[rows],
            families=first[rows],
            values=np.ones(len(rows)),
        ),
    )


def find_near_label_conflicts(dataset: Dataset, same: Identity, near: NearDuplicates) -> Iterator[Found]:
    """Pairs of near duplicates under different labels, the most alike first; those of one cluster are a family."""
    pairs, similarity = different_pairs(near, same.content)
    differ = same.label[pairs[:, 0]] != same.label[pairs[:, 1]]
    pairs, similarity = pairs[differ], similarity[differ]
    if not len(pairs):
        return
    order = np.argsort(-similarity, kind="stable")
    pairs, similarity = pairs[order], similarity[order]
    yield Found(
        "near_label_conflicts",
        "warning",
        f"{counted(len(pairs), 'pair')} of near duplicates under different labels.",
        "Look at them: the two may rightly differ by a small defect, or one label is wrong.",
        RowFindings(
            dataset,
            pairs[:, 1],
            lambda index: f"similarity {similarity[index]:.3f}",
            others=pairs[:, 0],
            values=similarity,
            families=near.clusters[pairs[:, 1]],
        ),
    )
