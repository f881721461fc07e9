"""`sightline export`."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.data.options import GroupBy, GroupGap

if TYPE_CHECKING:
    from sightline.lifecycle.exporting import ExportRecord


class To(StrEnum):
    """What a bundle can be exported to."""

    OPENVINO = "openvino"
    LITERT = "litert"
    COREML = "coreml"
    TENSORRT = "tensorrt"


def export(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)],
    to: Annotated[To, typer.Option(help="Whose format: the runtime of the device.", show_default=False)],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The folder to make; it must not exist.", show_default=False)
    ],
    data: Annotated[
        str | None,
        typer.Argument(
            help="The labelled images that it was trained on and judged by. Without, the golden images are all that "
            "the converted model is run on.",
            show_default=False,
        ),
    ] = None,
    variant: Annotated[
        str | None,
        typer.Option(help="Which of the bundle's variants. Default: float32.", show_default=False),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Of the bundle's training, whose weights litert and coreml are made from. Default: BUNDLE-run.",
        ),
    ] = None,
    max_drop: Annotated[
        float, typer.Option(min=0, max=1, help="With DATA: how much accuracy the model may lose.")
    ] = 0.005,
    max_recall_drop: Annotated[
        float, typer.Option(min=0, max=1, help="With DATA: how much recall any class may lose.")
    ] = 0.02,
    group_by: GroupBy = None,
    group_gap: GroupGap = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record as JSON.")] = False,
) -> None:
    """Write a bundle's model in another runtime's own format, with what a device needs to use it.

    It is run beside the bundle: the golden images, and with DATA the held-out pictures, must give the same answers, or
    nothing is written. The folder has labels, preprocessing, decision and golden images, and a README for the engineer
    of the device that says what was verified and what was not.
    """
    from sightline.bundle import check_target, read_bundle
    from sightline.cli.progress import Display
    from sightline.errors import InputError
    from sightline.extras import require

    if str(out) in ("", "."):
        raise InputError("--out is empty. Name the folder for the exported model.")
    require("pyarrow")
    from sightline.dataset import ReadOptions, examine_dataset
    from sightline.lifecycle.exporting import Order, export_bundle
    from sightline.lifecycle.optimizing import Limits

    check_target(out)
    opened = read_bundle(bundle)
    order = Order(to.value, variant, run, Limits(max_drop, max_recall_drop))
    options = ReadOptions(limits=opened.manifest.preprocessing.limits, group_by=group_by, group_gap=group_gap)
    with Display(quiet=as_json) as display:
        dataset = None if data is None else examine_dataset(data, options, display.listen).dataset
        record = export_bundle(opened, order, out, display.listen, dataset)
    if as_json:
        typer.echo(record.model_dump_json())
    else:
        _print(record, out)


def _print(record: "ExportRecord", out: Path) -> None:
    from sightline.cli.tables import cell, console

    show = console()
    made = ", ".join(f"{name} {version}" for name, version in record.converter.items())
    show.print(f"[bold]{cell(str(out / record.model))}[/], {record.size_mb:.1f} MB, by {cell(made)}.")
    if record.not_run:
        show.print(
            f"[yellow]Converted, not run here[/]: {cell(record.not_run)}. README.md says how to replay it."
        )
    if record.replayed is not None:
        one = record.replayed
        show.print(
            f"{one.images} golden images: logits apart by {one.logits:.1e} of the largest (allowed "
            f"{one.tolerance:g}), {one.same_answers} of {one.images} answers the same."
        )
    if record.held_out is not None:
        gate, drop = record.held_out.gate, record.held_out.gate.drop
        show.print(
            f"{gate.images} pictures of {cell(record.held_out.split)}: accuracy {gate.accuracy:.4f}, drop "
            f"{drop.value:+z.4f} [{drop.low:+z.3f}, {drop.high:+z.3f}], {gate.label_agreement:.2%} of the answers "
            "the same."
        )
    if record.timed is not None:
        own, other = record.timed.own, record.timed.onnx_runtime
        show.print(
            f"One picture, one core: {own.p50_ms:.1f} ms; ONNX Runtime {other.p50_ms:.1f} ms ({own.ratio:.2f} times as "
            "fast)."
        )
    show.print(f"What was verified and what was not: {cell(str(out / 'README.md'))}")
