"""What listings said of the objects below an address, so that none is asked for on its own."""

import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

_TAGS = ("ETag", "etag", "md5Hash", "content_md5")
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "created")


class Entry(NamedTuple):
    """Size in bytes, and what changes whenever the object does."""

    size_bytes: int
    stamp: str


class RemoteIndex:
    """Entries by path. May be used by several threads; a folder is listed once, when it is first asked for."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._listed: set[str] = set()
        self._locks: dict[str, threading.Lock] = {}

    def add(self, path: str, info: Mapping[str, Any]) -> None:
        """Keep what a listing says of an object."""
        self._entries[path] = _entry(info)

    def set_listed(self, folder: str) -> None:
        """Note that every object directly in a folder has been added."""
        self._listed.add(folder)

    def known(self, path: str) -> Entry | None:
        """The entry, if a listing happened to have it."""
        return self._entries.get(path)

    def find(self, path: str, list_folder: Callable[[str], object]) -> Entry | None:
        """The entry; its folder is listed first if that has not been done. None: there is no such object."""
        folder = path.rpartition("/")[0]
        if path not in self._entries and folder not in self._listed:
            with self._locks.setdefault(folder, threading.Lock()):
                if folder not in self._listed:
                    list_folder(folder)
                    self.set_listed(folder)
        return self._entries.get(path)


def _entry(info: Mapping[str, Any]) -> Entry:
    size = int(info.get("size") or 0)
    for name in (*_TAGS, *_TIMES):
        if mark := info.get(name):
            return Entry(size, f"{size}-{_plain(mark)}")
    # Told neither, nothing may be taken for unchanged: the stamp is never the same twice.
    return Entry(size, f"{size}-{secrets.token_hex(8)}")


def _plain(mark: object) -> str:
    return mark.hex() if isinstance(mark, bytes | bytearray) else str(mark).strip('"')
