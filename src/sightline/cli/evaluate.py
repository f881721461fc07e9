"""`sightline evaluate`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.data.options import GroupBy, GroupGap

if TYPE_CHECKING:
    from sightline.lifecycle import RemoteServer, SplitChoice


def evaluate(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)],
    data: Annotated[
        str | None,
        typer.Argument(
            help="Labelled images: a folder, a list, a table, shards, or an address. Not with --scores.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(help="train, val, calibration, test or all. Default: test if there is any, else all."),
    ] = None,
    scores: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Take the scores from this scores.npz; no image is opened."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Write report.html, evaluation.json and scores.npz into this folder: a new one, or that of an "
            "earlier evaluation.",
        ),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(metavar="BUNDLE", help="Score this bundle on the same images, and compare."),
    ] = None,
    gate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GATE",
            help="Exit with 1 unless this holds, as in 'macro_f1>=0.9', 'recall[crack]>=0.95', 'recall[*]>=0.8' or "
            "'no class recall drop > 0.02 against BUNDLE'. May be repeated.",
        ),
    ] = None,
    cost: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What mistakes cost, as CSV: a row a class, a column an answer."),
    ] = None,
    group_by: GroupBy = None,
    group_gap: GroupGap = None,
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask this server too, and compare its answers.")
    ] = None,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The key for --server is all of this file. Without it: SIGHTLINE_API_KEY of the environment, if set.",
        ),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Authority of the certificate of --server, PEM. Default: those of this machine.",
        ),
    ] = None,
    tta: Annotated[
        str | None,
        typer.Option(
            metavar="VIEWS", help="Test-time augmentation, for comparison: hflip, vflip, rot180, by commas."
        ),
    ] = None,
    variant: Annotated[
        str | None, typer.Option(help="Of the bundle. Default: the bundle's own.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every figure as JSON.")] = False,
) -> None:
    """Say how good a bundle is on labelled images, how sure that is, and where it fails.

    Images that the bundle was built from are known by their content: `test` means those it was not trained
    on. Pictures of one group, copies and near copies count as one observation. --tta averages the answers over
    mirrored pictures, which the service does not do. With --server every answer over HTTP is compared with the
    bundle's own; exits with 3 if they differ. Exits with 1 if a gate is not kept.
    """
    from sightline.cli.evaluation import judgement_as_json, print_judgement
    from sightline.cli.plain import printable
    from sightline.cli.progress import Display
    from sightline.cli.typed import typed
    from sightline.errors import InputError
    from sightline.evaluation import read_costs
    from sightline.evaluation.gates import check_gates, read_gate
    from sightline.extras import require

    require("pyarrow")
    from sightline.inference import load
    from sightline.lifecycle.evaluate_bundle import Asked, evaluate_on_data, evaluate_on_record
    from sightline.lifecycle.evaluation_folder import write_evaluation
    from sightline.lifecycle.evaluation_report import draw_evaluation_report
    from sightline.lifecycle.views import read_views

    if (data is None) == (scores is None):
        raise InputError("Give either the images, sightline evaluate BUNDLE DATA, or --scores FILE.")
    folder = None if out is None else _folder(out)
    gates = tuple(read_gate(text) for text in gate or [])
    views = read_views(tta or "")
    predictor = load(bundle, variant=variant)
    manifest = predictor.bundle.manifest
    check_gates(gates, manifest.labels, manifest.task, with_costs=cost is not None)
    asked = Asked(
        gates,
        None if cost is None else read_costs(cost, manifest.labels),
        _split(split),
        views,
        None if compare is None else str(compare),
        group_by,
        group_gap,
        _server(server, api_key_file, ca),
    )
    with Display(quiet=as_json) as display:
        if data is not None:
            found = evaluate_on_data(predictor, data, asked, display.listen)
        else:
            assert scores is not None
            found = evaluate_on_record(predictor, scores, asked)
        if folder is not None:
            page = draw_evaluation_report(predictor, found, command=typed(), listen=display.listen)
            write_evaluation(found, page, folder)
    if as_json:
        typer.echo(json.dumps(judgement_as_json(found)))
    else:
        print_judgement(found)
        if folder is not None:
            typer.echo(f"Written to {printable(str(folder))}.")
    if found.agreement is not None and not found.agreement.holds:
        raise typer.Exit(3)
    if not found.judgement.passed:
        raise typer.Exit(1)


def _server(url: str | None, api_key_file: Path | None, ca: Path | None) -> "RemoteServer | None":
    import os

    from sightline.cli.plain import printable
    from sightline.errors import InputError
    from sightline.lifecycle.remote import RemoteServer, check_api_key, read_api_key

    if url is None:
        for option, value in (("--api-key-file", api_key_file), ("--ca", ca)):
            if value is not None:
                raise InputError(f"{option} '{value}' is for a server: name it by --server URL.")
        return None
    given = os.environ.get("SIGHTLINE_API_KEY")
    key = None
    if api_key_file is not None:
        key = read_api_key(api_key_file)
    elif given:
        key = check_api_key(given.strip(), "SIGHTLINE_API_KEY in the environment")
    server = RemoteServer(url, key, ca)
    if server.shows_key:
        typer.echo(
            f"Warning: the key goes to {printable(url)} unencrypted; https:// would hide it.", err=True
        )
    return server


def _folder(out: str) -> Path:
    from sightline.errors import InputError
    from sightline.extras import require
    from sightline.lifecycle.evaluation_folder import check_folder

    require("jinja2")
    if not out.strip():
        raise InputError("--out is empty. Name the folder that the report goes to.")
    check_folder(Path(out))
    return Path(out)


def _split(name: str | None) -> "SplitChoice | None":
    from typing import cast, get_args

    from sightline.errors import InputError
    from sightline.lifecycle import SplitChoice

    if name is not None and name not in get_args(SplitChoice):
        raise InputError(f"--split is '{name}'; it may be {', '.join(get_args(SplitChoice))}.")
    return cast("SplitChoice | None", name)
