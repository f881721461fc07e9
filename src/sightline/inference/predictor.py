"""Bytes to answers: the bundle's preprocessing, its graph and its decision rule, in this order and no other."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Bundle, read_bundle
from sightline.ids import new_id
from sightline.images import InspectedImage, Observer, preprocess_timed, read_image_file
from sightline.inference.decide import decide
from sightline.inference.engine import Engine, open_engine
from sightline.inference.nearest import NearestImages, open_nearest
from sightline.inference.outliers import OutlierScorer, open_outlier_scorer
from sightline.inference.signature import Images
from sightline.parallel import Progress
from sightline.records import Neighbour, Prediction, Timings


@dataclass(frozen=True)
class Ask:
    """What is wanted of an answer beside the answer.

    top_k, threshold
        So many candidates at most, and none below this probability.
    neighbours
        So many of the nearest training images. None are where the bundle keeps none.
    embedding
        The vector that the head classifies by, float32 `[D]`.
    """

    top_k: int = 5
    threshold: float = 0.0
    neighbours: int = 0
    embedding: bool = False


class Prepared(NamedTuple):
    """A picture as the network takes it, uint8 `[height_px, width_px, 3]`, what that took, and who watches it."""

    pixels: NDArray[np.uint8]
    waited_ms: float
    decode_ms: float
    preprocess_ms: float
    observe: Observer | None = None


class InFull(NamedTuple):
    """A prediction with what it was made from: float32 `[C]`, float64 `[C]` calibrated, float32 `[D]`."""

    prediction: Prediction
    logits_c: NDArray[np.float32]
    probabilities_c: NDArray[np.float64]
    embedding_d: NDArray[np.float32]


class Inferred(NamedTuple):
    """What a graph gives for N pictures: float32 `[N, C]` and `[N, D]`, and how long it took all of them."""

    logits: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    infer_ms: float


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
        limits = self.bundle.manifest.preprocessing.limits
        data = image if isinstance(image, bytes) else read_image_file(Path(image), limits)
        prepared = self.prepare(data, waited_ms=waited_ms)
        (answer,) = self.answer([prepared], [Ask(top_k=top_k, neighbours=neighbours)])
        return answer.prediction

    def prepare(
        self,
        image: bytes | InspectedImage | NDArray[np.uint8],
        *,
        waited_ms: float = 0.0,
        observe: Observer | None = None,
    ) -> Prepared:
        """Bring one encoded picture to the network's input, or take one that is: uint8 `[height_px, width_px, 3]`.

        One that has been inspected was so by the limits of this bundle.
        `observe` is called with (`bytes`, them as uint8 `[N]`) and as in `preprocess_image`, then by `answer` with
        (`input`, the batch uint8 `[N, height_px, width_px, 3]`), (`logits`, float32 `[C]`) and (`probabilities`,
        float64 `[C]`). The timings hold what it takes.

        Raises:
            ImageError: the picture is not taken; `.reason` says why.
        """
        if isinstance(image, np.ndarray):
            return Prepared(image, waited_ms, 0.0, 0.0, observe)
        if observe is not None:
            data = image if isinstance(image, bytes) else image.data
            observe("bytes", np.frombuffer(data, np.uint8))
        spec = self.bundle.manifest.preprocessing
        pixels, decode_ms, preprocess_ms = preprocess_timed(image, spec, observe=observe)
        return Prepared(pixels, waited_ms, decode_ms, preprocess_ms, observe)

    def answer(
        self, prepared: Sequence[Prepared], asks: Sequence[Ask], batch_size: int | None = None
    ) -> list[InFull]:
        """Run the graph on prepared pictures and decide about each, as its `Ask` wants it.

        batch_size
            So many at most go through the graph together; None: all.
        """
        return self.conclude(prepared, asks, self.infer(prepared, batch_size))

    def infer(self, prepared: Sequence[Prepared], batch_size: int | None = None) -> Inferred:
        """Run the graph on prepared pictures: the part of `answer` that has a GPU, where there is one."""
        started = time.perf_counter()
        pixels = prepared[0].pixels[np.newaxis] if len(prepared) == 1 else [one.pixels for one in prepared]
        logits, embeddings = run_in_batches(self.engine, pixels, batch_size=batch_size or len(pixels))
        return Inferred(logits, embeddings, (time.perf_counter() - started) * 1e3)

    def conclude(self, prepared: Sequence[Prepared], asks: Sequence[Ask], inferred: Inferred) -> list[InFull]:
        """Decide about each picture: the rest of `answer`."""
        started = time.perf_counter()
        logits, embeddings, infer_ms = inferred
        scores = None if self.scorer is None else self.scorer.scores(logits, embeddings)
        probabilities = self.bundle.manifest.decision.probabilities(logits)
        decide_ms = (time.perf_counter() - started) * 1e3
        for row, one in enumerate(prepared):
            if one.observe is not None:
                one.observe("input", np.stack([each.pixels for each in prepared]))
                one.observe("logits", logits[row])
                one.observe("probabilities", probabilities[row])
        predictions = [
            self._decided(
                one,
                ask,
                probabilities[row],
                embeddings[row],
                None if scores is None else float(scores[row]),
                (infer_ms, decide_ms),
            )
            for row, (one, ask) in enumerate(zip(prepared, asks, strict=True))
        ]
        return list(map(InFull, predictions, logits, probabilities, embeddings))

    def _decided(
        self,
        prepared: Prepared,
        ask: Ask,
        probabilities_c: NDArray[np.float64],
        embedding_d: NDArray[np.float32],
        score: float | None,
        spent_ms: tuple[float, float],
    ) -> Prediction:
        started = time.perf_counter()
        infer_ms, decide_ms = spent_ms
        manifest = self.bundle.manifest
        answer = decide(probabilities_c, manifest.decision, manifest.labels, ask.top_k, outlier_score=score)
        timings = Timings(
            queue_ms=prepared.waited_ms,
            decode_ms=prepared.decode_ms,
            preprocess_ms=prepared.preprocess_ms,
            infer_ms=infer_ms,
            decide_ms=decide_ms + (time.perf_counter() - started) * 1e3,
        )
        return Prediction(
            id=new_id(),
            bundle_id=self.bundle.id,
            task=manifest.task,
            labels=answer.labels,
            label=answer.first.label,
            probability=answer.first.probability,
            candidates=tuple(one for one in answer.candidates if one.probability >= ask.threshold),
            label_set=answer.label_set,
            decision=answer.verdict,
            reason=answer.reason,
            outlier_score=score,
            neighbours=self._neighbours(embedding_d, ask.neighbours),
            embedding=tuple(embedding_d.tolist()) if ask.embedding else None,
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
    images: Images,
    *,
    batch_size: int = 16,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Run the graph over N pictures; return logits float32 `[N, C]` and embeddings `[N, D]`.

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
