"""Scoring a labelled data set with a bundle's graph, in bounded memory."""

from collections.abc import Sequence

import numpy as np

from sightline.dataset import Dataset, pixel_batches
from sightline.inference import Engine, run_in_batches
from sightline.lifecycle.views import View, seen_as
from sightline.parallel import Progress
from sightline.records import Preprocessing, Scores, Task

_AT_ONCE = 256


def score_dataset(
    engine: Engine,
    dataset: Dataset,
    spec: Preprocessing,
    labels: Sequence[str],
    progress: Progress | None = None,
    *,
    task: Task = "multiclass",
    views: Sequence[View] = (),
) -> Scores:
    """Run every sample through the pixels and the graph; targets are those of `labels`, the bundle's, and its task.

    views
        Further ways to see each picture; logits and embeddings are then the means over all of them.

    Raises:
        DatasetError: a sample has a label that the bundle does not know; with multiclass, several or none.
    """
    targets = dataset.targets(labels) if task == "multiclass" else dataset.multi_hot(labels)
    logits, embeddings = [], []
    done = 0
    for pixels in pixel_batches(dataset, spec, _AT_ONCE):
        seen = [run_in_batches(engine, view) for view in seen_as(pixels, views)]
        logits.append(np.mean([one for one, _ in seen], axis=0, dtype=np.float32))
        embeddings.append(np.mean([one for _, one in seen], axis=0, dtype=np.float32))
        done += len(pixels)
        if progress is not None:
            progress(done, len(dataset.samples))
    return Scores(
        np.concatenate(logits) if logits else np.empty((0, len(labels)), np.float32),
        np.concatenate(embeddings) if embeddings else np.empty((0, 0), np.float32),
        targets,
        tuple(sample.path for sample in dataset.samples),
        tuple(labels),
    )
