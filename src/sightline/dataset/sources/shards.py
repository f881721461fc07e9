"""Classes in tars, in the manner of WebDataset: `key.jpg` and `key.cls` or `key.json`, or class folders within."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from sightline.dataset.sample import Quarantined, Split
from sightline.dataset.sources.labels import label_problem, refuse_twins
from sightline.dataset.sources.listing import Listed, Listing
from sightline.dataset.sources.member_names import CLASSES_MEMBER, key_and_kind
from sightline.dataset.sources.mistakes import Mistakes
from sightline.dataset.sources.rows import RowReader
from sightline.dataset.sources.shard_names import splits_of
from sightline.dataset.sources.shard_samples import SampleReader
from sightline.dataset.sources.shard_store import ShardStore
from sightline.dataset.sources.tar_scan import Member, TarScan
from sightline.dataset.sources.text import text_lines
from sightline.errors import DatasetError
from sightline.parallel import Progress, in_order

CLASSES_FILES = ("classes.txt", "labels.txt")


def list_shards(store: ShardStore, shards: Sequence[str], progress: Progress | None = None) -> Listing:
    """Find the pictures of shards and their labels; of the bytes of pictures none is read.

    A number as label is looked up in the shard's own member `__classes__`, or else in `classes.txt` or
    `labels.txt` beside the shards: a name a line, from 0.

    Raises:
        StoreUnreachable: no shard can be read now.
        DatasetError: the list of classes, the names of shards or the splits do not fit.
    """
    found = _Found(store, splits_of(shards))
    for shard, scan in zip(shards, in_order(store.scan, shards, progress=progress), strict=True):
        found.add(shard, scan)
    return found.listing()


class _Found:
    """What the shards were found to hold so far."""

    def __init__(self, store: ShardStore, splits: dict[str, Split | None]) -> None:
        self._splits = splits
        self._location = store.location
        self._beside = _classes_beside(store)
        self._rows = RowReader(Mistakes(store.location))
        self._labels: set[str] = set()
        self._files: list[Listed] = []
        self._aside: list[Quarantined] = []
        self._shard_of: dict[str, str] = {}
        self._again: list[tuple[str, str, str]] = []

    def add(self, shard: str, scan: TarScan) -> None:
        own = next((member for member in scan.members if member.name == CLASSES_MEMBER), None)
        names = self._beside if own is None else _classes_within(own, shard)
        reader = SampleReader(self._rows, names)
        members = [member for member in scan.members if member.name != CLASSES_MEMBER]
        self._aside.extend(replace(one, path=f"{shard}/{one.path}".rstrip("/")) for one in scan.aside)
        for one in reader.read(shard, members):
            if isinstance(one, Quarantined):
                self._aside.append(one)
            else:
                self._keep(shard, one)
        if names is not None and (own is not None or reader.uses_names):
            self._labels.update(names)

    def listing(self) -> Listing:
        if len({file.split is None for file in self._files}) == 2:
            raise DatasetError(
                f"'{self._location}' has samples with a split and samples without. Give all one, or none."
            )
        refuse_twins(self._labels, f"'{self._location}'")
        files = sorted(self._files, key=lambda file: file.path)
        return Listing(tuple(sorted(self._labels)), tuple(files), tuple(self._aside), tuple(self._notes()))

    def _keep(self, shard: str, file: Listed) -> None:
        split = self._splits[shard]
        self._files.append(replace(file, split=split) if file.split is None and split else file)
        self._labels.update(file.labels)
        key = key_and_kind(file.path.removeprefix(f"{shard}/"))[0]
        other = self._shard_of.setdefault(key, shard)
        if other != shard:
            self._again.append((key, other, shard))

    def _notes(self) -> Iterator[str]:
        if self._again:
            key, one, other = self._again[0]
            yield (
                f"{len(self._again):,} keys stand in more than one shard, '{key}' in '{one}' and '{other}' for "
                "instance. They count as different samples; `sightline data check` shows whether they are copies."
            )


def _classes_beside(store: ShardStore) -> tuple[str, ...] | None:
    there = [name for name in CLASSES_FILES if store.files.refusal(name) is None]
    if len(there) > 1:
        raise DatasetError(f"'{store.location}' has both {' and '.join(there)}. Keep one of them.")
    if not there:
        return None
    with store.files.stream(there[0]) as stream:
        return _classes((line for _, line in text_lines(stream, there[0])), there[0])


def _classes_within(member: Member, shard: str) -> tuple[str, ...]:
    name = f"{shard}/{CLASSES_MEMBER}"
    try:
        return _classes((member.text or b"").decode().splitlines(), name)
    except UnicodeDecodeError as err:
        raise DatasetError(f"{name} is not UTF-8. Write the shard anew.") from err


def _classes(lines: Iterable[str], name: str) -> tuple[str, ...]:
    names = [line.strip() for line in lines]
    while names and not names[-1]:
        names.pop()
    first: dict[str, int] = {}
    for number, label in enumerate(names, start=1):
        if problem := label_problem(label):
            raise DatasetError(f"{name}, line {number}: the class {label!r} {problem}")
        earlier = first.setdefault(label, number)
        if earlier != number:
            raise DatasetError(
                f"{name} has the class '{label}' in the lines {earlier} and {number}. Give each class its own name."
            )
    return tuple(names)
