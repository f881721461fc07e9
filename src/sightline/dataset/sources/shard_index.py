"""The index of one shard: which members it has and where they lie; and how it is remembered.

Finding the members of a shard in a bucket takes as long as reading it whole. What was found is therefore kept in
the user's cache, and holds as long as the shard's stamp is the same.
"""

import hashlib
import json
from bisect import bisect_left
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sightline.dataset.sample import Quarantined
from sightline.dataset.sources.member_names import is_picture_name
from sightline.dataset.sources.tar_scan import Member, TarScan
from sightline.errors import InputError
from sightline.whole_file import write_whole

# Raised whenever a scan finds something else in the same shard.
_GENERATION = 1
_KEY = b"sightline-shard"
_COLUMNS = pa.schema(
    [("name", pa.string()), ("offset", pa.int64()), ("size_bytes", pa.int64()), ("text", pa.binary())]
)


@dataclass(frozen=True)
class ShardIndex:
    """The pictures of one shard, sorted by name: about 100 bytes of memory each.

    stamp
        Of the shard, when it was looked through.
    lost
        Why some or all of them could not be found; None: the shard is whole.
    offsets, sizes
        Of their bytes, int64 `[N]`.
    """

    stamp: str
    lost: Quarantined | None
    names: tuple[str, ...]
    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, scan: TarScan, stamp: str) -> "ShardIndex":
        """The index of what a scan has found; of members with one name, the first."""
        first: dict[str, Member] = {}
        for member in scan.members:
            if is_picture_name(member.name):
                first.setdefault(member.name, member)
        names = tuple(sorted(first))
        offsets = np.array([first[name].offset for name in names], np.int64)
        sizes = np.array([first[name].size_bytes for name in names], np.int64)
        lost = next((aside for aside in scan.aside if not aside.path), None)
        return cls(stamp, lost, names, offsets, sizes)

    def find(self, name: str) -> tuple[int, int] | None:
        """Offset and size of a member in bytes; None if there is none."""
        row = bisect_left(self.names, name)
        if row == len(self.names) or self.names[row] != name:
            return None
        return int(self.offsets[row]), int(self.sizes[row])


@dataclass(frozen=True)
class ScanMemory:
    """A folder of scans, one file a shard. It is a cache: what is damaged or old in it counts as not there."""

    folder: Path

    def recall(self, place: str, stamp: str) -> TarScan | None:
        """What was found in the shard at `place` when its stamp was this."""
        try:
            table = pq.read_table(self._file(place))
            kept = json.loads((table.schema.metadata or {})[_KEY])
            if (kept["generation"], kept["stamp"]) != (_GENERATION, stamp):
                return None
            aside = tuple(Quarantined(**one) for one in kept["aside"])
        except (OSError, pa.ArrowException, ValueError, KeyError, TypeError):
            return None
        columns = (table[name].to_pylist() for name in _COLUMNS.names)
        return TarScan(tuple(map(Member, *columns)), aside)

    def keep(self, place: str, stamp: str, scan: TarScan) -> None:
        """Remember a scan.

        Raises:
            InputError: the folder cannot be written to.
        """
        kept = {"generation": _GENERATION, "stamp": stamp, "aside": [asdict(one) for one in scan.aside]}
        columns = list(zip(*scan.members, strict=True)) or [()] * len(_COLUMNS)
        arrays = [pa.array(cells, field.type) for cells, field in zip(columns, _COLUMNS, strict=True)]
        table = pa.table(arrays, schema=_COLUMNS.with_metadata({_KEY: json.dumps(kept)}))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._file(place), partial(pq.write_table, table, compression="zstd"))
        except OSError as err:
            raise InputError(
                f"The cache '{self.folder}' cannot be used: {err.strerror or err}. Set SIGHTLINE_CACHE_DIR to a "
                "folder that can be written to."
            ) from err

    def _file(self, place: str) -> Path:
        name = hashlib.sha256(place.encode(errors="surrogateescape")).hexdigest()[:24]
        return self.folder / f"{name}.parquet"
