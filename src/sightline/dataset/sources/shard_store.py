"""Pictures within tars, each read at its place: nothing is unpacked, and any order is as good as another."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sightline.dataset.sample import Quarantined
from sightline.dataset.sources.remote import RemoteStore
from sightline.dataset.sources.shard_index import ScanMemory, ShardIndex
from sightline.dataset.sources.store import LocalStore
from sightline.dataset.sources.tar_scan import TarScan, scan_tar
from sightline.errors import ImageDamaged, InputError, StoreUnreachable
from sightline.images.formats import check_bytes
from sightline.records import ImageLimits

_WITHIN = re.compile(r"(.*?\.tar)/(.+)", re.IGNORECASE | re.DOTALL)


ShardFiles = LocalStore | RemoteStore
"""Where the shards lie."""


class _Indexes:
    """Indexes by shard. Each is made once, however many threads ask for it."""

    def __init__(self) -> None:
        self._made: dict[str, ShardIndex] = {}
        self._locks: dict[str, threading.Lock] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"_made": self._made, "_locks": {}}

    def find(self, shard: str, make: Callable[[str], object]) -> ShardIndex:
        """The index, which `make` keeps if there is none yet."""
        if shard not in self._made:
            with self._locks.setdefault(shard, threading.Lock()):
                if shard not in self._made:
                    make(shard)
        return self._made[shard]

    def keep(self, shard: str, index: ShardIndex) -> None:
        self._made[shard] = index


@dataclass(frozen=True)
class ShardStore:
    """Pictures such as `train-000.tar/cat/1.jpg`, below a folder or an address. Several threads may read at once.

    A shard is looked through when it is first asked for; what is found is kept for as long as the store lives,
    and in `memory` beyond. Open a store anew to see what has changed since.
    """

    files: ShardFiles
    memory: ScanMemory | None = field(default=None, compare=False)
    indexes: _Indexes = field(default_factory=_Indexes, compare=False, repr=False)

    @property
    def location(self) -> str:
        """The folder or address that the shards lie in."""
        return self.files.location

    def refusal(self, path: str) -> Quarantined | None:
        """Why a member is not read; None if its shard has it."""
        found = self._find(path)
        return found if isinstance(found, Quarantined) else None

    def stamp(self, path: str) -> str:
        """The stamp of the shard, and where in it the member lies."""
        place = self._located(path)
        return f"{place.stamp}-{place.offset}-{place.size_bytes}"

    def read(self, path: str, limits: ImageLimits) -> bytes:
        """The whole member, in one read."""
        place = self._located(path)
        check_bytes(place.size_bytes, limits)
        if not place.size_bytes:
            raise ImageDamaged("empty", f"'{self.location}/{path}' is empty: 0 bytes.")
        data = self.files.read_range(place.shard, place.offset, place.size_bytes)
        if len(data) < place.size_bytes:
            raise InputError(
                f"'{self.location}/{place.shard}' is shorter than when it was opened. Start anew."
            )
        return data

    def scan(self, shard: str) -> TarScan:
        """Look a shard through, or recall what was found; one that cannot be read has no members and says why.

        Raises:
            StoreUnreachable: no shard will fare better.
        """
        stamp, scan = self._scanned(shard)
        self.indexes.keep(shard, ShardIndex.of(scan, stamp))
        return scan

    def _scanned(self, shard: str) -> tuple[str, TarScan]:
        refused = self.files.refusal(shard)
        if refused is not None:
            return "", TarScan((), (replace(refused, path=""),))
        try:
            stamp = self.files.stamp(shard)
            place = f"{self.location}/{shard}"
            known = None if self.memory is None else self.memory.recall(place, stamp)
            if known is not None:
                return stamp, known
            with self.files.stream(shard) as stream:
                scan = scan_tar(stream)
        except StoreUnreachable:
            raise
        except InputError as err:
            return "", TarScan((), (Quarantined("", "unreadable", str(err)),))
        if self.memory is not None:
            self.memory.keep(place, stamp, scan)
        return stamp, scan

    def _find(self, path: str) -> "_Place | Quarantined":
        named = _WITHIN.fullmatch(path)
        if named is None:
            return Quarantined(
                path, "missing", "The path names no member of a shard, as x.tar/cat/1.jpg does."
            )
        shard, name = named.groups()
        index = self.indexes.find(shard, self.scan)
        found = index.find(name)
        if found is not None:
            return _Place(index.stamp, shard, *found)
        if index.lost is not None:
            return replace(index.lost, path=path)
        return Quarantined(path, "missing", f"There is no such member in '{shard}'.")

    def _located(self, path: str) -> "_Place":
        found = self._find(path)
        if isinstance(found, Quarantined):
            raise InputError(f"'{self.location}/{path}' cannot be read: {found.message}")
        return found


class _Place(NamedTuple):
    stamp: str
    shard: str
    offset: int
    size_bytes: int
