"""One door to every kind of source: a folder, a list of files, an address."""

import os
from dataclasses import dataclass
from pathlib import Path

from sightline.dataset.sources.address import Address, local_path
from sightline.dataset.sources.folders import list_folders
from sightline.dataset.sources.listing import Listing
from sightline.dataset.sources.remote import RemoteStore
from sightline.dataset.sources.remote_folders import list_remote_folders
from sightline.dataset.sources.store import LocalStore, Store
from sightline.dataset.sources.tables import LIST_SUFFIXES, METADATA_NAMES, list_table, suffix_of
from sightline.errors import DatasetError, InputError


@dataclass(frozen=True)
class Source:
    """Where the files lie, and what is said to be there."""

    store: Store
    listing: Listing


def open_source(location: str | Path) -> Source:
    """List a data set; no picture is opened.

    A folder or an address is read by its `metadata.csv` or `metadata.jsonl`, else by its class folders. A file,
    here or at an address, is a list: `.csv` or `.jsonl` with the columns of metadata, or `.txt` with a path a
    line. Paths in a list are relative to the folder that it lies in.

    Raises:
        InputError: there is nothing there, it may not be read, or it is no kind of list.
        DatasetError: no classes, or a table with mistakes (all listed).
        MissingExtra: the address needs a package that is not installed.
    """
    if location == "":
        raise InputError("The location is empty. Name a folder, a list of files or an address.")
    address = Address.of(location)
    return _open_local(local_path(location)) if address is None else _open_remote(address)


def open_store(location: str) -> Store:
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


def _open_local(path: Path) -> Source:
    try:
        if path.is_file():
            _require_list(path.name, str(path))
            return _local_table(path.parent.resolve(), path.name)
        if not path.is_dir():
            raise _nothing_at(path)
        root = path.resolve()
        table = _one_table(str(root), [name for name in METADATA_NAMES if os.path.lexists(root / name)])
        if table is not None:
            return _local_table(root, table)
        return Source(LocalStore(root), list_folders(root))
    except OSError as err:
        raise InputError(f"'{err.filename or path}' cannot be read: {err.strerror or err}.") from err


def _local_table(root: Path, name: str) -> Source:
    with (root / name).open("rb") as stream:
        return Source(LocalStore(root), list_table(stream, name))


def _open_remote(address: Address) -> Source:
    if suffix_of(address.name):
        store = RemoteStore.at(address.parent)
        if store.is_file(address.name):
            _require_list(address.name, str(address))
            return _remote_table(store, address.name)
    store = RemoteStore.at(address)
    found = store.enter("")
    table = _one_table(str(address), [name for name in METADATA_NAMES if name in found.files])
    if table is None:
        return Source(store, list_remote_folders(store, found))
    return _remote_table(store, table)


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
            f"'{location}' is no kind of list. Name a folder, or a list that ends in "
            f"{', '.join(LIST_SUFFIXES)} or .parquet."
        )


def _one_table(location: str, names: list[str]) -> str | None:
    if len(names) > 1:
        raise DatasetError(f"'{location}' has both {' and '.join(names)}. Keep one of them.")
    return names[0] if names else None
