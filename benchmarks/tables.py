"""Tables of a million rows: write, read, split, fold and compare, each step in a process of its own.

The table is made up: 1,000 classes, groups of 1 to 20, the measured columns, two further ones. The second one
differs from the first in 5 % of its rows. Peak memory is that of the whole process, reading included; the first
line is what a process takes that only imports the package.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.machine import describe_machine
from sightline.dataset import (
    Dataset,
    Measures,
    diff_datasets,
    random_split_leaks,
    read_table,
    split_dataset,
    split_folds,
    write_table,
)
from sightline.dataset.sources.store import LocalStore
from sightline.dataset.table import MEASURES_SCHEMA, SCHEMA


def made_up(folder: Path, rows: int, labels_each: int) -> Dataset:
    rng = np.random.default_rng(0)
    names = [f"class {number:03}" for number in range(1000)]
    group = np.repeat(np.arange(rows), rng.integers(1, 21, rows))[:rows]
    first = rng.integers(0, 1000, rows)[group]
    picks = [first, *(rng.integers(0, 40, rows) * 25 for _ in range(labels_each - 1))]
    labels = [sorted({names[pick] for pick in row}) for row in zip(*picks, strict=True)]
    columns = {
        "path": pa.array([f"line 7/{number // 1000:04}/picture_{number:08}.jpg" for number in range(rows)]),
        "labels": pa.array(labels, SCHEMA.field("labels").type),
        "group": pa.array([f"part {number}" for number in group]),
        "split": pa.nulls(rows, pa.string()),
        "fold": pa.nulls(rows, pa.int32()),
        "cluster": pa.array(np.arange(rows) // 3, mask=rng.random(rows) > 0.02),
        "width_px": pa.array(rng.integers(600, 4000, rows), pa.int32()),
        "height_px": pa.array(rng.integers(400, 3000, rows), pa.int32()),
        "size_bytes": pa.array(rng.integers(10_000, 9_000_000, rows)),
        "sha256": pa.array([rng.bytes(32).hex() for _ in range(rows)]),
        "format": pa.array(["JPEG"] * rows),
        "pixels_digest": pa.array([rng.bytes(8).hex() for _ in range(rows)]),
        **{
            name: pa.array(rng.random(rows), pa.float32())
            for name, kind in Measures.__annotations__.items()
            if kind is float
        },
        "extra.camera": pa.array([f"camera {number % 7}" for number in range(rows)]),
        "extra.taken": pa.array(
            [f"2025-{number % 12 + 1:02}-{number % 28 + 1:02}" for number in range(rows)]
        ),
    }
    schema = pa.schema(
        [*SCHEMA, *MEASURES_SCHEMA, ("extra.camera", pa.string()), ("extra.taken", pa.string())]
    )
    return Dataset(LocalStore(folder), tuple(names), pa.table(columns, schema=schema))


def changed(dataset: Dataset) -> Dataset:
    """1 % each: removed, another path, other content, other labels, another group."""
    rng = np.random.default_rng(1)
    kind = rng.integers(0, 100, len(dataset))
    table = dataset.table
    for column, code, other in (
        ("path", 1, [f"moved/{number}" for number in range(len(dataset))]),
        ("sha256", 2, [f"{number:064x}" for number in range(len(dataset))]),
        ("labels", 3, [["class 000"]] * len(dataset)),
        ("group", 4, [f"new part {number}" for number in range(len(dataset))]),
    ):
        field = table.schema.field(column)
        cells = [
            new if k == code else old
            for k, old, new in zip(kind, table[column].to_pylist(), other, strict=True)
        ]
        table = table.set_column(table.schema.get_field_index(column), field, pa.array(cells, field.type))
    return replace(dataset, table=table.filter(pa.array(kind != 0)).sort_by("path"))


def steps(folder: Path) -> dict[str, Callable[[], float]]:
    """Each returns the seconds of the step itself, reading left out where it is another step."""
    one, other, split = folder / "one.parquet", folder / "other.parquet", folder / "split.parquet"
    return {
        "import only": lambda: 0.0,
        "read and verify": lambda: seconds(read_table, one),
        "write": lambda: seconds(write_table, read_table(one), folder / "again.parquet"),
        "split": lambda: seconds(split_dataset, read_table(one), calibration=0.05),
        "split along an earlier one": lambda: along(one, split),
        "5 folds": lambda: seconds(split_folds, read_table(one), 5),
        "leaks of a random split": lambda: seconds(random_split_leaks, read_table(split)),
        "diff, reading of both included": lambda: seconds(
            lambda: diff_datasets(read_table(one), read_table(other))
        ),
    }


def along(one: Path, split: Path) -> float:
    dataset, earlier = read_table(one), read_table(split)
    return seconds(split_dataset, dataset, calibration=0.05, earlier=earlier)


def seconds(work: Callable[..., object], *arguments: object, **named: object) -> float:
    started = time.perf_counter()
    work(*arguments, **named)
    return time.perf_counter() - started


def prepare(folder: Path, rows: int, labels_each: int) -> None:
    dataset = made_up(folder, rows, labels_each)
    write_table(dataset, folder / "one.parquet")
    write_table(changed(dataset), folder / "other.parquet")
    write_table(
        split_dataset(dataset.take(np.arange(0, rows, 2)), calibration=0.05), folder / "split.parquet"
    )
    print(
        f"\n{rows:,} rows, {labels_each} labels at most; {dataset.table.nbytes / 2**20:.0f} MiB in memory, ",
        end="",
    )
    print(f"{(folder / 'one.parquet').stat().st_size / 2**20:.0f} MiB on disk\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--labels", type=int, default=1, help="labels of a picture, at most")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step == "prepare":
        prepare(options.folder, options.rows, options.labels)
    elif options.step:
        spent = steps(options.folder)[options.step]()
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| {options.step} | {spent:.1f} | {peak_mib:.0f} |", flush=True)
    else:
        with tempfile.TemporaryDirectory() as folder:
            again = [
                sys.executable,
                "-m",
                "benchmarks.tables",
                "--folder",
                folder,
                "--rows",
                str(options.rows),
            ]
            again += ["--labels", str(options.labels), "--step"]
            subprocess.run([*again, "prepare"], check=True)
            print("| step | s | peak MiB |\n|---|---|---|", flush=True)
            for step in steps(Path(folder)):
                subprocess.run([*again, step], check=True)
        print(f"\n{describe_machine()}")


if __name__ == "__main__":
    main()
