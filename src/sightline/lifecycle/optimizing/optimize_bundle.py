"""The story of an optimisation: a table of variants, each measured and judged, and a bundle with those worth having."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sightline.bundle import Bundle, check_target, read_bundle
from sightline.dataset import Dataset
from sightline.errors import InputError
from sightline.lifecycle.judge import known_splits, sampling_for
from sightline.lifecycle.optimizing.choosing import settle
from sightline.lifecycle.optimizing.family import Family, More, try_family
from sightline.lifecycle.optimizing.gate import Gate, golden_apart, judge_variant
from sightline.lifecycle.optimizing.judging import Tried, accuracy_of, right_rows
from sightline.lifecycle.optimizing.material import Listen, Pixels
from sightline.lifecycle.optimizing.measure import Measured, measure_candidates
from sightline.lifecycle.optimizing.records import Optimized, Row, Wanted
from sightline.lifecycle.optimizing.write import write_variants
from sightline.lifecycle.provenance import hardware, now, package_versions

_PACKAGES = ("numpy", "onnxruntime", "openvino", "nncf")

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
    smaller: Mapping[str, Bundle] | None = None,
) -> Optimized:
    """Try every runtime and precision, and write a bundle with the variants that are faster and as good.

    target
        None: nothing is written, the table is all.
    more, explain
        Where quantised graphs come from, and what is asked about those that do not pass their gate.
    smaller
        Bundles of smaller networks of the same task, by a short name: they stand in the same table and pass the same
        gate, against this bundle's reference. If the variant that serves is of one of them, that is the bundle written.

    Raises:
        InputError: `target` exists, pictures of a kind are too few, or a smaller network is of another task or split.
        GoldenMismatch: this machine does not give what was evaluated.
    """
    if target is not None:
        check_target(target)
    for one in (bundle, *(smaller or {}).values()):
        _require_one_variant(one)
    for one in (smaller or {}).values():
        _require_same_task(bundle, one)
    families = [try_family("", bundle, dataset, listen, more)]
    for name, one in (smaller or {}).items():
        families.append(try_family(f"{name}-", one, dataset, listen, more))
    own = families[0]
    measured = measure_candidates(
        [tried.candidate for family in families for tried in family.tried],
        own.material.gate.pixels,
        threads=wanted.threads,
        batches=wanted.batches,
        listen=listen,
    )
    rows = [
        _row(tried, family, own.reference, wanted, measured, explain)
        for family in families
        for tried in family.tried
    ]
    settled, chosen, missed = settle(rows, wanted)
    found = Optimized(
        machine=hardware("cpu"),
        asked=wanted,
        split=own.material.split,
        images=len(own.material.gate.dataset),
        rows=settled,
        chosen=chosen,
        missed=missed,
        versions=package_versions(_PACKAGES),
        created_at=now(),
    )
    if target is None or chosen is None:
        return found
    (serving,) = (one for one in families if any(tried.candidate.name == chosen for tried in one.tried))
    bundle_id = write_variants(serving, target, found)
    read_bundle(target)
    return found.model_copy(update={"bundle": str(target), "bundle_id": bundle_id})


def _require_one_variant(bundle: Bundle) -> None:
    if len(bundle.sealed.variants) > 1:
        raise InputError(
            f"'{bundle.root}' has {len(bundle.sealed.variants)} variants already. Optimise the bundle that it was "
            "made from, or time it here with `sightline benchmark`."
        )


def _require_same_task(bundle: Bundle, other: Bundle) -> None:
    own, its = bundle.sealed, other.sealed
    if (own.task, own.labels) != (its.task, its.labels):
        raise InputError(
            f"'{other.root}' answers {its.task} with the labels {', '.join(its.labels[:10])}; "
            f"'{bundle.root}' {own.task} with {', '.join(own.labels[:10])}. "
            "Only networks of the same task can stand in one table."
        )
    if own.preprocessing != its.preprocessing:
        raise InputError(
            f"'{other.root}' sees pictures otherwise than '{bundle.root}': their preprocessing differs."
        )
    known, there = known_splits(bundle), known_splits(other)
    if {image for image, split in known.items() if split != "train"} != {
        image for image, split in there.items() if split != "train"
    }:
        raise InputError(
            f"'{other.root}' was trained on pictures that '{bundle.root}' is judged by, or the other way round. "
            "Train it on the same split."
        )


def _row(
    one: Tried,
    family: Family,
    original: Tried,
    wanted: Wanted,
    measured: Mapping[str, Measured],
    explain: Explain | None,
) -> Row:
    candidate, speed, own = one.candidate, measured[one.candidate.name], one.answering
    gate = None if one is original else _gate(one, family, original, wanted)
    return Row(
        name=candidate.name,
        runtime=candidate.runtime,
        precision=candidate.precision,
        how=candidate.how,
        size_mb=len(candidate.graph) / 1e6,
        gate=gate,
        accuracy=float(right_rows(own.scores, own.rule).mean()) if own else 0.0,
        held_out=accuracy_of(own.scores, own.rule, sampling_for(family.material.gate.dataset))
        if own
        else None,
        test=one.test,
        speeds=speed.speeds,
        throughput=speed.throughput,
        footprint=speed.footprint,
        role="reference" if one is original else "refused",
        reasons=(one.broken,) if one.broken else (),
        departure=_departure(one, family, gate, explain),
        network=family.prefix.removesuffix("-"),
    )


def _gate(one: Tried, family: Family, original: Tried, wanted: Wanted) -> Gate | None:
    own = family.reference.answering
    if one.answering is None or own is None or original.answering is None:
        return None
    sampling = sampling_for(family.material.gate.dataset)
    apart = golden_apart(one.answering.golden, own.golden)
    return judge_variant(one.answering, original.answering, sampling, wanted.limits, golden=apart)


def _departure(one: Tried, family: Family, gate: Gate | None, explain: Explain | None) -> str:
    """Where a graph that does not pass leaves its own reference; "" where there is nothing to say."""
    reference, graph = family.reference.candidate.graph, one.candidate.graph
    passed = not one.broken if gate is None else gate.passed
    if explain is None or passed or graph == reference:
        return ""
    return explain(reference, graph, family.material.trying)
