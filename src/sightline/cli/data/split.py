"""`sightline data split`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sightline.cli.data.options import Corrections, Data, GroupBy, GroupGap, NoCache

if TYPE_CHECKING:
    from sightline.dataset import Dataset, RandomSplit

Share = Annotated[float, typer.Option(min=0, max=1, help="Its share of the pictures; 0 for none.")]


def split(
    data: Data,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The table. Default: beside the folder, named after it, .parquet."),
    ] = None,
    val: Share = 0.15,
    calibration: Share = 0.0,
    test: Share = 0.15,
    folds: Annotated[
        int | None, typer.Option(min=2, help="Cut all but test into so many folds, in place of val.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another split.")] = 0,
    earlier: Annotated[
        Path | None,
        typer.Option(help="The table of an earlier split, to be kept. Default: the one that --out names."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Keep nothing of an earlier split.")] = False,
    group_by: GroupBy = None,
    group_gap: GroupGap = None,
    corrections: Corrections = None,
    no_cache: NoCache = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Divide a set so that nothing leaks, and write it down as one table.

    Groups, copies and near copies stay on one side; classes are spread evenly; splits that the data came with
    are kept. Run again after adding pictures, what was divided before stays where it was. Train on the table:
    sightline train TABLE.
    """
    from sightline.cli.data.options import read_options
    from sightline.cli.progress import Display
    from sightline.extras import require

    require("pyarrow")
    from sightline.dataset import (
        examine_dataset,
        parted_units,
        random_split_leaks,
        read_table,
        split_dataset,
        split_folds,
        write_table,
    )
    from sightline.errors import InputError

    if fresh and earlier is not None:
        raise InputError("--fresh and --earlier exclude each other.")
    with Display(quiet=as_json) as display:
        options = read_options(group_by, group_gap, corrections, no_cache)
        whole = examine_dataset(data, options, display.listen).dataset
        target = out or _beside(data, whole)
        _require_table(target)
        kept = None if fresh else earlier or (target if target.is_file() else None)
        before = None if kept is None else read_table(kept, root=_root_of(whole))
        if before is not None:
            display.note(f"What '{kept}' divided stays where it was; --fresh divides anew.")
        if folds is None:
            divided = split_dataset(
                whole, val=val, calibration=calibration, test=test, seed=seed, earlier=before
            )
        else:
            divided = split_folds(whole, folds, test=test, seed=seed, earlier=before)
        for note in divided.notes:
            display.note(note)
        if divided.quarantine:
            display.note(f"{len(divided.quarantine)} files are set aside; `sightline data check` shows them.")
        digest = write_table(divided, target)
        chance = random_split_leaks(divided, seed=seed)
        parted = parted_units(divided)
    if as_json:
        typer.echo(json.dumps(_as_json(divided, target, digest, chance, parted)))
    else:
        _print(divided, target, digest, chance, parted)


def _require_table(target: Path) -> None:
    """Only a table is ever replaced by a table."""
    from sightline.dataset import read_table
    from sightline.errors import DatasetError, InputError

    if target.suffix.lower() != ".parquet":
        raise InputError(
            f"'{target}' does not end in .parquet, which is what is written. Choose another name."
        )
    if not target.exists():
        return
    try:
        read_table(target, root=Path())
    except DatasetError as err:
        raise InputError(
            f"'{target}' is there already, and is replaced only if it is a table: {err}"
        ) from err


def _beside(data: str, dataset: "Dataset") -> Path:
    from sightline.errors import InputError

    if Path(data).is_file():
        return Path(data).with_suffix(".parquet")
    root = _root_of(dataset)
    if root is None:
        raise InputError("Name the table to be written with --out: these files are not on this machine.")
    return root.with_name(f"{root.name}.parquet")


def _root_of(dataset: "Dataset") -> Path | None:
    location = Path(dataset.store.location)
    return location if location.is_dir() else None


def _counts(dataset: "Dataset") -> dict[str, dict[str, int]]:
    """Pictures of each class by split, or by fold where there are folds."""
    counts: dict[str, dict[str, int]] = {}
    for sample in dataset.samples:
        side = str(sample.split) if sample.fold is None else f"fold {sample.fold}"
        row = counts.setdefault(side, dict.fromkeys(dataset.labels, 0))
        for label in sample.labels:
            row[label] += 1
    order = ("train", "val", "calibration", "test", "excluded")
    known = {name: place for place, name in enumerate(order)}
    return dict(sorted(counts.items(), key=lambda item: (known.get(item[0], -1), item[0])))


def _as_json(
    dataset: "Dataset", target: Path, digest: str, chance: "RandomSplit", parted: int
) -> dict[str, Any]:
    return {
        "table": str(target),
        "digest": digest,
        "counts": _counts(dataset),
        "parted_units": parted,
        "random_split": chance.model_dump(mode="json"),
        "notes": dataset.notes,
        "quarantined": len(dataset.quarantine),
    }


def _print(dataset: "Dataset", target: Path, digest: str, chance: "RandomSplit", parted: int) -> None:
    from sightline.cli.tables import cell, console, new_table

    out = console()
    counts = _counts(dataset)
    table = new_table("class", *counts, right=tuple(counts))
    for label in dataset.labels[:40]:
        table.add_row(cell(label), *(f"{row[label]:,}" for row in counts.values()))
    if len(dataset.labels) > 40:
        table.add_row(f"… and {len(dataset.labels) - 40} more classes", *("" for _ in counts))
    out.print(table)
    if chance.parted_units:
        out.print(
            f"A random split by picture would have parted [bold]{chance.parted_units:,.4g}[/] of "
            f"{chance.units:,} groups of pictures that show the same, with {chance.parted_pairs:,.4g} pairs on both "
            f"sides: [bold]{chance.leaked_share:.0%}[/] of its test pictures would have had a twin in train. "
            f"This split parts {parted or 'none'}."
        )
    else:
        out.print("No two pictures of the set show the same: a random split would have leaked nothing.")
    out.print(
        f"Table: {target} ({digest[:12]}…)\nNext:  sightline train {target}", markup=False, soft_wrap=True
    )
