"""`sightline benchmark`."""

from pathlib import Path
from typing import Annotated

import typer


def benchmark(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print the speeds as JSON.")] = False,
) -> None:
    """Time a bundle's variants on this machine, and remember it: `sightline serve` takes the fastest.

    A variant whose runtime is not installed, or that does not give here what was evaluated, is named and left out.
    Exits with 1 if none is left.
    """
    from sightline.bundle import read_bundle
    from sightline.cli.progress import Display
    from sightline.inference.measuring import cache_folder, keep_speeds, measure_variants

    opened = read_bundle(bundle)
    with Display(quiet=as_json) as display:
        display.stage("Replaying golden images and measuring throughput")
        speeds = measure_variants(opened)
    kept = keep_speeds(speeds, cache_folder())
    if as_json:
        typer.echo(speeds.model_dump_json())
    else:
        _print(speeds.images_per_s, speeds.problems, opened.sealed.default_variant)
    if not kept:
        typer.echo(
            f"The speeds could not be kept in {cache_folder()}: `sightline serve` will measure again.",
            err=True,
        )
    if all(rate is None for rate in speeds.images_per_s.values()):
        raise typer.Exit(1)


def _print(rates: dict[str, float | None], problems: dict[str, str], default: str) -> None:
    from sightline.cli.tables import cell, console, new_table

    out = console()
    table = new_table(
        "variant", "images/s", "× the bundle's default", right=("images/s", "× the bundle's default")
    )
    usual = rates.get(default)
    for name, rate in sorted(rates.items(), key=lambda one: -(one[1] or 0.0)):
        times = "" if rate is None or not usual else f"{rate / usual:.2f}"
        table.add_row(cell(name), "" if rate is None else f"{rate:.0f}", times)
    out.print(table)
    for name, problem in problems.items():
        out.print(f"[yellow]{cell(name)}[/] is left out: {cell(problem)}")
    able = {name: rate for name, rate in rates.items() if rate is not None}
    if able:
        out.print(
            f"[bold]{cell(max(able, key=able.__getitem__))}[/] is the fastest here: `sightline serve` will take it."
        )
