"""The converted model beside the bundle: golden images, held-out pictures, time."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import Bundle
from sightline.dataset import Dataset
from sightline.errors import ExportMismatch
from sightline.inference import Engine, OnnxEngine, open_engine, open_session, read_golden
from sightline.inference.measuring import measure_latency
from sightline.inference.signature import Output
from sightline.lifecycle.exporting.records import HeldOut, Replayed, Timed
from sightline.lifecycle.judge import sampling_for
from sightline.lifecycle.optimizing.gate import Answering, Limits, golden_apart, judge_variant
from sightline.lifecycle.optimizing.judging import accuracy_of, score_pictures
from sightline.lifecycle.optimizing.material import Judging, Listen, gather

_GRAPH: tuple[Output, ...] = ("logits", "embedding")


@dataclass(frozen=True)
class Pair:
    """The bundle at the variant that was exported, the same at its float32 reference, and the converted model."""

    bundle: Bundle
    reference: Bundle
    engine: Engine
    title: str


def replay(pair: Pair) -> Replayed:
    """Run the golden images. They may part as far as the bundle's own variants may on another machine.

    Feature maps are compared with ONNX Runtime's; with fewer than 32 bits they part by a quarter between runtimes, and
    are then reported and not judged.

    Raises:
        ExportMismatch: outputs part from what was recorded by more than the tolerance, an output is no number, or an
            answer is another one.
    """
    _, golden = read_golden(pair.bundle)
    tolerance, exact = pair.bundle.manifest.golden.logit, _is_float32(pair.bundle)
    logits, embedding = pair.engine.run(golden.pixels, _GRAPH)
    (feature_map,) = pair.engine.run(golden.pixels, ["feature_map"])
    (wanted_map,) = _in_onnx_runtime(pair.bundle).run(golden.pixels, ["feature_map"])
    for name, given, recorded in (
        ("logits", logits, golden.logits),
        ("embedding", embedding, golden.embedding),
        ("feature_map", feature_map, wanted_map),
    ):
        if given.shape != recorded.shape:
            raise ExportMismatch(
                f"{pair.title} gives {name} of shape {list(given.shape)}, the bundle {list(recorded.shape)}."
            )
    found = Differences(
        _apart(logits, golden.logits),
        _apart(embedding, golden.embedding),
        _apart(_flat(feature_map), _flat(wanted_map)),
    )
    same = _same_answers(pair.bundle, logits, golden.logits)
    if not found.within(tolerance, map_too=exact) or same < len(logits):
        raise ExportMismatch(
            f"{pair.title} does not give what '{pair.bundle.root}' gave for its golden images: logits are apart by a "
            f"share of {found.logits:.2g}, embeddings by {found.embedding:.2g}, feature maps by "
            f"{found.feature_map:.2g} (at most {tolerance:g} is allowed{'' if exact else ' of the first two'}), and "
            f"{same} of {len(logits)} answers are the same (all are required). Nothing was written."
        )
    return Replayed(
        images=len(logits),
        tolerance=tolerance,
        logits=found.logits,
        embedding=found.embedding,
        feature_map=found.feature_map,
        same_answers=same,
    )


@dataclass(frozen=True)
class Differences:
    """Largest |Δ| as a share of the largest recorded value; NaN where an output was no number."""

    logits: float
    embedding: float
    feature_map: float

    def within(self, tolerance: float, *, map_too: bool) -> bool:
        """Whether all are numbers and small enough; of feature maps only the former, unless `map_too`."""
        most = tolerance if map_too else math.inf
        return self.logits <= tolerance and self.embedding <= tolerance and self.feature_map <= most


def judge_held_out(pair: Pair, dataset: Dataset, limits: Limits, listen: Listen) -> HeldOut:
    """Let the converted model answer the pictures that `sightline optimize` judges by.

    Raises:
        InputError: pictures of a kind are too few.
        ExportMismatch: an output is no number, or more accuracy or recall is lost than allowed.
    """
    material = gather(pair.reference, dataset, listen)
    progress = listen("Judging the converted model")
    own = _answering(pair.bundle, pair.engine, material.gate)
    progress(1, 2)
    if not all(np.isfinite(one).all() for one in (own.scores.logits, own.scores.embeddings)):
        raise ExportMismatch(
            f"Some outputs of {pair.title} on held-out pictures are no numbers. Nothing was written."
        )
    reference = _answering(pair.reference, open_engine(pair.reference), material.gate)
    progress(2, 2)
    sampling = sampling_for(material.gate.dataset)
    apart = golden_apart(own.golden, reference.golden)
    gate = judge_variant(own, reference, sampling, limits, golden=apart)
    if not gate.passed:
        raise ExportMismatch(
            f"{pair.title} is not as good as '{pair.reference.root}' on {gate.images} pictures of {material.split}: "
            f"{'; '.join(gate.objections)}. Nothing was written."
        )
    test = None
    if material.test is not None:
        tested = score_pictures(pair.engine, material.test, pair.bundle.manifest)
        test = accuracy_of(tested, own.rule, sampling_for(material.test.dataset))
    return HeldOut(
        split=material.split, gate=gate, accuracy=accuracy_of(own.scores, own.rule, sampling), test=test
    )


def time_beside(pair: Pair, threads: int = 1) -> Timed:
    """Time the model, opened with so many threads, in turns with the reference in ONNX Runtime."""
    _, golden = read_golden(pair.reference)
    engines = {"reference": open_engine(pair.reference, threads=threads), "own": pair.engine}
    found = measure_latency(engines, golden.pixels[:1], threads=threads)
    return Timed(own=found["own"], onnx_runtime=found["reference"])


def _answering(bundle: Bundle, engine: Engine, part: Judging) -> Answering:
    logits, embedding = engine.run(read_golden(bundle)[1].pixels, _GRAPH)
    scores = score_pictures(engine, part, bundle.manifest)
    return Answering(scores, bundle.manifest.decision, (logits, embedding))


def _is_float32(bundle: Bundle) -> bool:
    return bundle.manifest.variants[bundle.manifest.default_variant].precision == "float32"


def _in_onnx_runtime(bundle: Bundle) -> Engine:
    """The variant's graph where every bundle can be run."""
    file = bundle.manifest.variants[bundle.manifest.default_variant].file
    return OnnxEngine(open_session(bundle.read(file), file), runs_alone=True)


def _same_answers(bundle: Bundle, given: NDArray[np.float32], recorded: NDArray[np.float32]) -> int:
    rule = bundle.manifest.decision
    own, other = (rule.present(rule.probabilities(logits)) for logits in (given, recorded))
    return int((own == other).all(axis=1).sum())


def _apart(given: NDArray[np.float32], recorded: NDArray[np.float32]) -> float:
    return golden_apart((given, given), (recorded, recorded))


def _flat(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values.reshape(len(values), -1)
