"""What was found out about each file of a source, kept on disk, so that nothing is decoded twice.

A SQLite database a source. Entries are keyed by path and hold only as long as the file's stamp (size and times,
or entity tag) is the same. It is a cache: whoever deletes it loses time and nothing else.
"""

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from sightline.dataset.duplicates import NearDuplicates
from sightline.errors import InputError
from sightline.extras import require

# Raised whenever decoding, measures or fingerprints change: entries of another generation are not used.
_GENERATION = 1
_COMMIT_EVERY_S = 1.0
_AT_ONCE = 500
_TABLES = (
    "CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, stamp TEXT, facts TEXT, print BLOB) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS searches (digest TEXT PRIMARY KEY, pairs BLOB, similarity BLOB, clusters BLOB)",
)


class Entry(NamedTuple):
    """One file as it was when its stamp was taken: facts as JSON values, and its fingerprint if it decodes."""

    stamp: str
    facts: list[object]
    print: bytes | None


def default_ledger(location: str) -> Path:
    """Where the ledger of a source lies: in the user's cache, or below `SIGHTLINE_CACHE_DIR`."""
    home = os.environ.get("SIGHTLINE_CACHE_DIR") or require("platformdirs").user_cache_dir("sightline")
    name = hashlib.sha256(location.encode(errors="surrogateescape")).hexdigest()[:24]
    return Path(home) / "pictures" / f"{name}.sqlite"


class Ledger:
    """An open ledger; used by one thread. Two processes may use the same file at a time.

    Without a file, nothing is remembered. What is written is safe within a second, and at the end.
    """

    def __init__(self, file: Path | None, limits: str) -> None:
        """`limits`: the digest of what decides whether a file is taken; another one begins a new ledger."""
        self._file = file
        self._marker = f"{_GENERATION}-{limits}"
        self._database: sqlite3.Connection | None = None
        self._committed = time.monotonic()

    def __enter__(self) -> Self:
        if self._file is not None:
            try:
                self._database = self._open(self._file)
            except sqlite3.DatabaseError:  # not a database any more: it is only a cache
                _remove(self._file)
                self._database = self._open(self._file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._database is not None:
            self._database.commit()
            self._database.close()
            self._database = None

    def look_up(self, paths: Sequence[str]) -> Mapping[str, Entry]:
        """The entries of those paths that have one."""
        if self._database is None:
            return {}
        found: dict[str, Entry] = {}
        for start in range(0, len(paths), _AT_ONCE):
            some = paths[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            rows = self._database.execute(
                f"SELECT path, stamp, facts, print FROM files WHERE path IN ({marks})",  # noqa: S608
                some,
            )
            found.update((path, Entry(stamp, json.loads(facts), image)) for path, stamp, facts, image in rows)
        return found

    def keep(self, path: str, entry: Entry) -> None:
        """Remember a file."""
        if self._database is None:
            return
        facts = json.dumps(entry.facts, separators=(",", ":"))
        self._database.execute(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", (path, entry.stamp, facts, entry.print)
        )
        if time.monotonic() - self._committed > _COMMIT_EVERY_S:
            self._database.commit()
            self._committed = time.monotonic()

    def search(self, digest: str) -> NearDuplicates | None:
        """The near duplicates that were found among the same pictures before."""
        if self._database is None:
            return None
        row = self._database.execute(
            "SELECT pairs, similarity, clusters FROM searches WHERE digest = ?", (digest,)
        ).fetchone()
        if row is None:
            return None
        pairs, similarity, clusters = row
        return NearDuplicates(
            np.frombuffer(pairs, "<i8").reshape(-1, 2).astype(np.int64),
            np.frombuffer(similarity, "<f4").astype(np.float32),
            np.frombuffer(clusters, "<i8").astype(np.int64),
        )

    def keep_search(self, digest: str, near: NearDuplicates) -> None:
        """Remember the latest search; earlier ones go."""
        if self._database is None:
            return
        with self._database:
            self._database.execute("DELETE FROM searches")
            self._database.execute(
                "INSERT INTO searches VALUES (?, ?, ?, ?)",
                (
                    digest,
                    near.pairs.astype("<i8").tobytes(),
                    near.similarity.astype("<f4").tobytes(),
                    near.clusters.astype("<i8").tobytes(),
                ),
            )

    def _open(self, file: Path) -> sqlite3.Connection:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(file, timeout=60)
        except (OSError, sqlite3.OperationalError) as err:
            raise InputError(
                f"The cache '{file}' cannot be used: {err}. Set SIGHTLINE_CACHE_DIR to a folder that can be "
                "written to."
            ) from err
        try:
            self._prepare(database)
        except sqlite3.DatabaseError:
            database.close()
            raise
        return database

    def _prepare(self, database: sqlite3.Connection) -> None:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        for table in (*_TABLES, "CREATE TABLE IF NOT EXISTS about (marker TEXT)"):
            database.execute(table)
        row = database.execute("SELECT marker FROM about").fetchone()
        if row is None or row[0] != self._marker:
            for statement in ("DELETE FROM files", "DELETE FROM searches", "DELETE FROM about"):
                database.execute(statement)
            database.execute("INSERT INTO about VALUES (?)", (self._marker,))
        database.commit()


def _remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
