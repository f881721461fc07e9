"""The story of an export: convert, run beside the bundle, and write the folder, or nothing."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sightline import __version__
from sightline.bundle import Bundle, FileRecord, check_target, sha256
from sightline.dataset import Dataset
from sightline.errors import InputError
from sightline.extras import require
from sightline.inference import Engine, open_engine, replay_golden
from sightline.lifecycle.checklist import checklist_of_export
from sightline.lifecycle.exporting.parts import pack_parts
from sightline.lifecycle.exporting.readme import write_readme
from sightline.lifecycle.exporting.records import RECORD_FILE, ExportRecord, HeldOut, Replayed, Tensor, Timed
from sightline.lifecycle.exporting.replay import Pair, judge_held_out, replay, time_beside
from sightline.lifecycle.optimizing import Limits
from sightline.lifecycle.optimizing.candidates import reference_of
from sightline.lifecycle.optimizing.material import Listen
from sightline.lifecycle.provenance import hardware, now, package_versions
from sightline.optimize.exporting import Converter, Kind, Source, Target, converter_for

_README = "README.md"


@dataclass(frozen=True)
class Order:
    """What is asked for.

    variant
        None: the bundle's float32 reference.
    run
        The folder of the bundle's training, for targets that are made from the network.
    limits
        What the converted model may lose on held-out pictures.
    """

    target: Target
    variant: str | None = None
    run: Path | None = None
    limits: Limits = field(default_factory=Limits)


def export_bundle(
    bundle: Bundle, order: Order, folder: Path, listen: Listen, dataset: Dataset | None = None
) -> ExportRecord:
    """Convert the bundle's model and write it to `folder`, with all that is needed to use it without Sightline.

    dataset
        The labelled pictures that the bundle was trained on and judged by; None: the golden images are all that the
        model is run on.

    Raises:
        InputError: the folder exists, the variant is not there or not for this target, or the weights are not found.
        GoldenMismatch: this machine does not give what was evaluated, so that nothing could be compared.
        ExportMismatch: the network cannot be converted, or the model is not as good. Nothing is left behind then.
        MissingExtra: the converter is not installed.
    """
    converter = converter_for(order.target)
    kind = converter.kind
    check_target(folder)
    reference = bundle.with_variant(reference_of(bundle))
    exported = bundle.with_variant(order.variant or reference.manifest.default_variant)
    _require_precision(exported, kind)
    for package in kind.packages:
        require(package)
    replay_golden(reference, open_engine(reference))
    listen(f"Converting to {kind.title}")
    source = _source(exported, reference, kind, order)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
    try:
        converter.convert(source, aside)
        verified = _verify(converter, exported, reference, aside, listen, dataset, order)
        record = _write_beside(kind, exported, _record(kind, exported, verified, aside), aside)
        aside.chmod(0o755)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return record


@dataclass(frozen=True)
class _Verified:
    engine: Engine | None
    not_run: str
    replayed: Replayed | None = None
    held_out: HeldOut | None = None
    timed: Timed | None = None


def _verify(
    converter: Converter,
    exported: Bundle,
    reference: Bundle,
    folder: Path,
    listen: Listen,
    dataset: Dataset | None,
    order: Order,
) -> _Verified:
    precision = exported.manifest.variants[exported.manifest.default_variant].precision
    engine = converter.open(folder, precision, 1)
    if isinstance(engine, str):
        return _Verified(None, engine)
    pair = Pair(exported, reference, engine, converter.kind.title)
    listen("Replaying the golden images")
    replayed = replay(pair)
    held_out = None if dataset is None else judge_held_out(pair, dataset, order.limits, listen)
    listen("Timing it beside ONNX Runtime")
    return _Verified(engine, "", replayed, held_out, time_beside(pair))


def _source(exported: Bundle, reference: Bundle, kind: Kind, order: Order) -> Source:
    manifest = exported.manifest
    size = (manifest.preprocessing.height_px, manifest.preprocessing.width_px)
    graph = exported.read(manifest.variants[manifest.default_variant].file)
    if not kind.needs_network:
        return Source(graph, size)
    from sightline.lifecycle.exporting.network import rebuild_network

    run = order.run or reference.root.with_name(f"{reference.root.name}-run")
    return Source(graph, size, rebuild_network(reference, run))


def _require_precision(exported: Bundle, kind: Kind) -> None:
    name = exported.manifest.default_variant
    precision = exported.manifest.variants[name].precision
    if precision not in kind.precisions:
        raise InputError(
            f"The variant '{name}' is in {precision}, and a model for {kind.title} is made from "
            f"{' or '.join(kind.precisions)}. Name another with --variant, or leave it away for the float32 reference."
        )


def _record(kind: Kind, exported: Bundle, verified: _Verified, folder: Path) -> ExportRecord:
    name = exported.manifest.default_variant
    files = _list(folder)
    inputs, outputs = _tensors(exported, kind, verified.engine)
    return ExportRecord(
        bundle=exported.manifest.name,
        bundle_id=exported.id,
        variant=name,
        precision=exported.manifest.variants[name].precision,
        target=kind.target,
        made_from="network" if kind.needs_network else "onnx",
        created_at=now(),
        sightline_version=__version__,
        converter=package_versions((kind.converter, "torch") if kind.needs_network else (kind.converter,)),
        runtime=package_versions((kind.runtime,)) if verified.engine is not None else {},
        not_run=verified.not_run,
        batch=kind.batch,
        input=kind.input,
        inputs=inputs,
        outputs=outputs,
        model=kind.file,
        size_mb=sum(one.size for one in files.values()) / 1e6,
        replayed=verified.replayed,
        held_out=verified.held_out,
        timed=verified.timed,
        machine=hardware("cpu"),
        files=files,
    )


def _tensors(
    exported: Bundle, kind: Kind, engine: Engine | None
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """As the model that was opened says; of one that cannot be opened here, as the bundle's contract says."""
    manifest = exported.manifest
    spec, graph = manifest.preprocessing, manifest.graph
    signature = (
        {
            "images": ("uint8", (kind.batch, spec.height_px, spec.width_px, 3)),
            "logits": ("float32", (kind.batch, len(manifest.labels))),
            "embedding": ("float32", (kind.batch, graph.embedding_size)),
            "feature_map": ("float32", (kind.batch, *graph.feature_map_shape)),
        }
        if engine is None
        else engine.signature
    )
    tensors = {
        name: Tensor(name=name, dtype=dtype, shape=shape) for name, (dtype, shape) in signature.items()
    }
    return (tensors.pop("images"),), tuple(tensors[name] for name in ("logits", "embedding", "feature_map"))


def _write_beside(kind: Kind, exported: Bundle, record: ExportRecord, folder: Path) -> ExportRecord:
    """The parts and the README, then the record with every file's digest, which comes back."""
    checklist = checklist_of_export(exported, record)
    parts = pack_parts(exported)
    parts[_README] = write_readme(kind, record, exported.manifest, checklist).encode()
    for name, data in parts.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    sealed = record.model_copy(update={"files": _list(folder)})
    (folder / RECORD_FILE).write_text(f"{sealed.model_dump_json(indent=1)}\n", encoding="utf-8")
    return sealed


def _list(folder: Path) -> Mapping[str, FileRecord]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            found[path.relative_to(folder).as_posix()] = FileRecord(size=len(data), sha256=sha256(data))
    return found
