"""`sightline advise`."""

import json
import shlex
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from sightline.lifecycle.advising import Advice, Row

_USUAL_PX = 224


def advise(
    data: Annotated[
        str | None,
        typer.Argument(
            help="Labelled images to count: a folder, list, table or address.", show_default=False
        ),
    ] = None,
    images: Annotated[int | None, typer.Option(min=1, help="How many labelled images there are.")] = None,
    classes: Annotated[int | None, typer.Option(min=2, help="Of how many classes.")] = None,
    max_latency: Annotated[
        float | None, typer.Option(min=0.01, metavar="MS", help="The longest a picture may take, in ms.")
    ] = None,
    target: Annotated[
        Literal["cpu", "gpu", "edge"], typer.Option(help="Where the network will answer.")
    ] = "cpu",
    threads: Annotated[int, typer.Option(min=1, help="Cores that one answer may use.")] = 1,
    weights: Annotated[
        bool,
        typer.Option("--weights/--no-weights", help="Whether pretrained weights can be had and are allowed."),
    ] = True,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again what was measured before.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the advice as JSON.")] = False,
) -> None:
    """Say which strategy and which backbone to begin with, before anything is trained.

    Backbones that come into question are exported with random weights and timed on this machine, one picture a call;
    that takes some seconds each, once for each kind of processor. Exits with 1 if none keeps the limit on latency.
    """
    from sightline.cli.progress import Display
    from sightline.lifecycle.advising import (
        advise,
        measure_backbones,
        question_about,
        read_backbones,
        worth_measuring,
    )

    with Display(quiet=as_json) as display:
        question = question_about(
            data, images, classes, max_latency_ms=max_latency, target=target, threads=threads, weights=weights
        )
        backbones = read_backbones()
        measured = measure_backbones(
            worth_measuring(question, backbones), threads=threads, tell=display.stage, fresh=fresh
        )
    advice = advise(question, backbones, measured)
    if as_json:
        asked = {"images": question.images, "classes": question.classes, "threads": threads, "target": target}
        typer.echo(json.dumps({**asked, **advice.model_dump(mode="json")}))
    else:
        _print(advice, data)
    if advice.backbone is None:
        raise typer.Exit(1)


def _print(advice: "Advice", data: str | None) -> None:
    from sightline.cli.tables import cell, console, new_table
    from sightline.lifecycle.advising import SOURCE

    number = ("ImageNet top-1", "px", "M weights", "ms here")
    table = new_table("backbone", *number, "runtime", "against it", right=number)
    for row in advice.rows:
        one, measured = row.backbone, row.measured
        name = f"[bold green]{one.backbone}[/]" if one.backbone == advice.backbone else one.backbone
        table.add_row(
            name,
            f"{one.top1:.1f} %",
            str(one.size_px),
            f"{one.parameters_m:.1f}",
            "–" if measured is None else f"{measured.latency_ms:.1f}",
            "" if measured is None else measured.runtime,
            cell("; ".join(row.objections)),
        )
    out = console()
    out.print(table)
    out.print(f"Accuracy and weights: {SOURCE}, timm's default weights.", style="dim")
    for notice in advice.notices:
        out.print(f"note: {notice}", markup=False)
    out.print(f"\n{advice.reason}", markup=False)
    for row in advice.rows:
        if row.backbone.backbone == advice.backbone:
            out.print(f"\n{_command(advice, row, data)}", markup=False)


def _command(advice: "Advice", row: "Row", data: str | None) -> str:
    words = ["sightline", "train", data or "DATA"]
    words += [f"model.backbone={row.backbone.backbone}", f"training.strategy={advice.strategy}"]
    words += [f"data.input_size={row.backbone.size_px}"] if row.backbone.size_px != _USUAL_PX else []
    words += ["model.pretrained=false"] if advice.strategy == "scratch" else []
    return shlex.join(words)
