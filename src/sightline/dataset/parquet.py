"""The table of a data set on disk: one Parquet file that knows its labels, its digest and where its files lie.

The folder of the files is written relative to the table, so that both can move together.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, ValidationError

from sightline.dataset.sample import Quarantined
from sightline.dataset.sources.remote import RemoteStore
from sightline.dataset.sources.shard_store import ShardStore
from sightline.dataset.sources.source import open_store
from sightline.dataset.sources.store import LocalStore, Store
from sightline.dataset.table import Dataset
from sightline.dataset.table_mistakes import table_mistakes
from sightline.errors import DatasetError, InputError
from sightline.records import Frozen
from sightline.whole_file import write_whole

SCHEMA_VERSION = 1
_KEY = b"sightline"
_ROWS_A_GROUP = 131_072
# Cells that repeat; the others would only fill a dictionary in vain.
_REPEATING = ["labels.list.element", "group", "split", "format"]


class TableMetadata(Frozen):
    """What stands in the file beside the rows, as one JSON value under the key `sightline`.

    location
        The folder of the files, relative to that of the table, with `/`; or an address such as `s3://…`.
    shards
        Whether the paths are those of members of tars.
    digest, labels, quarantine, notes
        As in `Dataset`.
    """

    schema_version: int = Field(ge=1)
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    labels: tuple[str, ...]
    location: str = Field(min_length=1)
    shards: bool = False
    quarantine: tuple[Quarantined, ...] = ()
    notes: tuple[str, ...] = ()


def write_table(dataset: Dataset, path: Path) -> str:
    """Write a data set's table and return its digest. The file is there whole, or as it was before.

    Equal data sets beside equal folders give equal bytes, with the same version of Arrow.

    Raises:
        DatasetError: the table has what `read_table` would not take.
        InputError: the file cannot be written.
    """
    _require_sound(dataset.table, dataset.labels, path)
    metadata = TableMetadata(
        schema_version=SCHEMA_VERSION,
        digest=dataset.digest(),
        labels=dataset.labels,
        location=_location(dataset.store, path),
        shards=isinstance(dataset.store, ShardStore),
        quarantine=dataset.quarantine,
        notes=dataset.notes,
    )
    try:
        table = dataset.table.replace_schema_metadata({_KEY: metadata.model_dump_json()})
        write_whole(path, partial(_write_groups, table))
    except OSError as err:
        raise InputError(f"'{path}' cannot be written: {err.strerror or err}.") from err
    return metadata.digest


def read_table(path: Path, *, root: Path | None = None) -> Dataset:
    """Read a data set's table and prove that it is what was written. No file of the set is opened.

    `root` is the folder of the files, where it is no longer at its place beside the table.

    Raises:
        InputError: there is no such file, or it may not be read; or no such folder of files.
        DatasetError: it is damaged, no table of Sightline, written by a newer one, or changed since.
    """
    table = _read_whole(path)
    metadata = _metadata_of(table, path)
    table = table.replace_schema_metadata(None)
    _require_sound(table, metadata.labels, path)
    files = _files_of(metadata.location, path) if root is None else LocalStore(_folder(root, path))
    store = ShardStore(files) if metadata.shards else files
    dataset = Dataset(store, metadata.labels, table, metadata.quarantine, metadata.notes)
    if dataset.digest() != metadata.digest:
        raise DatasetError(
            f"'{path}' has changed since it was written: its digest is no longer {metadata.digest}. Write it again "
            "from the data, or take it from where it came."
        )
    pa.default_memory_pool().release_unused()
    return dataset


def _files_of(location: str, table_path: Path) -> LocalStore | RemoteStore:
    if "://" in location:
        return open_store(location)
    return LocalStore(_folder(table_path.parent / location, table_path))


def _folder(root: Path, table_path: Path) -> Path:
    if not root.is_dir():
        raise InputError(
            f"The files of '{table_path}' should be in the folder '{root}', which is not there. Put it there, "
            "beside the table as before, or make a table anew with `sightline data split`."
        )
    return root.resolve()


def _location(store: Store, path: Path) -> str:
    files = store.files if isinstance(store, ShardStore) else store
    if not isinstance(files, LocalStore):
        return files.location
    return Path(os.path.relpath(files.root.resolve(), path.parent.resolve())).as_posix()


def _write_groups(table: pa.Table, file: Any) -> None:
    repeating = [name for name in _REPEATING if name.partition(".")[0] in table.column_names]
    extra = [name for name in table.column_names if name.startswith("extra.")]
    with pq.ParquetWriter(
        file,
        table.schema,
        compression="zstd",
        use_dictionary=[*repeating, *extra],
        write_page_checksum=True,
    ) as writer:
        for start in range(0, max(1, table.num_rows), _ROWS_A_GROUP):
            # In one chunk each: how the table came to be must not show in the bytes.
            writer.write_table(
                table.slice(start, _ROWS_A_GROUP).combine_chunks(), row_group_size=_ROWS_A_GROUP
            )


def _read_whole(path: Path) -> pa.Table:
    try:
        with path.open("rb") as file, _system_memory():
            parquet = pq.ParquetFile(file, page_checksum_verification=True)
            if not parquet.num_row_groups:
                return parquet.read()
            # One group after the other on one thread: as quick, and it leaves less memory lying about.
            groups = range(parquet.num_row_groups)
            return pa.concat_tables([parquet.read_row_group(group, use_threads=False) for group in groups])
    except (pa.ArrowException, OSError) as err:
        # Arrow's own complaints are OSErrors too, but without a number of the system.
        if isinstance(err, OSError) and err.errno is not None:
            raise InputError(f"'{path}' cannot be read: {err.strerror or err}.") from err
        raise DatasetError(
            f"'{path}' is damaged or no Parquet file: {str(err).strip().splitlines()[0]}. Write it again, or take it "
            "from where it came."
        ) from err


@contextmanager
def _system_memory() -> Iterator[None]:
    """Let Arrow take memory from the system: its own pool would keep half as much again as a table needs.

    A Parquet file stays with the pool that it was opened under. The setting is that of the process; for another
    thread that allocates meanwhile, it is as good.
    """
    usual = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(usual)


def _metadata_of(table: pa.Table, path: Path) -> TableMetadata:
    text = (table.schema.metadata or {}).get(_KEY)
    if text is None:
        raise DatasetError(
            f"'{path}' is a Parquet file but not a data set written by Sightline: its metadata are missing. Read the "
            "folder of the pictures, and write its table anew."
        )
    try:
        version = json.loads(text)["schema_version"]
        if isinstance(version, int) and version > SCHEMA_VERSION:
            raise DatasetError(
                f"'{path}' has schema version {version}; this Sightline reads up to {SCHEMA_VERSION}. Update Sightline."
            )
        return TableMetadata.model_validate_json(text)
    except (ValueError, KeyError, TypeError, ValidationError) as err:
        detail = err.errors()[0]["msg"] if isinstance(err, ValidationError) else str(err)
        raise DatasetError(
            f"'{path}' has metadata that are not those of a data set: {detail}. Write its table anew."
        ) from err


def _require_sound(table: pa.Table, labels: tuple[str, ...], path: Path) -> None:
    mistakes = table_mistakes(table, labels)
    if mistakes:
        listed = "\n".join(f"  {mistake}" for mistake in mistakes)
        raise DatasetError(f"'{path}' is not the table of a data set:\n{listed}")
