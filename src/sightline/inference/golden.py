"""Golden images: recorded where a bundle is built, replayed before it is accepted anywhere.

Each stage is replayed from what was recorded of the stage before it, so that a difference is found where it
arises: another JPEG library shows in `decode`, another resize in `resize`, another chip in `graph`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sightline.bundle import (
    EXPECTED_FILE,
    Bundle,
    Golden,
    GoldenOutputs,
    block_means,
    golden_names,
    unpack_decided,
    unpack_golden,
)
from sightline.errors import BundleCorrupt, GoldenMismatch, ImageError
from sightline.images import preprocess_image
from sightline.inference.decide import Answer, decide
from sightline.inference.engine import Engine
from sightline.inference.outliers import OutlierScorer, open_outlier_scorer
from sightline.records import DecisionRule, Preprocessing

STAGES = ("decode", "orient", "resize", "graph", "decision")


def record_golden(
    pictures: Mapping[str, bytes],
    spec: Preprocessing,
    rule: DecisionRule,
    labels: tuple[str, ...],
    engine: Engine,
    scorer: OutlierScorer | None = None,
) -> GoldenOutputs:
    """Run encoded pictures (name to bytes) through all stages and keep what each gave, in order of the names.

    scorer
        Of the rule's `outliers`; None where it has none.
    """
    traces = [_trace(pictures[name], spec) for name in sorted(pictures)]
    pixels = np.stack([trace["resize"] for trace in traces])
    logits, embedding = engine.run(pixels, ["logits", "embedding"])
    undecided = GoldenOutputs(
        decode_shape=_shapes(trace["decode"] for trace in traces),
        decode_map=np.stack([block_means(trace["decode"]) for trace in traces]),
        orient_shape=_shapes(trace["orient"] for trace in traces),
        orient_map=np.stack([block_means(trace["orient"]) for trace in traces]),
        pixels=pixels,
        logits=logits,
        embedding=embedding,
        probabilities=np.empty(logits.shape),
        outlier_scores=np.full(len(logits), np.nan) if scorer is None else scorer.scores(logits, embedding),
        labels=np.empty(len(logits), np.str_),
        verdicts=np.empty(len(logits), np.str_),
    )
    return record_decisions(undecided, rule, labels)


def record_decisions(outputs: GoldenOutputs, rule: DecisionRule, labels: tuple[str, ...]) -> GoldenOutputs:
    """Decide what was recorded of the graph; everything before the decision stays, and so do outlier scores."""
    probabilities = rule.probabilities(outputs.logits)
    strangeness = [None if np.isnan(score) else float(score) for score in outputs.outlier_scores]
    answers = [
        decide(row, rule, labels, outlier_score=score)
        for row, score in zip(probabilities, strangeness, strict=True)
    ]
    return replace(
        outputs,
        probabilities=probabilities,
        labels=np.array([_as_text(answer) for answer in answers]),
        verdicts=np.array([answer.verdict for answer in answers]),
    )


def read_golden(bundle: Bundle) -> tuple[list[str], GoldenOutputs]:
    """Return the names of the golden pictures and what the default variant is expected to give for them.

    Raises:
        BundleCorrupt: pictures and expectations differ in number.
    """
    names = golden_names(bundle.manifest.files)
    expected = unpack_golden(bundle.read(EXPECTED_FILE))
    own = bundle.manifest.variants[bundle.manifest.default_variant].golden
    if own is not None:
        expected = unpack_decided(bundle.read(own), own, expected)
    if not len(names) == len(expected.logits) == bundle.manifest.golden.count:
        raise BundleCorrupt(
            EXPECTED_FILE,
            f"The bundle has {len(names)} golden pictures, {len(expected.logits)} rows of expected outputs, and "
            f"its manifest says {bundle.manifest.golden.count}.",
        )
    return names, expected


def replay_golden(bundle: Bundle, engine: Engine) -> None:
    """Replay all golden images through all stages.

    Raises:
        GoldenMismatch: the first stage that parts from what was recorded, with the picture and the difference.
        BundleCorrupt: the expectations themselves cannot be used.
    """
    names, expected = read_golden(bundle)
    for row, name in enumerate(names):
        _replay_pixels(name, bundle, expected, row)
    _replay_graph(names, bundle.manifest.golden, expected, engine)
    _replay_decision(names, bundle, expected)


def replay_variant(bundle: Bundle, engine: Engine) -> None:
    """Replay graph and decision, for another variant of a bundle whose pixels are known to hold.

    Raises:
        GoldenMismatch, BundleCorrupt: as `replay_golden` does.
    """
    names, expected = read_golden(bundle)
    _replay_graph(names, bundle.manifest.golden, expected, engine)
    _replay_decision(names, bundle, expected)


def _replay_pixels(name: str, bundle: Bundle, expected: GoldenOutputs, row: int) -> None:
    tolerance = bundle.manifest.golden
    try:
        trace = _trace(bundle.read(name), bundle.manifest.preprocessing)
    except ImageError as err:
        raise GoldenMismatch("decode", f"decode: '{name}' is not taken here: {err}") from err
    for stage in ("decode", "orient"):
        shape = getattr(expected, f"{stage}_shape")[row]
        if tuple(shape) != trace[stage].shape[:2]:
            raise _mismatch(
                stage, name, f"the shape {trace[stage].shape[:2]}, recorded was {tuple(map(int, shape))}"
            )
        apart = np.abs(block_means(trace[stage]) - getattr(expected, f"{stage}_map")[row]).mean()
        _compare(stage, name, "a mean difference of levels of", float(apart), tolerance.pixel_mean)
    levels = np.abs(trace["resize"].astype(np.int16) - expected.pixels[row])
    _compare("resize", name, "a mean difference of levels of", float(levels.mean()), tolerance.pixel_mean)
    _compare("resize", name, "a largest difference of levels of", float(levels.max()), tolerance.pixel_max)


def _replay_graph(names: list[str], tolerance: Golden, expected: GoldenOutputs, engine: Engine) -> None:
    # One by one, as they will come: a batch of them would have the engine keep memory for as many ever after.
    try:
        rows = [engine.run(image[np.newaxis], ["logits", "embedding"]) for image in expected.pixels]
    except Exception as err:  # an engine's errors share no class
        raise GoldenMismatch("graph", f"graph: it loads, but does not run here: {str(err)[:500]}") from err
    logits, embedding = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    for output, actual, recorded in (
        ("logits", logits, expected.logits),
        ("embedding", embedding, expected.embedding),
    ):
        if actual.shape != recorded.shape:
            raise _mismatch(
                "graph", names[0], f"{output} of shape {actual.shape}, recorded was {recorded.shape}"
            )
        scale = np.maximum(1.0, np.abs(recorded).max(axis=1))
        apart = np.abs(actual - recorded).max(axis=1) / scale
        worst = int(apart.argmax())
        _compare("graph", names[worst], f"{output} apart by a share of", float(apart[worst]), tolerance.logit)


def _replay_decision(names: list[str], bundle: Bundle, expected: GoldenOutputs) -> None:
    manifest = bundle.manifest
    probabilities = manifest.decision.probabilities(expected.logits)
    scorer = open_outlier_scorer(bundle)
    strangeness = None if scorer is None else scorer.scores(expected.logits, expected.embedding)
    for row, name in enumerate(names):
        apart = np.abs(probabilities[row] - expected.probabilities[row]).max()
        _compare("decision", name, "probabilities apart by", float(apart), manifest.golden.probability)
        score, recorded_score = None, float(expected.outlier_scores[row])
        if strangeness is not None:
            score = float(strangeness[row])
            share = abs(score - recorded_score) / max(1.0, abs(recorded_score))
            _compare(
                "decision", name, "outlier scores apart by a share of", share, manifest.golden.outlier_score
            )
        answer = decide(probabilities[row], manifest.decision, manifest.labels, outlier_score=score)
        given = f"'{_as_text(answer)}', {answer.verdict}"
        recorded = f"'{expected.labels[row]}', {expected.verdicts[row]}"
        if given != recorded:
            raise _mismatch("decision", name, f"the answer {given}; recorded was {recorded}")


def _as_text(answer: Answer) -> str:
    """The labels of an answer in one cell, divided by `|` as in tables; none: empty."""
    return "|".join(answer.labels)


def _trace(data: bytes, spec: Preprocessing) -> dict[str, NDArray[np.uint8]]:
    trace: dict[str, NDArray[np.uint8]] = {}
    preprocess_image(data, spec, observe=trace.__setitem__)
    return trace


def _shapes(pictures: Iterator[NDArray[np.uint8]]) -> NDArray[np.int64]:
    return np.array([picture.shape[:2] for picture in pictures], dtype=np.int64)


def _compare(stage: str, name: str, what: str, apart: float, allowed: float) -> None:
    if not apart <= allowed:  # NaN counts as a difference
        raise _mismatch(stage, name, f"{what} {apart:.3g}, allowed are {allowed:.3g}")


def _mismatch(stage: str, name: str, found: str) -> GoldenMismatch:
    return GoldenMismatch(
        stage,
        f"{stage}: the golden image '{name}' gives {found}. This machine does not reproduce what was evaluated; "
        "compare the package versions with those in the bundle's provenance.",
    )
