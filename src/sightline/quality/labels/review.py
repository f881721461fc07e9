"""From a data set and its embeddings to the pictures whose labels a person should look at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.dataset import Dataset
from sightline.dataset.label_cells import LabelCells
from sightline.dataset.splits import sample_units
from sightline.errors import DatasetError
from sightline.pages import names
from sightline.quality.labels.probabilities import Targets, out_of_sample_probabilities
from sightline.quality.labels.suspects import Suspect, find_label_errors

_NAMED = 10


@dataclass(frozen=True)
class LabelReview:
    """What the search for wrong labels found.

    suspects
        Every judged picture, the worst label first; the flagged ones come early, not all of them first.
    judged
        The classes that could be judged, sorted.
    notes
        What could not be judged or only badly, a sentence each.
    """

    suspects: tuple[Suspect, ...]
    judged: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def flagged(self) -> int:
        """How many labels confident learning holds for wrong."""
        return sum(suspect.flagged for suspect in self.suspects)

    def worst(self, most: int | None = None) -> tuple[Suspect, ...]:
        """The first `most` suspects; None: half as many again as are flagged, and 20 at least."""
        return self.suspects[: max(20, self.flagged * 3 // 2) if most is None else most]


def review_embeddings(
    dataset: Dataset, embeddings_nd: NDArray[np.float32], *, folds: int = 5, seed: int = 0
) -> LabelReview:
    """Judge every label by a linear head that saw neither the picture nor anything tied to it.

    embeddings_nd
        float32 `[N, D]`, a row a sample. With several labels on any picture each label is judged on its own.

    Raises:
        DatasetError: fewer than two classes can be judged, or all pictures are of one group.
        MissingExtra: scikit-learn or cleanlab is not installed.
    """
    units = sample_units(dataset.table)
    cells = LabelCells.of(dataset)
    in_units = cells.count_units(units)
    columns = cells.columns()
    several = bool((columns.sum(axis=1) != 1).any())
    judged = (in_units >= 2) & (~columns.all(axis=0) if several else True)
    rows = np.arange(len(dataset)) if several else np.flatnonzero(columns[:, judged].any(axis=1))
    labels = tuple(label for label, kept in zip(dataset.labels, judged, strict=True) if kept)
    if len(labels) < (1 if several else 2):
        raise DatasetError(
            "A class is judged by pictures of it in another group, and of other classes; only "
            f"{', '.join(labels) or 'none'} can be. Add pictures, or check the groups."
        )
    kept = columns[rows][:, judged]
    targets: Targets = kept if several else kept.argmax(axis=1)
    heads = out_of_sample_probabilities(embeddings_nd[rows], targets, units[rows], folds=folds, seed=seed)
    suspects = find_label_errors(
        heads, targets, labels, list(dataset.take(rows).samples), units_n=units[rows]
    )
    return LabelReview(suspects, labels, judgement_notes(dataset.labels, in_units, folds))


def judgement_notes(labels: Sequence[str], units_c: NDArray[np.int64], folds: int) -> tuple[str, ...]:
    """Sentences on classes with too few independent units, int64 `[C]`, to be judged at all or well."""
    notes = []
    alone = [label for label, units in zip(labels, units_c.tolist(), strict=True) if units == 1]
    few = [label for label, units in zip(labels, units_c.tolist(), strict=True) if 1 < units < folds]
    if alone:
        notes.append(
            f"Not judged, since all their pictures are of one group: {names(alone, _NAMED)}. Nothing else shows "
            "what these classes look like."
        )
    if few:
        notes.append(
            f"Judged by fewer than {folds} groups of pictures each: {names(few, _NAMED)}. Expect false alarms there."
        )
    return tuple(notes)
