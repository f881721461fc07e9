"""`sightline show`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sightline.bundle import Manifest


def show(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole manifest as JSON.")] = False,
) -> None:
    """Say what a bundle is: labels, quality, pixels, decision, and where it comes from.

    Only the manifest is read; `sightline verify` checks the rest.
    """
    from sightline.bundle import read_manifest, to_json

    bundle_id, manifest = read_manifest(bundle)
    if as_json:
        typer.echo(json.dumps({"id": bundle_id, **to_json(manifest)}, ensure_ascii=False))
        return
    from sightline.cli.tables import cell, console, new_table

    table = new_table("", "")
    table.show_header = False
    for name, value in (*_facts(bundle_id, manifest), *_signatures(bundle)):
        table.add_row(f"[bold]{cell(name)}[/]", cell(value))
    console().print(table)


def _facts(bundle_id: str, manifest: "Manifest") -> list[tuple[str, str]]:
    from sightline.cli.decision import rule_in_words

    source, spec = manifest.provenance, manifest.preprocessing
    counts = ", ".join(f"{count:,} {split}" for split, count in source.dataset_counts.items())
    return [
        ("name", manifest.name),
        ("id", bundle_id),
        ("task", f"{manifest.task}, {len(manifest.labels)} labels: {_shortened(manifest.labels)}"),
        *((f"quality ({split})", _quality(figures)) for split, figures in manifest.metrics.items()),
        ("input", f"{spec.width_px} × {spec.height_px} px, {spec.resize}, {spec.interpolation}"),
        ("decision", rule_in_words(manifest.decision, manifest.labels)),
        *_of_report(manifest),
        ("strange pictures", _outliers(manifest)),
        ("explanations", _explanations(manifest)),
        ("variants", ", ".join(f"{name} ({v.file}, {v.precision})" for name, v in manifest.variants.items())),
        ("backbone", f"{source.backbone}, pretrained: {source.pretrained}"),
        ("data", f"{counts}; {source.quarantined} quarantined; digest {source.dataset_digest[:12]}…"),
        ("training", f"seed {source.seed}, best epoch {source.best_epoch}, {source.training_seconds:.0f} s"),
        (
            "made",
            f"{source.created_at} by Sightline {source.sightline_version}, {_hardware(source.hardware)}",
        ),
        ("packages", ", ".join(f"{name} {version}" for name, version in source.packages.items())),
    ]


def _signatures(bundle: Path) -> list[tuple[str, str]]:
    from sightline.bundle import signature_ids

    found = signature_ids(bundle)
    return [("signatures", f"{', '.join(found)}; `sightline verify --trust` verifies them")] if found else []


def _of_report(manifest: "Manifest") -> list[tuple[str, str]]:
    from sightline.cli.decision import report_in_lines

    report, origin = manifest.decision_report, manifest.provenance.recalibration
    lines = [] if report is None else list(report_in_lines(report))
    if manifest.decision.aim:
        lines.insert(0, ("aim", manifest.decision.aim))
    if origin is not None:
        lines.append(
            (
                "recalibrated",
                f"{origin.created_at} from bundle {origin.bundle[:12]}…, on {origin.images} images, digest "
                f"{origin.dataset_digest[:12]}…",
            )
        )
    return lines


def _outliers(manifest: "Manifest") -> str:
    rule = manifest.decision.outliers
    if rule is None:
        return "none are rejected"
    return (
        f"rejected where {rule.kind} is above {rule.threshold:.4g}; false alarms {rule.promised_rate:.2%} at most, by "
        f"{rule.held_out} pictures of {rule.held_out_split}"
    )


def _explanations(manifest: "Manifest") -> str:
    found = manifest.class_maps
    if found is None or not found.exact:
        return "RISE"
    return (
        f"RISE, or class-activation maps, exact to {found.deviation:.0e} of the largest logit on "
        f"{found.images} images"
    )


def _shortened(labels: tuple[str, ...], most: int = 12) -> str:
    more = f", … ({len(labels) - most} more)" if len(labels) > most else ""
    return ", ".join(labels[:most]) + more


def _quality(figures: dict[str, float | int | None]) -> str:
    shown = ((name, value) for name, value in figures.items() if value is not None)
    return ", ".join(f"{name} {value:.4g}" for name, value in shown)


def _hardware(hardware: dict[str, str | int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in hardware.items())
