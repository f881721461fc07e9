"""`sightline explain`."""

import json
import os
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sightline.cli.predict import failed_row, image_paths

if TYPE_CHECKING:
    from sightline.inference import ExplainedFile, Explanation

_METHODS = {"class_activation": "class-activation map", "rise": "RISE"}
_LONGEST_STEM = 240  # bytes; with number and ending within the 255 that file systems take
MethodChoice = Literal["class_activation", "rise"]


def explain(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)],
    files: Annotated[
        list[str], typer.Argument(help="Images, folders of images, or globs.", show_default=False)
    ],
    label: Annotated[
        str | None, typer.Option(help="Explain this label instead of the answer.", show_default=False)
    ] = None,
    method: Annotated[
        MethodChoice,
        typer.Option(help="rise points best; class_activation is about eight times as fast."),
    ] = "rise",
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The folder for the pictures; nothing in it is overwritten.")
    ] = Path("explained"),
    variant: Annotated[
        str | None, typer.Option(help="Of the bundle. Default: the bundle's own.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show where in a picture the evidence for the answer lies: picture and overlay, side by side, as PNG.

    A bad file is named and the run goes on. Exits with 0 if every file was explained, with 1 if any was not.
    """
    from sightline.inference import (
        check_label,
        explain_files,
        load,
        open_explainer,
        require_outside_bundles,
    )

    paths = image_paths(files)
    _refuse_file(out)
    require_outside_bundles(out, "Choose another folder with --out.")
    predictor = load(bundle, threads=1, variant=variant)
    check_label(label, predictor.bundle.manifest)
    explainer = open_explainer(predictor)
    if method == "class_activation":
        explainer.require_class_maps()
    _open_folder(out)
    failed = 0
    for outcome in explain_files(explainer, paths, label, method=method):
        failed += outcome.explanation is None
        _print(outcome, _write(outcome, out), as_json)
    if failed and not as_json:
        typer.echo(f"{failed} of {len(paths)} files could not be explained.", err=True)
    if failed:
        raise typer.Exit(1)


def _refuse_file(out: Path) -> None:
    from sightline.errors import InputError

    nearest = next(place for place in (out, *out.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise InputError(f"--out names a folder, and '{nearest}' is a file. Name another.")


def _open_folder(out: Path) -> None:
    """Make the folder, and see that it can be written to, before any picture is explained."""
    from sightline.errors import InputError

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise InputError(f"The folder '{out}' cannot be made: {err.strerror or err}. Name another.") from err
    if not os.access(out, os.W_OK | os.X_OK):
        raise InputError(f"The folder '{out}' cannot be written to. Name another with --out.")


def _write(outcome: "ExplainedFile", out: Path) -> Path | None:
    """Write the pair under a name that is free, and return it: nothing that is there is ever overwritten."""
    from sightline.inference import as_png, draw_pair

    if outcome.explanation is None:
        return None
    content = as_png(draw_pair(outcome.explanation))
    stem = outcome.path.name.encode()[:_LONGEST_STEM].decode(errors="ignore")
    for number in count(1):
        target = out / (f"{stem}.png" if number == 1 else f"{stem}-{number}.png")
        try:
            with target.open("xb") as file:
                file.write(content)
        except FileExistsError:
            continue
        return target
    raise AssertionError("numbers do not end")


def _print(outcome: "ExplainedFile", target: Path | None, as_json: bool) -> None:
    from sightline.cli.plain import printable

    found = outcome.explanation
    if as_json:
        row = (
            failed_row(outcome.path, outcome.error) if found is None else _as_row(outcome.path, found, target)
        )
        typer.echo(json.dumps(row, ensure_ascii=False))
    elif found is None:
        typer.echo(printable(f"{outcome.path}: {outcome.error}"), err=True)
    else:
        typer.echo(printable(f"{outcome.path}: {_sentence(found)} → {target}"))


def _as_row(path: Path, found: "Explanation", target: Path | None) -> dict[str, Any]:
    summary = found.summary().model_dump(mode="json")
    answer = found.prediction.model_dump(mode="json")
    return {"file": str(path), "overlay": str(target), "explanation": summary, "prediction": answer}


def _sentence(found: "Explanation") -> str:
    answer = found.prediction
    said = f"{answer.label} {answer.probability:.4f}, {answer.decision}"
    if found.label != answer.label:
        said += f"; explained: {found.label} {found.probability:.4f}"
    exact = ", exact" if found.exact else ""
    where = (
        f"peak at x {found.peak[0]:.0f}, y {found.peak[1]:.0f} of {found.width_px} × {found.height_px}"
        if found.peak
        else "no place speaks for it"
    )
    return f"{said}; {_METHODS[found.method]}{exact}; {where}"
