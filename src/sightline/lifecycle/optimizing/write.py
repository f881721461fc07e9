"""The bundle with the variants that were kept."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sightline.bundle import (
    GoldenOutputs,
    Manifest,
    Precision,
    Variant,
    list_files,
    pack_decided,
    write_bundle,
)
from sightline.inference import OutlierScorer, open_nearest, read_golden, record_decisions
from sightline.lifecycle.optimizing.family import Family
from sightline.lifecycle.optimizing.gate import Answering
from sightline.lifecycle.optimizing.records import Optimized, Row

TABLE_FILE = "variants.json"
_GOLDEN: dict[Precision, float] = {"float32": 1e-3, "bfloat16": 0.05, "float16": 0.05, "int8": 0.1}
"""How far a replay may part elsewhere: fewer bits are rounded otherwise on another chip."""


def write_variants(family: Family, target: Path, found: Optimized) -> str:
    """Write the family's bundle with its reference and its kept variants, and the whole table; return its id."""
    old = family.bundle.sealed
    rows = {row.name: row for row in found.rows}
    variants: dict[str, Variant] = {}
    graphs: dict[str, bytes] = {}
    for one in family.tried:
        name, row = family.variant_name(one.candidate), rows[one.candidate.name]
        if one is family.reference:
            gate = reference_gate(old.variants[name].gate, row)
            variants[name] = old.variants[name].model_copy(update={"gate": gate})
        elif row.role == "kept":
            assert one.answering is not None
            assert row.gate is not None
            graphs[one.candidate.file] = one.candidate.graph
            golden = f"variants/{name}.npz"
            graphs[golden] = pack_decided(_expected(family, one.answering))
            variants[name] = Variant(
                file=one.candidate.file,
                engine=row.runtime,
                precision=row.precision,
                decision=one.answering.rule,
                golden=golden,
                golden_logit=_GOLDEN[row.precision],
                gate=_figures(row),
            )
    (chosen,) = (
        family.variant_name(one.candidate) for one in family.tried if one.candidate.name == found.chosen
    )
    files = {name: family.bundle.read(name) for name in old.files} | graphs
    files[TABLE_FILE] = f"{found.model_dump_json(indent=1)}\n".encode()
    changed = {
        "name": target.name,
        "variants": variants,
        "default_variant": chosen,
        "files": list_files(files),
    }
    return write_bundle(target, Manifest(**{**dict(old), **changed}), files)


def _expected(family: Family, answering: Answering) -> GoldenOutputs:
    """What the variant gives for the golden images, decided by its own rule."""
    _, reference = read_golden(family.bundle)
    logits, embedding = answering.golden
    scores = np.full(len(logits), np.nan)
    if answering.rule.outliers is not None:
        nearest = open_nearest(family.bundle)
        assert nearest is not None
        scores = OutlierScorer(answering.rule.outliers, nearest.reference, nearest).scores(logits, embedding)
    undecided = replace(reference, logits=logits, embedding=embedding, outlier_scores=scores)
    return record_decisions(undecided, answering.rule, family.bundle.sealed.labels)


def reference_gate(known: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """What is known of a reference, its agreement with its network above all, and how fast it is.

    A smaller network's reference was judged against another network, too. Those figures have the same names and stand
    in the table alone.
    """
    return {**known, **_speed(row)}


def _speed(row: Row) -> dict[str, Any]:
    return {
        "p50_ms": row.single.p50_ms,
        "p95_ms": row.single.p95_ms,
        "images_per_s": row.throughput.by_session_per_core,
        "times_the_reference": row.throughput.ratio,
        "size_mb": row.size_mb,
    }


def _figures(row: Row) -> dict[str, Any]:
    gate = row.gate
    if gate is None:
        return _speed(row)
    return {
        "how": row.how,
        "images": gate.images,
        "accuracy": gate.accuracy,
        "accuracy_drop": gate.drop.value,
        "accuracy_drop_low": gate.drop.low,
        "accuracy_drop_high": gate.drop.high,
        "label_agreement": gate.label_agreement,
        "max_probability_difference": gate.max_probability_difference,
        "worst_class": gate.worst_class,
        "worst_recall_change": gate.worst_recall_change,
        "calibration_error": gate.calibration_error,
        **_speed(row),
    }
