"""A source of labelled pictures to a data set; each picture is opened once, so that none surprises later."""

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sightline.cache_home import cache_home
from sightline.dataset.corrections import apply_corrections, read_corrections
from sightline.dataset.duplicates import SIZE_PX, NearDuplicates, find_near_duplicates
from sightline.dataset.parquet import read_table
from sightline.dataset.reading.ledger import Entry, Ledger, default_ledger
from sightline.dataset.reading.picture import Opened, Outcome, open_picture_file
from sightline.dataset.sample import Quarantined
from sightline.dataset.sources.groups import assign_groups
from sightline.dataset.sources.listing import Listed, Listing
from sightline.dataset.sources.shard_index import ScanMemory
from sightline.dataset.sources.shard_store import ShardStore
from sightline.dataset.sources.source import Source, open_source
from sightline.dataset.table import Dataset
from sightline.errors import DatasetError
from sightline.parallel import Progress, in_order
from sightline.records import ImageLimits, Preprocessing

TABLE_SUFFIX = ".parquet"
_SHOWN_REASONS = 3
_CHUNK = 2048
_SMALLEST_PX = 32  # on fewer pixels, noise agrees with noise
KeepPrint = Callable[[bytes], object]
Listener = Callable[[str], Progress | None]


@dataclass(frozen=True)
class ReadOptions:
    """How a source is read.

    limits
        What no picture may exceed.
    group_by, group_gap
        As in `assign_groups`: which pictures show the same thing, read from their paths or columns.
    corrections
        A table of labels set right, see `read_corrections`; it brings no new classes.
    remember
        Keep what is found out about each file for the next time, in the user's cache.
    """

    limits: ImageLimits = field(default_factory=ImageLimits)
    group_by: str | None = None
    group_gap: int | None = None
    corrections: Path | None = None
    remember: bool = False


@dataclass(frozen=True)
class Examined:
    """A data set whose pictures have all been opened, and the near duplicates among them.

    prints
        Their fingerprints, uint8 `[N, 96, 96]`, in a file that is gone when nobody needs them any more.
    """

    dataset: Dataset
    near: NearDuplicates
    prints: NDArray[np.uint8]


def read_dataset(
    location: str | Path,
    *,
    limits: ImageLimits | None = None,
    group_by: str | None = None,
    group_gap: int | None = None,
    corrections: Path | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Read a folder, a list, shards, an address such as `s3://bucket/tiles`, or a table of `write_table`.

    A table is taken as it stands, and no picture opened: each is proved when it is used. Otherwise every
    picture is decoded and measured; one that is damaged, no picture, or exceeds the limits goes to quarantine
    with its reason. One class is enough here, so that a set can be scored; `require_learnable` asks for more.
    The options are those of `ReadOptions`.

    Raises:
        InputError: the source is not there or may not be read, or a group expression cannot be used.
        DatasetError: no classes, a table with mistakes (all listed), not one usable picture, or corrections
            that do not fit the files.
    """
    options = ReadOptions(limits or ImageLimits(), group_by, group_gap, corrections)
    if is_table(location):
        return _corrected(_regrouped(read_table(Path(location)), options), options)
    return _open_all(_source_of(location, options), options, Ledger(None, ""), progress, None)


def examine_dataset(
    location: str | Path, options: ReadOptions | None = None, listen: Listener | None = None
) -> Examined:
    """Read a source as `read_dataset` does, and seek near duplicates: samples then know their `cluster`.

    The pictures of a table are opened as well; one whose content has changed since is set aside.

    listen
        Called with the title of each stage; returns where its progress goes.
    """
    options = options or ReadOptions()
    listen = listen or (lambda _: None)
    source = _source_of(location, options, listen)
    progress = listen("Opening the pictures")
    with _ledger(source, options) as ledger, tempfile.TemporaryFile() as prints:
        dataset = _open_all(source, options, ledger, progress, prints.write)
        prints.flush()
        shape = (len(dataset), SIZE_PX, SIZE_PX)
        stack = np.memmap(prints, np.uint8, "r", shape=shape)
        digest = hashlib.sha256("".join(dataset.table["sha256"].to_pylist()).encode()).hexdigest()
        near = ledger.search(digest)
        if near is None:
            near = _near_among(dataset, stack, listen("Looking for near duplicates"))
            ledger.keep_search(digest, near)
    clusters = pa.array(near.clusters, mask=near.clusters < 0)
    return Examined(dataset.with_columns({"cluster": clusters}), near, stack)


def _near_among(dataset: Dataset, prints: NDArray[np.uint8], progress: Progress | None) -> NearDuplicates:
    """Near duplicates among pictures that are large enough to be told apart."""
    sides = np.minimum(dataset.table["width_px"].to_numpy(), dataset.table["height_px"].to_numpy())
    rows = np.flatnonzero(sides >= _SMALLEST_PX)
    if len(rows) == len(dataset):
        return find_near_duplicates(prints, progress=progress)
    near = find_near_duplicates(prints[rows], progress=progress)
    clusters = np.full(len(dataset), -1, np.int64)
    clusters[rows] = near.clusters
    return NearDuplicates(rows[near.pairs], near.similarity, clusters)


def is_table(location: str | Path) -> bool:
    """Whether a location names a table of `write_table`."""
    return str(location).lower().endswith(TABLE_SUFFIX)


def _source_of(location: str | Path, options: ReadOptions, listen: Listener | None = None) -> Source:
    memory = ScanMemory(cache_home() / "shards") if options.remember else None
    if not is_table(location):
        return open_source(location, memory=memory, listen=listen)
    dataset = read_table(Path(location))
    store = dataset.store
    if isinstance(store, ShardStore):
        store = replace(store, memory=memory)
    files = tuple(
        Listed(one.path, one.labels, one.split, one.group, one.fold, one.extra, one.sha256)
        for one in dataset.samples
    )
    return Source(store, Listing(dataset.labels, files, dataset.quarantine))


def _ledger(source: Source, options: ReadOptions) -> Ledger:
    limits = hashlib.sha256(options.limits.model_dump_json().encode()).hexdigest()[:16]
    return Ledger(default_ledger(source.store.location) if options.remember else None, limits)


def _open_all(
    source: Source,
    options: ReadOptions,
    ledger: Ledger,
    progress: Progress | None,
    keep_print: KeepPrint | None,
) -> Dataset:
    files = assign_groups(source.listing.files, options.group_by, options.group_gap)
    ordered = sorted(files, key=lambda file: file.path)
    spec = Preprocessing(width_px=1, height_px=1, jpeg_reduction=None, limits=options.limits)
    quarantine = list(source.listing.quarantine)
    tables: list[pa.Table] = []
    for start in range(0, len(ordered), _CHUNK):
        chunk = ordered[start : start + _CHUNK]
        outcomes = _open_chunk(source, spec, ledger, chunk, _shifted(progress, start, len(ordered)))
        opened = [one for one in outcomes if isinstance(one, Opened)]
        quarantine += [one for one in outcomes if isinstance(one, Quarantined)]
        for one in opened if keep_print is not None else ():
            assert keep_print is not None
            keep_print(one.print)
        samples, measures = [one.sample for one in opened], [one.measures for one in opened]
        tables.append(Dataset.of(source.store, (), samples, measures=measures).table)
    if not any(table.num_rows for table in tables):
        raise _nothing_usable(source.store.location, quarantine)
    table = pa.concat_tables(tables, promote_options="default").combine_chunks()
    aside = tuple(sorted(quarantine, key=lambda one: one.path))
    listing = source.listing
    return _corrected(Dataset(source.store, listing.labels, table, aside, listing.notes), options)


def _open_chunk(
    source: Source,
    spec: Preprocessing,
    ledger: Ledger,
    chunk: Sequence[Listed],
    progress: Progress | None,
) -> list[Outcome]:
    known = ledger.look_up([file.path for file in chunk])
    opened = in_order(partial(_open_one, source, spec, known), chunk, progress=progress)
    outcomes: list[Outcome] = []
    for file, (outcome, entry) in zip(chunk, opened, strict=True):
        outcomes.append(outcome)
        if entry is not None:
            ledger.keep(file.path, entry)
    return outcomes


def _open_one(
    source: Source, spec: Preprocessing, known: Mapping[str, Entry], file: Listed
) -> tuple[Outcome, Entry | None]:
    return open_picture_file(source.store, spec, file, known.get(file.path))


def _shifted(progress: Progress | None, start: int, total: int) -> Progress | None:
    """The progress of a part as progress of the whole."""
    if progress is None:
        return None
    whole = progress
    return lambda done, _: whole(start + done, total)


def _regrouped(dataset: Dataset, options: ReadOptions) -> Dataset:
    if options.group_by is None and options.group_gap is None:
        return dataset
    files = [Listed(one.path, one.labels, group=one.group, extra=one.extra) for one in dataset.samples]
    groups = [file.group for file in assign_groups(files, options.group_by, options.group_gap)]
    return dataset.with_columns({"group": groups})


def _corrected(dataset: Dataset, options: ReadOptions) -> Dataset:
    if options.corrections is None:
        return dataset
    return apply_corrections(dataset, read_corrections(options.corrections))


def _nothing_usable(location: str, quarantine: Sequence[Quarantined]) -> DatasetError:
    if not quarantine:
        return DatasetError(f"'{location}' names classes, but there is not one picture in them.")
    reasons = " ".join(f"'{aside.path}': {aside.message}" for aside in quarantine[:_SHOWN_REASONS])
    return DatasetError(
        f"'{location}' has no usable picture: {len(quarantine)} files or folders were set aside. {reasons}"
    )
