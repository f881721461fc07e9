"""`sightline evaluate`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sightline.lifecycle import Agreement, Judged, SplitChoice


def evaluate(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)],
    data: Annotated[Path, typer.Argument(help="A folder of labelled images.", show_default=False)],
    split: Annotated[
        str | None, typer.Option(help="train, val, test or all. Default: test if there is any, else all.")
    ] = None,
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask this server too, and compare its answers.")
    ] = None,
    tta: Annotated[
        str | None,
        typer.Option(
            metavar="VIEWS", help="Test-time augmentation, for comparison: hflip, vflip, rot180, by commas."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every figure as JSON.")] = False,
) -> None:
    """Say how good a bundle is on labelled images.

    Images that the bundle was built from are known by their content: `test` means those it was not trained
    on. --tta averages the answers over mirrored pictures, which the service does not do. With --server every
    answer over HTTP is compared with the bundle's own; exits with 3 if they differ.
    """
    from sightline.cli.progress import Display
    from sightline.dataset import read_dataset
    from sightline.errors import InputError
    from sightline.inference import load
    from sightline.lifecycle import compare_with_server, judge
    from sightline.lifecycle.views import read_views

    views = read_views(tta or "")
    if views and server is not None:
        raise InputError("--server compares single answers, and --tta averages several: give one of them.")
    predictor = load(bundle)
    with Display(quiet=as_json) as display:
        display.stage("Reading the images")
        dataset = read_dataset(
            data, limits=predictor.bundle.manifest.preprocessing.limits, progress=display.progress
        )
        display.stage("Scoring")
        judged = judge(predictor, dataset, _split(split), display.progress, views=views)
        agreement = None
        if server is not None:
            display.stage("Asking the server")
            agreement = compare_with_server(judged, predictor, server, display.progress)
    if as_json:
        typer.echo(json.dumps(_as_json(judged, agreement) | {"tta": views}))
    else:
        _print(judged, agreement)
        if views:
            typer.echo(f"Averaged over {1 + len(views)} views of each picture. The service answers from one.")
    if agreement is not None and not agreement.holds:
        raise typer.Exit(3)


def _split(name: str | None) -> "SplitChoice | None":
    from typing import cast, get_args

    from sightline.errors import InputError
    from sightline.lifecycle import SplitChoice

    if name is not None and name not in get_args(SplitChoice):
        raise InputError(f"--split is '{name}'; it may be {', '.join(get_args(SplitChoice))}.")
    return cast("SplitChoice | None", name)


def _as_json(judged: "Judged", agreement: "Agreement | None") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "split": judged.split,
        "seen_in_training": judged.seen_in_training,
        "quarantined": [asdict(aside) for aside in judged.dataset.quarantine],
        "evaluation": judged.evaluation.model_dump(mode="json"),
        "server": None if agreement is None else asdict(agreement),
    }


def _print(judged: "Judged", agreement: "Agreement | None") -> None:
    from sightline.cli.figures import print_evaluation
    from sightline.cli.tables import cell, console

    out = console()
    print_evaluation(judged.evaluation, judged.split)
    if judged.seen_in_training:
        count = judged.evaluation.count
        out.print(
            f"[yellow]{judged.seen_in_training} of the {count} images were trained on: the figures flatter.[/]"
        )
    if judged.dataset.quarantine:
        first = judged.dataset.quarantine[0]
        out.print(
            f"{len(judged.dataset.quarantine)} files were set aside, the first: {cell(first.path)}: "
            f"{cell(first.message)}"
        )
    if agreement is not None:
        verdict = "[green]as evaluated[/]" if agreement.holds else "[bold red]not what was evaluated[/]"
        out.print(
            f"Server: {agreement.label_agreement:.2%} of {agreement.images} labels agree, largest |Δp| "
            f"{agreement.max_probability_difference:.1e}: {verdict}."
        )
