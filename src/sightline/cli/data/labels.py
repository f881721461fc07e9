"""`sightline data labels`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sightline.dataset import Dataset
    from sightline.lifecycle.label_errors import Embedder
    from sightline.quality.labels import LabelReview, Suspect

_SHOWN = 20


def labels(
    data: Annotated[Path, typer.Argument(help="A folder of labelled images.", show_default=False)],
    bundle: Annotated[
        Path | None, typer.Option(help="Embed with this bundle; one not trained on DATA finds more.")
    ] = None,
    backbone: Annotated[
        str | None, typer.Option(help="Embed with this pretrained timm backbone, as in mobilenetv2_100.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="The backbone's weights, .safetensors. Default: timm's hub.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The table of suspects, to be filled in.")] = Path(
        "suspects.csv"
    ),
    html: Annotated[Path | None, typer.Option(help="A page of the suspects with thumbnails.")] = None,
    top: Annotated[
        int | None,
        typer.Option(min=1, help="How many suspects. Default: half as many again as are probably wrong."),
    ] = None,
    group_by: Annotated[
        str | None, typer.Option(metavar="REGEX", help="What in a path names its group, in parentheses.")
    ] = None,
    corrections: Annotated[
        Path | None, typer.Option(help="A table filled in earlier, to be applied first.")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="Of cross-validation.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Which pictures come into which fold.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the suspects as JSON.")] = False,
) -> None:
    """Find labels that are probably wrong, the worst first.

    Near copies and pictures of one group are judged together: they do not vouch for one another like strangers.
    Write the right label into the column `label` of the table, or `!exclude`, and train with
    data.corrections=suspects.csv. Needs the extra `labels`: it brings cleanlab, licensed under the AGPL-3.0.
    """
    from sightline.cli.progress import Display
    from sightline.dataset import ReadOptions, examine_dataset
    from sightline.extras import require
    from sightline.lifecycle.label_errors import review_labels

    for package in ("cleanlab", "sklearn", *(["jinja2"] if html else [])):
        require(package)
    for target in (out, html):
        _require_free(target)
    with Display(quiet=as_json) as display:
        embedder = _embedder(bundle, backbone, weights)
        options = ReadOptions(embedder.preprocessing.limits, group_by, corrections=corrections, remember=True)
        dataset = examine_dataset(data, options, display.listen).dataset
        display.stage("Looking at every label")
        review = review_labels(dataset, embedder, folds=folds, seed=seed, progress=display.progress)
        for note in (*dataset.notes, *review.notes):
            display.note(note)
        suspects = review.worst(top)
        _write(review, suspects, dataset, out, html, top)
    if as_json:
        typer.echo(json.dumps(_as_json(review, suspects, out), ensure_ascii=False))
    else:
        _print(review, suspects, out, html)


def _require_free(target: Path | None) -> None:
    """A table may hold hours of a person's work: nothing is written over it."""
    from sightline.errors import InputError

    if target is None:
        return
    if target.exists():
        raise InputError(f"'{target}' is there already, and nothing is overwritten. Choose another name.")
    if not target.resolve().parent.is_dir():
        raise InputError(f"There is no folder '{target.parent}' to write '{target.name}' to.")


def _embedder(bundle: Path | None, backbone: str | None, weights: Path | None) -> "Embedder":
    from sightline.errors import InputError
    from sightline.extras import require
    from sightline.inference import load
    from sightline.lifecycle.label_errors import BundleEmbedder

    if (bundle is None) == (backbone is None):
        raise InputError("Give one of --bundle and --backbone: what the pictures are compared with.")
    if bundle is not None:
        if weights is not None:
            raise InputError("--weights are those of a --backbone; a bundle has its own.")
        return BundleEmbedder(load(bundle))
    assert backbone is not None
    for package in ("torch", "timm"):
        require(package)
    from sightline.lifecycle.backbone_embeddings import BackboneEmbedder

    return BackboneEmbedder(backbone, None if weights is None else str(weights))


def _write(
    review: "LabelReview",
    suspects: "tuple[Suspect, ...]",
    dataset: "Dataset",
    out: Path,
    html: Path | None,
    top: int | None,
) -> None:
    from sightline.quality.labels import suspects_page, suspects_table

    if html is not None:
        html.write_text(suspects_page(review, dataset, most=top), encoding="utf-8")
    out.write_bytes(suspects_table(suspects))


def _as_json(review: "LabelReview", suspects: "tuple[Suspect, ...]", out: Path) -> dict[str, Any]:
    return {
        "judged": len(review.suspects),
        "flagged": review.flagged,
        "notes": review.notes,
        "table": str(out),
        "suspects": [asdict(suspect) for suspect in suspects],
    }


def _print(review: "LabelReview", suspects: "tuple[Suspect, ...]", out_file: Path, html: Path | None) -> None:
    from sightline.cli.tables import cell, console, new_table

    out = console()
    out.print(f"[bold]{review.flagged}[/] of {len(review.suspects)} labels are probably wrong.")
    table = new_table("file", "given", "suggested", "score", "", right=("score",))
    for one in suspects[:_SHOWN]:
        suggested = "" if one.suggested == one.given else "|".join(one.suggested)
        flag = "probably wrong" if one.flagged else ""
        table.add_row(cell(one.path), cell("|".join(one.given)), cell(suggested), f"{one.score:.4f}", flag)
    out.print(table)
    page = f", with pictures in {html}" if html else ""
    out.print(
        f"The first {len(suspects)} are in {out_file}{page}. Fill in its column label and train with "
        f"data.corrections={out_file}.",
        markup=False,
    )
