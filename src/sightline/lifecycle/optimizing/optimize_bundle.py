"""The story of an optimisation: a table of variants, each measured and judged, and a bundle with those worth having."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sightline.bundle import Bundle, Manifest, Variant, check_target, list_files, read_bundle, write_bundle
from sightline.dataset import Dataset
from sightline.inference import open_engine, replay_golden
from sightline.lifecycle.optimizing.candidates import Candidate, float_candidates, reference_of
from sightline.lifecycle.optimizing.choosing import settle
from sightline.lifecycle.optimizing.judging import Judge, Tried, right_rows
from sightline.lifecycle.optimizing.material import Listen, Material, Pixels, gather
from sightline.lifecycle.optimizing.measure import Measured, measure_candidates
from sightline.lifecycle.optimizing.records import Optimized, Row, Wanted
from sightline.lifecycle.provenance import hardware

TABLE_FILE = "variants.json"
_GOLDEN_MARGIN = 1.5
_LEAST_GOLDEN = 1e-3

More = Callable[[Bundle, Material, Listen], Sequence[Candidate]]
"""Makes further candidates, of graphs that are yet to be made."""
Explain = Callable[[bytes, bytes, Pixels], str]
"""Says in a sentence where a graph, the second, leaves the first on some pictures."""


def optimize_bundle(
    bundle: Bundle,
    dataset: Dataset,
    wanted: Wanted,
    target: Path | None,
    listen: Listen,
    more: Sequence[More] = (),
    explain: Explain | None = None,
) -> Optimized:
    """Try every runtime and precision, and write a bundle with the variants that are faster and as good.

    target
        None: nothing is written, the table is all.
    more, explain
        Where quantised graphs come from, and what is asked about those that do not pass their gate.

    Raises:
        InputError: `target` exists, or pictures of a kind are too few.
        GoldenMismatch: this machine does not give what was evaluated.
    """
    if target is not None:
        check_target(target)
    bundle = bundle.with_variant(reference_of(bundle))
    replay_golden(bundle, open_engine(bundle))
    material = gather(bundle, dataset, listen)
    candidates = [*float_candidates(bundle)]
    for make in more:
        candidates += make(bundle, material, listen)
    judge = Judge(bundle, material, wanted.limits)
    progress = listen("Judging")
    tried = []
    for done, candidate in enumerate(candidates):
        tried.append(judge.answer(candidate))
        progress(done + 1, len(candidates))
    measured = measure_candidates(
        candidates, material.gate.pixels, threads=wanted.threads, batches=wanted.batches, listen=listen
    )
    rows = [_row(one, tried[0], judge, measured) for one in tried]
    if explain is not None:
        rows = [
            _explained(row, one.candidate, candidates[0], material, explain)
            for row, one in zip(rows, tried, strict=True)
        ]
    settled, chosen, missed = settle(rows, wanted)
    found = Optimized(
        machine=hardware("cpu"),
        split=material.split,
        images=len(material.gate.dataset),
        rows=settled,
        chosen=chosen,
        missed=missed,
    )
    if target is None or chosen is None:
        return found
    bundle_id = _write(bundle, target, found, {one.candidate.name: one for one in tried})
    read_bundle(target)
    return found.model_copy(update={"bundle": str(target), "bundle_id": bundle_id})


def _row(one: Tried, reference: Tried, judge: Judge, measured: Mapping[str, Measured]) -> Row:
    candidate, of_speed = one.candidate, measured[one.candidate.name]
    assert reference.answering is not None
    gate = None if one is reference or one.answering is None else judge.gate(one, reference)
    own = one.answering
    return Row(
        name=candidate.name,
        runtime=candidate.runtime,
        precision=candidate.precision,
        how=candidate.how,
        size_mb=len(candidate.graph) / 1e6,
        gate=gate,
        accuracy=float(right_rows(own.scores, own.rule).mean()) if own else 0.0,
        test=one.test,
        speeds=of_speed.speeds,
        throughput=of_speed.throughput,
        footprint=of_speed.footprint,
        role="reference" if one is reference else "refused",
        reasons=(one.broken,) if one.broken else (),
    )


def _explained(
    row: Row, candidate: Candidate, reference: Candidate, material: Material, explain: Explain
) -> Row:
    """With the place where a graph that does not pass leaves the reference."""
    objected = row.gate.objections if row.gate else row.reasons
    if not objected or candidate.graph == reference.graph:
        return row
    where = explain(reference.graph, candidate.graph, material.trying)
    return row.model_copy(update={"departure": where})


def _write(bundle: Bundle, target: Path, found: Optimized, tried: Mapping[str, Tried]) -> str:
    old = bundle.sealed
    reference = reference_of(bundle)
    variants = {
        reference: old.variants[reference].model_copy(update={"gate": _gate_of(old, reference, found)})
    }
    graphs = {}
    for row in found.rows:
        if row.role != "kept":
            continue
        one = tried[row.name]
        assert one.answering is not None
        assert row.gate is not None
        graphs[one.candidate.file] = one.candidate.graph
        variants[row.name] = Variant(
            file=one.candidate.file,
            engine=row.runtime,
            precision=row.precision,
            decision=one.answering.rule,
            golden_logit=max(_LEAST_GOLDEN, _GOLDEN_MARGIN * row.gate.golden),
            gate=_figures(row),
        )
    files = {name: bundle.read(name) for name in old.files} | graphs
    files[TABLE_FILE] = f"{found.model_dump_json(indent=1)}\n".encode()
    manifest = Manifest(
        **{
            **dict(old),
            "name": target.name,
            "variants": variants,
            "default_variant": found.chosen,
            "files": list_files(files),
        }
    )
    return write_bundle(target, manifest, files)


def _gate_of(old: Manifest, reference: str, found: Optimized) -> dict[str, Any]:
    """What was measured of the reference where it was exported, and its speed here."""
    (row,) = (one for one in found.rows if one.name == reference)
    return {**old.variants[reference].gate, **_speed_of(row)}


def _figures(row: Row) -> dict[str, Any]:
    gate = row.gate
    assert gate is not None
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
        **_speed_of(row),
    }


def _speed_of(row: Row) -> dict[str, Any]:
    return {
        "p50_ms": row.single.p50_ms,
        "p95_ms": row.single.p95_ms,
        "images_per_s": row.throughput.by_session_per_core,
        "times_the_reference": row.throughput.ratio,
        "size_mb": row.size_mb,
    }
