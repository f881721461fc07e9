"""Scoring a labelled data set with a bundle's graph, in bounded memory."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sightline.dataset import Dataset, preprocess_samples
from sightline.inference import Engine, run_in_batches
from sightline.parallel import Progress
from sightline.records import Preprocessing, Scores

_AT_ONCE = 256


def score_dataset(
    engine: Engine,
    dataset: Dataset,
    spec: Preprocessing,
    labels: Sequence[str],
    progress: Progress | None = None,
) -> Scores:
    """Run every sample through the pixels and the graph; targets point into `labels`, the bundle's.

    Raises:
        DatasetError: a sample has a label that the bundle does not know, or several.
    """
    targets = dataset.targets(labels)
    logits, embeddings = [], []
    for start in range(0, len(dataset.samples), _AT_ONCE):
        part = replace(dataset, samples=dataset.samples[start : start + _AT_ONCE])
        part_logits, part_embeddings = run_in_batches(engine, preprocess_samples(part, spec))
        logits.append(part_logits)
        embeddings.append(part_embeddings)
        if progress is not None:
            progress(start + len(part.samples), len(dataset.samples))
    return Scores(
        np.concatenate(logits) if logits else np.empty((0, len(labels)), np.float32),
        np.concatenate(embeddings) if embeddings else np.empty((0, 0), np.float32),
        targets,
        tuple(sample.path for sample in dataset.samples),
        tuple(labels),
    )
