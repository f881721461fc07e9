"""A data set to tars that others read in sequence, and Sightline in any order."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow.compute as pc

from sightline.dataset.packing.member_keys import member_keys
from sightline.dataset.packing.shard_file import Members, ShardFile, tar_bytes
from sightline.dataset.pixels import read_sample
from sightline.dataset.sample import SPLITS, Sample
from sightline.dataset.sources.labels import label_problem
from sightline.dataset.sources.member_names import CLASSES_MEMBER, is_picture_name
from sightline.dataset.sources.tar_scan import LONGEST_TEXT
from sightline.dataset.table import EXTRA_PREFIX, Dataset
from sightline.errors import DatasetError, InputError
from sightline.images import inspect_image
from sightline.parallel import Progress, in_order
from sightline.records import Frozen, ImageLimits

CLASSES_FILE = "classes.txt"
_UNSPLIT = "images"
_SUFFIX_OF = {"JPEG": "jpg", "TIFF": "tif"}


class PackedShard(Frozen):
    """One tar: its name, how many pictures it has, and its size in bytes."""

    name: str
    pictures: int
    size_bytes: int


def pack_shards(
    dataset: Dataset,
    folder: Path,
    *,
    size_mb: float = 256,
    seed: int = 0,
    limits: ImageLimits | None = None,
    progress: Progress | None = None,
) -> tuple[PackedShard, ...]:
    """Write a data set as WebDataset shards into a new folder, which is there whole or not at all.

    Each split has shards of its own, `train-000000.tar` and so on, or `images-000000.tar` where there are no
    splits; within them the samples are shuffled. A sample is its picture, byte for byte, under its path; the
    number of its class as `.cls`; and if a sample of the set has a group, a fold, further columns or several
    labels, a `.json` with these. With several labels there is no `.cls`. The class names are in `classes.txt` and
    in every shard. The same data and seed give the same bytes.

    size_mb
        How large a shard may grow, in millions of bytes; a larger picture has one of its own.

    Raises:
        InputError: the folder is there already, or cannot be written.
        DatasetError: a picture is gone or has changed, or a sample cannot be written down.
    """
    if os.path.lexists(folder):
        raise InputError(f"'{folder}' is there already, and nothing is overwritten. Name a new folder.")
    wrong = next(
        (f"{label!r} {problem}" for label in dataset.labels if (problem := label_problem(label))), None
    )
    if wrong is not None:
        raise DatasetError(f"The class {wrong}")
    one_label = bool(pc.all(pc.equal(pc.list_value_length(dataset.table["labels"]), 1), min_count=0).as_py())
    keys = member_keys(dataset.table["path"].to_pylist())
    samples = _Samples(dataset, keys, one_label, not one_label or _has_more(dataset), limits)
    classes = "".join(f"{label}\n" for label in dataset.labels).encode()
    try:
        with _appearing(folder) as parts:
            (parts / CLASSES_FILE).write_bytes(classes)
            packed = in_order(samples.packed, _order(dataset, seed), progress=progress)
            return tuple(_write(parts, packed, classes, size_mb * 1e6))
    except OSError as err:
        raise InputError(f"'{folder}' cannot be written: {err.strerror or err}.") from err


def _order(dataset: Dataset, seed: int) -> Sequence[int]:
    """Rows split by split, each shuffled by a hash: the same on every machine."""
    paths, splits = (dataset.table[name].to_pylist() for name in ("path", "split"))

    def place(row: int) -> tuple[int, bytes]:
        kind = SPLITS.index(splits[row]) if splits[row] else -1
        return kind, hashlib.sha256(f"{seed} {paths[row]}".encode()).digest()

    return sorted(range(len(paths)), key=place)


class _Packed(NamedTuple):
    """A sample as members, and the beginning of the name of its shard."""

    kind: str
    members: Members


@dataclass(frozen=True)
class _Samples:
    """The samples of a set as members. All have the same kinds: some readers know no others."""

    dataset: Dataset
    keys: Sequence[str]
    has_class: bool
    has_more: bool
    limits: ImageLimits | None

    def packed(self, row: int) -> _Packed:
        sample, key = self.dataset.samples[row], self.keys[row]
        data = read_sample(self.dataset, sample, self.limits)
        members = [(f"{key}.{self._ending(sample, data)}", data)]
        if self.has_class:
            members.append((f"{key}.cls", str(self.dataset.labels.index(sample.labels[0])).encode()))
        if self.has_more:
            members.append((f"{key}.json", _described(sample)))
        return _Packed(sample.split or _UNSPLIT, members)

    def _ending(self, sample: Sample, data: bytes) -> str:
        if is_picture_name(sample.path):
            return sample.path.rpartition(".")[2].lower()
        found = inspect_image(data, self.limits or ImageLimits()).format
        return _SUFFIX_OF.get(found, found.lower())


def _has_more(dataset: Dataset) -> bool:
    columns = [name for name in dataset.table.column_names if name.startswith(EXTRA_PREFIX)]
    return any(dataset.table[name].null_count < len(dataset) for name in ("group", "fold", *columns))


def _described(sample: Sample) -> bytes:
    said = {**sample.extra, "labels": list(sample.labels), "group": sample.group, "fold": sample.fold}
    row = {name: cell for name, cell in said.items() if cell is not None}
    text = json.dumps(row, sort_keys=True, separators=(",", ":")).encode()
    if len(text) > LONGEST_TEXT:
        raise DatasetError(
            f"The columns of '{sample.path}' take {len(text):,} bytes, more than {LONGEST_TEXT:,}. Leave some out."
        )
    return text


def _write(
    folder: Path, packed: Iterable[_Packed], classes: bytes, most_bytes: float
) -> Iterator[PackedShard]:
    """Write shard after shard; a new one begins with each split, and when the next sample would be too much."""
    upcoming = iter(packed)
    sample = next(upcoming, None)
    kind, number = "", 0
    while sample is not None:
        kind, number = sample.kind, number + 1 if sample.kind == kind else 0
        name = f"{kind}-{number:06d}.tar"
        with closing(ShardFile(folder / name)) as shard:
            shard.add([(CLASSES_MEMBER, classes)])
            count = 0
            while sample is not None and sample.kind == kind:
                if count and shard.size_bytes + tar_bytes(sample.members) > most_bytes:
                    break
                shard.add(sample.members)
                sample, count = next(upcoming, None), count + 1
            yield PackedShard(name=name, pictures=count, size_bytes=shard.finish())


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """A folder beside the wanted one, to be renamed when it is full, or removed."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    parts = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
    try:
        yield parts
        parts.chmod(0o755)
        parts.rename(folder)
    except BaseException:
        shutil.rmtree(parts, ignore_errors=True)
        raise
