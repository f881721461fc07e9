"""`sightline optimize`."""

from pathlib import Path
from typing import Annotated

import typer

from sightline.cli.data.options import GroupBy, GroupGap


def optimize(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)],
    data: Annotated[
        str,
        typer.Argument(
            help="The labelled images that it was trained on and judged by: a folder, list, table or address.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Where the new bundle goes. Without, nothing is written.", show_default=False
        ),
    ] = None,
    max_drop: Annotated[
        float, typer.Option(min=0, max=1, help="How much accuracy a variant may lose, as 0.005.")
    ] = 0.005,
    max_recall_drop: Annotated[
        float, typer.Option(min=0, max=1, help="How much recall any class may lose, as 0.02.")
    ] = 0.02,
    max_latency_ms: Annotated[
        float | None,
        typer.Option(min=0, help="Of one picture, 95th percentile.", show_default=False),
    ] = None,
    max_size_mb: Annotated[
        float | None, typer.Option(min=0, help="Of the graph's file.", show_default=False)
    ] = None,
    threads: Annotated[
        int, typer.Option(min=1, help="Cores that a call may use where latency is timed.")
    ] = 1,
    batch: Annotated[str, typer.Option(help="Pictures a call, by commas.")] = "1,8",
    int8: Annotated[bool, typer.Option(help="Also quantise to eight bits, which takes minutes.")] = True,
    group_by: GroupBy = None,
    group_gap: GroupGap = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Find the fastest variant that is as good: runtimes, precisions and eight bits, measured on this machine.

    Every variant answers the same pictures that training has not seen, with a decision fitted to it, and is timed
    beside the others. Those that lose more than allowed, or gain nothing, are refused with the reason. Exits with 1 if
    nothing keeps the limits.
    """
    from sightline.bundle import read_bundle
    from sightline.cli.progress import Display
    from sightline.cli.variants import print_variants
    from sightline.dataset import ReadOptions, examine_dataset
    from sightline.extras import require
    from sightline.lifecycle.optimizing import Limits, Wanted, optimize_bundle

    wanted = Wanted(Limits(max_drop, max_recall_drop), max_latency_ms, max_size_mb, threads, _batches(batch))
    opened = read_bundle(bundle)
    options = ReadOptions(limits=opened.manifest.preprocessing.limits, group_by=group_by, group_gap=group_gap)
    with Display(quiet=as_json) as display:
        dataset = examine_dataset(data, options, display.listen).dataset
        if int8:
            for package in ("torch", "onnx", "nncf"):
                require(package)
            from sightline.lifecycle.optimizing.eight_bits import departure, eight_bits

            found = optimize_bundle(
                opened, dataset, wanted, out, display.listen, more=[eight_bits], explain=departure
            )
        else:
            found = optimize_bundle(opened, dataset, wanted, out, display.listen)
    if as_json:
        typer.echo(found.model_dump_json())
    else:
        print_variants(found)
    if found.chosen is None:
        raise typer.Exit(1)


def _batches(text: str) -> tuple[int, ...]:
    from sightline.errors import InputError

    sizes = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= 256 for part in sizes):
        raise InputError(f"--batch is '{text}'; it must be numbers from 1 to 256, by commas, as 1,8.")
    return tuple(sorted({int(part) for part in sizes}))
