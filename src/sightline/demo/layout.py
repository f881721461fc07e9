"""Where files go, and how a set appears: whole or not at all."""

import csv
import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sightline.demo.options import Layout
from sightline.demo.pieces import Split
from sightline.demo.truth import DemoTruth
from sightline.errors import InputError
from sightline.records import Task

METADATA_FILE = "metadata.csv"
LISTS_FILE = "metadata.jsonl"


@contextmanager
def staged(root: Path) -> Iterator[Path]:
    """A temporary folder beside `root` that becomes `root` when the block ends well, and goes if it does not.

    Raises:
        InputError: `root` is a file, or a folder with something in it.
    """
    root = root.resolve()
    _check_free(root)
    root.parent.mkdir(parents=True, exist_ok=True)
    staging = root.with_name(f".{root.name}.{uuid.uuid4().hex[:8]}")
    staging.mkdir()
    try:
        yield staging
        # Once more: minutes may have passed, and what came into `root` meanwhile is not ours to remove.
        _check_free(root)
        if root.exists():
            root.rmdir()
        staging.rename(root)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _check_free(root: Path) -> None:
    if not root.exists():
        return
    if not root.is_dir():
        raise InputError(f"'{root}' is a file, and the data set needs a folder. Choose another name.")
    if any(root.iterdir()):
        raise InputError(
            f"The folder '{root}' is not empty, and nothing in it is overwritten. "
            f"Choose another folder, or empty this one first."
        )


def file_name(layout: Layout, split: Split, labels: tuple[str, ...], name: str) -> str:
    """The path of a file relative to the root, with forward slashes."""
    if layout == "metadata":
        return f"images/{name}"
    folder = labels[0]
    return f"{split}/{folder}/{name}" if layout == "splits" else f"{folder}/{name}"


def write_file(root: Path, name: str, data: bytes) -> None:
    """Write one file of the set, its folder made when it is the first in it."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def write_metadata(root: Path, truth: DemoTruth, task: Task) -> None:
    """Write the table that imagefolder readers expect.

    `metadata.csv`, several labels joined by `|`; for multilabel `metadata.jsonl` with lists, which can be empty.
    """
    if task == "multilabel":
        rows = (
            {"file_name": image.file_name, "labels": image.labels, "group": image.group, "split": image.split}
            for image in truth.images
        )
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
        (root / LISTS_FILE).write_text(text, encoding="utf-8", newline="\n")
        return
    with (root / METADATA_FILE).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("file_name", "labels", "group", "split"))
        for image in truth.images:
            table.writerow((image.file_name, "|".join(image.labels), image.group, image.split))
