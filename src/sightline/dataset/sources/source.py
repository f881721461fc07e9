"""One door to every kind of source: a folder, a list of files, shards, an address."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sightline.dataset.sources.address import Address, local_path
from sightline.dataset.sources.folders import list_folders
from sightline.dataset.sources.listing import Listing
from sightline.dataset.sources.remote import RemoteStore
from sightline.dataset.sources.remote_folders import list_remote_folders
from sightline.dataset.sources.shard_index import ScanMemory
from sightline.dataset.sources.shard_names import Names, is_pattern, is_shard, shards_in, split_pattern
from sightline.dataset.sources.shard_store import ShardFiles, ShardStore
from sightline.dataset.sources.shards import list_shards
from sightline.dataset.sources.store import LocalStore, Store
from sightline.dataset.sources.tables import LIST_SUFFIXES, METADATA_NAMES, list_table, suffix_of
from sightline.errors import DatasetError, InputError
from sightline.parallel import Progress

_SHOWN_MISSING = 5


@dataclass(frozen=True)
class Source:
    """Where the files lie, and what is said to be there."""

    store: Store
    listing: Listing


@dataclass(frozen=True)
class _Shards:
    """Tars that make a set together."""

    files: ShardFiles
    names: Sequence[str]


def open_source(
    location: str | Path,
    *,
    memory: ScanMemory | None = None,
    listen: Callable[[str], Progress | None] | None = None,
) -> Source:
    """List a data set; no picture is opened.

    A folder or an address is read by its `metadata.csv` or `metadata.jsonl`, else by its shards (`.tar`), else by
    its class folders. A file, here or at an address, is a shard or a list: `.csv` or `.jsonl` with the columns of
    metadata, or `.txt` with a path a line. Paths in a list are relative to the folder that it lies in. Several
    shards are named by a pattern: `train-{000..099}.tar`.

    memory
        Where is kept what was found in shards.
    listen
        Called with the title of a stage; returns where its progress goes.

    Raises:
        InputError: there is nothing there, it may not be read, it is no kind of list, or there are no classes.
        DatasetError: a table with mistakes (all listed).
        MissingExtra: the address needs a package that is not installed.
    """
    if location == "":
        raise InputError("The location is empty. Name a folder, a list of files or an address.")
    address = Address.of(location)
    opened = _open_local(local_path(location)) if address is None else _open_remote(address)
    if isinstance(opened, Source):
        return opened
    store = ShardStore(opened.files, memory)
    progress = listen(f"Finding the pictures in {len(opened.names)} shards") if listen else None
    return Source(store, list_shards(store, opened.names, progress))


def open_store(location: str) -> LocalStore | RemoteStore:
    """Where files lie, a folder or an address, without listing it.

    Raises:
        InputError: there is no such folder, or nothing reads such addresses.
        MissingExtra: the address needs a package that is not installed.
    """
    address = Address.of(location)
    if address is not None:
        return RemoteStore.at(address)
    root = local_path(location)
    if not root.is_dir():
        raise InputError(f"There is no folder '{location}'.")
    return LocalStore(root.resolve())


def _open_local(path: Path) -> "Source | _Shards":
    try:
        # First: a list in braces may be longer than any name.
        if is_pattern(str(path)) and not os.path.lexists(path):
            folder, names = split_pattern(path.as_posix())
            return _all_there(LocalStore(Path(folder).resolve()), names)
        if path.is_file():
            if is_shard(path.name):
                return _Shards(LocalStore(path.parent.resolve()), [path.name])
            _require_list(path.name, str(path))
            return _local_table(path.parent.resolve(), path.name)
        if not path.is_dir():
            raise _nothing_at(path)
        return _open_folder(path.resolve())
    except OSError as err:
        raise InputError(f"'{err.filename or path}' cannot be read: {err.strerror or err}.") from err


def _open_folder(root: Path) -> "Source | _Shards":
    table = _one_table(str(root), [name for name in METADATA_NAMES if os.path.lexists(root / name)])
    if table is not None:
        return _local_table(root, table)
    shards = shards_in(_names_in(root), lambda folder: _names_in(root / folder))
    if shards:
        return _Shards(LocalStore(root), shards)
    return Source(LocalStore(root), list_folders(root))


def _names_in(folder: Path) -> Names:
    with os.scandir(folder) as entries:
        found = [(entry.is_dir(), entry.name) for entry in entries]
    return [name for is_dir, name in found if is_dir], [name for is_dir, name in found if not is_dir]


def _local_table(root: Path, name: str) -> Source:
    with (root / name).open("rb") as stream:
        return Source(LocalStore(root), list_table(stream, name))


def _open_remote(address: Address) -> "Source | _Shards":
    if is_pattern(address.rest):
        folder, names = split_pattern(address.rest)
        if not folder:
            raise InputError(f"'{address}' has braces in the name of the bucket. Name one bucket.")
        return _all_there(RemoteStore.at(Address(address.scheme, folder)), names)
    if suffix_of(address.name):
        store = RemoteStore.at(address.parent)
        if store.is_file(address.name):
            if is_shard(address.name):
                return _Shards(store, [address.name])
            _require_list(address.name, str(address))
            return _remote_table(store, address.name)
    store = RemoteStore.at(address)
    found = store.enter("")
    table = _one_table(str(address), [name for name in METADATA_NAMES if name in found.files])
    if table is not None:
        return _remote_table(store, table)
    shards = shards_in(found, store.enter)
    return _Shards(store, shards) if shards else Source(store, list_remote_folders(store, found))


def _all_there(files: ShardFiles, names: Sequence[str]) -> "_Shards":
    missing = [name for name in names if (refused := files.refusal(name)) and refused.reason == "missing"]
    if missing:
        shown = ", ".join(missing[:_SHOWN_MISSING])
        raise InputError(
            f"{len(missing):,} of {len(names):,} shards are not in '{files.location}': {shown}. Correct the pattern, "
            "or fetch them."
        )
    return _Shards(files, names)


def _remote_table(store: RemoteStore, name: str) -> Source:
    with store.stream(name) as stream:
        return Source(store, list_table(stream, name))


def _nothing_at(path: Path) -> InputError:
    if os.path.lexists(path):
        return InputError(f"'{path}' is neither a folder nor a file, or links to nothing.")
    return InputError(f"There is no folder '{path}'. Name a folder, a list of files or an address.")


def _require_list(name: str, location: str) -> None:
    if suffix_of(name) not in LIST_SUFFIXES:
        raise InputError(
            f"'{location}' is no kind of list. Name a folder, a shard (.tar), or a list that ends "
            f"in {', '.join(LIST_SUFFIXES)} or .parquet."
        )


def _one_table(location: str, names: list[str]) -> str | None:
    if len(names) > 1:
        raise DatasetError(f"'{location}' has both {' and '.join(names)}. Keep one of them.")
    return names[0] if names else None
