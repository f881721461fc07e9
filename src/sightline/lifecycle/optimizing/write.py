"""The bundle with the variants that were kept."""

from pathlib import Path
from typing import Any

from sightline.bundle import Manifest, Variant, list_files, write_bundle
from sightline.lifecycle.optimizing.family import Family
from sightline.lifecycle.optimizing.records import Optimized, Row

TABLE_FILE = "variants.json"
_GOLDEN_MARGIN = 1.5
_LEAST_GOLDEN = 1e-3


def write_variants(family: Family, target: Path, found: Optimized) -> str:
    """Write the family's bundle with its reference and its kept variants, and the whole table; return its id."""
    old = family.bundle.sealed
    rows = {row.name: row for row in found.rows}
    variants: dict[str, Variant] = {}
    graphs: dict[str, bytes] = {}
    for one in family.tried:
        name, row = family.variant_name(one.candidate), rows[one.candidate.name]
        if one is family.reference:
            variants[name] = old.variants[name].model_copy(
                update={"gate": {**old.variants[name].gate, **_figures(row)}}
            )
        elif row.role == "kept":
            assert one.answering is not None
            assert row.gate is not None
            graphs[one.candidate.file] = one.candidate.graph
            variants[name] = Variant(
                file=one.candidate.file,
                engine=row.runtime,
                precision=row.precision,
                decision=one.answering.rule,
                golden_logit=max(_LEAST_GOLDEN, _GOLDEN_MARGIN * row.gate.golden),
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


def _figures(row: Row) -> dict[str, Any]:
    speed = {
        "p50_ms": row.single.p50_ms,
        "p95_ms": row.single.p95_ms,
        "images_per_s": row.throughput.by_session_per_core,
        "times_the_reference": row.throughput.ratio,
        "size_mb": row.size_mb,
    }
    gate = row.gate
    if gate is None:
        return speed
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
        **speed,
    }
