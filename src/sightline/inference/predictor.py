"""Bytes to answers: the bundle's preprocessing, its graph and its decision rule, in this order and no other."""

import time
import uuid
from collections.abc import Iterator
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Bundle, read_bundle
from sightline.images import preprocess_timed, read_image_file
from sightline.inference.decide import decide
from sightline.inference.engine import Engine, open_engine
from sightline.inference.nearest import NearestImages, open_nearest
from sightline.inference.outliers import OutlierScorer, open_outlier_scorer
from sightline.parallel import Progress
from sightline.records import Neighbour, Prediction, Timings


class Predictor:
    """Answers about single pictures. All methods may be called from several threads at once."""

    def __init__(
        self,
        bundle: Bundle,
        engine: Engine,
        nearest: NearestImages | None = None,
        scorer: OutlierScorer | None = None,
    ) -> None:
        self.bundle = bundle
        self.engine = engine
        self.nearest = nearest
        self.scorer = scorer

    def predict(
        self,
        image: str | PathLike[str] | bytes,
        *,
        top_k: int = 5,
        neighbours: int = 0,
        waited_ms: float = 0.0,
    ) -> Prediction:
        """Answer one picture, given by its path or as encoded bytes; `waited_ms` goes into the timings.

        neighbours
            So many of the nearest training images are named. None are where the bundle keeps none.

        Raises:
            InputError: there is no such file.
            ImageError: the picture is not taken; `.reason` says why.
        """
        spec = self.bundle.manifest.preprocessing
        data = image if isinstance(image, bytes) else read_image_file(Path(image), spec.limits)
        pixels, decode_ms, preprocess_ms = preprocess_timed(data, spec)
        started = time.perf_counter()
        logits, embedding = self.engine.run(pixels[np.newaxis], ["logits", "embedding"])
        inferred = time.perf_counter()
        manifest = self.bundle.manifest
        score = None if self.scorer is None else float(self.scorer.scores(logits, embedding)[0])
        probabilities = manifest.decision.probabilities(logits)[0]
        answer = decide(probabilities, manifest.decision, manifest.labels, top_k, outlier_score=score)
        timings = Timings(
            queue_ms=waited_ms,
            decode_ms=decode_ms,
            preprocess_ms=preprocess_ms,
            infer_ms=(inferred - started) * 1e3,
            decide_ms=(time.perf_counter() - inferred) * 1e3,
        )
        return Prediction(
            id=uuid.uuid4().hex,
            bundle_id=self.bundle.id,
            task=manifest.task,
            labels=answer.labels,
            label=answer.first.label,
            probability=answer.first.probability,
            candidates=answer.candidates,
            label_set=answer.label_set,
            decision=answer.verdict,
            reason=answer.reason,
            outlier_score=score,
            neighbours=self._neighbours(embedding[0], neighbours),
            timings=timings,
        )

    def _neighbours(self, embedding_d: NDArray[np.float32], count: int) -> tuple[Neighbour, ...] | None:
        if count == 0:
            return None
        return (
            () if self.nearest is None else self.nearest.find(embedding_d, count, self.bundle.manifest.labels)
        )


def load(bundle: str | PathLike[str], *, threads: int | None = None, variant: str | None = None) -> Predictor:
    """Open a bundle, verify all of it, and return what answers.

    variant
        Which of its variants; None: its default.

    >>> sightline.load("tiles").predict("a.jpg").label  # doctest: +SKIP
    'crack'

    Raises:
        InputError: there is no bundle at this place, or it has no such variant.
        MissingExtra: the variant needs a runtime that is not installed.
        BundleError: it cannot be trusted or used.
    """
    opened = read_bundle(Path(bundle))
    return open_predictor(opened if variant is None else opened.with_variant(variant), threads=threads)


def open_predictor(opened: Bundle, *, threads: int | None = None) -> Predictor:
    """What answers by a bundle that has been read. Raises as `load` does."""
    nearest = open_nearest(opened)
    scorer = open_outlier_scorer(opened, nearest)
    return Predictor(opened, open_engine(opened, threads=threads), nearest, scorer)


def run_in_batches(
    engine: Engine,
    images: NDArray[np.uint8],
    *,
    batch_size: int = 16,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Run the graph over uint8 `[N, H, W, 3]`; return logits float32 `[N, C]` and embeddings `[N, D]`.

    progress is called with (pictures done, pictures in all).
    """
    logits, embeddings = [], []
    for rows in _slices(len(images), batch_size):
        batch_logits, batch_embedding = engine.run(images[rows], ["logits", "embedding"])
        logits.append(batch_logits)
        embeddings.append(batch_embedding)
        if progress is not None:
            progress(rows.stop, len(images))
    return np.concatenate(logits), np.concatenate(embeddings)


def _slices(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
