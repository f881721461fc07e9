"""`sightline optimize`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.data.options import GroupBy, GroupGap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sightline.bundle import Bundle
    from sightline.cli.progress import Display
    from sightline.lifecycle.optimizing import Explain, More, Optimized
    from sightline.training import Recipe


def optimize(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)],
    data: Annotated[
        str | None,
        typer.Argument(
            help="The labelled images that it was trained on and judged by: a folder, list, table or address. "
            "Without, --report is written anew from the table in an optimised bundle.",
            show_default=False,
        ),
    ] = None,
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
    prune: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=0.9,
            metavar="SHARE",
            help="Also train a network without so much of the multiply-adds.",
        ),
    ] = None,
    student: Annotated[
        str | None,
        typer.Option(metavar="BACKBONE", help="Also train this backbone, which learns from the bundle."),
    ] = None,
    student_weights: Annotated[
        str | None, typer.Option(metavar="FILE", help="The student's pretrained weights. Default: random.")
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="BUNDLE", help="Put this bundle of the same task into the table, too. May be repeated."
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Of the bundle's training. Default: BUNDLE-run."),
    ] = None,
    qat: Annotated[
        bool,
        typer.Option("--qat", help="Also fine-tune the network with eight bits, from the run's weights."),
    ] = False,
    int8: Annotated[bool, typer.Option(help="Also quantise to eight bits, which takes minutes.")] = True,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a page with all of it and the deployment checklist.",
            show_default=False,
        ),
    ] = None,
    group_by: GroupBy = None,
    group_gap: GroupGap = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Find the fastest variant that is as good: runtimes, precisions and eight bits, measured on this machine.

    Every variant answers the same pictures that training has not seen, with a decision fitted to it, and is timed
    beside the others. Those that lose more than allowed, or gain nothing, are refused with the reason. A pruned network
    and a student are trained by the bundle's own recipe into OUT-pruned and OUT-student. Exits with 1 if nothing
    keeps the limits.
    """
    from sightline.bundle import check_target, read_bundle
    from sightline.cli.progress import Display
    from sightline.cli.variants import print_variants
    from sightline.dataset import ReadOptions, examine_dataset
    from sightline.errors import InputError
    from sightline.extras import require
    from sightline.lifecycle.optimizing import Limits, Wanted, optimize_bundle

    if report is not None:
        _require_place(report)
    if data is None:
        _remake(bundle, report)
        return
    wanted = Wanted(Limits(max_drop, max_recall_drop), max_latency_ms, max_size_mb, threads, _batches(batch))
    if int8 or qat or prune or student:
        for package in ("torch", "onnx", "nncf", "torch_pruning"):
            require(package)
    if out is not None:
        if str(out) in ("", "."):
            raise InputError("--out is empty. Name the folder for the new bundle.")
        check_target(out)
    opened = read_bundle(bundle)
    others = [read_bundle(path) for path in beside or []]
    run = run or bundle.with_name(f"{bundle.name}-run")
    recipes = _recipes(opened, out, run, prune, student, student_weights)
    options = ReadOptions(limits=opened.manifest.preprocessing.limits, group_by=group_by, group_gap=group_gap)
    with Display(quiet=as_json) as display:
        more, explain = _eight_bits(opened, run, display, int8=int8, qat=qat)
        dataset = examine_dataset(data, options, display.listen).dataset
        trained = {name: read_bundle(place) for name, place in _train_smaller(opened, recipes, display)}
        smaller = {**{one.root.name: one for one in others}, **trained}
        found = optimize_bundle(opened, dataset, wanted, out, display.listen, more, explain, smaller)
    if report is not None:
        _write_report(_serving(opened, smaller, found), found, report)
    if as_json:
        typer.echo(found.model_dump_json())
    else:
        print_variants(found)
    if found.chosen is None:
        raise typer.Exit(1)


def _require_place(report: Path) -> None:
    """See that a page can be written, before minutes of measuring rather than after."""
    from sightline.errors import InputError
    from sightline.extras import require
    from sightline.inference import require_outside_bundles

    require("jinja2")
    require_outside_bundles(report.parent, "Choose another place with --report.")
    if report.is_dir() or not report.absolute().parent.is_dir():
        raise InputError(
            f"--report is '{report}'; it must name a file in a folder that is there, as variants.html."
        )


def _remake(bundle: Path, report: Path | None) -> None:
    from sightline.bundle import read_bundle
    from sightline.errors import InputError
    from sightline.lifecycle.optimizing.report import read_table

    if report is None:
        raise InputError("Give DATA, the labelled images that the bundle was trained on and judged by.")
    opened = read_bundle(bundle)
    _write_report(opened, read_table(opened), report)
    typer.echo(f"Report: {report}")


def _serving(bundle: "Bundle", smaller: "Mapping[str, Bundle]", found: "Optimized") -> "Bundle":
    """The bundle that was written; where none was, the one whose network was chosen."""
    from sightline.bundle import read_bundle

    if found.bundle is not None:
        return read_bundle(Path(found.bundle))
    network = next((row.network for row in found.rows if row.name == found.chosen), "")
    return smaller.get(network, bundle)


def _write_report(bundle: "Bundle", found: "Optimized", report: Path) -> None:
    from sightline.lifecycle.optimizing.report import draw_optimization_report
    from sightline.whole_file import write_whole

    write_whole(report, draw_optimization_report(bundle, found).encode())


def _eight_bits(
    bundle: "Bundle", run: Path, display: "Display", *, int8: bool, qat: bool
) -> "tuple[Sequence[More], Explain | None]":
    if not (int8 or qat):
        return [], None
    from sightline.lifecycle.optimizing.eight_bits import departure, eight_bits

    more: list[More] = [eight_bits] if int8 else []
    if qat:
        from sightline.lifecycle.optimizing.rounded import rounded

        more.append(rounded(bundle, run, display))
    return more, departure


def _recipes(
    bundle: "Bundle",
    out: Path | None,
    run: Path,
    prune: float | None,
    student: str | None,
    student_weights: str | None,
) -> "Mapping[Path, Recipe]":
    """What is to be trained, by its place."""
    from sightline.bundle import check_target
    from sightline.errors import InputError

    if prune is None and student is None:
        return {}
    from sightline.lifecycle.optimizing.smaller import pruned_recipe, student_recipe

    if out is None:
        raise InputError("--prune and --student train networks, which need a place: give --out.")
    recipes = {}
    if prune is not None:
        recipes[out.with_name(f"{out.name}-pruned")] = pruned_recipe(bundle, run, prune)
    if student is not None:
        known_run = run if run.is_dir() else None
        recipes[out.with_name(f"{out.name}-student")] = student_recipe(
            bundle, student, known_run, pretrained=student_weights or False
        )
    for place in recipes:
        check_target(place)
    return recipes


def _train_smaller(
    bundle: "Bundle", recipes: "Mapping[Path, Recipe]", display: "Display"
) -> "Iterator[tuple[str, Path]]":
    """Train each, and say by which name it stands in the table."""
    if not recipes:
        return
    from sightline.lifecycle.optimizing.smaller import build_smaller

    for place, recipe in recipes.items():
        name = place.name.rpartition("-")[2]
        display.stage(f"Training the {name} network into {place}")
        build_smaller(bundle, recipe, place, listener=display, training_progress=display)
        yield name, place


def _batches(text: str) -> tuple[int, ...]:
    from sightline.errors import InputError

    sizes = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= 256 for part in sizes):
        raise InputError(f"--batch is '{text}'; it must be numbers from 1 to 256, by commas, as 1,8.")
    return tuple(sorted({int(part) for part in sizes}))
