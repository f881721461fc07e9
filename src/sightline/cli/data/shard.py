"""`sightline data shard`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightline.cli.data.options import Corrections, Data, GroupBy, GroupGap

if TYPE_CHECKING:
    from sightline.dataset import PackedShard


def shard(
    data: Data,
    out: Annotated[Path, typer.Argument(help="The folder to be made.", show_default=False)],
    size_mb: Annotated[float, typer.Option(min=1, help="How many million bytes a shard may have.")] = 256,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another order.")] = 0,
    group_by: GroupBy = None,
    group_gap: GroupGap = None,
    corrections: Corrections = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the shards as JSON.")] = False,
) -> None:
    """Pack a set into tars (WebDataset), for sets of more files than a disk or a bucket likes.

    Pictures are packed as they are, those of each split together and in mixed order. Labels, groups, splits and
    folds come with them. Train on the folder: sightline train OUT. Nothing is ever overwritten.
    """
    from sightline.cli.progress import Display
    from sightline.extras import require

    require("pyarrow")
    from sightline.dataset import pack_shards, read_dataset
    from sightline.dataset.sources.address import Address
    from sightline.errors import InputError

    if Address.of(str(out)) is not None:
        raise InputError(
            f"'{out}' is an address. Name a folder on this machine, and copy it there when it is whole."
        )
    with Display(quiet=as_json) as display:
        dataset = read_dataset(
            data,
            group_by=group_by,
            group_gap=group_gap,
            corrections=corrections,
            progress=display.listen(f"Reading {data}"),
        )
        shards = pack_shards(
            dataset, out, size_mb=size_mb, seed=seed, progress=display.listen(f"Packing into {out}")
        )
        for note in dataset.notes:
            display.note(note)
        if dataset.quarantine:
            display.note(
                f"{len(dataset.quarantine)} files are set aside and not packed; `sightline data check` shows them."
            )
    if as_json:
        typer.echo(json.dumps(_as_json(out, shards, len(dataset.quarantine))))
    else:
        _print(out, shards)


def _as_json(out: Path, shards: "tuple[PackedShard, ...]", quarantined: int) -> dict[str, object]:
    return {
        "folder": str(out),
        "pictures": sum(one.pictures for one in shards),
        "size_bytes": sum(one.size_bytes for one in shards),
        "shards": [one.model_dump() for one in shards],
        "quarantined": quarantined,
    }


def _print(out: Path, shards: "tuple[PackedShard, ...]") -> None:
    pictures, size = sum(one.pictures for one in shards), sum(one.size_bytes for one in shards)
    typer.echo(f"{pictures:,} pictures in {len(shards):,} shards, {size / 1e6:,.1f} MB: {out}")
    typer.echo(f"Next:  sightline train {out}")
