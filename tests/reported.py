"""Material of a report, from random scores and without a bundle on disk."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bundles import CHANNELS, provenance
from sightline.bundle import FileRecord, Golden, Graph, Manifest, Variant
from sightline.dataset.sources.store import LocalStore
from sightline.evaluation import Sampling, evaluate_scores
from sightline.evaluation.slices import find_slices
from sightline.records import (
    Column,
    DecisionRule,
    ImageLimits,
    Preprocessing,
    ScoredSet,
    Scores,
    ScoresOrigin,
    activation_of,
)
from sightline.report import Material, Origin, Subject, choose_galleries

QUICK = Sampling(resamples=50)


def manifest_of(labels: Sequence[str], rule: DecisionRule, **changes: Any) -> Manifest:
    """A manifest of a bundle that is nowhere."""
    usual: dict[str, Any] = {
        "name": "somewhere",
        "task": rule.task,
        "labels": tuple(labels),
        "preprocessing": Preprocessing(width_px=32, height_px=32),
        "decision": rule,
        "graph": Graph(opset=18, embedding_size=CHANNELS, feature_map_shape=(CHANNELS, 16, 16)),
        "default_variant": "float32",
        "variants": {"float32": Variant(file="model.onnx", precision="float32", gate={})},
        "golden": Golden(count=1),
        "provenance": provenance(),
        "metrics": {"test": {"accuracy": 0.5, "images": 3}},
        "files": {name: FileRecord(size=1, sha256="0" * 64) for name in ("model.onnx", "reference.npz")},
    }
    return Manifest(**{**usual, **changes})


def noisy_scores(
    labels: Sequence[str],
    rows: int,
    *,
    ids: Sequence[str] | None = None,
    sharpness: float = 2.0,
    seed: int = 0,
) -> Scores:
    """Every class in turn, mostly answered right."""
    rng = np.random.default_rng(seed)
    targets = np.arange(rows) % len(labels)
    logits = rng.normal(0, 1, (rows, len(labels))).astype(np.float32)
    logits[np.arange(rows), targets] += sharpness
    return Scores(
        logits,
        rng.normal(0, 1, (rows, CHANNELS)).astype(np.float32),
        targets.astype(np.int64),
        tuple(ids or (f"{labels[target]}/{row:05}.png" for row, target in enumerate(targets.tolist()))),
        tuple(labels),
    )


def noisy_labels(labels: Sequence[str], rows: int, *, seed: int = 0) -> Scores:
    """Any number of labels is true of a picture; mostly answered right."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((rows, len(labels))) < 0.4).astype(np.uint8)
    logits = (rng.normal(0, 1.5, truth.shape) + 4.0 * truth - 2.0).astype(np.float32)
    embeddings = np.zeros((rows, CHANNELS), np.float32)
    return Scores(logits, embeddings, truth, tuple(f"{row:05}.png" for row in range(rows)), tuple(labels))


def material_of(
    scores: Scores,
    *,
    rule: DecisionRule | None = None,
    root: Path | None = None,
    groups: NDArray[np.int64] | None = None,
    columns: dict[str, Column] | None = None,
    outlier_scores: NDArray[np.float64] | None = None,
    seen_in_training: int = 0,
    manifest: dict[str, Any] | None = None,
    **changes: Any,
) -> Material:
    """What a report is made from; `changes` are fields of the material."""
    own = rule or DecisionRule(activation=activation_of(scores.task))
    origin = ScoresOrigin(
        bundle_id="b" * 64, graph_sha256="0" * 64, split="test", seen_in_training=seen_in_training
    )
    scored = ScoredSet(scores, origin, groups, columns or {})
    subject = Subject(scored, own, outlier_scores)
    sampling = Sampling.of_groups(groups, QUICK.resamples)
    usual: dict[str, Any] = {
        "bundle_id": origin.bundle_id,
        "manifest": manifest_of(scores.labels, own, **(manifest or {})),
        "subject": subject,
        "sampling": sampling,
        "evaluation": evaluate_scores(scores, own, sampling),
        "uncalibrated": evaluate_scores(scores, DecisionRule(activation=own.activation)),
        "galleries": choose_galleries(subject),
        "origin": Origin(created_at="2026-01-01T00:00:00Z", location="set", dataset_digest="d" * 64),
        "store": None if root is None else LocalStore(root),
        "limits": ImageLimits(),
        "slices": find_slices(scores, subject.pictures.right, columns or {}, sampling),
    }
    return Material(**{**usual, **changes})
