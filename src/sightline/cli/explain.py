"""`sightline explain`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sightline.cli.predict import failed_row, image_paths

if TYPE_CHECKING:
    from sightline.inference import ExplainedFile, Explanation

_METHODS = {"class_activation": "class-activation map", "rise": "RISE"}
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
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the pictures go.")] = Path("explained"),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show where in a picture the evidence for the answer lies: picture and overlay, side by side, as PNG.

    A bad file is named and the run goes on. Exits with 0 if every file was explained, with 1 if any was not.
    """
    from sightline.inference import check_label, explain_files, load, open_explainer

    paths = image_paths(files)
    predictor = load(bundle, threads=1)
    check_label(label, predictor.bundle.manifest)
    explainer = open_explainer(predictor)
    if method == "class_activation":
        explainer.require_class_maps()
    targets = _targets(paths, out)
    failed = 0
    for outcome, target in zip(explain_files(explainer, paths, label, method=method), targets, strict=True):
        failed += outcome.explanation is None
        _write(outcome, target)
        _print(outcome, target, as_json)
    if failed and not as_json:
        typer.echo(f"{failed} of {len(paths)} files could not be explained.", err=True)
    if failed:
        raise typer.Exit(1)


def _targets(paths: Sequence[Path], out: Path) -> list[Path]:
    """A name of its own for each picture in one folder: pictures of several folders may share theirs."""
    taken: set[str] = set()
    targets = []
    for path in paths:
        name, number = f"{path.name}.png", 1
        while name in taken:
            number += 1
            name = f"{path.name}-{number}.png"
        taken.add(name)
        targets.append(out / name)
    return targets


def _write(outcome: "ExplainedFile", target: Path) -> None:
    from sightline.inference import as_png, draw_pair

    if outcome.explanation is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(as_png(draw_pair(outcome.explanation)))


def _print(outcome: "ExplainedFile", target: Path, as_json: bool) -> None:
    from sightline.cli.plain import printable

    found = outcome.explanation
    if as_json:
        assert outcome.error is not None or found is not None
        row = (
            failed_row(outcome.path, outcome.error) if found is None else _as_row(outcome.path, found, target)
        )
        typer.echo(json.dumps(row, ensure_ascii=False))
    elif found is None:
        typer.echo(printable(f"{outcome.path}: {outcome.error}"), err=True)
    else:
        typer.echo(printable(f"{outcome.path}: {_sentence(found)} → {target}"))


def _as_row(path: Path, found: "Explanation", target: Path) -> dict[str, Any]:
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
