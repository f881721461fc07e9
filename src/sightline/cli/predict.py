"""`sightline predict`."""

import csv
import glob
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sightline.errors import SightlineError
    from sightline.inference import FileOutcome
    from sightline.records import Prediction, Task

_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"})


def predict(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder.", show_default=False)],
    files: Annotated[
        list[str], typer.Argument(help="Images, folders of images, or globs.", show_default=False)
    ],
    top_k: Annotated[int, typer.Option(min=1, help="How many candidates --json lists.")] = 5,
    neighbours: Annotated[
        int, typer.Option(min=0, help="How many of the nearest training images --json lists.")
    ] = 0,
    variant: Annotated[
        str | None, typer.Option(help="Of the bundle. Default: the bundle's own.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values with a header.")] = False,
) -> None:
    """Classify images. A bad file is one row with its error, and the run goes on.

    Exits with 0 if every file was answered, with 1 if any was not.
    """
    from sightline.errors import InputError
    from sightline.inference import load, predict_files

    if as_json and as_csv:
        raise InputError("--json and --csv exclude each other.")
    paths = image_paths(files)
    predictor = load(bundle, threads=1, variant=variant)
    outcomes = predict_files(predictor, paths, top_k=top_k, neighbours=neighbours)
    if as_json:
        failed = _print_json(outcomes)
    elif as_csv:
        failed = _print_csv(outcomes)
    else:
        failed = _print_table(outcomes, len(paths), predictor.bundle.manifest.task)
    if failed:
        raise typer.Exit(1)


def image_paths(files: list[str]) -> list[Path]:
    """The files that are meant by names of images, of folders of images, and globs.

    Raises:
        InputError: there is not one.
    """
    from sightline.errors import InputError

    paths = list(_expand(files))
    if not paths:
        raise InputError(
            f"No images found in: {', '.join(files)}. Looked for {', '.join(sorted(_SUFFIXES))}."
        )
    return paths


def _expand(files: Iterable[str]) -> Iterable[Path]:
    """A name that exists is taken as it stands; only what does not exist is read as a glob."""
    for name in files:
        path = Path(name)
        if path.is_dir():
            below = (found for found in path.rglob("*") if found.suffix.lower() in _SUFFIXES)
            yield from sorted(found for found in below if not found.name.startswith("."))
        elif path.exists() or not glob.has_magic(name):
            yield path
        else:
            yield from (Path(found) for found in sorted(glob.glob(name, recursive=True)))  # noqa: PTH207


def _as_row(outcome: "FileOutcome") -> dict[str, Any]:
    if outcome.prediction is not None:
        return {"file": str(outcome.path), **outcome.prediction.model_dump(mode="json")}
    return failed_row(outcome.path, outcome.error)


def failed_row(path: Path, err: "SightlineError | None") -> dict[str, Any]:
    """What stands for a file that was not answered, as JSON values."""
    from sightline.errors import BadName, ImageError
    from sightline.images import shown_name

    assert err is not None
    reason = err.reason if isinstance(err, ImageError | BadName) else None
    return {"file": shown_name(str(path)), "error": {"code": err.code, "reason": reason, "message": str(err)}}


def _print_json(outcomes: Iterable["FileOutcome"]) -> int:
    failed = 0
    for outcome in outcomes:
        failed += outcome.prediction is None
        typer.echo(json.dumps(_as_row(outcome), ensure_ascii=False))
    return failed


def _print_csv(outcomes: Iterable["FileOutcome"]) -> int:
    from sightline.images import shown_name

    failed = 0
    _write_row("file", "label", "probability", "labels", "decision", "outlier_score", "error")
    for outcome in outcomes:
        answer, name = outcome.prediction, shown_name(str(outcome.path))
        failed += answer is None
        if answer is None:
            _write_row(name, "", "", "", "", "", str(outcome.error))
        else:
            strangeness = "" if answer.outlier_score is None else f"{answer.outlier_score:.6g}"
            labels = "|".join(answer.labels)
            probability = f"{answer.probability:.6f}"
            _write_row(name, answer.label, probability, labels, answer.decision, strangeness, "")
    return failed


def _write_row(*cells: str) -> None:
    """One row for a program to read: every character as it is. Python before 3.13 leaves a lone CR unquoted."""
    dialect = "unix" if any("\r" in cell for cell in cells) else "excel"  # unix quotes every cell
    csv.writer(sys.stdout, dialect, lineterminator="\n").writerow(cells)


def _shown(answer: "Prediction") -> tuple[str, str]:
    """The two cells about labels: label and probability, or all labels and the most probable with its own."""
    if answer.task == "multiclass":
        return answer.label, f"{answer.probability:.4f}"
    return ", ".join(answer.labels) or "none", f"{answer.label} {answer.probability:.4f}"


def _print_table(outcomes: Iterable["FileOutcome"], count: int, task: "Task") -> int:
    from rich.progress import track

    from sightline.cli.tables import cell, console, new_table

    out = console()
    failed = 0
    answered = ("label", "probability") if task == "multiclass" else ("labels", "most probable")
    table = new_table("file", *answered, "decision", "ms", right=("probability", "ms"))
    for outcome in track(outcomes, total=count, console=out, transient=True, description="Classifying"):
        answer = outcome.prediction
        failed += answer is None
        if answer is None:
            table.add_row(cell(outcome.path), f"[red]{cell(outcome.error)}[/]", "", "", "")
            continue
        spent = answer.timings
        ms = spent.decode_ms + spent.preprocess_ms + spent.infer_ms + spent.decide_ms
        first, second = _shown(answer)
        table.add_row(cell(outcome.path), cell(first), cell(second), answer.decision, f"{ms:.1f}")
    out.print(table)
    if failed:
        out.print(f"{failed} of {count} files could not be classified.")
    return failed
