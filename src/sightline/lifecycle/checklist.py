"""The deployment checklist of an optimisation or an export: only what the bundle's records prove is verified."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from sightline.bundle import Bundle, Manifest
from sightline.lifecycle.optimizing.candidates import reference_of
from sightline.lifecycle.optimizing.records import Optimized, Row
from sightline.records import ChecklistLine, ChecklistState, Estimate

if TYPE_CHECKING:
    from sightline.lifecycle.exporting.records import ExportRecord

_NAMES = {"majority": "the most common answer", "linear_probe": "a linear probe on the pretrained backbone"}


def checklist_of_optimization(bundle: Bundle, found: Optimized) -> tuple[ChecklistLine, ...]:
    """What is known before the variant that was chosen ships. `bundle` is the one that was optimised."""
    chosen = next((row for row in found.rows if row.name == found.chosen), None)
    return (
        *_of_table(found, chosen),
        _matches_network(bundle),
        _line(
            "Preprocessing identical in training and serving",
            "verified",
            f"{bundle.manifest.golden.count} golden images were replayed on this machine before anything was measured: "
            "decode, orientation, resize, graph and decision give what was recorded.",
        ),
        *_of_bundle(bundle),
    )


def checklist_of_export(bundle: Bundle, record: "ExportRecord") -> tuple[ChecklistLine, ...]:
    """What is known before the exported model ships. `bundle` is at the variant that was exported."""
    return (*_of_export(record), _matches_network(bundle), _on_device(bundle), *_of_bundle(bundle))


def _line(what: str, state: ChecklistState, said: str) -> ChecklistLine:
    return ChecklistLine(what=what, state=state, said=said)


def _of_table(found: Optimized, chosen: Row | None) -> Iterator[ChecklistLine]:
    asked, reference = found.asked, next(row for row in found.rows if row.role == "reference")
    machine = _machine(found.machine)
    latency = None if asked is None else asked.max_latency_ms
    yield _within(
        "Latency requirement defined",
        ""
        if latency is None
        else f"{latency:g} ms, 95th percentile of one picture on {reference.single.threads} core",
        None if chosen is None else f"{chosen.name} takes {chosen.single.p95_ms:.1f} ms",
        "--max-latency-ms",
    )
    yield _line(
        "Target hardware named",
        "verified",
        f"All figures hold for {machine}. If the service runs elsewhere: `sightline benchmark` there.",
    )
    yield _line(
        "Baseline measured on it before optimisation",
        "verified",
        f"{reference.name}: {reference.single.p50_ms:.1f} ms (median of one picture, "
        f"{reference.throughput.by_session_per_core:.0f} images/s).",
    )
    yield _eight_bits(found, chosen)
    yield _throughput(chosen)
    size = None if asked is None else asked.max_size_mb
    yield _within(
        "Model size within limits",
        "" if size is None else f"{size:g} MB",
        None if chosen is None else f"{chosen.name} has {chosen.size_mb:.1f} MB",
        "--max-size-mb",
    )


def _within(what: str, limit: str, measured: str | None, option: str) -> ChecklistLine:
    """A limit that the variant which serves keeps: one that does not is not chosen."""
    if not limit:
        said = "" if measured is None else f"; {measured}"
        return _line(what, "not stated", f"Nobody has said what is needed: give {option}{said}.")
    if measured is None:
        return _line(what, "not verified", f"{limit}; no variant keeps it.")
    return _line(what, "verified", f"{limit}; {measured}.")


def _eight_bits(found: Optimized, chosen: Row | None) -> ChecklistLine:
    what = "Accuracy with eight bits validated on held-out pictures"
    rows = [row for row in found.rows if row.precision == "int8" and row.gate is not None]
    if not rows:
        return _line(
            what,
            "not verified",
            "No variant of eight bits was made, so none serves. Optimise without --no-int8 to try.",
        )
    serving = chosen if chosen in rows else None
    best = serving or max(rows, key=lambda row: row.accuracy)
    assert best.gate is not None
    drop = best.gate.drop
    said = (
        f"{best.name}: {best.gate.accuracy:.4f} on {best.gate.images} pictures of {found.split}, "
        f"{-drop.value:+z.4f} against the reference ({-drop.high:+z.4f} to {-drop.low:+z.4f}){_tested(best.test)}."
    )
    return _line(what, "verified", said if serving else f"{said} None of eight bits serves.")


def _tested(test: Estimate | None) -> str:
    return "" if test is None else f"; {test.value:.4f} ({test.low:.4f} to {test.high:.4f}) on test"


def _throughput(chosen: Row | None) -> ChecklistLine:
    what = "Throughput benchmarked on the target hardware"
    if chosen is None:
        return _line(what, "not verified", "Nothing keeps the limits, so nothing serves.")
    rate = chosen.throughput
    return _line(
        what,
        "verified",
        f"{chosen.name}: {rate.by_session_per_core:.0f} images/s with a session a core, {rate.ratio:.2f} times the "
        f"reference, {rate.by_all_cores:.0f} with one session on all. Of the network alone: decoding, resizing and "
        "HTTP come on top.",
    )


def _of_export(record: "ExportRecord") -> Iterator[ChecklistLine]:
    machine = _machine(record.machine)
    yield _line(
        "Latency requirement defined",
        "not stated",
        "An export asks for none. Say what the device must keep, and time the model there.",
    )
    here = f"converted on {machine}, and not run: {record.not_run}" if record.not_run else f"run on {machine}"
    yield _line(
        "Target hardware named",
        "not verified",
        f"The model was {here}. Replay golden/ and time it on the device that it is for.",
    )
    yield _conversion(record)
    yield _held_out(record)
    yield _time(record)
    yield _line(
        "Model size within limits", "not stated", f"{record.size_mb:.1f} MB; an export asks for no limit."
    )


def _conversion(record: "ExportRecord") -> ChecklistLine:
    what = "Converted model matches the bundle"
    if record.replayed is None:
        return _line(
            what, "not verified", f"{record.not_run}. Replay golden/ where it runs, as section 4 says."
        )
    one = record.replayed
    return _line(
        what,
        "verified",
        f"{one.images} golden images in {_versions(record.runtime)}: logits apart by {one.logits:.1e} of the largest, "
        f"embeddings {one.embedding:.1e}, feature maps {one.feature_map:.1e} (allowed {one.tolerance:g}); "
        f"{one.same_answers} of {one.images} answers the same.",
    )


def _held_out(record: "ExportRecord") -> ChecklistLine:
    what = "Accuracy of the converted model validated on held-out pictures"
    if record.held_out is None:
        how = (
            "Run it where it can be run."
            if record.not_run
            else "Export with DATA, the folder that it was trained on."
        )
        return _line(what, "not verified", how)
    gate, drop = record.held_out.gate, record.held_out.gate.drop
    return _line(
        what,
        "verified",
        f"{gate.accuracy:.4f} on {gate.images} pictures of {record.held_out.split}, {-drop.value:+z.4f} against the "
        f"float32 reference ({-drop.high:+z.4f} to {-drop.low:+z.4f}), {gate.label_agreement:.2%} of the answers the "
        f"same{_tested(record.held_out.test)}.",
    )


def _time(record: "ExportRecord") -> ChecklistLine:
    what = "Throughput benchmarked on the target hardware"
    if record.timed is None:
        return _line(what, "not verified", f"{record.not_run}. Time it on the device.")
    own, other = record.timed.own, record.timed.onnx_runtime
    return _line(
        what,
        "not verified",
        f"On {_machine(record.machine)}, one picture a call on one core: {own.p50_ms:.1f} ms, ONNX Runtime in float32 "
        f"{other.p50_ms:.1f} ms ({own.ratio:.2f} times as fast). Time it on the device.",
    )


def _on_device(bundle: Bundle) -> ChecklistLine:
    return _line(
        "Preprocessing identical in training and serving",
        "not verified",
        f"Here {bundle.manifest.golden.count} golden images give the recorded pixels. The device has code of its own: "
        "compare its pixels with golden/pixels.npy, as section 1 says.",
    )


def _matches_network(bundle: Bundle) -> ChecklistLine:
    what = "ONNX export matches the network within tolerance"
    gate = bundle.sealed.variants[reference_of(bundle)].gate
    needed = ("images", "label_agreement", "max_probability_difference", "tolerance")
    if any(gate.get(name) is None for name in needed):
        return _line(what, "not verified", "The bundle has no record of it. Build it with `sightline train`.")
    same, apart, allowed = (float(gate[name] or 0) for name in needed[1:])
    agrees = same == 1 and apart <= allowed
    return _line(
        what,
        "verified" if agrees else "not verified",
        f"{gate['images']} pictures, alone and in batches: {same:.0%} of the labels the same, probabilities apart by "
        f"at most {apart:.1e} (allowed {allowed:.0e}).",
    )


def _of_bundle(bundle: Bundle) -> Iterator[ChecklistLine]:
    yield _beats_baseline(bundle.manifest)
    yield _operating_point(bundle.manifest)
    yield _classes(bundle)
    yield _line(
        "Failure cases kept for regression",
        "not verified",
        "The bundle does not say. Keep mistakes with `sightline regress add` and try every later bundle on them.",
    )
    yield _line("Monitored after shipping", "not verified", "Comes with monitoring, which is not built yet.")


def _beats_baseline(manifest: Manifest) -> ChecklistLine:
    what = "A baseline was measured"
    metrics = manifest.metrics
    own = metrics.get("test") or metrics.get("val") or {}
    figure = next((name for name in ("macro_f1", "map", "accuracy") if own.get(name) is not None), None)
    found = {
        _NAMES.get(name.partition(":")[2], name): one[figure]
        for name, one in metrics.items()
        if figure is not None and name.startswith("baseline:") and one.get(figure) is not None
    }
    if figure is None or not found:
        return _line(what, "not verified", "The bundle has none. `sightline train` measures them.")
    beaten = all((own[figure] or 0.0) > (value or 0.0) for value in found.values())
    against = ", ".join(f"{name} {value:.3f}" for name, value in found.items())
    said = f"{figure} {own[figure]:.3f} on {'test' if metrics.get('test') else 'val'}; {against}."
    return _line(what, "verified", said if beaten else f"{said} The network does not beat all of them.")


def _operating_point(manifest: Manifest) -> ChecklistLine:
    what = "Operating point chosen deliberately"
    rule, report = manifest.decision, manifest.decision_report
    aims = () if report is None or report.operating is None else report.operating.aims
    if not rule.aim and not aims:
        return _line(
            what,
            "not stated",
            "Nobody has said what is wanted. Name aims with `sightline calibrate --aim`, as recall(crack) >= 0.99.",
        )
    broken = [one.text for one in aims if one.promised is False]
    asked = rule.aim or ", ".join(one.text for one in aims)
    if broken:
        return _line(
            what, "not verified", f"Asked for: {asked}. Not promised on fresh pictures: {', '.join(broken)}."
        )
    return _line(what, "verified", f"Asked for: {asked}.")


def _classes(bundle: Bundle) -> ChecklistLine:
    what = "Recall measured class by class"
    found = _lowest_recall(bundle)
    if found is None:
        return _line(what, "not verified", "The bundle has no figures by class. Run `sightline evaluate`.")
    split, label, recall, support = found
    return _line(
        what,
        "verified",
        f"On {split} lowest for '{label}', {recall:.3f} of {support} pictures. Whether that is enough is for a person "
        "to say; evaluation.json in the bundle has all of them.",
    )


def _lowest_recall(bundle: Bundle) -> tuple[str, str, float, int] | None:
    """Split, label, recall and pictures of the class with the lowest recall; None where nothing is on record."""
    if "evaluation.json" not in bundle.sealed.files:
        return None
    figures = json.loads(bundle.read("evaluation.json"))
    split = next((name for name in ("test", "val") if name in figures), None)
    if split is None:
        return None
    classes = figures[split].get("per_class") or figures[split].get("per_label") or []
    known = [one for one in classes if one.get("recall") is not None and one.get("support")]
    if not known:
        return None
    lowest = min(known, key=lambda one: one["recall"])
    return split, lowest["label"], lowest["recall"], lowest["support"]


def _machine(parts: Mapping[str, str | int]) -> str:
    return f"{parts['cpu']}, {parts['cores']} cores, {parts.get('system', '')}".rstrip(", ")


def _versions(packages: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in packages.items())
