"""What was found out about each file of a source, kept on disk, so that nothing is decoded twice.

A SQLite database a source. Entries are keyed by path and hold only as long as the file's stamp (size and times,
or entity tag) and the limits are the same. It is a cache: whoever deletes it loses time
and nothing else.
"""

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import numpy as np

from sightline.cache_home import cache_home
from sightline.dataset.duplicates import NearDuplicates
from sightline.dataset.sources.cells import is_text
from sightline.errors import InputError

# Raised whenever decoding, measures, fingerprints, their search or these tables change: what is there then goes.
_GENERATION = 4
_WRITE_EVERY_S = 1.0
_PATIENCE_S = 60.0
_AT_ONCE = 500
_TABLES = {
    "files": "(path TEXT PRIMARY KEY, limits TEXT, stamp TEXT, facts TEXT, print BLOB) WITHOUT ROWID",
    "searches": "(digest TEXT PRIMARY KEY, pairs BLOB, similarity BLOB, clusters BLOB)",
}
T = TypeVar("T")


class Entry(NamedTuple):
    """One file as it was when its stamp was taken: facts as JSON values, and its fingerprint if it decodes."""

    stamp: str
    facts: list[object]
    print: bytes | None


def default_ledger(location: str) -> Path:
    """Where the ledger of a source lies: in the user's cache, or below `SIGHTLINE_CACHE_DIR`."""
    name = hashlib.sha256(location.encode(errors="surrogateescape")).hexdigest()[:24]
    return cache_home() / "pictures" / f"{name}.sqlite"


class Ledger:
    """An open ledger; used by one thread. Several processes may use the same file at a time.

    Without a file, nothing is remembered. What is kept is on disk within a second or so, and at the end.

    Raises:
        InputError: anywhere, if the file cannot be used.
    """

    def __init__(self, file: Path | None, limits: str) -> None:
        """`limits`: the digest of what decides whether a file is taken; what others have found is not used."""
        self._file = file
        self._limits = limits
        self._database: sqlite3.Connection | None = None
        self._kept: dict[str, Entry] = {}
        self._written = time.monotonic()

    def __enter__(self) -> Self:
        self._ask(lambda _: None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._write()
        finally:
            self._close()

    def look_up(self, paths: Sequence[str]) -> Mapping[str, Entry]:
        """The entries of those paths that have one."""
        named = [path for path in paths if is_text(path)]  # SQLite takes no other, and no store opens others
        found: dict[str, Entry] = {}
        for start in range(0, len(named), _AT_ONCE):
            some = named[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            statement = f"SELECT path, stamp, facts, print FROM files WHERE limits = ? AND path IN ({marks})"  # noqa: S608
            for path, stamp, facts, image in self._rows(statement, (self._limits, *some)):
                found[path] = Entry(stamp, json.loads(facts), image)
        return found

    def keep(self, path: str, entry: Entry) -> None:
        """Remember a file."""
        if self._file is None:
            return
        self._kept[path] = entry
        if time.monotonic() - self._written > _WRITE_EVERY_S:
            self._write()

    def search(self, digest: str) -> NearDuplicates | None:
        """The near duplicates that were found among the same pictures before."""
        self._write()
        rows = self._rows("SELECT pairs, similarity, clusters FROM searches WHERE digest = ?", (digest,))
        for pairs, similarity, clusters in rows:
            return NearDuplicates(
                np.frombuffer(pairs, "<i8").reshape(-1, 2).astype(np.int64),
                np.frombuffer(similarity, "<f4").astype(np.float32),
                np.frombuffer(clusters, "<i8").astype(np.int64),
            )
        return None

    def keep_search(self, digest: str, near: NearDuplicates) -> None:
        """Remember the latest search; earlier ones go."""
        row = (
            digest,
            near.pairs.astype("<i8").tobytes(),
            near.similarity.astype("<f4").tobytes(),
            near.clusters.astype("<i8").tobytes(),
        )

        def replace(database: sqlite3.Connection) -> None:
            with database:
                database.execute("DELETE FROM searches")
                database.execute("INSERT INTO searches VALUES (?, ?, ?, ?)", row)

        self._ask(replace)

    def _write(self) -> None:
        """All at once, so that another process never waits for this one to decode a picture."""
        rows = [
            (path, self._limits, entry.stamp, json.dumps(entry.facts, separators=(",", ":")), entry.print)
            for path, entry in self._kept.items()
        ]

        def insert(database: sqlite3.Connection) -> None:
            with database:
                database.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", rows)

        if rows:
            self._ask(insert)
        self._kept.clear()
        self._written = time.monotonic()

    def _rows(self, statement: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
        return self._ask(lambda database: database.execute(statement, values).fetchall()) or []

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do something with the database, in an empty one if it turns out to be damaged; None without a file."""
        if self._file is None:
            return None
        try:
            try:
                return question(self._opened(self._file))
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:  # not a database any more: it is only a cache
                self._close()
                self._file.unlink(missing_ok=True)
                return question(self._opened(self._file))
        except (OSError, sqlite3.Error) as err:
            self._close()
            raise InputError(
                f"The cache '{self._file}' cannot be used: {err}. Set SIGHTLINE_CACHE_DIR to a folder that can be "
                "written to."
            ) from err

    def _opened(self, file: Path) -> sqlite3.Connection:
        if self._database is None:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(file, timeout=_PATIENCE_S)
            _prepare(self._database)
        return self._database

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None


def _prepare(database: sqlite3.Connection) -> None:
    if database.execute("PRAGMA user_version").fetchone()[0] == _GENERATION:
        return
    database.execute("BEGIN IMMEDIATE")
    # Asked again: another process may have been here in the meantime.
    if database.execute("PRAGMA user_version").fetchone()[0] != _GENERATION:
        for name, columns in _TABLES.items():
            database.execute(f"DROP TABLE IF EXISTS {name}")
            database.execute(f"CREATE TABLE {name} {columns}")
        database.execute(f"PRAGMA user_version = {_GENERATION}")
    database.commit()
